-- SPDX-License-Identifier: GPL-2.0-only
-- The cases of the kernel's selftests for private memory on 6.12 (tools/testing/selftests/kvm) that no other file has.
-- docs/guest-memfd.md has the table.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local KEEP <const> = FALLOC_FL_KEEP_SIZE
local PAGE <const>, HUGE <const> = 0x1000, 0x200000

-- --- guest_memfd_test.c ------------------------------------------------------------------------------------

-- vm_create_barebones() is a VM of the default type.
local function file(sim, size)
	local vmm = sim:process()
	return vmm:open_kvm():create_vm():create_guest_memfd{ size = size }, vmm
end

scenario("guest_memfd_test: test_create_guest_memfd_invalid, every size below a page", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	for size = 1, 4095 do
		expect(vm:create_guest_memfd{ size = size }):eq(-EINVAL)
	end
end)

-- Later kernels have flags (flags.lua).
scenario("guest_memfd_test: test_create_guest_memfd_invalid, every flag", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", before = "6.18",
}, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	for bit = 0, 63 do
		expect(vm:create_guest_memfd{ size = "4K", flags = 1 << bit }):eq(-EINVAL)
	end
end)

-- The language has no fstat(). What the size is, fallocate() tells.
scenario("guest_memfd_test: test_create_guest_memfd_multiple", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	local one, two = vm:create_guest_memfd{ size = "4K" }, vm:create_guest_memfd{ size = "8K" }
	expect(one.fd):ne(two.fd)
	expect(one:fallocate{ mode = KEEP, offset = 0, length = "4K" }):eq(0)
	expect(one:fallocate{ mode = KEEP, offset = "4K", length = "4K" }):eq(-EINVAL)
	expect(two:fallocate{ mode = KEEP, offset = "4K", length = "4K" }):eq(0)
	expect(two:fallocate{ mode = KEEP, offset = "8K", length = "4K" }):eq(-EINVAL)
	expect(two:close()):eq(0)
	expect(one:fallocate{ mode = KEEP, offset = 0, length = "4K" }):eq(0)
	expect(one:close()):eq(0)
end)

scenario("guest_memfd_test: test_file_read_write, test_mmap", options, function(sim)
	local fd, vmm = file(sim, "16K")
	expect(fd:read(64)):eq(-EINVAL)
	expect(fd:write(("x"):rep(64))):eq(-EINVAL)
	expect(vmm:mmap{ length = "4K", prot = "rw", file = fd }):eq(-ENODEV)
end)

cases("guest_memfd_test: test_fallocate", options, {
	{ "all of it",                       { mode = KEEP, offset = 0, length = 4 * PAGE },        0 },
	{ "a hole at an odd offset",         { hole = true, offset = PAGE - 1, length = PAGE },     -EINVAL },
	{ "beginning at the end",            { mode = KEEP, offset = 4 * PAGE, length = PAGE },     -EINVAL },
	{ "beginning behind the end",        { mode = KEEP, offset = 5 * PAGE, length = PAGE },     -EINVAL },
	{ "a hole at the end",               { hole = true, offset = 4 * PAGE, length = PAGE },     0 },
	{ "a hole behind the end",           { hole = true, offset = 5 * PAGE, length = PAGE },     0 },
	{ "a hole of an odd size",           { hole = true, offset = PAGE, length = PAGE - 1 },     -EINVAL },
	{ "a hole",                          { hole = true, offset = PAGE, length = PAGE },         0 },
	{ "a hole that is filled again",     { mode = KEEP, offset = PAGE, length = PAGE },         0, after = true },
}, function(sim, case)
	local fd = file(sim, "16K")
	local t = case[2]
	expect(fd:fallocate{ mode = KEEP, offset = 0, length = 4 * PAGE }):eq(0)
	if case.after then
		expect(fd:punch_hole(PAGE, PAGE)):eq(0)
	end
	expect(t.hole and fd:punch_hole(t.offset, t.length) or not t.hole and fd:fallocate(t)):eq(case[3])
end)

scenario("guest_memfd_test: test_invalid_punch_hole", options, function(sim)
	local fd = file(sim, "16K")
	for _, c in ipairs{ { 0, 1 }, { 0, PAGE - 1 }, { 0, PAGE + 1 }, { 1, 1 }, { 1, PAGE - 1 }, { 1, PAGE },
		{ 1, PAGE + 1 }, { PAGE, 1 }, { PAGE, PAGE - 1 }, { PAGE, PAGE + 1 } } do
		expect(fd:punch_hole(c[1], c[2])):eq(-EINVAL)
	end
end)

-- --- set_memory_region_test.c ------------------------------------------------------------------------------

local function protected(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	return kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }, vmm, kvm
end

local function set(vm, slot, gpa, size, ram, fd, offset, flags)
	return vm:set_user_memory_region2{ slot = slot, flags = flags or KVM_MEM_GUEST_MEMFD, guest_phys_addr = gpa,
		memory_size = size, userspace_addr = ram, guest_memfd = fd, guest_memfd_offset = offset or 0 }
end

scenario("set_memory_region_test: test_add_private_memory_region", options, function(sim)
	local vm, vmm, kvm = protected(sim)
	local ram = vmm:mmap{ length = 2 * HUGE, huge = false }
	expect(set(vm, 10, 4 << 30, HUGE, ram, vm.fd)):eq(-EINVAL)
	expect(set(vm, 10, 4 << 30, HUGE, ram, vmm:shmem(HUGE))):eq(-EINVAL)
	local other = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local foreign = other:create_guest_memfd{ size = HUGE }
	expect(set(vm, 10, 4 << 30, HUGE, ram, foreign)):eq(-EINVAL)
	expect(set(other, 10, 4 << 30, HUGE, ram, foreign)):eq(0)
	expect(foreign:close()):eq(0)
	local fd = vm:create_guest_memfd{ size = HUGE }
	for offset = 1, 4095 do
		expect(set(vm, 10, 4 << 30, HUGE, ram, fd, offset)):eq(-EINVAL)
	end
	expect(set(vm, 10, 4 << 30, HUGE, ram, fd)):eq(0)
end)

scenario("set_memory_region_test: test_add_overlapping_private_memory_regions", options, function(sim)
	local vm, vmm = protected(sim)
	local ram = vmm:mmap{ length = 4 * HUGE, huge = false }
	local fd = vm:create_guest_memfd{ size = 4 * HUGE }
	local gpa <const> = 4 << 30
	expect(set(vm, 10, gpa, 2 * HUGE, ram, fd, 0)):eq(0)
	expect(set(vm, 11, gpa + 2 * HUGE, 2 * HUGE, ram, fd, 2 * HUGE)):eq(0)
	-- the slot goes, and comes back with another part of the file
	expect(set(vm, 10, gpa, 0, ram, fd, 0, 0)):eq(0)
	-- the front half of it overlaps the other slot's guest range
	expect(set(vm, 10, gpa + HUGE, 2 * HUGE, ram, fd, 0)):eq(-EEXIST)
	-- and now its back half
	expect(set(vm, 10, gpa + 3 * HUGE, 2 * HUGE, ram, fd, 0)):eq(-EEXIST)
	-- a part of the file that the other slot has
	expect(set(vm, 10, gpa, 2 * HUGE, ram, fd, HUGE)):eq(sim:kernel_since("7.2") and -EEXIST or -EINVAL)
	expect(set(vm, 10, gpa, 2 * HUGE, ram, fd, 0)):eq(0)
end)

cases("set_memory_region_test: test_invalid_memory_region_flags", options, {
	{ "a default VM",   function(sim) return sim:process():open_kvm():create_vm() end, KVM_MEM_LOG_DIRTY_PAGES
		| KVM_MEM_READONLY },
	{ "a protected VM", protected, KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY | KVM_MEM_GUEST_MEMFD },
}, function(sim, case)
	local vm = case[2](sim)
	local supported = case[3]
	if sim:kernel_has("GUEST_MEMFD_FLAG_MMAP") then
		supported = supported | KVM_MEM_GUEST_MEMFD	-- of each VM
	end
	for bit = 0, 31 do
		local flag = 1 << bit
		if supported & flag == 0 or flag == KVM_MEM_GUEST_MEMFD then
			expect(vm:set_user_memory_region{ slot = 10, flags = flag, memory_size = HUGE }):eq(-EINVAL)
		end
		if supported & flag == 0 then
			expect(vm:set_user_memory_region2{ slot = 10, flags = flag, memory_size = HUGE }):eq(-EINVAL)
		end
	end
	if supported & KVM_MEM_GUEST_MEMFD ~= 0 then
		local fd = vm:create_guest_memfd{ size = HUGE }
		for _, flag in ipairs{ KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } do
			expect(set(vm, 10, 0, HUGE, 0, fd, 0, KVM_MEM_GUEST_MEMFD | flag)):eq(-EINVAL)
		end
	end
end)

-- --- private_mem_kvm_exits_test.c --------------------------------------------------------------------------

-- The file has the guest's range from base on.
local function guest(sim, base, size, slots)
	local vm, vmm = protected(sim)
	local ram = vmm:mmap{ length = size, huge = false }
	local fd = vm:create_guest_memfd{ size = size }
	slots = slots or 1
	for i = 0, slots - 1 do
		local offset = size // slots * i
		expect(set(vm, 10 + i, base + offset, size // slots, ram.addr + offset, fd, offset)):eq(0)
	end
	return vm, ram, fd
end

local function make(vm, gpa, size, private)
	expect(vm:set_memory_attributes{ address = gpa, size = size, attributes = private and PRIVATE or 0 }):eq(0)
end

scenario("private_mem_kvm_exits_test: the slot is deleted under a guest that reads", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end",
}, function(sim)
	local gpa <const> = 0xc0000000
	local vm = guest(sim, gpa, PAGE)
	make(vm, gpa, PAGE, true)
	local vcpu = vm:create_vcpu()
	local deleted, exit = false, nil
	sim:thread("vcpu", function()
		repeat
			exit = vcpu:read(gpa, 8)
		until type(exit) ~= "string" or sim:stopping()
	end)
	sim:thread("vmm", function()
		for _ = 1, 50 do
			sim:stopping()
		end
		expect(vm:set_user_memory_region{ slot = 10, memory_size = 0 }):eq(0)
		deleted = true
	end)
	sim:join{ seconds = 10 }
	expect(deleted):is_true()
	expect(exit):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
		memory_fault = { flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = gpa, size = PAGE } }
end)

scenario("private_mem_kvm_exits_test: the slot cannot be private", options, function(sim)
	local gpa <const> = 0xc0000000
	local vm, vmm = protected(sim)
	expect(vm:set_user_memory_region{ slot = 10, guest_phys_addr = gpa, memory_size = PAGE,
		userspace_addr = vmm:mmap{ length = PAGE } }):eq(0)
	make(vm, gpa, PAGE, true)
	expect(vm:create_vcpu():read(gpa, 8)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
		memory_fault = { flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = gpa, size = PAGE } }
end)

-- --- private_mem_conversions_test.c ------------------------------------------------------------------------

local BASE <const>, PER_CPU <const> = 4 << 30, HUGE + PAGE
local ranges <const> = { { 0, PAGE }, { 0, HUGE }, { PAGE, PAGE }, { PAGE, HUGE }, { HUGE, PAGE } }

-- One byte at both ends and in the middle of each page stands for the test's memset() and memcmp().
local function fill(access, from, size, byte)
	for page = from, from + size - PAGE, PAGE do
		for _, at in ipairs{ 0, 0x800, 0xff8 } do
			access:write(page + at, byte:rep(8))
		end
	end
end

local function holds(access, from, size, byte)
	for page = from, from + size - PAGE, PAGE do
		for _, at in ipairs{ 0, 0x800, 0xff8 } do
			if access:read(page + at, 8) ~= byte:rep(8) then
				return ("not %q at %x"):format(byte, page + at)
			end
		end
	end
	return true
end

-- The big ranges are looked at in part: all of it would be 500,000 accesses.
local function part(size)
	return size > 8 * PAGE and 8 * PAGE or size
end

local function conversions(sim, do_fallocate, vcpu, vm, ram, fd, base, offset)
	local function convert(gpa, size, private, allocate)
		if allocate then
			local at = gpa - base + offset
			expect(private and fd:fallocate{ mode = KEEP, offset = at, length = size }
				or not private and fd:punch_hole(at, size)):eq(0)
		end
		make(vm, gpa, size, private)
	end
	local host = { read = function(_, gpa, n) return ram:read(gpa - base + offset, n) end,
		write = function(_, gpa, data) return ram:write(gpa - base + offset, data) end }
	fill(vcpu, base, 16 * PAGE, "d")
	expect(holds(host, base, 16 * PAGE, "d")):is_true()
	for _, range in ipairs(ranges) do
		local gpa, size = base + range[1], range[2]
		local some = part(size)
		fill(vcpu, gpa, some, "1")
		convert(gpa, size, true, do_fallocate)
		fill(vcpu, gpa, some, "2")
		expect(holds(host, gpa, some, "1")):is_true()
		expect(holds(vcpu, gpa, some, "2")):is_true()
		-- odd pages become shared, the even ones stay private
		for page = 0, some - PAGE, PAGE do
			if page // PAGE & 1 == 1 then
				convert(gpa + page, PAGE, false, do_fallocate)
				expect(holds(vcpu, gpa + page, PAGE, "1")):is_true()
				fill(host, gpa + page, PAGE, "3")
				expect(holds(vcpu, gpa + page, PAGE, "3")):is_true()
			else
				expect(holds(vcpu, gpa + page, PAGE, "2")):is_true()
				expect(holds(host, gpa + page, PAGE, "1")):is_true()
			end
		end
		convert(gpa, size, false, do_fallocate)
		fill(vcpu, gpa, some, "3")
		expect(holds(host, gpa, some, "3")):is_true()
		fill(host, gpa, some, "4")
		expect(holds(vcpu, gpa, some, "4")):is_true()
		convert(base, PER_CPU, false, true)
	end
	-- holes: memory that is accessed again is zeroes
	make(vm, base, PER_CPU, true)
	for _, precise in ipairs{ false, true } do
		for _, range in ipairs(ranges) do
			local gpa, size = base + range[1], range[2]
			expect(fd:punch_hole(offset, PER_CPU)):eq(0)
			if precise then
				fill(vcpu, gpa, part(size), "c")
			else
				expect(vcpu:workload{ op = "write", range = { base, PER_CPU }, stride = "4K" }):eq(PER_CPU // PAGE)
				fill(vcpu, gpa, part(size), "c")
			end
			expect(fd:punch_hole(gpa - base + offset, size)):eq(0)
			expect(holds(vcpu, gpa, part(size), "\0")):is_true()
		end
	end
end

cases("private_mem_conversions_test", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end", timeout = 60,
}, {
	-- fallocate(), vCPUs, slots
	{ "by attributes alone",              false, 1, 1 },
	{ "with fallocate()",                 true,  1, 1 },
	{ "two vCPUs",                        true,  2, 1 },
	{ "two vCPUs and two slots",          false, 2, 2 },
	{ "one vCPU and four slots",          true,  1, 4 },
}, function(sim, case)
	local chunk <const> = 2 * HUGE
	local vm, ram, fd = guest(sim, BASE, chunk * case[3], case[4])
	local vcpus = {}
	for i = 1, case[3] do
		vcpus[i] = vm:create_vcpu()
	end
	if case[3] == 1 then
		conversions(sim, case[2], vcpus[1], vm, ram, fd, BASE, 0)
	else
		for i, vcpu in ipairs(vcpus) do
			local offset = chunk * (i - 1)
			sim:thread("vcpu" .. i, function()
				conversions(sim, case[2], vcpu, vm, ram, fd, BASE + offset, offset)
			end)
		end
		sim:join{}
	end
	-- the file outlives the VM's fd
	for _, vcpu in ipairs(vcpus) do
		vcpu:close()
	end
	vm:close()
	expect(fd:punch_hole(0, chunk * case[3])):eq(0)
	expect(fd:fallocate{ mode = KEEP, offset = 0, length = chunk * case[3] }):eq(0)
	expect(fd:close()):eq(0)
end)

-- --- pre_fault_memory_test.c -------------------------------------------------------------------------------

cases("pre_fault_memory_test", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_CAP_GUEST_MEMFD", "KVM_CAP_PRE_FAULT_MEMORY" }, check = "end",
}, {
	{ "a default VM",                        KVM_X86_DEFAULT_VM,      false },
	{ "a protected VM, shared memory",       KVM_X86_SW_PROTECTED_VM, false },
	{ "a protected VM, private memory",      KVM_X86_SW_PROTECTED_VM, true },
}, function(sim, case)
	local size <const> = HUGE + PAGE
	local gpa <const> = (1 << 46) - (1 << 30)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = case[2] }
	local ram = vmm:mmap{ length = 2 * HUGE, huge = false }
	local vcpu = vm:create_vcpu()
	if case[3] then
		expect(set(vm, 10, gpa, size, ram, vm:create_guest_memfd{ size = 2 * HUGE })):eq(0)
		make(vm, gpa, size, true)
	else
		expect(vm:set_user_memory_region{ slot = 10, guest_phys_addr = gpa, memory_size = size,
			userspace_addr = ram }):eq(0)
	end
	-- as long as something is left and each call does a part of it
	local function pre_fault(from, length, left, answer)
		local rc, rest = 0, { gpa = from, size = length }
		repeat
			local before = rest.size
			rc, rest = vcpu:pre_fault_memory(rest)
			expect(rest.size < before):eq(rc == 0)
		until rc ~= 0 or rest.size == 0
		expect(rc):eq(answer)
		expect(rest):eq{ gpa = from + length - left, size = left }
	end
	pre_fault(gpa, HUGE, 0, 0)
	pre_fault(gpa + HUGE, 2 * PAGE, PAGE, -ENOENT)
	pre_fault(gpa + size, PAGE, PAGE, -ENOENT)
	for page = 0, size - PAGE, PAGE do
		expect(sim.inspect:mapping(vm, gpa + page).present):is_true()
	end
	expect(vcpu:workload{ op = "read", range = { gpa, size }, stride = "4K" }):eq(size // PAGE)
end)
