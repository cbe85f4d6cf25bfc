-- SPDX-License-Identifier: GPL-2.0-only
-- Guest-2's tables as shadow gmaps follow them (kvm_s390_shadow_tables()): all types of address spaces, lengths, large
-- frames with and without EDAT, protection at each level, real space, and wrong entries.

local options = { arch = "s390x", mmu = "vsie" }

local lib <const> = require("nested")
local faults <const>, counted <const>, store <const> = lib.faults, lib.counted, lib.store
local MiB <const>, GiB <const> = 1 << 20, 1 << 30
local PROTECTION <const>, TRANSLATION_SPEC <const> = 0x04, 0x12
local SEGMENT <const>, PAGE_TRANSLATION <const>, ASCE_TYPE <const> = 0x10, 0x11, 0x38
local REGION1 <const>, REGION2 <const>, REGION3 <const> = 0x39, 0x3a, 0x3b
local CR0_EDAT <const> = 1 << (63 - 40)
local ASCE_REAL <const>, ASCE_PRIVATE <const> = 0x20, 0x100
local PROTECT <const>, INVALID <const>, PTE_ZERO <const>, COMMON <const>, TYPE <const> = 0x200, 0x20, 0x800, 0x10, 0xc

-- Guest-3's first MiB is guest-2's second one, in a space of some type.
local function guest(sim, space_options, mso)
	local vcpu, ram, vm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" },
		data = { [MiB + 0x5000] = "five", [0x5000] = "zero" } }
	local space = vcpu:address_space(space_options)
	expect(space:map{ from = mso or 0, to = MiB, size = MiB }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ mso = mso, addr = 0x700000 }      -- not between the tables
	nested:expect_pin()
	return nested, space, vcpu, ram, vm
end

local function edat(vcpu, on)
	local cr0 = vcpu:get_cr(0)
	expect(vcpu:set_cr(0, on and cr0 | CR0_EDAT or cr0 & ~CR0_EDAT)):eq(0)
end

cases("vsie tables", options, {
	{ "segment",            "segment", 0, { 0, 0, 0, 1 }, 1 << 31, ASCE_TYPE },
	{ "region-third",       "region3", 0, { 0, 0, 1, 1 }, 1 << 42, ASCE_TYPE },
	{ "region-second",      "region2", 0, { 0, 1, 1, 1 }, 1 << 53, ASCE_TYPE },
	{ "region-first",       "region1", 0, { 1, 1, 1, 1 }, 1 << 62, REGION1 },
	{ "segment, at 1 GiB",  "segment", GiB, { 0, 0, 0, 1 }, 1 << 31, ASCE_TYPE },
	{ "region-third, at 5 GiB", "region3", 5 * GiB, { 0, 0, 1, 1 }, 6 * GiB, REGION3 },
	{ "region-second, at 8 TiB", "region2", 8 << 40, { 0, 1, 1, 1 }, 16 << 40, REGION2 },
	{ "region-first, at 2^60", "region1", 1 << 60, { 1, 1, 1, 1 }, 1 << 61, REGION1 },
}, function(sim, case)
	local nested, space, vcpu, ram, vm = guest(sim, { type = case[2] }, case[3])
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:write(0x5000, "FIVE")):is_true()
	expect(ram:read(MiB + 0x5000, 4)):eq("FIVE")
	local n = vm:stats()
	for i, name in ipairs{ "r1", "r2", "r3", "sg" } do
		expect(n["gmap_shadow_" .. name .. "_entry"]):eq(counted(sim, case[4][i]))
	end
	expect(nested:read(case[5] - case[3], 1).exception):fields{ code = case[6] }
	expect(nested:read(0x5000, 4)):eq("FIVE")
end)

cases("vsie tables: an invalid entry in the table", options, {
	{ "region-first",  "region1", 5, REGION1 }, { "region-second", "region1", 4, REGION2 },
	{ "region-third",  "region1", 3, REGION3 }, { "segment",       "region1", 2, SEGMENT },
	{ "page",          "segment", 1, PAGE_TRANSLATION },
}, function(sim, case)
	local nested, space, vcpu = guest(sim, { type = case[2] })
	expect(nested:read(0x5000, 4)):eq("five")
	local bit = case[3] == 1 and 0x400 or INVALID
	local entry = space:pte(0x5000, case[3]).raw
	store(vcpu, space, 0x5000, entry | bit, case[3])
	-- The prefix lies in the same region or segment.
	if case[3] > 1 then
		expect(nested:read(0x5000, 1).interception):fields{ icptcode = 0x20, validity = 0x37 }
	else
		expect(nested:read(0x5000, 1).exception):fields{ code = case[4] }
	end
	store(vcpu, space, 0x5000, entry, case[3])
	expect(nested:read(0x5000, 4)):eq("five")
end)

cases("vsie tables: a wrong entry is a translation-specification exception", options, {
	{ "a region-first table's type",  "region1", 5, 1 << 53, function(e) return e & ~TYPE end },
	{ "a region-second table's type", "region2", 4, 1 << 42, function(e) return e | TYPE end },
	{ "a region-third table's type",  "region3", 3, 1 << 31, function(e) return e | TYPE end },
	{ "a segment table's type",       "segment", 2, MiB,     function(e) return e | TYPE end },
	{ "a zero that is none in a page table", "segment", 1, 0x6000, function(e) return e | PTE_ZERO end },
	{ "a common segment in a private space", "segment", 2, MiB, function(e) return e | COMMON end, true },
	{ "a common region in a private space, with EDAT-2", "region3", 3, 1 << 31, function(e) return e | COMMON end, true },
}, function(sim, case)
	local nested, space, vcpu, ram = guest(sim, { type = case[2], private = case[6] })
	ram:write(MiB + 0x6000, "\0")      -- no zero page: vsie-pages.lua
	edat(vcpu, true)
	expect(space:map{ from = case[4] & ~(MiB - 1), to = MiB, size = MiB }):eq(0)
	expect(nested:read(case[4] | 8, 1)):eq("\0")
	store(vcpu, space, case[4], case[5](space:pte(case[4], case[3]).raw), case[3])
	expect(nested:read(case[4] | 8, 1).exception):fields{ code = TRANSLATION_SPEC }
	expect(nested:read(0x5000, 4)):eq("five")
end)

cases("vsie tables: the length of the uppermost table counts", options, {
	{ "segment",       "segment", 1 << 29, SEGMENT },
	{ "region-third",  "region3", 1 << 40, REGION3 },
	{ "region-second", "region2", 1 << 51, REGION2 },
	{ "region-first",  "region1", 1 << 62, REGION1 },
}, function(sim, case)
	local nested = guest(sim, { type = case[2], length = 0 })
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:read(case[3], 1).exception):fields{ code = case[4] }
end)

cases("vsie tables: the length and offset of a lower table count", options, {
	{ "segment, length",  "region3", 3, 1 << 29, SEGMENT, 0x3, 0x0, true },
	{ "segment, offset",  "region3", 3, 0, SEGMENT, 0xc3, 0xc3, false },
	{ "region-third",     "region2", 4, 1 << 40, REGION3, 0x3, 0x0, true },
	{ "region-second",    "region1", 5, 1 << 51, REGION2, 0x3, 0x0, true },
}, function(sim, case)
	local nested, space, vcpu = guest(sim, { type = case[2] })
	expect(nested:read(0x5000, 4)):eq("five")
	store(vcpu, space, 0, space:pte(0, case[3]).raw & ~0xc3 | case[7], case[3])
	if case[8] then
		expect(nested:read(case[4], 1).exception):fields{ code = case[5] }
		expect(nested:read(0x5000, 4)):eq("five")
	else
		expect(nested:read(0x5000, 1).interception):fields{ validity = 0x37 }
	end
end)

cases("vsie tables: protection by the entry of the table", options, {
	{ "page",           1, false, true }, { "segment",       2, false, true },
	{ "segment, with EDAT", 2, true, true },
	{ "region-third, with EDAT", 3, true, true }, { "region-third, without", 3, false, false },
	{ "region-second, with EDAT", 4, true, true }, { "region-second, without", 4, false, false },
	{ "region-first, with EDAT", 5, true, true }, { "region-first, without", 5, false, false },
}, function(sim, case)
	local nested, space, vcpu, ram = guest(sim, { type = "region1" })
	-- Not where the prefix is.
	local va = 1 << 53 | 1 << 42 | 1 << 31 | MiB
	expect(space:map{ from = va, to = MiB, size = MiB }):eq(0)
	edat(vcpu, case[3])
	expect(nested:write(va + 0x5000, "F")):is_true()
	store(vcpu, space, va + 0x5000, space:pte(va + 0x5000, case[2]).raw | PROTECT, case[2])
	expect(nested:read(va + 0x5000, 4)):eq("Five")
	local exit = nested:write(va + 0x5000, "x")
	if case[4] then
		expect(exit.exception):fields{ code = PROTECTION }
		expect(ram:read(MiB + 0x5000, 4)):eq("Five")
	else
		expect(exit):is_true()
	end
	expect(nested:write(0x5000, "y")):is_true()
end)

scenario("vsie tables: SIE refuses a prefix area that it could not write", options, function(sim)
	local nested, space, vcpu = guest(sim, { type = "segment" })
	expect(nested:read(0x5000, 4)):eq("five")
	store(vcpu, space, 0, space:pte(0).raw | PROTECT)
	expect(nested:read(0x5000, 1).interception):eq{ icptcode = 0x20, ipa = 0x1000, ipb = 0x370000, validity = 0x37 }
	nested:set{ prefix = 0x4000 }
	expect(nested:read(0x5000, 4)):eq("five")
end)

cases("vsie tables: a large frame of guest-2", options, {
	{ "1 MiB",            2, MiB, MiB, MiB },
	{ "2 GiB",            3, 1 << 31, 0, 0 },
	{ "1 MiB, protected", 2, MiB, MiB, MiB, "r" },
	{ "2 GiB, protected", 3, 1 << 31, 0, 0, "r" },
}, function(sim, case)
	local nested, space, vcpu, ram, vm = guest(sim, { type = "region3" })
	edat(vcpu, true)
	for page = case[5], case[5] + 0xffff, 4096 do
		expect(vcpu:write(page + 0xff8, "x")):is_true()      -- in the VM's tables, and no zero pages: vsie-pages.lua
	end
	expect(space:map{ from = case[3], to = case[4], level = case[2], prot = case[6] }):eq(0)
	expect(nested:read(case[3] + 0x5000, 4)):eq(case[5] == 0 and "zero" or "five")
	local exit = nested:write(case[3] + 0x5000, "L")
	if case[6] then
		expect(exit.exception):fields{ code = PROTECTION }
	else
		expect(exit):is_true()
		expect(ram:read(case[5] + 0x5000, 1)):eq("L")
	end
	expect(nested:workload{ op = "read", range = { case[3], "64K" } }):eq(16)
	-- The frame becomes a table again.
	store(vcpu, space, case[3], INVALID | (case[2] == 3 and 4 or 0), case[2])
	expect(nested:read(case[3] + 0x5000, 1).exception):fields{ code = case[2] == 3 and REGION3 or SEGMENT }
	expect(space:map{ from = case[3], to = MiB, size = "64K" }):eq(0)
	expect(nested:read(case[3] + 0x5001, 3)):eq("ive")
end)

-- The format control then means nothing, but gmap_shadow_pgt() and gmap_shadow_sgt() get the entry unchanged and see a
-- large one, which they report as a kernel bug: guest-2 stops the host.
cases("vsie tables: guest-2 ends the host by a large entry without EDAT in the", {
	arch = "s390x", mmu = "vsie", before = "7.0",
}, {
	{ "segment table",      "segment", 2, 0 },
	{ "region-third table", "region3", 3, 0 },
}, function(sim, case)
	local vcpu, ram = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" } }
	local space = vcpu:address_space{ type = case[2] }
	expect(space:map{ from = 0, to = 0, level = case[3] }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	sim:expect_report{ kind = "bug", match = "kernel BUG" }
	vcpu:nested():sie()
end)

-- walk_guest_tables() of 7.0 looks at the format control only if it means something.
cases("vsie tables: without EDAT there are no large entries in the", { arch = "s390x", mmu = "vsie", kernel = "7.0" }, {
	{ "segment table",      "segment", 2 },
	{ "region-third table", "region3", 3 },
}, function(sim, case)
	local nested, space, vcpu, ram = guest(sim, { type = case[2] })
	store(vcpu, space, 0, space:pte(0, case[3]).raw | 0x400, case[3])
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:write(0x5000, "F")):is_true()
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
end)

-- Since 7.0 a shadow goes when no shadow block uses it any more (release_gmap_shadow()); before, it stays.
local function goes(sim, n)
	return sim:kernel_since("7.0") and n or 0
end

scenario("vsie tables: EDAT off and on makes another shadow", options, function(sim)
	local nested, _, vcpu, _, vm = guest(sim, { type = "segment" })
	local n = faults(sim)
	edat(vcpu, true)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(faults(sim)):eq(n + 1)
	edat(vcpu, false)
	expect(nested:read(0x5000, 4)):eq("five")
	edat(vcpu, true)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(faults(sim)):eq(n + 2 + goes(sim, 1))
	expect(vm:stats().gmap_shadow_sg_entry):eq(counted(sim, 2))
end)

scenario("vsie tables: real space", options, function(sim)
	local nested, space, vcpu, ram = guest(sim, { type = "segment" })
	ram:write(0, "prefix area")      -- no zero page: vsie-pages.lua
	ram:write(MiB, "prefix area")
	expect(vcpu:set_cr(1, ASCE_REAL)):eq(0)
	expect(nested:read(0x5000, 4)):eq("zero")
	expect(nested:write(0x5000, "real")):is_true()
	expect(ram:read(0x5000, 4)):eq("real")
	nested:set{ mso = MiB }
	expect(nested:read(0x5000, 4)):eq("five")
	lib.addressing(sim, nested:read("8M", 1))
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	nested:set{ mso = 0 }
	expect(nested:read(0x5000, 4)):eq("five")
end)

-- Its origin means nothing, but KVM compares it: the shadow of one real space ends that of another.
scenario("vsie tables: there is one shadow of real space", options, function(sim)
	local nested, _, vcpu, ram, vm = guest(sim, { type = "segment" })
	ram:write(0, "prefix area")
	local entries, n = vm:stats().gmap_shadow_r1_entry, faults(sim)
	for i = 1, 3 do
		expect(vcpu:set_cr(1, ASCE_REAL)):eq(0)
		expect(nested:read(0x5000, 4)):eq("zero")
		expect(vcpu:set_cr(1, 0x10000 | ASCE_REAL)):eq(0)
		expect(nested:read(0x5000, 4)):eq("zero")
		expect(faults(sim)):eq(n + 2 * i)
		expect(vm:stats().gmap_shadow_r1_entry):eq(entries + counted(sim, 2 * i))
	end
end)

-- gmap_create_shadow() takes the other one away from the vCPU that uses it.
scenario("vsie tables: there is one shadow of real space for two vCPUs", options, function(sim)
	local nested, _, vcpu, ram, vm = guest(sim, { type = "segment" })
	ram:write(0, "prefix area")
	local other = vm:create_vcpu()
	local second = other:nested{ addr = nested.addr + 512 }
	expect(vcpu:set_cr(1, ASCE_REAL)):eq(0)
	expect(other:set_cr(1, 0x10000 | ASCE_REAL)):eq(0)
	for i = 1, 3 do
		expect(nested:write(0x5000, ("<i4"):pack(i))):is_true()
		expect(second:read(0x5000, 4)):eq(("<i4"):pack(i))
	end
end)

scenario("vsie tables: each address space has its shadow, which stays before 7.0", options, function(sim)
	local nested, space, vcpu, _, vm = guest(sim, { type = "segment" })
	expect(nested:read(0x5000, 4)):eq("five")
	local other = vcpu:address_space{ type = "region3" }
	expect(other:map{ from = 0, to = 0, size = "64K" }):eq(0)
	local n = faults(sim)
	for i = 1, 3 do
		expect(vcpu:set_cr(1, other.asce)):eq(0)
		expect(nested:read(0x5000, 4)):eq("zero")
		expect(vcpu:set_cr(1, space.asce)):eq(0)
		expect(nested:read(0x5000, 4)):eq("five")
	end
	expect(faults(sim)):eq(n + 1 + goes(sim, 5))
	expect(vm:stats()):fields{ gmap_shadow_sg_entry = counted(sim, 2), gmap_shadow_r3_entry = counted(sim, 1) }
end)

scenario("vsie tables: the shadow of another vCPU's nested guest stays", options, function(sim)
	local nested, space, vcpu, _, vm = guest(sim, { type = "segment" })
	local second = vm:create_vcpu()
	local other = second:address_space{ type = "region3" }
	expect(other:map{ from = 0, to = 0, size = "64K" }):eq(0)
	expect(second:set_cr(1, other.asce)):eq(0)
	local inner = second:nested{ addr = nested.addr + 512 }
	expect(nested:read(0x5000, 4)):eq("five")
	expect(inner:read(0x5000, 4)):eq("zero")
	local n = faults(sim)
	for _ = 1, 3 do
		expect(nested:read(0x5000, 4)):eq("five")
		expect(inner:read(0x5000, 4)):eq("zero")
	end
	expect(faults(sim)):eq(n)
	-- The first vCPU's nested guest in the second one's space.
	expect(vcpu:set_cr(1, other.asce)):eq(0)
	expect(nested:read(0x5000, 4)):eq("zero")
	expect(faults(sim)):eq(n)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(inner:read(0x5000, 4)):eq("zero")
	expect(faults(sim)):eq(n + goes(sim, 1))
end)

-- Two page tables of 2 KiB in one page: a change of either ends the shadows of both.
scenario("vsie tables: two page tables in one page", options, function(sim)
	local nested, space, vcpu, ram, vm = guest(sim, { type = "segment" })
	ram:write(2 * MiB, "\0")      -- no zero page: vsie-pages.lua
	expect(space:map{ from = MiB, to = 2 * MiB, size = MiB }):eq(0)
	local a, b = space:pte(0, 1).gpa, space:pte(MiB, 1).gpa
	expect(a >> 12):eq(b >> 12)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:read(MiB, 1)):eq("\0")
	local before, n = vm:stats().gmap_shadow_sg_entry, faults(sim)
	store(vcpu, space, MiB + 0x7000, 0x5000)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:read(MiB + 0x7000, 4)):eq("zero")
	-- And the fault of guest-2's store.
	expect(faults(sim)):eq(n + 3)
	expect(vm:stats().gmap_shadow_sg_entry):eq(before + counted(sim, 2))
end)

cases("vsie tables: all of a shadow goes with a store into the uppermost table, of type", options, {
	{ "segment", "segment", 2 }, { "region-third", "region3", 3 }, { "region-second", "region2", 4 },
	{ "region-first", "region1", 5 },
}, function(sim, case)
	local nested, space, vcpu, _, vm = guest(sim, { type = case[2] })
	expect(nested:read(0x5000, 4)):eq("five")
	local before = vm:stats()
	local unused = space:pte(0, case[3]).gpa ~ 0x800
	expect(vcpu:write(unused, vcpu:read(unused, 8))):is_true()
	local n = faults(sim)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(faults(sim)):eq(n + 1)
	expect(vm:stats()):fields{ gmap_shadow_create = before.gmap_shadow_create + 1,
		gmap_shadow_pg_entry = before.gmap_shadow_pg_entry + counted(sim, 2) }
end)
