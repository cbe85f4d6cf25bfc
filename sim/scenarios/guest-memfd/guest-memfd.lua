-- SPDX-License-Identifier: GPL-2.0-only
-- guest_memfd and memory attributes, on a VM of type KVM_X86_SW_PROTECTED_VM (needs EPT or NPT).

local mmu = { "ept", "npt" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local fd = vm:create_guest_memfd{ size = "4M" }
	expect(fd):ok()
	expect(vm:set_user_memory_region2{
		slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "2M",
			userspace_addr = ram.addr,
		guest_memfd = fd, guest_memfd_offset = "1M",
	}):eq(0)
	local function make_private(gpa, size)
		return vm:set_memory_attributes{ address = gpa, size = size, attributes = PRIVATE }
	end
	return vm, fd, ram, vm:create_vcpu(), make_private
end

local function options(covers)
	return { arch = "x86_64", mmu = mmu, needs = "KVM_CAP_GUEST_MEMFD", covers = covers }
end

scenario("guest_memfd: its number may be 0", options(), function(sim)
	local kvm = sim:process():open_kvm()
	local vm = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	expect(kvm.fd):eq(0)
	expect(kvm:close()):eq(0)
	local fd = vm:create_guest_memfd{ size = "4M" }
	expect(fd.fd):eq(0)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = "64K" }):eq(0)
end)

scenario("guest_memfd: private memory is not the VMM's memory", options("docs/rules.md P3"), function(sim)
	local vm, _, ram, vcpu, make_private = guest(sim)
	expect(vcpu:write(0x1000, "shared")):is_true()
	expect(ram:read(0x1000, 6)):eq("shared")

	expect(make_private(0, "64K")):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(false)
	expect(vcpu:read(0x1000, 6)):eq(("\0"):rep(6))
	expect(vcpu:write(0x1000, "secret")):is_true()
	expect(ram:read(0x1000, 6)):eq("shared")
	expect(vcpu:read(0x1000, 6)):eq("secret")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true, level = 1 }

	expect(vm:set_memory_attributes{ address = 0, size = "64K", attributes = 0 }):eq(0)
	expect(vcpu:read(0x1000, 6)):eq("shared")
	expect(make_private(0, "64K")):eq(0)
	expect(vcpu:read(0x1000, 6)):eq("secret")
end)

scenario("guest_memfd: punching a hole frees the page, the next access gets zeroes", options("docs/rules.md P1"),
	function(sim)
	local vm, fd, _, vcpu, make_private = guest(sim)
	expect(make_private(0, "2M")):eq(0)
	expect(vcpu:write(0x1000, "secret")):is_true()
	expect(vcpu:write(0x2000, "stays")):is_true()
	expect(fd:punch_hole(0x101000, "4K")):eq(0)	-- offset 1M of the file is guest frame 0
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(false)
	expect(sim.inspect:mapping(vm, 0x2000).present):eq(true)
	expect(vcpu:read(0x1000, 6)):eq(("\0"):rep(6))
	expect(vcpu:read(0x2000, 5)):eq("stays")
end)

scenario("guest_memfd: a hole outside the binding touches nothing", options(), function(sim)
	local vm, fd, _, vcpu, make_private = guest(sim)
	expect(make_private(0, "2M")):eq(0)
	expect(vcpu:write(0x1000, "secret")):is_true()
	expect(fd:punch_hole(0, "1M")):eq(0)
	expect(fd:punch_hole("3M", "1M")):eq(0)
	expect(fd:punch_hole("4M", "1M")):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):eq(true)
end)

scenario("guest_memfd: memory allocated ahead is used", options(), function(sim)
	local _, fd, _, vcpu, make_private = guest(sim)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "1M", length = "64K" }):eq(0)
	expect(make_private(0, "64K")):eq(0)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(vcpu:read(0x3000, 1)):eq("x")
end)

scenario("guest_memfd: closing the file removes the mappings, the access exits with MEMORY_FAULT",
	options("docs/rules.md P1, P4"),
	function(sim)
		local vm, fd, _, vcpu, make_private = guest(sim)
		expect(make_private(0, "2M")):eq(0)
		expect(vcpu:write(0x1000, "secret")):is_true()
		expect(fd:close()):eq(0)
		expect(sim.inspect:mapping(vm, 0x1000).present):eq(false)
		local exit = vcpu:read(0x1000, 1)
		expect(exit):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT }
		expect(exit.memory_fault):fields{ flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = 0x1000, size = 4096 }
		expect(vm:set_user_memory_region2{ slot = 0, memory_size = 0 }):eq(0)
	end)

scenario("private memory without a slot exits with MEMORY_FAULT", options("docs/rules.md P4"), function(sim)
	local _, _, _, vcpu, make_private = guest(sim)
	expect(make_private("8M", "64K")):eq(0)
	local exit = vcpu:read(0x801000, 4)
	expect(exit):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT }
	expect(exit.memory_fault):fields{ flags = KVM_MEMORY_EXIT_FLAG_PRIVATE, gpa = 0x801000, size = 4096 }
	expect(vcpu:read(0x900000, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
end)

scenario("private memory in a slot without guest_memfd exits with MEMORY_FAULT, shared memory works", options(),
	function(sim)
	local vm, _, ram, vcpu, make_private = guest(sim)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "1M",
		userspace_addr = ram.addr + 0x200000 })
		:eq(0)
	expect(make_private("4M", "4K")):eq(0)
	expect(vcpu:write(0x400000, "again")):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT }
	expect(vm:set_memory_attributes{ address = "4M", size = "4K", attributes = 0 }):eq(0)
	expect(vcpu:run()):is_true()
	expect(ram:read(0x200000, 5)):eq("again")
end)

cases("KVM_CREATE_GUEST_MEMFD refuses", options("docs/rules.md P1"), {
	{ "size 0",             { size = 0 },                  -EINVAL },
	{ "a negative size",    { size = -4096 },              -EINVAL },
	{ "part of a page",     { size = 4095 },               -EINVAL },
	{ "flags",              { size = "4K", flags = 1 << 63 }, -EINVAL },
}, function(sim, case)
	local vm = guest(sim)
	expect(vm:create_guest_memfd(case[2])):eq(case[3])
end)

cases("guest_memfd fallocate refuses", options("docs/rules.md P1"), {
	{ "without KEEP_SIZE", { offset = 0, length = "4K" }, -EOPNOTSUPP },
	{ "another mode", { mode = FALLOC_FL_ZERO_RANGE, offset = 0, length = "4K" }, -EOPNOTSUPP },
	{ "an unaligned offset", { mode = FALLOC_FL_KEEP_SIZE, offset = 1, length = "4K" }, -EINVAL },
	{ "an unaligned length", { mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = 100 }, -EINVAL },
	{ "beyond the end", { mode = FALLOC_FL_KEEP_SIZE, offset = "4M", length = "4K" }, -EINVAL },
	{ "a negative offset", { mode = FALLOC_FL_KEEP_SIZE, offset = -4096, length = "4K" }, -EINVAL },
	{ "length 0", { mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = 0 }, -EINVAL },
	{ "an unaligned hole", { mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset = 5, length = "4K" },
		-EINVAL },
}, function(sim, case)
	local _, fd = guest(sim)
	expect(fd:fallocate(case[2])):eq(case[3])
end)

-- The third column is the answer up to 7.1. Since then a binding that is taken is -EEXIST, like a guest range
-- (kvm_gmem_commit_memory_region(), virt/kvm/guest_memfd.c).
cases("KVM_SET_USER_MEMORY_REGION2 with guest_memfd refuses", options("docs/rules.md P2"), {
	{ "dirty logging",            { flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_LOG_DIRTY_PAGES },             -EINVAL },
	{ "read-only",                { flags = KVM_MEM_GUEST_MEMFD | KVM_MEM_READONLY },                    -EINVAL },
	{ "an unaligned user address", { userspace_addr = 1 },                                               -EINVAL },
	{ "a user address in the kernel", { userspace_addr = 0xffff888000000000 },                           -EINVAL },
	{ "an unaligned offset",      { guest_memfd_offset = 1 },                                            -EINVAL },
	{ "an offset that wraps",     { guest_memfd_offset = 0xfffffffffffff000 },                           -EINVAL },
	{ "an overlap, before it looks at the fd", { guest_phys_addr = 0, guest_memfd = 999 },               -EEXIST },
	{ "an fd that is not open",   { guest_memfd = 999 },                                                 -EBADF },
	{ "a range past the file",    { guest_memfd_offset = "4M" },                                         -EINVAL },
	{ "a range that is bound",    { guest_memfd_offset = "1M" },                 -EINVAL, since_7_2 = -EEXIST },
	{ "an existing slot again",   { slot = 0, guest_phys_addr = 0, memory_size = "2M" },                 -EINVAL },
	{ "the second address space", { slot = 1 | 1 << 16 },                                                -EINVAL },
}, function(sim, case)
	local vm, fd, ram = guest(sim)
	local r = {
		slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = "4M", memory_size = "64K",
			userspace_addr = ram.addr + 0x200000,
		guest_memfd = fd, guest_memfd_offset = 0,
	}
	for k, v in pairs(case[2]) do
		r[k] = v
	end
	expect(vm:set_user_memory_region2(r)):eq(sim:kernel_since("7.2") and case.since_7_2 or case[3])
end)

scenario("guest_memfd: a file of another kind, or of another VM, cannot be bound", options("docs/rules.md P2"),
	function(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	local vm, other = kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM },
		kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local ram = vmm:mmap{ length = "64K" }
	local r = { slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "64K",
		userspace_addr = ram.addr }
	r.guest_memfd = other:create_guest_memfd{ size = "64K" }
	expect(vm:set_user_memory_region2(r)):eq(-EINVAL)
	r.guest_memfd = vmm:shmem("64K")
	expect(vm:set_user_memory_region2(r)):eq(-EINVAL)
	r.guest_memfd = vm:create_guest_memfd{ size = "64K" }
	expect(vm:set_user_memory_region2(r)):eq(0)
end)

scenario("guest_memfd: the plain ioctl cannot change such a slot, deleting works", options(), function(sim)
	local vm, _, ram = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(-EINVAL)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
end)

cases("KVM_SET_MEMORY_ATTRIBUTES", options("docs/rules.md P3"), {
	{ "takes private",             { address = 0, size = "4K", attributes = PRIVATE },                  0 },
	{ "takes the same again",      { address = 0, size = "4K", attributes = 0 },                        0 },
	{ "refuses flags",             { address = 0, size = "4K", attributes = 0, flags = 1 },             -EINVAL },
	{ "refuses another attribute", { address = 0, size = "4K", attributes = 1 },                        -EINVAL },
	{ "refuses size 0",            { address = 0, size = 0, attributes = PRIVATE },                     -EINVAL },
	{ "refuses a wrap",            { address = 0xfffffffffffff000, size = "8K", attributes = PRIVATE }, -EINVAL },
	{ "refuses part of a page",    { address = 0, size = 100, attributes = PRIVATE },                   -EINVAL },
	{ "refuses an odd address",    { address = 100, size = "4K", attributes = PRIVATE },                -EINVAL },
}, function(sim, case)
	local vm = guest(sim)
	expect(vm:set_memory_attributes(case[2])):eq(case[3])
end)

scenario("an ordinary VM refuses private memory", options(), function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:set_memory_attributes{ address = 0, size = "4K", attributes = PRIVATE }):eq(-EINVAL)
	expect(vm:set_memory_attributes{ address = 0, size = "4K", attributes = 0 }):eq(0)
end)

scenario("shadow paging has no VM with private memory",
	{ arch = "x86_64", mmu = "shadow", needs = "KVM_CAP_GUEST_MEMFD" }, function(sim)
	expect(sim:process():open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }):eq(-EINVAL)
end)

-- A fault must not map a page again between the invalidation and the hole.
scenario("guest_memfd: holes under two vCPUs", {
	arch = "x86_64", mmu = mmu, needs = "KVM_CAP_GUEST_MEMFD", check = "end", timeout = 60,
}, function(sim)
	local vm, fd, _, first, make_private = guest(sim)
	local writes, holes = { 0, 0 }, 0
	expect(make_private(0, "1M")):eq(0)
	for i, vcpu in ipairs{ first, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				expect(vcpu:workload{ op = "write", range = { 0, "1M" }, stride = "4K" }):eq(256)
				writes[i] = writes[i] + 1
			end
		end)
	end
	sim:thread("holes", function()
		while not sim:stopping() do
			expect(fd:punch_hole("1M", "1M")):eq(0)
			holes = holes + 1
			-- The vCPUs use what they have mapped meanwhile.
			local first_seen, second_seen = writes[1], writes[2]
			while not sim:stopping() and (writes[1] < first_seen + 2 or writes[2] < second_seen + 2) do end
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return holes > 3 end }
end)
