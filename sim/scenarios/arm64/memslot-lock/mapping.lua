-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots at stage 2: what the rights of a lock mean for the guest, which faults remain, and sizes of
-- mappings.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, READ <const>, WRITE <const> = L.lock, L.unlock, L.READ, L.WRITE
local options = L.options("K3")
local layout = { ram = { length = 16 * PAGE } }

local function each_page(fn)
	for i = 0, 15 do
		fn(i * PAGE, ("page %2d"):format(i))
	end
end

-- --- rights --------------------------------------------------------------------------------------------------------

scenario("memslot lock: locked for writing, the guest reads and writes without a fault", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	each_page(function(at, text) expect(ram:write(at, text)):eq(0) end)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	expect(L.faults(sim, each_page, function(at, text)
		expect(vcpu:read(at, 7)):eq(text)
		expect(vcpu:write(at, text:upper())):is_true()
	end)):eq(0)
	each_page(function(at, text) expect(ram:read(at, 7)):eq(text:upper()) end)
	L.is_locked(sim, vm, ram, true)
end)

-- The rights are those of the first mapping. What the guest may do is what the slot says.
scenario("memslot lock: locked for reading, the first write to each page faults", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	each_page(function(at, text) expect(ram:write(at, text)):eq(0) end)
	expect(lock(vm, 0, READ)):eq(0)
	L.is_locked(sim, vm, ram, false)
	expect(L.faults(sim, each_page, function(at, text) expect(vcpu:read(at, 7)):eq(text) end)):eq(0)
	local write = function(at, text) expect(vcpu:write(at, text:upper())):is_true() end
	expect(L.faults(sim, each_page, write)):eq(16)
	L.is_locked(sim, vm, ram, true)
	expect(L.faults(sim, each_page, write)):eq(0)
	each_page(function(at, text) expect(ram:read(at, 7)):eq(text:upper()) end)
end)

scenario("memslot lock: a read-only slot can be locked for reading", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE }, slot = { flags = KVM_MEM_READONLY },
		data = { [3 * PAGE] = "fixed" } }
	expect(lock(vm, 0, WRITE)):eq(-EPERM)
	expect(lock(vm, 0, READ)):eq(0)
	expect(L.faults(sim, function() expect(vcpu:read(3 * PAGE, 5)):eq("fixed") end)):eq(0)
	expect(vcpu:write(3 * PAGE, "x")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 3 * PAGE, is_write = 1 } }
	L.is_locked(sim, vm, ram, false)
end)

-- Without CTR_EL0.DIC a page becomes executable by a fault, which empties the instruction cache.
local fetches = L.options("K3", { facilities = { {}, { dic = false, idc = false, fwb = false } } })

scenario("memslot lock: instructions", fetches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, READ)):eq(0)
	expect(ram:write(2 * PAGE, "\x1f\x20\x03\xd5")):eq(0)
	local faults = sim.facilities.dic == false and 1 or 0
	expect(sim.inspect:mapping(vm, 2 * PAGE).executable):eq(faults == 0)
	expect(L.faults(sim, function() expect(vcpu:fetch(2 * PAGE)):eq("\x1f") end)):eq(faults)
	expect(sim.inspect:mapping(vm, 2 * PAGE).executable):eq(true)
	expect(L.faults(sim, function() expect(vcpu:fetch(2 * PAGE)):eq("\x1f") end)):eq(0)
end)

-- --- memory that the guest has used before -------------------------------------------------------------------------

-- v5 left a mapping that was there as it was: an error on its kernel, and on this one success without the right
-- (A3).
cases("memslot lock: after the guest has run", options, {
	{ "for reading",             READ,  false },
	{ "for reading and writing", WRITE, true },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest(layout)
	each_page(function(at, text)
		if at < 5 * PAGE then
			expect(vcpu:write(at, text)):is_true()		-- mapped writable
		elseif at < 10 * PAGE then
			expect(vcpu:read(at, 1)):eq("\0")		-- mapped read-only: the zero page
		end
	end)
	expect(sim.inspect:mapping(vm, 6 * PAGE)):fields{ present = true, writable = false }
	expect(lock(vm, 0, case[2])):eq(0)
	L.is_locked(sim, vm, ram, case[3])
	if case[3] then
		expect(L.faults(sim, each_page, function(at) expect(vcpu:write(at + 8, "more")):is_true() end)):eq(0)
		L.is_locked(sim, vm, ram, true)
	end
	each_page(function(at, text)
		if at < 5 * PAGE then
			expect(vcpu:read(at, 7)):eq(text)
		end
	end)
end)

-- The host's page is the same before and after. Stage 2 has it read-only, and so have the TLBs of the vCPUs.
cases("memslot lock: locked for writing what the guest could only read", options, {
	{ "locked for reading before", function(vm)
		expect(lock(vm, 0, READ)):eq(0)
	end, function(vm)
		expect(unlock(vm, 0)):eq(0)
	end },
	{ "logged before", function(vm, slot)
		slot.flags = KVM_MEM_LOG_DIRTY_PAGES
		expect(vm:set_user_memory_region(slot)):eq(0)
	end, function(vm, slot)
		slot.flags = 0
		expect(vm:set_user_memory_region(slot)):eq(0)
	end },
}, function(sim, case)
	local vcpu, ram, vm, _, slot = sim:guest(layout)
	local other = vm:create_vcpu()
	each_page(function(at, text) expect(ram:write(at, text)):eq(0) end)
	case[2](vm, slot)
	for _, cpu in ipairs{ vcpu, other } do
		each_page(function(at, text) expect(cpu:read(at, 7)):eq(text) end)
	end
	case[3](vm, slot)
	local page = ram:page(3)
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, writable = false, page = page }
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	expect(ram:page(3)):eq(page)
	expect(L.faults(sim, function()
		each_page(function(at, text) expect(vcpu:write(at + 8, text)):is_true() end)
		each_page(function(at, text) expect(other:write(at + 16, text)):is_true() end)
	end)):eq(0)
end)

scenario("memslot lock: TLBs of vCPUs forget what they had before", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	local other = vm:create_vcpu()
	for _, cpu in ipairs{ vcpu, other } do
		each_page(function(at) expect(cpu:read(at, 1)):eq("\0") end)
	end
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(L.faults(sim, function()
		for i, cpu in ipairs{ vcpu, other } do
			each_page(function(at, text) expect(cpu:write(at + 16 * i, text)):is_true() end)
		end
	end)):eq(0)
	each_page(function(at, text)
		expect(ram:read(at + 16, 7)):eq(text)
		expect(ram:read(at + 32, 7)):eq(text)
	end)
end)

-- --- sizes ---------------------------------------------------------------------------------------------------------

local huge = { ram = { length = 2 * PMD_SIZE, huge = true } }

scenario("memslot lock: a block is replaced by pages", options, function(sim)
	local vcpu, ram, vm = sim:guest(huge)
	expect(vcpu:write(5 * PAGE, "in a block")):is_true()
	expect(sim.inspect:mapping(vm, 5 * PAGE).level):eq(2)
	for _, rights in ipairs{ READ, WRITE } do
		expect(lock(vm, 0, rights)):eq(0)
		for _, at in ipairs{ 0, 5 * PAGE, PMD_SIZE - PAGE, PMD_SIZE, 2 * PMD_SIZE - PAGE } do
			expect(sim.inspect:mapping(vm, at)):fields{ present = true, level = 1,
				writable = rights == WRITE, page = ram:page(at // PAGE) }
		end
		expect(L.faults(sim, function() expect(vcpu:read(5 * PAGE, 10)):eq("in a block") end)):eq(0)
		expect(unlock(vm, 0)):eq(0)
	end
end)

scenario("memslot lock: what is faulted in while it is locked is mapped by pages, too", options, function(sim)
	local vcpu, ram, vm = sim:guest(huge)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(ram:madvise(0, PMD_SIZE, MADV_DONTNEED)):eq(0)
	expect(ram:write(5 * PAGE, "a huge page")):eq(0)
	expect(ram:page(0)):fields{ huge = true, pincount = 0 }
	expect(vcpu:read(5 * PAGE, 11)):eq("a huge page")
	expect(sim.inspect:mapping(vm, 5 * PAGE)):fields{ level = 1, page = ram:page(5) }
	expect(sim.inspect:mapping(vm, 6 * PAGE).present):eq(false)
	-- The rest of the slot is not concerned.
	expect(sim.inspect:mapping(vm, PMD_SIZE + 5 * PAGE)):fields{ present = true, level = 1, writable = true }
	-- After that there may be blocks again.
	expect(unlock(vm, 0)):eq(0)
	expect(vcpu:read(6 * PAGE, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 6 * PAGE).level):eq(2)
	expect(vcpu:read(5 * PAGE, 11)):eq("a huge page")
end)

scenario("memslot lock: a slot that is not aligned to blocks", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 1024 * PAGE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 3 * PAGE, memory_size = 768 * PAGE,
		userspace_addr = ram.addr + 7 * PAGE }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(3 * PAGE, "first")):is_true()
	expect(vcpu:write(0x302 * PAGE, "last")):is_true()
	expect(lock(vm, 0, WRITE)):eq(0)
	for i = 0, 767 do
		expect(sim.inspect:mapping(vm, 3 * PAGE + (i * PAGE))):fields{ level = 1, writable = true,
			page = ram:page(7 + i) }
	end
	expect(ram:page(6).pincount):eq(ram:page(7).huge and ram:page(7).pincount or 0)
	expect(vcpu:read(3 * PAGE, 5)):eq("first")
	expect(vcpu:read(0x302 * PAGE, 4)):eq("last")
end)

-- --- unlocking -----------------------------------------------------------------------------------------------------

scenario("memslot lock: unlocked memory stays mapped, like any other", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	each_page(function(at, text) expect(vcpu:write(at, text)):is_true() end)
	expect(unlock(vm, 0)):eq(0)
	L.is_not_pinned(ram)
	expect(L.faults(sim, each_page, function(at, text) expect(vcpu:read(at, 7)):eq(text) end)):eq(0)
	-- Nothing is lost when the host takes the pages.
	expect(ram:swap_out(0, 16 * PAGE)):eq(0)
	L.is_unmapped(sim, vm, ram)
	each_page(function(at, text) expect(vcpu:read(at, 7)):eq(text) end)
end)

-- The guest's writes are seen by nobody while it is locked for writing. Pinning for writing has made the process's
-- entries dirty, and unlocking the pages, so that either is enough here.
scenario("memslot lock: what the guest wrote to a file is in it after unlocking", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 16 * PAGE, kind = "shmem" } }
	expect(lock(vm, 0, WRITE)):eq(0)
	each_page(function(at, text) expect(vcpu:write(at, text)):is_true() end)
	expect(unlock(vm, 0)):eq(0)
	expect(ram:swap_out(0, 16 * PAGE)):eq(0)
	local again = vmm:mmap{ length = 16 * PAGE, file = ram.file }
	each_page(function(at, text) expect(again:read(at, 7)):eq(text) end)
end)
