-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_SET_NR_MMU_PAGES: with few shadow pages KVM drops the oldest ones (make_mmu_pages_available(),
-- arch/x86/kvm/mmu/mmu.c). The TDP MMU has no such limit.

local LEAST <const> = 64	-- KVM_MIN_ALLOC_MMU_PAGES
local STRIDE <const>, REGIONS <const> = 2 << 20, 100

local function fill(sim, limit)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = REGIONS * STRIDE } }
	if limit then
		expect(vm:set_nr_mmu_pages(limit)):eq(0)
	end
	for region = 0, REGIONS - 1 do
		expect(vcpu:write(region * STRIDE, ("%03d"):format(region))):is_true()
	end
	return vcpu, ram, vm, vmm
end

scenario("MMU pages: past the limit the oldest tables are recycled, the memory stays", { arch = "x86_64", mmu = "shadow" },
	function(sim)
	local vcpu, ram, vm = fill(sim, LEAST)
	expect(vm:stats().mmu_recycled):gt(0)
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(sim.inspect:mapping(vm, (REGIONS - 1) * STRIDE).present):is_true()
	for region = 0, REGIONS - 1 do
		expect(vcpu:read(region * STRIDE, 3)):eq(("%03d"):format(region))
		expect(ram:read(region * STRIDE, 3)):eq(("%03d"):format(region))
	end
end)

scenario("MMU pages: without a limit nothing is recycled", { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }, function(sim)
	local _, _, vm = fill(sim)
	expect(vm:stats()):fields{ mmu_recycled = 0 }
	expect(sim.inspect:mapping(vm, 0).present):is_true()
end)

scenario("MMU pages: lowering the limit frees pages at once", { arch = "x86_64", mmu = "shadow" }, function(sim)
	local vcpu, _, vm = fill(sim)
	expect(sim.inspect:mapping(vm, 0).present):is_true()
	expect(vm:set_nr_mmu_pages(LEAST)):eq(0)
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(vcpu:read(0, 3)):eq("000")
end)

-- mmu_shrink_scan() frees shadow pages; they do not include the TDP MMU's tables. With seeks = 10 * DEFAULT_SEEKS each
-- call asks for a fifth of them; if there are fewer than a batch, they wait for the next call (do_shrink_slab(),
-- mm/shrinker.c). KVM has no shrinker since 6.13.
scenario("MMU pages: when the host is short of memory, KVM's shrinker frees tables", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" },
}, function(sim)
	local vcpu, _, vm, vmm = fill(sim)
	local before = vm:stats().pages_4k
	expect(before):eq(REGIONS)
	for _ = 1, 10 do
		expect(vmm:drop_slab()):eq(0)
	end
	if (sim.mmu == "shadow" or sim.mmu == "ept_rmap") and not sim:kernel_since("6.13") then
		expect(vm:stats().pages_4k):lt(before)
	else
		expect(vm:stats().pages_4k):eq(before)
	end
	for region = 0, REGIONS - 1 do
		expect(vcpu:read(region * STRIDE, 3)):eq(("%03d"):format(region))
	end
end)

cases("KVM_SET_NR_MMU_PAGES", { arch = "x86_64", mmu = "shadow" }, {
	{ "the least",       LEAST,     0 },
	{ "less than that",  LEAST - 1, -EINVAL },
	{ "a large number",  1 << 20,   0 },
}, function(sim, case)
	local _, _, vm = sim:guest()
	expect(vm:set_nr_mmu_pages(case[2])):eq(case[3])
end)
