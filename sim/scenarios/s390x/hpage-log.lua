-- SPDX-License-Identifier: GPL-2.0-only
-- 1 MiB host pages: dirty logging by the UC bit of a large segment (gmap_sync_dirty_log_pmd()), and a vCPU's prefix area in
-- one (gmap_protect_pmd(), the segment's IN bit).

local options = { arch = "s390x", mmu = "hpage" }
local machines = { arch = "s390x", mmu = "hpage", facilities = { {}, { tlb_guest = true } } }
-- Linux 7.0 needs IDTE.
local no_idte = { arch = "s390x", mmu = "hpage", before = "7.0", facilities = { idte = false, tlb_lc = false } }
local MiB <const> = 1 << 20
local workload <const> = require("workload")
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- slots: { [number] = { guest MiB, host MiB, flags, MiB of length } }; the vCPU's prefix area is at prefix, in one of them.
local function machine(sim, slots, prefix)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16M", hugetlb = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	for slot, t in pairs(slots) do
		expect(vm:set_user_memory_region{ slot = slot, flags = t[3], guest_phys_addr = t[1] * MiB,
			memory_size = (t[4] or 1) * MiB, userspace_addr = ram.addr + t[2] * MiB }):eq(0)
	end
	local vcpu = vm:create_vcpu{ lowcore = prefix == nil }
	if prefix then
		expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = prefix }):eq(0)
	end
	return vcpu, ram, vm, vmm
end

local splits_vma <const> = require("hugetlb").splits_vma

local function segment(n)
	local pages = {}
	for i = 0, 255 do
		pages[i + 1] = n * 256 + i
	end
	return pages
end

local function log(vm, slot)
	return vm:get_dirty_log{ slot = slot or 0 }:pages()
end

-- --- the log -----------------------------------------------------------------------------------------------

local function reported_once(sim)
	local vcpu, _, vm = machine(sim, { [0] = { 0, 0, LOG, 4 } })
	expect(log(vm)):eq{}
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2, writable = true }
	expect(log(vm)):eq(segment(1))
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = true, level = 2, writable = false }
	expect(log(vm)):eq{}
	expect(vcpu:read(MiB + 0x5000, 1)):eq("x")
	expect(log(vm)):eq{}
	expect(vcpu:write(MiB + 0x6000, "y")):is_true()
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = true, level = 2, writable = true }
	expect(log(vm)):eq(segment(1))
end

scenario("hpage: a segment that the guest has written is reported as 256 pages, once", machines, reported_once)
scenario("hpage: without IDTE, a segment that the guest has written is reported as 256 pages, once", no_idte, reported_once)

-- __gmap_link() cannot tell what the fault was for; _gmap_link() of 7.0 can.
scenario("hpage: a segment is reported dirty when it is linked, before 7.0 even if it was only read", options,
	function(sim)
	local reads = not sim:kernel_since("7.0")
	local function when_read() return reads and segment(0) or {} end
	local vcpu, ram, vm = machine(sim, { [0] = { 0, 0, LOG, 4 } })
	ram:write(0x5000, "VMM")
	expect(log(vm)):eq{}
	expect(vcpu:read(0x5000, 3)):eq("VMM")
	expect(log(vm)):eq(when_read())
	splits_vma(sim, 1)
	expect(ram:mprotect(0, MiB, "r")):eq(0)
	expect(vcpu:read(0x5000, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, writable = false }
	expect(log(vm)):eq(when_read())
	expect(log(vm)):eq{}
end)

-- With small pages both write the same entry; a segment's entry belongs to the guest alone.
scenario("hpage: what the VMM writes is not in the log, what KVM writes for it is", options, function(sim)
	local vcpu, ram, vm = machine(sim, { [0] = { 0, 0, LOG, 4 } })
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(log(vm)):eq(segment(0))
	ram:write(0x5000, "VMM")
	expect(log(vm)):eq{}
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_WRITE, gaddr = 0x5000, data = "KVM" }):eq(0)
	-- Since 7.0 KVM itself writes through the guest's entry.
	expect(log(vm)):eq(sim:kernel_since("7.0") and segment(0) or { 5 })
	expect(vcpu:read(0x5000, 3)):eq("KVM")
	expect(log(vm)):eq{}
end)

scenario("hpage: logging begins with what was written before", options, function(sim)
	local vcpu, ram, vm = machine(sim, { [0] = { 0, 0, 0, 4 } })
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vcpu:write(2 * MiB, "y")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, flags = LOG, memory_size = "4M", userspace_addr = ram }):eq(0)
	expect(#log(vm)):eq(512)
	expect(log(vm)):eq{}
end)

cases("hpage: a segment that is no longer there is not reported, so its last writes are lost by", options, {
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0, MiB, MADV_DONTNEED)):eq(0) end },
	{ "mprotect",      function(ram, _, sim)
		splits_vma(sim, 1)
		expect(ram:mprotect(0, MiB, "r")):eq(0)
	end },
	{ "fork",          function(_, vmm) expect(vmm:fork().pid):gt(0) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = machine(sim, { [0] = { 0, 0, LOG, 4 } })
	expect(vcpu:write(0x5000, "x")):is_true()
	case[2](ram, vmm, sim)
	expect(log(vm)):eq{}
	-- The guest's next access brings it back, and that is reported; before 7.0 also a read.
	expect(vcpu:read(0x6000, 1)):eq("\0")
	expect(log(vm)):eq(sim:kernel_since("7.0") and {} or segment(0))
end)

scenario("hpage: huge and small pages in the log of one slot", options, function(sim)
	local vcpu, ram, vm, vmm = machine(sim, { [0] = { 0, 0, LOG, 4 } })
	splits_vma(sim, 2)
	expect(ram:munmap(MiB, MiB)):eq(0)
	expect(vmm:mmap{ addr = ram.addr + MiB, length = MiB, huge = false,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }.addr):eq(ram.addr + MiB)
	expect(vcpu:write(MiB + 0x5000, "small")):is_true()
	expect(log(vm)):eq{ 0x105 }
	expect(vcpu:write(2 * MiB, "large")):is_true()
	expect(vcpu:write(MiB + 0x6000, "small")):is_true()
	expect(log(vm)):eq{ 0x106, table.unpack(segment(2)) }
	expect(log(vm)):eq{}
end)

-- kvm_arch_sync_dirty_log() goes a segment too far here too (see dirty-log.lua); gmap_pmdp_xchg() notifies by guest
-- address.
scenario("hpage: asking for one slot protects the next segment, and whoever waits there is told", {
	arch = "s390x", mmu = "hpage", before = "7.0", facilities = {
		{}, { tlb_guest = true }, { idte = false, tlb_lc = false } },
}, function(sim)
	local vcpu, _, vm = machine(sim, { [0] = { 0, 0, LOG }, { 1, 8, 0 } }, MiB)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2, writable = true }
	expect(log(vm)):eq(segment(0))
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2, writable = false }
	expect(vcpu:read(0x3000, 1)):eq("x")
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2, writable = true }
end)

scenario("hpage: migration mode knows no states of huge pages", options, function(sim)
	local MODE <const> = { group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }
	local vcpu, ram, vm = machine(sim, { [0] = { 0, 0, 0, 4 } }, 0)
	-- Without CMMA no slot needs to log for it.
	expect(vm:set_device_attr(MODE)):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = LOG, memory_size = "4M", userspace_addr = ram }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 1 }):eq(-ENXIO)
	expect(vcpu:write(MiB, "x")):is_true()
	expect(log(vm)):contains(0x100):contains(0)
end)

-- --- the prefix area ---------------------------------------------------------------------------------------

local takes_prefix = {
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0, MiB, MADV_DONTNEED)):eq(0) end },
	{ "mprotect",      function(ram, _, _, sim)
		splits_vma(sim, 1)
		expect(ram:mprotect(0, MiB, "r")):eq(0)
		expect(ram:mprotect(0, MiB, "rw")):eq(0)
	end },
	{ "fork",          function(_, vmm) expect(vmm:fork().pid):gt(0) end },
	{ "the dirty log", function(_, _, vm) expect(log(vm)):eq(segment(0)) end },
}

local function comes_back(sim, case)
	local vcpu, ram, vm, vmm = machine(sim, { [0] = { 0, 0, LOG }, { 4, 4, 0 } }, 0)
	expect(vcpu:write(4 * MiB, "runs")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, writable = true }
	case[2](ram, vmm, vm, sim)
	expect(sim.inspect:mapping(vm, 0).writable):is_false()
	expect(vcpu:read(4 * MiB, 4)):eq("runs")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, writable = true }
end

cases("hpage: the prefix area in a huge page comes back before the guest goes on after", machines, takes_prefix, comes_back)
cases("hpage: without IDTE, the prefix area in a huge page comes back before the guest goes on after", no_idte,
	takes_prefix, comes_back)

-- By a new mapping over the old one, not by MADV_DONTNEED: see docs/findings.md.
scenario("hpage: the segment of the prefix area is written and taken away under running vCPUs", options, function(sim)
	local vcpu, ram, vm, vmm = machine(sim, { [0] = { 0, 0, LOG, 4 } }, 0)
	for i, v in ipairs{ vcpu, vm:create_vcpu{ lowcore = false } } do
		expect(v:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = i * 0x2000 }):eq(0)
		sim:thread(("vcpu %d"):format(i), function()
			for _ = 1, 20 do
				expect(workload.run(sim, v, { op = "write", range = { 0x10000, 2 * MiB }, count = 500 })):eq(500)
			end
		end)
	end
	sim:thread("log", function()
		for _ = 1, 40 do
			expect(log(vm)):ne(nil)
		end
	end)
	splits_vma(sim, 1)
	sim:thread("vmm", function()
		for _ = 1, 40 do
			expect(vmm:mmap{ addr = ram.addr, length = 2 * MiB, hugetlb = true,
				flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }.addr):eq(ram.addr)
		end
	end)
	sim:join()
end)
