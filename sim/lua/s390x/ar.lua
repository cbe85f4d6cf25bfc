-- SPDX-License-Identifier: GPL-2.0-only
-- Access lists of s390x guests: they lead from an ALET in an access register to an address space.
local core, M = ...
local A, C, U = M.args, M.class, M.vcpu
local S = M.state

local pack = string.pack
local rep = string.rep

local CR_DISPATCHABLE_UNIT <const>, CR_PRIMARY_ASTE <const> = 2, 5
local DESIGNATION <const> = 16	-- offset of the access-list designation in both control blocks
local ALE_BYTES <const>, ASTE_BYTES <const> = 16, 64
local ALET_PRIMARY <const> = 1 << 24

local List = C.new("access list", { "control_block", "origin" })

local function bits(n)
	return function(what, v)
		return A.int(what, v, 0, (1 << n) - 1)
	end
end

local list_schema = { primary = { A.boolean, false }, length = { bits(7), 7 } }

-- A control block with an access list of 8 * (length + 1) entries, all invalid; in CR5 if primary, else in CR2.
local function access_list(s, what, t)
	local a = A.table(what, t or {}, list_schema)
	local list = { vm = s.vm, primary = a.primary }
	list.origin = S.block(s.vm, what, 8 * (a.length + 1) * ALE_BYTES, 128)
	S.write(s.vm, what, list.origin, rep(pack("<i8i8", 1 << 63, 0), 8 * (a.length + 1)))
	list.control_block = S.block(s.vm, what, 64, 64)
	S.write(s.vm, what, list.control_block, rep("\0", DESIGNATION) .. pack("<I4", list.origin | a.length))
	local rc = S.set_cr(s, what, a.primary and CR_PRIMARY_ASTE or CR_DISPATCHABLE_UNIT, list.control_block)
	return rc < 0 and rc or C.object(List, list)
end

-- ale_* are fields of the entry, aste_* those of the ASN-second-table entry that it leads to.
local entry_schema = {
	number = { bits(16), 0 }, asce = { A.u64 }, authority = { A.string },
	ale_invalid = { A.boolean, false }, ale_fetch_only = { A.boolean, false }, ale_private = { A.boolean, false },
	ale_sequence = { bits(8), 0 }, ale_authorization = { bits(16), 0 }, ale_aste_sequence = { A.u32 },
	aste_address = { A.u64 }, aste_invalid = { A.boolean }, aste_sequence = { A.u32, 0 },
	aste_authority_length = { bits(12) },
}

local function flag(set, bit)
	return set and 1 << bit or 0
end

-- Writes an entry, its ASTE and, with authority, the authority table. Returns the ALET that designates it.
local function set(list, what, t)
	local a = A.table(what, t, entry_schema)
	if a.aste_address then
		A.unused(what, a, { "asce", "authority", "aste_invalid", "aste_authority_length" },
			"not with aste_address, which has an entry already")
	elseif not a.asce then
		A.fail("%s: asce: missing", what)
	end
	local table_at, length = 0, a.aste_authority_length or 0
	if a.authority then
		table_at = S.block(list.vm, what, #a.authority, 4)
		S.write(list.vm, what, table_at, a.authority)
		length = a.aste_authority_length or (#a.authority - 1) // 4
	end
	local aste = a.aste_address or S.block(list.vm, what, ASTE_BYTES, 64)
	if not a.aste_address then
		S.write(list.vm, what, aste, pack("<i8i8i8", flag(a.aste_invalid, 63) | table_at << 32 | length << 4, a.asce,
			a.aste_sequence))
	end
	S.write(list.vm, what, list.origin + a.number * ALE_BYTES, pack("<i8i8",
		flag(a.ale_invalid, 63) | flag(a.ale_fetch_only, 57) | flag(a.ale_private, 56) | a.ale_sequence << 48 |
		a.ale_authorization << 32, aste << 32 | (a.ale_aste_sequence or a.aste_sequence)))
	return (list.primary and ALET_PRIMARY or 0) | a.ale_sequence << 16 | a.number
end

C.methods(List, { set = set })
C.methods(U.vcpu, { access_list = access_list })
