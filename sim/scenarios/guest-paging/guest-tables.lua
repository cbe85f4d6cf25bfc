-- SPDX-License-Identifier: GPL-2.0-only
-- A guest that changes its own page tables: INVLPG, MOV to CR3, TLBI, and under shadow paging KVM's copies of tables
-- (arch/x86/kvm/mmu/mmu.c: mmu_try_to_unsync_pages(), kvm_mmu_sync_roots(), kvm_mmu_track_write()).

local stage = require("stage")
local options = stage.options
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local shadow_only = { arch = "x86_64", mmu = "shadow" }
local VA <const>, OTHER <const> = 0x40000000, 0x80000000
local WRITTEN <const> = stage.WRITE | stage.ACCESSED | stage.DIRTY
local GLOBAL <const> = 1 << 8
local CR4_PAE <const>, CR4_PGE <const> = 1 << 5, 1 << 7

local layout = {
	ram = { length = "4M" }, paging = true, data = { [0x5000] = "five", [0x6000] = "six!" },
	map = { { from = VA, to = 0x5000, prot = "rw" } },
}

-- The guest points VA elsewhere.
local function point(sim, vcpu, to, va)
	expect(vcpu:set_pte(va or VA, stage.entry(sim, to, WRITTEN))):eq(0)
end

scenario("a changed entry holds after INVLPG or TLBI, and the old one until then", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:read(VA, 4)):eq("five")
	point(sim, vcpu, 0x6000)
	expect(vcpu:read(VA, 4)):eq("five")
	stage.flush(sim, vcpu, VA)
	expect(vcpu:read(VA, 4)):eq("six!")
end)

scenario("INVLPG and TLBI take one page only", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = VA, to = 0x5000, size = "8K", prot = "rw" }
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:read(VA + 0x1000, 4)):eq("six!")
	point(sim, vcpu, 0x6000)
	point(sim, vcpu, 0x5000, VA + 0x1000)
	stage.flush(sim, vcpu, VA + 0x1fff)
	expect(vcpu:read(VA + 0x1000, 4)):eq("five")
	expect(vcpu:read(VA, 4)):eq("five")
	stage.flush(sim, vcpu, VA)
	expect(vcpu:read(VA, 4)):eq("six!")
end)

scenario("a changed entry holds after CR3 was loaded again, or a TLBI of all", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:read(VA, 4)):eq("five")
	point(sim, vcpu, 0x6000)
	stage.flush_all(sim, vcpu)
	expect(vcpu:read(VA, 4)):eq("six!")
end)

scenario("a removed entry causes a page fault in the guest after INVLPG", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:write(VA, "data")):is_true()
	expect(vcpu:set_pte(VA, 0)):eq(0)
	stage.flush(sim, vcpu, VA)
	expect(vcpu:read(VA, 4)):fields(stage.refused(sim, VA, 1))
end)

scenario("an entry made read-only stops writes after INVLPG, an entry made writable at once", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:write(VA, "data")):is_true()
	expect(vcpu:set_pte(VA, stage.entry(sim, 0x5000, stage.ACCESSED))):eq(0)
	stage.flush(sim, vcpu, VA)
	expect(vcpu:write(VA, "x")):fields(stage.refused(sim, VA, nil, { write = true }))
	expect(vcpu:read(VA, 4)):eq("data")
	point(sim, vcpu, 0x5000)
	-- More rights need no invalidation on x86_64 (Intel SDM vol. 3, 4.10.4.3): the fault itself drops the old
	-- translation. On arm64 the guest's handler must do that.
	local first = vcpu:write(VA, "x")
	if first ~= true then
		expect(first):fields(stage.refused(sim, VA, nil, { write = true }))
		if sim.arch == "arm64" then
			stage.flush(sim, vcpu, VA)
		end
		first = vcpu:write(VA, "x")
	end
	expect(first):is_true()
end)

scenario("a new entry needs no invalidation", options, function(sim)
	local vcpu = sim:guest(layout)
	expect(vcpu:read(VA + 0x1000, 1)):fields(stage.refused(sim, VA + 0x1000, 1))
	vcpu:map{ from = VA + 0x1000, to = 0x6000, prot = "rw" }
	local data = vcpu:read(VA + 0x1000, 4)
	expect(type(data) == "string" and data or vcpu:read(VA + 0x1000, 4)):eq("six!")
end)

scenario("the guest puts another table in place of one", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = OTHER, to = 0x6000, prot = "rw" }
	expect(vcpu:read(VA, 4)):eq("five")
	local mine, other = vcpu:pte(VA, 2), vcpu:pte(OTHER, 2)
	expect(mine.address):ne(other.address)
	expect(vcpu:set_pte(VA, other.raw, 2)):eq(0)
	stage.flush(sim, vcpu, VA)
	expect(vcpu:read(VA, 4)):eq("six!")
	expect(vcpu:set_pte(VA, mine.raw, 2)):eq(0)
	stage.flush_all(sim, vcpu)
	expect(vcpu:read(VA, 4)):eq("five")
end)

scenario("a 2 MiB page of the guest becomes a table of small ones", options, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = OTHER, to = 0x6000, prot = "rw" }
	vcpu:map{ from = VA, to = 0, prot = "rw", level = 2 }
	expect(vcpu:read(VA + 0x5000, 4)):eq("five")
	expect(vcpu:set_pte(VA, vcpu:pte(OTHER, 2).raw, 2)):eq(0)
	stage.flush_all(sim, vcpu)
	expect(vcpu:read(VA, 4)):eq("six!")
	expect(vcpu:read(VA + 0x5000, 4)):fields(stage.refused(sim, VA + 0x5000, 1))
end)

scenario("a second root: two address spaces of one guest", options, function(sim)
	local vcpu, ram = sim:guest(layout)
	vcpu:map{ from = OTHER, to = 0x6000, prot = "rw" }
	local root = stage.root(sim, vcpu)
	local window = vcpu:table_window()
	-- A copy of the root page, in a page of data outside of the window.
	local root2 <const> = 0x8000
	ram:write(root2, ram:read(root, 4096))
	stage.load_root(sim, vcpu, root2)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(stage.root(sim, vcpu)):eq(root2)
	-- A change below the two tops is in both.
	expect(vcpu:write(window + vcpu:pte(VA).gpa, string.pack("<i8", stage.entry(sim, 0x6000, WRITTEN)))):is_true()
	stage.load_root(sim, vcpu, root)
	expect(vcpu:read(VA, 4)):eq("six!")
	stage.load_root(sim, vcpu, root2)
	expect(vcpu:read(VA, 4)):eq("six!")
end)

-- TLBI is for the TLBs of all processors.
scenario("two vCPUs with the same tables: on x86_64 each invalidates for itself", options, function(sim)
	local a, _, vm = sim:guest(layout)
	local b = vm:create_vcpu()
	expect(b:share_paging(a)):eq(0)
	expect(a:read(VA, 4)):eq("five")
	expect(b:read(VA, 4)):eq("five")
	point(sim, b, 0x6000)
	stage.flush(sim, b, VA)
	expect(b:read(VA, 4)):eq("six!")
	if sim.arch == "x86_64" then
		stage.flush(sim, a, VA)
	end
	expect(a:read(VA, 4)):eq("six!")
end)

scenario("a global translation outlives MOV to CR3, not INVLPG", { arch = "x86_64", mmu = { "ept", "npt" } },
	function(sim)
	local vcpu = sim:guest(layout)
	local cr3 = vcpu:get_sregs().cr3
	expect(vcpu:set_sregs{ cr4 = CR4_PAE | CR4_PGE }):eq(0)
	expect(vcpu:set_pte(VA, stage.entry(sim, 0x5000, WRITTEN) | GLOBAL)):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	point(sim, vcpu, 0x6000)
	expect(vcpu:load_cr3(cr3)):is_true()
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA, 4)):eq("six!")
end)

cases("refused to user code, or an invalid CR3", x86, {
	{ "INVLPG at CPL 3", function(vcpu) return vcpu:invlpg(VA, { user = true }) end },
	{ "MOV to CR3 at CPL 3", function(vcpu) return vcpu:load_cr3(0x1000, { user = true }) end },
	{ "a CR3 past the physical addresses", function(vcpu) return vcpu:load_cr3(1 << 52) end },
}, function(sim, case)
	local vcpu = sim:guest(layout)
	expect(case[2](vcpu).exception):fields{ vector = 13, error_code = 0 }
end)

scenario("shadow: a last-level table is write-protected until the guest writes it, and again after a sync", shadow_only,
	function(sim)
	local vcpu = sim:guest(layout)
	local entry = vcpu:pte(VA)
	local window = vcpu:table_window() + entry.gpa
	-- The window is a view of the table: written through before KVM shadows the table, it is an ordinary page.
	expect(sim.inspect:mapping(vcpu, window)):fields{ present = true, writable = true }
	expect(vcpu:read(VA, 4)):eq("five")
	expect(sim.inspect:mapping(vcpu, window)):fields{ writable = false }
	point(sim, vcpu, 0x6000)
	expect(sim.inspect:mapping(vcpu, window)):fields{ present = true, writable = true }
	expect(vcpu:load_cr3(vcpu:get_sregs().cr3)):is_true()
	expect(vcpu:read(VA, 4)):eq("six!")
	expect(sim.inspect:mapping(vcpu, window)):fields{ writable = false }
end)

scenario("shadow: an upper table stays write-protected, writes to it are emulated", shadow_only, function(sim)
	local vcpu = sim:guest(layout)
	vcpu:map{ from = OTHER, to = 0x6000, prot = "rw" }
	expect(vcpu:read(VA, 4)):eq("five")
	local window = vcpu:table_window() + vcpu:pte(VA, 2).gpa
	expect(vcpu:read(window, 8)):eq(string.pack("<i8", vcpu:pte(VA, 2).raw))
	expect(sim.inspect:mapping(vcpu, window)):fields{ present = true, writable = false }
	expect(vcpu:set_pte(VA, vcpu:pte(OTHER, 2).raw, 2)):eq(0)
	expect(sim.inspect:mapping(vcpu, window)):fields{ writable = false }
	expect(sim.inspect:mapping(vcpu, VA)):fields{ present = false }
	expect(vcpu:invlpg(VA)):is_true()
	expect(vcpu:read(VA, 4)):eq("six!")
end)
