-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEM_OP through the guest's own translation: every type of address space, every code that a table can give.

local options = { arch = "s390x", covers = "docs/rules.md O3" }

local READ <const>, WRITE <const> = KVM_S390_MEMOP_LOGICAL_READ, KVM_S390_MEMOP_LOGICAL_WRITE
local CHECK <const> = KVM_S390_MEMOP_F_CHECK_ONLY
local CR0_EDAT <const>, CR0_LAP <const>, CR0_IEP <const> = 1 << 23, 1 << 28, 1 << 43
local INVALID <const>, PROTECTED <const>, COMMON <const>, LARGE <const> = 0x20, 0x200, 0x10, 0x400

-- 4 MiB from 0 on, real 0x40000 has "found"; DAT on, 64-bit addresses, nothing mapped.
local function guest(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M" }, vcpu = { lowcore = false } }
	ram:write(0x40000, "found")
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	return vcpu, ram, vm
end

-- A read, and a check for it, at address; returns what both give.
local function fetch(vcpu, address)
	local checked = vcpu:mem_op{ op = READ, gaddr = address, size = 5, flags = CHECK }
	local got = vcpu:mem_op{ op = READ, gaddr = address, size = 5 }
	expect(checked):eq(type(got) == "string" and 0 or got)
	return got
end

local function store(vcpu, address)
	local checked = vcpu:mem_op{ op = WRITE, gaddr = address, size = 5, data = "write", flags = CHECK }
	local got = vcpu:mem_op{ op = WRITE, gaddr = address, data = "write" }
	expect(checked):eq(got)
	return got
end

local translation <const> = { PGM_PAGE_TRANSLATION, PGM_SEGMENT_TRANSLATION, PGM_REGION_THIRD_TRANS,
	PGM_REGION_SECOND_TRANS, PGM_REGION_FIRST_TRANS }
local types <const> = { { "segment", 2, 31 }, { "region3", 3, 42 }, { "region2", 4, 53 }, { "region1", 5, 64 } }

-- An address in the last quarter of what the type can translate, away from the ends of all tables.
local function far(bits)
	return (bits == 64 and 0xf8 << 56 or (1 << bits) - (1 << bits - 4)) | 0x12345000
end

cases("memop: translation in an address space of type", options, types, function(sim, case)
	local vcpu, ram = guest(sim)
	local space, va = vcpu:address_space{ type = case[1] }, far(case[3])
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(fetch(vcpu, va)):eq(translation[case[2]])
	expect(space:map{ from = va, to = 0x40000 }):eq(0)
	expect(fetch(vcpu, va)):eq("found")
	expect(store(vcpu, va)):eq(0)
	expect(ram:read(0x40000, 5)):eq("write")
	ram:write(0x40000, "found")
	for level = 1, case[2] do
		local raw = space:pte(va, level).raw
		local function with(entry)
			space:set_pte(va, entry, level)
			local got = fetch(vcpu, va)
			space:set_pte(va, raw, level)
			return got
		end
		expect(with(raw | (level == 1 and 0x400 or INVALID))):eq(translation[level])
		if level == 1 then
			expect(with(raw | 0x800)):eq(PGM_TRANSLATION_SPEC)
			expect(with(0x400000)):eq(PGM_ADDRESSING)
		else
			for tt = 0, 12, 4 do
				expect(with(raw & ~12 | tt)):eq(tt == raw & 12 and "found" or PGM_TRANSLATION_SPEC)
			end
			expect(with(0x400000 | raw & 0xfff)):eq(PGM_ADDRESSING)
		end
		-- The entry protects: in region tables only with enhanced DAT.
		for _, cr0 in ipairs{ 0, CR0_EDAT } do
			expect(vcpu:set_cr(0, cr0)):eq(0)
			space:set_pte(va, raw | PROTECTED, level)
			expect(store(vcpu, va)):eq((level <= 2 or cr0 ~= 0) and PGM_PROTECTION or 0)
			ram:write(0x40000, "found")
			expect(fetch(vcpu, va)):eq("found")
			space:set_pte(va, raw, level)
		end
	end
	expect(fetch(vcpu, va)):eq("found")
end)

-- Tables may be shorter than 16 KiB; a lower table may also begin later.
cases("memop: lengths and offsets of tables, type", options, types, function(sim, case)
	local vcpu = guest(sim)
	local top, bits = case[2], case[3]
	local space, va = vcpu:address_space{ type = case[1] }, far(bits)
	expect(space:map{ from = va, to = 0x40000 }):eq(0)
	for length = 0, 3 do
		expect(vcpu:set_cr(1, space.asce & ~3 | length)):eq(0)
		expect(fetch(vcpu, va)):eq(length == 3 and "found" or translation[top])
	end
	-- The index below is in the first quarter of its table: only an offset above 0 hides it.
	for level = top, 3, -1 do
		local raw = space:pte(va, level).raw
		for offset = 0, 3 do
			space:set_pte(va, raw & ~0xc3 | offset << 6 | 3, level)
			expect(fetch(vcpu, va)):eq(offset == 0 and "found" or translation[level - 1])
		end
		space:set_pte(va, raw, level)
	end
	expect(fetch(vcpu, va)):eq("found")
end)

cases("memop: a lower table that is too short, below a table of level", options, { { "3", 3 }, { "4", 4 }, { "5", 5 } },
	function(sim, case)
		local vcpu = guest(sim)
		local level = case[2]
		local space = vcpu:address_space{ type = types[level - 1][1] }
		-- In the table below, the index is in the last quarter.
		local va = 0x700 << ({ 12, 20, 31, 42 })[level - 1]
		expect(vcpu:set_cr(1, space.asce)):eq(0)
		expect(space:map{ from = va, to = 0x40000 }):eq(0)
		local raw = space:pte(va, level).raw
		for length = 0, 3 do
			space:set_pte(va, raw & ~3 | length, level)
			expect(fetch(vcpu, va)):eq(length == 3 and "found" or translation[level - 1])
		end
	end)

cases("memop: beyond the end of an address space of type", options, { types[1], types[2], types[3] }, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:set_cr(1, vcpu:address_space{ type = case[1] }.asce)):eq(0)
	expect(fetch(vcpu, (1 << case[3]) - 4096)):eq(translation[case[2]])
	for bit = case[3], 63 do
		expect(fetch(vcpu, 1 << bit)):eq(PGM_ASCE_TYPE)
	end
end)

cases("memop: the first table is outside of memory, type", options, types, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:set_cr(1, 0x400000 | (case[2] - 2) << 2 | 3)):eq(0)
	expect(fetch(vcpu, 0)):eq(PGM_ADDRESSING)
	expect(store(vcpu, 0)):eq(PGM_ADDRESSING)
end)

cases("memop: the VMM has lost the memory of a table of level", options, { { "1", 1 }, { "2", 2 }, { "3", 3 }, { "4", 4 },
	{ "5", 5 } }, function(sim, case)
	local vcpu, ram = guest(sim)
	-- A pool per space, so that no two tables share a page.
	local space = vcpu:address_space{ type = "region1", tables = 0x100000, size = "128K" }
	local va = 0x7ff << 53 | 0x400000
	expect(space:map{ from = va, to = 0x40000 }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(fetch(vcpu, va)):eq("found")
	expect(ram:munmap(space:pte(va, case[2]).gpa & -4096, "4K")):eq(0)
	expect(fetch(vcpu, va)):eq(-EFAULT)
	expect(store(vcpu, va)):eq(-EFAULT)
end)

-- --- large frames ------------------------------------------------------------------------------------------

cases("memop: large frames", options, { { "1 MiB", 2, 0x100000 }, { "2 GiB", 3, 0 } }, function(sim, case)
	local vcpu, ram = guest(sim)
	local level, to = case[2], case[3]
	local va, at = 3 << 31, to + 0x40000
	local space = vcpu:address_space{}
	ram:write(at, "found")
	expect(space:map{ from = va, to = to, level = level }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(vcpu:set_cr(0, CR0_EDAT)):eq(0)
	expect(fetch(vcpu, va + 0x40000)):eq("found")
	expect(fetch(vcpu, va + 0x3ffffe)):eq(level == 3 and PGM_ADDRESSING or PGM_SEGMENT_TRANSLATION)
	expect(store(vcpu, va + 0x40000)):eq(0)
	expect(ram:read(at, 5)):eq("write")
	ram:write(at, "found")
	space:set_pte(va, to | LARGE | PROTECTED | (level - 2) << 2, level)
	expect(store(vcpu, va + 0x40000)):eq(PGM_PROTECTION)
	expect(fetch(vcpu, va + 0x40000)):eq("found")
	-- A frame that is not memory.
	space:set_pte(va, 0x80000000 | LARGE | (level - 2) << 2, level)
	expect(fetch(vcpu, va + 0x40000)):eq(PGM_ADDRESSING)
	-- Without enhanced DAT the bit means nothing, and the entry leads to a table. At 1 MiB, or 0, there are zeros,
	-- which are valid entries of a segment or page table and lead to page 0.
	space:set_pte(va, 0x200000 | LARGE | (level - 2) << 2 | (level - 2) * 3, level)
	ram:write(0x200000 + 0x40 * 8, string.pack("<i8", 0x400 | 0x20))
	expect(vcpu:set_cr(0, 0)):eq(0)
	expect(fetch(vcpu, va + (level == 2 and 0x40000 or 0x4000000))):eq(
		level == 2 and PGM_PAGE_TRANSLATION or PGM_SEGMENT_TRANSLATION)
end)

scenario("memop: large frames are absolute, pages are real memory", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	ram:write(0x0, "absolute")
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_WRITE, gaddr = 0x7ff00000, data = "prefixed" }):eq(0)
	expect(vcpu:map{ from = 0x100000, to = 0, level = 2 }):eq(0)
	expect(vcpu:map{ from = 0x200000, to = 0 }):eq(0)
	expect(vcpu:set_cr(0, CR0_EDAT)):eq(0)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x100000, size = 8 }):eq("absolute")
	expect(vcpu:mem_op{ op = READ, gaddr = 0x200000, size = 8 }):eq("prefixed")
end)

-- --- private spaces, real spaces, low addresses ------------------------------------------------------------

scenario("memop: common segments and regions do not go with a private space", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:set_cr(0, CR0_EDAT)):eq(0)
	for _, private in ipairs{ false, true } do
		local space = vcpu:address_space{ private = private }
		expect(vcpu:set_cr(1, space.asce)):eq(0)
		expect(space:map{ from = 0x100000, to = 0, level = 2, common = true }):eq(0)
		expect(fetch(vcpu, 0x140000)):eq(private and PGM_TRANSLATION_SPEC or "found")
		expect(space:map{ from = 0x400000, to = 0x40000 }):eq(0)
		space:set_pte(0x400000, space:pte(0x400000, 2).raw | COMMON, 2)
		expect(fetch(vcpu, 0x400000)):eq(private and PGM_TRANSLATION_SPEC or "found")
		expect(space:map{ from = 1 << 31, to = 0, level = 3, common = true }):eq(0)
		expect(fetch(vcpu, 1 << 31 | 0x40000)):eq(private and PGM_TRANSLATION_SPEC or "found")
	end
end)

scenario("memop: a real space", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:set_cr(1, vcpu:address_space{ real = true }.asce)):eq(0)
	expect(fetch(vcpu, 0x40000)):eq("found")
	expect(store(vcpu, 0x41000)):eq(0)
	expect(fetch(vcpu, 0x400000)):eq(PGM_ADDRESSING)
end)

-- Instruction-execution protection is for instructions.
scenario("memop: instruction-execution protection does not matter for data", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:map{ from = 0x400000, to = 0x40000, iep = true }):eq(0)
	expect(vcpu:map{ from = 0x100000, to = 0, level = 2, iep = true }):eq(0)
	expect(vcpu:set_cr(0, CR0_EDAT | CR0_IEP)):eq(0)
	expect(fetch(vcpu, 0x400000)):eq("found")
	expect(fetch(vcpu, 0x140000)):eq("found")
	expect(store(vcpu, 0x400000)):eq(0)
end)

local low <const> = { { 0, true }, { 511, true }, { 512, false }, { 4095 - 5, false }, { 4096, true }, { 4607, true },
	{ 4608, false }, { 8192, false }, { 4092, true } }

cases("memop: low-address protection", options, {
	{ "off",                       false, true,  false, false },
	{ "DAT off",                   true,  false, false, true },
	{ "DAT on",                    true,  true,  false, true },
	{ "DAT on, private space",     true,  true,  true,  false },
	{ "DAT off, private space",    true,  false, true,  true },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	local space = vcpu:address_space{ private = case[4] }
	expect(space:map{ from = 0, to = 0, size = "16K" }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(vcpu:set_psw{ dat = case[3] }):eq(0)
	expect(vcpu:set_cr(0, case[2] and CR0_LAP or 0)):eq(0)
	for _, row in ipairs(low) do
		expect(store(vcpu, row[1])):eq(case[5] and row[2] and PGM_PROTECTION or 0)
		if case[5] and row[2] then
			expect(ram:read(row[1], 5)):ne("write")
		end
		expect(fetch(vcpu, row[1])):ne(PGM_PROTECTION)
	end
end)

-- --- which space -------------------------------------------------------------------------------------------

cases("memop: the PSW chooses the space", options, { { "primary", 1 }, { "secondary", 7 }, { "home", 13 } },
	function(sim, case)
		local vcpu, ram = guest(sim)
		for _, cr in ipairs{ 1, 7, 13 } do
			local space = vcpu:address_space{}
			ram:write(0x10000 + cr * 0x1000, ("CR%2d "):format(cr))
			expect(space:map{ from = 0x500000, to = 0x10000 + cr * 0x1000 }):eq(0)
			expect(vcpu:set_cr(cr, space.asce)):eq(0)
		end
		expect(vcpu:set_psw{ as = case[1] }):eq(0)
		expect(vcpu:mem_op{ op = READ, gaddr = 0x500000, size = 5, ar = 3 }):eq(("CR%2d "):format(case[2]))
		-- With DAT off the control means nothing.
		expect(vcpu:set_psw{ dat = false }):eq(0)
		expect(fetch(vcpu, 0x40000)):eq("found")
	end)

scenario("memop: virtual ranges over pages that are not adjacent, and a failure leaves no trace", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:map{ from = 0x500000, to = 0x51000 }):eq(0)
	expect(vcpu:map{ from = 0x501000, to = 0x60000 }):eq(0)
	expect(vcpu:map{ from = 0x502000, to = 0x50000 }):eq(0)
	expect(vcpu:map{ from = 0x503000, to = 0x70000, prot = "r" }):eq(0)
	local data = ("1"):rep(4096) .. ("2"):rep(4096) .. ("3"):rep(4096)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x500000, data = data }):eq(0)
	expect(ram:read(0x51000, 4096) .. ram:read(0x60000, 4096) .. ram:read(0x50000, 4096)):eq(data)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x500000, size = 3 * 4096 }):eq(data)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x502ffe, data = "xxxx" }):eq(PGM_PROTECTION)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x503ffe, data = "xxxx" }):eq(PGM_PROTECTION)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x503ffe, size = 4 }):eq(PGM_PAGE_TRANSLATION)
	expect(ram:read(0x50ffe, 2)):eq("33")
	expect(ram:read(0x70000, 2)):eq("\0\0")
end)

scenario("memop: an address space wraps at its end", options, function(sim)
	local vcpu, ram = guest(sim)
	local space = vcpu:address_space{ type = "region1" }
	expect(space:map{ from = -4096, to = 0x50000 }):eq(0)
	expect(space:map{ from = 0, to = 0x60000 }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = -3, data = "endbegin" }):eq(0)
	expect(ram:read(0x50ffd, 3) .. ram:read(0x60000, 5)):eq("endbegin")
	expect(vcpu:mem_op{ op = READ, gaddr = -3, size = 8 }):eq("endbegin")
end)
