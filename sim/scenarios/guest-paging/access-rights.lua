-- SPDX-License-Identifier: GPL-2.0-only
-- Every combination of the guest's entry bits, kind of access and control bits against a model of its own, written from
-- the manual (Intel SDM vol. 3, 5.6 to 5.8), as kvm-unit-tests' x86/access.c does it. With nested paging the processor
-- decides; with shadow paging KVM does: FNAME(walk_addr_generic)(), permission_fault(), update_permission_bitmask().

local VA <const>, TABLES <const>, DATA <const>, LARGE <const> = 0x8000000000, 0x100000, 0x5000, 0x400000
local P <const>, W <const>, U <const>, A <const>, D <const>, PS <const> = 1, 2, 4, 1 << 5, 1 << 6, 1 << 7
local NX <const>, RESERVED <const> = 1 << 63, 1 << 51		-- 46 bits of physical addresses
local LARGE_RESERVED <const> = 1 << 13			-- address bits below the size of a large page
local ERROR <const> = { present = 1, write = 2, user = 4, reserved = 8, fetch = 16 }
local CR0 <const>, CR0_WP <const> = 0x80000031, 1 << 16
local CR4_PAE <const>, CR4_SMEP <const>, CR4_SMAP <const> = 1 << 5, 1 << 20, 1 << 21
local EFER <const>, EFER_NX <const> = 0x500, 1 << 11
local RFLAGS_AC <const> = 1 << 18
local MARKED <const> = P | W | U | A | D | PS | NX

local rights = {}
for bits = 0, 7 do
	rights[#rights + 1] = P | (bits & 1 ~= 0 and W or 0) | (bits & 2 ~= 0 and U or 0) | (bits & 4 ~= 0 and NX or 0)
end

local upper, lower, large = { 0, W | U, P | W | U | RESERVED, W | U | NX | RESERVED }, {}, {}
for _, bits in ipairs(rights) do
	upper[#upper + 1] = bits
	lower[#lower + 1] = bits
	large[#large + 1] = bits | PS
end
for _, bits in ipairs{ 0, W | U | A | D, P | U | A, P | W | U | A | D, P | W | A, P | W | U | RESERVED,
	P | RESERVED | NX, P | W | U | PS } do
	lower[#lower + 1] = bits
end
for _, bits in ipairs{ P | W | U | LARGE_RESERVED, P | RESERVED, W | U, P | W | U | A, P | U | A | D,
	P | W | U | 1 << 12 } do
	large[#large + 1] = bits | PS
end

local accesses = {}
for user = 0, 1 do
	for _, op in ipairs{ "read", "write", "fetch" } do
		accesses[#accesses + 1] = { op = op, user = user == 1 }
	end
end

-- The error code of the fault, or nil; and whether the walk came to the last entry's marks.
local function model(cr, access, entries)
	local code = (access.op == "write" and ERROR.write or 0) | (access.user and ERROR.user or 0)
	if access.op == "fetch" and (cr.nx or cr.smep) then
		code = code | ERROR.fetch
	end
	local w, u, x = true, true, true
	for i, e in ipairs(entries) do
		if e & P == 0 then
			return code
		end
		local bad = e & RESERVED ~= 0 or e & NX ~= 0 and not cr.nx
		if i == 1 and e & PS ~= 0 then
			bad = bad or e & LARGE_RESERVED ~= 0
		end
		if bad then
			return code | ERROR.present | ERROR.reserved
		end
		w, u, x = w and e & W ~= 0, u and e & U ~= 0, x and e & NX == 0
	end
	local denied
	if access.user then
		denied = not u or access.op == "write" and not w or access.op == "fetch" and not x
	elseif access.op == "fetch" then
		denied = not x or u and cr.smep
	else
		denied = u and cr.smap and not cr.ac or access.op == "write" and not w and cr.wp
	end
	return denied and code | ERROR.present or nil
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

local rows = {}
for bits = 0, 31 do
	local cr = { wp = bits & 1 ~= 0, nx = bits & 2 ~= 0, smep = bits & 4 ~= 0, smap = bits & 8 ~= 0,
		ac = bits & 16 ~= 0 }
	if cr.smap or not cr.ac then
		local names = {}
		for _, name in ipairs{ "wp", "nx", "smep", "smap", "ac" } do
			names[#names + 1] = cr[name] and name or nil
		end
		rows[#rows + 1] = { #names > 0 and table.concat(names, " ") or "none", cr }
	end
end

-- One entry of the middle level for each combination, and one of the lowest level for each access: none is used twice,
-- so that nothing needs to be flushed.
cases("access rights of the guest's entries, with the control bits", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, check = "end",
}, rows, function(sim, row)
	local cr = row[2]
	local vcpu, ram = sim:guest{ ram = { length = "8M" }, paging = true }
	expect(ram:write(DATA, ("r"):rep(8))):eq(0)
	vcpu:map{ from = VA, to = DATA, prot = "rw" }
	local middle = vcpu:pte(VA, 3).address
	local directory, combinations, next_table = {}, {}, TABLES

	local function add(entries, index)
		for i, access in ipairs(accesses) do
			local last = entries[#entries]
			combinations[#combinations + 1] = { access = access, entries = entries,
				va = VA + (index << 21) + (#entries == 2 and (entries.first + i) << 12 or DATA),
				at = #entries == 2 and entries.tbl + 8 * (entries.first + i) or nil, last = last }
		end
	end
	for _, e in ipairs(upper) do
		local tbl = {}
		local index = #directory
		directory[index + 1] = string.pack("<i8", e | next_table)
		tbl[1] = ("\0"):rep(8)
		for k, l in ipairs(lower) do
			local raw = string.pack("<i8", l | DATA)
			tbl[#tbl + 1] = raw:rep(#accesses)
			add({ e, l, first = (k - 1) * #accesses, tbl = next_table }, index)
		end
		expect(ram:write(next_table, table.concat(tbl))):eq(0)
		next_table = next_table + 4096
	end
	for _, e in ipairs(large) do
		for _, access in ipairs(accesses) do
			local index = #directory
			directory[index + 1] = string.pack("<i8", e | LARGE)
			combinations[#combinations + 1] = { access = access, entries = { e },
				va = VA + (index << 21) + DATA, at = middle + 8 * index, last = e }
		end
	end
	expect(ram:write(middle, table.concat(directory))):eq(0)
	expect(vcpu:set_sregs{ cr0 = CR0 | (cr.wp and CR0_WP or 0), efer = EFER | (cr.nx and EFER_NX or 0),
		cr4 = CR4_PAE | (cr.smep and CR4_SMEP or 0) | (cr.smap and CR4_SMAP or 0) }):eq(0)
	if cr.ac then
		expect(vcpu:set_regs{ rflags = 2 | RFLAGS_AC }):eq(0)
	end

	for _, c in ipairs(combinations) do
		local code = model(cr, c.access, c.entries)
		local got = run(vcpu, c.access, c.va)
		local fault = type(got) ~= "string" and got ~= true and got.exception or nil
		local wrong
		if code then
			wrong = not fault or fault.vector ~= 14 or fault.error_code ~= code or fault.cr2 ~= c.va
		else
			wrong = type(got) ~= "string" and got ~= true
		end
		local mark = not code and A | (c.access.op == "write" and D or 0) or 0
		local raw = string.unpack("<i8", ram:read(c.at, 8))
		wrong = wrong or raw & MARKED ~= (c.last | mark) & MARKED
		if wrong then
			sim:log(("%s by %s, entries %x %x at %x, now %x: expected %s"):format(c.access.op,
				c.access.user and "user" or "kernel", c.entries[1], c.entries[2] or 0, c.va, raw,
				code and ("error code %d"):format(code) or "no fault"))
			expect(fault):eq(code and { vector = 14, error_code = code, cr2 = c.va } or nil)
		end
		expect(wrong):is_false()
	end
	expect(#combinations):eq(#accesses * (#upper * #lower + #large))
end)
