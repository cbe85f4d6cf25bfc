-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots: which changes of the slot are refused, before anything happens, and dirty logging.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, READ <const>, WRITE <const> = L.lock, L.unlock, L.READ, L.WRITE
local options = L.options("K4")
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- 64K that the guest has written to and that are locked; the region is as it was set.
local function locked(sim, rights, more)
	local layout = { ram = { length = 16 * PAGE } }
	for k, v in pairs(more or {}) do
		layout[k] = v
	end
	local vcpu, ram, vm, vmm, slot = sim:guest(layout)
	expect(lock(vm, 0, rights)):eq(0)
	for i = 0, 15 do
		expect(vcpu:write(i * PAGE, ("page %2d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm, slot
end

-- Changes region's fields, and tries it.
local function set(vm, region, fields)
	local changed = {}
	for k, v in pairs(region) do
		changed[k] = v
	end
	for k, v in pairs(fields) do
		changed[k] = v
	end
	return vm:set_user_memory_region(changed)
end

-- v5 refused to delete and to move after the slot had been unmapped: -EBUSY, and the promise was broken (A1).
cases("memslot lock: a change that is refused changes nothing", options, {
	{ "delete",               { memory_size = 0 },           -EBUSY },
	{ "delete, with flags",   { memory_size = 0, flags = LOG }, -EBUSY },
	{ "move",                 { guest_phys_addr = 256 * PAGE },    -EBUSY },
	{ "move by a page",       { guest_phys_addr = PAGE },    -EBUSY },
	{ "move, and log",        { guest_phys_addr = 256 * PAGE, flags = LOG }, -EBUSY },
	{ "move onto a slot",     { guest_phys_addr = 2048 * PAGE },    -EEXIST },
	{ "smaller",              { memory_size = 8 * PAGE },       -EINVAL },
	{ "larger",               { memory_size = 32 * PAGE },      -EINVAL },
	{ "other memory",         { userspace_addr = 16 * PAGE },  -EINVAL },
	{ "read-only",            { flags = KVM_MEM_READONLY },  -EINVAL },
	{ "unknown flags",        { flags = 1 << 15 },           -EINVAL },
	{ "the same",             {},                            0 },
}, function(sim, case)
	for _, rights in ipairs{ READ, WRITE } do
		local vcpu, ram, vm, _, slot = locked(sim, rights)
		expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 2048 * PAGE, memory_size = 16 * PAGE,
			userspace_addr = ram }):eq(0)
		local slots, generation = sim.inspect:slots(vm), sim.inspect:generation(vm)
		for _ = 1, 2 do
			expect(set(vm, slot, case[2])):eq(case[3])
		end
		expect(sim.inspect:slots(vm)):eq(slots)
		expect(sim.inspect:generation(vm)):eq(generation)
		L.is_locked(sim, vm, ram, true)
		expect(L.faults(sim, function()
			for i = 0, 15 do
				expect(vcpu:read(i * PAGE, 7)):eq(("page %2d"):format(i))
				expect(vcpu:write(i * PAGE, "PAGE")):is_true()
			end
		end)):eq(0)
		expect(unlock(vm, 0)):eq(0)
	end
end)

cases("memslot lock: an unlocked slot can be changed", options, {
	{ "delete", { memory_size = 0 } },
	{ "move",   { guest_phys_addr = 256 * PAGE } },
	{ "log",    { flags = LOG } },
}, function(sim, case)
	local vcpu, ram, vm, _, slot = locked(sim, WRITE)
	expect(set(vm, slot, case[2])):eq(-EBUSY)
	expect(unlock(vm, 0)):eq(0)
	expect(set(vm, slot, case[2])):eq(0)
	L.is_not_pinned(ram)
	if case[2].memory_size == 0 then
		expect(#sim.inspect:slots(vm)):eq(0)
		expect(lock(vm, 0, READ)):eq(-EINVAL)
		expect(vm:set_user_memory_region(slot)):eq(0)
	end
	local at = case[2].guest_phys_addr and 0x100 * PAGE or 0
	expect(vcpu:read(at, 7)):eq("page  0")
	expect(lock(vm, 0, READ)):eq(0)
	L.is_locked(sim, vm, ram, false, at)
end)

scenario("memslot lock: other slots are not concerned", options, function(sim)
	local _, ram, vm, vmm = locked(sim, WRITE)
	local other = vmm:mmap{ length = 16 * PAGE }
	local region = { slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE, userspace_addr = other }
	expect(vm:set_user_memory_region(region)):eq(0)
	expect(set(vm, region, { guest_phys_addr = 512 * PAGE })):eq(0)
	expect(set(vm, region, { guest_phys_addr = 512 * PAGE, flags = LOG })):eq(0)
	expect(set(vm, region, { memory_size = 0 })):eq(0)
	L.is_locked(sim, vm, ram, true)
	expect(unlock(vm, 0)):eq(0)
end)

-- --- dirty logging -------------------------------------------------------------------------------------------------

-- v5 asked whether the slot would log after the change, so that logging could begin and not end. The state of the
-- lock was in the slot, which is replaced by a copy: unlocking used memory that was free (A2).
scenario("memslot lock: a slot that is locked for reading can begin and end to log", options, function(sim)
	local vcpu, ram, vm, _, slot = locked(sim, READ)
	for round = 1, 3 do
		expect(set(vm, slot, { flags = LOG })):eq(0)
		for i = 0, 15 do
			expect(sim.inspect:mapping(vm, i * PAGE)):fields{ present = true, writable = false,
				page = ram:page(i) }
		end
		expect(lock(vm, 0, READ)):eq(-EBUSY)
		local write = function() expect(vcpu:write(3 * PAGE, "logged")):is_true() end
		expect(L.faults(sim, write)):eq(1)
		expect(L.faults(sim, write)):eq(0)
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3 }
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
		expect(L.faults(sim, write)):eq(1)
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3 }
		expect(set(vm, slot, { flags = 0 })):eq(0)
		expect(L.faults(sim, write)):eq(1)
		expect(L.faults(sim, write)):eq(0)
		expect(set(vm, slot, { memory_size = 0 })):eq(-EBUSY)
		expect(ram:page(round).pincount):eq(1)
	end
	expect(unlock(vm, 0)):eq(0)
	L.is_not_pinned(ram)
	expect(set(vm, slot, { memory_size = 0 })):eq(0)
end)

scenario("memslot lock: unlocked while it logs", options, function(sim)
	local vcpu, ram, vm, _, slot = locked(sim, READ)
	expect(set(vm, slot, { flags = LOG })):eq(0)
	expect(unlock(vm, 0)):eq(0)
	L.is_not_pinned(ram)
	expect(vcpu:write(5 * PAGE, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	expect(lock(vm, 0, WRITE)):eq(-EPERM)
	expect(lock(vm, 0, READ)):eq(0)
	expect(vcpu:write(6 * PAGE, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 6 }
end)

-- A page that was in the log before it is locked is not lost from it, nor writable without being logged.
scenario("memslot lock: a slot that logs can be locked for reading", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 16 * PAGE }, slot = { flags = LOG } }
	expect(vcpu:write(2 * PAGE, "before")):is_true()
	expect(lock(vm, 0, WRITE)):eq(-EPERM)
	expect(lock(vm, 0, READ)):eq(0)
	L.is_locked(sim, vm, ram, false)
	expect(vcpu:write(3 * PAGE, "after")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2, 3 }
	expect(vcpu:write(2 * PAGE, "again")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 }
end)

scenario("memslot lock: a slot that is locked for writing cannot log", options, function(sim)
	local vcpu, ram, vm, _, slot = locked(sim, WRITE)
	expect(set(vm, slot, { flags = LOG })):eq(-EBUSY)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
	expect(L.faults(sim, function() expect(vcpu:write(3 * PAGE, "x")):is_true() end)):eq(0)
	L.is_locked(sim, vm, ram, true)
end)

-- Such a VM has no bitmap, by which v5 knew that a slot logs (A11).
local ring = L.options("K4", { needs = { "KVM_CAP_ARM_LOCK_USER_MEMORY_REGION", "KVM_CAP_DIRTY_LOG_RING_ACQ_REL" } })

scenario("memslot lock: a slot that logs to a dirty ring cannot be locked for writing", ring, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 16 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { math.max(PAGE, 1024 * 16) } }):eq(0)
	local region = { slot = 0, flags = LOG, memory_size = 16 * PAGE, userspace_addr = ram }
	expect(vm:set_user_memory_region(region)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENXIO)
	expect(lock(vm, 0, WRITE)):eq(-EPERM)
	L.is_not_pinned(ram)
	expect(set(vm, region, { flags = 0 })):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(set(vm, region, { flags = LOG })):eq(-EBUSY)
end)

scenario("memslot lock: the manual dirty log", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 64 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
		args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET } }):eq(0)
	local region = { slot = 0, memory_size = 64 * PAGE, userspace_addr = ram }
	expect(vm:set_user_memory_region(region)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(lock(vm, 0, READ)):eq(0)
	expect(vcpu:write(3 * PAGE, "x")):is_true()
	expect(set(vm, region, { flags = LOG })):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(64)
	expect(vm:clear_dirty_log{ slot = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, writable = false }
	expect(vcpu:write(3 * PAGE, "y")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3 }
	expect(ram:page(3).pincount):eq(1)
end)
