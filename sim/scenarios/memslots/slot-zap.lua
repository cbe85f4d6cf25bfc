-- SPDX-License-Identifier: GPL-2.0-only
-- What deleting a slot does to the other tables: all are dropped, or with KVM_X86_QUIRK_SLOT_ZAP_ALL off only the
-- slot's own (kvm_arch_flush_shadow_memslot(), arch/x86/kvm/mmu/mmu.c; api.rst 7.31).

local options = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local quirk = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, kernel = "6.12" }	-- where there is the quirk

-- Slot 0 at 0, slot 1 at 1G: they share only the top two tables. Both are mapped.
local function guest(sim, quirk_off, kind)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = kind or 0 }
	if quirk_off then
		expect(vm:check_extension(KVM_CAP_DISABLE_QUIRKS2) & KVM_X86_QUIRK_SLOT_ZAP_ALL):ne(0)
		expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	end
	for slot = 0, 1 do
		expect(vm:set_user_memory_region{ slot = slot, guest_phys_addr = slot << 30, memory_size = "2M",
			userspace_addr = ram.addr + slot * 0x200000 }):eq(0)
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "first")):is_true()
	expect(vcpu:write(0x40001000, "second")):is_true()
	return vcpu, vm, ram
end

local function delete_second(sim, vcpu, vm, first_stays)
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 0x40001000).present):is_false()
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(first_stays)
	expect(vcpu:read(0x40001000, 1)):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:read(0x1000, 5)):eq("first")
end

scenario("slot zap: deleting one slot drops the mappings of all", options, function(sim)
	local vcpu, vm = guest(sim)
	delete_second(sim, vcpu, vm, false)
end)

scenario("slot zap: without the quirk the other slot's mappings stay", quirk, function(sim)
	local vcpu, vm = guest(sim, true)
	delete_second(sim, vcpu, vm, true)
end)

scenario("slot zap: a VM of another type than the default never has the quirk",
	{ arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }, function(sim)
	local vcpu, vm = guest(sim, false, KVM_X86_SW_PROTECTED_VM)
	delete_second(sim, vcpu, vm, true)
end)

scenario("slot zap: without the quirk, moving a slot removes the mappings at its old place", quirk, function(sim)
	local vcpu, vm, ram = guest(sim, true)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "2G", memory_size = "2M",
		userspace_addr = ram.addr + 0x200000 }):eq(0)
	expect(sim.inspect:mapping(vm, 0x40001000).present):is_false()
	expect(vcpu:read(0x40001000, 1)):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:read(0x80001000, 6)):eq("second")
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
end)

scenario("slot zap: without the quirk, a huge mapping beside the slot stays",
	{ arch = "x86_64", mmu = { "ept", "npt" }, kernel = "6.12" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	for slot = 0, 1 do
		expect(vm:set_user_memory_region{ slot = slot, guest_phys_addr = slot << 21, memory_size = "2M",
			userspace_addr = ram.addr + slot * 0x200000 }):eq(0)
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0, "a")):is_true()
	expect(vcpu:write(0x200000, "b")):is_true()
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, level = 2 }
	expect(sim.inspect:mapping(vm, 0x200000).present):is_false()
end)

-- Tables of the guest inside the slot: their shadow pages are dropped with it (kvm_mmu_zap_memslot_pages_and_flush()).
scenario("slot zap: without the quirk, shadows of tables in the slot are dropped",
	{ arch = "x86_64", mmu = "shadow", kernel = "6.12" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	local tables = { slot = 1, guest_phys_addr = "2M", memory_size = "2M", userspace_addr = ram.addr + 0x200000 }
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region(tables)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:set_paging{ tables = "2M" }):eq(0)
	vcpu:map{ from = 0x40000000, to = 0x5000 }
	expect(vcpu:write(0x40000000, "data")):is_true()
	local before = vm:stats().mmu_shadow_zapped
	local size = tables.memory_size
	tables.memory_size = 0
	expect(vm:set_user_memory_region(tables)):eq(0)
	expect(vm:stats().mmu_shadow_zapped):gt(before)
	tables.memory_size = size
	expect(vm:set_user_memory_region(tables)):eq(0)
	expect(vcpu:read(0x40000000, 4)):eq("data")
end)

cases("KVM_CAP_DISABLE_QUIRKS2 refuses", options, { { "an unknown quirk", 1 << 31, -EINVAL } }, function(sim, case)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { case[2] } }):eq(case[3])
end)
