-- SPDX-License-Identifier: GPL-2.0-only
-- Dirty logging on s390. There is no hardware dirty bit and no notifier, but the PGSTE's UC bit, which every entry that
-- becomes writable sets, and ptep_test_and_clear_uc(), which protects the page and notifies whoever asked for the
-- prefix.

local options = { arch = "s390x" }
local MiB <const> = 1 << 20
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- slots: { [number] = { guest MiB, host MiB, flags } }; the vCPU's prefix area is at prefix, in one of them.
local function machine(sim, slots, prefix)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16M", align = MiB }
	local vm = vmm:open_kvm():create_vm()
	for slot, t in pairs(slots) do
		expect(vm:set_user_memory_region{ slot = slot, flags = t[3], guest_phys_addr = t[1] * MiB, memory_size = MiB,
			userspace_addr = ram.addr + t[2] * MiB }):eq(0)
	end
	local vcpu = vm:create_vcpu{ lowcore = false }
	if prefix then
		expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = prefix }):eq(0)
	end
	return vm, vcpu, ram
end

-- Before 6.10 no process with a VM has zero pages (mm_forbids_zeropage()): a page that was only read is writable, so
-- dirty.
local function when_read(sim, ...)
	return sim:kernel_since("6.10") and {} or { ... }
end

local function log(vm, slot)
	return vm:get_dirty_log{ slot = slot }:pages()
end

scenario("dirty log: the prefix area is reported whenever the guest has run", options, function(sim)
	local vm, vcpu = machine(sim, { [0] = { 0, 0, LOG }, { 1, 1, LOG } })
	expect(log(vm, 0)):eq{}
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect(log(vm, 0)):eq{ 0, 1 }
	expect(log(vm, 0)):eq{}
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, writable = false }
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, writable = true }
	expect(log(vm, 0)):eq{ 0, 1 }
	expect(log(vm, 1)):eq(when_read(sim, 0x100))
end)

scenario("dirty log: what KVM stores when it delivers an interruption", options, function(sim)
	local vm, vcpu = machine(sim, { [0] = { 0, 0, LOG }, { 4, 4, LOG } }, 4 * MiB)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(log(vm, 0)):eq{ 5 }
	expect(log(vm, 1)):eq{ 0x400, 0x401 }
	expect(vcpu:read(8 * MiB, 1)):fields{ exception = { vector = 5 } }
	expect(log(vm, 1)):eq{ 0x400, 0x401 }
	-- KVM only read the instruction whose length it needed.
	expect(log(vm, 0)):eq{}
end)

scenario("dirty log: VMM and guest write the same table entry", options, function(sim)
	local vm, vcpu, ram = machine(sim, { [0] = { 0, 0, LOG }, { 4, 4, 0 } }, 4 * MiB)
	expect(vcpu:write(0x3000, "guest")):is_true()
	expect(log(vm, 0)):eq{ 3 }
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ present = true, writable = false }
	expect(ram:read(0x3000, 5)):eq("guest")
	expect(log(vm, 0)):eq{}
	ram:write(0x3000, "VMM")
	-- Since 7.0 the guest has an entry of its own.
	expect(log(vm, 0)):eq(sim:kernel_since("7.0") and {} or { 3 })
	expect(vcpu:xchg(0x3000, "V")):eq("V")
	expect(log(vm, 0)):eq{ 3 }
end)

-- Since 7.0 it is not: gmap_unmap_gfn_range() empties the entry, which is all that knows of the guest's write
-- (findings.md).
cases("dirty log: a page that is not there any more is reported once before 7.0", options, {
	{ "swapped out",   function(ram) expect(ram:swap_out(0x3000, "4K")):eq(0) end },
	{ "migrated",      function(ram) expect(ram:migrate(0x3000)):eq(0) end },
	{ "write-protected by fork", function(_, vmm) vmm:fork() end },
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0x3000, "4K", MADV_DONTNEED)):eq(0) end },
	{ "mprotect",      function(ram) expect(ram:mprotect(0x3000, "4K", "r")):eq(0) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ slot = { flags = LOG } }
	expect(vcpu:write(0x3000, "x")):is_true()
	case[2](ram, vmm)
	expect(log(vm, 0)):eq(sim:kernel_since("7.0") and {} or { 3 })
	expect(log(vm, 0)):eq{}
	expect(vcpu:read(0x3000, 1)):ne(nil)
	expect(log(vm, 0)):eq(case[1] == "MADV_DONTNEED" and when_read(sim, 3) or {})
end)

-- _gmap_link() of 7.0 leaves no soft-dirty bit at the first write, and ageing protects the page (findings.md).
cases("dirty log: what the guest wrote before the page was aged", { arch = "s390x", kernel = "7.0" }, {
	{ "in one go",                     function() end,                                                     false },
	{ "after it had read the page",    function(vcpu) expect(vcpu:read(0x3000, 1)):eq("V") end,            true },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ slot = { flags = LOG } }
	ram:write(0x3000, "VMM")
	case[2](vcpu)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(ram:age(0x3000)):eq(1)
	expect(log(vm, 0)):eq(case[3] and { 3 } or {})
	expect(vcpu:write(0x3000, "y")):is_true()
	expect(log(vm, 0)):eq{ 3 }
end)

scenario("dirty log: a storage key that was set makes the page dirty", options, function(sim)
	local vcpu, _, vm = sim:guest{ slot = { flags = LOG } }
	expect(vcpu:read(0x80000, 1)):eq("\0")
	if sim:kernel_since("7.0") then
		-- The page must be there for the guest. It need not be dirty: see gmap_sync_dirty_log().
		expect(vm:s390_set_skeys{ start_gfn = 0, keys = "\x10" }):eq(0)
		expect(vcpu:write(0x3000, "x")):is_true()
		expect(log(vm, 0)):eq{ 3 }
		expect(log(vm, 0)):eq{}
	end
	expect(vm:s390_set_skeys{ start_gfn = 3, keys = "\x30" }):eq(0)
	expect(log(vm, 0)):contains(3)
	expect(log(vm, 0)):eq{}
	expect(vm:s390_set_skeys{ start_gfn = 3, keys = "\x30" }):eq(0)
	expect(log(vm, 0)):eq{}
	expect(vm:s390_set_skeys{ start_gfn = 3, keys = "\x40" }):eq(0)
	expect(log(vm, 0)):eq{ 3 }
end)

-- kvm_arch_sync_dirty_log() runs up to last_gfn itself, a segment beyond the slot. It reports what it finds there to
-- the slot that owns it, so nothing is lost there ...
scenario("dirty log: asking for one slot protects the pages of the next one too, and reports them there",
	{ arch = "s390x", before = "7.0" }, function(sim)
	local vm, vcpu = machine(sim, { [0] = { 0, 0, LOG }, { 1, 1, LOG }, { 4, 4, 0 } }, 4 * MiB)
	expect(vcpu:write(0x3000, "slot 0")):is_true()
	expect(vcpu:write(MiB + 0x7000, "slot 1")):is_true()
	expect(log(vm, 0)):eq{ 3 }
	expect(sim.inspect:mapping(vm, MiB + 0x7000)):fields{ present = true, writable = false }
	expect(log(vm, 1)):eq{ 0x107 }
end)

-- ... but it passes ptep_notify() an address of its own slot: array_index_nospec() in __gfn_to_hva_memslot() makes the
-- offset behind the slot 0. So nobody who waits for a change of those pages is notified: here a vCPU whose prefix area
-- is protected while it runs. The CPU stores there without asking (see prefix_is_there() of the model).
cases("dirty log: the prefix area in the slot behind is protected, and the vCPU is not told, where that slot lies",
	{ arch = "s390x", before = "7.0" }, {
	{ "behind the other one in the host as well", 1 }, { "elsewhere in the host", 8 },
}, function(sim, case)
	local vm, vcpu = machine(sim, { [0] = { 0, 0, LOG }, { 1, case[2], 0 } }, MiB)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = true, writable = true }
	expect(log(vm, 0)):eq{ 3 }
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = true, writable = false }
	sim:expect_report{ kind = "check:guest-entry", match = "page 0 of its prefix area at 100000 is read-only" }
	sim:expect_report{ kind = "check:guest-entry", match = "page 1 of its prefix area at 100000 is read-only" }
	expect(vcpu:read(0x3000, 1)):eq("x")
end)

scenario("dirty log: the prefix area in a slot further away stays as it is", options, function(sim)
	local vm, vcpu = machine(sim, { [0] = { 0, 0, LOG }, { 2, 2, 0 } }, 2 * MiB)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(log(vm, 0)):eq{ 3 }
	expect(sim.inspect:mapping(vm, 2 * MiB)):fields{ present = true, writable = true }
	expect(vcpu:read(0x3000, 1)):eq("x")
end)
