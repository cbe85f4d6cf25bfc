-- SPDX-License-Identifier: GPL-2.0-only
-- The recovery of NX huge pages (kvm_nx_huge_page_recovery_worker(), arch/x86/kvm/mmu/mmu.c): in each period a VM's
-- thread, up to 6.1 a kthread, zaps one of nx_huge_pages_recovery_ratio split pages, the oldest first, so that data get
-- their huge mapping back.

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local newer = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, kernel = "6.12" }
local HUGE <const> = 2 << 20
local SECOND <const> = 1000000000

local function set(sim, name, value)
	expect(sim:set_module_param("kvm.nx_huge_pages" .. name, value)):eq(0)
end

-- n huge pages. 6.1 does not count what a guest without paging splits under shadow paging (__direct_map(), mmu.c); so
-- that one has paging there, with its tables behind the pages.
local function huge_guest(sim, n)
	if sim.mmu ~= "shadow" or sim:kernel_since("6.12") then
		return sim:guest{ ram = { length = n * HUGE, huge = true } }
	end
	local vcpu, ram, vm = sim:guest{ ram = { length = (n + 1) * HUGE, huge = true }, paging = true }
	vcpu:map{ from = 0, to = 0, size = n * HUGE, level = 2, prot = "rwx" }
	return vcpu, ram, vm
end

-- The same, and the guest has split each of them.
local function guest(sim, n, ratio, period_ms)
	set(sim, "", "force")
	set(sim, "_recovery_ratio", ratio)
	set(sim, "_recovery_period_ms", period_ms)
	local vcpu, ram, vm = huge_guest(sim, n)
	for page = 0, n - 1 do
		expect(vcpu:fetch(page * HUGE + 0x1000)):eq("\0")
	end
	expect(vm:stats().nx_lpage_splits):eq(n)
	return vcpu, vm, ram
end

-- Which of n huge pages are still split.
local function split(sim, vm, n)
	local t = {}
	for page = 0, n - 1 do
		local m = sim.inspect:mapping(vm, page * HUGE + 0x1000)
		if m.present and m.level == 1 then
			t[#t + 1] = page
		end
	end
	return t
end

scenario("NX recovery: after a period the page is huge again, until the next fetch", options, function(sim)
	local vcpu, vm = guest(sim, 1, "1", "1000")
	sim:advance_time(SECOND // 2)
	expect(split(sim, vm, 1)):eq{ 0 }
	sim:advance_time(SECOND)
	expect(split(sim, vm, 1)):eq{}
	expect(vm:stats().nx_lpage_splits):eq(0)
	expect(vcpu:read(0x1000, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, executable = false }
	-- And so on.
	expect(vcpu:fetch(0x1000)):eq("\0")
	expect(split(sim, vm, 1)):eq{ 0 }
	sim:advance_time(2 * SECOND)
	expect(split(sim, vm, 1)):eq{}
end)

-- Newer kernels take a page of the TDP MMU that they recover off the shadow MMU's count: unaccount_nx_huge_page(). So
-- the TDP MMU's count never goes down, and each period zaps as much as the first (docs/findings.md).
scenario("NX recovery: a part in each period, the oldest first", options, function(sim)
	local _, vm = guest(sim, 5, "2", "1000")
	local tdp_mmu = vm:stats().mmu_cache_miss == 0
	local counted = not tdp_mmu or not sim:kernel_since("7.0")
	sim:advance_time(SECOND * 11 // 10)
	expect(split(sim, vm, 5)):eq{ 3, 4 }
	sim:advance_time(SECOND * 11 // 10)
	expect(split(sim, vm, 5)):eq(counted and { 4 } or {})
	sim:advance_time(SECOND * 11 // 10)
	expect(split(sim, vm, 5)):eq{}
	expect(vm:stats().nx_lpage_splits):eq(0)
end)

cases("NX recovery: nothing happens", options, {
	{ "without a ratio",                    "0", "1000" },
	{ "before the period is over",          "1", "3600000" },
	-- An hour, divided by the ratio.
	{ "before the period that follows from the ratio is over", "60", "0" },
}, function(sim, case)
	local _, vm = guest(sim, 2, case[2], case[3])
	sim:advance_time(50 * SECOND)
	expect(split(sim, vm, 2)):eq{ 0, 1 }
	if case[3] == "0" then
		sim:advance_time(20 * SECOND)
		expect(split(sim, vm, 2)):eq{ 1 }
	end
end)

-- set_nx_huge_pages_recovery_param() wakes the threads of all VMs if the new period is shorter.
cases("NX recovery: a change takes effect at once", options, {
	{ "a shorter period", "1", "3600000", "_recovery_period_ms", "1000" },
	{ "a ratio",          "0", "1000",    "_recovery_ratio",     "1" },
}, function(sim, case)
	local _, vm = guest(sim, 1, case[2], case[3])
	sim:advance_time(10 * SECOND)
	expect(split(sim, vm, 1)):eq{ 0 }
	set(sim, case[4], case[5])
	sim:advance_time(SECOND * 11 // 10)
	expect(split(sim, vm, 1)):eq{}
end)

scenario("NX recovery: turned on with the mitigation, for VMs that run", options, function(sim)
	set(sim, "", "off")
	set(sim, "_recovery_ratio", "1")
	set(sim, "_recovery_period_ms", "1000")
	local vcpu, _, vm = huge_guest(sim, 1)
	expect(vcpu:fetch(0x1000)):eq("\0")
	set(sim, "", "force")
	expect(vcpu:fetch(0x1000)):eq("\0")
	expect(split(sim, vm, 1)):eq{ 0 }
	sim:advance_time(2 * SECOND)
	expect(split(sim, vm, 1)):eq{}
	set(sim, "", "off")
end)

-- They would only be mapped by single pages again: unaccount_nx_huge_page(). 6.1 zaps them all the same.
scenario("NX recovery: pages of a slot that logs are no longer counted, and stay", newer, function(sim)
	local _, vm, ram = guest(sim, 2, "1", "1000")
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = 0,
		memory_size = ram.length, userspace_addr = ram }):eq(0)
	sim:advance_time(2 * SECOND)
	expect(split(sim, vm, 2)):eq{ 0, 1 }
	expect(vm:stats().nx_lpage_splits):eq(0)
end)

scenario("NX recovery: each VM has its own thread, which ends with it", options, function(sim)
	local vcpu, first = guest(sim, 1, "1", "1000")
	local _, second = guest(sim, 2, "1", "1000")
	expect(vcpu:close()):eq(0)
	expect(first:close()):eq(0)
	sim:advance_time(2 * SECOND)
	expect(split(sim, second, 2)):eq{}
end)

-- disallowed_hugepage_adjust(): a read of another page of a split huge page does not put the huge one back.
scenario("NX huge pages: a read beside a fetched page leaves that mapped", options, function(sim)
	local vcpu, vm = guest(sim, 1, "0", "1000")
	expect(vcpu:read(0x5000, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, level = 1 }
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, level = 1, executable = true }
	expect(vm:stats().nx_lpage_splits):eq(1)
end)

scenario("NX recovery: a guest without paging under shadow paging, which 6.1 does not count", {
	arch = "x86_64", mmu = "shadow", covers = "what KVM does today",
}, function(sim)
	local counted = sim:kernel_since("6.12")
	set(sim, "", "force")
	set(sim, "_recovery_ratio", "1")
	set(sim, "_recovery_period_ms", "1000")
	local vcpu, _, vm = sim:guest{ ram = { length = HUGE, huge = true } }
	expect(vcpu:fetch(0x1000)):eq("\0")
	expect(vm:stats().nx_lpage_splits):eq(counted and 1 or 0)
	sim:advance_time(10 * SECOND)
	expect(split(sim, vm, 1)):eq(counted and {} or { 0 })
end)
