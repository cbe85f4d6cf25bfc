-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots: which memory can be pinned, RLIMIT_MEMLOCK, and what a failure leaves.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, READ <const>, WRITE <const> = L.lock, L.unlock, L.READ, L.WRITE
local options = L.options("K1")

-- --- what can be pinned --------------------------------------------------------------------------------------------

-- Each with the results for reading and for writing. As for mlock(), memory that cannot be pinned gives -ENOMEM.
cases("memslot lock: memory of a kind", options, {
	{ "anonymous",      { length = 16 * PAGE },                         0,       0 },
	{ "anonymous, shared", { length = 16 * PAGE, flags = MAP_SHARED | MAP_ANONYMOUS }, 0, 0 },
	{ "shmem",          { length = 16 * PAGE, kind = "shmem" },         0,       0 },
	{ "huge pages",     { length = PMD_SIZE, huge = true },             0,       0 },
	{ "read-only",      { length = 16 * PAGE, prot = "r" },             0,       -ENOMEM },
	{ "without access", { length = 16 * PAGE, prot = "none" },          -ENOMEM, -ENOMEM },
	{ "a device's",     { length = 16 * PAGE, kind = "pfnmap" },        -ENOMEM, -ENOMEM },
}, function(sim, case)
	for i, rights in ipairs{ READ, WRITE } do
		local _, ram, vm = sim:guest{ ram = case[2] }
		expect(lock(vm, 0, rights)):eq(case[2 + i])
		if case[2 + i] == 0 then
			L.is_locked(sim, vm, ram, rights == WRITE)
			expect(unlock(vm, 0)):eq(0)
		else
			expect(unlock(vm, 0)):eq(-EINVAL)
		end
		if case[2].kind ~= "pfnmap" then
			L.is_not_pinned(ram)
		end
	end
end)

-- One page of the slot is the obstacle, in different places.
cases("memslot lock: one page cannot be pinned", options, {
	{ "a hole",                function(ram, at) return ram:munmap(at, PAGE) end,             READ },
	{ "no access",             function(ram, at) return ram:mprotect(at, PAGE, "none") end,   READ },
	{ "not writable",          function(ram, at) return ram:mprotect(at, PAGE, "r") end,      WRITE },
}, function(sim, case)
	for _, at in ipairs{ 0, 7 * PAGE, 15 * PAGE } do
		local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE } }
		expect(vcpu:write(5 * PAGE, "before")):is_true()
		expect(case[2](ram, at)):eq(0)
		expect(lock(vm, 0, case[3])):eq(-ENOMEM)
		L.is_not_pinned(ram)
		L.is_unmapped(sim, vm, ram)
		expect(vcpu:read(5 * PAGE, 6)):eq("before")
		expect(unlock(vm, 0)):eq(-EINVAL)
	end
end)

scenario("memslot lock: a page that is not writable can be locked for reading", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE } }
	expect(ram:write(7 * PAGE, "fixed")):eq(0)
	expect(ram:mprotect(7 * PAGE, PAGE, "r")):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	expect(L.faults(sim, function() expect(vcpu:read(7 * PAGE, 5)):eq("fixed") end)):eq(0)
	-- The lock has not changed what the process may do there, nor the guest through it.
	expect(vcpu:write(7 * PAGE, "x")):fields{ ret = -EFAULT }
	expect(vcpu:write(8 * PAGE, "x")):is_true()
end)

scenario("memslot lock: beyond the end of a file", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE, kind = "shmem" } }
	expect(ram.file:ftruncate(8 * PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(-ENOMEM)
	L.is_not_pinned(ram)
	expect(ram.file:ftruncate(16 * PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	expect(vcpu:read(15 * PAGE, 1)):eq("\0")
end)

scenario("memslot lock: swapped pages come back, and stay", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE } }
	for i = 0, 15 do
		expect(ram:write(i * PAGE, ("page %2d"):format(i))):eq(0)
	end
	expect(ram:swap_out(0, 16 * PAGE)):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	ram:swap_out(0, 16 * PAGE)
	L.is_locked(sim, vm, ram, true)
	expect(L.faults(sim, function()
		for i = 0, 15 do
			expect(vcpu:read(i * PAGE, 7)):eq(("page %2d"):format(i))
		end
	end)):eq(0)
end)

-- v5's base kernel did not break COW for pins for reading: the process's next write moved the page away (A12).
cases("memslot lock: pins for reading break COW first", options, {
	{ "never touched",      function() end },
	{ "read by the VMM",    function(ram) expect(ram:read(PAGE, 1)):eq("\0") end },
	{ "written by the VMM", function(ram) expect(ram:write(PAGE, "x")):eq(0) end },
	{ "shared with a child", function(ram, vmm)
		expect(ram:write(PAGE, "x")):eq(0)
		expect(vmm:fork():view(ram):read(PAGE, 1)):eq("x")
	end },
	{ "a private mapping of a file", function() end, { kind = "shmem", flags = MAP_PRIVATE } },
}, function(sim, case)
	local ram_of = case[3] or {}
	ram_of.length = 4 * PAGE
	local vcpu, ram, vm, vmm = sim:guest{ ram = ram_of }
	case[2](ram, vmm)
	expect(lock(vm, 0, READ)):eq(0)
	local page = ram:page(1)
	expect(page):fields{ zero = false, pincount = 1 }
	expect(ram:write(PAGE + 256, "the VMM's")):eq(0)
	expect(ram:page(1)):eq(page)
	expect(vcpu:read(PAGE + 256, 9)):eq("the VMM's")
	expect(vcpu:write(PAGE + 512, "the guest's")):is_true()
	expect(ram:page(1)):eq(page)
	expect(ram:read(PAGE + 512, 11)):eq("the guest's")
end)

-- fork() takes pages from the guest like any change of the address space, and they come back as they were.
scenario("memslot lock: a child gets copies of pages that are locked", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 4 * PAGE } }
	expect(ram:write(PAGE, "parent")):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	local page = ram:page(1)
	local child = vmm:fork()
	expect(child:view(ram):page(1)):ne(page)
	L.is_unmapped(sim, vm, ram)
	for i = 0, 3 do
		expect(L.faults(sim, function() expect(vcpu:write(i * PAGE, "guests")):is_true() end)):eq(1)
	end
	expect(ram:read(PAGE, 6)):eq("guests")
	expect(child:view(ram):read(PAGE, 6)):eq("parent")
	expect(ram:page(1)):eq(page)
	L.is_locked(sim, vm, ram, true)
end)

-- --- RLIMIT_MEMLOCK ------------------------------------------------------------------------------------------------

-- A VM with 64K in its slot, whose process may lock so many bytes.
local function limited(sim, bytes)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = 32 * PAGE }, slot = { memory_size = 16 * PAGE } }
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, bytes)):eq(0)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	return vcpu, ram, vm, vmm, slot
end

cases("memslot lock: RLIMIT_MEMLOCK", options, {
	{ "none",               0,               -ENOMEM },
	{ "a page too few",     15 * PAGE,          -ENOMEM },
	{ "one byte too few",   16 * PAGE - 1,          -ENOMEM },
	{ "just enough",        16 * PAGE,         0 },
	{ "more",               0x100 * PAGE,        0 },
}, function(sim, case)
	for _, rights in ipairs{ READ, WRITE } do
		local _, ram, vm = limited(sim, case[2])
		expect(lock(vm, 0, rights)):eq(case[3])
		if case[3] ~= 0 then
			L.is_not_pinned(ram)
		end
	end
end)

scenario("memslot lock: CAP_IPC_LOCK overrides the limit", options, function(sim)
	local _, ram, vm, vmm = sim:guest{ ram = { length = 16 * PAGE } }
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, 0)):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	-- It counts all the same.
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(unlock(vm, 0)):eq(0)
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, 16 * PAGE)):eq(0)
	expect(ram:mlock()):eq(0)
end)

-- mlock() tells how much of the limit is left.
scenario("memslot lock: what is locked counts until it is unlocked", options, function(sim)
	local _, ram, vm = limited(sim, 24 * PAGE)
	expect(lock(vm, 0, READ)):eq(0)
	expect(ram:mlock(16 * PAGE, 9 * PAGE)):eq(-ENOMEM)
	expect(ram:mlock(16 * PAGE, 8 * PAGE)):eq(0)
	expect(unlock(vm, 0)):eq(0)
	expect(ram:mlock(24 * PAGE, 8 * PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(-ENOMEM)
	expect(ram:munlock(24 * PAGE, 8 * PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
end)

scenario("memslot lock: memory that is locked twice counts twice", options, function(sim)
	local _, ram, vm = limited(sim, 24 * PAGE)
	expect(ram:mlock(0, 9 * PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(-ENOMEM)
	expect(ram:munlock(0, PAGE)):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	expect(ram:mlock(0, 9 * PAGE)):eq(-ENOMEM)
end)

scenario("memslot lock: two slots over the same memory count twice", options, function(sim)
	local _, ram, vm = limited(sim, 31 * PAGE)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = ram }):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	expect(lock(vm, 1, READ)):eq(-ENOMEM)
	expect(unlock(vm, 0)):eq(0)
	expect(lock(vm, 1, READ)):eq(0)
	L.is_unmapped(sim, vm, ram, 0)
	expect(unlock(vm, 1)):eq(0)
end)

-- v5 lost the pin of the page that could not be mapped, and charged last (A4).
scenario("memslot lock: what fails costs nothing", options, function(sim)
	local _, ram, vm = limited(sim, 16 * PAGE)
	expect(ram:munmap(15 * PAGE, PAGE)):eq(0)
	for _ = 1, 4 do
		expect(lock(vm, 0, WRITE)):eq(-ENOMEM)
	end
	L.is_not_pinned(ram)
	expect(ram:mlock(16 * PAGE, 16 * PAGE)):eq(0)
end)
