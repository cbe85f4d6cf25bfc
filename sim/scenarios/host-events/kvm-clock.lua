-- SPDX-License-Identifier: GPL-2.0-only
-- Guest memory that KVM writes by itself: kvmclock, through a cache of the page that MMU notifiers invalidate
-- (virt/kvm/pfncache.c), and the wall clock and PV EOI, through the memslots (kvm_write_guest()).

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local WALL_CLOCK <const>, SYSTEM_TIME <const> = 0x4b564d00, 0x4b564d01	-- MSR_KVM_*_NEW
local CLOCK <const> = 0x3000

-- struct pvclock_vcpu_time_info: an even version is a whole record.
local function version(ram)
	return (string.unpack("<I4", ram:read(CLOCK, 4)))
end

local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:set_msr(SYSTEM_TIME, CLOCK | 1)):eq(1)
	expect(vcpu:read(0, 1)):eq("\0")
	expect(version(ram)):gt(0)
	expect(version(ram) & 1):eq(0)
	return vcpu, ram, vm, vmm
end

-- Requests an update, which the next entry makes.
local function update(vcpu)
	expect(vcpu:set_msr(SYSTEM_TIME, CLOCK | 1)):eq(1)
	expect(vcpu:read(0, 1)):eq("\0")
end

scenario("kvmclock: written on entry after the MSR", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:get_msr(SYSTEM_TIME)):eq(CLOCK | 1)
	local before = version(ram)
	update(vcpu)
	expect(version(ram)):gt(before)
end)

cases("kvmclock: the page that the host changed", options, {
	{ "migrated", function(ram) expect(ram:migrate(CLOCK)):eq(0) end },
	{ "swapped out", function(ram) expect(ram:swap_out(CLOCK, "4K")):eq(0) end },
	{ "forked, copied at the next write", function(_, vmm) vmm:fork() end },
	{ "collapsed", function(ram)
		ram:madvise(0, "2M", MADV_HUGEPAGE)
		ram:collapse_huge(0)
	end },
	{ "read-only for a while", function(ram)
		expect(ram:mprotect(CLOCK, "4K", "r")):eq(0)
		expect(ram:mprotect(CLOCK, "4K", "rw")):eq(0)
	end },
}, function(sim, case)
	local vcpu, ram, _, vmm = guest(sim)
	local before = version(ram)
	case[2](ram, vmm)
	update(vcpu)
	expect(version(ram)):gt(before)
	expect(version(ram) & 1):eq(0)
end)

scenario("kvmclock: the page that the host took away is not written, a new one is", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(ram:munmap(CLOCK, "4K")):eq(0)
	update(vcpu)
	local again = vmm:mmap{ addr = ram.addr + CLOCK, length = "4K", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(again:read(0, 4)):eq("\0\0\0\0")
	update(vcpu)
	expect(version(ram)):gt(0)
end)

scenario("kvmclock: the slot is deleted, and made again elsewhere", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "16M", memory_size = "64K",
		userspace_addr = ram.addr + 0x100000 }):eq(0)
	expect(vcpu:set_msr(SYSTEM_TIME, (16 << 20) | 1)):eq(1)
	expect(vcpu:read(0, 1)):eq("\0")
	expect((string.unpack("<I4", ram:read(0x100000, 4)))):gt(0)
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "16M", memory_size = "64K",
		userspace_addr = ram.addr + 0x110000 }):eq(0)
	expect(vcpu:set_msr(SYSTEM_TIME, (16 << 20) | 1)):eq(1)
	expect(vcpu:read(0, 1)):eq("\0")
	expect((string.unpack("<I4", ram:read(0x110000, 4)))):gt(0)
end)

scenario("kvmclock: what KVM writes is in the dirty log", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	vm:get_dirty_log{ slot = 0 }
	update(vcpu)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(CLOCK >> 12)
end)

scenario("kvmclock: turned off, it leaves the page alone", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_msr(SYSTEM_TIME, 0)):eq(1)
	local before = version(ram)
	expect(vcpu:read(0, 1)):eq("\0")
	expect(version(ram)):eq(before)
	expect(ram:migrate(CLOCK)):eq(0)
	expect(version(ram)):eq(before)
end)

scenario("wall clock: written at once, where there is a slot", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:set_msr(WALL_CLOCK, 0x5000)):eq(1)
	local count = string.unpack("<I4", ram:read(0x5000, 4))
	expect(count):gt(0)
	expect(count & 1):eq(0)
	expect(vcpu:set_msr(WALL_CLOCK, 64 << 20)):eq(1)
end)
