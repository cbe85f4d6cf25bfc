-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots: vCPUs, MMU notifiers and other ioctls at the same time.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, unlock_all, READ <const>, WRITE <const> = L.lock, L.unlock, L.unlock_all, L.READ, L.WRITE
local options = L.options("K1, K2, K5")
local long = L.options("K1, K2, K5", { check = "end" })

-- A VM with slot 0 of 64K, slot 1 of 64K at 1M, and another process mapping for whatever happens beside it.
local function guest(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = 16 * PAGE } }
	local other = vmm:mmap{ length = 16 * PAGE }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = other }):eq(0)
	return vcpu, ram, vm, vmm, other, slot
end

-- A notifier of other memory is no error, but a hundred of them, each while the lock tries again, may be: a thread that
-- waits for a processor between pinning and mapping always comes too late.
scenario("memslot lock: notifiers of other memory all the time", long, function(sim)
	local vcpu, ram, vm, _, other = guest(sim)
	expect(vcpu:write(0x100 * PAGE, "mapped")):is_true()
	sim:thread("notifiers", function()
		while not sim:stopping() do
			expect(other:madvise(0, 16 * PAGE, MADV_DONTNEED)):eq(0)
			expect(other:write(0, "x")):eq(0)
		end
	end)
	sim:thread("vmm", function()
		while not sim:stopping() do
			for _, rights in ipairs{ READ, WRITE } do
				local rc = lock(vm, 0, rights)
				if rc == 0 then
					expect(sim.inspect:mapping(vm, 15 * PAGE).present):eq(true)
					expect(unlock(vm, 0)):eq(0)
				else
					expect(rc):eq(-EAGAIN)
					L.is_not_pinned(ram)
				end
			end
		end
	end)
	sim:join{ seconds = 1 }
	L.is_not_pinned(ram)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
end)

-- Those of the memory itself: it is locked, or has changed so often that -EAGAIN says so.
scenario("memslot lock: notifiers of the memory itself", long, function(sim)
	local vcpu, ram, vm = guest(sim)
	sim:thread("notifiers", function()
		while not sim:stopping() do
			expect(ram:madvise(8 * PAGE, 2 * PAGE, MADV_DONTNEED)):eq(0)
			expect(ram:mprotect(0, 4 * PAGE, "r")):eq(0)
			expect(ram:mprotect(0, 4 * PAGE, "rw")):eq(0)
		end
	end)
	sim:thread("vmm", function() L.lock_again_and_again(sim, vm, READ, EAGAIN) end)
	sim:join{ seconds = 1 }
	L.is_not_pinned(ram)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	expect(L.faults(sim, function() expect(vcpu:write(8 * PAGE, "x")):is_true() end)):eq(0)
end)

scenario("memslot lock: notifiers while it is locked and vCPUs run", long, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(lock(vm, 0, WRITE)):eq(0)
	sim:thread("notifiers", function()
		while not sim:stopping() do
			expect(ram:madvise(8 * PAGE, 8 * PAGE, MADV_DONTNEED)):eq(0)
		end
	end)
	sim:thread("vcpu", function()
		local n = 0
		while not sim:stopping() do
			n = n + 1
			for i = 0, 15 do
				expect(vcpu:write(i * PAGE, ("%08d"):format(n))):is_true()
			end
		end
	end)
	sim:join{ seconds = 1 }
	for i = 0, 7 do
		expect(ram:page(i).pincount):eq(1)
		expect(sim.inspect:mapping(vm, i * PAGE)):fields{ present = true, level = 1, page = ram:page(i) }
	end
	expect(unlock(vm, 0)):eq(0)
	L.is_not_pinned(ram)
end)

-- v5 changed what is pending in an unlock without a lock that vCPUs take (A13).
scenario("memslot lock: locked and unlocked while vCPUs run", long, function(sim)
	local vcpu, ram, vm = guest(sim)
	local second = vm:create_vcpu()
	for i, cpu in ipairs{ vcpu, second } do
		sim:thread("vcpu " .. i, function()
			local n = 0
			while not sim:stopping() do
				n = n + 1
				expect(cpu:write((n % 16 * PAGE) + 8 * i, ("%08d"):format(n))):is_true()
				expect(cpu:read((n % 16 * PAGE) + 8 * i, 8)):eq(("%08d"):format(n))
			end
		end)
	end
	sim:thread("vmm", function()
		local n = 0
		L.lock_again_and_again(sim, vm, function()
			n = n + 1
			return n % 2 == 0 and READ or WRITE
		end, EBUSY)
	end)
	sim:join{ seconds = 1 }
	expect(unlock_all(vm)):eq(0)
	L.is_not_pinned(ram)
end)

scenario("memslot lock: locking, logging and deleting at the same time", long, function(sim)
	local _, ram, vm, _, _, slot = guest(sim)
	sim:thread("lock", function()
		while not sim:stopping() do
			local rc = lock(vm, 0, READ)
			expect(rc == 0 or rc == -EINVAL):is_true()
			rc = unlock(vm, 0)
			expect(rc == 0 or rc == -EINVAL):is_true()
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			for _, flags in ipairs{ KVM_MEM_LOG_DIRTY_PAGES, 0 } do
				slot.flags = flags
				expect(vm:set_user_memory_region(slot)):eq(0)
			end
			local rc = vm:set_user_memory_region{ slot = 0, memory_size = 0 }
			expect(rc == 0 or rc == -EBUSY):is_true()
		end
	end)
	sim:join{ seconds = 1 }
	expect(unlock_all(vm)):eq(0)
	L.is_not_pinned(ram)
end)

-- Locking faults pages in, which may wait for user space.
scenario("memslot lock: missing pages come from a userfaultfd", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("lock", function() expect(lock(vm, 0, READ)):eq(0) end)
	sim:thread("pages", function()
		for i = 0, 15 do
			expect(uffd:read()):fields{ address = ram.addr + (i * PAGE) }
			expect(uffd:copy(ram, i * PAGE, ("page %2d"):format(i) .. ("\0"):rep(PAGE - 7))):eq(PAGE)
		end
	end)
	sim:join()
	L.is_locked(sim, vm, ram, false)
	expect(L.faults(sim, function() expect(vcpu:read(15 * PAGE, 7)):eq("page 15") end)):eq(0)
end)

-- Locking waits for the last page, when the others have been pinned. A page that goes meanwhile must not be mapped. v5
-- read the sequence count once for the whole slot, and any notifier since then was an error (A5).
cases("memslot lock: a notifier runs between pinning and mapping", options, {
	{ "for a page that is pinned", function(ram) return ram end },
	{ "for other memory of the VM", function(_, other) return other end },
}, function(sim, case)
	for _, rights in ipairs{ READ, WRITE } do
		local vcpu, ram, vm, vmm, other = guest(sim)
		for i = 0, 14 do
			expect(ram:write(i * PAGE, "old")):eq(0)
		end
		expect(vcpu:write(0x103 * PAGE, "mapped")):is_true()
		local uffd, changed = vmm:userfaultfd(), case[2](ram, other)
		expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, 15 * PAGE, PAGE)):eq(0)
		sim:thread("lock", function() expect(lock(vm, 0, rights)):eq(0) end)
		sim:thread("vmm", function()
			expect(uffd:read()):fields{ address = ram.addr + 15 * PAGE }
			expect(changed:madvise(3 * PAGE, PAGE, MADV_DONTNEED)):eq(0)
			expect(changed:write(3 * PAGE, "new")):eq(0)
			expect(uffd:copy(ram, 15 * PAGE, ("\0"):rep(PAGE))):eq(PAGE)
		end)
		sim:join()
		L.is_locked(sim, vm, ram, rights == WRITE)
		expect(vcpu:read(3 * PAGE, 3)):eq(changed == ram and "new" or "old")
		expect(L.unlock(vm, 0)):eq(0)
		L.is_not_pinned(ram)
	end
end)
