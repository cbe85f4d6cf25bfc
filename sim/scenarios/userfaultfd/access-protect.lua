-- SPDX-License-Identifier: GPL-2.0-only
-- userfaultfd that protects guest memory against all accesses, to find the pages that the guest uses
-- (UFFDIO_REGISTER_MODE_RWP; Documentation/admin-guide/mm/userfaultfd.rst, "Read-Write Protection").

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "UFFDIO_RWPROTECT",
}
local long = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "UFFDIO_RWPROTECT",
	check = "end",
}
local FAILS <const> = { ret = -EFAULT }
local ZEROES <const> = ("\0"):rep(5)
local RWP <const> = UFFDIO_REGISTER_MODE_RWP

-- Pages 0 to 15 have their number, by the guest's own writes; all of ram is registered and protected.
local function guest(sim, features, ram, mode)
	local vcpu, mapping, vm, vmm, slot = sim:guest{ ram = ram }
	for page = 0, 15 do
		expect(vcpu:write(page * 4096, ("no %2d"):format(page))):is_true()
	end
	local uffd = vmm:userfaultfd{ flags = O_NONBLOCK, features = UFFD_FEATURE_RWP | features }
	expect(uffd:register(mapping, RWP | (mode or 0))):eq(0)
	expect(uffd:rwprotect(mapping)):eq(0)
	return vcpu, mapping, uffd, vm, vmm, slot
end

-- With UFFD_FEATURE_SIGBUS an access to a protected page fails at once.
local function is_protected(vcpu, ram, vmm, page)
	local at = page * 4096
	expect(vcpu:read(at, 1)):fields(FAILS)
	expect(vcpu:write(at, "x")):fields(FAILS)
	expect(ram:read(at, 1)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, addr = ram.addr + at }
end

local function has(vcpu, ram, page, data)
	expect(vcpu:read(page * 4096, 5)):eq(data)
	expect(ram:read(page * 4096, 5)):eq(data)
end

local function meanwhile(sim, vcpu_does, vmm_does)
	sim:thread("vcpu", vcpu_does)
	sim:thread("vmm", vmm_does)
	sim:join()
end

local function next_event(uffd)
	local event = uffd:read()
	while event == -EAGAIN do
		event = uffd:read()
	end
	return event
end

cases("access protection: the guest waits until the VMM lets it", long, {
	{ "to read",  "read",  5,       "no  1", 0 },
	{ "to write", "write", "guest", true,    UFFD_PAGEFAULT_FLAG_WRITE },
}, function(sim, case)
	local vcpu, ram, uffd, vm = guest(sim, 0)
	for page = 0, 15 do
		expect(sim.inspect:mapping(vm, page * 4096).present):is_false()
	end
	meanwhile(sim, function()
		expect(vcpu[case[2]](vcpu, 0x1000, case[3])):eq(case[4])
	end, function()
		expect(next_event(uffd)):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + 0x1000,
			flags = UFFD_PAGEFAULT_FLAG_RWP | case[5] }
		expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
	end)
	expect(uffd:read()):eq(-EAGAIN)
	expect(vcpu:write(0x1000, "again")):is_true()
	has(vcpu, ram, 1, "again")
end)

scenario("access protection: the VMM's own access and KVM's wait as well", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, needs = "UFFDIO_RWPROTECT", check = "end",
}, function(sim)
	local MSR_KVM_WALL_CLOCK_NEW <const> = 0x4b564d00
	local vcpu, ram, uffd = guest(sim, 0)
	sim:thread("reader", function()
		expect(ram:read(0x1000, 5)):eq("no  1")
	end)
	sim:thread("vcpu", function()
		expect(vcpu:set_msr(MSR_KVM_WALL_CLOCK_NEW, 0x2000)):eq(1)
	end)
	sim:thread("vmm", function()
		local seen = { next_event(uffd).address, next_event(uffd).address }
		table.sort(seen)
		expect(seen):eq{ ram.addr + 0x1000, ram.addr + 0x2000 }
		expect(uffd:rwprotect(ram, 0, "64K", 0)):eq(0)
	end)
	sim:join()
end)

scenario("access protection: asynchronously, nobody is asked, and the guest's pages show", options, function(sim)
	local vcpu, ram, uffd, vm = guest(sim, UFFD_FEATURE_RWP_ASYNC)
	expect(ram:page(3).mapped):is_false()		-- as far as the processor sees
	has(vcpu, ram, 3, "no  3")
	expect(vcpu:write(0x4000, "write")):is_true()
	expect(uffd:read()):eq(-EAGAIN)
	expect(ram:page(3)):fields{ mapped = true, young = true }
	expect(sim.inspect:mapping(vm, 0x4000)):fields{ present = true, writable = true, page = ram:page(4) }
	expect(sim.inspect:mapping(vm, 0x5000).present):is_false()
	expect(uffd:rwprotect(ram)):eq(0)
	expect(sim.inspect:mapping(vm, 0x4000).present):is_false()
	has(vcpu, ram, 4, "write")
end)

scenario("access protection: between the two modes while it is in use", long, function(sim)
	local vcpu, ram, uffd = guest(sim, 0)
	meanwhile(sim, function()
		expect(vcpu:read(0x1000, 5)):eq("no  1")
	end, function()
		expect(next_event(uffd).address):eq(ram.addr + 0x1000)
		expect(uffd:set_mode{ enable = UFFD_FEATURE_RWP_ASYNC }):eq(0)	-- lets the waiting access go on
	end)
	expect(vcpu:read(0x2000, 5)):eq("no  2")
	expect(uffd:set_mode{ disable = UFFD_FEATURE_RWP_ASYNC }):eq(0)
	expect(vcpu:read(0x2000, 5)):eq("no  2")
	meanwhile(sim, function()
		expect(vcpu:read(0x3000, 5)):eq("no  3")
	end, function()
		expect(next_event(uffd).address):eq(ram.addr + 0x3000)
		expect(uffd:rwprotect(ram, 0x3000, "4K", 0)):eq(0)
	end)
end)

-- What is done to the protected pages 1 to 4, and whether page 1 is still protected then, or what it has.
cases("access protection: what keeps it", options, {
	{ "swapping out",     function(ram) expect(ram:swap_out(0x1000, "4K")):eq(0) return ram end,      true },
	{ "mprotect() there and back", function(ram)
		expect(ram:mprotect(0, "64K", "r")):eq(0)
		expect(ram:mprotect(0, "64K", "rw")):eq(0)
		return ram
	end, true },
	{ "PROT_NONE and back", function(ram)
		expect(ram:mprotect(0, "64K", "none")):eq(0)
		expect(ram:mprotect(0, "64K", "rw")):eq(0)
		return ram
	end, true },
	{ "a fork",           function(ram, vmm) expect(vmm:fork():exit()):eq(0) return ram end,          true },
	{ "MADV_COLD",        function(ram) expect(ram:madvise(0, "64K", MADV_COLD)):eq(0) return ram end, true },
	{ "MADV_DONTNEED",    function(ram) expect(ram:madvise(0, "64K", MADV_DONTNEED)):eq(0) return ram end, ZEROES },
	{ "a splitting VMA",  function(ram) expect(ram:munmap(0x2000, "4K")):eq(0) return ram end,        true },
	{ "unregistering",    function(ram, _, uffd) expect(uffd:unregister(ram)):eq(0) return ram end,   "no  1" },
	{ "closing it",       function(ram, _, uffd) expect(uffd:close()):eq(0) return ram end,           "no  1" },
	{ "lifting it",       function(ram, _, uffd)
		expect(uffd:rwprotect(ram, 0, "64K", 0)):eq(0)
		return ram
	end, "no  1" },
}, function(sim, case)
	local vcpu, ram, uffd, _, vmm = guest(sim, UFFD_FEATURE_SIGBUS)
	is_protected(vcpu, ram, vmm, 1)
	local after = case[2](ram, vmm, uffd)
	if case[3] == true then
		is_protected(vcpu, after, vmm, 1)
		expect(uffd:rwprotect(after, 0x1000, "4K", 0)):eq(0)
		has(vcpu, after, 1, "no  1")
		expect(vcpu:write(0x1000, "write")):is_true()
	else
		has(vcpu, after, 1, case[3])
		expect(vcpu:write(0x1000, "write")):is_true()
		has(vcpu, after, 1, "write")
	end
end)

-- Only present pages are protected (userfaultfd.rst, "Scope of protection").
scenario("access protection: a page that was not there is not protected", options, function(sim)
	local vcpu, ram, uffd, _, vmm = guest(sim, UFFD_FEATURE_SIGBUS)
	has(vcpu, ram, 100, ZEROES)
	expect(vcpu:write(100 * 4096, "later")):is_true()
	expect(uffd:rwprotect(ram, 100 * 4096, "4K")):eq(0)
	is_protected(vcpu, ram, vmm, 100)
end)

scenario("access protection: a child's pages are not protected", options, function(sim)
	local vcpu, ram, _, _, vmm = guest(sim, UFFD_FEATURE_SIGBUS)
	local child = vmm:fork()
	expect(child:view(ram):read(0x1000, 5)):eq("no  1")
	expect(child:view(ram):write(0x1000, "child")):eq(0)
	is_protected(vcpu, ram, vmm, 1)
	child:exit()
end)

scenario("access protection: huge pages", options, function(sim)
	local vcpu, ram, uffd, vm, vmm = guest(sim, UFFD_FEATURE_SIGBUS, { length = "4M", huge = true })
	expect(ram:page(0).huge):is_true()
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	is_protected(vcpu, ram, vmm, 1)
	expect(ram:page(0).huge):is_true()
	expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
	expect(ram:page(0).huge):is_false()
	has(vcpu, ram, 1, "no  1")
	is_protected(vcpu, ram, vmm, 2)
	expect(ram:collapse_huge(0)):ne(0)
	expect(uffd:rwprotect(ram, 0, "2M", 0)):eq(0)
	has(vcpu, ram, 2, "no  2")
	expect(vcpu:write(0x2000, "write")):is_true()
end)

scenario("access protection: a huge page that is split keeps it in all its parts", options, function(sim)
	local vcpu, ram, uffd, _, vmm = guest(sim, UFFD_FEATURE_SIGBUS, { length = "4M", huge = true })
	expect(ram:swap_out(0x1000, "4K")):eq(0)
	for _, page in ipairs{ 0, 1, 15 } do
		is_protected(vcpu, ram, vmm, page)
	end
	expect(uffd:rwprotect(ram, 0, "2M", 0)):eq(0)
	has(vcpu, ram, 15, "no 15")
end)

scenario("access protection: shared memory, and another mapping of it", options, function(sim)
	local vcpu, ram, uffd, _, vmm = guest(sim, UFFD_FEATURE_SIGBUS, { kind = "shmem" })
	local other = vmm:mmap{ length = "2M", file = ram.file }
	expect(other:read(0x1000, 5)):eq("no  1")
	expect(other:write(0x1000, "other")):eq(0)
	is_protected(vcpu, ram, vmm, 1)
	local page = other:page(1)
	expect(other:migrate(0x1000)):eq(0)
	expect(other:page(1)):ne(page)
	is_protected(vcpu, ram, vmm, 1)
	expect(other:age(0x1000)):ge(0)
	is_protected(vcpu, ram, vmm, 1)
	expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
	has(vcpu, ram, 1, "other")
end)

-- userfaultfd.rst says that reclaim preserves the protection. But an entry of a page of a file becomes empty when
-- the page is unmapped, and nothing of the protection is left: docs/findings.md.
cases("access protection: shared memory loses it when its pages are unmapped", options, {
	{ "reclaim",  function(ram) return ram:swap_out(0x1000, "4K") end },
	{ "collapse", function(ram) return ram:collapse_huge(0) end },
}, function(sim, case)
	local vcpu, ram, _, vmm = sim:guest{ ram = { length = "4M", kind = "shmem", align = "2M" } }
	expect(vcpu:workload{ op = "write", range = { 0, "2M" }, stride = "4K" }):eq(512)
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_RWP | UFFD_FEATURE_SIGBUS }
	expect(uffd:register(ram, RWP)):eq(0)
	expect(uffd:rwprotect(ram)):eq(0)
	is_protected(vcpu, ram, vmm, 1)
	case[2](ram)
	expect(vcpu:write(0x1000, "guest")):is_true()
	has(vcpu, ram, 1, "guest")
end)

scenario("access protection: dirty logging reports the write that had to wait", long, function(sim)
	local vcpu, ram, uffd, vm, _, slot = guest(sim, 0)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	meanwhile(sim, function()
		expect(vcpu:read(0x2000, 5)):eq("no  2")
		expect(vcpu:write(0x1000, "guest")):is_true()
	end, function()
		expect(next_event(uffd).address):eq(ram.addr + 0x2000)
		expect(uffd:rwprotect(ram, 0x2000, "4K", 0)):eq(0)
		expect(next_event(uffd).address):eq(ram.addr + 0x1000)
		expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
	end)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(1)
	expect(ram:read(0x1000, 5)):eq("guest")
end)

scenario("access protection: pins and pre-faults are accesses", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "UFFDIO_RWPROTECT", "KVM_CAP_PRE_FAULT_MEMORY" },
}, function(sim)
	local vcpu, ram, uffd, vm = guest(sim, UFFD_FEATURE_SIGBUS)
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(-EFAULT)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(ram:pin(0x1000)):eq(-EFAULT)
	expect(ram:pin(0x1000, false)):eq(-EFAULT)
	expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
	expect(ram:pin(0x1000)):eq(0)
	expect(uffd:rwprotect(ram, 0x1000, "4K")):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(ram:unpin(0x1000)):eq(0)
end)

cases("UFFDIO_REGISTER with UFFDIO_REGISTER_MODE_RWP refuses", options, {
	{ "without the feature",   { 0, RWP }, -EINVAL },
	{ "with write protection", { UFFD_FEATURE_RWP, RWP | UFFDIO_REGISTER_MODE_WP }, -EINVAL },
	{ "memory for nobody",     { UFFD_FEATURE_RWP, RWP }, -EINVAL, { prot = "none" } },
	{ "device memory",         { UFFD_FEATURE_RWP, RWP }, -EINVAL, { kind = "pfnmap" } },
	{ "nothing: anonymous memory",  { UFFD_FEATURE_RWP, RWP }, 0 },
	{ "nothing: memory for reading", { UFFD_FEATURE_RWP, RWP }, 0, { prot = "r" } },
	{ "nothing: shared memory", { UFFD_FEATURE_RWP, RWP }, 0, { kind = "shmem" } },
	{ "nothing: with missing pages", { UFFD_FEATURE_RWP, RWP | UFFDIO_REGISTER_MODE_MISSING }, 0 },
}, function(sim, case)
	local vmm = sim:process()
	local arguments = { length = "64K" }
	for k, v in pairs(case[4] or {}) do
		arguments[k] = v
	end
	local uffd = vmm:userfaultfd{ features = case[2][1] }
	expect(uffd:register(vmm:mmap(arguments), case[2][2])):eq(case[3])
end)

scenario("UFFDIO_REGISTER cannot drop the mode, UFFDIO_UNREGISTER can", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K" }
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_RWP }
	expect(uffd:register(ram, RWP)):eq(0)
	expect(uffd:register(ram, RWP | UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(-EBUSY)
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(-EBUSY)
	expect(uffd:unregister(ram)):eq(0)
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(uffd:register(ram, RWP)):eq(-EBUSY)
end)

cases("UFFDIO_API: the features", options, {
	{ "both",               UFFD_FEATURE_RWP | UFFD_FEATURE_RWP_ASYNC, true },
	{ "synchronous",        UFFD_FEATURE_RWP,                          true },
	{ "asynchronous alone", UFFD_FEATURE_RWP_ASYNC,                    false },
}, function(sim, case)
	local uffd = sim:process():userfaultfd{ features = case[2] }
	if case[3] then
		expect(uffd.features & UFFD_FEATURE_RWP):ne(0)
		expect(uffd.features & UFFD_FEATURE_RWP_ASYNC):ne(0)
	else
		expect(uffd):eq(-EINVAL)
	end
end)

cases("UFFDIO_RWPROTECT refuses", options, {
	{ "an unaligned offset",      1,      "4K",   UFFDIO_RWPROTECT_MODE_RWP, -EINVAL },
	{ "an unaligned length",      0,      100,    UFFDIO_RWPROTECT_MODE_RWP, -EINVAL },
	{ "nothing at all",           0,      0,      UFFDIO_RWPROTECT_MODE_RWP, -EINVAL },
	{ "an unknown mode",          0,      "4K",   4,                         -EINVAL },
	{ "not to wake whom it stops", 0,     "4K",   3,                         -EINVAL },
	{ "memory that is not registered", "1M", "4K", UFFDIO_RWPROTECT_MODE_RWP, -ENOENT },
	{ "partly such memory",       "508K", "8K",   UFFDIO_RWPROTECT_MODE_RWP, -ENOENT },
	{ "to lift it there",         "1M",   "4K",   0,                         -ENOENT },
	{ "nothing: to lift it",      0,      "512K", 0,                         0 },
	{ "nothing: to lift it and not to wake", 0, "512K", UFFDIO_RWPROTECT_MODE_DONTWAKE, 0 },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	expect(ram:write(0x7f000, "last")):eq(0)
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_RWP | UFFD_FEATURE_SIGBUS }
	expect(uffd:register(ram, RWP, 0, "512K")):eq(0)
	expect(uffd:rwprotect(ram, case[2], case[3], case[4])):eq(case[5])
	expect(ram:read(0x7f000, 4)):eq("last")		-- not even the part that is registered
end)

cases("UFFDIO_SET_MODE refuses", options, {
	{ "both at once",          UFFD_FEATURE_RWP,
		{ enable = UFFD_FEATURE_RWP_ASYNC, disable = UFFD_FEATURE_RWP_ASYNC },         -EINVAL },
	{ "another feature",       UFFD_FEATURE_RWP, { enable = UFFD_FEATURE_SIGBUS },     -EINVAL },
	{ "to end another",        UFFD_FEATURE_RWP, { disable = UFFD_FEATURE_RWP },       -EINVAL },
	{ "what was not asked for", 0,               { enable = UFFD_FEATURE_RWP_ASYNC },  -EINVAL },
	{ "nothing: what is on",   UFFD_FEATURE_RWP | UFFD_FEATURE_RWP_ASYNC, { enable = UFFD_FEATURE_RWP_ASYNC }, 0 },
	{ "nothing: no change",    UFFD_FEATURE_RWP, {},                                   0 },
	{ "nothing: to end what is off", UFFD_FEATURE_RWP, { disable = UFFD_FEATURE_RWP_ASYNC }, 0 },
}, function(sim, case)
	local uffd = sim:process():userfaultfd{ features = case[2] }
	expect(uffd:set_mode(case[3])):eq(case[4])
end)

-- Two vCPUs write while the VMM protects everything again and again: no write is lost.
scenario("access protection: asynchronously, under two vCPUs", long, function(sim)
	local vcpu, ram, uffd, vm = guest(sim, UFFD_FEATURE_RWP_ASYNC)
	local other, rounds = vm:create_vcpu(), 0
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			local n = 0
			while not sim:stopping() do
				n = n + 1
				local at = (n % 8) * 4096 + i * 0x8000 + 8
				expect(cpu:write(at, string.pack("<I4", n))):is_true()
				expect(cpu:read(at, 4)):eq(string.pack("<I4", n))
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			expect(uffd:rwprotect(ram)):eq(0)
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 1, at_least = function() return rounds > 0 end }
	expect(uffd:rwprotect(ram, 0, "64K", 0)):eq(0)
	has(vcpu, ram, 3, "no  3")
end)

-- Without UFFD_FEATURE_EVENT_REMAP the moved area is no longer registered. Nothing would ever lift a protection there.
cases("access protection: mremap() ends it", options, {
	{ "small pages", { length = "4M" },              0 },
	{ "huge pages",  { length = "4M", huge = true }, 0 },
	{ "the old area stays", { length = "4M" },       MREMAP_DONTUNMAP },
}, function(sim, case)
	local vcpu, ram, uffd, vm, vmm = guest(sim, UFFD_FEATURE_SIGBUS, case[2])
	local moved = ram:mremap{ offset = 0, old_length = "4M", new_length = "4M",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED | case[3], new_addr = ram.addr + (32 << 20) }
	expect(moved:read(0x1000, 5)):eq("no  1")
	expect(moved:write(0x1000, "moved")):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "4M",
		userspace_addr = moved }):eq(0)
	has(vcpu, moved, 1, "moved")
	has(vcpu, moved, 2, "no  2")
	expect(vmm:take_signal()):is_nil()
	expect(uffd:rwprotect(moved)):eq(-ENOENT)
end)

-- Nobody has protected the range. UFFDIO_MOVE does so by itself: docs/findings.md.
cases("access protection: a page that the monitor brings", options, {
	{ "UFFDIO_COPY",     function(uffd, ram) return uffd:copy(ram, 0x1000, "data " .. ("\0"):rep(4091)) end, "data " },
	{ "UFFDIO_ZEROPAGE", function(uffd, ram) return uffd:zeropage(ram, 0x1000, "4K") end,                    ZEROES },
	{ "UFFDIO_MOVE",     function(uffd, ram, from) return uffd:move(ram, 0x1000, from, 0, "4K") end,         nil },
}, function(sim, case)
	local vcpu, ram, _, vmm = sim:guest()
	local from = vmm:mmap{ length = "64K" }
	expect(from:write(0, "data ")):eq(0)
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_RWP | UFFD_FEATURE_SIGBUS }
	expect(uffd:register(ram, RWP | UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	expect(case[2](uffd, ram, from)):eq(4096)
	if case[3] then
		has(vcpu, ram, 1, case[3])
	else
		is_protected(vcpu, ram, vmm, 1)
		expect(uffd:rwprotect(ram, 0x1000, "4K", 0)):eq(0)
		has(vcpu, ram, 1, "data ")
	end
end)
