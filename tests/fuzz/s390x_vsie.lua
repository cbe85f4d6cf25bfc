-- SPDX-License-Identifier: GPL-2.0-only
-- Nested guests over random tables, with host events in between: SIE finds what guest-2 finds with its own DAT and the
-- same tables, and the machine reports nothing.
--
-- What findings.md lists is left out: format control without EDAT, tables that guest-3 may store into, slots that are
-- removed. Since 7.0 also stores of the VMM's into guest-2's tables, and pages that KVM's own tables do not have, or
-- have for reading only. The numbers are the same each time: a seed per scenario.

local SEEDS <const>, ROUNDS <const>, CALLS <const> = 8, 6, 25
local random = math.random
local MiB <const> = 1 << 20
local CR0_EDAT <const> = 1 << (63 - 40)
local PREFIX_VALIDITY <const>, ICPT_VALIDITY <const>, ICPT_PROGI <const> = 0x37, 0x20, 0x08
local INVALID <const>, PROTECT <const>, LARGE <const>, COMMON <const> = 0x20, 0x200, 0x400, 0x10
local ADDRESSING <const> = 0x05

local function one_of(list)
	return list[random(#list)]
end

-- Bases at which something is mapped, by the type of the space.
local bases <const> = { segment = { 0, MiB, 1 << 30 }, region3 = { 0, MiB, 1 << 31 }, region2 = { 0, 1 << 42 },
	region1 = { 0, 1 << 53, 1 << 31 } }
local tops <const> = { segment = 2, region3 = 3, region2 = 4, region1 = 5 }

-- Data are in the second to fifth MiB, tables in the last, with EDAT also large frames.
local function page_entry()
	local r = random(12)
	if r == 1 then
		return 0x400
	elseif r == 2 then
		return 0x800
	elseif r == 3 then
		return 0x20000000
	end
	return random(0x100, 0x4ff) << 12 | one_of{ 0, 0, PROTECT }
end

-- Guest-2 stores, with DAT off, if it is one of its tables: an entry of 0 leads to address 0.
local function set_pte(vcpu, space, va, raw, level)
	local pte = space:pte(va, level)
	if pte and pte.gpa >= 5 * MiB then
		expect(vcpu:write(pte.gpa, ("<i8"):pack(raw))):is_true()
	end
end

local function scramble(vcpu, space, kind, edat)
	for _ = 1, 6 do
		local va = one_of(bases[kind]) + random(0, 3) * 4096
		-- The prefix area, from 0x8000 on, stays.
		local level = va < MiB and 1 or random(1, tops[kind])
		local old = space:pte(va, level)
		if level == 1 then
			set_pte(vcpu, space, va, page_entry(), 1)
		elseif old and old.raw & ~0xfff ~= 0 then      -- else the table would be at 0
			local entry = old.raw
			if edat and level == 2 and random(4) == 1 then
				entry = entry & LARGE ~= 0 and INVALID or random(1, 4) * MiB | LARGE | one_of{ 0, PROTECT, COMMON }
			elseif entry & LARGE == 0 then
				entry = entry ~ one_of{ INVALID, PROTECT, level == 2 and COMMON or 3, level == 2 and COMMON or 0xc0 }
			end
			set_pte(vcpu, space, va, entry, level)
		end
	end
end

-- Lets KVM's own tables have all data, and the VMM's have them writable.
local function bring_in(sim, vcpu, ram)
	if sim:kernel_since("7.0") then
		for at = MiB, 5 * MiB - 1, 4096 do
			ram:write(at, ram:read(at, 1))
		end
		expect(vcpu:workload{ op = "read", range = { MiB, 4 * MiB } }):eq(1024)
	end
end

local function host_event(sim, vcpu, ram, s, nested)
	local at = random(0x100, 0x4ff) << 12
	local table_page = s.space:pte(0, tops[s.kind]).gpa & ~0xfff
	local events = {
		function() ram:madvise(at, "16K", MADV_DONTNEED) end,
		function() ram:swap_out(at, "64K") end,
		function() ram:migrate(at) end,
		function() ram:swap_out(table_page, 4096) end,
		function() ram:migrate(table_page) end,
		function() ram:write(at, "host") end,
		function() nested:set{ prefix = random(4, 7) * 8192 } end,
	}
	one_of(events)()
	bring_in(sim, vcpu, ram)
end

-- The outcome of an access, in a form that both kinds of access have.
local function outcome(result)
	if type(result) ~= "table" then
		return result
	elseif result.exception then
		return { result.exception.code, result.exception.teid }
	elseif result.interception and result.interception.icptcode == ICPT_PROGI then
		return { result.interception.iprcc, 0 }
	end
	return result
end

local function compare(vcpu, nested, base, write)
	local addr = base + random(0, 3) * 4096 + random(0, 4088)
	local inner
	if write then
		inner = nested:write(addr, ("<i8"):pack(random(0)))
	else
		inner = nested:read(addr, 8)
	end
	if type(inner) == "table" and inner.interception and inner.interception.icptcode == ICPT_VALIDITY then
		expect(inner.interception.validity):eq(PREFIX_VALIDITY)
		return
	end
	local psw = vcpu:get_psw()
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	expect(vcpu:ptlb()):is_true()
	local outer
	if write then
		outer = vcpu:xchg(addr & ~7, ("<i8"):pack(1))
		outer = type(outer) == "string" and true or outer
	else
		outer = vcpu:read(addr, 8)
	end
	inner, outer = outcome(inner), outcome(outer)
	expect(vcpu:set_psw{ mask = psw.mask, addr = psw.addr }):eq(0)
	-- If there is no memory KVM first looks for the instruction, which guest-2's tables may lack.
	if type(inner) == "table" and inner[1] == ADDRESSING then
		expect(type(outer)):eq("table")
	else
		expect(inner):eq(outer)
	end
end

for seed = 1, SEEDS do
	scenario(("nested guests over random tables, seed %d"):format(seed), { arch = "s390x", mmu = "vsie", check = "end",
			timeout = 200 }, function(sim)
		math.randomseed(seed)
		local vcpu, ram = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" } }
		local pages = {}
		for at = MiB, 5 * MiB - 1, 8 do
			pages[#pages + 1] = ("<i8"):pack(at * 0x10001)
		end
		ram:write(MiB, table.concat(pages))
		local edat = seed % 2 == 0
		expect(vcpu:set_cr(0, edat and vcpu:get_cr(0) | CR0_EDAT or vcpu:get_cr(0))):eq(0)
		local spaces = {}
		for kind in pairs(bases) do
			local space = vcpu:address_space{ type = kind, private = seed % 3 == 0,
				tables = 5 * MiB + #spaces * 0x40000, size = 0x40000 }
			for _, base in ipairs(bases[kind]) do
				expect(space:map{ from = base, to = MiB, size = "64K" }):eq(0)
			end
			spaces[#spaces + 1] = { space = space, kind = kind }
		end
		expect(vcpu:set_cr(1, spaces[1].space.asce)):eq(0)
		local nested = vcpu:nested{ addr = 0x700000, prefix = 0x8000 }
		nested:expect_pin()
		bring_in(sim, vcpu, ram)
		for _ = 1, ROUNDS do
			local s = one_of(spaces)
			expect(vcpu:set_cr(1, s.space.asce)):eq(0)
			for _ = 1, CALLS do
				local r = random(10)
				if r <= 2 then
					scramble(vcpu, s.space, s.kind, edat)
					sim:check()
				elseif r == 3 then
					host_event(sim, vcpu, ram, s, nested)
					sim:check()
				else
					compare(vcpu, nested, one_of(bases[s.kind]), r > 7)
				end
			end
		end
	end)
end
