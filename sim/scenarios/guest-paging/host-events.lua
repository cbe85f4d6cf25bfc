-- SPDX-License-Identifier: GPL-2.0-only
-- What the host's mm does to a page that the guest reaches through its own tables, and to the pages of those tables.
-- Under shadow paging KVM reads and marks the guest's tables through the VMM's addresses (FNAME(walk_addr_generic)()).

local stage = require("stage")
local options = stage.options
local VA <const>, DATA <const>, SPARE <const> = 0x40000000, 0x5000, 0x6000

local layout = {
	ram = { length = "4M", align = "2M", huge = false }, paging = true,
	map = { { from = VA, to = DATA, prot = "rw" } }, data = { [SPARE] = "spare" },
}
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest(stage.layout(sim, layout))
	expect(vcpu:write(VA, "data")):is_true()
	return { vmm = vmm, ram = ram, vm = vm, vcpu = vcpu, table = vcpu:pte(VA).gpa & ~0xfff }
end

-- Deleting a slot, any slot, drops all of KVM's tables (kvm_arch_flush_shadow_memslot()).
local function drop_tables(g)
	local slot = { slot = 1, guest_phys_addr = "16M", memory_size = "4K", userspace_addr = g.ram.addr }
	expect(g.vm:set_user_memory_region(slot)):eq(0)
	slot.memory_size = 0
	expect(g.vm:set_user_memory_region(slot)):eq(0)
end

-- The page keeps its contents and may get another frame.
local keeping = {
	{ "migrate", function(g, at) expect(g.ram:migrate(at)):eq(0) end },
	{ "swap out", function(g, at) 
		expect(g.ram:swap_out(at, "4K")):eq(0)
		expect(g.ram:page(at >> 12)):fields{ swapped = true }
	end },
	{ "age", function(g, at) g.ram:age(at) end },
	{ "lock", function(g, at) expect(g.ram:mlock(at, "4K")):eq(0) end },
	{ "fork, the child lives", function(g) g.child = g.vmm:fork() end },
	{ "fork, the child is gone", function(g) g.vmm:fork():exit() end },
	{ "write-protect and allow again", function(g, at)
		expect(g.ram:mprotect(at, "4K", "r")):eq(0)
		expect(g.ram:mprotect(at, "4K", "rw")):eq(0)
	end },
	{ "hide and show again", function(g, at)
		expect(g.ram:mprotect(at, "4K", "none")):eq(0)
		expect(g.ram:mprotect(at, "4K", "rw")):eq(0)
	end },
	{ "collapse", function(g, at)
		g.ram:madvise(0, "4M", MADV_HUGEPAGE)
		expect(g.ram:collapse_huge(at & ~0x1fffff)):eq(0)
		expect(g.ram:page(at >> 12)):fields{ huge = true }
	end },
	{ "collapse and split", function(g, at)
		g.ram:madvise(0, "4M", MADV_HUGEPAGE)
		expect(g.ram:collapse_huge(at & ~0x1fffff)):eq(0)
		expect(g.ram:split_huge(at)):eq(0)
	end },
	{ "merge with an equal page", function(g, at)
		g.ram:write("1M", g.ram:read(at, 4096))
		expect(g.vmm:ksm_merge(g.ram:page(at >> 12), g.ram:page(256))):eq(0)
	end },
}

cases("guest paging, the page of the data", options, keeping, function(sim, case)
	local g = guest(sim)
	case[2](g, DATA)
	expect(g.vcpu:read(VA, 4)):eq("data")
	expect(g.vcpu:write(VA, "more")):is_true()
	expect(g.ram:read(DATA, 4)):eq("more")
	if g.child then
		expect(g.child:view(g.ram):read(DATA, 4)):eq("data")
	end
	expect(g.vcpu:pte(VA)):fields{ accessed = true, dirty = true, address = DATA }
end)

cases("guest paging, the page of the last table", options, keeping, function(sim, case)
	local g = guest(sim)
	local old = g.vcpu:pte(VA).raw
	case[2](g, g.table)
	expect(g.vcpu:read(VA, 4)):eq("data")
	expect(g.vcpu:set_pte(VA, stage.entry(sim, SPARE, stage.WRITE))):eq(0)
	stage.flush(sim, g.vcpu, VA)
	expect(g.vcpu:read(VA, 5)):eq("spare")
	expect(g.vcpu:pte(VA)):fields{ accessed = true, dirty = false, address = SPARE }
	if g.child then
		local at = g.vcpu:pte(VA).gpa
		expect((string.unpack("<i8", g.child:view(g.ram):read(at, 8)))):eq(old)
	end
end)

cases("guest paging, the page of the top table", options, keeping, function(sim, case)
	local g = guest(sim)
	case[2](g, stage.root(sim, g.vcpu))
	stage.flush_all(sim, g.vcpu)
	expect(g.vcpu:read(VA, 4)):eq("data")
	expect(g.vcpu:set_pte(VA, 0, 4)):eq(0)
	stage.flush_all(sim, g.vcpu)
	expect(g.vcpu:read(VA, 4)):fields(stage.refused(sim, VA, 4))
end)

scenario("guest paging: the host drops the page of the data", options, function(sim)
	local g = guest(sim)
	expect(g.ram:madvise(DATA, "4K", MADV_DONTNEED)):eq(0)
	expect(g.vcpu:read(VA, 4)):eq("\0\0\0\0")
	expect(g.vcpu:write(VA, "again")):is_true()
	expect(g.ram:read(DATA, 5)):eq("again")
end)

scenario("guest paging: the host unmaps the page of the data", options, function(sim)
	local g = guest(sim)
	expect(g.ram:munmap(DATA, "4K")):eq(0)
	expect(g.vcpu:read(VA, 4)):fields{ ret = -EFAULT }
	expect(g.vmm:mmap{ addr = g.ram.addr + DATA, length = "4K",
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):ok()
	expect(g.vcpu:read(VA, 4)):eq("\0\0\0\0")
end)

scenario("guest paging: the host may only read the page of the data", options, function(sim)
	local g = guest(sim)
	expect(g.ram:mprotect(DATA, "4K", "r")):eq(0)
	expect(g.vcpu:read(VA, 4)):eq("data")
	expect(g.vcpu:write(VA, "x")):fields{ ret = -EFAULT }
	expect(g.vcpu:read(VA, 4)):eq("data")
end)

-- The zero page that replaces it has no entries. Shadow paging continues with its copy: it write-protects a table
-- against the guest, and an invalidation drops what maps the page, not what was made from its contents.
scenario("guest paging: the host drops the page of the last table", options, function(sim)
	local g = guest(sim)
	expect(g.ram:madvise(g.table, "4K", MADV_DONTNEED)):eq(0)
	stage.flush_all(sim, g.vcpu)
	if sim.mmu == "shadow" then
		expect(g.vcpu:read(VA, 4)):eq("data")
		drop_tables(g)
	end
	expect(g.vcpu:read(VA, 4)):fields(stage.refused(sim, VA, 1))
	g.vcpu:map{ from = VA, to = SPARE, prot = "rw" }
	expect(g.vcpu:read(VA, 5)):eq("spare")
end)

scenario("guest paging: the host unmaps the page of the last table", options, function(sim)
	local g = guest(sim)
	expect(g.ram:munmap(g.table, "4K")):eq(0)
	stage.flush_all(sim, g.vcpu)
	if sim.mmu == "shadow" then
		expect(g.vcpu:read(VA, 4)):eq("data")
		drop_tables(g)
		-- For KVM, a table that it cannot read has no entries.
		expect(g.vcpu:read(VA, 4)):fields(stage.refused(sim, VA, 1))
	else
		expect(g.vcpu:read(VA, 4)):fields{ ret = -EFAULT }
	end
end)
