-- SPDX-License-Identifier: GPL-2.0-only
-- Slots of odd sizes at odd places, with a slot right before and right behind, and the ranges of a slot that a mistake
-- by one would get wrong: its first and last page, and both sides of each border inside.
local M = {}

local PAGE <const>, HUGE <const> = 4096, 512
local VA <const> = 0x40000000
local TABLES <const> = 9	-- the slot with the guest's page tables, where it needs some

-- The first guest frame, and the number of pages.
M.x86 = {
	{ "one page",                           0x700,        1 },
	{ "63 pages",                           0x700,        63 },
	{ "65 pages",                           0x701,        65 },
	{ "a page less than 2 MiB",             0x800,        511 },
	{ "a page more than 2 MiB",             0x800,        513 },
	{ "from half a huge page to another",   0x900,        1000 },
	{ "129 pages at 0",                     0,            129 },
	{ "515 pages across 4 GiB",             0xffffd,      515, wide = true },
	{ "600 pages up to the highest frame",  (1 << 34) - 600, 600, wide = true },
}

-- Before 7.0 slots consist of whole segments.
M.s390 = {
	{ "one segment at 0",                   0,            256 },
	{ "three segments",                     0x700,        768 },
	{ "one segment up to the limit",        (1 << 32) - 256, 256 },
}


-- ram, vm, vcpu, and for page number p of the slot: at(p), offset(p), mapping(p). -1 is the last page of the slot
-- before, `pages` the first one of the slot behind. change: `huge` and `kind` of the memory, `vm` for create_vm(),
-- `setup(vm)` before the slots, `flags` of the slot, `beside` pages in each of the others.
function M.guest(sim, row, change)
	change = change or {}
	local first, pages = row[2], row[3]
	local beside = sim.arch == "s390x" and 256 or change.beside or 2
	local lead <const> = HUGE + first % HUGE		-- guest and user address agree modulo 2 MiB
	local vmm = sim:process()
	local ram = vmm:mmap{ length = (lead + pages + 2 * HUGE) * PAGE, huge = change.huge or false,
		kind = change.kind }
	-- An arm64 guest has 40 bits of address otherwise.
	local vm = vmm:open_kvm():create_vm(change.vm or sim.arch == "arm64" and row.wide and { type = 46 } or nil)
	if change.setup then
		change.setup(vm)
	end
	local g = { sim = sim, vmm = vmm, ram = ram, vm = vm, first = first, pages = pages, beside = beside }

	function g.set_slot(id, from, count, flags)
		local r = { slot = id, guest_phys_addr = (first + from) * PAGE, memory_size = count * PAGE,
			userspace_addr = ram.addr + (lead + from) * PAGE, flags = flags or 0 }
		expect(vm:set_user_memory_region(r)):eq(0)
		return r
	end

	g.slot = g.set_slot(1, 0, pages, change.flags)
	g.low, g.high = 0, pages
	if first >= beside then
		g.set_slot(2, -beside, beside)
		g.low = -beside
	end
	if first + pages + beside <= (sim.arch == "s390x" and 1 << 32 or 1 << 34) then
		g.set_slot(3, pages, beside)
		g.high = pages + beside
	end

	g.vcpu = vm:create_vcpu()
	local base = first * PAGE
	if row.wide and sim.mmu == "shadow" then
		-- Without paging of its own a guest reaches 4 GiB under shadow paging.
		local tables = vmm:mmap{ length = "1M", huge = false }
		expect(vm:set_user_memory_region{ slot = TABLES, guest_phys_addr = 0, memory_size = "1M",
			userspace_addr = tables }):eq(0)
		expect(g.vcpu:set_paging{ tables = 0, size = "1M" }):eq(0)
		g.vcpu:map{ from = VA + (HUGE + g.low) * PAGE, to = base + g.low * PAGE,
			size = (g.high - g.low) * PAGE, prot = "rw" }
		base = VA + HUGE * PAGE
	end
	function g.at(p)
		return base + p * PAGE
	end
	function g.offset(p)
		return (lead + p) * PAGE
	end
	function g.mapping(p)
		return sim.inspect:mapping(g.vcpu, g.at(p))
	end
	return g
end

-- The ranges [a, b) of the slot.
function M.ranges(g)
	local n, out, seen = g.pages, {}, {}
	local function add(a, b)
		if a >= 0 and b <= n and a < b and not seen[a << 32 | b] then
			seen[a << 32 | b] = true
			out[#out + 1] = { a, b }
		end
	end
	add(0, 1)
	add(n - 1, n)
	add(0, n)
	add(1, n - 1)
	for border = HUGE - g.first % HUGE, n - 1, HUGE do
		add(border - 1, border + 1)
		add(0, border)
		add(border, n)
		add(border - 3, border - 1)
		add(border + 1, border + 2)
	end
	for _, border in ipairs{ 64, n & ~63 } do
		add(border - 1, border + 1)
		add(0, border)
		add(border, n)
	end
	return out
end

-- The pages to look at: both ends of the range and of the slot, with what lies beside them.
function M.watch(g, a, b)
	local out, seen = {}, {}
	local n <const> = g.pages
	for _, p in ipairs{ -1, 0, 1, a - 1, a, a + 1, (a + b) // 2, b - 2, b - 1, b, b + 1, n - 2, n - 1, n } do
		if p >= g.low and p < g.high and not seen[p] then
			seen[p] = true
			out[#out + 1] = p
		end
	end
	return out
end

function M.data(p)
	return ("page %4d"):format(p)
end

-- The guest writes every watched page.
function M.fill(g, watched)
	for _, p in ipairs(watched) do
		expect(g.vcpu:write(g.at(p), M.data(p))):is_true()
		expect(g.mapping(p)):fields{ present = true, writable = true }
	end
end

return M
