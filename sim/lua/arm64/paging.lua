-- SPDX-License-Identifier: GPL-2.0-only
-- arm64: stage 1 of the guest, as tables in guest memory and the registers that lead to them. TTBR1 has the window that
-- the guest sees its tables through.
local core, M = ...
local A, U, S, T = M.args, M.vcpu, M.state, M.tables

local C = M.class
local find = string.find
local next, type = next, type

local VA_BITS <const> = 48
local SCTLR_M <const>, SCTLR_C <const>, SCTLR_I <const> = 1, 1 << 2, 1 << 12

-- Fields of descriptors.
local VALID <const>, TABLE <const>, USER <const>, READ_ONLY <const> = 1, 2, 1 << 6, 1 << 7
local INNER_SHAREABLE <const>, ACCESSED <const>, NOT_GLOBAL <const> = 3 << 8, 1 << 10, 1 << 11
local DBM <const>, CONTIGUOUS <const>, PXN <const>, UXN <const> = 1 << 51, 1 << 52, 1 << 53, 1 << 54
local ADDRESS_BITS <const> = (1 << 48) - 1

-- Memory types: the number of the attribute in MAIR_EL1, which has those of this list.
local MAIR <const> = 0xf0 << 40 | 0x04 << 32 | 0xbb << 24 | 0x44 << 16 | 0x00 << 8 | 0xff
local attrs <const> = { normal = 0, device = 1, noncacheable = 2, writethrough = 3, device_nGnRE = 4, tagged = 5 }

-- Granules: log2 of the bytes, and the fields of TCR_EL1.
local granules <const> = {
	["4K"] = { shift = 12, tg0 = 0, tg1 = 2 }, ["16K"] = { shift = 14, tg0 = 2, tg1 = 1 },
	["64K"] = { shift = 16, tg0 = 1, tg1 = 3 },
}

-- --- tables ------------------------------------------------------------------------------------------------

-- Levels count from the page upwards, as in sim.inspect: 1 is the page, which the manual calls level 3.
local function shift_of(g, level)
	return g.shift + (level - 1) * (g.shift - 3)
end

-- How many levels the tables for addresses of that many bits have.
local function levels_of(g, bits)
	return (bits - g.shift + g.shift - 4) // (g.shift - 3)
end

-- The top table for va and the number of its level.
local function top(s, va)
	local p = s.paging
	if va < 0 then
		return p.root1, levels_of(p.granule, VA_BITS)
	end
	return p.root, levels_of(p.granule, p.va_bits)
end

local function index(p, va, level)
	return ((va & (1 << VA_BITS) - 1) >> shift_of(p.granule, level)) & ((1 << (p.granule.shift - 3)) - 1)
end

local function next_table(p, entry)
	return entry & ADDRESS_BITS & -(1 << p.granule.shift)
end

local function is_table(entry, level)
	return level > 1 and entry & (VALID | TABLE) == VALID | TABLE
end

local function map_one(s, what, va, gpa, bits, level)
	local p = s.paging
	local at, from = top(s, va)
	for l = from, level + 1, -1 do
		local place = at + index(p, va, l) * 8
		local entry = T.read(s, what, place)
		if entry & VALID == 0 then
			entry = T.new(s, what, 1 << p.granule.shift) | VALID | TABLE
			T.write(s, what, place, entry)
		elseif not is_table(entry, l) then
			A.fail("%s: 0x%x is already mapped by a block", what, va)
		end
		at = next_table(p, entry)
	end
	T.write(s, what, at + index(p, va, level) * 8, gpa | bits | VALID | (level == 1 and TABLE or 0))
end

-- --- turning it on -----------------------------------------------------------------------------------------

local paging_schema = {
	granule = { function(what, v) return A.choice(what, v, granules) end, granules["4K"] }, tables = { A.u64 },
	va_bits = { function(what, v) return A.int(what, v, 25, VA_BITS) end, VA_BITS }, size = { A.u64 },
	ha = { A.boolean, false }, hd = { A.boolean, false },
	asid = { function(what, v) return A.int(what, v, 0, 0xffff) end, 0 },
}

-- Inner shareable, Write-Back tables; 48 bits of physical address; 16 of ASID.
local function tcr_of(p)
	local function half(at, tg_at, bits, tg)
		return 64 - bits << at | 1 << at + 8 | 1 << at + 10 | 3 << at + 12 | tg << tg_at
	end
	return half(0, 14, p.va_bits, p.granule.tg0) | half(16, 30, VA_BITS, p.granule.tg1) | 5 << 32 | 1 << 36 |
		(p.ha and 1 << 39 or 0) | (p.hd and 1 << 40 or 0)
end

local function turn_on(s, what)
	local p = s.paging
	local sctlr, failed = S.get_sysreg(s, what, "sctlr_el1")
	if failed then
		return sctlr
	end
	for _, r in next, { { "mair_el1", MAIR }, { "tcr_el1", tcr_of(p) }, { "ttbr0_el1", p.asid << 48 | p.root },
		{ "ttbr1_el1", p.root1 }, { "sctlr_el1", sctlr | SCTLR_M | SCTLR_C | SCTLR_I } }, nil do
		local rc = S.set_sysreg(s, what, r[1], r[2])
		if rc < 0 then
			return rc
		end
	end
	p.active = true
	return 0
end

local function set_paging(s, what, t)
	local a = A.table(what, t or {}, paging_schema)
	local granule = 1 << a.granule.shift
	local size = a.size or (granule == 65536 and 16 or 256 * 1024 // granule) * granule
	local place = a.tables or T.place(s, what, size, granule)
	if place & (granule - 1) ~= 0 or place < 0 or size < 2 * granule then
		A.fail("%s: tables: expected an address that is a multiple of the granule, and room for two tables", what)
	end
	local p = { granule = a.granule, va_bits = a.va_bits, ha = a.ha, hd = a.hd, asid = a.asid, next = place,
		stop = place + size, active = false }
	s.paging = p
	T.clear(s, what, place, p.stop)
	p.root, p.root1 = T.new(s, what, granule), T.new(s, what, granule)
	for gpa = place, p.stop - granule, granule do
		map_one(s, what, T.WINDOW + gpa, gpa, ACCESSED | INNER_SHAREABLE | PXN | UXN, 1)
	end
	return turn_on(s, what)
end

-- --- mappings ----------------------------------------------------------------------------------------------

local function right_bits(what, v)
	if type(v) ~= "string" or #v > 3 or find(v, "[^rwx]") or not find(v, "r") then
		A.refuse(what, '"r", "rw", "rx" or "rwx"', v)
	end
	return (find(v, "w") and 0 or READ_ONLY) | (find(v, "x") and 0 or PXN | UXN)
end

local map_schema = {
	from = { A.u64, A.required }, to = { A.u64, A.required }, size = { A.u64 },
	prot = { right_bits, PXN | UXN }, user = { A.boolean, true },
	level = { function(what, v) return A.int(what, v, 1, 3) end, 1 },
	attr = { function(what, v) return A.choice(what, v, attrs) end, 0 }, accessed = { A.boolean, true },
	dbm = { A.boolean, false }, global = { A.boolean, false }, contiguous = { A.boolean, false },
}

-- Maps guest-virtual addresses from `from` on to guest-physical ones from `to` on.
local function map(s, what, t)
	local a = A.table(what, t, map_schema)
	local p = T.needs_paging(s, what)
	local step = 1 << shift_of(p.granule, a.level)
	local size = a.size or step
	if (a.from | a.to | size) & (step - 1) ~= 0 or size <= 0 or size // step > 65536 then
		A.fail("%s: from, to and size must be multiples of 0x%x, and at most 65536 entries", what, step)
	end
	if a.level == 3 and p.granule.shift > 12 then
		A.fail("%s: level: this granule has no blocks of that level", what)
	end
	if a.to & ~ADDRESS_BITS ~= 0 then
		A.fail("%s: to: no guest-physical address: %s", what, A.describe(a.to))
	end
	local bits = a.prot | a.attr << 2 | INNER_SHAREABLE | (a.user and USER or 0) | (a.accessed and ACCESSED or 0) |
		(a.dbm and DBM or 0) | (a.global and 0 or NOT_GLOBAL) | (a.contiguous and CONTIGUOUS or 0)
	for off = 0, size - step, step do
		map_one(s, what, a.from + off, a.to + off, bits, a.level)
	end
	return 0
end

-- Returns address (guest-physical), value and level of the entry that maps va, or of the one at a level; nil if a table
-- above is missing.
local function find_entry(s, what, va, level)
	local p = T.needs_paging(s, what)
	local at, from = top(s, va)
	for l = from, 1, -1 do
		local place = at + index(p, va, l) * 8
		local entry = T.read(s, what, place)
		if l == level or (not level and not is_table(entry, l)) then
			return place, entry, l
		end
		if not is_table(entry, l) then
			return nil
		end
		at = next_table(p, entry)
	end
end

local function level_argument(what, level)
	return level ~= nil and A.int(what .. ": level", level, 1, 5) or nil
end

local function pte(s, what, va, level)
	local at, raw, l = find_entry(s, what, A.u64(what .. ": address", va), level_argument(what, level))
	return at and {
		gpa = at, raw = raw, level = l, present = raw & VALID ~= 0, writable = raw & READ_ONLY == 0,
		user = raw & USER ~= 0, executable = raw & PXN == 0, user_executable = raw & UXN == 0,
		accessed = raw & ACCESSED ~= 0, dirty = raw & (DBM | READ_ONLY) == DBM, dbm = raw & DBM ~= 0,
		global = raw & NOT_GLOBAL == 0, contiguous = raw & CONTIGUOUS ~= 0,
		address = raw & ADDRESS_BITS & -(1 << s.paging.granule.shift),
	} or nil
end

local function set_pte(s, what, va, raw, level)
	local at = find_entry(s, what, A.u64(what .. ": address", va), level_argument(what, level))
	if not at then
		A.fail("%s: no table for 0x%x", what, va)
	end
	T.write(s, what, at, A.u64(what .. ": entry", raw))
	return 0
end

C.methods(U.vcpu, {
	set_paging = set_paging,
	map = map,
	pte = pte,
	set_pte = set_pte,
	-- Guest-virtual address of the guest's view of its tables; add the guest-physical address.
	table_window = function() return T.WINDOW end,
	-- Uses another vCPU's tables in their present state.
	share_paging = function(s, what, other)
		local o = C.state(what .. ": vcpu", other, U.vcpu)
		if o.vm ~= s.vm or not o.paging then
			A.fail("%s: expected a vCPU of the same VM after set_paging", what)
		end
		s.paging = o.paging
		return turn_on(s, what)
	end,
})
