-- SPDX-License-Identifier: GPL-2.0-only
-- Memory attributes and the size of mappings: a 2 MiB range whose pages are partly private has no huge mapping
-- (kvm_arch_post_set_memory_attributes(), hugepage_has_attrs(), arch/x86/kvm/mmu/mmu.c).

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local HUGE <const> = 2 << 20

local function vm_of(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = true }
	return vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }, ram
end

local function add_slot(vm, ram)
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "8M",
		userspace_addr = ram, guest_memfd = vm:create_guest_memfd{ size = "8M" } }):eq(0)
end

local function guest(sim)
	local vm, ram = vm_of(sim)
	add_slot(vm, ram)
	return vm:create_vcpu(), vm, ram
end

local function attribute(vm, address, size, attributes)
	expect(vm:set_memory_attributes{ address = address, size = size, attributes = attributes }):eq(0)
end

local function level(sim, vcpu, vm, gpa)
	expect(vcpu:write(gpa, "x")):is_true()
	return sim.inspect:mapping(vm, gpa).level
end

scenario("attributes: one private page makes the rest of its 2 MiB small, not the next", options, function(sim)
	local vcpu, vm = guest(sim)
	expect(level(sim, vcpu, vm, HUGE)):eq(2)
	expect(level(sim, vcpu, vm, 2 * HUGE)):eq(2)
	attribute(vm, HUGE + 0x1000, "4K", PRIVATE)
	expect(sim.inspect:mapping(vm, HUGE).present):is_false()
	expect(sim.inspect:mapping(vm, 2 * HUGE)):fields{ present = true, level = 2 }
	expect(level(sim, vcpu, vm, HUGE)):eq(1)
	expect(level(sim, vcpu, vm, HUGE + 0x1ff000)):eq(1)
end)

scenario("attributes: shared again, the huge mapping comes back", options, function(sim)
	local vcpu, vm, ram = guest(sim)
	attribute(vm, HUGE + 0x1000, "4K", PRIVATE)
	expect(level(sim, vcpu, vm, HUGE)):eq(1)
	attribute(vm, HUGE + 0x1000, "4K", 0)
	ram:madvise(HUGE, "2M", MADV_DONTNEED)
	expect(level(sim, vcpu, vm, HUGE)):eq(2)
end)

-- Head and tail of a range that is not aligned are mixed, the middle is not.
scenario("attributes: a range across three huge pages", options, function(sim)
	local vcpu, vm, ram = guest(sim)
	attribute(vm, HUGE - 0x1000, HUGE + 0x2000, PRIVATE)
	expect(level(sim, vcpu, vm, 0)):eq(1)
	expect(level(sim, vcpu, vm, 2 * HUGE + 0x1000)):eq(1)
	expect(level(sim, vcpu, vm, 3 * HUGE)):eq(2)
	expect(vcpu:write(HUGE, "private")):is_true()
	expect(ram:read(HUGE, 7)):eq(("\0"):rep(7))
	attribute(vm, HUGE - 0x1000, HUGE + 0x2000, 0)
	ram:madvise(0, "8M", MADV_DONTNEED)
	for page = 0, 3 do
		expect(level(sim, vcpu, vm, page * HUGE)):eq(2)
	end
end)

scenario("attributes: set before the slot comes", options, function(sim)
	local vm, ram = vm_of(sim)
	attribute(vm, HUGE + 0x3000, "4K", PRIVATE)
	add_slot(vm, ram)
	local vcpu = vm:create_vcpu()
	expect(level(sim, vcpu, vm, HUGE)):eq(1)
	expect(level(sim, vcpu, vm, 2 * HUGE)):eq(2)
	expect(vcpu:write(HUGE + 0x3000, "private")):is_true()
	expect(ram:read(HUGE + 0x3000, 7)):eq(("\0"):rep(7))
end)

scenario("attributes: what is set already keeps the mappings", options, function(sim)
	local vcpu, vm = guest(sim)
	attribute(vm, 0, "2M", PRIVATE)
	expect(vcpu:write(0x1000, "private")):is_true()
	attribute(vm, 0, "2M", PRIVATE)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
	expect(vcpu:read(0x1000, 7)):eq("private")
end)

scenario("attributes: each VM has its own", options, function(sim)
	local vcpu, vm = guest(sim)
	local other, other_vm = guest(sim)
	attribute(vm, 0, "4K", PRIVATE)
	expect(level(sim, other, other_vm, 0)):eq(2)
	expect(level(sim, vcpu, vm, 0x1000)):eq(1)
end)
