-- SPDX-License-Identifier: GPL-2.0-only
-- The page-modification log of Intel processors (SDM vol. 3, 30.3.6; vmx_flush_pml_buffer() of arch/x86/kvm/vmx/vmx.c;
-- "clear dirty" in arch/x86/kvm/mmu): pages stay writable, the processor logs each dirty flag that it sets, and KVM
-- empties the log when the vCPU exits.

-- The tables are those of the TDP MMU, or of the code of shadow paging.
local both <const> = { {}, { ["kvm.tdp_mmu"] = false } }
local options = { arch = "x86_64", mmu = "pml", params = both }
local long = { arch = "x86_64", mmu = "pml", check = "end", params = both }
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES
local BASE <const> = 0x100000
local ENTRIES <const> = 512

-- A slot at 1M.
local function guest(sim, length, flags, protect, huge)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = length or "2M", huge = huge or false }
	local vm = vmm:open_kvm():create_vm()
	if protect then
		expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { protect } }):eq(0)
	end
	local function set(f)
		return vm:set_user_memory_region{ slot = 0, flags = f, guest_phys_addr = huge and 0 or BASE,
			memory_size = ram.length, userspace_addr = ram }
	end
	expect(set(flags or LOG)):eq(0)
	return vm, vm:create_vcpu(), ram, set
end

local function pages(vm)
	return vm:get_dirty_log{ slot = 0 }:pages()
end

local function write_all(vcpu, n, first)
	first = BASE + (first or 0) * 4096
	return vcpu:workload{ op = "write", range = { first, first + n * 4096 }, stride = "4K", count = n }
end

local function list(n, first)
	local t = {}
	for i = 1, n do
		t[i] = (BASE >> 12) + (first or 0) + i - 1
	end
	return t
end

scenario("PML: a logged page stays writable, and the next write is reported without a fault", options, function(sim)
	local vm, vcpu = guest(sim)
	expect(vcpu:write(BASE, "a")):is_true()
	expect(vcpu:write(BASE + 0x1000, "b")):is_true()
	expect(pages(vm)):eq{ 0x100, 0x101 }
	expect(sim.inspect:mapping(vm, BASE)):fields{ present = true, writable = true, dirty = false }
	local before = sim.inspect:counters().guest_faults
	for _ = 1, 3 do
		expect(vcpu:write(BASE, "c")):is_true()
		expect(sim.inspect:mapping(vm, BASE)):fields{ writable = true, dirty = true }
		expect(pages(vm)):eq{ 0x100 }
		expect(pages(vm)):eq{}
	end
	-- Each entry is reported once.
	expect(write_all(vcpu, 2)):eq(2)
	expect(pages(vm)):eq{ 0x100, 0x101 }
	expect(vcpu:write(BASE, "d")):is_true()
	expect(pages(vm)):eq{ 0x100 }
	expect(sim.inspect:counters().guest_faults):eq(before)
end)

scenario("PML: what is read is not reported", options, function(sim)
	local vm, vcpu = guest(sim)
	expect(vcpu:write(BASE, "a")):is_true()
	expect(pages(vm)):eq{ 0x100 }
	expect(vcpu:read(BASE, 1)):eq("a")
	expect(sim.inspect:mapping(vm, BASE)):fields{ writable = true, dirty = false }
	expect(pages(vm)):eq{}
end)

-- 512 entries fit. The access that needs the next one exits first (exit reason 62).
cases("PML: the log is full", long, {
	{ "with one entry free", ENTRIES - 1,     0 },
	{ "not yet",             ENTRIES,         0 },
	{ "once",                ENTRIES + 1,     1 },
	{ "not yet twice",       2 * ENTRIES,     1 },
	{ "twice",               2 * ENTRIES + 1, 2 },
}, function(sim, case)
	local vm, vcpu = guest(sim, "6M")
	expect(write_all(vcpu, case[2] + 1)):eq(case[2] + 1)
	expect(pages(vm)):eq(list(case[2] + 1))
	local before = sim.inspect:counters()
	expect(write_all(vcpu, case[2])):eq(case[2])
	local after = sim.inspect:counters()
	expect(after.guest_log_full - before.guest_log_full):eq(case[3])
	expect(after.guest_faults - before.guest_faults):eq(0)
	expect(pages(vm)):eq(list(case[2]))
end)

scenario("PML: the log of a vCPU that is gone has been reported", options, function(sim)
	local vm, vcpu = guest(sim)
	write_all(vcpu, 40)
	expect(pages(vm)):eq(list(40))
	local second = vm:create_vcpu()
	expect(second:workload{ op = "write", range = { BASE, BASE + 0x5000 }, stride = "4K", count = 5 }):eq(5)
	expect(second:close()):eq(0)
	expect(write_all(vcpu, 3, 20)):eq(3)
	expect(vcpu:close()):eq(0)
	expect(pages(vm)):eq{ 0x100, 0x101, 0x102, 0x103, 0x104, 0x114, 0x115, 0x116 }
end)

scenario("PML: it is on while any slot logs, also for vCPUs that come later", options, function(sim)
	local vm, vcpu, _, set = guest(sim, "2M", 0)
	expect(write_all(vcpu, 8)):eq(8)
	for round = 1, 3 do
		expect(set(LOG)):eq(0)
		expect(pages(vm)):eq{}
		expect(sim.inspect:mapping(vm, BASE)):fields{ writable = true, dirty = false }
		expect(write_all(vcpu, 4)):eq(4)
		expect(pages(vm)):eq(list(4))
		local later = vm:create_vcpu()
		expect(write_all(later, 2, 5)):eq(2)
		expect(pages(vm)):eq(list(2, 5))
		expect(set(0)):eq(0)
		expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
		expect(write_all(vcpu, 8)):eq(8)
	end
end)

scenario("PML: a slot without logging beside one with it", options, function(sim)
	local vm, vcpu, ram, set = guest(sim)
	local other <const> = 0x40000000
	local function set_other(flags)
		return vm:set_user_memory_region{ slot = 1, flags = flags, guest_phys_addr = other,
			memory_size = "64K", userspace_addr = ram.addr + 0x100000 }
	end
	expect(set_other(0)):eq(0)
	expect(vcpu:write(other, "not logged")):is_true()
	expect(vcpu:write(BASE, "logged")):is_true()
	expect(sim.inspect:mapping(vm, other)):fields{ writable = true, dirty = true }
	expect(pages(vm)):eq{ 0x100 }
	-- Both: each slot has its own log, and clearing one leaves the other.
	expect(set_other(LOG)):eq(0)
	expect(vcpu:write(other, "logged")):is_true()
	expect(vcpu:write(BASE, "logged")):is_true()
	expect(pages(vm)):eq{ 0x100 }
	expect(sim.inspect:mapping(vm, other)):fields{ dirty = true }
	expect(vm:get_dirty_log{ slot = 1 }:pages()):eq{ other >> 12 }
	-- The first slot stops: the processor still logs for the second.
	expect(set(0)):eq(0)
	expect(vcpu:write(BASE, "free")):is_true()
	expect(vcpu:write(other + 0x3000, "logged")):is_true()
	expect(vcpu:write(other, "logged")):is_true()
	expect(vm:get_dirty_log{ slot = 1 }:pages()):eq{ other >> 12, (other >> 12) + 3 }
end)

scenario("PML: manual protection clears the dirty flags that it is told to", options, function(sim)
	local vm, vcpu = guest(sim, "2M", LOG, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
	expect(write_all(vcpu, 200)):eq(200)
	expect(pages(vm)):eq(list(200))
	expect(pages(vm)):eq(list(200))
	expect(sim.inspect:mapping(vm, BASE)):fields{ writable = true, dirty = true }
	expect(vm:clear_dirty_log{ slot = 0, first_page = 64, num_pages = 64 }):eq(0)
	for page, dirty in pairs{ [63] = true, [64] = false, [127] = false, [128] = true } do
		expect(sim.inspect:mapping(vm, BASE + page * 4096)):fields{ writable = true, dirty = dirty }
	end
	expect(vcpu:write(BASE + 100 * 4096, "x")):is_true()
	local expected = list(64)
	expected[65] = 0x100 + 100
	table.move(list(72, 128), 1, 72, 66, expected)
	expect(pages(vm)):eq(expected)
end)

-- kvm_arch_mmu_enable_log_dirty_pt_masked() splits the huge page when its part is cleared first.
scenario("PML: initially all set, huge pages stay until they are cleared", {
	arch = "x86_64", mmu = "pml", check = "end" }, function(sim)
	local vm, vcpu, _, set = guest(sim, "4M", 0,
		KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET, true)
	expect(vcpu:write(0, "x")):is_true()
	expect(vcpu:write(0x200000, "x")):is_true()
	expect(set(LOG)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(1024)
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, writable = true }
	expect(vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 64 }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(1024 - 64)
	expect(sim.inspect:mapping(vm, 0x200000)):fields{ level = 2, writable = true }
	expect(vcpu:write(0x3000, "y")):is_true()
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = 1, writable = true, dirty = true }
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(1024 - 63)
	expect(vm:clear_dirty_log{ slot = 0 }):eq(0)
	expect(pages(vm)):eq{}
	expect(vcpu:write(0x201000, "z")):is_true()
	expect(vcpu:write(0x3000, "z")):is_true()
	expect(pages(vm)):eq{ 3, 0x201 }
end)

-- What the walk of a guest's table does to it counts as a write (SDM vol. 3, 30.3.5).
scenario("PML: a walk reports the guest's own tables", options, function(sim)
	local vcpu, _, vm, set = sim:guest{ ram = { length = "2M", huge = false } , paging = true }
	expect(vm:set_user_memory_region{ slot = 0, flags = LOG, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = _ }):eq(0)
	vcpu:map{ from = 0x40000000, to = 0x5000, prot = "rw" }
	expect(vcpu:read(0x40000000, 1)):eq("\0")
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:reload_cr3()):eq(0)
	expect(vcpu:read(0x40000000, 1)):eq("\0")
	local tables, at = {}, nil
	for level = 4, 1, -1 do
		at = vcpu:pte(0x40000000, level).gpa >> 12
		tables[#tables + 1] = at
	end
	table.sort(tables)
	expect(pages(vm)):eq(tables)
	expect(vcpu:write(0x40000000, "x")):is_true()
	expect(pages(vm)):contains(5)
end)

local function with_ring(sim, entries)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { entries * 16 } }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, flags = LOG, guest_phys_addr = BASE, memory_size = "4M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	return vcpu, vcpu:dirty_ring(entries), vm
end

local function offsets(ring)
	local t = {}
	for i, e in ipairs(ring:collect()) do
		t[i] = e.offset
	end
	return t
end

-- The entries of one log go into the ring in the order in which KVM reads them: since 6.14 the processor's.
scenario("PML with a dirty ring: a log's entries are pushed when the vCPU exits", options, function(sim)
	local vcpu, ring, vm = with_ring(sim, 1024)
	expect(write_all(vcpu, 5)):eq(5)
	expect(offsets(ring)):eq{ 0, 1, 2, 3, 4 }
	expect(vm:reset_dirty_rings()):eq(5)
	expect(sim.inspect:mapping(vm, BASE)):fields{ writable = true, dirty = false }
	expect(write_all(vcpu, 3)):eq(3)
	expect(offsets(ring)):eq(sim:kernel_since("6.14") and { 0, 1, 2 } or { 2, 1, 0 })
	expect(vm:reset_dirty_rings()):eq(3)
end)

-- kvm_dirty_ring_get_rsvd_entries(): 64, and the processor's log.
scenario("PML with a dirty ring: a whole log fits between soft full and full", long, function(sim)
	local vcpu, ring, vm = with_ring(sim, 1024)
	local soft <const> = 1024 - 64 - ENTRIES
	-- Maps them, without the last ones.
	for page = 0, 1023, 256 do
		expect(write_all(vcpu, 256, page)):eq(256)
		expect(#ring:collect()):eq(256)
		expect(vm:reset_dirty_rings()):eq(256)
	end
	expect(write_all(vcpu, soft - 1)):eq(soft - 1)
	-- One entry is left below the limit: 512 more come in one exit, and nothing is lost.
	local exit = write_all(vcpu, ENTRIES + 1, soft - 1)
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_DIRTY_RING_FULL, done = ENTRIES }
	expect(#ring:collect()):eq(soft - 1 + ENTRIES)
	expect(vm:reset_dirty_rings()):eq(soft - 1 + ENTRIES)
end)

cases("PML with a dirty ring: the smallest", options, {
	{ "less than its reserve", 512,  -EINVAL },
	{ "more than its reserve", 1024, 0 },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { case[2] * 16 } }):eq(case[3])
end)

-- Without eager splitting: the huge page is clean and not writable, and its first write splits it.
cases("PML: a huge page is reported by its small pages", { mmu = "pml", check = "end" }, {
	{ "split when logging begins", "Y", 1 },
	{ "split by the write",        "N", 2 },
}, function(sim, case)
	expect(sim:set_module_param("kvm.eager_page_split", case[2])):eq(0)
	local vm, vcpu, _, set = guest(sim, "4M", 0, nil, true)
	expect(vcpu:write(0, "x")):is_true()
	expect(set(LOG)):eq(0)
	local small = case[3] == 1
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = case[3], dirty = false, writable = small }
	expect(vcpu:write(0x3000, "y")):is_true()
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = 1, dirty = true, writable = true }
	expect(vcpu:write(0x5000, "z")):is_true()
	expect(pages(vm)):eq{ 3, 5 }
	expect(set(0)):eq(0)
	expect(vcpu:write(0x3000, "y")):is_true()
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ level = 2, dirty = true, writable = true }
end)

-- A migration: the copy is complete when the vCPUs have stopped and the last log is read.
scenario("PML: a copy by the log of what vCPUs write meanwhile", {
	arch = "x86_64", mmu = "pml", check = "end", timeout = 60 }, function(sim)
	local PAGES <const> = 96
	local vm, first, ram = guest(sim)
	local copy, rounds, copies = {}, { 0, 0 }, 0
	local function copy_dirty()
		for _, gfn in ipairs(pages(vm)) do
			copy[gfn] = ram:read((gfn << 12) - BASE, 8)
		end
	end
	for i, vcpu in ipairs{ first, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			repeat
				rounds[i] = rounds[i] + 1
				for page = i - 1, PAGES - 1, 2 do
					expect(vcpu:write(BASE + page * 4096, string.pack("<I8", rounds[i]))):is_true()
				end
			until sim:stopping()
		end)
	end
	sim:thread("copy", function()
		while not sim:stopping() do
			copy_dirty()
			copies = copies + 1
		end
	end)
	sim:join{ seconds = 0.3, at_least = function()
		return copies > 2 and rounds[1] > 2 and rounds[2] > 2
	end }
	copy_dirty()
	for page = 0, PAGES - 1 do
		expect(copy[(BASE >> 12) + page]):eq(string.pack("<I8", rounds[page % 2 + 1]))
	end
end)
