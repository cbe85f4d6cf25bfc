-- SPDX-License-Identifier: GPL-2.0-only
-- KVM remembers an address without a slot in an MMIO entry, which is valid for one memslot generation:
-- check_mmio_spte(), kvm_mmu_invalidate_mmio_sptes(), arch/x86/kvm/mmu/mmu.c.

local options = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local GPA <const> = 0x1000000
local GENERATIONS <const>, STEP <const> = 1 << 19, 2	-- MMIO_SPTE_GEN_MASK; x86 counts both address spaces

local function mmio(vcpu)
	local exit = vcpu:read(GPA, 4)
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = GPA } }
	expect(exit:complete("mmio")):eq("mmio")
	return exit
end

scenario("MMIO generation: the entry is made once, and used again", options, function(sim)
	local vcpu, _, vm = sim:guest()
	mmio(vcpu)
	local entry = sim.inspect:mapping(vm, GPA)
	expect(entry):fields{ present = false, mmio = true }
	mmio(vcpu)
	expect(sim.inspect:mapping(vm, GPA).raw):eq(entry.raw)
end)

scenario("MMIO generation: another slot makes it stale; the next access renews it", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	mmio(vcpu)
	local old = sim.inspect:mapping(vm, GPA).raw
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "64M", memory_size = "4K", userspace_addr = ram }):eq(0)
	mmio(vcpu)
	expect(sim.inspect:mapping(vm, GPA)):fields{ mmio = true }
	expect(sim.inspect:mapping(vm, GPA).raw):ne(old)
end)

scenario("MMIO generation: a slot over the address is memory at once", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	mmio(vcpu)
	ram:write(0, "slot")
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = GPA, memory_size = "4K", userspace_addr = ram }):eq(0)
	expect(vcpu:read(GPA, 4)):eq("slot")
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	mmio(vcpu)
end)

-- The entry holds 19 bits of the generation. When they wrap around, a very old entry would be valid again and hide a
-- slot that was added meanwhile. So at 0 KVM drops all tables.
scenario("MMIO generation: it wraps around, and an old entry does not become valid again", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow", "ept_rmap" },
	params = { ["machine.generation"] = GENERATIONS - 3 * STEP },
}, function(sim)
	local vcpu, ram, vm = sim:guest()
	mmio(vcpu)
	local entry = sim.inspect:mapping(vm, GPA)
	expect(entry.mmio):is_true()
	-- Turns logging of the slot on and off, one generation each.
	local slot = { slot = 0, memory_size = ram.length, userspace_addr = ram.addr }
	local wrapped = false
	for i = 1, 4 do
		slot.flags = i % 2 == 1 and KVM_MEM_LOG_DIRTY_PAGES or 0
		expect(vm:set_user_memory_region(slot)):eq(0)
		local now = sim.inspect:mapping(vm, GPA)
		wrapped = wrapped or sim.inspect:generation(vm) >= GENERATIONS
		expect(now.mmio == true and now.raw == entry.raw):eq(not wrapped)
	end
	expect(wrapped):is_true()
	mmio(vcpu)
end)
