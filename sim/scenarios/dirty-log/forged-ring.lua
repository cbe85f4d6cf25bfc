-- SPDX-License-Identifier: GPL-2.0-only
-- Dirty-ring entries that the VMM has written itself, in every field and order. A model of KVM_RESET_DIRTY_RINGS says
-- which pages are protected then (kvm_dirty_ring_reset(), kvm_reset_dirty_gfn(), virt/kvm/dirty_ring.c).

local arch, mmu = { "x86_64", "arm64" }, { "ept", "npt", "shadow", "vhe" }
local ENTRIES <const>, DIRTY <const>, RESET <const> = 256, 1, 2
local PAGES <const> = 321		-- of slot 1: no multiple of 64
local OTHER_PAGES <const> = 70		-- of slot 2, which is not logged, right behind
local FIRST <const> = 0x101

-- What the pages are, and what an entry may claim.
local watched = { 0, 1, 2, 62, 63, 64, 65, 127, 128, 191, 255, 256, 318, 319, 320 }
local offsets = {
	0, 1, 2, 62, 63, 64, 65, 127, 128, 191, 255, 256, 318, 319, 320, 321, 322, 383, 384, -1, -2, -63, -64,
	math.mininteger, math.mininteger + 1, math.maxinteger, 1 << 52, (1 << 52) - 1, 1 << 32, 0xffffffff,
}
local slots = { 1, 1, 1, 1, 2, 3, 1 | 1 << 16, 2 | 1 << 16, 0xffff, 1 | 0xffff << 16 }

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { ENTRIES * 16 } }):eq(0)
	local g = { sim = sim, ram = ram, vm = vm, next = 0 }
	local function slot(id, flags, from, pages)
		expect(vm:set_user_memory_region{ slot = id, flags = flags, guest_phys_addr = (FIRST + from) * 4096,
			memory_size = pages * 4096, userspace_addr = ram.addr + from * 4096 }):eq(0)
	end
	slot(1, KVM_MEM_LOG_DIRTY_PAGES, 0, PAGES)
	slot(2, 0, PAGES, OTHER_PAGES)
	g.vcpu = vm:create_vcpu()
	g.ring = g.vcpu:dirty_ring(ENTRIES)
	return g
end

local function gpa(page)
	return (FIRST + page) * 4096
end

-- Maps every watched page anew, so that slot 1's are pushed.
local function dirty_all(g)
	expect(g.ram:madvise(0, g.ram.length, MADV_DONTNEED)):eq(0)
	for _, page in ipairs(watched) do
		expect(g.vcpu:write(gpa(page), "x")):is_true()
		if page < OTHER_PAGES then
			expect(g.vcpu:write(gpa(PAGES + page), "x")):is_true()
		end
	end
end

-- The ring's entries from g.next on become these, from the one with number `from`.
local function forge(g, entries, from)
	for i = from, #entries do
		local e = entries[i]
		expect(g.ring.mapping:write((g.next + i - 1) % ENTRIES * 16,
			string.pack("<I4I4i8", e.flags, e.slot, e.offset))):eq(0)
	end
end

-- Which pages of which slot are protected: [slot][page]; and the number of entries taken. arm64 protects all pages from
-- the first to the last one of a mask (kvm_arch_mmu_enable_log_dirty_pt_masked(), arch/arm64/kvm/mmu.c).
local function model(entries, between)
	local protected = { {}, {} }
	local slot, offset, mask, taken
	local function flush()
		if not mask or not protected[slot] then
			return
		end
		local pages, first, last = slot == 1 and PAGES or OTHER_PAGES, 0, 63
		while mask & 1 << last == 0 do
			last = last - 1
		end
		if offset < 0 or offset >= pages or offset + last >= pages then
			return
		end
		while mask & 1 << first == 0 do
			first = first + 1
		end
		for bit = first, last do
			if between or mask & 1 << bit ~= 0 then
				protected[slot][offset + bit] = true
			end
		end
	end
	taken = 0
	for _, e in ipairs(entries) do
		if e.flags & RESET == 0 then
			break
		end
		taken = taken + 1
		local delta = mask and e.slot == slot and e.offset - offset
		if delta and delta >= 0 and delta < 64 then
			mask = mask | 1 << delta
		elseif delta and delta > -64 and delta < 0 and mask << -delta >> -delta == mask then
			offset, mask = e.offset, mask << -delta | 1
		else
			flush()
			slot, offset, mask = e.slot, e.offset, 1
		end
	end
	flush()
	return protected, taken
end

local function describe(entries)
	local out = {}
	for _, e in ipairs(entries) do
		out[#out + 1] = ("%x:%x:%x"):format(e.flags, e.slot, e.offset)
	end
	return table.concat(out, " ")
end

-- Runs one reset and judges every watched page.
local function judge(g, entries)
	dirty_all(g)
	for i = #entries + 1, #watched do
		entries[i] = { flags = RESET, slot = 3, offset = 0 }	-- all that was pushed is taken
	end
	forge(g, entries, 1)
	local protected, taken = model(entries, g.sim.arch == "arm64")
	expect(g.vm:reset_dirty_rings()):eq(taken)
	for _, page in ipairs(watched) do
		local own = g.sim.inspect:mapping(g.vm, gpa(page))
		local other = page < OTHER_PAGES and g.sim.inspect:mapping(g.vm, gpa(PAGES + page))
		local wrong = own.writable == (protected[1][page] or false)
		if wrong or other and other.writable == (protected[2][page] or false) then
			g.sim:log(("page %d after %s"):format(page, describe(entries)))
		end
		expect(own.writable):eq(not protected[1][page])
		if other then
			expect(other.writable):eq(not protected[2][page])
		end
	end
	-- The rest, where the reset has stopped.
	for i = taken + 1, #entries do
		entries[i] = { flags = RESET, slot = 3, offset = 0 }
	end
	forge(g, entries, taken + 1)
	expect(g.vm:reset_dirty_rings()):eq(#entries - taken)
	g.next = g.next + #entries
end

local function entry(slot, offset, flags)
	return { flags = flags or RESET, slot = slot, offset = offset }
end

-- In parts, as one scenario may not run for long.
local pair_rows = {}
for part = 1, 5 do
	pair_rows[part] = { ("part %d"):format(part), part }
end

cases("forged dirty ring: each pair of offsets in one slot", { arch = arch, mmu = mmu, check = "end" }, pair_rows,
	function(sim, row)
	local g = guest(sim)
	for i = row[2], #offsets, #pair_rows do
		for k = 1, #offsets, 4 do
			-- Some pairs at a time: they are independent, as another slot is between them.
			local entries = {}
			for j = k, math.min(k + 3, #offsets) do
				entries[#entries + 1] = entry(1, offsets[i])
				entries[#entries + 1] = entry(1, offsets[(j + i) % #offsets + 1])
				entries[#entries + 1] = entry(3, 0)
			end
			judge(g, entries)
		end
	end
end)

cases("forged dirty ring: runs of entries", { arch = arch, mmu = mmu, check = "end" }, {
	{ "one seed", 1 }, { "another", 2 }, { "a third", 3 },
}, function(sim, row)
	local g = guest(sim)
	local state = row[2]
	local function random(n)		-- a generator of its own: the same numbers in every run
		state = state * 6364136223846793005 + 1442695040888963407
		return (state >> 33) % n + 1
	end
	for _ = 1, 24 do
		local entries = {}
		for _ = 1, random(#watched) do
			local flags = ({ DIRTY, DIRTY | RESET, 0xfffffffe })[random(16)] or RESET
			entries[#entries + 1] = entry(slots[random(#slots)], offsets[random(#offsets)], flags)
		end
		judge(g, entries)
	end
end)

-- A step back shifts the mask of the pages that are known by then. Those that would leave it are protected before.
cases("forged dirty ring: three entries, the last one before the first", { arch = arch, mmu = mmu, check = "end" }, {
	{ "room for one",    { 65, 127, 64 } },
	{ "one too many",    { 65, 128, 64 } },
	{ "two, not three",  { 65, 127, 63 } },
	{ "63 too many",     { 65, 128, 2 } },
	{ "the first page",  { 1, 64, 0 } },
	{ "the last page",   { 257, 320, 256 } },
}, function(sim, row)
	local entries = {}
	for i, offset in ipairs(row[2]) do
		entries[i] = entry(1, offset)
	end
	judge(guest(sim), entries)
end)
