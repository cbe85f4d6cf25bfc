-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_MEM_PRIVATE: a page of the guest is private exactly if it is allocated in the file. fallocate() converts it.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", covers = "api.rst 4.144" }
local ENABLE <const>, SUCCEEDS <const> = KVM_MEM_PRIVATE_ENABLE, KVM_MEM_PRIVATE_EXIT_SUCCEEDS
local PRIVATE <const> = KVM_MEMORY_ERROR_FLAG_PRIVATE
local PAGE <const>, HUGE <const> = 0x1000, 0x200000
local ZEROES <const> = ("\0"):rep(6)

-- Accesses of a default VM are shared, those of a protected one are what the memory is.
local DEFAULT <const>, PROTECTED <const> = KVM_X86_DEFAULT_VM, KVM_X86_SW_PROTECTED_VM

-- A VM, and a file of t.size whose part from t.offset on is at guest address t.gpa.
local function machine(sim, t)
	local size = t.size or 8 * HUGE
	local vmm = sim:process()
	local ram = vmm:mmap{ length = size, huge = t.huge or false }
	local vm = vmm:open_kvm():create_vm{ type = t.type or PROTECTED }
	expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { ENABLE | (t.options or 0) } }):eq(0)
	local fd = vm:create_guest_memfd{ size = size, flags = GUEST_MEMFD_FLAG_EXPLICIT }
	local m = { vmm = vmm, vm = vm, ram = ram, fd = fd }
	function m.slot(slot, gpa, length, offset, addr)
		return vm:set_user_memory_region_ext{ slot = slot, flags = KVM_MEM_PRIVATE, guest_phys_addr = gpa,
			memory_size = length, userspace_addr = addr or ram, private_fd = fd, private_offset = offset }
	end
	function m.delete(slot)
		expect(vm:set_user_memory_region{ slot = slot, memory_size = 0 }):eq(0)
	end
	-- offset and length in the file
	function m.private(offset, length)
		expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = offset, length = length }):eq(0)
	end
	function m.shared(offset, length)
		expect(fd:punch_hole(offset, length)):eq(0)
	end
	if t.slot ~= false then
		expect(m.slot(0, t.gpa or 0, t.length or size, t.offset or 0)):eq(0)
		m.vcpu = vm:create_vcpu()
	end
	return m
end

local function error_exit(gpa, flags, ret)
	return { ret = ret or -EFAULT, reason = KVM_EXIT_MEMORY_ERROR,
		memory_error = { flags = flags, padding = 0, gpa = gpa, size = PAGE } }
end

cases("a conversion and back, a guest of the default type", options, {
	{ "KVM_RUN fails",    0,        -EFAULT },
	{ "KVM_RUN succeeds", SUCCEEDS, 0 },
}, function(sim, case)
	local m = machine(sim, { type = DEFAULT, options = case[2] })
	expect(m.vcpu:write(0x1000, "shared")):is_true()
	expect(m.ram:read(0x1000, 6)):eq("shared")
	m.private(0x1000, "4K")
	expect(sim.inspect:mapping(m.vm, 0x1000).present):is_false()
	for _, access in ipairs{ "read", "fetch", "write", "xchg" } do
		local data = access == "read" and 8 or (access == "write" or access == "xchg") and "lost" or nil
		expect(m.vcpu[access](m.vcpu, 0x1008, data)):fields(error_exit(0x1000, 0, case[3]))
		m.vcpu:abandon()
	end
	expect(m.ram:read(0x1000, 6)):eq("shared")
	-- the neighbours are as they were
	expect(m.vcpu:write(0x2000, "next")):is_true()
	expect(m.vcpu:read(0x0ff8, 8)):eq(("\0"):rep(8))
	-- the access that exited goes on after the conversion
	expect(m.vcpu:write(0x1000, "again ")):fields(error_exit(0x1000, 0, case[3]))
	m.shared(0x1000, "4K")
	expect(m.vcpu:run()):is_true()
	expect(m.ram:read(0x1000, 6)):eq("again ")
end)

cases("a conversion and back, a protected guest", options, {
	{ "KVM_RUN fails",    0 },
	{ "KVM_RUN succeeds", SUCCEEDS },
}, function(sim, case)
	local m = machine(sim, { options = case[2] })
	expect(m.vcpu:write(0x1000, "shared")):is_true()
	m.private(0x1000, "4K")
	expect(sim.inspect:mapping(m.vm, 0x1000).present):is_false()
	expect(m.vcpu:read(0x1000, 6)):eq(ZEROES)
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	expect(m.vcpu:read(0x1000, 6)):eq("secret")
	expect(m.ram:read(0x1000, 6)):eq("shared")
	expect(sim.inspect:mapping(m.vm, 0x1000)):fields{ present = true, writable = true, level = 1 }
	m.shared(0x1000, "4K")
	expect(sim.inspect:mapping(m.vm, 0x1000).present):is_false()
	expect(m.vcpu:read(0x1000, 6)):eq("shared")
	m.private(0x1000, "4K")
	expect(m.vcpu:read(0x1000, 6)):eq(ZEROES)
end)

-- A second fallocate() of the same range converts nothing. If the range is larger, the guest faults in again what it had.
scenario("what is private already keeps its data and its mapping", options, function(sim)
	local m = machine(sim, {})
	m.private(0x1000, "8K")
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	m.private(0x1000, "8K")
	m.private(0x2000, "4K")
	m.shared(0x8000, "16K")
	expect(sim.inspect:mapping(m.vm, 0x1000).present):is_true()
	m.private(0, "16K")
	expect(m.vcpu:read(0x1000, 6)):eq("secret")
end)

-- An ordinary guest_memfd would allocate at the first fault. Here the page would become private by it.
scenario("no access allocates", options, function(sim)
	local m = machine(sim, {})
	m.private(0, "64K")
	m.shared(0x4000, "16K")
	for page = 0, 15 do
		expect(m.vcpu:write(page * PAGE, "guest")):is_true()
		expect(m.vcpu:read(page * PAGE, 5)):eq("guest")
		expect(m.vcpu:pre_fault_memory{ gpa = page * PAGE, size = "4K" }):eq(0)
	end
	-- what a new slot finds in the file
	m.delete(0)
	expect(m.slot(0, 0, "64K", 0)):eq(0)
	for page = 0, 15 do
		local shared = page >= 4 and page < 8
		expect(m.ram:read(page * PAGE, 5)):eq(shared and "guest" or ZEROES:sub(1, 5))
		expect(m.ram:write(page * PAGE, "host ")):eq(0)
		expect(m.vcpu:read(page * PAGE, 5)):eq(shared and "host " or "guest")
	end
end)

scenario("a slot takes over what its file has", options, function(sim)
	local m = machine(sim, { slot = false })
	m.private(HUGE, "8K")
	m.private(HUGE + 0x4000, "4K")
	expect(m.ram:write(0, "shared")):eq(0)
	expect(m.slot(0, "1G", "64K", HUGE)):eq(0)
	local vcpu, base = m.vm:create_vcpu(), 1 << 30
	for page, private in pairs{ [0] = true, true, false, false, true, false } do
		expect(m.vcpu or vcpu):ok()
		expect(vcpu:write(base + page * PAGE, "guest")):is_true()
		expect(m.ram:read(page * PAGE, 5) == "guest"):eq(not private)
	end
end)

-- The file has the pages, so they and their data go where the file's range goes.
scenario("private data move with the file to another slot", options, function(sim)
	local m = machine(sim, { length = "64K" })
	m.private(0x1000, "4K")
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	m.delete(0)
	expect(m.vcpu:read(0x1000, 1)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	m.vcpu:abandon()
	expect(m.slot(3, "16M", "32K", 0)):eq(0)
	expect(m.vcpu:read(0x1001000, 6)):eq("secret")
	expect(m.vcpu:write(0x1002000, "shared")):is_true()
	expect(m.ram:read(0x2000, 6)):eq("shared")
end)

scenario("a deleted slot leaves nothing private behind", options, function(sim)
	local m = machine(sim, { gpa = HUGE })
	m.private(0, "4M")
	expect(m.vcpu:write(HUGE + 0x1000, "secret")):is_true()
	m.delete(0)
	expect(m.vcpu:write(HUGE + 0x1000, "to a device")):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	m.vcpu:abandon()
	expect(m.vm:set_user_memory_region{ slot = 0, guest_phys_addr = HUGE, memory_size = 4 * HUGE,
		userspace_addr = m.ram }):eq(0)
	expect(m.vcpu:write(HUGE + 0x1000, "shared")):is_true()
	expect(m.ram:read(0x1000, 6)):eq("shared")
	-- conversions of the file are nothing to the guest now
	m.shared(0, "2M")
	m.private(0, "2M")
	expect(m.vcpu:read(HUGE + 0x1000, 6)):eq("shared")
end)

scenario("a slot may be deleted and made by the other ioctl", options, function(sim)
	local m = machine(sim, {})
	m.private(0, "64K")
	expect(m.vm:set_user_memory_region2{ slot = 0, memory_size = 0 }):eq(0)
	expect(m.vm:set_user_memory_region2{ slot = 0, guest_phys_addr = 0, memory_size = "64K",
		userspace_addr = m.ram }):eq(0)
	expect(m.vcpu:write(0x1000, "shared")):is_true()
	expect(m.ram:read(0x1000, 6)):eq("shared")
end)

-- The file pins the VM and not the other way round. Pages are gone with it, and the guest must not go on without them.
cases("the file is closed before its slot", options, {
	{ "a guest of the default type", DEFAULT,   0 },
	{ "a protected guest",           PROTECTED, PRIVATE },
}, function(sim, case)
	local m = machine(sim, { type = case[2] })
	m.private(0x1000, "4K")
	if case[2] == PROTECTED then
		expect(m.vcpu:write(0x1000, "secret")):is_true()
	end
	expect(m.vcpu:write(0x2000, "shared")):is_true()
	expect(m.fd:close()):eq(0)
	expect(sim.inspect:mapping(m.vm, 0x1000).present):is_false()
	expect(m.vcpu:read(0x1000, 6)):fields(error_exit(0x1000, case[3]))
	expect(m.vcpu:read(0x2000, 6)):eq("shared")
	m.delete(0)
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = "64K", userspace_addr = m.ram }):eq(0)
	expect(m.vcpu:read(0x1000, 6)):eq(ZEROES)
end)

scenario("one file in several slots, with gaps", options, function(sim)
	local m = machine(sim, { slot = false })
	-- file offset 0 at 64 MiB, 4 MiB at 16 MiB, 8 MiB at 0
	expect(m.slot(0, "64M", HUGE, 0, m.ram.addr)):eq(0)
	expect(m.slot(1, "16M", HUGE, 2 * HUGE, m.ram.addr + HUGE)):eq(0)
	expect(m.slot(2, 0, HUGE, 4 * HUGE, m.ram.addr + 2 * HUGE)):eq(0)
	local vcpu = m.vm:create_vcpu()
	local gpas <const> = { 64 << 20, 16 << 20, 0 }
	local function private(page)
		local out = ""
		for i, gpa in ipairs(gpas) do
			expect(vcpu:write(gpa + page * PAGE, "guest")):is_true()
			out = out .. (m.ram:read((i - 1) * HUGE + page * PAGE, 5) == "guest" and "s" or "p")
			expect(m.ram:write((i - 1) * HUGE + page * PAGE, "host ")):eq(0)
		end
		return out
	end
	expect(private(0)):eq("sss")
	m.private(HUGE - 0x1000, 2 * HUGE + 0x2000)	-- the last page of slot 0, the gap, slot 1, nothing of slot 2
	expect(private(511)):eq("pps")
	expect(private(510)):eq("sps")
	expect(private(0)):eq("sps")
	m.shared(2 * HUGE + 0x1000, 3 * HUGE)
	expect(private(0)):eq("sps")
	expect(private(1)):eq("sss")
	expect(private(511)):eq("pss")
	m.private(0, 8 * HUGE)
	for _, page in ipairs{ 0, 1, 100, 510, 511 } do
		expect(private(page)):eq("ppp")
	end
	m.delete(1)
	m.shared(0, 8 * HUGE)
	expect(vcpu:write(0, "guest")):is_true()
	expect(m.ram:read(2 * HUGE, 5)):eq("guest")
end)

-- --- huge pages --------------------------------------------------------------------------------------------

local function level(sim, m, gpa)
	expect(m.vcpu:write(gpa, "x")):is_true()
	return sim.inspect:mapping(m.vm, gpa).level
end

scenario("a private page makes the rest of its huge page small, until it is shared again", options, function(sim)
	local m = machine(sim, { huge = true })
	expect(level(sim, m, HUGE)):eq(2)
	expect(level(sim, m, 2 * HUGE)):eq(2)
	m.private(HUGE + 0x3000, "4K")
	expect(sim.inspect:mapping(m.vm, HUGE).present):is_false()
	expect(sim.inspect:mapping(m.vm, 2 * HUGE)):fields{ present = true, level = 2 }
	expect(level(sim, m, HUGE)):eq(1)
	m.shared(HUGE + 0x3000, "4K")
	expect(m.ram:madvise(HUGE, "2M", MADV_DONTNEED)):eq(0)
	expect(level(sim, m, HUGE)):eq(2)
end)

scenario("a slot that takes over a private page has no huge page there", options, function(sim)
	local m = machine(sim, { huge = true, slot = false })
	m.private(HUGE + 0x3000, "4K")
	expect(m.slot(0, 0, 8 * HUGE, 0)):eq(0)
	m.vcpu = m.vm:create_vcpu()
	expect(level(sim, m, HUGE)):eq(1)
	expect(level(sim, m, 2 * HUGE)):eq(2)
	m.delete(0)
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 8 * HUGE, userspace_addr = m.ram }):eq(0)
	expect(m.ram:madvise(HUGE, "2M", MADV_DONTNEED)):eq(0)
	expect(level(sim, m, HUGE)):eq(2)
end)

-- Its part of the file belongs to slot 0 already.
scenario("a slot that is refused leaves nothing private", options, function(sim)
	local m = machine(sim, { huge = true })
	m.private(0x3000, "4K")
	for _ = 1, 2 do
		expect(m.slot(1, 16 * HUGE, HUGE, 0)):eq(sim:kernel_since("7.2") and -EEXIST or -EINVAL)
	end
	sim:check()
	expect(m.vm:set_user_memory_region{ slot = 1, guest_phys_addr = 16 * HUGE, memory_size = HUGE,
		userspace_addr = m.ram.addr + HUGE }):eq(0)
	expect(level(sim, m, 16 * HUGE)):eq(2)
	expect(m.vcpu:read(0x3000, 6)):eq(ZEROES)
end)

-- --- KVM_PRE_FAULT_MEMORY ----------------------------------------------------------------------------------

scenario("pre-fault: a protected guest gets what the memory is", options, function(sim)
	local m = machine(sim, {})
	m.private(0x2000, "8K")
	local rc, left = m.vcpu:pre_fault_memory{ gpa = 0, size = "32K" }
	expect(rc):eq(0)
	expect(left.size):eq(0)
	expect(sim.inspect:mapping(m.vm, 0x2000).present):is_true()
	expect(m.vcpu:read(0x2000, 6)):eq(ZEROES)
end)

-- A mapping of the private page would let the guest's shared accesses through.
cases("pre-fault: a guest of the default type gets no private page", options, {
	{ "KVM_RUN fails",    0 },
	{ "KVM_RUN succeeds", SUCCEEDS },
}, function(sim, case)
	local m = machine(sim, { type = DEFAULT, options = case[2] })
	m.private(0x2000, "8K")
	local rc, left = m.vcpu:pre_fault_memory{ gpa = 0x1000, size = "32K" }
	expect(rc):eq(0)
	expect(left):eq{ gpa = 0x2000, size = 0x7000 }
	rc, left = m.vcpu:pre_fault_memory(left)
	expect(rc):eq(-EFAULT)
	expect(left):eq{ gpa = 0x2000, size = 0x7000 }
	expect(sim.inspect:mapping(m.vm, 0x2000).present):is_false()
	expect(m.vcpu:read(0x2000, 1)):fields(error_exit(0x2000, 0, case[2] == 0 and -EFAULT or 0))
end)

-- --- several vCPUs -----------------------------------------------------------------------------------------

scenario("each vCPU loses what it had", options, function(sim)
	local m = machine(sim, {})
	local other = m.vm:create_vcpu()
	for _, vcpu in ipairs{ m.vcpu, other } do
		expect(vcpu:write(0x1000, "shared")):is_true()
	end
	m.private(0x1000, "4K")
	expect(other:read(0x1000, 6)):eq(ZEROES)
	expect(m.vcpu:write(0x1000, "secret")):is_true()
	expect(other:read(0x1000, 6)):eq("secret")
	m.shared(0x1000, "4K")
	expect(other:read(0x1000, 6)):eq("shared")
	expect(m.vcpu:read(0x1000, 6)):eq("shared")
end)

-- A fault that finds the page gone must not reach the VMM as -ENOENT, nor allocate it.
scenario("holes and allocations while protected vCPUs access the range", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", check = "end",
}, function(sim)
	local m = machine(sim, { gpa = HUGE, offset = HUGE, length = HUGE })
	local accesses, rounds = 0, 0
	for i, vcpu in ipairs{ m.vcpu, m.vm:create_vcpu() } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local done = vcpu:workload{ op = "write", range = { HUGE, "64K" }, stride = "4K" }
				-- The file may change between the access and KVM's look at it. The VMM then tries again.
				if done ~= 16 then
					expect(done):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR }
				end
				accesses = accesses + 1
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			m.private(HUGE, "32K")
			m.shared(HUGE + 0x2000, "32K")
			m.shared(HUGE, "64K")
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 1, at_least = function() return accesses > 0 and rounds > 0 end }
	expect(m.vcpu:write(HUGE, "after")):is_true()
	expect(m.ram:read(0, 5)):eq("after")
end)
