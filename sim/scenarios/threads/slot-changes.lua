-- SPDX-License-Identifier: GPL-2.0-only
-- A slot that is deleted or moved while vCPUs run; on x86_64 with KVM_X86_QUIRK_SLOT_ZAP_ALL, which drops all tables, and
-- without (kvm_arch_flush_shadow_memslot(), arch/x86/kvm/mmu/mmu.c). The checks judge.

local SIZE <const> = 2 << 20
local FAR <const> = 1 << 30

-- case: whether KVM has the quirk, or nil if it never has; whether the slot moves.
local function while_vcpus_run(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * SIZE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	if case[2] == false then
		expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	end
	-- Slot 1 stays.
	local function set(slot, gpa, size)
		return vm:set_user_memory_region{ slot = slot, guest_phys_addr = gpa, memory_size = size,
			userspace_addr = ram.addr + slot * SIZE }
	end
	expect(set(0, 0, SIZE)):eq(0)
	expect(set(1, FAR, SIZE)):eq(0)
	-- One vCPU finds no slot, the slot comes, and the other one maps the page (docs/findings.md).
	sim:expect_report{ kind = "warn", match = "mmu.c", optional = true }
	local writes, rounds = { 0, 0 }, 0
	for i = 1, 2 do
		local vcpu = vm:create_vcpu()
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				vcpu:workload{ op = "write", range = { 0, SIZE }, stride = 4104, count = 64 }
				expect(vcpu:write(FAR + i * 4096, string.pack("<I8", writes[i] + 1))):is_true()
				writes[i] = writes[i] + 1
			end
		end)
	end
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(set(0, 0, 0)):eq(0)
			expect(set(0, 0, SIZE)):eq(0)
			if case[3] then
				expect(set(0, 4 * SIZE, SIZE)):eq(0)
				expect(set(0, 0, SIZE)):eq(0)
			end
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return rounds > 1 and writes[1] > 1 and writes[2] > 1 end }
	for i = 1, 2 do
		expect(ram:read(SIZE + i * 4096, 8)):eq(string.pack("<I8", writes[i]))
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "here")):is_true()
	expect(ram:read(0x1000, 4)):eq("here")
end

cases("two vCPUs while a slot is", { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, kernel = "6.12", check = "end",
	timeout = 60 }, {
	{ "deleted, with the quirk",    true,  false },
	{ "deleted, without the quirk", false, false },
	{ "moved, with the quirk",      true,  true },
	{ "moved, without the quirk",   false, true },
}, while_vcpus_run)

cases("two vCPUs of arm64 while a slot is", { arch = "arm64", check = "end", timeout = 60 }, {
	{ "deleted", nil, false }, { "moved", nil, true },
}, while_vcpus_run)

-- An invalidation begins and ends with the same slots: kvm_swap_active_memslots() waits for those that are under way.
-- Otherwise one counts for ever, or ends without a begin (mmu_invalidate_in_progress).
scenario("a slot comes and goes while the host changes its memory", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, kernel = "6.12",
	check = "end", timeout = 60,
}, function(sim)
	local BIG <const> = 16 << 20	-- the more pages the longer is an invalidation
	local vcpu, ram, vm, _, slot = sim:guest{ ram = { length = BIG, huge = false } }
	local rounds, events = 0, 0
	expect(ram:madvise(0, BIG, MADV_POPULATE_WRITE)):eq(0)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
			expect(vm:set_user_memory_region(slot)):eq(0)
			rounds = rounds + 1
		end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			expect(ram:mprotect(0, BIG, "r")):eq(0)
			expect(ram:mprotect(0, BIG, "rw")):eq(0)
			expect(ram:madvise(0, "64K", MADV_DONTNEED)):eq(0)
			events = events + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return rounds > 5 and events > 20 end }
	expect(vcpu:write(0x1000, "after")):is_true()
	expect(ram:read(0x1000, 5)):eq("after")
end)

-- A fault must not map a page of either range while both are invalidated: kvm_mmu_invalidate_range_add() widens the
-- range of those that are under way.
scenario("two ranges are invalidated at a time", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, kernel = "6.12",
	check = "end", timeout = 60,
}, function(sim)
	local first, ram, vm = sim:guest{ ram = { length = SIZE, huge = false } }
	local writes, drops = { 0, 0 }, { 0, 0 }
	for i, vcpu in ipairs{ first, vm:create_vcpu() } do
		local begin = (i - 1) * SIZE // 2
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				expect(vcpu:workload{ op = "write", range = { begin, "512K" }, stride = "4K" }):eq(128)
				writes[i] = writes[i] + 1
			end
		end)
		sim:thread("host " .. i, function()
			while not sim:stopping() do
				-- Each one meets the faults that the one before has made.
				for _ = 1, 8 do
					expect(ram:madvise(begin, "512K", MADV_DONTNEED)):eq(0)
				end
				drops[i] = drops[i] + 1
				-- The vCPU uses what it has mapped meanwhile.
				local seen = writes[i]
				while not sim:stopping() and writes[i] < seen + 2 do end
			end
		end)
	end
	sim:join{ seconds = 0.3, at_least = function()
		return writes[1] > 5 and writes[2] > 5 and drops[1] > 5 and drops[2] > 5
	end }
end)

-- A fault that meets a slot which is being moved tries again, and finds the new one: kvm_mmu_faultin_pfn(). Else it
-- takes the part that both places have for MMIO.
scenario("a slot moves by half, and the half that it covers before and after is always memory", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, kernel = "6.12", check = "end", timeout = 60,
}, function(sim)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = SIZE, huge = false } }
	local writes, moves = 0, 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			expect(vcpu:write(SIZE * 3 // 4, "memory")):is_true()
			writes = writes + 1
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			slot.guest_phys_addr = SIZE // 2 - slot.guest_phys_addr
			expect(vm:set_user_memory_region(slot)):eq(0)
			moves = moves + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return writes > 20 and moves > 20 end }
end)

-- arm64 has no such retry: a slot that is being moved is nothing, and an access to it is MMIO (kvm_handle_guest_abort()).
scenario("arm64: a slot moves by half, and is memory or MMIO meanwhile", { arch = "arm64", check = "end", timeout = 60 },
	function(sim)
	local vcpu, ram, vm, _, slot = sim:guest{ ram = { length = SIZE, huge = false } }
	local at <const>, writes, moves = SIZE * 3 // 4, 0, 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			local done = vcpu:write(at, "memory..")
			if done ~= true then
				expect(done):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = at, is_write = 1 } }
				vcpu:abandon()
			end
			writes = writes + 1
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			slot.guest_phys_addr = SIZE // 2 - slot.guest_phys_addr
			expect(vm:set_user_memory_region(slot)):eq(0)
			moves = moves + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return writes > 20 and moves > 20 end }
	expect(vcpu:write(at, "the end.")):is_true()
	expect(ram:read(at - slot.guest_phys_addr, 8)):eq("the end.")
end)

-- Deleting the slot drops all tables. Then both vCPUs begin at the same time, and want the same new tables: who comes
-- second must notice (tdp_mmu_set_spte_atomic(), arch/x86/kvm/mmu/tdp_mmu.c; stage2_try_break_pte(),
-- arch/arm64/kvm/hyp/pgtable.c).
scenario("two vCPUs make the same tables at once", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, kernel = "6.12",
	check = "end", timeout = 60,
}, function(sim)
	local first, ram, vm, _, slot = sim:guest{ ram = { length = SIZE, huge = false } }
	local round, done = 0, { 0, 0 }
	for i, vcpu in ipairs{ first, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				if done[i] < round then
					expect(vcpu:write(0x1000, "here")):is_true()
					done[i] = done[i] + 1
				end
			end
		end)
	end
	sim:thread("slots", function()
		while not sim:stopping() do
			if done[1] == round and done[2] == round then
				expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
				expect(vm:set_user_memory_region(slot)):eq(0)
				round = round + 1
			end
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return round > 20 end }
	expect(ram:read(0x1000, 4)):eq("here")
end)
