-- SPDX-License-Identifier: GPL-2.0-only
-- Every combination of rights in the guest's descriptors, kind of access and control bits against a model of its own,
-- written from the manual (Arm ARM, D8.4 "Memory access control", D8.5 "Hardware updates"). The walk of the hardware
-- decides; KVM must leave stage 1 to it, and hand over the registers.

any_page_size()

local VA <const>, TABLES <const>, DATA <const>, BLOCK <const> = 0x40000000, 0x100000, 0x5000, 0x400000
local VALID <const>, TABLE <const>, USER <const>, RO <const> = 1, 2, 1 << 6, 1 << 7
local SHAREABLE <const>, AF <const>, NG <const> = 3 << 8, 1 << 10, 1 << 11
local DBM <const>, PXN <const>, UXN <const> = 1 << 51, 1 << 53, 1 << 54
local TABLE_PXN <const>, TABLE_UXN <const>, TABLE_NO_USER <const>, TABLE_RO <const> = 1 << 59, 1 << 60, 1 << 61, 1 << 62
local WXN <const>, PAN <const> = 1 << 19, 1 << 22		-- of SCTLR_EL1, of PSTATE
local TRANSLATION <const>, ACCESS <const>, PERMISSION <const> = ESR_ELx_FSC_FAULT, ESR_ELx_FSC_ACCESS, ESR_ELx_FSC_PERM

-- Entries of level 2 that lead to a table, and those of level 3.
local upper, lower = { 0, TABLE | TABLE_RO }, { 0, AF | TABLE | USER, VALID | AF | USER }
for _, bits in ipairs{ 0, TABLE_RO, TABLE_NO_USER, TABLE_RO | TABLE_NO_USER, TABLE_PXN, TABLE_UXN,
	TABLE_RO | TABLE_NO_USER | TABLE_PXN | TABLE_UXN } do
	upper[#upper + 1] = VALID | TABLE | bits
end
for n = 0, 15 do
	lower[#lower + 1] = VALID | TABLE | AF | (n & 1 ~= 0 and RO or 0) | (n & 2 ~= 0 and USER or 0) |
		(n & 4 ~= 0 and PXN or 0) | (n & 8 ~= 0 and UXN or 0)
end
for _, bits in ipairs{ USER, USER | RO, DBM | RO | USER, DBM | RO | USER | AF, DBM | RO | AF, DBM | USER | AF } do
	lower[#lower + 1] = VALID | TABLE | bits
end
-- Blocks of level 2 have the same bits, but for that of a page.
local blocks = {}
for _, bits in ipairs(lower) do
	if bits & VALID ~= 0 and bits & TABLE ~= 0 then
		blocks[#blocks + 1] = bits & ~TABLE
	end
end

local accesses = {}
for _, user in ipairs{ false, true } do
	for _, op in ipairs{ "read", "write", "fetch" } do
		accesses[#accesses + 1] = { op = op, user = user }
	end
end

-- The fault status code, or nil; and what is in memory for the last descriptor after an access that works.
local function model(c, access, entries)
	local leaf <const>, above <const> = entries[#entries], #entries == 2 and entries[1] or 0
	local level <const> = #entries + 1
	if entries[1] & VALID == 0 then
		return TRANSLATION | 2
	elseif level == 3 and leaf & (VALID | TABLE) ~= VALID | TABLE then
		return TRANSLATION | 3
	elseif leaf & AF == 0 and not c.ha then
		return ACCESS | level
	end
	local w = (leaf & RO == 0 or c.hd and leaf & DBM ~= 0) and above & TABLE_RO == 0
	local user = leaf & USER ~= 0 and above & TABLE_NO_USER == 0
	local allowed
	if access.user and access.op == "fetch" then
		allowed = (leaf & UXN | above & TABLE_UXN) == 0 and not (c.wxn and user and w)
	elseif access.user then
		allowed = user and (w or access.op == "read")
	elseif access.op == "fetch" then
		-- What EL0 may write EL1 does not execute.
		allowed = (leaf & PXN | above & TABLE_PXN) == 0 and not (user and w) and not (c.wxn and w)
	else
		allowed = (w or access.op == "read") and not (c.pan and user)
	end
	if not allowed then
		return PERMISSION | level
	end
	return nil, (c.ha and leaf | AF or leaf) & (access.op == "write" and ~RO or -1)
end

local function run(vcpu, access, va)
	local options = access.user and { user = true } or nil
	if access.op == "read" then
		return vcpu:read(va, 1, options)
	elseif access.op == "write" then
		return vcpu:write(va, "w", options)
	end
	return vcpu:fetch(va, options)
end

local class <const> = {
	[false] = { [false] = ESR_ELx_EC_DABT_CUR, [true] = ESR_ELx_EC_DABT_LOW },
	[true] = { [false] = ESR_ELx_EC_IABT_CUR, [true] = ESR_ELx_EC_IABT_LOW },
}

local rows = {}
for bits = 0, 3 do
	for _, updates in ipairs{ "", "ha", "ha hd" } do
		local c = { wxn = bits & 1 ~= 0, pan = bits & 2 ~= 0, ha = updates ~= "", hd = updates == "ha hd" }
		local name = (c.wxn and "wxn " or "") .. (c.pan and "pan " or "") .. updates
		rows[#rows + 1] = { name == "" and "none" or name:gsub(" $", ""), c }
	end
end

-- One entry of level 2 for each combination, and one of level 3 for each access: none is used twice, so that nothing
-- needs to be flushed.
cases("arm64: access rights of stage 1, with the control bits", { arch = "arm64", check = "end" }, rows,
	function(sim, row)
	local c = row[2]
	local vcpu, ram = sim:guest{ ram = { length = "8M" }, paging = { ha = c.ha, hd = c.hd } }
	expect(ram:write(DATA, ("r"):rep(8))):eq(0)
	vcpu:map{ from = VA, to = DATA, prot = "rw" }
	local middle <const> = vcpu:pte(VA, 2).gpa
	local directory, combinations, next_table = {}, {}, TABLES

	local function add(access, entries, va, at)
		combinations[#combinations + 1] = { access = access, entries = entries, va = va, at = at }
	end
	for _, e in ipairs(upper) do
		local entries, base = {}, VA + (#directory << 21)
		directory[#directory + 1] = string.pack("<i8", e | next_table)
		for _, l in ipairs(lower) do
			for _, access in ipairs(accesses) do
				add(access, { e, l }, base + (#entries << 12), next_table + 8 * #entries)
				entries[#entries + 1] = string.pack("<i8", l | DATA | SHAREABLE | NG)
			end
		end
		expect(ram:write(next_table, table.concat(entries))):eq(0)
		next_table = next_table + 4096
	end
	for _, e in ipairs(blocks) do
		for _, access in ipairs(accesses) do
			add(access, { e }, VA + (#directory << 21) + DATA, middle + 8 * #directory)
			directory[#directory + 1] = string.pack("<i8", e | BLOCK | SHAREABLE | NG)
		end
	end
	expect(ram:write(middle, table.concat(directory))):eq(0)
	expect(vcpu:set_sysreg("sctlr_el1", vcpu:get_sysreg("sctlr_el1") | (c.wxn and WXN or 0))):eq(0)
	expect(vcpu:set_regs{ pstate = vcpu:get_regs().pstate | (c.pan and PAN or 0) }):eq(0)

	for _, x in ipairs(combinations) do
		local fsc, after = model(c, x.access, x.entries)
		local got = run(vcpu, x.access, x.va)
		local fault = type(got) ~= "string" and got ~= true and got.exception or nil
		local bits <const> = string.unpack("<i8", ram:read(x.at, 8))
		local last <const> = x.entries[#x.entries]
		local fetch <const> = x.access.op == "fetch"
		local wrong = (fault and fault.fsc) ~= fsc or after and bits & (AF | RO) ~= after & (AF | RO) or
			fault and (fault.far ~= x.va or fault.ec ~= class[fetch][x.access.user] or
				fault.write ~= (x.access.op == "write")) or
			fault and not c.ha and bits & (AF | RO) ~= last & (AF | RO)
		if wrong then
			sim:log(("%s %s of %x %x: %s, memory has %x"):format(x.access.user and "EL0" or "EL1", x.access.op,
				x.entries[1], last, fault and ("fault %x"):format(fault.fsc) or "none", bits))
		end
		expect(not wrong):is_true()
	end
	sim:check()
end)
