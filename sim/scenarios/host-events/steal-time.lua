-- SPDX-License-Identifier: GPL-2.0-only
-- The steal-time record, which KVM writes on each entry. If the guest may request a TLB flush there
-- (KVM_FEATURE_PV_TLB_FLUSH), KVM exchanges one byte of user memory with an instruction of its own; else it uses
-- put_user().

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local STEAL_TIME <const>, ENABLED <const> = 0x4b564d03, 1
local AREA <const>, OTHER <const> = 0x10000, 0x20000
local FLUSH_TLB <const> = 2
local VCPUS <const> = { { "a vCPU with all CPUID bits" }, { "a vCPU without CPUID bits", { cpuid = false } } }

-- struct kvm_steal_time: an even version is a whole record.
local function version(ram, area)
	return (string.unpack("<I4", ram:read((area or AREA) + 8, 4)))
end

local function enter(vcpu)
	expect(vcpu:read(0, 1)):eq("\0")
end

local function guest(sim, vcpu_options)
	local vcpu, ram, vm, vmm, slot = sim:guest{ vcpu = vcpu_options }
	expect(vcpu:set_msr(STEAL_TIME, AREA | ENABLED)):eq(1)
	enter(vcpu)
	expect(version(ram)):eq(2)
	return vcpu, ram, vm, vmm, slot
end

cases("steal time: written on each entry", options, VCPUS, function(sim, row)
	local vcpu, ram = guest(sim, row[2])
	ram:write(AREA + 16, "\1")		-- preempted
	enter(vcpu)
	expect(version(ram)):eq(4)
	expect(ram:read(AREA + 16, 1)):eq("\0")
	expect(vcpu:set_msr(STEAL_TIME, 0)):eq(1)
	enter(vcpu)
	expect(version(ram)):eq(4)
end)

cases("steal time: the area that the guest moved", options, VCPUS, function(sim, row)
	local vcpu, ram = guest(sim, row[2])
	local before = ram:read(AREA, 64)
	expect(vcpu:set_msr(STEAL_TIME, OTHER | ENABLED)):eq(1)
	enter(vcpu)
	expect(ram:read(AREA, 64)):eq(before)
	expect(version(ram, OTHER)):eq(2)
end)

scenario("steal time: a TLB flush that the guest asks for is done once", options, function(sim)
	local vcpu, ram = guest(sim)
	enter(vcpu)
	local before = vcpu:stats().tlb_flush
	enter(vcpu)
	expect(vcpu:stats().tlb_flush):eq(before)
	ram:write(AREA + 16, string.char(FLUSH_TLB))
	enter(vcpu)
	expect(vcpu:stats().tlb_flush):gt(before)
	expect(ram:read(AREA + 16, 1)):eq("\0")
end)

cases("steal time: the page that the host changed", options, {
	{ "migrated", function(ram) expect(ram:migrate(AREA)):eq(0) end },
	{ "swapped out", function(ram)
		expect(ram:swap_out(AREA, "4K")):eq(0)
		expect(ram:page(AREA // 4096).swapped):is_true()
	end },
	{ "forked, copied at the next write", function(_, vmm) vmm:fork() end },
	{ "moved to another address and back", function(ram, vmm)
		local flags = MREMAP_MAYMOVE | MREMAP_FIXED
		local to, from = vmm:mmap{ length = "4K" }.addr, ram.addr + AREA
		local away = ram:mremap{ offset = AREA, old_length = "4K", new_length = "4K", flags = flags, new_addr = to }
		expect(away.addr):eq(to)
		expect(away:mremap{ old_length = "4K", new_length = "4K", flags = flags, new_addr = from }):ok()
	end },
}, function(sim, row)
	local vcpu, ram, _, vmm = guest(sim)
	row[2](ram, vmm)
	enter(vcpu)
	expect(version(ram)):eq(4)
end)

-- The exchange's fault is the kernel's: the entry continues, without a record and without a signal.
cases("steal time: a page that cannot be written is left alone", options, {
	{ "read-only", function(ram) expect(ram:mprotect(AREA, "4K", "r")):eq(0) end,
		function(ram) expect(ram:mprotect(AREA, "4K", "rw")):eq(0) end, 4 },
	{ "without rights", function(ram) expect(ram:mprotect(AREA, "4K", "none")):eq(0) end,
		function(ram) expect(ram:mprotect(AREA, "4K", "rw")):eq(0) end, 4 },
	{ "unmapped", function(ram) expect(ram:munmap(AREA, "4K")):eq(0) end, function(ram, vmm)
		expect(vmm:mmap{ addr = ram.addr + AREA, length = "4K", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED })
			:ok()
	end, 2 },
}, function(sim, row)
	local vcpu, ram, _, vmm = guest(sim)
	row[2](ram, vmm)
	enter(vcpu)
	expect(vmm:take_signal()):is_nil()
	row[3](ram, vmm)
	enter(vcpu)
	expect(version(ram)):eq(row[4])
end)

scenario("steal time: no record while the slot is away", options, function(sim)
	local vcpu, ram, vm, _, slot = guest(sim)
	local low = { slot = 1, guest_phys_addr = 0, memory_size = "4K", userspace_addr = ram.addr }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region(low)):eq(0)
	enter(vcpu)
	expect(version(ram)):eq(2)
	low.memory_size = 0
	expect(vm:set_user_memory_region(low)):eq(0)
	expect(vm:set_user_memory_region(slot)):eq(0)
	enter(vcpu)
	expect(version(ram)):eq(4)
end)

scenario("steal time: the page is dirty", options, function(sim)
	local vcpu, ram, vm, _, slot = guest(sim)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	vm:get_dirty_log{ slot = 0 }
	enter(vcpu)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ AREA // 4096 }
	expect(version(ram)):eq(4)
end)

-- userfaultfd holds the page back in the middle of the exchange; the thread waits in the kernel and continues.
scenario("steal time: a page that userfaultfd supplies", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	local uffd = vmm:userfaultfd()
	expect(ram:madvise(AREA, "4K", MADV_DONTNEED)):eq(0)
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, AREA, "4K")):eq(0)
	sim:thread("vcpu", function() enter(vcpu) end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + AREA }
		expect(uffd:copy(ram, AREA, ("\0"):rep(4096))):eq(4096)
	end)
	sim:join()
	expect(version(ram)):eq(4)		-- once more, because the vCPU slept
end)
