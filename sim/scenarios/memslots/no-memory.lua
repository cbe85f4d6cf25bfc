-- SPDX-License-Identifier: GPL-2.0-only
-- An allocation fails in the middle of a call: the first one, then the second one, until the call needs no more. Each
-- failure is -ENOMEM and leaves nothing behind, and the same call works afterwards.

any_page_size()
local PAGE <const>, MEGABYTE <const> = PAGE_SIZE, 1 << 20

-- Calls fn for each allocation that fails in it. Its result is -errno, or anything else, which `undo` gets.
local function each_allocation(sim, fn, undo)
	local failures = 0
	for n = 1, 1000 do
		expect(sim:set_module_param("machine.fail_allocation", n)):eq(0)
		local rc = fn()
		local pending = sim:set_module_param("machine.fail_allocation", 0) == 0
		if type(rc) == "number" and rc < 0 then
			expect(pending):is_false()
			expect(rc):eq(-ENOMEM)
			failures = failures + 1
		else
			undo(rc)
		end
		if pending then
			return failures
		end
	end
	error("it never succeeds")
end

local function close(object)
	expect(object:close()):eq(0)
end

scenario("no memory: for a VM", { check = "end" }, function(sim)
	local kvm = sim:process():open_kvm()
	expect(each_allocation(sim, function() return kvm:create_vm() end, close)):gt(3)
end)

scenario("no memory: for a vCPU", { check = "end" }, function(sim)
	local kvm = sim:process():open_kvm()
	expect(each_allocation(sim, function()
		local vm = kvm:create_vm()
		if type(vm) == "number" then
			return vm
		end
		local vcpu = vm:create_vcpu(sim.arch == "s390x" and { lowcore = false } or nil)
		if type(vcpu) ~= "number" then
			close(vcpu)
		end
		close(vm)
		return vcpu
	end, function() end)):gt(3)
end)

-- On s390x before 7.0 a slot's segments are in a radix tree. A node of it that leads to no entry, because there was no
-- memory for the next one, stays for ever: gmap_radix_tree_free(), arch/s390/mm/gmap.c, looks for entries.
scenario("no memory: for the first slot of a VM that ends then", { check = "end" }, function(sim)
	if sim.arch == "s390x" and not sim:kernel_since("7.0") then
		sim:expect_report{ kind = "leak", match = "radix_tree_node" }
	end
	local vmm = sim:process()
	local kvm, ram = vmm:open_kvm(), vmm:mmap{ length = 2 * MEGABYTE, align = MEGABYTE }
	expect(each_allocation(sim, function()
		local vm = kvm:create_vm()
		if type(vm) == "number" then
			return vm
		end
		local rc = vm:set_user_memory_region{ slot = 0, guest_phys_addr = 1 << 32, memory_size = 2 * MEGABYTE,
			userspace_addr = ram }
		close(vm)
		return rc
	end, function() end)):gt(3)
end)

cases("no memory: for a slot", { check = "end" }, {
	{ "a new one", 0 },
	{ "a new one that logs", KVM_MEM_LOG_DIRTY_PAGES },
	{ "one that is moved", 0, from = 0x1000000 },
	{ "one that begins to log", KVM_MEM_LOG_DIRTY_PAGES, from = 0 },
	{ "one that is deleted", 0, from = 0, size = 0 },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * MEGABYTE }
	local vm = vmm:open_kvm():create_vm()
	local function set(gpa, size, flags)
		return vm:set_user_memory_region{ slot = 0, guest_phys_addr = gpa, memory_size = size, flags = flags,
			userspace_addr = ram }
	end
	local vcpu = vm:create_vcpu()
	local function before()
		expect(set(case.from or 0, case.from and 2 * MEGABYTE or 0, 0)):eq(0)
	end
	if case.from then
		before()
	end
	each_allocation(sim, function() return set(0, case.size or 2 * MEGABYTE, case[2]) end, before)
	expect(set(0, 2 * MEGABYTE, case[2])):eq(0)
	expect(vcpu:write(PAGE, "guest")):is_true()
	expect(ram:read(PAGE, 5)):eq("guest")
end)

scenario("no memory: for KVM's device of VFIO, and for a file that it gets", { check = "end" }, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local function create() return vm:create_device{ type = KVM_DEV_TYPE_VFIO } end
	close(create())
	expect(each_allocation(sim, create, close)):gt(1)
	local device, file = create(), vmm:vfio_device()
	local function set(attr)
		return device:set_device_attr{ group = KVM_DEV_VFIO_GROUP, attr = attr, value = file.fd }
	end
	expect(set(KVM_DEV_VFIO_GROUP_ADD)):eq(0)
	expect(set(KVM_DEV_VFIO_GROUP_DEL)):eq(0)
	expect(each_allocation(sim, function()
		return set(KVM_DEV_VFIO_GROUP_ADD)
	end, function()
		expect(set(KVM_DEV_VFIO_GROUP_DEL)):eq(0)
	end)):eq(1)
	expect(file:knows_vm()):is_false()
end)
