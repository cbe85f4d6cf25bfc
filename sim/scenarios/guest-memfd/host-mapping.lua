-- SPDX-License-Identifier: GPL-2.0-only
-- guest_memfd that the VMM maps (GUEST_MEMFD_FLAG_MMAP): the VMM and the guest share its pages.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	covers = "docs/rules.md P5",
}
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	covers = "docs/rules.md P5" }
local tdp = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	covers = "docs/rules.md P5" }
local PAGE <const> = 4096
local ZEROES <const> = ("\0"):rep(5)
local SHARED <const> = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE

-- A plain VM with 2M of shared guest_memfd at 0, which the VMM maps: what api.rst 4.142 and guest_memfd_test.c call the
-- usual case. The flags and the slot's user address may differ.
local function guest(sim, arguments)
	arguments = arguments or {}
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = arguments.type or 0 }
	local fd = vm:create_guest_memfd{ size = "2M", flags = arguments.flags or SHARED }
	expect(fd):ok()
	local ram = vmm:mmap{ length = "2M", file = fd }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "2M", userspace_addr = arguments.userspace_addr or ram.addr,
		guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	return vm:create_vcpu(), ram, vm, vmm, fd
end

local function sigbus(vmm, addr)
	expect(vmm:take_signal()):eq{ signo = SIGBUS, code = BUS_ADRERR, addr = addr }
	expect(vmm:take_signal()):is_nil()
end

scenario("a mapped guest_memfd: the VMM and the guest see one page", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:write(0x1000, "hello")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("hello")
	expect(vcpu:write(0x2000, "world")):is_true()
	expect(ram:read(0x2000, 5)):eq("world")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, level = 1, page = ram:page(1) }
	expect(sim.inspect:mapping(vm, 0x2000)):fields{ writable = true, page = ram:page(2) }
	expect(ram:read(0x3000, 5)):eq(ZEROES)
end)

-- The guest's memory does not come from the VMM's mapping: its rights and its end mean nothing to the guest.
scenario("a mapped guest_memfd: the guest needs no mapping of the VMM's", options, function(sim)
	local vcpu, ram, _, vmm, fd = guest(sim)
	expect(ram:write(0x1000, "hello")):eq(0)
	expect(ram:mprotect(0, "2M", "none")):eq(0)
	expect(vcpu:write(0x2000, "world")):is_true()
	expect(ram:munmap()):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("hello")
	expect(vcpu:write(0x3000, "later")):is_true()
	local again = vmm:mmap{ length = "1M", file = fd, offset = 0x2000 }
	expect(again:read(0, 5)):eq("world")
	expect(again:read(0x1000, 5)):eq("later")
end)

scenario("a mapped guest_memfd: the slot may have no user address", options, function(sim)
	local vcpu, ram = guest(sim, { userspace_addr = 0 })
	expect(ram:write(0x1000, "hello")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("hello")
	expect(vcpu:write(0x1000, "world")):is_true()
	expect(ram:read(0x1000, 5)):eq("world")
end)

-- A slot whose user address is not a mapping of its file. KVM does not compare the two.
local function elsewhere(sim)
	local vmm = sim:process()
	local other = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	local fd = vm:create_guest_memfd{ size = "2M", flags = SHARED }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "2M", userspace_addr = other.addr, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	return vm:create_vcpu(), vmm:mmap{ length = "2M", file = fd }, other
end

-- kvm_write_guest() goes through userspace_addr, even if all the guest's accesses go to the file.
scenario("a mapped guest_memfd: KVM's own accesses go to the slot's user address", x86, function(sim)
	local MSR_KVM_WALL_CLOCK_NEW <const> = 0x4b564d00
	local vcpu, ram, other = elsewhere(sim)
	expect(vcpu:set_msr(MSR_KVM_WALL_CLOCK_NEW, 0x1000)):eq(1)
	expect(vcpu:read(0x1000, 4)):eq(ZEROES:sub(1, 4))
	expect(other:read(0x1000, 4)):eq("\2\0\0\0")		-- the version
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(other:read(0x1000, 4)):eq("\2\0\0\0")
	expect(ram:read(0x1000, 5)):eq("guest")
end)

-- A fault takes its page from the file. kvm_mmu_prefetch_sptes() takes the pages around from the user address. It does
-- not know such slots (docs/findings.md), until the series for private memory. The TDP MMU prefetches nothing.
scenario("a mapped guest_memfd: with shadow paging, KVM prefetches from the slot's user address", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	check = "end",
}, function(sim)
	local vcpu, ram, other = elsewhere(sim)
	expect(ram:write(0, "file ")):eq(0)
	expect(other:write(0, "other")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq(ZEROES)
	-- the series for private memory has a fix
	if sim.mmu == "shadow" and not sim:kernel_has("KVM_MEM_PRIVATE") then
		sim:expect_report{ kind = "check:guest-mappings", match = "shadow table maps gfn 0 to pfn" }
		sim:check()
		expect(vcpu:read(0, 5)):eq("other")
		expect(other:madvise(0, "2M", MADV_DONTNEED)):eq(0)
	end
	expect(vcpu:read(0, 5)):eq("file ")
end)

scenario("a mapped guest_memfd: a hole empties the page for both", options, function(sim)
	local vcpu, ram, vm, _, fd = guest(sim)
	for page = 1, 3 do
		expect(vcpu:write(page * PAGE, "guest")):is_true()
		expect(ram:read(page * PAGE, 5)):eq("guest")
	end
	expect(fd:punch_hole(0x2000, "4K")):eq(0)
	expect(sim.inspect:mapping(vm, 0x2000).present):is_false()
	expect(ram:page(2).mapped):is_false()
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
	expect(ram:page(3).mapped):is_true()
	expect(vcpu:read(0x2000, 5)):eq(ZEROES)
	expect(ram:read(0x2000, 5)):eq(ZEROES)
	expect(ram:read(0x1000, 5)):eq("guest")
	expect(vcpu:read(0x3000, 5)):eq("guest")
end)

scenario("a mapped guest_memfd: memory allocated ahead is mapped as it is", options, function(sim)
	local vcpu, ram, _, _, fd = guest(sim)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = "64K" }):eq(0)
	expect(ram:page(1).mapped):is_false()
	expect(ram:read(0x1000, 5)):eq(ZEROES)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:read(0x1000, 5)):eq("guest")
end)

scenario("a mapped guest_memfd: the mapping keeps the file, closing both ends the guest's", options, function(sim)
	local vcpu, ram, vm, _, fd = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(fd:close()):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(vcpu:write(0x2000, "still")):is_true()
	expect(ram:read(0x2000, 5)):eq("still")
	expect(ram:munmap()):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(vcpu:read(0x1000, 5)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
		memory_fault = { flags = 0, gpa = 0x1000, size = PAGE } }
end)

scenario("a mapped guest_memfd: it outlives the VM's files", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	vcpu:close()
	vm:close()
	expect(ram:read(0x1000, 5)):eq("guest")
	expect(ram:write(0x5000, "alive")):eq(0)
end)

scenario("a mapped guest_memfd: the slot's deletion leaves the VMM its memory", options, function(sim)
	local vcpu, ram, vm, _, fd = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(vm:set_user_memory_region2{ slot = 0, memory_size = 0 }):eq(0)
	expect(vcpu:read(0x1000, 5)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	expect(vcpu:abandon()):eq(0)
	expect(ram:read(0x1000, 5)):eq("guest")
	expect(vm:set_user_memory_region2{ slot = 3, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = "4M",
		memory_size = "1M", userspace_addr = ram.addr, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	expect(vcpu:read(0x401000, 5)):eq("guest")
end)

cases("mmap of a guest_memfd", options, {
	-- flags of the file, arguments of mmap, the answer
	{ "without the flag",       0,                     {},                                       -ENODEV },
	{ "without the flag, private", 0,                  { flags = MAP_PRIVATE },                  -ENODEV },
	{ "private",                SHARED,                { flags = MAP_PRIVATE },                  -EINVAL },
	{ "private, only to read",  SHARED,                { flags = MAP_PRIVATE, prot = "r" },      -EINVAL },
	{ "executable",             SHARED,                { prot = "rwx" },                         -EPERM },
	{ "to read",                SHARED,                { prot = "r" },                           0 },
	{ "more than the file",     SHARED,                { length = "8M" },                        0 },
	{ "behind the file",        SHARED,                { offset = "4M" },                        0 },
	{ "of private memory",      GUEST_MEMFD_FLAG_MMAP, {},                                       0 },
	{ "of private memory, to populate it", GUEST_MEMFD_FLAG_MMAP, { flags = MAP_SHARED | MAP_POPULATE }, 0 },
	{ "to populate it",         SHARED,                { flags = MAP_SHARED | MAP_POPULATE },    0 },
}, function(sim, case)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local fd = vm:create_guest_memfd{ size = "2M", flags = case[2] }
	expect(fd):ok()
	local arguments = { length = "2M", file = fd }
	for k, v in pairs(case[3]) do
		arguments[k] = v
	end
	local ram = vmm:mmap(arguments)
	if case[4] ~= 0 then
		expect(ram):eq(case[4])
	else
		expect(ram):ok()
		expect(ram:page(1).mapped):eq(case[1] == "to populate it")
	end
end)

scenario("a mapped guest_memfd: SIGBUS behind its end", options, function(sim)
	local vmm = sim:process()
	local fd = vmm:open_kvm():create_vm():create_guest_memfd{ size = "8K", flags = SHARED }
	local ram = vmm:mmap{ length = "16K", file = fd }
	expect(ram:write(0x1000, "inside")):eq(0)
	expect(vmm:take_signal()):is_nil()
	expect(ram:read(0x2000, 1)):eq(-EFAULT)
	sigbus(vmm, ram.addr + 0x2000)
	expect(ram:write(0x3fff, "x")):eq(-EFAULT)
	sigbus(vmm, ram.addr + 0x3fff)
	expect(ram:read(0x1000, 6)):eq("inside")
end)

scenario("a mapped guest_memfd: private memory is SIGBUS for the VMM, memory for the guest", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, { flags = GUEST_MEMFD_FLAG_MMAP })
	expect(ram:read(0x1000, 5)):eq(-EFAULT)
	sigbus(vmm, ram.addr + 0x1000)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(ram:write(0x1000, "x")):eq(-EFAULT)
	sigbus(vmm, ram.addr + 0x1000)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true }
end)

-- A guest's fault is served from such a file "regardless of whether it is a shared or a private fault" (api.rst 4.142).
scenario("a mapped guest_memfd: with memory attributes, shared and private are one page", tdp, function(sim)
	local vcpu, _, vm = guest(sim, { type = KVM_X86_SW_PROTECTED_VM, flags = GUEST_MEMFD_FLAG_MMAP })
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(vm:set_memory_attributes{ address = 0x1000, size = "4K", attributes = PRIVATE }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(vcpu:write(0x1000, "again")):is_true()
	expect(vm:set_memory_attributes{ address = 0x1000, size = "4K", attributes = 0 }):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("again")
end)

scenario("a mapped guest_memfd: a child of the VMM shares it", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(ram:write(0x1000, "hello")):eq(0)
	local child = vmm:fork()
	expect(child:view(ram):read(0x1000, 5)):eq("hello")
	expect(child:view(ram):write(0x1000, "child")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("child")
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(child:view(ram):read(0x1000, 5)):eq("guest")
	expect(child:exit()):eq(0)
	expect(ram:read(0x1000, 5)):eq("guest")
end)

-- What madvise() answers, and what the VMM and the guest find in a page that both wrote.
cases("madvise() on a mapped guest_memfd", options, {
	{ "MADV_DONTNEED",       MADV_DONTNEED,       0,       "guest" },
	{ "MADV_REMOVE",         MADV_REMOVE,         0,       ZEROES },
	{ "MADV_FREE",           MADV_FREE,           -EINVAL, "guest" },
	{ "MADV_COLD",           MADV_COLD,           0,       "guest" },
	{ "MADV_PAGEOUT",        MADV_PAGEOUT,        0,       "guest" },
	{ "MADV_WILLNEED",       MADV_WILLNEED,       0,       "guest" },
	{ "MADV_MERGEABLE",      MADV_MERGEABLE,      0,       "guest" },
	{ "MADV_HUGEPAGE",       MADV_HUGEPAGE,       0,       "guest" },
	{ "MADV_COLLAPSE",       MADV_COLLAPSE,       -EINVAL, "guest" },
	{ "MADV_POPULATE_READ",  MADV_POPULATE_READ,  0,       "guest" },
	{ "MADV_POPULATE_WRITE", MADV_POPULATE_WRITE, 0,       "guest" },
	{ "MADV_WIPEONFORK",     MADV_WIPEONFORK,     -EINVAL, "guest" },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(ram:write(0x1000, "hello")):eq(0)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:madvise(0, "2M", case[2])):eq(case[3])
	expect(vcpu:read(0x1000, 5)):eq(case[4])
	expect(ram:read(0x1000, 5)):eq(case[4])
end)

-- kvm_gmem_migrate_folio() would WARN: nothing may get there.
scenario("a mapped guest_memfd: its pages stay where they are", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:read(0x1000, 5)):eq("guest")
	local page = ram:page(1)
	expect(ram:migrate(0x1000)):ne(0)
	expect(ram:swap_out(0x1000, "4K")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("guest")
	expect(ram:read(0x1000, 5)):eq("guest")
	expect(ram:page(1)):eq(page)
end)

scenario("a mapped guest_memfd: mremap() and mlock() of the VMM's are nothing to the guest", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:mlock(0, "64K")):eq(0)
	local moved = ram:mremap{ offset = 0, old_length = "2M", new_length = "2M",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr + (16 << 20) }
	expect(moved:read(0x1000, 5)):eq("guest")
	expect(ram:read(0x1000, 5)):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGSEGV, code = SEGV_MAPERR, addr = ram.addr + 0x1000 }
	expect(vcpu:write(0x1000, "moved")):is_true()
	expect(moved:read(0x1000, 5)):eq("moved")
	expect(moved:munlock(0, "64K")):eq(0)
end)

-- A pin keeps the page, not its place in the file.
scenario("a mapped guest_memfd: a pinned page and a hole", options, function(sim)
	local vcpu, ram, _, _, fd = guest(sim)
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:pin(0x1000)):eq(0)
	local page = ram:page(1)
	expect(fd:punch_hole(0x1000, "4K")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq(ZEROES)
	expect(ram:read(0x1000, 5)):eq(ZEROES)
	expect(ram:page(1)):ne(page)
	expect(ram:unpin(page)):eq(0)
end)

scenario("a mapped guest_memfd: userfaultfd does not take it", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	local uffd = vmm:userfaultfd()
	for _, mode in ipairs{ UFFDIO_REGISTER_MODE_MISSING, UFFDIO_REGISTER_MODE_MINOR, UFFDIO_REGISTER_MODE_WP } do
		expect(uffd:register(ram, mode)):eq(-EINVAL)
	end
	expect(vcpu:write(0x1000, "guest")):is_true()
	expect(ram:read(0x1000, 5)):eq("guest")
end)

scenario("a mapped guest_memfd: the guest's page tables may lie in it", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_paging()):eq(0)
	vcpu:map{ from = 0x40000000, to = 0x5000, prot = "rw" }
	expect(vcpu:write(0x40000000, "guest")):is_true()
	expect(ram:read(0x5000, 5)):eq("guest")
	expect(vcpu:pte(0x40000000)):fields{ present = true, accessed = true, dirty = sim.arch == "x86_64" }
end)

scenario("a mapped guest_memfd: the VMM, two vCPUs and holes at once", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	check = "end",
}, function(sim)
	local vcpu, ram, vm, _, fd = guest(sim)
	local other = vm:create_vcpu()
	local accesses = 0
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				expect(cpu:workload{ op = "write", range = { 0, "64K" }, stride = "4K" }):eq(16)
				accesses = accesses + 16
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			expect(ram:write(0x3000, "vmm")):eq(0)
		end
	end)
	sim:thread("holes", function()
		while not sim:stopping() do
			expect(fd:punch_hole(0, "32K")):eq(0)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return accesses > 0 end }
	expect(ram:write(0x3000, "after")):eq(0)
	expect(vcpu:read(0x3000, 5)):eq("after")
	expect(other:read(0x3000, 5)):eq("after")
end)

-- The deletion holds slots_lock. A file that is closed meanwhile waits for it in kvm_gmem_release(), without references
-- already, and the slot must leave it all the same (kvm_gmem_unbind()).
scenario("a mapped guest_memfd: closed while its slot is deleted", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	check = "end",
}, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local vcpu = vm:create_vcpu()
	local fd, phase, rounds = nil, 0, 0
	local function make()
		fd = vm:create_guest_memfd{ size = "64K", flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED }
		expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
			memory_size = "64K", userspace_addr = 0, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	end
	make()
	sim:thread("slot", function()
		while not sim:stopping() do
			phase = phase + 1
			expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
			while phase % 2 == 1 and not sim:stopping() do end
			if phase % 2 == 0 then
				make()
				rounds = rounds + 1
			end
		end
	end)
	sim:thread("file", function()
		while not sim:stopping() do
			if phase % 2 == 1 then
				expect(fd:close()):eq(0)
				phase = phase + 1
			end
		end
	end)
	sim:thread("vcpu", function()
		while not sim:stopping() do
			vcpu:read(0x1000, 1)
			vcpu:abandon()
		end
	end)
	sim:join{ seconds = 2, at_least = function() return rounds > 0 end }
end)
