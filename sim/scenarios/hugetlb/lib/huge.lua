-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios with hugetlb memory share: the sizes of pages, and a guest with three of them. (s390x has
-- scenarios of its own: KVM offers huge pages there by a capability.)

local PAGE <const> = PAGE_SIZE
local M = {}

-- On 6.1 splitting an area of hugetlb memory warns (findings.md).
local both <const> = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, kernel = "6.12" }
local arm <const> = { arch = "arm64", kernel = "6.12" }
local x86 <const> = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, kernel = "6.12" }

-- Name, bytes, level of the guest's mapping. Stage 2 has no contiguous entries: 64 KiB are 16 pages there, and 32 MiB 16
-- blocks. With larger pages the host's contiguous entries are 2 MiB; 16 contiguous blocks are too large then.
local everywhere <const> = { { ("%d MiB"):format(PMD_SIZE >> 20), PMD_SIZE, 2 } }
local contiguous <const> = PAGE == 4096 and { { "64 KiB", 64 << 10, 1 }, { "32 MiB", 32 << 20, 2 } } or
	{ { "2 MiB", 2 << 20, 1 } }
-- Pages that are larger than a block of the page allocator: there are no more than the pool has.
local POOL <const> = 8
function M.gigantic(bytes) return PAGE == 4096 and bytes == 32 << 20 end

M.options, M.x86, M.arm = both, x86, arm

-- The pool that pages of this size come from, if there are none beyond it.
function M.fill_pool(sim, bytes)
	if M.gigantic(bytes) then
		expect(sim:process():set_hugetlb_pool{ size = bytes, pages = POOL }):eq(0)
	end
end

-- The options of both architectures, changed.
local function changed(options, change)
	local o = {}
	for k, v in pairs(options) do
		o[k] = v
	end
	for k, v in pairs(change or {}) do
		o[k] = v
	end
	return o
end
M.changed = changed

-- Registers one scenario for each size. The function gets sim, bytes and level.
function M.each_size(name, fn, change)
	local function run(sim, row)
		M.fill_pool(sim, row[2])
		fn(sim, row[2], row[3])
	end
	cases(name, changed(both, change), everywhere, run)
	cases(name, changed(arm, change), contiguous, run)
end

-- From now on there are no pages but those in use.
function M.empty_pool(vmm, bytes)
	if M.gigantic(bytes) then
		local pool = vmm:hugetlb_pool(bytes)
		expect(vmm:set_hugetlb_pool{ size = bytes, pages = pool.pages - pool.free }):eq(0)
	else
		expect(vmm:set_hugetlb_pool{ size = bytes, overcommit = 0 }):eq(0)
	end
end

-- A guest with three huge pages in slot 0, all written to by the guest at three places. t: as for sim:guest.
function M.guest(sim, bytes, level, t)
	t = t or {}
	t.ram = t.ram or {}
	t.ram.length, t.ram.hugetlb = 3 * bytes, bytes
	local vcpu, ram, vm, vmm, slot = sim:guest(t)
	local g = { sim = sim, vcpu = vcpu, ram = ram, vm = vm, vmm = vmm, slot = slot, bytes = bytes, level = level }
	g.last, g.inner = bytes - PAGE, bytes // 2 + PAGE
	function g.mapping(gpa) return sim.inspect:mapping(vm, gpa) end
	function g.page(gpa) return ram:page(gpa // PAGE) end
	function g.text(n, offset) return ("page %d %8x"):format(n, offset) end
	function g.fill(n)
		for _, offset in ipairs{ 0, g.inner, g.last } do
			expect(vcpu:write(n * bytes + offset, g.text(n, offset))):is_true()
		end
	end
	function g.same_data(n)
		for _, offset in ipairs{ 0, g.inner, g.last } do
			expect(vcpu:read(n * bytes + offset, 15)):eq(g.text(n, offset))
		end
	end
	-- The guest's mapping of page n at two places, with these fields.
	function g.maps(n, fields)
		for _, offset in ipairs{ 0, g.last } do
			fields.present, fields.page = true, g.page(n * bytes + offset)
			fields.level = fields.level or level
			expect(g.mapping(n * bytes + offset)):fields(fields)
		end
	end
	function g.lost(n)
		for _, offset in ipairs{ 0, g.inner, g.last } do
			expect(g.mapping(n * bytes + offset).present):is_false()
			-- On x86_64 the flush may wait until the vCPU enters the guest.
			if sim.arch ~= "x86_64" then
				expect(sim.inspect:tlb(vcpu, n * bytes + offset)):errno(ENOENT)
			end
		end
	end
	-- Pages 0 and 2 are as g.fill() left them.
	function g.neighbours_stay()
		for _, n in ipairs{ 0, 2 } do
			g.maps(n, { writable = true })
			g.same_data(n)
		end
	end
	for n = 0, t.empty and -1 or 2 do
		g.fill(n)
	end
	return g
end

return M
