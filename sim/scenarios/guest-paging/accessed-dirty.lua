-- SPDX-License-Identifier: GPL-2.0-only
-- The accessed and dirty bits of the guest's own tables. The processor sets them, or with shadow paging KVM does
-- (FNAME(update_accessed_dirty_bits)(), arch/x86/kvm/mmu/paging_tmpl.h). Also their effect on the dirty log. On arm64
-- only the last level has them.

local stage = require("stage")
local options = stage.options
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local VA <const>, DATA <const> = 0x40000000, 0x5000

-- A separate page of data, which the host may write, and an entry for it.
local layout = {
	ram = { length = "4M" }, paging = true,
	map = { { from = VA, to = DATA, prot = "rw" } }, data = { [DATA] = "\0" },
}

local function start_log(vm, slot)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	vm:get_dirty_log{ slot = 0 }
end

scenario("guest entries: a read sets accessed on every level, dirty on none", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:pte(VA)):fields{ accessed = false, dirty = false }
	expect(vcpu:read(VA, 1)):eq("\0")
	for level = 1, 4 do
		expect(vcpu:pte(VA, level)):fields{ accessed = level == 1 or sim.arch == "x86_64", dirty = false }
	end
end)

scenario("guest entries: a write sets dirty, on the last level only", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:write(VA, "x")):is_true()
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = true }
	for level = 2, 4 do
		expect(vcpu:pte(VA, level)):fields{ accessed = sim.arch == "x86_64", dirty = false }
	end
end)

scenario("guest entries: a write after a read sets dirty", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(vcpu:pte(VA).dirty):is_false()
	expect(vcpu:write(VA, "x")):is_true()
	expect(vcpu:pte(VA).dirty):is_true()
end)

scenario("guest entries: a fetch sets accessed, XCHG sets dirty", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	vcpu:map(stage.mapping(sim, { from = VA, to = DATA, prot = "rwx", user = false }))
	expect(vcpu:fetch(VA)):eq("\0")
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = false }
	expect(vcpu:xchg(VA, "\1")):eq("\0")
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = true }
end)

scenario("guest entries: accesses that fault mark nothing dirty", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	vcpu:map(stage.mapping(sim, { from = VA, to = DATA, prot = "r" }))
	expect(vcpu:write(VA, "x")):fields(stage.refused(sim, VA, nil, { write = true }))
	expect(vcpu:pte(VA).dirty):is_false()
	vcpu:map(stage.mapping(sim, { from = VA, to = DATA, prot = "rw", user = false }))
	expect(vcpu:write(VA, "x", { user = true })):fields(stage.refused(sim, VA, nil, { write = true, user = true }))
	expect(vcpu:pte(VA).dirty):is_false()
end)

-- With shadow paging KVM maps neighbours of a page beforehand if their entries are accessed (FNAME(pte_prefetch)()).
scenario("guest entries: what is mapped beforehand is not writable while its entry is clean", x86, function(sim)
	local vcpu, ram = sim:guest(layout)
	for page = 0, 7 do
		local entry = stage.entry(sim, DATA + page * 4096, stage.WRITE | stage.ACCESSED)
		expect(ram:write(DATA + page * 4096, "\0")):eq(0)
		expect(vcpu:set_pte(VA + page * 4096, entry)):eq(0)
	end
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(vcpu:write(VA + 4096, "x")):is_true()
	expect(vcpu:pte(VA + 4096)):fields{ accessed = true, dirty = true }
end)

scenario("guest entries: cleared marks come back after INVLPG", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:write(VA, "x")):is_true()
	expect(vcpu:set_pte(VA, stage.entry(sim, DATA, stage.WRITE))):eq(0)
	stage.flush(sim, vcpu, VA)
	expect(vcpu:pte(VA)):fields{ accessed = false, dirty = false }
	expect(vcpu:read(VA, 1)):eq("x")
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = false }
	expect(vcpu:write(VA, "y")):is_true()
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = true }
end)

scenario("guest entries: only dirty is cleared, and a write sets it again", options, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:write(VA, "x")):is_true()
	expect(vcpu:set_pte(VA, stage.entry(sim, DATA, stage.WRITE | stage.ACCESSED))):eq(0)
	stage.flush_all(sim, vcpu)
	expect(vcpu:write(VA, "y")):is_true()
	expect(vcpu:pte(VA)):fields{ accessed = true, dirty = true, address = DATA }
end)

scenario("guest entries: a 2 MiB entry has its own marks", options, function(sim)
	local vcpu, ram = sim:guest(stage.layout(sim, layout))
	vcpu:map(stage.mapping(sim, { from = 2 * VA, to = 0, prot = "rw", level = 2 }))
	expect(vcpu:read(2 * VA + DATA, 1)):eq("\0")
	expect(vcpu:pte(2 * VA)):fields{ level = 2, accessed = true, dirty = false }
	expect(vcpu:write(2 * VA + 0x7000, "big")):is_true()
	expect(vcpu:pte(2 * VA)):fields{ level = 2, accessed = true, dirty = true }
	expect(ram:read(0x7000, 3)):eq("big")
end)

scenario("guest entries: a write through a clean entry is in the dirty log, with the table that it marks", options,
	function(sim)
	local vcpu, _, vm, _, slot = sim:guest(stage.layout(sim, layout))
	expect(vcpu:read(VA, 1)):eq("\0")
	local tbl = vcpu:pte(VA).gpa >> 12
	start_log(vm, slot)
	expect(vcpu:write(VA, "x")):is_true()
	local dirty = vm:get_dirty_log{ slot = 0 }
	expect(dirty:pages()):contains(DATA >> 12)
	expect(dirty:pages()):contains(tbl)
end)

scenario("guest entries: a read that marks a table dirties the table's page", options, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest(stage.layout(sim, layout))
	local tbl = vcpu:pte(VA).gpa >> 12
	start_log(vm, slot)
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(vcpu:pte(VA).accessed):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(tbl)
	expect(ram:page(tbl).dirty):is_true()
end)

-- EPT and NPT count every walk of a guest table as a write (SDM vol. 3, 30.3.5; APM vol. 2, 15.25.6); KVM's own
-- walk for shadow tables, and arm64, write only what changes.
scenario("guest entries: a walk that changes no mark dirties tables only with EPT and NPT", options, function(sim)
	local vcpu, _, vm, _, slot = sim:guest(stage.layout(sim, layout))
	expect(vcpu:write(VA, "x")):is_true()
	local tbl = vcpu:pte(VA).gpa >> 12
	start_log(vm, slot)
	stage.flush(sim, vcpu, VA)
	expect(vcpu:write(VA, "y")):is_true()
	local dirty = vm:get_dirty_log{ slot = 0 }
	expect(dirty:test(DATA >> 12)):is_true()
	expect(dirty:test(tbl)):eq(sim.mmu == "ept" or sim.mmu == "npt")
end)

scenario("guest entries: shadow: a clean entry's page is not writable in the shadow table", { arch = "x86_64",
	mmu = "shadow" }, function(sim)
	local vcpu = sim:guest(stage.layout(sim, layout))
	expect(vcpu:read(VA, 1)):eq("\0")
	expect(sim.inspect:mapping(vcpu, VA)):fields{ present = true, writable = false }
	expect(vcpu:write(VA, "x")):is_true()
	expect(sim.inspect:mapping(vcpu, VA)):fields{ present = true, writable = true }
end)

-- The tables are in a slot that the guest cannot write. Shadow paging does not set the bits. The processor's walk of
-- nested tables faults as a write, and KVM emulates the instruction.
local function read_only_tables(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	local tables = { slot = 1, guest_phys_addr = "2M", memory_size = "2M", userspace_addr = ram.addr + 0x200000 }
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region(tables)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:set_paging{ levels = 4, tables = "2M" }):eq(0)
	vcpu:map{ from = VA, to = DATA, prot = "rw" }
	ram:write(DATA, ("data"):rep(1024))
	tables.memory_size = 0
	expect(vm:set_user_memory_region(tables)):eq(0)
	tables.memory_size, tables.flags = 0x200000, KVM_MEM_READONLY
	expect(vm:set_user_memory_region(tables)):eq(0)
	return ram, vcpu
end

scenario("guest entries: tables in a read-only slot get no marks", x86, function(sim)
	local ram, vcpu = read_only_tables(sim)
	expect(vcpu:read(VA + 0x124, 4)):eq("data")
	expect(vcpu:write(VA + 0x200, "DATA")):is_true()
	expect(ram:read(DATA + 0x200, 4)):eq("DATA")
	expect(vcpu:pte(VA)):fields{ accessed = false, dirty = false }
end)

-- With nested paging the emulator may mistake the faulting guest-physical address, here that of a table entry, for the
-- operand's, if both have the same offset in their pages (emulator_read_write_onepage(), arch/x86/kvm/x86.c).
scenario("guest entries: tables in a read-only slot, and an operand at the entry's offset",
	{ arch = "x86_64", mmu = { "ept", "npt" }, covers = "what KVM does, not what a processor does" },
		function(sim)
	local _, vcpu = read_only_tables(sim)
	local top = vcpu:pte(VA, 4)
	expect(top.gpa & 0xfff):eq(0)
	expect(vcpu:read(VA, 8)):eq(string.pack("<i8", top.raw))
end)
