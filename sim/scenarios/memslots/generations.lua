-- SPDX-License-Identifier: GPL-2.0-only
-- Memslot generations: how far each kind of change moves them (kvm_swap_active_memslots, virt/kvm/kvm_main.c).

-- x86_64 has two address spaces, each with its own numbers. The rows below say what it answers, and what arm64 does if
-- that is another.
local STEP <const> = { x86_64 = 2, arm64 = 1 }
local both <const> = { "x86_64", "arm64" }

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M" }
	return ram, vmm:open_kvm():create_vm()
end

local function slot0(ram, change)
	local r = { slot = 0, guest_phys_addr = 0, memory_size = "1M", userspace_addr = ram.addr }
	for k, v in pairs(change or {}) do
		r[k] = v
	end
	return r
end

scenario("generations begin with the number of the address space",
	{ arch = both, covers = "docs/rules.md M3" },
	function(sim)
		local _, vm = guest(sim)
		expect(sim.inspect:generation(vm, 0)):eq(0)
		if sim.arch == "x86_64" then
			expect(sim.inspect:generation(vm, 1)):eq(1)
		end
	end)

cases("generation steps", { arch = both, covers = "docs/rules.md M3" }, {
	{ "creating takes one",            { slot = 1, guest_phys_addr = "2M" },                   0,       1 },
	{ "flags only takes one",          { flags = KVM_MEM_LOG_DIRTY_PAGES },                    0,       1 },
	{ "deleting takes two",            { memory_size = 0 },                                    0,       2 },
	{ "moving takes two",              { guest_phys_addr = "2M" },                             0,       2 },
	{ "no change takes none",          {},                                                     0,       0 },
	{ "a refused size takes none",     { memory_size = "2M" },                                 -EINVAL, 0 },
	{ "an overlap takes none",         { slot = 1 },                                           -EEXIST, 0 },
	{ "deleting nothing takes none",   { slot = 1, memory_size = 0 },                          -EINVAL, 0 },
	-- The slot is made invalid and put back: two swaps although the call fails.
	{ "a move that the architecture refuses takes two", { guest_phys_addr = 1 << 52 },         -EINVAL, 2,
		arm64 = -EFAULT },
	{ "a new slot that the architecture refuses takes none", { slot = 1, guest_phys_addr = 1 << 52 },
		-EINVAL, 0, arm64 = -EFAULT },
	{ "the other address space is apart, or not there", { as_id = 1 }, 0, 0, arm64 = -EINVAL },
}, function(sim, case)
	local ram, vm = guest(sim)
	expect(vm:set_user_memory_region(slot0(ram))):eq(0)
	local before = sim.inspect:generation(vm, 0)
	expect(before):eq(STEP[sim.arch])
	expect(vm:set_user_memory_region(slot0(ram, case[2]))):eq(case[sim.arch] or case[3])
	expect(sim.inspect:generation(vm, 0) - before):eq(case[4] * STEP[sim.arch])
end)

scenario("a move that fails loses the mappings but not the slot", {
	arch = both, mmu = { "ept", "npt", "shadow", "vhe" },
}, function(sim)
	local ram, vm = guest(sim)
	expect(vm:set_user_memory_region(slot0(ram))):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "data")):is_true()
	local refused = sim.arch == "arm64" and -EFAULT or -EINVAL
	expect(vm:set_user_memory_region(slot0(ram, { guest_phys_addr = 1 << 52 }))):eq(refused)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = false }
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(#sim.inspect:slots(vm)):eq(1)
end)

scenario("a VM with private memory has one address space, and its generation steps by one",
	{ arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M" }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	expect(vm:set_user_memory_region(slot0(ram))):eq(0)
	expect(sim.inspect:generation(vm, 0)):eq(1)
	expect(vm:set_user_memory_region(slot0(ram, { as_id = 1 }))):eq(-EINVAL)
end)

scenario("an MMIO entry of an old generation is not used", { arch = "x86_64", mmu = { "ept", "npt", "shadow" } },
	function(sim)
	local ram, vm = guest(sim)
	expect(vm:set_user_memory_region(slot0(ram))):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x200000, 4)):fields{ reason = KVM_EXIT_MMIO }
	expect(vm:set_user_memory_region{
		slot = 1, guest_phys_addr = 0x200000, memory_size = "1M", userspace_addr = ram.addr + 0x200000,
	}):eq(0)
	expect(vcpu:read(0x200000, 4)):eq("\0\0\0\0")
end)
