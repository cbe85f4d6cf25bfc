-- SPDX-License-Identifier: GPL-2.0-only
-- EPT without accessed and dirty bits: KVM takes the rights of an old page's entry away and keeps them in bits that the
-- processor ignores. The next access faults and brings them back; that to write comes back with a write
-- (mark_spte_for_access_track(), fast_page_fault()).

local options <const> = { mmu = { "ept", "ept_rmap" }, params = { ["machine.ept_ad"] = false } }
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- Takes another page of the range away, which flushes the guest's TLB. Leaves no page of it behind.
local function flush(ram, vcpu, offset)
	expect(vcpu:write(offset, "goes")):is_true()
	expect(ram:madvise(offset, "4K", MADV_DONTNEED)):eq(0)
end

local function faults(sim, fn)
	local before = sim.inspect:counters().guest_faults
	fn()
	return sim.inspect:counters().guest_faults - before
end

scenario("an old page's entry has no rights, and the next access brings them back", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { huge = false } }
	expect(vcpu:write(0x1000, "young")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true, accessed = true }
	expect(ram:age(0x1000)):ge(1)
	local old = sim.inspect:mapping(vm, 0x1000)
	expect(old):fields{ present = false, writable = false, accessed = false }
	expect(old.raw):ne(0)
	expect(ram:age(0x1000)):eq(0)
	flush(ram, vcpu, 0x9000)
	expect(faults(sim, function() expect(vcpu:read(0x1000, 5)):eq("young") end)):eq(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{
		present = true, writable = false, executable = true, accessed = true, page = ram:page(1),
	}
	expect(faults(sim, function() expect(vcpu:write(0x1000, "YOUNG")):is_true() end)):eq(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true, accessed = true }
	expect(faults(sim, function() expect(vcpu:write(0x1000, "again")):is_true() end)):eq(0)
	expect(ram:age(0x1000)):ge(1)
	expect(ram:read(0x1000, 5)):eq("again")
end)

cases("an old page goes, and no rights come back", options, {
	{ "MADV_DONTNEED", function(ram) return ram:madvise(0x1000, "4K", MADV_DONTNEED) end, "\0\0\0" },
	{ "migrated", function(ram) return ram:migrate(0x1000) end, "old" },
	{ "swapped out", function(ram) return ram:swap_out(0x1000, "4K") end, "old" },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { huge = false } }
	expect(vcpu:write(0x1000, "old")):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(case[2](ram)):ok()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = false, accessed = false }
	expect(vcpu:read(0x1000, 3)):eq(case[3])
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ page = ram:page(1), accessed = true }
end)

-- Rights that KVM takes away meanwhile are not among those that come back.
scenario("an old page under a dirty log: the next write is reported", options, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest{ ram = { huge = false } }
	expect(vcpu:write(0x1000, "old")):is_true()
	expect(ram:age(0x1000)):ge(1)
	slot.flags = LOG
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:read(0x1000, 3)):eq("old")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vcpu:write(0x1000, "new")):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
	flush(ram, vcpu, 0x9000)
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:write(0x1000, "end")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
	expect(ram:read(0x1000, 3)):eq("end")
end)

-- Their entries have the rights of the huge page's, and the one that executes may, which the huge page may not.
cases("an old huge page that is split", {
	mmu = { "ept", "ept_rmap" }, params = { ["machine.ept_ad"] = false, ["kvm.nx_huge_pages"] = "force" },
}, {
	{ "when logging begins", "Y" },
	{ "by the write",        "N" },
}, function(sim, case)
	expect(sim:set_module_param("kvm.eager_page_split", case[2])):eq(0)
	local vcpu, ram, vm, _, slot = sim:guest{ ram = { length = "4M", huge = true } }
	expect(vcpu:write(0x1000, "huge")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, writable = true, executable = false }
	expect(ram:age(0)):ge(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, present = false, accessed = false }
	slot.flags = LOG
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:read(0x1000, 4)):eq("huge")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3 }
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = 1 }
	expect(ram:write(0x3000, "\xf4")):eq(0)
	expect(vcpu:fetch(0x3000)):eq("\xf4")
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = 1, executable = true, accessed = true }
end)

scenario("an idle page stays idle until somebody uses it", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { huge = false } }
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(ram:set_idle(0x1000)):eq(0)
	expect(ram:is_idle(0x1000)):eq(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = false, accessed = false }
	flush(ram, vcpu, 0x9000)
	expect(ram:is_idle(0x1000)):eq(1)
	expect(vcpu:read(0x1000, 1)):eq("x")
	expect(ram:is_idle(0x1000)):eq(0)
end)

scenario("khugepaged makes no huge page of old ones", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "4M", huge = false } }
	expect(vcpu:write(0x5000, "guest")):is_true()
	expect(ram:madvise(0, "4M", MADV_HUGEPAGE)):eq(0)
	expect(ram:madvise(0, "4M", MADV_COLD)):eq(0)
	expect(ram:age(0x5000)):eq(1)
	expect(vmm:khugepaged()):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = false, accessed = false }
	expect(vcpu:read(0x5000, 5)):eq("guest")
end)
