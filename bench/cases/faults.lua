-- SPDX-License-Identifier: GPL-2.0-only
-- What a fault of the guest costs.

local ALL <const> = { "ept", "npt", "ept_rmap", "npt_rmap", "shadow", "sie", "vhe" }
local PAGES <const> = 4096

-- Accesses each page of the guest once.
local function touch(sim, vcpu, op, first)
	sim:measure("page", PAGES - first, function()
		assert(vcpu:workload{ op = op, range = { first << 12, PAGES - first << 12 } } == PAGES - first)
	end)
end

cases("fault: on a fresh page", { mmu = ALL }, { { "written", "write" }, { "read", "read" } }, function(sim, case)
	local vcpu = sim:guest{ ram = { length = "16M" } }

	vcpu:write(0, "the first tables")
	touch(sim, vcpu, case[2], 1)
end)

scenario("fault: on a page that the VMM has", { mmu = ALL }, function(sim)
	local vcpu, ram = sim:guest{ ram = { length = "16M" } }

	for i = 0, PAGES - 1 do
		ram:write(i << 12, "x")
	end
	vcpu:write(0, "the first tables")
	touch(sim, vcpu, "write", 1)
end)

scenario("fault: on a read-only slot", { mmu = ALL, needs = { "KVM_CAP_READONLY_MEM" } }, function(sim)
	local vcpu, ram = sim:guest{ ram = { length = "16M" }, slot = { flags = KVM_MEM_READONLY } }

	for i = 0, PAGES - 1 do
		ram:write(i << 12, "x")
	end
	vcpu:read(0, 1)
	touch(sim, vcpu, "read", 1)
end)

scenario("fault: on a huge page", {
	mmu = { "ept", "npt", "ept_rmap", "npt_rmap", "shadow", "vhe" },
}, function(sim)
	local vcpu = sim:guest{ ram = { length = "128M", huge = true } }

	vcpu:write(0, "the first tables")
	sim:measure("huge page", 63, function()
		assert(vcpu:workload{ op = "write", range = { 2 << 20, 126 << 20 }, stride = 2 << 20, count = 63 } == 63)
	end)
end)

scenario("fault: on hugetlb memory of 2 MiB", { mmu = { "ept", "npt", "shadow", "vhe" } }, function(sim)
	local vcpu = sim:guest{ ram = { length = "128M", hugetlb = "2M" } }

	vcpu:write(0, "the first tables")
	sim:measure("huge page", 63, function()
		assert(vcpu:workload{ op = "write", range = { 2 << 20, 126 << 20 }, stride = 2 << 20, count = 63 } == 63)
	end)
end)

scenario("fault: on hugetlb memory of 1 MiB", { mmu = "hpage" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64M", hugetlb = "1M" }
	local vm = vmm:open_kvm():create_vm()

	assert(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M } == 0)
	assert(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "64M", userspace_addr = ram.addr } == 0)
	local vcpu = vm:create_vcpu()

	vcpu:write(1 << 20, "the first tables")
	sim:measure("huge page", 62, function()
		assert(vcpu:workload{ op = "write", range = { 2 << 20, 62 << 20 }, stride = 1 << 20, count = 62 } == 62)
	end)
end)

scenario("fault: write to a page that the dirty log protects", { mmu = ALL }, function(sim)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "16M" } }

	vcpu:workload{ op = "write", range = { 0, PAGES << 12 } }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	assert(vm:set_user_memory_region(slot) == 0)
	vm:get_dirty_log{ slot = 0 }
	touch(sim, vcpu, "write", 0)
end)

scenario("fault: on private memory", { mmu = { "ept", "npt" }, kernel = "6.8" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local memory = vm:create_guest_memfd{ size = "16M" }

	assert(vm:set_user_memory_region2{
		slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "16M", userspace_addr = ram.addr,
		guest_memfd = memory, guest_memfd_offset = 0,
	} == 0)
	assert(vm:set_memory_attributes{
		address = 0, size = "16M", attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE,
	} == 0)
	local vcpu = vm:create_vcpu()

	vcpu:write(0, "the first tables")
	touch(sim, vcpu, "write", 1)
end)

-- Only fallocate() allocates here.
scenario("fault: on private memory of the posted interface", {
	mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE",
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }

	assert(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { KVM_MEM_PRIVATE_ENABLE } } == 0)
	local memory = vm:create_guest_memfd{ size = "16M", flags = GUEST_MEMFD_FLAG_EXPLICIT }
	assert(vm:set_user_memory_region_ext{
		slot = 0, flags = KVM_MEM_PRIVATE, guest_phys_addr = 0, memory_size = "16M", userspace_addr = ram,
		private_fd = memory, private_offset = 0,
	} == 0)
	assert(memory:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = "16M" } == 0)
	local vcpu = vm:create_vcpu()

	vcpu:write(0, "the first tables")
	touch(sim, vcpu, "write", 1)
end)
