-- SPDX-License-Identifier: GPL-2.0-only
-- Each descriptor of the guest's tables, at each level, becomes each other kind of descriptor: by the guest and by the
-- VMM, with a TLBI of the address or of all. A walk of the tables in Lua says what an access gives before and after.

any_page_size()

local BASE <const>, OTHER <const> = 0x8000000000, 0x10000000000	-- two entries of the top table
local OFFSET <const> = 0x605000
local VA <const>, TWIN <const> = BASE + OFFSET, OTHER + OFFSET
local VALID <const>, TABLE <const>, RO <const>, AF <const> = 1, 2, 1 << 7, 1 << 10
local TABLE_RO <const>, ADDRESS <const> = 1 << 62, 0xfffffffff000
local NOWHERE <const> = 0x10000000
local A <const>, B <const>, LARGE <const> = 0x5000, 0x6000, 0x400000
local TRANSLATION <const>, ACCESS <const>, PERMISSION <const> = ESR_ELx_FSC_FAULT, ESR_ELx_FSC_ACCESS, ESR_ELx_FSC_PERM

-- Where an access through each kind of descriptor ends, and what the VMM has put there.
local places = { [A] = "A", [B] = "B", [LARGE + (OFFSET & 0x1fffff)] = "large", [OFFSET] = "1 GiB", [0x7000] = "twin" }

-- VA and TWIN have tables of their own. TWIN's lead to another page.
local function guest(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "8M" }, paging = true }
	for gpa, name in pairs(places) do
		expect(ram:write(gpa, name)):eq(0)
	end
	vcpu:map{ from = VA, to = A, prot = "rw" }
	vcpu:map{ from = TWIN, to = 0x7000, prot = "rw" }
	return vcpu, ram, vm
end

-- The kinds of a descriptor at a level, counted from the page. `page` is that of VA.
local function kinds(vcpu, level)
	local own <const>, twin <const> = vcpu:pte(VA, level).raw, vcpu:pte(TWIN, level).raw
	local page <const> = vcpu:pte(VA, 1).raw & ~ADDRESS
	local block <const> = page & ~TABLE
	local list = {
		{ "invalid", 0 },
		{ "invalid, with other bits", own & ~VALID },
		{ "as it was", own },
	}
	local function add(name, raw)
		list[#list + 1] = { name, raw }
	end
	if level == 1 then
		add("read-only", own | RO)
		add("not accessed", own & ~AF)
		add("another page", B | page)
		add("outside of every slot", NOWHERE | page)
		add("a reserved form", own & ~TABLE)
	else
		add("a read-only table", own | TABLE_RO)
		add("another table", twin)
		add("another table, read-only", twin | TABLE_RO)
	end
	if level == 2 then
		add("2 MiB", LARGE | block)
		add("2 MiB, read-only", LARGE | block | RO)
		add("2 MiB, not accessed", LARGE | block & ~AF)
		add("2 MiB outside of every slot", NOWHERE | block)
	elseif level == 3 then
		add("1 GiB", block)
		add("1 GiB, read-only", block | RO)
	elseif level == 4 then
		add("a block at the top", block)
	end
	return list
end

-- What an access of the guest's kernel to va gives, as the tables in memory are: a place, "MMIO" or the status code of a
-- fault.
local function walk(ram, root, va, write)
	local tbl, writable = root, true
	for level = 4, 1, -1 do
		local shift <const>, depth <const> = 12 + 9 * (level - 1), 4 - level
		local e <const> = string.unpack("<i8", ram:read(tbl + ((va >> shift) & 511) * 8, 8))
		local leaf <const> = level == 1 or e & TABLE == 0
		if e & VALID == 0 or leaf and (level == 4 or level == 1 and e & TABLE == 0) then
			return TRANSLATION | depth
		elseif leaf and e & AF == 0 then
			return ACCESS | depth
		elseif leaf and write and not (writable and e & RO == 0) then
			return PERMISSION | depth
		elseif leaf then
			local inside <const> = (1 << shift) - 1
			local gpa <const> = e & ADDRESS & ~inside | va & inside
			return gpa < ram.length and gpa or "MMIO"
		end
		writable = writable and e & TABLE_RO == 0
		tbl = e & ADDRESS
	end
end

local stamp = 0

-- The same for the real access. A write leaves a mark, whose place is found by looking.
local function access(vcpu, ram, va, write)
	local got
	if write then
		stamp = stamp + 1
		got = vcpu:write(va + 16, string.pack("<I4", stamp))
	else
		got = vcpu:read(va, 8)
	end
	if got == true or type(got) == "string" then
		for gpa, name in pairs(places) do
			if write and string.unpack("<I4", ram:read(gpa + 16, 4)) == stamp or
				not write and got:sub(1, #name) == name then
				return gpa
			end
		end
		return "some other place"
	end
	if got.exception then
		expect(got.exception):fields{ ec = ESR_ELx_EC_DABT_CUR, far = write and va + 16 or va, write = write }
		return got.exception.fsc
	end
	expect(got):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	expect(vcpu:abandon()):eq(0)
	return "MMIO"
end

local flushes <const> = {
	{ "TLBI of the address", function(vcpu, va) expect(vcpu:tlb_invalidate{ addr = va }):is_true() end },
	{ "TLBI of all", function(vcpu) expect(vcpu:tlb_invalidate()):is_true() end },
}
local rows = {}
for level = 1, 4 do
	for _, flush in ipairs(flushes) do
		rows[#rows + 1] = { ("level %d, %s"):format(level, flush[1]), level, flush[2] }
	end
end

-- Calls fn(from, to) for all pairs of different kinds.
local function all_pairs(list, fn)
	for _, from in ipairs(list) do
		for _, to in ipairs(list) do
			if from ~= to then
				fn(from, to)
			end
		end
	end
end

-- Before the TLBI an access may use the old descriptor or the new one, whatever the processor has kept. writer: who
-- changes the descriptor.
local function replaced(sim, row, writer)
	local level, flush = row[2], row[3]
	local vcpu, ram = guest(sim)
	local root <const> = vcpu:get_sysreg("ttbr0_el1") & ADDRESS
	local place <const> = vcpu:pte(VA, level).gpa
	local function change(raw)
		if writer == "VMM" then
			expect(ram:write(place, string.pack("<i8", raw))):eq(0)
		else
			vcpu:set_pte(VA, raw, level)
		end
	end
	all_pairs(kinds(vcpu, level), function(from, to)
		for _, first in ipairs{ false, true } do
			change(from[2])
			flush(vcpu, VA)
			local before = {}
			for _, write in ipairs{ first, not first } do
				before[write] = walk(ram, root, VA, write)
				expect(access(vcpu, ram, VA, write)):eq(before[write])
			end
			change(to[2])
			for _, write in ipairs{ false, true } do
				expect{ before[write], walk(ram, root, VA, write) }:contains(access(vcpu, ram, VA, write))
			end
			flush(vcpu, VA)
			for _, write in ipairs{ first, not first } do
				local got <const>, after <const> = access(vcpu, ram, VA, write), walk(ram, root, VA, write)
				if got ~= after then
					sim:log(("%s, then %s, write: %s"):format(from[1], to[1], write))
				end
				expect(got):eq(after)
			end
		end
	end)
	sim:check()
end

local options <const> = { arch = "arm64", check = "end" }

cases("arm64: a descriptor is replaced by the guest", options, rows, function(sim, row) replaced(sim, row, "guest") end)

cases("arm64: a descriptor is replaced by the VMM", options, rows, function(sim, row) replaced(sim, row, "VMM") end)

-- The table that holds the descriptor is linked at two addresses: each has its own translation to invalidate.
cases("arm64: a descriptor of a table that is linked twice is replaced", options, {
	{ "level 1", 1 }, { "level 2", 2 }, { "level 3", 3 },
}, function(sim, row)
	local level = row[2]
	local vcpu, ram = guest(sim)
	local root <const> = vcpu:get_sysreg("ttbr0_el1") & ADDRESS
	local list = kinds(vcpu, level)
	-- Through TWIN the guest may only read.
	vcpu:set_pte(TWIN, vcpu:pte(VA, level + 1).raw | TABLE_RO, level + 1)
	local function check_both(write_first)
		for _, va in ipairs{ VA, TWIN } do
			for _, write in ipairs{ write_first, not write_first } do
				expect(access(vcpu, ram, va, write)):eq(walk(ram, root, va, write))
			end
		end
	end
	all_pairs(list, function(from, to)
		vcpu:set_pte(VA, from[2], level)
		expect(vcpu:tlb_invalidate()):is_true()
		check_both(true)
		vcpu:set_pte(TWIN, to[2], level)
		for _, va in ipairs{ TWIN, VA } do
			expect(vcpu:tlb_invalidate{ addr = va }):is_true()
		end
		check_both(false)
	end)
	sim:check()
end)
