-- SPDX-License-Identifier: GPL-2.0-only
-- Events of the host's memory that take a huge page as a whole, and do not split it: change_huge_pmd(),
-- move_huge_pmd(), zap_huge_pmd() of mm/huge_memory.c. The guest's mapping goes or changes as a whole, those beside
-- stay.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }
local HUGE <const> = 2 << 20
local LAST <const> = HUGE - 4096

-- Three huge pages, all mapped. The event is for the middle one.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "6M", huge = true } }
	for page = 0, 2 do
		for _, offset in ipairs{ 0, 0x5000, LAST } do
			expect(vcpu:write(page * HUGE + offset, ("page %d %6x"):format(page, offset))):is_true()
		end
		expect(sim.inspect:mapping(vm, page * HUGE)):fields{ level = 2, writable = true }
		expect(ram:page(page * 512).huge):is_true()
	end
	return { sim = sim, vcpu = vcpu, ram = ram, vm = vm, vmm = vmm }
end

local function mapping(g, gpa)
	return g.sim.inspect:mapping(g.vm, gpa)
end

-- Pages 0 and 2 as they were.
local function neighbours_stay(g)
	for _, page in ipairs{ 0, 2 } do
		expect(mapping(g, page * HUGE)):fields{ present = true, writable = true, level = 2,
			page = g.ram:page(page * 512) }
		expect(g.vcpu:read(page * HUGE + LAST, 13)):eq(("page %d %6x"):format(page, LAST))
	end
end

local function same_data(g)
	for _, offset in ipairs{ 0, 0x5000, LAST } do
		expect(g.vcpu:read(HUGE + offset, 13)):eq(("page 1 %6x"):format(offset))
	end
end

cases("a whole huge page: its rights", options, { { "PROT_READ", "r", true }, { "PROT_NONE", "none" } },
	function(sim, row)
	local g = guest(sim)
	for _ = 1, 2 do
		expect(g.ram:mprotect(HUGE, "2M", row[2])):eq(0)
		expect(mapping(g, HUGE).writable):is_false()
		if row[3] then
			same_data(g)
			expect(mapping(g, HUGE)):fields{ present = true, writable = false, level = 2 }
		else
			expect(mapping(g, HUGE).present):is_false()
			expect(g.vcpu:read(HUGE + 0x5000, 1)):fields{ ret = -EFAULT }
		end
		expect(g.vcpu:write(HUGE + LAST, "x")):fields{ ret = -EFAULT }
		expect(g.ram:page(512).huge):is_true()
		neighbours_stay(g)
		expect(g.ram:mprotect(HUGE, "2M", "rw")):eq(0)
		same_data(g)
		expect(g.vcpu:write(HUGE + LAST, ("page 1 %6x"):format(LAST))):is_true()
		expect(mapping(g, HUGE)):fields{ writable = true, level = 2, page = g.ram:page(512) }
	end
end)

scenario("a whole huge page: it moves away and back", options, function(sim)
	local g = guest(sim)
	local area = g.vmm:mmap{ length = "4M", prot = "none" }
	local place = area.addr + HUGE - 1 & -HUGE
	local flags = MREMAP_MAYMOVE | MREMAP_FIXED
	local frame = g.ram:page(512)
	local moved = g.ram:mremap{ offset = HUGE, old_length = "2M", new_length = "2M", flags = flags,
		new_addr = place }
	expect(moved.addr):eq(place)
	expect(moved:page(0)):eq(frame)
	expect(moved:page(0).huge):is_true()
	expect(mapping(g, HUGE).present):is_false()
	for _, offset in ipairs{ 0, 0x5000, LAST } do
		expect(g.vcpu:read(HUGE + offset, 1)):fields{ ret = -EFAULT }
	end
	neighbours_stay(g)
	moved:write(0x5000, "moved")
	local back = moved:mremap{ new_length = "2M", flags = flags, new_addr = g.ram.addr + HUGE }
	expect(back.addr):eq(g.ram.addr + HUGE)
	expect(g.vcpu:read(HUGE + 0x5000, 5)):eq("moved")
	expect(mapping(g, HUGE)):fields{ level = 2, page = frame }
	neighbours_stay(g)
end)

-- Another huge page takes its place; the first one is freed.
scenario("a whole huge page: another one moves in", options, function(sim)
	local g = guest(sim)
	local area = g.vmm:mmap{ length = "4M", huge = true }
	local begin = (area.addr + HUGE - 1 & -HUGE) - area.addr
	area:write(begin + LAST, "other")
	expect(area:page(begin // 4096).huge):is_true()
	expect(area:mremap{ offset = begin, old_length = "2M", new_length = "2M", flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		new_addr = g.ram.addr + HUGE }.addr):eq(g.ram.addr + HUGE)
	expect(mapping(g, HUGE).present):is_false()
	expect(g.vcpu:read(HUGE + LAST, 5)):eq("other")
	expect(g.vcpu:read(HUGE, 4)):eq("\0\0\0\0")
	expect(mapping(g, HUGE).level):eq(2)
	neighbours_stay(g)
end)

cases("a whole huge page: it goes", options, {
	{ "munmap()",      function(ram) return ram:munmap(HUGE, "2M") end },
	{ "MADV_DONTNEED", function(ram) return ram:madvise(HUGE, "2M", MADV_DONTNEED) end, true },
}, function(sim, row)
	local g = guest(sim)
	expect(row[2](g.ram)):eq(0)
	expect(mapping(g, HUGE).present):is_false()
	expect(mapping(g, HUGE + LAST).present):is_false()
	neighbours_stay(g)
	if row[3] then
		expect(g.vcpu:read(HUGE + 0x5000, 4)):eq("\0\0\0\0")
		expect(g.vcpu:write(HUGE + 0x5000, "new")):is_true()
		expect(g.ram:read(HUGE + 0x5000, 3)):eq("new")
	else
		expect(g.vcpu:read(HUGE + 0x5000, 1)):fields{ ret = -EFAULT }
	end
end)

scenario("a whole huge page: MADV_FREE keeps it until memory is short", options, function(sim)
	local g = guest(sim)
	expect(g.ram:madvise(HUGE, "2M", MADV_FREE)):eq(0)
	same_data(g)
	expect(g.vcpu:write(HUGE, "again")):is_true()
	expect(g.ram:read(HUGE, 5)):eq("again")
	neighbours_stay(g)
end)

scenario("a whole huge page: it is aged", options, function(sim)
	local g = guest(sim)
	expect(g.ram:age(HUGE)):ge(1)
	expect(mapping(g, HUGE)):fields{ level = 2, accessed = false, writable = true }
	expect(mapping(g, 0).accessed):is_true()
	expect(mapping(g, 2 * HUGE).accessed):is_true()
	same_data(g)
end)
