-- SPDX-License-Identifier: GPL-2.0-only
-- What removes parts of a shadow gmap: guest-2 changes its tables, the host removes pages or moves them, slots are
-- deleted, the VM ends. The checker compares shadows and TLBs after each call; the data show that the shadow is made
-- again.

local options = { arch = "s390x", mmu = "vsie" }
local late <const> = { arch = "s390x", mmu = "vsie", check = "end" }

local lib <const> = require("nested")
local faults <const>, store <const> = lib.faults, lib.store
local MiB <const> = 1 << 20
local PAGE_TRANSLATION <const>, SEGMENT <const>, ADDRESSING <const> = 0x11, 0x10, 0x05
local PROTECT <const> = 0x200
local VA <const> = 1 << 53 | 1 << 42 | 1 << 31 | MiB      -- behind tables that lead nowhere else

-- Guest-3's first MiB is guest-2's second one, and its data are at VA as well.
local function guest(sim, flags)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "8M" }, slot = { flags = flags },
		vm = { cpu_feat = "host" },
		data = { [MiB + 0x5000] = "five", [MiB + 0x6000] = "six", [MiB + 0x7000] = "seven" } }
	local space = vcpu:address_space{ type = "region1" }
	expect(space:map{ from = 0, to = MiB, size = MiB }):eq(0)
	expect(space:map{ from = VA, to = MiB, size = MiB }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ addr = 0x700000 }
	nested:expect_pin()
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(nested:read(0x5000, 4)):eq("five")
	return nested, vcpu, space, ram, vm, vmm, slot
end

-- Guest-2 stores into its uppermost table, which removes the whole shadow.
local function drop_shadow(vcpu, space)
	expect(vcpu:write(space:pte(0, 5).gpa ~ 0x800, string.pack("<i8", 0x2c))):is_true()
end

-- --- guest-2's tables ---------------------------------------------------------------------------------------

cases("vsie events: guest-2 stores into its", options, {
	{ "page table", 1 }, { "segment table", 2 }, { "region-third table", 3 }, { "region-second table", 4 },
	{ "region-first table", 5 },
}, function(sim, case)
	local nested, vcpu, space, _, vm = guest(sim)
	local function created()
		return vm:stats().gmap_shadow_create
	end
	local before, at = created(), space:pte(VA + 0x5000, case[2]).gpa
	-- An unused entry in the same page.
	local unused = case[2] == 1 and at + 8 * 0x40 or at ~ 0x800
	expect(vcpu:write(unused, vcpu:read(unused, 8))):is_true()
	local n = faults(sim)
	expect(nested:sie().icptcode):eq(0x1c)
	-- With the uppermost table everything is gone, the prefix area too.
	expect(created()):eq(case[2] == 5 and before + 1 or before)
	expect(faults(sim)):eq(n)
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(faults(sim)):eq(n + 1)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(faults(sim)):eq(case[2] == 5 and n + 2 or n + 1)
end)

cases("vsie events: guest-2 makes another page of it, by", options, {
	{ "a store",          function(vcpu, pte) return vcpu:write(pte.gpa, string.pack("<i8", MiB + 0x6000)) end },
	{ "IPTE and a store", function(vcpu, pte)
		expect(vcpu:ipte{ table = pte.gpa & ~0x7ff, addr = 0x5000 }):is_true()
		return vcpu:write(pte.gpa, string.pack("<i8", MiB + 0x6000))
	end },
	{ "compare and swap", function(vcpu, pte) return vcpu:xchg(pte.gpa, string.pack("<i8", MiB + 0x6000)) ~= nil end },
}, function(sim, case)
	local nested, vcpu, space = guest(sim)
	expect(case[2](vcpu, space:pte(VA + 0x5000))):is_true()
	expect(nested:read(VA + 0x5000, 3)):eq("six")
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:write(VA + 0x5003, "!")):is_true()
	expect(nested:read(0x6000, 4)):eq("six!")
end)

scenario("vsie events: IPTE and IDTE of guest-2 end translations of guest-3", options, function(sim)
	local nested, vcpu, space = guest(sim)
	local pte, ste = space:pte(VA + 0x5000), space:pte(VA, 2)
	expect(vcpu:ipte{ table = pte.gpa & ~0x7ff, addr = VA + 0x5000 }):is_true()
	expect(nested:read(VA + 0x5000, 1).exception):fields{ code = PAGE_TRANSLATION }
	expect(nested:read(VA + 0x6000, 3)):eq("six")
	expect(vcpu:idte{ table = ste.gpa - 8, addr = VA }):is_true()
	expect(nested:read(VA + 0x6000, 1).exception):fields{ code = SEGMENT }
	expect(nested:read(0x5000, 4)):eq("five")
end)

scenario("vsie events: guest-2 takes the right to store, and gives it back", options, function(sim)
	local nested, vcpu, space = guest(sim)
	local pte = space:pte(VA + 0x5000)
	expect(nested:write(VA + 0x5000, "F")):is_true()
	expect(vcpu:write(pte.gpa, string.pack("<i8", pte.raw | PROTECT))):is_true()
	expect(nested:read(VA + 0x5000, 4)):eq("Five")
	expect(nested:write(VA + 0x5000, "x").exception):fields{ code = 4 }
	expect(nested:write(0x5000, "f")):is_true()
	expect(vcpu:write(pte.gpa, string.pack("<i8", pte.raw))):is_true()
	expect(nested:write(VA + 0x5000, "x")):is_true()
end)

local levels <const> = {
	{ "page table", 1, PAGE_TRANSLATION }, { "segment table", 2, SEGMENT }, { "region-third table", 3, 0x3b },
	{ "region-second table", 4, 0x3a }, { "region-first table", 5, 0x39 },
}

-- Before 7.0 the process's own page tables protect the page. Since then the VMM's tables are others, so KVM hears of
-- the VMM's stores as little as a CPU would; but guest-2's PTLB does not reach the shadow either (findings.md).
cases("vsie events: the VMM stores into guest-2's", late, levels, function(sim, case)
	local nested, vcpu, space = guest(sim)
	local entry = space:pte(VA + 0x5000, case[2])
	local raw = entry.raw | (case[2] == 1 and 0x400 or 0x20)
	space:set_pte(VA + 0x5000, raw, case[2])
	if sim:kernel_since("7.0") then
		expect(nested:read(VA + 0x5000, 4)):eq("five")
		expect(vcpu:ptlb()):is_true()
		expect(nested:read(VA + 0x5000, 4)):eq("five")
		sim:expect_report{ kind = "check:shadow-gmap", match = "invalid" }
		sim:check()
		expect(vcpu:write(entry.gpa, string.pack("<i8", raw))):is_true()
	end
	expect(nested:read(VA + 0x5000, 1).exception):fields{ code = case[3] }
	expect(nested:read(0x5000, 4)):eq("five")
end)

-- When the page with the table is protected (ptep_force_prot()), shadows that may store into it are not notified before
-- 7.0. Its _gmap_ptep_xchg() tells them.
scenario("vsie events: guest-3 stores into guest-2's tables", late, function(sim)
	local nested, vcpu, space = guest(sim)
	local pte = space:pte(VA + 0x5000)
	local window = 0xf0000 + (pte.gpa & 0xfff)
	space:set_pte(0xf0000, pte.gpa & ~0xfff)
	expect(nested:write(window, string.pack("<i8", MiB + 0x6000))):is_true()
	expect(nested:read(VA + 0x5000, 3)):eq("six")
	expect(nested:write(window, string.pack("<i8", MiB + 0x5000))):is_true()
	expect(vcpu:read(pte.gpa, 8)):eq(string.pack("<i8", MiB + 0x5000))
	if sim:kernel_since("7.0") then
		expect(nested:read(VA + 0x5000, 4)):eq("five")
		return
	end
	expect(nested:read(VA + 0x5000, 3)):eq("six")
	sim:expect_report{ kind = "check:shadow-gmap", match = "it is writable, the guest's page at" }
	sim:check()
	-- Guest-2's own store is noticed, like IPTE would be.
	expect(vcpu:write(pte.gpa, string.pack("<i8", MiB + 0x5000))):is_true()
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	drop_shadow(vcpu, space)
end)

-- --- the host -----------------------------------------------------------------------------------------------

-- After a fork, guest-3's other pages become the VMM's own again: see lib.read_shared().
local function own_again(ram, at)
	for _, page in ipairs{ MiB + 0x5000, MiB + 0x6000 } do
		if page ~= at then
			ram:write(page, ram:read(page, 1))
		end
	end
end

local host <const> = {
	{ "migration", function(ram, at) return ram:migrate(at) end },
	{ "reclaim",   function(ram, at) return ram:swap_out(at, 4096) end },
	{ "mprotect and back", function(ram, at)
		expect(ram:mprotect(at, 4096, "none")):eq(0)
		return ram:mprotect(at, 4096, "rw")
	end },
	{ "fork", function(ram, at, vmm)
		expect(vmm:fork():exit()):eq(0)
		own_again(ram, at)
		return 0
	end },
	{ "fork and a store of the VMM's", function(ram, at, vmm)
		local child = vmm:fork()
		ram:write(at + 0xff8, "store")
		expect(child:exit()):eq(0)
		own_again(ram, at)
		return 0
	end },
	{ "aging",     function(ram, at) expect(ram:age(at)):ge(1) return 0 end },
	{ "a move away and back", function(ram, at, vmm)
		local there = ram:mremap{ offset = at, old_length = 4096, new_length = 4096,
			flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr + (1 << 30) }
		return there:mremap{ offset = 0, old_length = 4096, new_length = 4096, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
			new_addr = ram.addr + at }.addr - ram.addr - at
	end },
}

cases("vsie events: guest-3's page meets", options, host, function(sim, case)
	local nested, _, _, ram, _, vmm = guest(sim)
	expect(nested:write(VA + 0x5000, "F")):is_true()
	expect(case[2](ram, MiB + 0x5000, vmm)):eq(0)
	if case[1] == "fork" then
		lib.read_shared(sim, nested, VA + 0x5000, "Five")
	else
		expect(nested:read(VA + 0x5000, 4)):eq("Five")
	end
	expect(nested:write(VA + 0x5000, "f")):is_true()
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(ram:read(MiB + 0x5000, 4)):eq("five")
	nested:expect_pin()
end)

for level, name in ipairs{ "page", "segment", "region-third", "region-second", "region-first" } do
	cases("vsie events: guest-2's " .. name .. " table meets", options, host, function(sim, case)
		local nested, vcpu, space, ram, _, vmm = guest(sim)
		local at = space:pte(VA + 0x5000, level).gpa & ~0xfff
		expect(case[2](ram, at, vmm)):eq(0)
		expect(nested:read(VA + 0x5000, 4)):eq("five")
		store(vcpu, space, VA + 0x5000, MiB + 0x6000)
		expect(nested:read(VA + 0x5000, 3)):eq("six")
		nested:expect_pin()
	end)
end

cases("vsie events: guest-3's prefix area meets", options, host, function(sim, case)
	local nested, _, _, ram, _, vmm = guest(sim)
	expect(case[2](ram, MiB, vmm)):eq(0)
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(nested:write(0x10, "low")):is_true()
	expect(ram:read(MiB + 0x10, 3)):eq("low")
	nested:expect_pin()
end)

-- gmap_unshadow_level() of 7.0 names what a table's change ends by its first and last address. At the end of all
-- addresses the last one is 0, so kvm_s390_vsie_gmap_notifier() finds no prefix area there: KVM enters the nested guest
-- without it. On 6.1 that function leaves out all addresses from 2 GiB on.
cases("vsie events: the prefix area is in the last MiB, and guest-2 changes its", late, {
	{ "page table", 1 }, { "segment table", 2 }, { "region-third table", 3 }, { "region-second table", 4 },
}, function(sim, case)
	local vcpu, _, _, vmm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" },
		data = { [MiB] = "prefix area", [MiB + 0x5000] = "five" } }
	local space = vcpu:address_space{ type = "region1" }
	expect(space:map{ from = -MiB, to = MiB, size = MiB - 0x1000 }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ addr = 0x700000, mso = -MiB }
	nested:expect_pin()
	expect(nested:read(0x5000, 4)):eq("five")
	local at = space:pte(-MiB, case[2]).gpa
	-- An unused entry in the same page.
	local unused = case[2] == 1 and at + 8 * 0xff or at ~ 0x800
	expect(vcpu:write(unused, vcpu:read(unused, 8))):is_true()
	if sim:kernel_since("7.0") or not sim:kernel_since("6.12") then
		sim:expect_report{ kind = "check:guest-entry",
			match = "enters a nested guest, but page 0 of its prefix area at fffffffffff00000 is not mapped" }
		nested:sie()
		vmm:exit()
	else
		expect(nested:read(0x5000, 4)):eq("five")
	end
end)

cases("vsie events: guest-3's state description meets", options, host, function(sim, case)
	local nested, _, _, ram, _, vmm = guest(sim)
	if case[1] == "migration" and sim:kernel_since("6.10") and not sim:kernel_since("7.0") then
		expect(case[2](ram, nested.addr, vmm)):ne(0)      -- for the reference that unpin_scb() forgets (vsie.lua)
	else
		expect(case[2](ram, nested.addr, vmm)):eq(0)
	end
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	nested:expect_pin()
end)

scenario("vsie events: guest-3 loses what the VMM unmaps", options, function(sim)
	local nested, _, _, ram = guest(sim)
	expect(ram:munmap(MiB + 0x5000, "4K")):eq(0)
	expect(nested:read(VA + 0x5000, 1).interception):fields{ icptcode = 8, iprcc = ADDRESSING }
	expect(nested:read(VA + 0x6000, 3)):eq("six")
end)

scenario("vsie events: guest-3 sees zeros after MADV_DONTNEED", options, function(sim)
	local nested, _, _, ram = guest(sim)
	expect(nested:write(VA + 0x5000, "F")):is_true()
	expect(ram:madvise(MiB + 0x5000, "4K", MADV_DONTNEED)):eq(0)
	lib.read_shared(sim, nested, VA + 0x5000, "\0\0\0\0")
	expect(nested:write(VA + 0x5002, "x")):is_true()
	expect(nested:read(VA + 0x5000, 4)):eq("\0\0x\0")
end)

scenario("vsie events: a zero page is replaced when guest-3 stores", options, function(sim)
	local nested, _, _, ram = guest(sim)
	expect(ram:read(MiB + 0x9000, 1)):eq("\0")
	lib.read_shared(sim, nested, VA + 0x9000, "\0")
	expect(nested:write(VA + 0x9000, "x")):is_true()
	expect(ram:read(MiB + 0x9000, 1)):eq("x")
	expect(nested:read(VA + 0x9000, 1)):eq("x")
end)

scenario("vsie events: KSM takes a page of guest-3, which writes it", options, function(sim)
	local nested, _, _, ram, _, vmm = guest(sim)
	ram:write(MiB + 0xa000, "same")
	ram:write(MiB + 0xb000, "same")
	expect(nested:read(VA + 0xa000, 4)):eq("same")
	expect(nested:read(VA + 0xb000, 4)):eq("same")
	expect(vmm:ksm_merge(ram:page((MiB + 0xa000) >> 12), ram:page((MiB + 0xb000) >> 12))):eq(0)
	lib.read_shared(sim, nested, VA + 0xa000, "same")
	expect(nested:write(VA + 0xa000, "S")):is_true()
	lib.read_shared(sim, nested, VA + 0xb000, "same")
	expect(nested:read(VA + 0xa000, 4)):eq("Same")
	expect(ram:read(MiB + 0xa000, 4)):eq("Same")
end)

scenario("vsie events: storage keys come while shadows exist", options, function(sim)
	local nested, _, _, ram, vm = guest(sim)
	lib.read_shared(sim, nested, VA + 0x9000, "\0")
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x30" }):eq(0)
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	nested:set{ gpsw_mask = 3 << 31 | 4 << 52 }
	expect(nested:write(VA + 0x5000, "x").nested_exception):fields{ code = 4 }
end)

-- --- dirty log ----------------------------------------------------------------------------------------------

-- A page that guest-3 may write is mapped for writing at the first fetch, and counts as written.
scenario("vsie events: what guest-3 may write is in the dirty log, each time", options, function(sim)
	local nested, vcpu, space, ram, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	expect(vcpu:read(MiB + 0x7000, 5)):eq("seven")      -- if not: vsie-pages.lua
	space:set_pte(VA + 0x7000, space:pte(VA + 0x7000).raw | PROTECT)
	vm:get_dirty_log{ slot = 0 }
	for _ = 1, 3 do
		expect(nested:read(VA + 0x6000, 3)):eq("six")
		expect(nested:read(VA + 0x7000, 5)):eq("seven")
		expect(nested:write(VA + 0x5000, "F")):is_true()
		local dirty = vm:get_dirty_log{ slot = 0 }
		expect(dirty:test(0x105)):is_true()
		expect(dirty:test(0x106)):is_true()
		expect(dirty:test(0x107)):is_false()
		expect(dirty:test(nested.addr >> 12)):is_true()      -- unpin_scb()
	end
	expect(nested:sie().icptcode):eq(0x1c)
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_false()
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
end)

-- --- slots and the VM ---------------------------------------------------------------------------------------

-- A second slot's page at VA + 1 MiB.
local function second_slot(sim)
	local nested, vcpu, space, ram, vm, vmm = guest(sim)
	local other = vmm:mmap{ length = "1M", huge = false }
	other:write(0, "slot")
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "16M", memory_size = "1M", userspace_addr = other }):eq(0)
	expect(space:map{ from = VA + MiB, to = 16 * MiB }):eq(0)
	expect(nested:read(VA + MiB, 4)):eq("slot")
	return nested, vcpu, space, vm, vmm, other
end

-- gmap_unmap_segment() calls no notifier, and dat_delete_slot() of 7.0 looks at no mark: the shadow still leads to what
-- the guest has lost.
cases("vsie events: guest-3 keeps the page of a slot that is", late, {
	{ "deleted", function(vm) return vm:set_user_memory_region{ slot = 1, memory_size = 0 } end },
	{ "moved",   function(vm, other)
		return vm:set_user_memory_region{ slot = 1, guest_phys_addr = "32M", memory_size = "1M", userspace_addr = other }
	end },
}, function(sim, case)
	local nested, vcpu, space, vm, _, other = second_slot(sim)
	expect(case[2](vm, other)):eq(0)
	sim:expect_report{ kind = "check:shadow-gmap", match = "the guest has no page at 1000000 any more" }
	sim:check()
	expect(nested:write(VA + MiB, "kept")):is_true()
	expect(other:read(0, 4)):eq("kept")
	drop_shadow(vcpu, space)
	lib.addressing(sim, nested:read(VA + MiB, 4))
end)

-- Nor does ptep_notify() find the shadow then: __gmap_unlink_by_vmaddr() removed the way from the host's address. Since
-- 7.0 the MMU notifier finds no slot.
scenario("vsie events: guest-3 keeps a page that the VMM gives back, and another process gets", late, function(sim)
	local nested, vcpu, space, vm, vmm, other = second_slot(sim)
	local pfn = other:page(0).pfn
	-- With its page table, so that pages of its own are freed next.
	local stranger = sim:process():mmap{ length = "1M", huge = false }
	stranger:write(0, "secret")
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(other:munmap()):eq(0)
	local place
	for at = 4096, MiB - 1, 4096 do
		stranger:write(at, "secret")
		place = stranger:page(at >> 12).pfn == pfn and at or place
	end
	expect(place):ne(nil)
	expect(nested:read(VA + MiB, 6)):eq("secret")
	expect(nested:write(VA + MiB, "S")):is_true()
	expect(stranger:read(place, 6)):eq("Secret")
	sim:expect_report{ kind = "check:shadow-gmap", match = "the guest has no page at 1000000 any more" }
	sim:check()
	drop_shadow(vcpu, space)
end)

-- The tables' segments are not linked again until guest-2 touches them, so nobody notifies the shadow of a change.
-- Since 7.0 the marks are gone with the VM's entries: guest-2's own stores go unnoticed.
scenario("vsie events: the slot of guest-2's tables is deleted and made again", late, function(sim)
	local nested, vcpu, space, _, vm, vmm, slot = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:set_user_memory_region(slot)):eq(0)
	if sim:kernel_since("7.0") then
		store(vcpu, space, VA + 0x5000, MiB + 0x6000)
	else
		space:set_pte(VA + 0x5000, MiB + 0x6000)
	end
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	sim:expect_report{ kind = "check:shadow-gmap", match = "shadow gmap" }
	sim:check()
	vmm:exit()
end)

cases("vsie events: shadows end with", options, {
	{ "the VM",      function(vmm, vm, vcpu) vcpu:close() vm:close() end },
	{ "the process", function(vmm) vmm:exit() end },
	{ "the process, after its memory", function(vmm, _, _, ram) ram:munmap() vmm:exit() end },
}, function(sim, case)
	local nested, vcpu, _, ram, vm, vmm = guest(sim)
	expect(nested:workload{ op = "write", range = { VA, MiB } }):eq(256)
	case[2](vmm, vm, vcpu, ram)
end)

-- Since 7.0 it has page tables of its own as well, so that a store of the first VM's guest is one of the VMM's for it.
scenario("vsie events: another VM of the process has shadows of its own", late, function(sim)
	local nested, vcpu, space, ram, vm, vmm, slot = guest(sim)
	local other = vmm:open_kvm():create_vm{ cpu_feat = "host" }
	expect(other:set_user_memory_region(slot)):eq(0)
	local second = other:create_vcpu()
	expect(second:set_cr(1, space.asce)):eq(0)
	local inner = second:nested{ addr = nested.addr + 512 }
	expect(inner:read(VA + 0x5000, 4)):eq("five")
	expect(nested:read(VA + 0x5000, 4)):eq("five")
	expect(vcpu:write(space:pte(VA + 0x5000).gpa, string.pack("<i8", MiB + 0x6000))):is_true()
	if sim:kernel_since("7.0") then
		expect(inner:read(VA + 0x5000, 4)):eq("five")
		sim:expect_report{ kind = "check:shadow-gmap", match = "no page at 106000" }
		sim:check()
		store(second, space, VA + 0x5000, MiB + 0x6000)
	end
	expect(inner:read(VA + 0x5000, 3)):eq("six")
	expect(nested:read(VA + 0x5000, 3)):eq("six")
	vcpu:close()
	vm:close()
	expect(inner:read(VA + 0x5000, 3)):eq("six")
end)

-- --- TLBs of other CPUs -------------------------------------------------------------------------------------

-- __tlb_flush_mm() regards a CPU that has left the process as clean (mm_cpumask), after a flush by the ASCEs of process
-- and guest address space, but not by that of the shadow. The next IPTE in the shadow is a local one. Since 7.0 KVM's
-- flushes of its own tables are global.
cases("vsie events: a nested guest that has run on another CPU, and the host moves its page", late, {
	{ "at once",                     false, { 2, 0 }, { 3, 0 } },
	{ "after a flush of the process", true, { 0, 2 }, { 2, 1 } },
}, function(sim, case)
	local vcpu, ram = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" }, data = { [3 * MiB] = "x" } }
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	local nested = vcpu:nested{ addr = 0x700000 }
	nested:expect_pin()
	sim:thread("vcpu", function()
		expect(nested:write(0x5000, "five")):is_true()
	end)
	sim:join()
	if case[2] then
		expect(ram:madvise(3 * MiB, "4K", MADV_DONTNEED)):eq(0)
	end
	local before = sim.inspect:counters()
	expect(ram:migrate(MiB + 0x5000)):eq(0)
	local now = sim.inspect:counters()
	expect({ now.ipte_global - before.ipte_global, now.ipte_local - before.ipte_local }):eq(
		sim:kernel_since("7.0") and case[4] or case[3])
	if case[2] and not sim:kernel_since("7.0") then
		sim:expect_report{ kind = "check:tlb", match = "TLB of CPU 1: nested guest's address 5000" }
	end
	expect(nested:read(0x5000, 4)):eq("five")
end)
