-- SPDX-License-Identifier: GPL-2.0-only
-- Loops over tables give way to others when need_resched() says so, and first flush what they have zapped
-- (tdp_mmu_iter_cond_resched(), arch/x86/kvm/mmu/tdp_mmu.c; __walk_slot_rmaps(), mmu_sync_children(), mmu.c). arm64
-- does so between one GiB and the next, with everything flushed (stage2_apply_range(), arch/arm64/kvm/mmu.c). With
-- sim:preempt_every() they do, anywhere; the result must be the same.

local x86_mmu = { "ept", "npt", "ept_rmap", "shadow" }
local arch, mmu = { "x86_64", "arm64" }, { "ept", "npt", "ept_rmap", "shadow", "vhe" }
local PAGES <const>, HUGE <const> = 1100, 2 << 20
local BASE <const> = (1 << 30) - HUGE
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES
local periods = { 1, 2, 7, 40 }

-- On 6.1 an invalidation walks the reverse maps without giving way (kvm_handle_gfn_range(), mmu.c).
local function gives_way(sim)
	return sim:kernel_since("6.12") or (sim.mmu ~= "shadow" and sim.mmu ~= "ept_rmap")
end

local function guest(sim, huge, flags)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "6M", huge = huge or false },
		slot = { guest_phys_addr = BASE, memory_size = PAGES * 4096, flags = flags } }
	local g = { sim = sim, vcpu = vcpu, ram = ram, vm = vm, vmm = vmm, slot = slot }
	function g.at(page)
		return BASE + page * 4096
	end
	function g.mapping(page)
		return sim.inspect:mapping(vm, g.at(page))
	end
	function g.fill()
		expect(vcpu:workload{ op = "write", range = { g.at(0), PAGES * 4096 }, stride = "4K" }):eq(PAGES)
	end
	function g.set(flags2)
		slot.flags = flags2
		expect(vm:set_user_memory_region(slot)):eq(0)
	end
	return g
end

-- Each entry: what comes before, the operation, and what holds for every page after it.
local operations = {
	{ "MADV_DONTNEED", run = function(g)
		expect(g.ram:madvise(0, g.ram.length, MADV_DONTNEED)):eq(0)
	end, after = { present = false }, flushes = true },
	{ "munmap() of the middle", run = function(g)
		expect(g.ram:munmap("64K", "4M")):eq(0)
	end, first = 16, last = 1039, after = { present = false }, flushes = true },
	{ "the slot's deletion without the quirk", kernel = "6.12", quirk = true, run = function(g)
		expect(g.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	end, after = { present = false }, flushes = true },
	{ "the slot's deletion", run = function(g)
		expect(g.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	end, after = { present = false } },
	{ "logging turned on", run = function(g) g.set(LOG) end, after = { present = true, writable = false } },
	{ "KVM_GET_DIRTY_LOG", flags = LOG, short = true, run = function(g)
		expect(g.vm:get_dirty_log{ slot = 0 }:count()):eq(PAGES)
	end, after = { present = true, writable = false } },
	{ "logging turned on over huge pages", huge = true, run = function(g) g.set(LOG) end,
		last = 1023, after = { present = true, writable = false } },
	{ "fork()", run = function(g) expect(g.vmm:fork()):ok() end, writable_again = true, flushes = true },
}

for _, op in ipairs(operations) do
	cases("giving way: " .. op[1], {
		arch = op.quirk and "x86_64" or arch, mmu = op.quirk and x86_mmu or mmu, kernel = op.kernel,
		check = "end",
	}, { { "now and then", periods } }, function(sim, row)
		local usual, usual_locks
		for i = 0, #row[2] do
			local g = guest(sim, op.huge, op.flags)
			if op.quirk then
				expect(g.vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2,
					args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
			end
			g.fill()
			local before = g.vm:stats().remote_tlb_flush_requests
			sim:preempt_every(row[2][i] or 0)
			local locks = sim.inspect:counters().locks
			op.run(g)
			locks = sim.inspect:counters().locks - locks
			sim:preempt_every(0)
			local flushes = g.vm:stats().remote_tlb_flush_requests - before
			usual_locks = usual_locks or locks
			usual = usual or flushes
			expect(flushes):ge(usual)
			-- To give way is to take the lock once more.
			if sim.arch == "arm64" and row[2][i] == 1 and not op.short then
				expect(locks):gt(usual_locks)
			end
			-- arm64 counts no flushes of this kind.
			if sim.arch == "x86_64" and op.flushes and row[2][i] == 1 then
				if gives_way(sim) then
					expect(flushes):gt(usual + 100)
				else
					expect(flushes):eq(usual)
				end
			end
			for page = op.first or 0, op.last or PAGES - 1 do
				local m = g.mapping(page)
				if op.after then
					for key, value in pairs(op.after) do
						if m[key] ~= value then
							sim:log(("page %d, every %d"):format(page, row[2][i] or 0))
						end
						expect(m[key]):eq(value)
					end
				end
			end
			sim:check()
			if op.writable_again then
				g.fill()
			end
			expect(g.vmm:exit()):eq(0)
		end
	end)
end

-- The process goes while its VM has all of these tables.
scenario("giving way: the VM ends", { arch = arch, mmu = mmu, check = "end" }, function(sim)
	for _, period in ipairs(periods) do
		local g = guest(sim)
		g.fill()
		sim:preempt_every(period)
		expect(g.vm:close()):eq(0)
		expect(g.vcpu:close()):eq(0)
		expect(g.vmm:exit()):eq(0)
		sim:preempt_every(0)
	end
end)

-- Many tables of the guest are out of sync: mmu_sync_children() gives way between them.
scenario("giving way: the guest's tables are synchronised", {
	arch = "x86_64", mmu = x86_mmu, check = "end",
}, function(sim)
	local VA <const>, TABLES <const> = 0x8000000000, 40
	local vcpu, ram = sim:guest{ ram = { length = "4M" }, paging = true }
	for i = 0, TABLES - 1 do
		vcpu:map{ from = VA + (i << 21), to = 0x5000, prot = "rw" }
	end
	ram:write(0x5000, "five")
	ram:write(0x6000, "six!")
	local cr3 = vcpu:get_sregs().cr3
	for n, period in ipairs(periods) do
		local to, data = n % 2 == 1 and 0x6000 or 0x5000, n % 2 == 1 and "six!" or "five"
		for i = 0, TABLES - 1 do
			expect(type(vcpu:read(VA + (i << 21), 4))):eq("string")
		end
		for i = 0, TABLES - 1 do
			vcpu:set_pte(VA + (i << 21), to | 7)
		end
		sim:preempt_every(period)
		expect(vcpu:load_cr3(cr3)):is_true()
		for i = 0, TABLES - 1 do
			expect(vcpu:read(VA + (i << 21), 4)):eq(data)
		end
		sim:preempt_every(0)
	end
	sim:check()
end)
