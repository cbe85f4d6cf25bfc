-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_MEM_READONLY: reads are memory, writes are MMIO.

any_page_size()
local PAGE <const> = PAGE_SIZE

local mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }
local has = { "x86_64", "arm64" } -- architectures that have such slots

local function guest(sim, change)
	local vmm = sim:process()
	local rom = vmm:mmap{ length = 512 * PAGE, prot = "rw", huge = false }
	rom:write(0, "\x55\xaa")
	local vm = vmm:open_kvm():create_vm()
	local r = { slot = 3, flags = KVM_MEM_READONLY, guest_phys_addr = 240 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = rom.addr }
	for k, v in pairs(change or {}) do
		r[k] = v
	end
	expect(vm:set_user_memory_region(r)):ok()
	return vmm, rom, vm, vm:create_vcpu()
end

scenario("a write to a read-only slot exits as MMIO and keeps the readable mapping", {
	arch = has, mmu = mmu, covers = "docs/rules.md R2",
}, function(sim)
	local _, rom, vm, vcpu = guest(sim)
	expect(vcpu:read(240 * PAGE, 2)):eq("\x55\xaa")

	local exit = vcpu:write(240 * PAGE, "\0\0")
	expect(exit.reason):eq(KVM_EXIT_MMIO)
	expect(exit.mmio):fields{ phys_addr = 240 * PAGE, len = 2, is_write = 1 }
	expect(vcpu:read(240 * PAGE, 2)):eq("\x55\xaa")
	expect(sim.inspect:mapping(vm, 240 * PAGE)):fields{ writable = false, page = rom:page(0) }
	expect(rom:read(0, 2)):eq("\x55\xaa")
end)

scenario("a write comes before any read of a read-only slot", { arch = has, mmu = mmu }, function(sim)
	local _, rom, _, vcpu = guest(sim)
	local exit = vcpu:write(241 * PAGE, "abcd")
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 241 * PAGE, len = 4, is_write = 1,
		data = "abcd" } }
	expect(exit:complete()):is_true()
	expect(vcpu:read(241 * PAGE, 4)):eq("\0\0\0\0")
	expect(rom:read(PAGE, 4)):eq("\0\0\0\0")
end)

scenario("the VMM's own write to a read-only slot is seen by the guest", { arch = has, mmu = mmu }, function(sim)
	local _, rom, _, vcpu = guest(sim)
	expect(vcpu:read(242 * PAGE, 1)):eq("\0")
	rom:write(2 * PAGE, "Z")
	expect(vcpu:read(242 * PAGE, 1)):eq("Z")
end)

scenario("a read-only slot may lie on memory that the VMM may only read", { arch = has, mmu = mmu }, function(sim)
	local vmm = sim:process()
	local rom = vmm:mmap{ length = 16 * PAGE, prot = "r" }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{
		slot = 0, flags = KVM_MEM_READONLY, guest_phys_addr = 0, memory_size = 16 * PAGE, userspace_addr = rom.addr,
	}):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0, 1)):eq("\0")
	expect(vcpu:write(0, "x")):fields{ reason = KVM_EXIT_MMIO }
end)

scenario("gfn_to_hva is a look-up for writing and fails on a read-only slot", { arch = has }, function(sim)
	local _, _, vm = guest(sim)
	expect(sim.inspect:gfn_to_hva(vm, 0xf0)):errno(EFAULT)
end)

scenario("a read-only slot with dirty logging never reports a page", { arch = has, mmu = mmu }, function(sim)
	local _, _, vm, vcpu = guest(sim, { flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES })
	expect(vcpu:read(240 * PAGE, 2)):eq("\x55\xaa")
	expect(vcpu:write(240 * PAGE, "x")):fields{ reason = KVM_EXIT_MMIO }
	expect(vm:get_dirty_log{ slot = 3 }:count()):eq(0)
end)

cases("the read-only flag of a slot", { arch = has }, {
	{ "cannot be taken away", KVM_MEM_READONLY, 0,                                          -EINVAL },
	{ "cannot be added",      0,                KVM_MEM_READONLY,                           -EINVAL },
	{ "stays with logging",   KVM_MEM_READONLY, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, 0 },
}, function(sim, case)
	local _, rom, vm = guest(sim, { flags = case[2] })
	expect(vm:set_user_memory_region{
		slot = 3, flags = case[3], guest_phys_addr = 240 * PAGE, memory_size = 16 * PAGE, userspace_addr = rom.addr,
	}):eq(case[4])
end)

scenario("a read-only slot deleted and made again writable accepts writes", { arch = has, mmu = mmu }, function(sim)
	local _, rom, vm, vcpu = guest(sim)
	expect(vcpu:read(240 * PAGE, 2)):eq("\x55\xaa")
	expect(vm:set_user_memory_region{ slot = 3, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 3, guest_phys_addr = 240 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = rom.addr }):eq(0)
	expect(vcpu:write(240 * PAGE, "rw")):is_true()
	expect(rom:read(0, 2)):eq("rw")
end)
