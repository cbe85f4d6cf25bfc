-- SPDX-License-Identifier: GPL-2.0-only
-- The processor sets accessed and dirty bits in KVM's entries whenever it likes. A store that is not one locked
-- instruction loses what is set in between: spte_has_volatile_bits(), arch/x86/kvm/mmu/spte.c; since 6.13
-- spte_needs_atomic_update(), which lets accessed bits be lost.

local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

local function set(g, flags, size)
	expect(g.vm:set_user_memory_region{ slot = 0, flags = flags, memory_size = size or g.ram.length,
		userspace_addr = g.ram }):eq(0)
end

-- Each changes the entry of page 1. The last one: whether the slot must log before.
local events = {
	{ "MADV_DONTNEED",    function(g) expect(g.ram:madvise(0x1000, "4K", MADV_DONTNEED)):eq(0) end },
	{ "mprotect",         function(g) expect(g.ram:mprotect(0x1000, "4K", "r")):eq(0) end },
	{ "migrated",         function(g) expect(g.ram:migrate(0x1000)):eq(0) end },
	{ "swapped out",      function(g) expect(g.ram:swap_out(0x1000, "4K")):eq(0) end },
	{ "fork",             function(g) expect(g.vmm:fork():exit()):eq(0) end },
	{ "the slot goes",    function(g) set(g, 0, 0) end },
	{ "logging begins",   function(g) set(g, LOG) end },
	{ "the log is taken", function(g) expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 } end, LOG },
}

local function guest(sim, flags)
	local vcpu, ram, vm, vmm = sim:guest{ slot = { flags = flags } }
	expect(vcpu:write(0x1000, "data")):is_true()
	return { vcpu = vcpu, ram = ram, vm = vm, vmm = vmm }
end

local function judge(sim, g, what, event)
	local before = sim.inspect:mapping(g.vm, 0x1000)
	local rc = sim:set_module_param("machine.watch_stores", what)
	if rc == -EOPNOTSUPP then	-- under Valgrind and ThreadSanitizer
		return before
	end
	expect(rc):eq(0)
	event(g)
	expect(sim.inspect:mapping(g.vm, 0x1000).raw):ne(before.raw)
	return before
end

-- The page was aged: its entry is not marked as accessed.
cases("an entry that the processor may mark changes at once", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, kernel = "6.12", before = "6.13",
}, events, function(sim, case)
	local g = guest(sim, case[3] or 0)
	expect(g.ram:age(0x1000)):ge(1)
	expect(judge(sim, g, "0x1000,accessed", case[2])):fields{ present = true, writable = true, accessed = false }
end)

local dirtying = table.move(events, 1, 6, 2, { { "aged", function(g) expect(g.ram:age(0x1000)):ge(1) end } })

-- Of a page in the log the processor sets the dirty bit again, without a fault.
cases("an entry that the processor may make dirty changes at once", {
	arch = "x86_64", mmu = "pml", kernel = "6.12",
}, dirtying, function(sim, case)
	local g = guest(sim, LOG)
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
	expect(judge(sim, g, "0x1000", case[2])):fields{ present = true, writable = true, dirty = false }
end)

cases("stores are judged where something is mapped", { arch = "x86_64", mmu = "ept" }, {
	{ "nothing there",   "0x1000",       -ENOENT },
	{ "no address",      "x",            -EINVAL },
	{ "unknown bits",    "0x1000,dirty", -EINVAL },
}, function(sim, case)
	sim:guest()
	expect(sim:set_module_param("machine.watch_stores", case[2])):eq(case[3])
end)
