-- SPDX-License-Identifier: GPL-2.0-only
-- Conversions between shared and private memory (guest_memfd).

local function converted(sim, bytes, from, to)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = bytes, huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local memory = vm:create_guest_memfd{ size = bytes }
	local range = { address = 0, size = bytes, attributes = from }

	assert(vm:set_user_memory_region2{
		slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = bytes, userspace_addr = ram.addr,
		guest_memfd = memory, guest_memfd_offset = 0,
	} == 0)
	assert(vm:set_memory_attributes(range) == 0)
	vm:create_vcpu():workload{ op = "write", range = { 0, bytes } }
	range.attributes = to
	sim:measure("page", bytes >> 12, function()
		assert(vm:set_memory_attributes(range) == 0)
	end)
end

local SIZES <const> = { { "4K", 4 << 10 }, { "64K", 64 << 10 }, { "2M", 2 << 20 }, { "16M", 16 << 20 } }
local OPTIONS <const> = { mmu = { "ept", "npt" }, kernel = "6.8" }

cases("conversion: private memory becomes shared", OPTIONS, SIZES, function(sim, case)
	converted(sim, case[2], KVM_MEMORY_ATTRIBUTE_PRIVATE, 0)
end)

cases("conversion: shared memory becomes private", OPTIONS, SIZES, function(sim, case)
	converted(sim, case[2], 0, KVM_MEMORY_ATTRIBUTE_PRIVATE)
end)
