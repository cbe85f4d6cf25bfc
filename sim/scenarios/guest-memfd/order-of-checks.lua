-- SPDX-License-Identifier: GPL-2.0-only
-- The checks of the calls for private memory, in their order: each thing that is wrong alone, and each two of them. The
-- answer is that of the check that comes first, and a refused call changes nothing.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local HUGE <const> = 1 << 62
local KEEP <const>, PUNCH <const>, ZERO <const> = FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE

-- Calls f with the first allocation failing, if no_memory is set.
local function call(sim, no_memory, f, request)
	if no_memory then
		expect(sim:set_module_param("machine.fail_allocation", 1)):eq(0)
	end
	local answer = f(request)
	if no_memory then
		sim:set_module_param("machine.fail_allocation", 0)
	end
	return type(answer) == "number" and answer or 0
end

-- wrong: rows { what it is, what it changes, errno }, in the order of the checks. no_memory is no field. Two rows that
-- change the same field are not tried together.
local function try(sim, wrong, right, f)
	local function request(...)
		local r, clash = {}, false
		for k, v in pairs(right) do
			r[k] = v
		end
		local changed = {}
		for _, row in ipairs{ ... } do
			for k, v in pairs(row[2]) do
				clash = clash or changed[k]
				changed[k], r[k] = true, v
			end
		end
		local no_memory = r.no_memory
		r.no_memory = nil
		return not clash and r or nil, no_memory
	end
	local pairs_tried = 0
	for i, first in ipairs(wrong) do
		expect(call(sim, first[2].no_memory, f, (request(first)))):eq(first[3])
		for j = i + 1, #wrong do
			local r, no_memory = request(first, wrong[j])
			if r then
				expect(call(sim, no_memory, f, r)):eq(first[3])
				pairs_tried = pairs_tried + 1
			end
		end
	end
	return pairs_tried
end

local function protected(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	local vm = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	return vm, vmm:mmap{ length = "4M", huge = false }, kvm, vmm
end

scenario("order of checks: KVM_SET_USER_MEMORY_REGION2 with guest_memfd", options, function(sim)
	local vm, ram, kvm, vmm = protected(sim)
	local fd, shmem = vm:create_guest_memfd{ size = "4M" }, vmm:shmem("4M")
	local other = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }:create_guest_memfd{ size = "4M" }
	local function set(r) return vm:set_user_memory_region2(r) end
	local right = { slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = "8M", memory_size = "64K",
		userspace_addr = ram.addr, guest_memfd = fd, guest_memfd_offset = 0 }
	expect(set{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram.addr, guest_memfd = fd, guest_memfd_offset = "1M" }):eq(0)
	local bound = sim:kernel_since("7.2") and -EEXIST or -EINVAL
	expect(try(sim, {
		{ "a flag that there is not", { flags = KVM_MEM_GUEST_MEMFD | 1 << 30 }, -EINVAL },
		{ "dirty logging", { flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_LOG_DIRTY_PAGES }, -EINVAL },
		{ "read-only", { flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_READONLY }, -EINVAL },
		{ "part of a page", { memory_size = 100 }, -EINVAL },
		{ "a guest address in a page", { guest_phys_addr = 0x800001 }, -EINVAL },
		{ "a user address in a page", { userspace_addr = ram.addr + 1 }, -EINVAL },
		{ "a user address in the kernel", { userspace_addr = 0xffff888000000000 }, -EINVAL },
		{ "an offset in a page", { guest_memfd_offset = 1 }, -EINVAL },
		{ "an offset that wraps", { guest_memfd_offset = -4096 }, -EINVAL },
		{ "the second address space", { slot = 1 | 1 << 16 }, -EINVAL },
		{ "a slot that is too high", { slot = 32767 }, -EINVAL },
		{ "a guest address that wraps", { guest_phys_addr = -4096 }, -EINVAL },
		{ "too many pages", { memory_size = 1 << 43 }, -EINVAL },
		{ "a slot that exists", { slot = 0 }, -EINVAL },
		{ "an overlap", { guest_phys_addr = 0x1000 }, -EEXIST },
		{ "no memory", { no_memory = true }, -ENOMEM },
		{ "an fd that is not open", { guest_memfd = 999 }, -EBADF },
		{ "a file of another VM", { guest_memfd = other }, -EINVAL },
		{ "a file of another kind", { guest_memfd = shmem }, -EINVAL },
		{ "a range past the file", { guest_memfd_offset = "4M" }, -EINVAL },
		{ "a range that is bound", { guest_memfd_offset = "1M" }, bound },
	}, right, set)):gt(150)
	expect(set(right)):eq(0)
	expect(vm:create_vcpu():read(0x800000, 1)):eq("\0")
end)

scenario("order of checks: KVM_CREATE_GUEST_MEMFD", options, function(sim)
	local vm = protected(sim)
	local right = { size = "64K", flags = 0 }
	try(sim, {
		{ "flags",           { flags = 1 << 63 },  -EINVAL },
		{ "no size",         { size = 0 },         -EINVAL },
		{ "a negative size", { size = -4096 },     -EINVAL },
		{ "part of a page",  { size = 4097 },      -EINVAL },
		{ "no memory",       { no_memory = true }, -ENOMEM },
	}, right, function(r) return vm:create_guest_memfd(r) end)
	expect(vm:create_guest_memfd(right)):ok()
end)

-- The checks of vfs_fallocate() come first.
cases("order of checks: fallocate() of a guest_memfd", options, {
	{ "allocation", KEEP,         {} },
	{ "a hole",     KEEP | PUNCH, { hole = true } },
}, function(sim, case)
	local vm = protected(sim)
	local fd = vm:create_guest_memfd{ size = "64K" }
	local right = { mode = case[2], offset = 0, length = "64K" }
	local wrong = {
		{ "a negative offset",   { offset = -4096 },             -EINVAL },
		{ "no length",           { length = 0 },                 -EINVAL },
		{ "a negative length",   { length = -4096 },             -EINVAL },
		{ "another mode",        { mode = case[2] | ZERO },      -EOPNOTSUPP },
		{ "without KEEP_SIZE",   { mode = case[2] & ~KEEP },     -EOPNOTSUPP },
		{ "an offset in a page", { offset = 1 },                 -EINVAL },
		{ "a length in a page",  { length = 100 },               -EINVAL },
	}
	-- vfs_fallocate() knows that these modes make no hole, and leaves the other ones to the file.
	table.insert(wrong, case[3].hole and 6 or 4,
		{ "an offset too high", { offset = HUGE, length = HUGE }, -EFBIG })
	if not case[3].hole then
		wrong[#wrong + 1] = { "past the end", { offset = 0x10000, length = 0x10000 }, -EINVAL }
		wrong[#wrong + 1] = { "no memory", { no_memory = true }, -ENOMEM }
	end
	try(sim, wrong, right, function(r) return fd:fallocate(r) end)
	expect(fd:fallocate(right)):eq(0)
	-- Harmless for a hole.
	expect(fd:fallocate{ mode = KEEP | PUNCH, offset = "1M", length = "64K" }):eq(0)
end)

scenario("order of checks: KVM_SET_MEMORY_ATTRIBUTES", options, function(sim)
	local vm, _, kvm = protected(sim)
	local right = { address = 0, size = "64K", attributes = PRIVATE, flags = 0 }
	local plain = kvm:create_vm()
	local wrong = {
		{ "flags",                   { flags = 1 },                               -EINVAL },
		{ "another attribute",       { attributes = PRIVATE | 1 },                -EINVAL },
		{ "no size",                 { size = 0 },                                -EINVAL },
		{ "a wrap",                  { address = -4096, size = "64K" },           -EINVAL },
		{ "an address in a page",    { address = 1 },                             -EINVAL },
		{ "part of a page",          { size = 100 },                              -EINVAL },
	}
	try(sim, wrong, right, function(r) return vm:set_memory_attributes(r) end)
	expect(vm:set_memory_attributes(right)):eq(0)
	-- A VM without private memory takes no attribute.
	table.insert(wrong, 3, { "private", { attributes = PRIVATE }, -EINVAL })
	right.attributes = 0
	try(sim, wrong, right, function(r) return plain:set_memory_attributes(r) end)
	expect(plain:set_memory_attributes(right)):eq(0)
end)

cases("order of checks: a structure that cannot be read comes before all", options, {
	{ "KVM_SET_USER_MEMORY_REGION2", "KVM_SET_USER_MEMORY_REGION2" },
	{ "KVM_CREATE_GUEST_MEMFD",      "KVM_CREATE_GUEST_MEMFD" },
	{ "KVM_SET_MEMORY_ATTRIBUTES",   "KVM_SET_MEMORY_ATTRIBUTES" },
}, function(sim, case)
	local vm = protected(sim)
	local numbers = { KVM_SET_USER_MEMORY_REGION2 = KVM_SET_USER_MEMORY_REGION2,
		KVM_CREATE_GUEST_MEMFD = KVM_CREATE_GUEST_MEMFD, KVM_SET_MEMORY_ATTRIBUTES = KVM_SET_MEMORY_ATTRIBUTES }
	expect(vm:ioctl(numbers[case[2]], 0x1000)):eq(-EFAULT)
end)
