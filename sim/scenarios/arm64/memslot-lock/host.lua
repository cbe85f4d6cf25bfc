-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots: the host's mm goes its way, and MMU notifiers are obeyed in spite of the pins.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, READ <const>, WRITE <const> = L.lock, L.unlock, L.READ, L.WRITE
local options = L.options("K5")

-- 64K, locked, each page with its number.
local function locked(sim, rights, kind)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 16 * PAGE, kind = kind } }
	expect(lock(vm, 0, rights)):eq(0)
	for i = 0, 15 do
		expect(vcpu:write(i * PAGE, ("page %2d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm
end

-- --- what the pins prevent -----------------------------------------------------------------------------------------

cases("memslot lock: the host cannot take a page", options, {
	{ "reclaim",       function(ram) ram:swap_out(3 * PAGE, PAGE) end },
	{ "MADV_PAGEOUT",  function(ram) ram:madvise(3 * PAGE, PAGE, MADV_PAGEOUT) end },
	{ "migration",     function(ram) ram:migrate(3 * PAGE) end },
	{ "KSM",           function(ram, vmm) vmm:ksm_merge(ram:page(3), ram:page(4)) end },
	{ "collapse",      function(ram) ram:collapse_huge(0) end },
	{ "fork",          function(_, vmm) vmm:fork():exit() end },
	{ "MADV_FREE",     function(ram) ram:madvise(3 * PAGE, PAGE, MADV_FREE) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = locked(sim, WRITE)
	local page = ram:page(3)
	case[2](ram, vmm)
	expect(ram:page(3)):eq(page)
	expect(vcpu:read(3 * PAGE, 7)):eq("page  3")
	expect(vcpu:write(3 * PAGE, "PAGE")):is_true()
	expect(ram:read(3 * PAGE, 7)):eq("PAGE  3")
	expect(sim.inspect:mapping(vm, 3 * PAGE).page):eq(page)
	expect(unlock(vm, 0)):eq(0)
end)

-- --- what they do not ----------------------------------------------------------------------------------------------

cases("memslot lock: the process replaces a page, and the guest sees it", options, {
	{ "MADV_DONTNEED", function(ram) return ram:madvise(3 * PAGE, PAGE, MADV_DONTNEED) end },
	{ "mmap over it",  function(ram, vmm)
		return vmm:mmap{ addr = ram.addr + 3 * PAGE, length = PAGE,
			flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	end },
}, function(sim, case)
	for _, rights in ipairs{ READ, WRITE } do
		local vcpu, ram, vm, vmm = locked(sim, rights)
		local page = ram:page(3)
		expect(case[2](ram, vmm)):ok()
		expect(sim.inspect:mapping(vm, 3 * PAGE).present):eq(false)
		expect(L.faults(sim, function() expect(vcpu:read(3 * PAGE, 7)):eq(("\0"):rep(7)) end)):eq(1)
		expect(vcpu:write(3 * PAGE, "new")):is_true()
		expect(ram:read(3 * PAGE, 3)):eq("new")
		expect(ram:page(3)):ne(page)
		expect(ram:page(3).pincount):eq(0)
		-- Its neighbours are not concerned.
		expect(sim.inspect:mapping(vm, 4 * PAGE)):fields{ present = true, page = ram:page(4) }
		expect(unlock(vm, 0)):eq(0)
		expect(vcpu:read(3 * PAGE, 3)):eq("new")
		L.is_not_pinned(ram)
	end
end)

scenario("memslot lock: munmap takes memory from the guest, and its pins remain", options, function(sim)
	local vcpu, ram, vm = locked(sim, WRITE)
	expect(ram:munmap()):eq(0)
	L.is_unmapped(sim, vm, ram)
	expect(vcpu:read(3 * PAGE, 7)):fields{ ret = -EFAULT }
	expect(lock(vm, 0, WRITE)):eq(-EBUSY)
	expect(unlock(vm, 0)):eq(0)
	expect(lock(vm, 0, WRITE)):eq(-ENOMEM)
end)

scenario("memslot lock: mprotect", options, function(sim)
	local vcpu, ram, vm = locked(sim, WRITE)
	local page = ram:page(3)
	expect(ram:mprotect(3 * PAGE, PAGE, "r")):eq(0)
	expect(vcpu:read(3 * PAGE, 7)):eq("page  3")
	expect(vcpu:write(3 * PAGE, "x")):fields{ ret = -EFAULT }
	expect(ram:mprotect(3 * PAGE, PAGE, "rw")):eq(0)
	expect(vcpu:write(3 * PAGE, "PAGE")):is_true()
	expect(ram:page(3)):eq(page)
	expect(page.pincount):ge(1)
end)

scenario("memslot lock: mremap moves pages away from the slot", options, function(sim)
	local vcpu, ram, vm, vmm = locked(sim, WRITE)
	local page, place = ram:page(3), vmm:mmap{ length = PAGE, prot = "none" }
	local moved = ram:mremap{ offset = 3 * PAGE, old_length = PAGE, new_length = PAGE,
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = place.addr }
	expect(moved:page(0)):eq(page)
	expect(sim.inspect:mapping(vm, 3 * PAGE).present):eq(false)
	expect(vcpu:read(3 * PAGE, 1)):fields{ ret = -EFAULT }
	expect(moved:read(0, 7)):eq("page  3")
	expect(unlock(vm, 0)):eq(0)
	expect(moved:page(0).pincount):eq(0)
end)

scenario("memslot lock: the file is cut, and grows again", options, function(sim)
	local vcpu, ram, vm = locked(sim, WRITE, "shmem")
	expect(ram.file:ftruncate(3 * PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, 3 * PAGE).present):eq(false)
	expect(vcpu:read(3 * PAGE, 7)):fields{ ret = -EFAULT }
	expect(ram.file:ftruncate(16 * PAGE)):eq(0)
	expect(vcpu:read(3 * PAGE, 7)):eq(("\0"):rep(7))
	expect(vcpu:write(3 * PAGE, "new")):is_true()
	expect(ram:read(3 * PAGE, 3)):eq("new")
	expect(unlock(vm, 0)):eq(0)
	expect(ram:read(3 * PAGE, 3)):eq("new")
end)

-- --- aging ---------------------------------------------------------------------------------------------------------

-- Without hardware management of the access flag an old page makes the guest fault. v5 let locked pages age.
local ageing = L.options("K5", { facilities = { {}, { haf = false, dbm = false } } })

scenario("memslot lock: locked pages do not age", ageing, function(sim)
	local vcpu, ram, vm = locked(sim, WRITE)
	for _ = 1, 2 do
		expect(ram:age(3 * PAGE)):ge(1)
		expect(sim.inspect:mapping(vm, 3 * PAGE).accessed):eq(true)
		expect(L.faults(sim, function() expect(vcpu:read(3 * PAGE, 7)):eq("page  3") end)):eq(0)
	end
	expect(unlock(vm, 0)):eq(0)
	ram:age(3 * PAGE)
	expect(sim.inspect:mapping(vm, 3 * PAGE).accessed):eq(false)
	expect(L.faults(sim, function() expect(vcpu:read(3 * PAGE, 7)):eq("page  3") end))
		:eq(sim.facilities.haf == false and 1 or 0)
end)
