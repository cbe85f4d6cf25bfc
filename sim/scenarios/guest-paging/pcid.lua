-- SPDX-License-Identifier: GPL-2.0-only
-- Process-context identifiers (SDM vol. 3, 5.10.1; CR4.PCIDE, CR3 bit 63, INVPCID): TLB entries of several address
-- spaces. With shadow paging KVM keeps the roots of earlier ones (prev_roots, kvm_mmu_new_pgd(),
-- kvm_invalidate_pcid()).

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local PAE <const>, PGE <const>, PCIDE <const> = 1 << 5, 1 << 7, 1 << 17
local NOFLUSH <const> = 1 << 63
local VA <const>, DESC <const> = 0x40000000, 0x50000000
local P <const>, W <const>, G <const> = 1, 2, 1 << 8

-- Two address spaces, each with its tables: VA is page 5 in the first, page 6 in the second. Pages hold their numbers.
local function guest(sim, cr4)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = false }, paging = true }
	local other = vm:create_vcpu()
	expect(other:set_paging{ tables = 0x200000 }):eq(0)
	for page = 5, 8 do
		ram:write(page * 4096, tostring(page))
	end
	vcpu:map{ from = VA, to = 0x5000, prot = "rw" }
	vcpu:map{ from = VA + 0x1000, to = 0x5000, prot = "rw" }
	other:map{ from = VA, to = 0x6000, prot = "rw" }
	for _, v in ipairs{ vcpu, other } do
		v:map{ from = DESC, to = 0x9000, prot = "rw" }
	end
	local a, b = vcpu:get_sregs().cr3, other:get_sregs().cr3
	expect(vcpu:set_sregs{ cr4 = PAE | (cr4 or PCIDE) }):eq(0)
	return vcpu, ram, vm, a, b
end

local function enter(vcpu, cr3)
	expect(vcpu:load_cr3(cr3)):is_true()
end

local function descriptor(ram, pcid, addr)
	ram:write(0x9000, string.pack("<I8I8", pcid, addr))
end

scenario("PCID: translations of two address spaces stay side by side", options, function(sim)
	local vcpu, _, _, a, b = guest(sim)
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	local before = sim.inspect:counters().guest_tlb_misses
	enter(vcpu, a | 1 | NOFLUSH)
	expect(vcpu:get_sregs().cr3):eq(a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, b | 2 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("6")
	-- With shadow paging KVM may flush more.
	if sim.mmu ~= "shadow" then
		expect(sim.inspect:counters().guest_tlb_misses):eq(before)
	end
	-- The load without bit 63 drops those of the PCID that it loads, and no other.
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	expect(sim.inspect:counters().guest_tlb_misses):gt(before)
end)

-- The guest changes an entry of address space 1 and goes to the other one. What it does there, or on its way back, has
-- to take the old translation away.
cases("PCID: a changed entry is seen after", options, {
	{ "INVPCID of the address",             kind = 0 },
	{ "INVPCID of the PCID",                kind = 1 },
	{ "INVPCID of all",                     kind = 2 },
	{ "INVPCID of all but global entries",  kind = 3 },
	{ "the load of CR3 without bit 63",     flush = true },
	{ "INVLPG before leaving",              invlpg = true },
	{ "CR4.PCIDE was off",                  cr4 = true },
}, function(sim, case)
	local vcpu, ram, _, a, b = guest(sim)
	-- Of the three roots that KVM keeps, only that of PCID 1 shall have the tables that change.
	for pcid = 3, 5 do
		enter(vcpu, b | pcid)
	end
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	enter(vcpu, a | 1 | NOFLUSH)
	vcpu:set_pte(VA, 0x7000 | P | W)
	if case.invlpg then
		expect(vcpu:invlpg(VA)):is_true()
	end
	enter(vcpu, b | 2 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("6")
	if case.kind then
		descriptor(ram, case.kind < 2 and 1 or 0, VA)
		expect(vcpu:invpcid(case.kind, DESC)):is_true()
	end
	if case.cr4 then
		enter(vcpu, b)
		expect(vcpu:set_sregs{ cr4 = PAE }):eq(0)
		expect(vcpu:set_sregs{ cr4 = PAE | PCIDE }):eq(0)
	end
	enter(vcpu, a | 1 | (case.flush and 0 or NOFLUSH))
	expect(vcpu:read(VA, 1)):eq("7")
	-- And it is the only one that has changed.
	expect(vcpu:read(VA + 0x1000, 1)):eq("5")
	enter(vcpu, b | 2 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("6")
end)

scenario("PCID: INVPCID of an address under the PCID that is loaded", options, function(sim)
	local vcpu, ram, _, a, b = guest(sim)
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	vcpu:set_pte(VA, 0x7000 | P | W)
	descriptor(ram, 1, VA)
	expect(vcpu:invpcid(0, DESC)):is_true()
	expect(vcpu:read(VA, 1)):eq("7")
	enter(vcpu, b | 2 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("6")
end)

-- The parameter is for looking for defects: KVM trusts nothing that it has kept.
cases("PCID: kvm.flush_on_reuse", { mmu = "shadow" }, {
	{ "off", false, 0 },
	{ "on",  true,  1 },
}, function(sim, case)
	local vcpu, _, _, a, b = guest(sim)
	expect(sim:set_module_param("kvm.flush_on_reuse", case[2])):eq(0)
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	local before = vcpu:stats().tlb_flush
	enter(vcpu, a | 1 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("5")
	expect(vcpu:stats().tlb_flush - before):eq(case[3])
end)

-- What a processor may do, and the modelled one does: nested paging knows nothing of it.
cases("PCID: a changed entry is not seen after", { arch = "x86_64", mmu = { "ept", "npt" } }, {
	{ "the load of CR3 with bit 63" },
	{ "INVPCID of another address",  kind = 0, pcid = 1, addr = VA + 0x1000 },
	{ "INVPCID of another PCID",     kind = 1, pcid = 2 },
	{ "INVLPG under another PCID",   invlpg = true },
}, function(sim, case)
	local vcpu, ram, _, a, b = guest(sim)
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	vcpu:set_pte(VA, 0x7000 | P | W)
	enter(vcpu, b | 2)
	if case.kind then
		descriptor(ram, case.pcid, case.addr or 0)
		expect(vcpu:invpcid(case.kind, DESC)):is_true()
	end
	if case.invlpg then
		expect(vcpu:invlpg(VA)):is_true()
	end
	enter(vcpu, a | 1 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("7")
end)

cases("PCID: a global entry serves every PCID until", { arch = "x86_64", mmu = { "ept", "npt" } }, {
	{ "INVPCID of all",       kind = 2 },
	{ "INVLPG",               invlpg = true },
	{ "it is not global",     kind = 1, bits = 0 },
}, function(sim, case)
	local vcpu, ram, _, a, b = guest(sim, PCIDE | PGE)
	vcpu:set_pte(VA, 0x7000 | P | W | (case.bits or G))
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("7")
	descriptor(ram, 2, VA)
	-- They leave global entries alone.
	enter(vcpu, b | 2)
	for _, kind in ipairs{ 0, 1, 3 } do
		expect(vcpu:read(VA, 1)):eq(case.bits and "6" or "7")
		expect(vcpu:invpcid(kind, DESC)):is_true()
	end
	if case.kind then
		expect(vcpu:invpcid(case.kind, DESC)):is_true()
	else
		expect(vcpu:invlpg(VA)):is_true()
	end
	expect(vcpu:read(VA, 1)):eq("6")
end)

cases("PCID: a general-protection fault", options, {
	{ "bit 63 without CR4.PCIDE",                function(v, _, a) return v:load_cr3(a | NOFLUSH) end, PGE },
	{ "INVPCID of a type that there is not",     function(v) return v:invpcid(4, DESC) end },
	{ "INVPCID of a PCID with more than 12 bits", function(v, ram)
		descriptor(ram, 0x1000, VA)
		return v:invpcid(1, DESC)
	end },
	{ "INVPCID of a PCID without CR4.PCIDE",     function(v, ram)
		descriptor(ram, 1, VA)
		return v:invpcid(1, DESC)
	end, PGE },
	{ "INVPCID of an address that is not canonical", function(v, ram)
		descriptor(ram, 1, 1 << 60)
		return v:invpcid(0, DESC)
	end },
	{ "INVPCID by user code",                    function(v) return v:invpcid(2, DESC, { user = true }) end },
}, function(sim, case)
	local vcpu, ram, _, a = guest(sim, case[3])
	expect(case[2](vcpu, ram, a).exception):fields{ vector = 13, error_code = 0 }
end)

scenario("PCID: INVPCID whose descriptor is not mapped is a page fault", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:invpcid(2, DESC + 0x1000).exception):fields{ vector = 14, cr2 = DESC + 0x1000 }
end)

-- The translation belongs to an address space that is not in use when the host takes the page away.
cases("PCID: an event of the host reaches the other address space", options, {
	{ "MADV_DONTNEED", function(ram) return ram:madvise(0x5000, "4K", MADV_DONTNEED) end, "\0" },
	{ "moved",         function(ram) return ram:migrate(0x5000) end,                      "5" },
	{ "slot deleted",  function(_, vm) return vm:set_user_memory_region{ slot = 0, memory_size = 0 } end },
}, function(sim, case)
	local vcpu, ram, vm, a, b = guest(sim)
	enter(vcpu, a | 1)
	expect(vcpu:read(VA, 1)):eq("5")
	enter(vcpu, b | 2)
	expect(vcpu:read(VA, 1)):eq("6")
	expect(case[2](ram, vm)):eq(0)
	if not case[3] then
		expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 0, memory_size = ram.length,
			userspace_addr = ram }):eq(0)
		ram:write(0x5000, "x")
	end
	enter(vcpu, a | 1 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq(case[3] or "x")
	enter(vcpu, b | 2 | NOFLUSH)
	expect(vcpu:read(VA, 1)):eq("6")
end)

-- More than KVM_MMU_NUM_PREV_ROOTS (3).
scenario("PCID: more address spaces than KVM keeps roots", options, function(sim)
	local vcpu, ram, vm, a, b = guest(sim)
	local roots = { a, b }
	for i = 3, 6 do
		local v = vm:create_vcpu()
		expect(v:set_paging{ tables = 0x200000 + (i - 2) * 0x40000 }):eq(0)
		v:map{ from = VA, to = 0x10000 + i * 4096, prot = "rw" }
		ram:write(0x10000 + i * 4096, tostring(i))
		roots[i] = v:get_sregs().cr3
	end
	for round = 1, 3 do
		for i, root in ipairs(roots) do
			enter(vcpu, root | i | (round > 1 and NOFLUSH or 0))
			expect(vcpu:read(VA, 1)):eq(i == 1 and "5" or i == 2 and "6" or tostring(i))
		end
	end
end)
