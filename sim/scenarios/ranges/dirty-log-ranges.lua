-- SPDX-License-Identifier: GPL-2.0-only
-- The dirty log of a slot whose size is no multiple of 64 pages or of 2 MiB, and whose neighbours are not logged:
-- kvm_get_dirty_log_protect(), kvm_clear_dirty_log_protect() (virt/kvm/kvm_main.c),
-- kvm_arch_mmu_enable_log_dirty_pt_masked(), kvm_mmu_slot_apply_flags() (arch/x86/kvm).

local layouts = require("layouts")
local mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }
local x86 = { arch = { "x86_64", "arm64" }, mmu = mmu }
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES
local HUGE <const> = 512

local function in_slot(g, watched)
	local inside, frames = {}, {}
	for _, p in ipairs(watched) do
		if p >= 0 and p < g.pages then
			inside[#inside + 1] = p
			frames[#frames + 1] = g.first + p
		end
	end
	table.sort(frames)
	return inside, frames
end

local function logging(g, on)
	g.slot.flags = on and LOG or 0
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
end

local function manual(more)
	return function(vm)
		expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
			args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | (more or 0) } }):eq(0)
	end
end

-- KVM_CLEAR_DIRTY_LOG takes whole words, or up to the slot's end.
local function words(g, a, b)
	return a & ~63, math.min((b + 63) & ~63, g.pages)
end

local function get_protects(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG })
	local all = {}
	for _, range in ipairs(layouts.ranges(g)) do
		local watched = layouts.watch(g, range[1], range[2])
		for _, p in ipairs(watched) do
			expect(g.vcpu:write(g.at(p), "dirty")):is_true()
		end
		local inside, frames = in_slot(g, watched)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(frames)
		for _, p in ipairs(watched) do
			expect(g.mapping(p).writable):eq(p < 0 or p >= g.pages)
		end
		for _, p in ipairs(inside) do
			all[p] = true
		end
	end
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
	for p in pairs(all) do
		expect(g.vcpu:read(g.at(p), 5)):eq("dirty")
	end
end

cases("dirty log of an odd slot: get reports its first and its last page, and protects nothing else", x86, layouts.x86,
	get_protects)

cases("dirty log of an odd slot on s390: get reports its first and its last page", { arch = "s390x" }, layouts.s390,
	function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG })
	expect(g.vm:get_dirty_log{ slot = 1 }):ok()
	for _, range in ipairs(layouts.ranges(g)) do
		local watched = layouts.watch(g, range[1], range[2])
		for _, p in ipairs(watched) do
			expect(g.vcpu:write(g.at(p), "dirty")):is_true()
		end
		local _, frames = in_slot(g, watched)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(frames)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
	end
end)

cases("dirty log of an odd slot: clear takes its words, and protects nothing else", x86, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG, setup = manual() })
	for _, range in ipairs(layouts.ranges(g)) do
		local a, b = words(g, range[1], range[2])
		local watched = layouts.watch(g, a, b)
		for _, p in ipairs(watched) do
			expect(g.vcpu:write(g.at(p), "dirty")):is_true()
		end
		local inside, frames = in_slot(g, watched)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(frames)
		expect(g.vm:clear_dirty_log{ slot = 1, first_page = a, num_pages = b - a }):eq(0)
		local left = {}
		for _, p in ipairs(inside) do
			local cleared = p >= a and p < b
			expect(g.mapping(p).writable):eq(not cleared)
			if not cleared then
				left[#left + 1] = g.first + p
			end
		end
		table.sort(left)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(left)
		expect(g.vm:clear_dirty_log{ slot = 1 }):eq(0)
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
	end
end)

-- One bit of the bitmap: the others of its word stay dirty and writable.
cases("dirty log of an odd slot: clear takes single pages", x86, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG, setup = manual() })
	for _, page in ipairs{ 0, g.pages - 1, g.pages // 2 } do
		local watched = layouts.watch(g, page, page + 1)
		for _, p in ipairs(watched) do
			expect(g.vcpu:write(g.at(p), "dirty")):is_true()
		end
		local a, b = words(g, page, page + 1)
		local bits = {}
		for word = 0, (b - a - 1) // 64 do
			bits[#bits + 1] = string.pack("<i8", (page - a) // 64 == word and 1 << (page - a) % 64 or 0)
		end
		expect(g.vm:clear_dirty_log{ slot = 1, first_page = a, num_pages = b - a,
			bitmap = table.concat(bits) }):eq(0)
		local _, frames = in_slot(g, watched)
		local left = {}
		for _, frame in ipairs(frames) do
			expect(g.mapping(frame - g.first).writable):eq(frame - g.first ~= page)
			if frame - g.first ~= page then
				left[#left + 1] = frame
			end
		end
		expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(left)
		expect(g.vm:clear_dirty_log{ slot = 1 }):eq(0)
	end
end)

cases("dirty log of an odd slot: clear refuses a word too many", x86, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG, setup = manual() })
	local last = (g.pages - 1) & ~63
	local function clear(first, count)
		local bitmap = ("\xff"):rep((count + 63) // 64 * 8)
		return g.vm:clear_dirty_log{ slot = 1, first_page = first, num_pages = count, bitmap = bitmap }
	end
	expect(g.vcpu:write(g.at(g.pages - 1), "x")):is_true()
	if g.pages % 64 ~= 0 then
		expect(clear(last, 64)):eq(-EINVAL)
	end
	expect(clear(last, g.pages - last + 64)):eq(-EINVAL)
	expect(clear(last + 64, 64)):eq(-EINVAL)
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{ g.first + g.pages - 1 }
	expect(clear(last, g.pages - last)):eq(0)
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
end)

-- Bits of the bitmap behind the slot's end, in its last word, mean nothing.
cases("dirty log of an odd slot: initially set, its pages and no more", x86, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG, setup = manual(KVM_DIRTY_LOG_INITIALLY_SET) })
	local dirty = g.vm:get_dirty_log{ slot = 1 }
	expect(dirty:count()):eq(g.pages)
	expect(dirty:test(g.first)):is_true()
	expect(dirty:test(g.first + g.pages - 1)):is_true()
	local watched = layouts.watch(g, 0, g.pages)
	layouts.fill(g, watched)
	expect(g.vm:clear_dirty_log{ slot = 1, bitmap = ("\xff"):rep((g.pages + 63) // 64 * 8) }):eq(0)
	expect(g.vm:get_dirty_log{ slot = 1 }:count()):eq(0)
	for _, p in ipairs(watched) do
		expect(g.mapping(p)):fields{ present = true, writable = p < 0 or p >= g.pages }
	end
end)

cases("dirty ring of an odd slot: reset protects its first and its last page, and nothing else", x86, layouts.x86,
	function(sim, row)
	local g = layouts.guest(sim, row, { flags = LOG, setup = function(vm)
		expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 256 * 16 } }):eq(0)
	end })
	local ring = g.vcpu:dirty_ring(256)
	for _, range in ipairs(layouts.ranges(g)) do
		local watched = layouts.watch(g, range[1], range[2])
		local want = {}
		for _, p in ipairs(watched) do
			expect(g.vcpu:write(g.at(p), "dirty")):is_true()
			if p >= 0 and p < g.pages then
				want[#want + 1] = { slot = 1, as_id = 0, offset = p }
			end
		end
		expect(ring:collect()):eq(want)
		expect(g.vm:reset_dirty_rings()):eq(#want)
		for _, p in ipairs(watched) do
			expect(g.mapping(p).writable):eq(p < 0 or p >= g.pages)
		end
	end
end)

-- Huge mappings. The slots beside have their own, which may share a huge page of the host with this slot: then neither
-- has a huge mapping of it.
local huge_rows <const> = {
	{ x86, {
		layouts.x86[5], layouts.x86[6],
		{ "three huge pages",                       0x800, 1536 },
		{ "four huge pages less 64 at each end",    0x840, 1920 },
		{ "four huge pages less two at each end",   0x802, 2044 },
	} },
	-- Words of the bitmap that reach into the next huge page by one page: see the last scenario.
	{ { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "vhe" } }, {
		{ "four huge pages less a page at each end", 0x801, 2046 },
	} },
	-- Beyond 4 GiB, with shadow paging, the guest's own tables of small pages would decide.
	{ { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "vhe" } }, {
		{ "1027 pages across 4 GiB",                0xffffd, 1027 },
		layouts.x86[9],
	} },
}

-- The level at which page p may be mapped: 2 if all of its huge page is in the slot [low, high).
local function largest(g, p, low, high)
	local frame = g.first + p
	local first = (frame & ~(HUGE - 1)) - g.first
	return first >= low and first + HUGE <= high and 2 or 1
end

local function own_level(g, p)
	if p < 0 then
		return largest(g, p, g.low, 0)
	elseif p >= g.pages then
		return largest(g, p, g.pages, g.high)
	end
	return largest(g, p, 0, g.pages)
end

-- Huge mappings are only protected when logging begins: without the TDP MMU KVM never splits them then, arm64 does so
-- if the VMM has asked for it (arm64/eager-split.lua).
local function protected_whole(g)
	return g.sim.mmu == "shadow" or g.sim.mmu == "ept_rmap" or g.sim.arch == "arm64"
end

-- The level of a page that is writable when logging ends. arm64 leaves it small until its next fault.
local function level_after_log(g, p)
	return g.sim.arch == "arm64" and 1 or own_level(g, p)
end

-- Every page where something may change: the ends of the slots, and the huge pages' first and last ones.
local function borders(g)
	local out = {}
	for p = g.low, g.high - 1 do
		local at = (g.first + p) % HUGE
		local edge = p == g.low or p == 0 or p == g.pages or p + 1 == 0 or p + 1 == g.pages or p + 1 == g.high
		if at == 0 or at == HUGE - 1 or edge then
			out[#out + 1] = p
		end
	end
	return out
end

local function huge_guest(sim, row, change)
	change.huge, change.beside = true, 512
	local g = layouts.guest(sim, row, change)
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
	end
	return g
end

-- kernel: on which it holds, or nil
local function huge_cases(name, fn, kernel)
	for _, set in ipairs(huge_rows) do
		local options = { kernel = kernel }
		for key, value in pairs(set[1]) do
			options[key] = value
		end
		cases(name, options, set[2], fn)
	end
end

huge_cases("huge mappings of an odd slot: logging turned on and off, for its pages only", function(sim, row)
	local g = huge_guest(sim, row, {})
	local some_huge = false
	for _, p in ipairs(borders(g)) do
		expect(g.mapping(p)):fields{ present = true, writable = true, level = own_level(g, p) }
		some_huge = some_huge or own_level(g, p) == 2
	end
	expect(some_huge):is_true()
	logging(g, true)
	for _, p in ipairs(borders(g)) do
		local outside = p < 0 or p >= g.pages
		local level = (outside or protected_whole(g)) and own_level(g, p) or 1
		expect(g.mapping(p)):fields{ present = true, writable = outside, level = level }
	end
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
	local frames = {}
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
		if p >= 0 and p < g.pages then
			frames[#frames + 1] = g.first + p
			expect(g.mapping(p)):fields{ writable = true, level = 1 }
		end
	end
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq(frames)
	logging(g, false)
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
		expect(g.mapping(p)):fields{ writable = true, level = own_level(g, p) }
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
	end
end)

-- The slots beside are logged, too, and keep their small pages.
huge_cases("huge mappings of an odd slot: logging ends here, not beside", function(sim, row)
	local g = huge_guest(sim, row, { flags = LOG })
	local function beside(flags)
		if g.low < 0 then
			g.set_slot(2, g.low, -g.low, flags)
		end
		if g.high > g.pages then
			g.set_slot(3, g.pages, g.high - g.pages, flags)
		end
	end
	beside(LOG)
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
		expect(g.mapping(p)):fields{ writable = true, level = 1 }
	end
	logging(g, false)
	for _, p in ipairs(borders(g)) do
		if p < 0 or p >= g.pages then
			expect(g.mapping(p)):fields{ present = true, writable = true, level = 1 }
		end
	end
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
		local outside = p < 0 or p >= g.pages
		expect(g.mapping(p).level):eq(not outside and level_after_log(g, p) or 1)
	end
	beside(0)
	for _, p in ipairs(borders(g)) do
		expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
		expect(g.mapping(p).level):eq(level_after_log(g, p))
	end
end)

-- Only the pages that are cleared are write-protected, but the huge mapping that has one of them is split, or protected
-- as a whole.
huge_cases("huge mappings of an odd slot: initially set, cleared word by word", function(sim, row)
	local n <const> = row[3]
	local border <const> = HUGE - row[2] % HUGE
	for _, range in ipairs{ { 0, 1 }, { n - 1, n }, { border - 1, border + 1 }, { 0, n } } do
		local g = huge_guest(sim, row, { setup = manual(KVM_DIRTY_LOG_INITIALLY_SET) })
		logging(g, true)
		for _, p in ipairs(borders(g)) do
			expect(g.mapping(p).level):eq(own_level(g, p))
		end
		local a, b = words(g, range[1], range[2])
		local before = g.vm:get_dirty_log{ slot = 1 }:count()
		expect(before):eq(g.pages)
		expect(g.vm:clear_dirty_log{ slot = 1, first_page = a, num_pages = b - a }):eq(0)
		expect(g.vm:get_dirty_log{ slot = 1 }:count()):eq(g.pages - (b - a))
		for _, p in ipairs(borders(g)) do
			local first = ((g.first + p) & ~(HUGE - 1)) - g.first
			local touched = first < b and first + HUGE > a and p >= 0 and p < g.pages
			local cleared = p >= a and p < b
			local level = own_level(g, p)
			local whole = protected_whole(g) and level == 2 and touched
			expect(g.mapping(p)):fields{ present = true, writable = not (cleared or whole),
				level = (not touched or whole) and level or 1 }
		end
		for _, p in ipairs(borders(g)) do
			expect(g.vcpu:write(g.at(p), layouts.data(p))):is_true()
			if p >= a and p < b then
				expect(g.mapping(p)):fields{ writable = true, level = 1 }
			end
		end
		local dirty = g.vm:get_dirty_log{ slot = 1 }
		for _, p in ipairs(borders(g)) do
			if p >= 0 and p < g.pages then
				expect(dirty:test(g.first + p)):is_true()
			end
		end
		expect(g.vm:close()):eq(0)
		expect(g.vcpu:close()):eq(0)
		expect(g.vmm:exit()):eq(0)
	end
end, "6.12")

-- The word of the bitmap ends with the first page of a huge page. kvm_arch_mmu_enable_log_dirty_pt_masked() compares
-- ALIGN() of the first and the last page's address, which are the same then, and does not protect the second huge page.
-- Where huge pages are split first, that does not matter. docs/findings.md.
scenario("huge mappings of an odd slot: a word that ends with the first page of a huge page", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, covers = "what KVM does today", check = "end",
}, function(sim)
	expect(sim:set_module_param("kvm.eager_page_split", 0)):eq(0)
	local g = huge_guest(sim, { "from the second page of a huge page", 0x801, 1024 },
		{ setup = manual(KVM_DIRTY_LOG_INITIALLY_SET) })
	local last <const> = 511
	logging(g, true)
	expect(g.mapping(last)):fields{ writable = true, level = 2 }
	expect(g.vm:clear_dirty_log{ slot = 1, first_page = 448, num_pages = 64 }):eq(0)
	expect(g.vm:get_dirty_log{ slot = 1 }:test(g.first + last)):is_false()
	expect(g.mapping(last)):fields{ writable = true, level = 2 }
	expect(g.vcpu:write(g.at(last), "lost")):is_true()
	expect(g.vm:get_dirty_log{ slot = 1 }:test(g.first + last)):is_false()
	for _ = 1, 2 do		-- in the tables, and in the TLB
		sim:expect_report{ kind = "check:guest-mappings", match = "maps gfn a00 writable, but slot 1 logs" }
	end
	sim:check()
	logging(g, false)
end)
