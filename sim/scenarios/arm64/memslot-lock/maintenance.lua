-- SPDX-License-Identifier: GPL-2.0-only
-- Locked memslots: cache maintenance and tags that are left to KVM_RUN, and the reset of a vCPU.
--
-- A guest whose caches are off reads memory behind the host's caches, unless the CPU has FWB. The model reports a
-- read of a line that the host wrote and nobody has cleaned.

any_page_size()
local PAGE <const> = PAGE_SIZE

local L = require("locked")
local lock, unlock, unlock_all, READ <const>, WRITE <const> = L.lock, L.unlock, L.unlock_all, L.READ, L.WRITE
local caches = L.options("K6", { facilities = { {}, { fwb = false }, { fwb = false, dic = false, idc = false } } })
local layout = { ram = { length = 16 * PAGE } }
local NOP <const> = "\x1f\x20\x03\xd5"

local function fill(ram, text)
	for i = 0, 15 do
		expect(ram:write(i * PAGE, ("%s %2d"):format(text, i))):eq(0)
	end
end

local function has(vcpu, text, gpa)
	for i = 0, 15 do
		expect(vcpu:read((gpa or 0) + (i * PAGE), 7)):eq(("%s %2d"):format(text, i))
	end
end

scenario("memslot lock: the guest sees what the VMM wrote after locking", caches, function(sim)
	for _, rights in ipairs{ READ, WRITE } do
		local vcpu, ram, vm = sim:guest(layout)
		fill(ram, "text")
		expect(lock(vm, 0, rights)):eq(0)
		fill(ram, "TEXT")
		expect(L.faults(sim, has, vcpu, "TEXT")):eq(0)
		vm:close()
	end
end)

scenario("memslot lock: locked again after the guest has run", caches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	fill(ram, "text")
	has(vcpu, "text")
	for _ = 1, 2 do
		expect(lock(vm, 0, WRITE)):eq(0)
		fill(ram, "TEXT")
		expect(L.faults(sim, has, vcpu, "TEXT")):eq(0)
		expect(unlock(vm, 0)):eq(0)
	end
end)

scenario("memslot lock: any vCPU does it for all of them", caches, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	local second, other = vm:create_vcpu(), vmm:mmap{ length = 16 * PAGE }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = other }):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(lock(vm, 1, READ)):eq(0)
	fill(ram, "zero")
	fill(other, "one ")
	expect(second:read(0, 4)):eq("zero")
	has(vcpu, "zero")
	has(vcpu, "one ", 0x100 * PAGE)
end)

-- --- unlocking before it was done ----------------------------------------------------------------------------------

scenario("memslot lock: unlocked before a vCPU has run, memory is unmapped", caches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	L.is_locked(sim, vm, ram, true)
	fill(ram, "text")
	expect(unlock(vm, 0)):eq(0)
	L.is_unmapped(sim, vm, ram)
	L.is_not_pinned(ram)
	fill(ram, "TEXT")
	expect(L.faults(sim, has, vcpu, "TEXT")):eq(16)
end)

-- v5 had one set of bits for the VM: an unlock unmapped if anything was pending, and without MTE the bit of the
-- tags was always pending (A7).
scenario("memslot lock: unlocked after a vCPU has run, memory stays mapped", caches, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	local other = vmm:mmap{ length = 16 * PAGE }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = other }):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	fill(ram, "zero")
	has(vcpu, "zero")
	-- Slot 1 has not been used since it was locked, slot 0 has.
	expect(lock(vm, 1, WRITE)):eq(0)
	expect(unlock(vm, 0)):eq(0)
	expect(L.faults(sim, has, vcpu, "zero")):eq(0)
	expect(unlock(vm, 1)):eq(0)
	expect(sim.inspect:mapping(vm, 0x100 * PAGE)):fields{ present = true, writable = true, page = other:page(0) }
	expect(lock(vm, 1, READ)):eq(0)
	expect(lock(vm, 0, READ)):eq(0)
	expect(unlock_all(vm)):eq(0)
	L.is_unmapped(sim, vm, ram)
	L.is_unmapped(sim, vm, other, 0x100 * PAGE)
end)

scenario("memslot lock: nothing remains pending", caches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, READ)):eq(0)
	for _ = 1, 3 do
		expect(vcpu:read(0, 1)):eq("\0")
	end
	expect(unlock(vm, 0)):eq(0)
	for i = 0, 15 do
		expect(sim.inspect:mapping(vm, i * PAGE)):fields{ present = true, writable = false, page = ram:page(i) }
	end
end)

-- --- reset ---------------------------------------------------------------------------------------------------------

-- KVM_ARM_VCPU_INIT of a vCPU that has run unmaps all memory, unless the CPU has FWB.
scenario("memslot lock: the reset of a vCPU leaves locked memory mapped", caches, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	local other = vmm:mmap{ length = 16 * PAGE }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 256 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = other }):eq(0)
	expect(lock(vm, 0, WRITE)):eq(0)
	fill(ram, "zero")
	fill(other, "one ")
	has(vcpu, "zero")
	has(vcpu, "one ", 0x100 * PAGE)
	for round = 1, 2 do
		expect(vcpu:init()):eq(0)
		L.is_locked(sim, vm, ram, true)
		if sim.facilities.fwb == false then
			L.is_unmapped(sim, vm, other, 0x100 * PAGE)
		end
		-- What the VMM loads for the next boot.
		fill(ram, round == 1 and "boot" or "more")
		expect(L.faults(sim, has, vcpu, round == 1 and "boot" or "more")):eq(0)
	end
end)

scenario("memslot lock: after a reset there is new code where old code was", caches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(ram:write(4 * PAGE, NOP)):eq(0)
	expect(vcpu:fetch(4 * PAGE)):eq("\x1f")
	expect(vcpu:init()):eq(0)
	expect(ram:write(4 * PAGE, NOP)):eq(0)
	expect(L.faults(sim, function() expect(vcpu:fetch(4 * PAGE)):eq("\x1f") end)):eq(0)
end)

scenario("memslot lock: unlocked between a reset and the next run", caches, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(lock(vm, 0, WRITE)):eq(0)
	fill(ram, "text")
	has(vcpu, "text")
	expect(vcpu:init()):eq(0)
	expect(unlock(vm, 0)):eq(0)
	if sim.facilities.fwb == false then
		L.is_unmapped(sim, vm, ram)
	end
	fill(ram, "boot")
	has(vcpu, "boot")
end)

-- The walk of the reset follows pointers to locks: slots_lock, which unlocking takes, protects them.
local long = L.options("K6", { check = "end", facilities = { {}, { fwb = false } } })

scenario("memslot lock: vCPUs are reset while another thread locks and unlocks", long, function(sim)
	local vcpu, _, vm = sim:guest(layout)
	expect(vcpu:read(0, 1)):eq("\0")
	sim:thread("vcpu", function()
		while not sim:stopping() do
			expect(vcpu:init()):eq(0)
			expect(vcpu:read(PAGE, 1)):eq("\0")
		end
	end)
	sim:thread("vmm", function() L.lock_again_and_again(sim, vm, READ, EBUSY) end)
	sim:join{ seconds = 1 }
end)

-- --- tags ----------------------------------------------------------------------------------------------------------

local mte = L.options("K6", { facilities = { mte = true } })
local VA <const>, ATA <const> = 0x40000000, 1 << 43

-- Slot 0, Tagged, is at VA; the tables are in slot 1.
local function tagged_guest(vm)
	local vcpu = vm:create_vcpu()
	expect(vcpu:set_paging{ tables = 0x100 * PAGE, size = 16 * PAGE }):eq(0)
	vcpu:map{ from = VA, to = 0, size = 16 * PAGE, attr = "tagged" }
	expect(vcpu:set_sysreg("sctlr_el1", vcpu:get_sysreg("sctlr_el1") | ATA)):eq(0)
	return vcpu
end

local function tagged_vm(sim, ram)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local mapping = vmm:mmap(ram)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 16 * PAGE, userspace_addr = mapping }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 0x100 * PAGE, memory_size = 16 * PAGE,
		userspace_addr = vmm:mmap{ length = 16 * PAGE } }):eq(0)
	return vm, mapping
end

scenario("memslot lock: MTE may be enabled after locking, all tags are set before the guest runs", mte, function(sim)
	for _, rights in ipairs{ READ, WRITE } do
		local vm, ram = tagged_vm(sim, { length = 16 * PAGE })
		expect(lock(vm, 0, rights)):eq(0)
		expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):eq(0)
		local vcpu = tagged_guest(vm)
		fill(ram, "tags")
		expect(vcpu:read(0xffff888000000000 + 0x100 * PAGE, 1)):eq("\x03")	-- its tables, which are not locked
		expect(L.faults(sim, function()
			for i = 0, 15 do
				expect(vcpu:ldg(VA + (i * PAGE))):eq(0)
				expect(vcpu:ldg(VA + (i * PAGE) + PAGE - 16)):eq(0)
			end
			has(vcpu, "tags", VA)
		end)):le(3)
		vm:close()
	end
end)

scenario("memslot lock: tags that the guest has set stay when it is unlocked and locked", mte, function(sim)
	local vm = tagged_vm(sim, { length = 16 * PAGE })
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):eq(0)
	local vcpu = tagged_guest(vm)
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(vcpu:stg(VA + 3 * PAGE, 7)):is_true()
	for _ = 1, 2 do
		expect(unlock(vm, 0)):eq(0)
		expect(vcpu:ldg(VA + 3 * PAGE)):eq(7)
		expect(lock(vm, 0, WRITE)):eq(0)
		expect(vcpu:ldg(VA + 3 * PAGE)):eq(7)
	end
end)

-- Files of hugetlb may have no tags before 6.13: the VM could not have had the slot if it had had MTE then.
local untaggable = L.options("K6", { facilities = { mte = true }, before = "6.13" })

scenario("memslot lock: locked memory that may have no tags keeps the VM from running", untaggable, function(sim)
	local vm = tagged_vm(sim, { length = 2 << 20, kind = "shmem", hugetlb = 2 << 20 })
	expect(lock(vm, 0, WRITE)):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_MTE }):eq(0)
	local vcpu = vm:create_vcpu()
	for _ = 1, 2 do
		expect(vcpu:read(0x100 * PAGE, 1)):fields{ ret = -EFAULT }
	end
	expect(unlock(vm, 0)):eq(0)
	expect(vcpu:read(0x100 * PAGE, 1)):eq("\0")
end)
