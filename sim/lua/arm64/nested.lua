-- SPDX-License-Identifier: GPL-2.0-only
-- arm64: a vCPU with EL2 (KVM_ARM_VCPU_HAS_EL2): stage 2 of its guests, as tables in guest memory and the registers that
-- lead to them, and the change between the guest's hypervisor and its guests. The VMM writes the tables.
local core, M = ...
local A, C, U, S, T, V = M.args, M.class, M.vcpu, M.state, M.tables, M.vm

local find, pack, unpack = string.find, string.pack, string.unpack
local next, type = next, type

-- Fields of descriptors.
local VALID <const>, TABLE <const>, ACCESSED <const>, CONTIGUOUS <const> = 1, 2, 1 << 10, 1 << 52
local READ <const>, WRITE <const>, NO_EXEC <const> = 1 << 6, 1 << 7, 1 << 54
local WRITE_BACK <const>, INNER_SHAREABLE <const> = 0xf << 2, 3 << 8
local ADDRESS_BITS <const> = (1 << 48) - 1

local HCR_VM <const>, HCR_RW <const>, HCR_E2H <const> = 1, 1 << 31, 1 << 34
local PSTATE_MASKED <const>, EL1H <const>, EL2H <const> = 0x3c0, 5, 9

-- Granules: log2 of the bytes, TG0 of VTCR_EL2, and the number that the manual gives the level at which SL0 = 0 begins.
local granules <const> = {
	["4K"] = { shift = 12, tg0 = 0, sl0 = 2 }, ["16K"] = { shift = 14, tg0 = 2, sl0 = 3 },
	["64K"] = { shift = 16, tg0 = 1, sl0 = 3 },
}

-- Levels count from the page upwards, as for vcpu:map().
local function shift_of(g, level)
	return g.shift + (level - 1) * (g.shift - 3)
end

-- The tables of one guest of the guest.
local tables = C.new("stage2")

-- --- memory ------------------------------------------------------------------------------------------------

local function user_address(t, what, gpa)
	return V.gpa_to_user(t.vm, gpa) or A.fail("%s: the tables at guest-physical 0x%x are in no slot", what, gpa)
end

local function read(t, what, gpa)
	local data = core.user_read(t.proc.pid, user_address(t, what, gpa), 8)
	if type(data) ~= "string" then
		A.fail("%s: the tables at guest-physical 0x%x cannot be read", what, gpa)
	end
	return (unpack(t.format, data))
end

local function write(t, what, gpa, value)
	if core.user_write(t.proc.pid, user_address(t, what, gpa), pack(t.format, value)) < 0 then
		A.fail("%s: the tables at guest-physical 0x%x cannot be written", what, gpa)
	end
end

local function new_table(t, what, bytes)
	local at = t.next + bytes - 1 & -bytes
	if at + bytes > t.stop then
		A.fail("%s: no room for another table (create_stage2: size)", what)
	end
	t.next = at + bytes
	for gpa = at, at + bytes - 8, 8 do
		write(t, what, gpa, 0)
	end
	return at
end

-- --- tables ------------------------------------------------------------------------------------------------

local function entry_at(t, ipa, table, level)
	local bits = level == t.top and t.ipa_bits - shift_of(t.granule, level) or t.granule.shift - 3
	return table + (ipa >> shift_of(t.granule, level) & (1 << bits) - 1) * 8
end

-- Address, value and level of the entry for ipa: of the last one, or of that of a level.
local function find_entry(t, what, ipa, level, make)
	local at = t.root
	for l = t.top, 1, -1 do
		local place = entry_at(t, ipa, at, l)
		local entry = read(t, what, place)
		if l == level or (not level and (l == 1 or entry & (VALID | TABLE) ~= VALID | TABLE)) then
			return place, entry, l
		elseif make and entry & VALID == 0 then
			entry = new_table(t, what, 1 << t.granule.shift) | VALID | TABLE
			write(t, what, place, entry)
		elseif entry & (VALID | TABLE) ~= VALID | TABLE then
			A.fail("%s: 0x%x has no table of level %d", what, ipa, level)
		end
		at = entry & ADDRESS_BITS & -(1 << t.granule.shift)
	end
end

local function right_bits(what, v)
	if type(v) ~= "string" or find(v, "[^rwx]") then
		A.refuse(what, 'a string of "r", "w", "x"', v)
	end
	return (find(v, "r") and READ or 0) | (find(v, "w") and WRITE or 0) | (find(v, "x") and 0 or NO_EXEC)
end

local map_schema = {
	from = { A.u64, A.required }, to = { A.u64, A.required }, size = { A.u64 },
	prot = { right_bits, READ | WRITE }, level = { function(what, v) return A.int(what, v, 1, 3) end, 1 },
	accessed = { A.boolean, true }, contiguous = { A.boolean, false },
}

local function map(t, what, arg)
	local a = A.table(what, arg, map_schema)
	local step = 1 << shift_of(t.granule, a.level)
	local size = a.size or step
	if (a.from | size) & (step - 1) ~= 0 or size <= 0 then
		A.fail("%s: from and size must be multiples of 0x%x", what, step)
	end
	local bits = a.prot | WRITE_BACK | INNER_SHAREABLE | VALID | (a.level == 1 and TABLE or 0) |
		(a.accessed and ACCESSED or 0) | (a.contiguous and CONTIGUOUS or 0)
	for off = 0, size - step, step do
		write(t, what, (find_entry(t, what, a.from + off, a.level, true)), a.to + off & ADDRESS_BITS | bits)
	end
	return 0
end

C.methods(tables, {
	map = map,
	pte = function(t, what, ipa, level)
		local at, raw, l = find_entry(t, what, A.u64(what .. ": address", ipa), level)
		return { gpa = at, raw = raw, level = l }
	end,
	set_pte = function(t, what, ipa, raw, level)
		write(t, what, (find_entry(t, what, A.u64(what .. ": address", ipa), level)), A.u64(what .. ": entry", raw))
		return 0
	end,
})

-- --- the registers -----------------------------------------------------------------------------------------

local stage2_schema = {
	granule = { function(what, v) return A.choice(what, v, granules) end, granules["4K"] },
	ipa_bits = { function(what, v) return A.int(what, v, 25, 48) end, 39 }, tables = { A.u64, A.required },
	size = { A.u64, 0x10000 }, vmid = { function(what, v) return A.int(what, v, 0, 0xffff) end, 1 },
	big_endian = { A.boolean, false }, output_bits = { function(what, v) return A.int(what, v, 32, 48) end, 48 },
}

local output_sizes <const> = { [32] = 0, [36] = 1, [40] = 2, [42] = 3, [44] = 4, [48] = 5 }

-- Empty tables. The first one may be several that follow each other.
local function create_stage2(s, what, arg)
	local a = A.table(what, arg, stage2_schema)
	local stride = a.granule.shift - 3
	local top = (a.ipa_bits - a.granule.shift + stride - 1) // stride
	-- Up to four bits more are in up to 16 first tables.
	if top > 1 and a.ipa_bits - shift_of(a.granule, top) <= 4 then
		top = top - 1
	end
	local t = { vm = s.vm, proc = s.proc, granule = a.granule, ipa_bits = a.ipa_bits, top = top, vmid = a.vmid,
		format = a.big_endian and ">i8" or "<i8", next = a.tables, stop = a.tables + a.size }
	local first = (1 << a.ipa_bits - shift_of(a.granule, top)) * 8
	t.root = new_table(t, what, first < 64 and 64 or first)
	t.vtcr = 1 << 31 | output_sizes[a.output_bits] << 16 | a.granule.tg0 << 14 | 3 << 12 | 1 << 10 | 1 << 8 |
		a.granule.sl0 - (4 - top) << 6 | 64 - a.ipa_bits
	return C.object(tables, t)
end

local function set(s, what, regs)
	for i = 1, #regs, 2 do
		local rc = S.set_sysreg(s, what, regs[i], regs[i + 1])
		if rc < 0 then
			return rc
		end
	end
	return 0
end

-- Gives the vCPU's guests these tables, or none: their addresses are the guest's own then. The VMID is that of the last.
local function use_stage2(s, what, object)
	if object == nil then
		return set(s, what, { "hcr_el2", HCR_RW | HCR_E2H })
	end
	local t = C.state(what .. ": tables", object, tables)
	return set(s, what, { "vtcr_el2", t.vtcr, "vttbr_el2", t.vmid << 48 | t.root, "hcr_el2", HCR_RW | HCR_E2H | HCR_VM })
end

C.methods(U.vcpu, {
	create_stage2 = create_stage2,
	use_stage2 = use_stage2,
	-- The VMM puts the vCPU into its guest, or into its hypervisor.
	enter_guest = function(s) return S.set_regs(s, { pstate = PSTATE_MASKED | EL1H }) end,
	enter_hypervisor = function(s) return S.set_regs(s, { pstate = PSTATE_MASKED | EL2H }) end,
})
