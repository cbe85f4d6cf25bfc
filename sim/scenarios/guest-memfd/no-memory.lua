-- SPDX-License-Identifier: GPL-2.0-only
-- guest_memfd and memory attributes when an allocation of memory fails, and when a signal comes. Every call fails with
-- its error, changes nothing, and works when it is made again.

local options = { arch = "x86_64", mmu = "ept", needs = "KVM_CAP_GUEST_MEMFD", check = "end" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local PAGE <const>, MEGABYTE <const> = 4096, 1 << 20

local function protected(sim, size)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local fd = vm:create_guest_memfd{ size = size }
	local function slot(number, gpa, bytes, offset)
		return vm:set_user_memory_region2{ slot = number, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = gpa,
			memory_size = bytes, userspace_addr = ram, guest_memfd = fd, guest_memfd_offset = offset }
	end
	return vm, fd, slot, vmm
end

local function allocate(fd, offset, bytes)
	return fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = offset, length = bytes }
end

-- What asks for memory, and what takes the effect back.
local calls = {
	{ "KVM_CREATE_GUEST_MEMFD", function(m) return m.vm:create_guest_memfd{ size = "2M" } end,
		function(_, fd) expect(fd:close()):eq(0) end },
	{ "KVM_SET_USER_MEMORY_REGION2", function(m) return m.slot(1, 16 * MEGABYTE, MEGABYTE, MEGABYTE) end,
		function(m) expect(m.vm:set_user_memory_region2{ slot = 1, memory_size = 0 }):eq(0) end },
	{ "KVM_SET_MEMORY_ATTRIBUTES", function(m)
		return m.vm:set_memory_attributes{ address = 4 << 30, size = 2 * MEGABYTE, attributes = PRIVATE }
	end, function(m)
		expect(m.vm:set_memory_attributes{ address = 4 << 30, size = 2 * MEGABYTE, attributes = 0 }):eq(0)
	end, again = true },
	{ "fallocate()", function(m) return allocate(m.fd, 4 * PAGE, 4 * PAGE) end,
		function(m) expect(m.fd:punch_hole(4 * PAGE, 4 * PAGE)):eq(0) end },
	{ "KVM_RUN", function(m)
		local done = m.vcpu:write(8 * PAGE, "guest")
		return done == true and 0 or done.ret
	end, function(m) expect(m.fd:punch_hole(8 * PAGE, PAGE)):eq(0) end },
	{ "KVM_PRE_FAULT_MEMORY", function(m) return (m.vcpu:pre_fault_memory{ gpa = 8 * PAGE, size = PAGE }) end,
		function(m) expect(m.fd:punch_hole(8 * PAGE, PAGE)):eq(0) end },
}

-- The first allocation of the call fails, then the second one, until it needs no more. An allocation that fails is
-- -ENOMEM, or was not needed. xa_reserve() tries each allocation again.
cases("private memory: an allocation fails", options, calls, function(sim, case)
	local vm, fd, slot = protected(sim, 2 * MEGABYTE)
	local m = { vm = vm, fd = fd, slot = slot }
	expect(slot(0, 0, MEGABYTE, 0)):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = MEGABYTE, attributes = PRIVATE }):eq(0)
	m.vcpu = vm:create_vcpu()
	local failures, pending = 0, false
	for n = 1, 100 do
		expect(sim:set_module_param("machine.fail_allocation", n)):eq(0)
		local rc = case[2](m)
		pending = sim:set_module_param("machine.fail_allocation", 0) == 0
		if rc == -ENOMEM then
			failures = failures + 1
			expect(pending):is_false()
		else
			expect(type(rc) ~= "number" or rc == 0):is_true()
			case[3](m, rc)
		end
		if pending then
			break
		end
	end
	expect(pending):is_true()
	expect(failures == 0):eq(case.again or false)
	expect(m.vcpu:write(0, "guest")):is_true()
	expect(m.vcpu:read(0, 5)):eq("guest")
end)

scenario("memory attributes: there is no memory", options, function(sim)
	local vm, _, slot = protected(sim, 2 * MEGABYTE)
	expect(slot(0, 0, MEGABYTE, 0)):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = PAGE, attributes = PRIVATE }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0, "private")):is_true()
	for _, size in ipairs{ MEGABYTE // 2, MEGABYTE } do
		expect(sim:set_module_param("machine.fail_allocation", "-1")):eq(0)
		expect(vm:set_memory_attributes{ address = 0, size = size, attributes = PRIVATE }):eq(-ENOMEM)
		expect(sim:set_module_param("machine.fail_allocation", 0)):eq(0)
		expect(vcpu:write(PAGE, "shared")):is_true()
		expect(vcpu:read(0, 7)):eq("private")
	end
	expect(vm:set_memory_attributes{ address = 0, size = MEGABYTE, attributes = PRIVATE }):eq(0)
	expect(vcpu:read(PAGE, 6)):eq(("\0"):rep(6))
	expect(vcpu:read(0, 7)):eq("private")
end)

-- fallocate() looks for signals before each page.
scenario("guest_memfd: a signal interrupts fallocate(), and what is there stays", options, function(sim)
	local size <const> = 16 * MEGABYTE
	local vm, fd, slot, vmm = protected(sim, size)
	expect(slot(0, 0, 2 * MEGABYTE, 0)):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = 2 * MEGABYTE, attributes = PRIVATE }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0, "first")):is_true()
	local interrupted = 0
	sim:thread("allocate", function()
		while not sim:stopping() do
			local rc = allocate(fd, 0, size)
			if rc == -EINTR then
				interrupted = interrupted + 1
			else
				expect(rc):eq(0)
			end
			expect(fd:punch_hole(PAGE, size - PAGE)):eq(0)
		end
	end)
	sim:thread("signal", function()
		while not sim:stopping() do
			vmm:kill(SIGUSR1)
		end
	end)
	sim:join{ seconds = 0.1, at_least = function() return interrupted > 0 end }
	expect(vcpu:read(0, 5)):eq("first")
	expect(allocate(fd, 0, size)):eq(0)
end)
