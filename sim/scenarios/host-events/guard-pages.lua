-- SPDX-License-Identifier: GPL-2.0-only
-- Guard pages under a guest (MADV_GUARD_INSTALL, MADV_GUARD_REMOVE): memory that nobody may touch, without a VMA. The
-- cases are those of the selftest mm/guard-regions.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "MADV_GUARD_INSTALL",
}
local ZEROES <const> = ("\0"):rep(5)
local FAILS <const> = { ret = -EFAULT }

-- Pages 0 to 15 have their number, by the guest's own writes.
local function guest(sim, ram)
	local vcpu, mapping, vm, vmm, slot = sim:guest{ ram = ram }
	for page = 0, 15 do
		expect(vcpu:write(page * 4096, ("no %2d"):format(page))):is_true()
	end
	return vcpu, mapping, vm, vmm, slot
end

local function install(ram, offset, length)
	return ram:madvise(offset, length, MADV_GUARD_INSTALL)
end

local function remove(ram, offset, length)
	return ram:madvise(offset, length, MADV_GUARD_REMOVE)
end

-- The guest and the VMM: neither may touch the page.
local function is_guarded(vcpu, ram, vmm, page)
	local at = page * 4096
	expect(vcpu:read(at, 1)):fields(FAILS)
	expect(vcpu:write(at, "x")):fields(FAILS)
	expect(ram:read(at, 1)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGSEGV, addr = ram.addr + at }
	expect(ram:write(at, "x")):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGSEGV, addr = ram.addr + at }
end

local function has(vcpu, ram, page, data)
	expect(vcpu:read(page * 4096, 5)):eq(data)
	expect(ram:read(page * 4096, 5)):eq(data)
end

scenario("guard pages: the guest loses them and no other, and gets empty ones afterwards", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(install(ram, 0x2000, "8K")):eq(0)
	for page = 1, 4 do
		expect(sim.inspect:mapping(vm, page * 4096).present):eq(page == 1 or page == 4)
	end
	is_guarded(vcpu, ram, vmm, 2)
	is_guarded(vcpu, ram, vmm, 3)
	has(vcpu, ram, 1, "no  1")
	has(vcpu, ram, 4, "no  4")
	expect(install(ram, 0x1000, "12K")):eq(0)		-- over guard pages and a page
	is_guarded(vcpu, ram, vmm, 1)
	expect(remove(ram, 0x1000, "12K")):eq(0)
	for page = 1, 3 do
		has(vcpu, ram, page, ZEROES)
	end
	expect(vcpu:write(0x2000, "again")):is_true()
	has(vcpu, ram, 2, "again")
	expect(remove(ram, 0, "64K")):eq(0)			-- where there is none
	has(vcpu, ram, 2, "again")
	has(vcpu, ram, 5, "no  5")
end)

scenario("guard pages: before the guest's first access", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(install(ram, 0x2000, "4K")):eq(0)
	is_guarded(vcpu, ram, vmm, 2)
	expect(vcpu:write(0x1000, "first")):is_true()
	expect(remove(ram, 0x2000, "4K")):eq(0)
	has(vcpu, ram, 2, ZEROES)
end)

-- What else the VMM may do to the range; whether page 2 is still guarded then, and what it has if not.
cases("guard pages: what removes them", options, {
	{ "MADV_DONTNEED",   function(ram) return ram:madvise(0, "64K", MADV_DONTNEED) end,   true },
	{ "MADV_FREE",       function(ram) return ram:madvise(0, "64K", MADV_FREE) end,       true },
	{ "MADV_COLD",       function(ram) return ram:madvise(0, "64K", MADV_COLD) end,       true },
	{ "MADV_PAGEOUT",    function(ram) return ram:madvise(0, "64K", MADV_PAGEOUT) end,    true },
	{ "MADV_MERGEABLE",  function(ram) return ram:madvise(0, "64K", MADV_MERGEABLE) end,  true },
	{ "MADV_SEQUENTIAL", function(ram) return ram:madvise(0, "64K", MADV_SEQUENTIAL) end, true },
	{ "mprotect() there and back", function(ram)
		expect(ram:mprotect(0, "64K", "r")):eq(0)
		return ram:mprotect(0, "64K", "rw")
	end, true },
	{ "mlock() afterwards", function(ram)
		expect(ram:mlock(0, "64K")):eq(-ENOMEM)		-- it cannot bring the page in, but the area is locked
		return ram:munlock(0, "64K")
	end, true },
	{ "a fork",          function(_, vmm) return vmm:fork():exit() end,                   true },
	{ "munmap() and mmap()", function(ram, vmm)
		expect(ram:munmap(0x2000, "4K")):eq(0)
		expect(vmm:mmap{ addr = ram.addr + 0x2000, length = "4K",
			flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):ok()
		return 0
	end, false },
	{ "MADV_GUARD_REMOVE", function(ram) return remove(ram, 0, "64K") end,                false },
}, function(sim, case)
	local vcpu, ram, _, vmm = guest(sim)
	expect(install(ram, 0x2000, "4K")):eq(0)
	expect(case[2](ram, vmm)):eq(0)
	if case[3] then
		is_guarded(vcpu, ram, vmm, 2)
	else
		has(vcpu, ram, 2, ZEROES)
	end
end)

cases("MADV_GUARD_INSTALL refuses", options, {
	{ "locked memory",               -EINVAL, "mlock",    { 0x2000, "4K" } },
	{ "a hole",                      -ENOMEM, "munmap",   { 0x2000, "4K" } },
	{ "nothing: memory for reading", 0,       "mprotect", { 0x2000, "4K", "r" } },
	{ "nothing: memory for nobody",  0,       "mprotect", { 0x2000, "4K", "none" } },
}, function(sim, case)
	local _, ram = guest(sim)
	expect(ram[case[3]](ram, table.unpack(case[4]))):eq(0)
	expect(install(ram, 0, "64K")):eq(case[2])
end)

scenario("MADV_GUARD_INSTALL refuses device memory, and an unaligned address", options, function(sim)
	local _, ram, _, vmm = guest(sim)
	expect(install(vmm:mmap{ kind = "pfnmap", length = "64K" }, 0, "64K")):eq(-EINVAL)
	expect(install(ram, 1, "64K")):eq(-EINVAL)
end)

scenario("guard pages: mremap() takes them along", options, function(sim)
	local vcpu, ram, vm, vmm, slot = guest(sim)
	expect(install(ram, 0x2000, "4K")):eq(0)
	local moved = ram:mremap{ offset = 0, old_length = "64K", new_length = "64K",
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr + (16 << 20) }
	expect(vm:set_user_memory_region{ slot = slot.slot, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 0, memory_size = "64K",
		userspace_addr = moved }):eq(0)
	is_guarded(vcpu, moved, vmm, 2)
	has(vcpu, moved, 3, "no  3")
end)

scenario("guard pages: a child inherits them", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(install(ram, 0x2000, "4K")):eq(0)
	local child = vmm:fork()
	expect(child:view(ram):read(0x1000, 5)):eq("no  1")
	expect(child:view(ram):read(0x2000, 5)):eq(-EFAULT)
	expect(remove(child:view(ram), 0x2000, "4K")):eq(0)
	expect(child:view(ram):read(0x2000, 5)):eq(ZEROES)
	is_guarded(vcpu, ram, vmm, 2)
	child:exit()
end)

-- The rest of the huge page keeps its data.
scenario("guard pages: one in a huge page", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, { length = "4M", huge = true })
	expect(sim.inspect:mapping(vm, 0x2000)):fields{ present = true, level = 2 }
	expect(install(ram, 0x2000, "4K")):eq(0)
	expect(ram:page(1)):fields{ mapped = true, huge = false }
	is_guarded(vcpu, ram, vmm, 2)
	has(vcpu, ram, 1, "no  1")
	has(vcpu, ram, 15, "no 15")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, level = 1 }
	expect(ram:collapse_huge(0)):ne(0)
	is_guarded(vcpu, ram, vmm, 2)
	expect(remove(ram, 0x2000, "4K")):eq(0)
	expect(ram:collapse_huge(0)):eq(0)
	has(vcpu, ram, 2, ZEROES)
	has(vcpu, ram, 3, "no  3")
end)

scenario("guard pages: over a whole huge page", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim, { length = "4M", huge = true })
	expect(install(ram, 0, "2M")):eq(0)
	is_guarded(vcpu, ram, vmm, 0)
	is_guarded(vcpu, ram, vmm, 511)
	expect(vcpu:write(0x200000, "next")):is_true()
	expect(remove(ram, 0, "2M")):eq(0)
	has(vcpu, ram, 1, ZEROES)
end)

-- Since 6.15 in mappings of files: the file's page stays.
scenario("guard pages: in shared memory they belong to the mapping, not to the file", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "MADV_GUARD_INSTALL",
	kernel = "6.15",
}, function(sim)
	local vcpu, ram, _, vmm = guest(sim, { kind = "shmem" })
	local other = vmm:mmap{ length = "2M", file = ram.file }
	expect(install(ram, 0x2000, "4K")):eq(0)
	is_guarded(vcpu, ram, vmm, 2)
	expect(other:read(0x2000, 5)):eq("no  2")
	expect(other:write(0x2000, "other")):eq(0)
	expect(ram.file:ftruncate(0x2000)):eq(0)
	is_guarded(vcpu, ram, vmm, 2)
	expect(ram.file:ftruncate("2M")):eq(0)
	expect(other:write(0x2000, "more ")):eq(0)
	expect(remove(ram, 0x2000, "4K")):eq(0)
	has(vcpu, ram, 2, "more ")
end)

-- Collapsing a file's pages takes the page tables out of all its mappings but those that may have guard pages
-- (file_backed_vma_is_retractable(), mm/khugepaged.c).
scenario("guard pages: the file's pages become a huge page in another mapping", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "MADV_GUARD_INSTALL",
	kernel = "6.15",
}, function(sim)
	local vmm = sim:process()
	local file = vmm:shmem("4M")
	local ram = vmm:mmap{ length = "4M", file = file, align = "2M" }
	local other = vmm:mmap{ length = "4M", file = file, align = "2M" }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	for page = 0, 511 do
		expect(other:write(page * 4096, ("p %3d"):format(page))):eq(0)
	end
	expect(vcpu:read(0x1000, 5)):eq("p   1")
	expect(install(ram, 0x2000, "4K")):eq(0)
	expect(other:collapse_huge(0)):eq(0)
	expect(other:page(0).huge):is_true()
	is_guarded(vcpu, ram, vmm, 2)
	has(vcpu, ram, 1, "p   1")
	has(vcpu, ram, 511, "p 511")
	expect(remove(ram, 0x2000, "4K")):eq(0)
	has(vcpu, ram, 2, "p   2")
end)

scenario("guard pages: KVM_PRE_FAULT_MEMORY stops there", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "MADV_GUARD_INSTALL", "KVM_CAP_PRE_FAULT_MEMORY" },
}, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(install(ram, 0x2000, "4K")):eq(0)
	local rc, left = vcpu:pre_fault_memory{ gpa = 0, size = "64K" }
	expect(rc):eq(0)
	expect(left.gpa):eq(0x2000)
	expect(vcpu:pre_fault_memory{ gpa = 0x2000, size = "4K" }):eq(-EFAULT)
	expect(sim.inspect:mapping(vm, 0x2000).present):is_false()
	expect(ram:madvise(0, "64K", MADV_POPULATE_WRITE)):eq(-EFAULT)
end)

-- A guard page is an entry: nothing is missing there that a monitor could bring.
scenario("guard pages: no event for userfaultfd", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local uffd = vmm:userfaultfd{ flags = O_NONBLOCK }
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	expect(install(ram, 0x2000, "4K")):eq(0)
	is_guarded(vcpu, ram, vmm, 2)
	expect(uffd:read()):eq(-EAGAIN)
	expect(uffd:copy(ram, 0x2000, ("x"):rep(4096))):eq(-EEXIST)
	is_guarded(vcpu, ram, vmm, 2)
end)

scenario("guard pages: a pinned page, and one that the guest only logged", options, function(sim)
	local vcpu, ram, vm, vmm, slot = guest(sim)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:write(0x2000, "dirty")):is_true()
	expect(ram:pin(0x3000)):eq(0)
	local pinned = ram:page(3)
	expect(install(ram, 0x2000, "8K")):eq(0)
	is_guarded(vcpu, ram, vmm, 2)
	is_guarded(vcpu, ram, vmm, 3)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 }
	expect(ram:unpin(pinned)):eq(0)
	expect(remove(ram, 0x2000, "8K")):eq(0)
	has(vcpu, ram, 3, ZEROES)
end)

-- madvise_guard_install() gives up after some rounds and has the system call restarted.
scenario("guard pages: they come and go while vCPUs access them", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, needs = "MADV_GUARD_INSTALL",
	check = "end",
}, function(sim)
	local vcpu, ram, vm = guest(sim)
	local other = vm:create_vcpu()
	local good, failed = 0, 0
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local done = cpu:workload{ op = "write", range = { 0, "64K" }, stride = "4K" }
				if done == 16 then
					good = good + 1
				else
					expect(done):fields(FAILS)
					failed = failed + 1
				end
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			expect(install(ram, 0, "64K")):eq(0)
			expect(remove(ram, 0, "64K")):eq(0)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return failed > 0 and good + failed > 1 end }
	expect(vcpu:write(0x3000, "after")):is_true()
	has(other, ram, 3, "after")
end)
