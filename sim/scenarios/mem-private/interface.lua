-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_MEM_PRIVATE (kernel-shim/patches/6.12): each check of the capability, the file and the region, with its errno.
-- Where two checks fail, the first of them answers.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", covers = "api.rst 4.144" }
local EXPLICIT <const>, PRIVATE <const> = GUEST_MEMFD_FLAG_EXPLICIT, KVM_MEM_PRIVATE
local ENABLE <const>, SUCCEEDS <const> = KVM_MEM_PRIVATE_ENABLE, KVM_MEM_PRIVATE_EXIT_SUCCEEDS
local ATTRIBUTE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local KEEP <const>, HOLE <const> = FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

local function enable(vm, args, flags)
	return vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = args or { ENABLE }, flags = flags or 0 }
end

local function machine(sim, type)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = type or KVM_X86_DEFAULT_VM }
	expect(enable(vm)):eq(0)
	return vm, vmm:mmap{ length = "4M", huge = false }, vmm
end

-- --- the capability ----------------------------------------------------------------------------------------

cases("KVM_CAP_MEM_PRIVATE: what KVM_CHECK_EXTENSION answers", options, {
	{ "a VM of the default type",      KVM_X86_DEFAULT_VM },
	{ "a software-protected VM",       KVM_X86_SW_PROTECTED_VM },
}, function(sim, case)
	local kvm = sim:process():open_kvm()
	local vm = kvm:create_vm{ type = case[2] }
	expect(kvm:check_extension(KVM_CAP_MEM_PRIVATE)):eq(ENABLE | SUCCEEDS)
	expect(vm:check_extension(KVM_CAP_MEM_PRIVATE)):eq(ENABLE | SUCCEEDS)
	expect(enable(vm)):eq(0)
	expect(vm:check_extension(KVM_CAP_MEM_PRIVATE)):eq(ENABLE | SUCCEEDS)
	expect(vm:check_extension(KVM_CAP_GUEST_MEMFD)):eq(1)
	expect(vm:check_extension(KVM_CAP_MEMORY_ATTRIBUTES)):eq(0)
	expect(vm:check_extension(KVM_CAP_MULTI_ADDRESS_SPACE)):eq(1)
end)

-- Its options are those of KVM_MEM_PRIVATE_VALID_OPTIONS, and the first is obligatory.
cases("KVM_CAP_MEM_PRIVATE: arguments", options, {
	{ "ENABLE",                        { ENABLE },               0 },
	{ "both options",                  { ENABLE | SUCCEEDS },    0 },
	{ "no option",                     { 0 },                    -EINVAL },
	{ "the second option alone",       { SUCCEEDS },             -EINVAL },
	{ "an unknown option",             { ENABLE | 4 },           -EINVAL },
	{ "an option in the upper half",   { ENABLE | 1 << 32 },     -EINVAL },
	{ "a second argument",             { ENABLE, 1 },            -EINVAL },
	{ "a third argument",              { ENABLE, 0, 1 },         -EINVAL },
	{ "a fourth argument",             { ENABLE, 0, 0, 1 },      -EINVAL },
	{ "flags",                         { ENABLE },               -EINVAL, flags = 1 },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm()
	expect(enable(vm, case[2], case.flags)):eq(case[3])
	-- what failed has changed nothing
	expect(vm:check_extension(KVM_CAP_MULTI_ADDRESS_SPACE)):eq(case[3] == 0 and 1 or 2)
	expect(enable(vm)):eq(case[3] == 0 and -EINVAL or 0)
end)

cases("KVM_CAP_MEM_PRIVATE: it comes first", options, {
	{ "not after a vCPU", function(vm)
		local vcpu = vm:create_vcpu()
		return -EINVAL, function() vcpu:close() return -EINVAL end
	end },
	{ "not after a slot", function(vm, ram)
		expect(vm:set_user_memory_region{ slot = 0, memory_size = "4K", userspace_addr = ram }):eq(0)
		return -EINVAL, function() return vm:set_user_memory_region{ slot = 0, memory_size = 0 } end
	end },
	{ "not after a slot of the second address space", function(vm, ram)
		expect(vm:set_user_memory_region{ slot = 0, as_id = 1, memory_size = "4K", userspace_addr = ram }):eq(0)
		return -EINVAL, function() return vm:set_user_memory_region{ slot = 0, as_id = 1, memory_size = 0 } end
	end },
	{ "after a failed slot", function(vm, ram)
		expect(vm:set_user_memory_region{ slot = 0, memory_size = 1, userspace_addr = ram }):eq(-EINVAL)
		return 0
	end },
	{ "after a guest_memfd", function(vm)
		expect(vm:create_guest_memfd{ size = "4K" }):ok()
		return 0
	end },
	{ "not twice", function(vm)
		expect(enable(vm)):eq(0)
		return -EINVAL
	end },
}, function(sim, case)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local answer, undo = case[2](vm, vmm:mmap{ length = "4K" })
	expect(enable(vm)):eq(answer)
	if undo then
		-- a vCPU counts for ever, a slot as long as it is there
		local after = undo()
		expect(enable(vm)):eq(after)
	end
end)

scenario("KVM_CAP_MEM_PRIVATE: not with attributes, which belong to the files then", options, function(sim)
	local vm = sim:process():open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	expect(vm:set_memory_attributes{ address = "1M", size = "4K", attributes = ATTRIBUTE }):eq(0)
	expect(enable(vm)):eq(-EINVAL)
	expect(vm:set_memory_attributes{ address = "1M", size = "4K", attributes = 0 }):eq(0)
	expect(enable(vm)):eq(0)
	expect(vm:set_memory_attributes{ address = "1M", size = "4K", attributes = ATTRIBUTE }):eq(-EINVAL)
	expect(vm:set_memory_attributes{ address = "1M", size = "4K", attributes = 0 }):eq(0)
end)

scenario("KVM_CAP_MEM_PRIVATE: there is none with shadow paging", {
	arch = "x86_64", mmu = "shadow", needs = "KVM_MEM_PRIVATE",
}, function(sim)
	local kvm = sim:process():open_kvm()
	expect(kvm:check_extension(KVM_CAP_MEM_PRIVATE)):eq(0)
	expect(kvm:create_vm():check_extension(KVM_CAP_MEM_PRIVATE)):eq(0)
	expect(enable(kvm:create_vm())):eq(-EINVAL)
end)

-- --- the file ----------------------------------------------------------------------------------------------

cases("explicit guest_memfd: flags and size", options, {
	{ "the flag",                       "4K",  EXPLICIT,           0 },
	{ "no flag",                        "4K",  0,                  0 },
	{ "another flag",                   "4K",  1,                  -EINVAL },
	{ "the flag and another one",       "4K",  EXPLICIT | 1 << 33, -EINVAL },
	{ "size 0",                         0,     EXPLICIT,           -EINVAL },
	{ "a negative size",                -4096, EXPLICIT,           -EINVAL },
	{ "part of a page",                 4097,  EXPLICIT,           -EINVAL },
}, function(sim, case)
	local vm = machine(sim)
	local fd = vm:create_guest_memfd{ size = case[2], flags = case[3] }
	if case[4] == 0 then
		expect(fd):ok()
	else
		expect(fd):eq(case[4])
	end
end)

cases("explicit guest_memfd: what the file refuses", options, {
	{ "mode 0",                { mode = 0, offset = 0, length = "4K" },                       -EOPNOTSUPP },
	{ "a hole that changes the size", { mode = FALLOC_FL_PUNCH_HOLE, offset = 0, length = "4K" }, -EOPNOTSUPP },
	{ "another mode",          { mode = FALLOC_FL_ZERO_RANGE, offset = 0, length = "4K" },    -EOPNOTSUPP },
	{ "another mode with KEEP_SIZE", { mode = KEEP | FALLOC_FL_ZERO_RANGE, offset = 0, length = "4K" }, -EOPNOTSUPP },
	{ "an unknown mode before an unaligned offset", { mode = 0, offset = 1, length = "4K" },  -EOPNOTSUPP },
	{ "an unaligned offset",   { mode = KEEP, offset = 1, length = "4K" },                    -EINVAL },
	{ "an unaligned length",   { mode = KEEP, offset = 0, length = 1 },                       -EINVAL },
	{ "behind its end",        { mode = KEEP, offset = "1M", length = "4K" },                 -EINVAL },
	{ "partly behind its end", { mode = KEEP, offset = "1020K", length = "8K" },              -EINVAL },
	{ "a negative offset",     { mode = KEEP, offset = -4096, length = "4K" },                -EINVAL },
	{ "length 0",              { mode = KEEP, offset = 0, length = 0 },                       -EINVAL },
	{ "an unaligned hole",     { mode = HOLE, offset = 1, length = "4K" },                    -EINVAL },
	{ "a hole of part of a page", { mode = HOLE, offset = 0, length = 1 },                    -EINVAL },
	{ "nothing: a hole behind its end", { mode = HOLE, offset = "1M", length = "4K" },        0 },
	{ "nothing: all of it",    { mode = KEEP, offset = 0, length = "1M" },                    0 },
}, function(sim, case)
	local vm = machine(sim)
	local fd = vm:create_guest_memfd{ size = "1M", flags = EXPLICIT }
	expect(fd:fallocate(case[2])):eq(case[3])
	expect(fd:read(8)):eq(-EINVAL)
	expect(fd:write("x")):eq(-EINVAL)
	expect(fd:ftruncate(0)):eq(-EINVAL)
	expect(fd:ftruncate("2M")):eq(-EINVAL)
end)

scenario("explicit guest_memfd: it cannot be mapped", options, function(sim)
	local vm, _, vmm = machine(sim)
	local fd = vm:create_guest_memfd{ size = "1M", flags = EXPLICIT }
	expect(vmm:mmap{ length = "1M", file = fd }):eq(-ENODEV)
end)

-- --- the region --------------------------------------------------------------------------------------------

-- Slot 0 is at 0 and has the first MiB of the file.
local function with_slot(sim)
	local vm, ram, vmm = machine(sim)
	local fd = vm:create_guest_memfd{ size = "4M", flags = EXPLICIT }
	expect(vm:set_user_memory_region_ext{ slot = 0, flags = PRIVATE, memory_size = "1M", userspace_addr = ram,
		private_fd = fd }):eq(0)
	return vm, ram, vmm, fd
end

cases("KVM_MEM_PRIVATE: what a region may be", options, {
	{ "the second MiB of the file",   {},                                                        0 },
	{ "to the end of the file",       { private_offset = "3M" },                                 0 },
	{ "padding that is not 0",        { padding = 1 },                                           -EINVAL },
	{ "an unknown flag",              { flags = PRIVATE | 8 },                                   -EINVAL },
	{ "KVM's own flag",               { flags = PRIVATE | 1 << 16 },                             -EINVAL },
	{ "dirty logging",                { flags = PRIVATE | KVM_MEM_LOG_DIRTY_PAGES },             -EINVAL },
	{ "read-only",                    { flags = PRIVATE | KVM_MEM_READONLY },                    -EINVAL },
	{ "a size that is no page's",     { memory_size = 4095 },                                    -EINVAL },
	{ "an odd guest address",         { guest_phys_addr = 0x200800 },                            -EINVAL },
	{ "an odd user address",          { userspace_addr = 0x800 },                                -EINVAL },
	{ "a user address of the kernel", { userspace_addr = 0xffff888000000000 },                   -EINVAL },
	{ "an odd offset",                { private_offset = 0x100800 },                             -EINVAL },
	{ "an offset that wraps",         { private_offset = -4096 },                                -EINVAL },
	{ "the second address space",     { as_id = 1 },                                             -EINVAL },
	{ "slot 32764",                   { slot = 32764 },                                          -EINVAL },
	{ "a guest address that wraps",   { guest_phys_addr = -4096 },                               -EINVAL },
	{ "slot 0 once more",             { slot = 0, guest_phys_addr = 0, private_offset = 0 },     -EINVAL },
	{ "slot 0 as an ordinary one",    { slot = 0, guest_phys_addr = 0, flags = 0 },              -EINVAL },
	{ "slot 0 elsewhere",             { slot = 0, guest_phys_addr = "8M", flags = 0 },           -EINVAL },
	{ "the guest range of slot 0",    { guest_phys_addr = "1020K" },                             -EEXIST },
	{ "an fd that is not open",       { private_fd = 999 },                                      -EBADF },
	{ "an fd that is negative",       { private_fd = -1 },                               -EBADF },
	{ "past the end of the file",     { private_offset = "4M" },                                 -EINVAL },
	{ "partly past its end",          { private_offset = "3076K" },                              -EINVAL },
	-- -EEXIST since 7.2, like a guest range
	{ "a range that slot 0 has",      { private_offset = 0 },          -EINVAL, since_7_2 = -EEXIST },
	{ "a range that slot 0 has in part", { private_offset = "1020K" }, -EINVAL, since_7_2 = -EEXIST },
	-- in the order of the checks: the left one answers
	{ "flags before a taken guest range", { flags = PRIVATE | KVM_MEM_READONLY, guest_phys_addr = 0 },  -EINVAL },
	{ "padding before a taken guest range", { padding = 1, guest_phys_addr = 0 },                       -EINVAL },
	{ "the offset before a taken guest range", { private_offset = 1, guest_phys_addr = 0 },             -EINVAL },
	{ "the guest range before the fd", { guest_phys_addr = 0, private_fd = 999 },                       -EEXIST },
	{ "the guest range before a taken file range", { guest_phys_addr = 0, private_offset = 0 },         -EEXIST },
	{ "the fd before the end of the file", { private_fd = 999, private_offset = "4M" },                 -EBADF },
}, function(sim, case)
	local vm, ram, _, fd = with_slot(sim)
	local before = sim.inspect:slots(vm)
	local r = { slot = 1, flags = PRIVATE, guest_phys_addr = "2M", memory_size = "1M", userspace_addr = ram.addr,
		private_fd = fd, private_offset = "1M" }
	for k, v in pairs(case[2]) do
		r[k] = v
	end
	expect(vm:set_user_memory_region_ext(r)):eq(case.since_7_2 and sim:kernel_since("7.2") and case.since_7_2 or case[3])
	expect(#sim.inspect:slots(vm)):eq(#before + (case[3] == 0 and 1 or 0))
	-- nothing of a failed call remains
	if case[3] ~= 0 then
		expect(vm:set_user_memory_region_ext{ slot = 1, flags = PRIVATE, guest_phys_addr = "2M", memory_size = "3M",
			userspace_addr = ram.addr, private_fd = fd, private_offset = "1M" }):eq(0)
	end
end)

cases("KVM_MEM_PRIVATE: whose file it may be", options, {
	{ "an explicit one",            function(vm) return vm:create_guest_memfd{ size = "1M", flags = EXPLICIT } end, 0 },
	{ "an ordinary one",            function(vm) return vm:create_guest_memfd{ size = "1M" } end,             -EINVAL },
	{ "another VM's", function(_, vmm)
		local other = vmm:open_kvm():create_vm()
		expect(enable(other)):eq(0)
		return other:create_guest_memfd{ size = "1M", flags = EXPLICIT }
	end, -EINVAL },
	{ "shared memory",              function(_, vmm) return vmm:shmem("1M") end,                              -EINVAL },
	{ "an eventfd",                 function(_, vmm) return vmm:eventfd(0) end,                               -EINVAL },
	{ "the VM",                     function(vm) return vm end,                                               -EINVAL },
}, function(sim, case)
	local vm, ram, vmm = machine(sim)
	local file = case[2](vm, vmm)
	expect(vm:set_user_memory_region_ext{ slot = 0, flags = PRIVATE, memory_size = "1M", userspace_addr = ram,
		private_fd = file.fd }):eq(case[3])
end)

-- The rest of the struct begins behind the 32 bytes of the plain one.
local REGION_EXT <const> = "<I4I4I8I8I8I8I4I4I4I4I4I4"

cases("KVM_MEM_PRIVATE: how much the kernel reads", options, {
	-- bytes that can be read, flags, answer
	{ "nothing is there",                          0,  0,           -EFAULT },
	{ "the plain struct",                          32, 0,           0 },
	{ "the plain struct, the flag wants more",     32, PRIVATE,     -EFAULT },
	{ "all but the last byte",                     63, PRIVATE,     -EFAULT },
	{ "all of it",                                 64, PRIVATE,     0 },
	{ "the flags only",                            8,  PRIVATE,     -EFAULT },
	{ "less, before it looks at bad flags",        32, PRIVATE | 8, -EFAULT },
}, function(sim, case)
	local vm, ram, vmm = machine(sim)
	local fd = vm:create_guest_memfd{ size = "1M", flags = EXPLICIT }
	local page = vmm:mmap{ length = "8K" }
	expect(page:munmap("4K", "4K")):eq(0)
	local bytes = REGION_EXT:pack(0, case[3], 0, 1 << 20, ram.addr, 0, fd.fd, 0, 0, 0, 0, 0)
	if case[2] > 0 then
		expect(page:write(4096 - case[2], bytes:sub(1, case[2]))):eq(0)
	end
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, page.addr + 4096 - case[2])):eq(case[4])
end)

-- The slot number is in a page that is missing, the flags are in the next one. The kernel reads the flags, then all of
-- it from the begin, and waits there: then the flags change.
cases("KVM_MEM_PRIVATE: the flag changes between the two reads", options, {
	{ "it goes away",       PRIVATE, 0,           -EINVAL },
	{ "it comes",           0,       PRIVATE,     -EINVAL },
	{ "it stays",           PRIVATE, PRIVATE,     0 },
	{ "it never was there", 0,       0,           0 },
}, function(sim, case)
	local vm, ram, vmm = machine(sim)
	local fd = vm:create_guest_memfd{ size = "1M", flags = EXPLICIT }
	local function bytes(flags)
		return REGION_EXT:pack(0, flags, 0, 1 << 20, ram.addr, 0, fd.fd, 0, 0, 0, 0, 0)
	end
	local page = vmm:mmap{ length = "8K", huge = false }
	expect(page:write(4096, bytes(case[2]):sub(5))):eq(0)
	local uffd = vmm:userfaultfd()
	expect(uffd:register(page, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("ioctl", function()
		expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, page.addr + 4092)):eq(case[4])
	end)
	sim:thread("change", function()
		expect(uffd:read()):fields{ address = page.addr }
		expect(page:write(4096, bytes(case[3]):sub(5))):eq(0)
		expect(uffd:copy(page, 0, ("\0"):rep(4092) .. bytes(0):sub(1, 4))):eq(4096)
	end)
	sim:join{ seconds = 20 }
end)

scenario("KVM_MEM_PRIVATE: deletion takes no flag, and needs no file", options, function(sim)
	local vm, ram, _, fd = with_slot(sim)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(-EINVAL)
	local r = { slot = 0, flags = PRIVATE, memory_size = "1M", userspace_addr = ram, private_fd = fd }
	expect(vm:set_user_memory_region_ext(r)):eq(0)
	r.memory_size, r.private_fd = 0, 999
	expect(vm:set_user_memory_region_ext(r)):eq(0)
	expect(sim.inspect:slots(vm)):eq{}
end)

-- --- the other interface, and old user space ------------------------------------------------------------------

scenario("KVM_CAP_MEM_PRIVATE: the other interface is closed, except for shared memory", options, function(sim)
	local vm, ram, _, fd = with_slot(sim)
	local ordinary = vm:create_guest_memfd{ size = "1M" }
	for _, file in ipairs{ fd, ordinary } do
		expect(vm:set_user_memory_region2{ slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = "2M",
			memory_size = "1M", userspace_addr = ram, guest_memfd = file, guest_memfd_offset = 0 }):eq(-EINVAL)
	end
	expect(vm:set_memory_attributes{ address = 0, size = "4K", attributes = ATTRIBUTE }):eq(-EINVAL)
	expect(vm:set_memory_attributes{ address = 0, size = "4K", attributes = 0 }):eq(0)
	expect(vm:set_user_memory_region2{ slot = 1, guest_phys_addr = "2M", memory_size = "1M",
		userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region2{ slot = 1, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = "2M",
		memory_size = "1M", userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region2{ slot = 0, memory_size = 0 }):eq(0)
end)

-- SET_MEMORY_ATTRIBUTES with 0 is a no-op. It must not make shared what the file has.
scenario("KVM_CAP_MEM_PRIVATE: the attribute cannot be taken away either", options, function(sim)
	local vm, ram, _, fd = with_slot(sim)
	local vcpu = vm:create_vcpu()
	expect(fd:fallocate{ mode = KEEP, offset = 0, length = "64K" }):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = "64K", attributes = 0 }):eq(-EINVAL)
	expect(vcpu:write(0x1000, "guest")):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_ERROR }
	expect(ram:read(0x1000, 5)):eq(("\0"):rep(5))
end)

cases("without KVM_CAP_MEM_PRIVATE nothing changes", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_MEM_PRIVATE", "KVM_CAP_GUEST_MEMFD" },
}, {
	{ "a VM of the default type", KVM_X86_DEFAULT_VM },
	{ "a software-protected VM",  KVM_X86_SW_PROTECTED_VM },
}, function(sim, case)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = case[2] }
	local protected = case[2] == KVM_X86_SW_PROTECTED_VM
	local ram = vmm:mmap{ length = "1M", huge = false }
	local valid = sim:kernel_since("6.18") and vm:check_extension(KVM_CAP_GUEST_MEMFD_FLAGS) or 0
	for bit = 0, 63 do
		if valid & 1 << bit == 0 then
			expect(vm:create_guest_memfd{ size = "4K", flags = 1 << bit }):eq(-EINVAL)
		end
	end
	-- the plain struct is read, and no more
	local page = vmm:mmap{ length = "8K" }
	expect(page:munmap("4K", "4K")):eq(0)
	for bit = 0, 31 do
		expect(page:write(4064, REGION_EXT:pack(9, 1 << bit, 0x10000000, 4096, ram.addr, 0, 0, 0, 0, 0, 0, 0)
			:sub(1, 32))):eq(0)
		expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, page.addr + 4064)):eq(bit < 2 and 0 or -EINVAL)
		if bit < 2 then
			expect(vm:set_user_memory_region{ slot = 9, memory_size = 0 }):eq(0)
		end
	end
	-- what lies behind it is not looked at
	expect(vm:set_user_memory_region_ext{ slot = 0, memory_size = "1M", userspace_addr = ram, private_fd = 999,
		private_offset = 1, padding = 0xffffffff }):eq(0)
	expect(vm:check_extension(KVM_CAP_MULTI_ADDRESS_SPACE)):eq(protected and 1 or 2)
	expect(vm:check_extension(KVM_CAP_MEMORY_ATTRIBUTES)):eq(protected and ATTRIBUTE or 0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "guest")):is_true()
	if protected then
		expect(vm:set_memory_attributes{ address = 0, size = "4K", attributes = ATTRIBUTE }):eq(0)
		expect(vcpu:read(0, 1)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
			memory_fault = { flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = 0, size = 4096 } }
	end
end)
