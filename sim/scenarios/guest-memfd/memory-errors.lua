-- SPDX-License-Identifier: GPL-2.0-only
-- Errors of memory in guest_memfd (CONFIG_MEMORY_FAILURE): the page stays in the file, no guest has it any more, and
-- what wants it gets -EHWPOISON, until a hole is made there.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local PAGE <const> = 0x1000
-- memory_failure() takes MF_DELAYED of guest_memfd for a failure (docs/findings.md).
local HANDLED <const> = -EBUSY

-- 2 MiB at 0 from the file's second MiB on, all private.
local function machine(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local m = { vmm = vmm, ram = ram, vm = vm, fd = vm:create_guest_memfd{ size = "4M" } }
	function m.attributes(gpa, size, attributes)
		expect(vm:set_memory_attributes{ address = gpa, size = size, attributes = attributes }):eq(0)
	end
	function m.slot(id, gpa, size, offset)
		expect(vm:set_user_memory_region2{ slot = id, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = gpa,
			memory_size = size, userspace_addr = ram, guest_memfd = m.fd, guest_memfd_offset = offset,
		}):eq(0)
	end
	m.slot(0, 0, "2M", "1M")
	m.attributes(0, "2M", PRIVATE)
	m.vcpu = vm:create_vcpu()
	return m
end

local function poisoned(gpa)
	return { ret = -EHWPOISON, reason = KVM_EXIT_MEMORY_FAULT,
		memory_fault = { flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = gpa, size = PAGE } }
end

scenario("guest_memfd: a memory error takes the page from the guest, a hole gives another one", options, function(sim)
	local m = machine(sim)
	expect(m.vcpu:write(0x3000, "gone")):is_true()
	expect(m.vcpu:write(0x4000, "stay")):is_true()
	expect(m.fd:memory_error(0x103000)):eq(HANDLED)
	expect(sim.inspect:mapping(m.vm, 0x3000).present):is_false()
	expect(sim.inspect:mapping(m.vm, 0x4000).present):is_true()
	for _, access in ipairs{ "read", "write", "fetch" } do
		local data = access == "read" and 4 or access == "write" and "lost" or nil
		expect(m.vcpu[access](m.vcpu, 0x3008, data)):fields(poisoned(0x3000))
		m.vcpu:abandon()
	end
	expect(m.vcpu:read(0x4000, 4)):eq("stay")
	expect(m.vmm:take_signal()):is_nil()

	expect(m.vcpu:write(0x3000, "new ")):fields(poisoned(0x3000))
	expect(m.fd:punch_hole(0x103000, PAGE)):eq(0)
	expect(m.vcpu:run()):is_true()
	expect(m.vcpu:read(0x3000, 8)):eq("new \0\0\0\0")
end)

scenario("guest_memfd: a memory error in a page that the guest does not have", options, function(sim)
	local m = machine(sim)
	expect(m.fd:memory_error(0x103000)):eq(-ENOENT)
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0x103000, length = "8K" }):eq(0)
	expect(m.fd:memory_error(0x103000)):eq(HANDLED)
	-- a second one, and allocation: the page is there
	expect(m.fd:memory_error(0x103000)):eq(-EHWPOISON)
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0x103000, length = "8K" }):eq(0)
	expect(m.vcpu:read(0x3000, 4)):fields(poisoned(0x3000))
	m.vcpu:abandon()
	expect(m.vcpu:read(0x4000, 4)):eq("\0\0\0\0")
end)

scenario("guest_memfd: a memory error in one of two slots of a file", options, function(sim)
	local m = machine(sim)
	m.slot(1, "16M", "1M", 0)
	m.attributes("16M", "1M", PRIVATE)
	expect(m.vcpu:write(0x3000, "slot 0")):is_true()
	expect(m.vcpu:write(0x1003000, "slot 1")):is_true()
	expect(m.fd:memory_error(0x3000)):eq(HANDLED)
	expect(sim.inspect:mapping(m.vm, 0x1003000).present):is_false()
	expect(sim.inspect:mapping(m.vm, 0x3000).present):is_true()
	expect(m.vcpu:read(0x3000, 6)):eq("slot 0")
	expect(m.vcpu:read(0x1003000, 6)):fields(poisoned(0x1003000))
end)

-- The last page of a slot, the first one of the next, and what is behind both.
scenario("guest_memfd: memory errors at the border of two slots", options, function(sim)
	local m = machine(sim)
	m.slot(1, "2M", "1M", "3M")
	m.attributes("2M", "1M", PRIVATE)
	for _, gpa in ipairs{ 0x1fe000, 0x1ff000, 0x200000, 0x201000 } do
		expect(m.vcpu:write(gpa, "page")):is_true()
	end
	expect(m.fd:memory_error(0x2ff000)):eq(HANDLED)
	expect(m.fd:memory_error(0x300000)):eq(HANDLED)
	for gpa, there in pairs{ [0x1fe000] = true, [0x1ff000] = false, [0x200000] = false, [0x201000] = true } do
		expect(sim.inspect:mapping(m.vm, gpa).present):eq(there)
	end
	expect(m.vcpu:read(0x1ff000, 1)):fields(poisoned(0x1ff000))
	m.vcpu:abandon()
	expect(m.vcpu:read(0x200000, 1)):fields(poisoned(0x200000))
	m.vcpu:abandon()
	-- across both: the first page is reported first
	expect(m.fd:punch_hole(0x2ff000, PAGE)):eq(0)
	expect(m.vcpu:read(0x1ffffc, 8)):fields(poisoned(0x200000))
end)

-- The VMM's own memory is another page.
scenario("guest_memfd: a memory error while the memory is shared", options, function(sim)
	local m = machine(sim)
	expect(m.vcpu:write(0x3000, "private")):is_true()
	m.attributes(0x3000, "4K", 0)
	expect(m.vcpu:write(0x3000, "shared ")):is_true()
	expect(m.fd:memory_error(0x103000)):eq(HANDLED)
	expect(m.vcpu:read(0x3000, 7)):eq("shared ")
	m.attributes(0x3000, "4K", PRIVATE)
	expect(m.vcpu:read(0x3000, 7)):fields(poisoned(0x3000))
	m.vcpu:abandon()
	m.attributes(0x3000, "4K", 0)
	expect(m.vcpu:read(0x3000, 7)):eq("shared ")
end)

scenario("guest_memfd: the VMM's memory of a slot has the error", options, function(sim)
	local m = machine(sim)
	m.attributes(0x3000, "4K", 0)
	expect(m.vcpu:write(0x3000, "shared ")):is_true()
	expect(m.vcpu:write(0x4000, "private")):is_true()
	expect(m.ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(m.vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR, addr = m.ram.addr + 0x3000 }
	expect(m.vcpu:read(0x3000, 7)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	expect(m.vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR, addr = m.ram.addr + 0x3000 }
	m.vcpu:abandon()
	m.attributes(0x3000, "4K", PRIVATE)
	expect(m.vcpu:read(0x3000, 7)):eq(("\0"):rep(7))
	expect(m.vcpu:read(0x4000, 7)):eq("private")
end)

scenario("guest_memfd: pre-faulting stops at a memory error", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_CAP_GUEST_MEMFD", "KVM_CAP_PRE_FAULT_MEMORY" },
}, function(sim)
	local m = machine(sim)
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "1M", length = "64K" }):eq(0)
	expect(m.fd:memory_error(0x103000)):eq(HANDLED)
	local rc, left = m.vcpu:pre_fault_memory{ gpa = 0, size = "64K" }
	expect(rc):eq(0)
	expect(left):fields{ gpa = 0x3000, size = 0xd000 }
	expect(m.vcpu:pre_fault_memory{ gpa = 0x3000, size = "4K" }):eq(-EHWPOISON)
	expect(sim.inspect:mapping(m.vm, 0x2000).present):is_true()
	expect(sim.inspect:mapping(m.vm, 0x4000).present):is_false()
end)

scenario("guest_memfd: slots and files are closed with a memory error in them", options, function(sim)
	local m = machine(sim)
	expect(m.vcpu:write(0x3000, "gone")):is_true()
	expect(m.fd:memory_error(0x103000)):eq(HANDLED)
	expect(m.vm:set_user_memory_region2{ slot = 0, memory_size = 0 }):eq(0)
	m.slot(0, "4M", "2M", "1M")
	m.attributes("4M", "2M", PRIVATE)
	expect(m.vcpu:read(0x403000, 4)):fields(poisoned(0x403000))
	m.vcpu:abandon()
	expect(m.fd:close()):eq(0)
	expect(m.vcpu:read(0x403000, 4)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT }
end)

-- Two vCPUs write while pages get errors and holes. No write is lost in the pages that stay.
scenario("guest_memfd: memory errors while vCPUs run", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end", timeout = 60,
}, function(sim)
	local m = machine(sim)
	local rounds = 0
	for i, vcpu in ipairs{ m.vcpu, m.vm:create_vcpu() } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local exit = vcpu:write(0x3000, "data")
				if exit ~= true then
					expect(exit):fields(poisoned(0x3000))
					vcpu:abandon()
				end
				expect(vcpu:write(0x4000 + 8 * i, "data")):is_true()
			end
		end)
	end
	sim:thread("hardware", function()
		while not sim:stopping() and rounds < 200 do
			local rc = m.fd:memory_error(0x103000)
			expect(rc == HANDLED or rc == -ENOENT or rc == -EHWPOISON):is_true()
			expect(m.fd:punch_hole(0x103000, PAGE)):eq(0)
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 1 }
	expect(m.vcpu:write(0x3000, "last")):is_true()
	expect(m.vcpu:read(0x3000, 4)):eq("last")
end)

-- A file that the VMM maps, too. Shared memory of it is -EHWPOISON for the guest, and SIGBUS for the VMM. The VMM's
-- entry still says so after the hole.
scenario("guest_memfd: a memory error in a page that the VMM has mapped", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_MMAP",
}, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local fd = vm:create_guest_memfd{ size = "64K", flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED }
	local ram = vmm:mmap{ length = "64K", file = fd }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "64K", userspace_addr = ram, guest_memfd = fd }):eq(0)
	local vcpu = vm:create_vcpu()
	local sigbus = { signo = SIGBUS, code = BUS_MCEERR_AR, addr = ram.addr + 0x3000 }
	expect(ram:write(0x3000, "gone")):eq(0)
	expect(vcpu:read(0x3000, 4)):eq("gone")
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(HANDLED)
	expect(vmm:take_signal()):eq(sigbus)
	expect(sim.inspect:mapping(vm, 0x3000).present):is_false()
	expect(vcpu:read(0x3000, 4)):fields{ ret = -EHWPOISON, reason = KVM_EXIT_MEMORY_FAULT,
		memory_fault = { flags = 0, gpa = 0x3000, size = PAGE } }
	vcpu:abandon()
	expect(vmm:take_signal()):is_nil()
	expect(ram:read(0x3000, 4)):eq(-EFAULT)
	expect(vmm:take_signal()):eq(sigbus)
	expect(fd:punch_hole(0x3000, PAGE)):eq(0)
	expect(vcpu:write(0x3000, "new ")):is_true()
	expect(ram:read(0x3000, 4)):eq(-EFAULT)
	expect(vmm:take_signal()):eq(sigbus)
	expect(ram:madvise(0x3000, PAGE, MADV_DONTNEED)):eq(0)
	expect(ram:read(0x3000, 4)):eq("new ")
end)
