-- SPDX-License-Identifier: GPL-2.0-only
-- KVM's device for VFIO, virt/kvm/vfio.c: a VMM tells KVM the files of the devices that its VM uses, and KVM tells them
-- the VM. The names with GROUP are there in each kernel, and mean files of devices as well since 6.12.

local all <const> = { covers = "virt/kvm/vfio.c" }
local GROUP <const>, ADD <const>, DEL <const> = KVM_DEV_VFIO_GROUP, KVM_DEV_VFIO_GROUP_ADD, KVM_DEV_VFIO_GROUP_DEL

local function new(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	return vmm, vm, vm:create_device{ type = KVM_DEV_TYPE_VFIO }
end

-- The structure has four bytes: what follows is another's.
local function set(device, attr, fd)
	return device:set_device_attr{ group = GROUP, attr = attr, value = string.pack("<i4", fd) }
end

local function add(device, file) return set(device, ADD, file.fd) end
local function del(device, file) return set(device, DEL, file.fd) end

scenario("VFIO: files come and go", all, function(sim)
	local vmm, _, device = new(sim)
	local first, second = vmm:vfio_device(), vmm:vfio_device()
	expect(first:knows_vm()):is_false()
	expect(add(device, first)):eq(0)
	expect(add(device, second)):eq(0)
	expect(first:knows_vm()):is_true()
	expect(add(device, first)):eq(-EEXIST)
	expect(add(device, second)):eq(-EEXIST)
	expect(del(device, first)):eq(0)
	expect(first:knows_vm()):is_false()
	expect(second:knows_vm()):is_true()
	expect(del(device, first)):eq(-ENOENT)
	expect(add(device, first)):eq(0)
	expect(del(device, second)):eq(0)
	expect(del(device, first)):eq(0)
	expect(second:knows_vm()):is_false()
end)

scenario("VFIO: without the module no file is one", all, function(sim)
	local vmm, _, device = new(sim)
	expect(add(device, vmm:eventfd())):eq(-EINVAL)
	expect(add(device, device)):eq(-EINVAL)
	expect(del(device, device)):eq(-ENOENT)
end)

scenario("VFIO: files that are none", all, function(sim)
	local vmm, vm, device = new(sim)
	local file, memory, closed = vmm:vfio_device(), vmm:shmem("4K"), vmm:vfio_device()
	local number = closed.fd
	expect(closed:close()):eq(0)
	for _, attr in ipairs{ ADD, DEL } do
		local none = attr == ADD and -EINVAL or -ENOENT
		expect(set(device, attr, -1)):eq(-EBADF)
		expect(set(device, attr, 1000)):eq(-EBADF)
		expect(set(device, attr, number)):eq(-EBADF)
		expect(set(device, attr, vm.fd)):eq(none)
		expect(set(device, attr, device.fd)):eq(none)
		expect(device:set_device_attr{ group = GROUP, attr = attr, addr = 0 }):eq(-EFAULT)
		expect(set(device, attr, memory.fd)):eq(none)
	end
	expect(file:knows_vm()):is_false()
end)

scenario("VFIO: attributes", all, function(sim)
	local vmm, _, device = new(sim)
	local file = vmm:vfio_device()
	for group = GROUP - 1, GROUP + 1 do
		for attr = ADD - 1, DEL + 2 do
			local there = group == GROUP and (attr == ADD or attr == DEL)
			expect(device:has_device_attr{ group = group, attr = attr }):eq(there and 0 or -ENXIO)
			expect(device:get_device_attr{ group = group, attr = attr }):eq(-EPERM)
			if not there then
				expect(device:set_device_attr{ group = group, attr = attr, value = file.fd }):eq(-ENXIO)
			end
		end
	end
	expect(device:has_device_attr{ group = GROUP, attr = ADD | 1 << 32 }):eq(-ENXIO)
	expect(device:set_device_attr{ group = GROUP, attr = ADD | 1 << 32, value = file.fd }):eq(-ENXIO)
	expect(file:knows_vm()):is_false()
end)

scenario("VFIO: a VM has one such device at a time", all, function(sim)
	local _, vm, device = new(sim)
	expect(vm:create_device{ type = KVM_DEV_TYPE_VFIO }):eq(-EBUSY)
	expect(vm:create_device{ type = KVM_DEV_TYPE_VFIO - 1 }):eq(-ENODEV)
	expect(vm:create_device{ type = 1000 }):eq(-ENODEV)
	expect(vm:create_device{ type = KVM_DEV_TYPE_VFIO, flags = KVM_CREATE_DEVICE_TEST }):ok()
	expect(device:close()):eq(0)
	expect(vm:create_device{ type = KVM_DEV_TYPE_VFIO }):ok()
end)

scenario("VFIO: the device goes with its files", all, function(sim)
	local vmm, vm, device = new(sim)
	local first, second, third = vmm:vfio_device(), vmm:vfio_device(), vmm:vfio_device()
	for _, file in ipairs{ first, second, third } do
		expect(add(device, file)):eq(0)
	end
	-- KVM has a reference of its own.
	expect(second:close()):eq(0)
	expect(device:close()):eq(0)
	expect(first:knows_vm()):is_false()
	expect(third:knows_vm()):is_false()
	local again = vm:create_device{ type = KVM_DEV_TYPE_VFIO }
	expect(add(again, third)):eq(0)
	expect(vm:close()):eq(0)
	expect(third:knows_vm()):is_true()
	expect(again:close()):eq(0)
	expect(third:knows_vm()):is_false()
end)

scenario("VFIO: the VMM ends and leaves everything", all, function(sim)
	local vmm, _, device = new(sim)
	expect(add(device, vmm:vfio_device{ coherent = false })):eq(0)
	expect(add(device, vmm:vfio_device{ coherent = true })):eq(0)
	expect(vmm:exit()):eq(0)
end)

scenario("VFIO: a process that inherits the device keeps it, and cannot use it", all, function(sim)
	local vmm, _, device = new(sim)
	local file = vmm:vfio_device()
	expect(add(device, file)):eq(0)
	local child = vmm:fork()
	local inherited = device:via(child)
	expect(del(inherited, file)):eq(-EIO)
	expect(inherited:has_device_attr{ group = GROUP, attr = ADD }):eq(-EIO)
	expect(device:close()):eq(0)
	expect(file:knows_vm()):is_true()
	expect(child:exit()):eq(0)
	expect(file:knows_vm()):is_false()
end)

-- virt/kvm/vfio.c does not ask who has the file: the last one to say so counts, and each one takes it back for all.
scenario("VFIO: one file in two VMs", all, function(sim)
	local vmm, _, device = new(sim)
	local other = vmm:open_kvm():create_vm():create_device{ type = KVM_DEV_TYPE_VFIO }
	local file = vmm:vfio_device()
	expect(add(device, file)):eq(0)
	expect(add(other, file)):eq(0)
	expect(del(device, file)):eq(0)
	expect(file:knows_vm()):is_false()
	expect(del(other, file)):eq(0)
end)
