-- SPDX-License-Identifier: GPL-2.0-only
-- Each entry of the guest's tables, at each level, becomes each other kind of entry: by the guest, with INVLPG or a
-- load of CR3, and by the VMM. A walk of the tables in Lua says what an access gives before and after. Shadow paging:
-- FNAME(fetch)(), mmu_page_zap_pte(), kvm_mmu_track_write(), FNAME(sync_spte)(), kvm_mmu_invalidate_addr().

local mmu = { "ept", "npt", "shadow" }
local BASE <const>, OTHER <const> = 0x8000000000, 0x10000000000	-- two entries of the top table
local OFFSET <const> = 0x605000
local VA <const>, TWIN <const> = BASE + OFFSET, OTHER + OFFSET
local P <const>, W <const>, U <const>, PS <const>, NX <const> = 1, 2, 4, 1 << 7, 1 << 63
local RWU <const>, RESERVED <const>, ADDRESS <const> = P | W | U, 1 << 51, 0x3ffffffff000
local NOWHERE <const> = 0x10000000
local A <const>, B <const>, LARGE <const> = 0x5000, 0x6000, 0x400000

-- Where an access through each kind of entry ends, and what the VMM has put there.
local places = { [A] = "A", [B] = "B", [LARGE + (OFFSET & 0x1fffff)] = "large", [OFFSET] = "1 GiB",
	[0x7000] = "other table" }

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

-- The kinds of an entry at a level. `own` is the entry that vcpu:map() has made, `twin` that of TWIN.
local function kinds(level, own, twin)
	local list = {
		{ "not present", 0 },
		{ "not present, with other bits", own & ~P },
		{ "as it was", own },
		{ "without the right to write", own & ~W },
		{ "for the kernel only", own & ~U },
		{ "reserved bits", own | RESERVED },
	}
	if level == 1 then
		list[#list + 1] = { "another page", B | RWU }
		list[#list + 1] = { "outside of every slot", NOWHERE | RWU }
	else
		list[#list + 1] = { "another table", twin }
		list[#list + 1] = { "another table without the right to write", twin & ~W }
	end
	if level == 2 then
		list[#list + 1] = { "2 MiB", LARGE | RWU | PS }
		list[#list + 1] = { "2 MiB without the right to write", LARGE | P | U | PS }
		list[#list + 1] = { "2 MiB outside of every slot", NOWHERE | RWU | PS }
		list[#list + 1] = { "2 MiB over the table's own page", own & ADDRESS & ~0x1fffff | RWU | PS }
	elseif level == 3 then
		list[#list + 1] = { "1 GiB", RWU | PS }
		list[#list + 1] = { "1 GiB without the right to write", P | U | PS }
	elseif level == 4 then
		list[#list + 1] = { "a large page at the top", own | PS }
	end
	return list
end

-- What an access of the guest's kernel to va gives, as the tables in memory are: a place, "MMIO" or an error code.
local function walk(ram, root, va, write)
	local tbl, writable, code = root, true, write and 2 or 0
	for level = 4, 1, -1 do
		local shift = 12 + 9 * (level - 1)
		local e = string.unpack("<i8", ram:read(tbl + ((va >> shift) & 511) * 8, 8))
		if e & P == 0 then
			return code
		end
		local leaf = level == 1 or e & PS ~= 0
		if e & RESERVED ~= 0 or level == 4 and e & PS ~= 0 then
			return code | 9
		end
		writable = writable and e & W ~= 0
		tbl = e & ADDRESS
		if leaf then
			local gpa = tbl & ~((1 << shift) - 1) | va & ((1 << shift) - 1)
			if write and not writable then
				return code | 1
			end
			return gpa < ram.length and gpa or "MMIO"
		end
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
		got = vcpu:read(va, 16)
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
		expect(got.exception):fields{ vector = 14, cr2 = write and va + 16 or va }
		return got.exception.error_code
	end
	expect(got):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	expect(vcpu:abandon()):eq(0)
	return "MMIO"
end

local function known(place)
	return type(place) ~= "number" or place < 32 or places[place] ~= nil
end

-- Calls fn(from, to) for all pairs of different kinds.
local function all_pairs(level, vcpu, fn)
	local list = kinds(level, vcpu:pte(VA, level).raw, vcpu:pte(TWIN, level).raw)
	for _, from in ipairs(list) do
		for _, to in ipairs(list) do
			if from ~= to then
				fn(from, to)
			end
		end
	end
end

local flushes = {
	{ "INVLPG", function(vcpu, va) expect(vcpu:invlpg(va)):is_true() end },
	{ "load of CR3", function(vcpu) expect(vcpu:load_cr3(vcpu:get_sregs().cr3)):is_true() end },
}

local rows = {}
for level = 1, 4 do
	for _, flush in ipairs(flushes) do
		rows[#rows + 1] = { ("level %d, %s"):format(level, flush[1]), level, flush[2] }
	end
end

-- Before the flush, an access may use the old entry or the new one, whatever the processor has kept.
cases("an entry is replaced by the guest", { arch = "x86_64", mmu = mmu, check = "end" }, rows, function(sim, row)
	local level, flush = row[2], row[3]
	local vcpu, ram = guest(sim)
	local root = vcpu:get_sregs().cr3
	all_pairs(level, vcpu, function(from, to)
		for pass = 1, 2 do
			vcpu:set_pte(VA, from[2], level)
			flush(vcpu, VA)
			local before = {}
			for _, write in ipairs{ false, true } do
				before[write] = walk(ram, root, VA, write)
				if known(before[write]) then
					expect(access(vcpu, ram, VA, write)):eq(before[write])
				end
			end
			vcpu:set_pte(VA, to[2], level)
			for _, write in ipairs{ false, true } do
				local after = walk(ram, root, VA, write)
				if pass == 1 and known(before[write]) and known(after) then
					expect{ before[write], after }:contains(access(vcpu, ram, VA, write))
				end
			end
			flush(vcpu, VA)
			for _, write in ipairs{ pass == 1, pass ~= 1 } do
				local after = walk(ram, root, VA, write)
				if known(after) then
					local got = access(vcpu, ram, VA, write)
					if got ~= after then
						sim:log(("%s, then %s, write: %s"):format(from[1], to[1], write))
					end
					expect(got):eq(after)
				end
			end
		end
	end)
	sim:check()
end)

-- KVM does not see these writes: its tables may show the old state until they are dropped, but nothing else.
cases("an entry is replaced by the VMM", { arch = "x86_64", mmu = mmu, check = "end" }, rows, function(sim, row)
	local level, flush = row[2], row[3]
	local vcpu, ram, vm = guest(sim)
	local root = vcpu:get_sregs().cr3
	local entry = vcpu:pte(VA, level).gpa
	all_pairs(level, vcpu, function(from, to)
		local seen = { [false] = {}, [true] = {} }
		local function change(raw)
			expect(ram:write(entry, string.pack("<i8", raw))):eq(0)
			for _, write in ipairs{ false, true } do
				table.insert(seen[write], walk(ram, root, VA, write))
			end
		end
		local function drop_all()		-- the deletion of any slot
			expect(vm:set_user_memory_region{ slot = 5, guest_phys_addr = "1G", memory_size = "4K",
				userspace_addr = ram }):eq(0)
			expect(vm:set_user_memory_region{ slot = 5, memory_size = 0 }):eq(0)
			expect(vcpu:reload_cr3()):eq(0)
		end
		change(from[2])
		drop_all()
		for _, write in ipairs{ false, true } do
			if known(seen[write][1]) then
				expect(access(vcpu, ram, VA, write)):eq(seen[write][1])
			end
		end
		change(to[2])
		flush(vcpu, VA)
		for _, write in ipairs{ false, true } do
			if known(seen[write][1]) and known(seen[write][2]) then
				local got = access(vcpu, ram, VA, write)
				-- The rights to read and to write are looked up at different times.
				expect(seen[write]):contains(got)
			end
		end
		drop_all()
		for _, write in ipairs{ true, false } do
			if known(seen[write][2]) then
				expect(access(vcpu, ram, VA, write)):eq(seen[write][2])
			end
		end
	end)
	sim:check()
end)

-- The table that holds the entry is linked at two addresses: each has its own translation to flush.
cases("an entry of a table that is linked twice is replaced", { arch = "x86_64", mmu = mmu, check = "end" }, {
	{ "level 1", 1 }, { "level 2", 2 }, { "level 3", 3 },
}, function(sim, row)
	local level = row[2]
	local vcpu, ram = guest(sim)
	local root = vcpu:get_sregs().cr3
	local list = kinds(level, vcpu:pte(VA, level).raw, vcpu:pte(TWIN, level).raw)
	-- Through TWIN the guest may only read.
	vcpu:set_pte(TWIN, vcpu:pte(VA, level + 1).raw & ~W, level + 1)
	expect(vcpu:load_cr3(root)):is_true()
	for _, from in ipairs(list) do
		for _, to in ipairs(list) do
			vcpu:set_pte(VA, from[2], level)
			expect(vcpu:load_cr3(root)):is_true()
			for _, write in ipairs{ true, false } do
				for _, va in ipairs{ VA, TWIN } do
					if known(walk(ram, root, va, write)) then
						expect(access(vcpu, ram, va, write)):eq(walk(ram, root, va, write))
					end
				end
			end
			vcpu:set_pte(TWIN, to[2], level)
			for _, va in ipairs{ TWIN, VA } do
				expect(vcpu:invlpg(va)):is_true()
				for _, write in ipairs{ false, true } do
					if known(walk(ram, root, va, write)) then
						expect(access(vcpu, ram, va, write)):eq(walk(ram, root, va, write))
					end
				end
			end
		end
	end
	sim:check()
end)
