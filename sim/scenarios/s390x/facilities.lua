-- SPDX-License-Identifier: GPL-2.0-only
-- Machines with other facilities: which instruction the kernel uses to remove a translation (arch/s390/mm/pgtable.c,
-- asm/tlbflush.h), what changes without enhanced suppression on protection, and the guest's facilities.

local instructions <const> = { "ipte_local", "ipte_global", "idte_entry", "idte_entry_local", "idte_asce", "csp", "rdp",
	"rdp_local", 	"flush_guest_asce", "flush_nodat" }

-- How often each of them runs while fn runs; those that do not run are left out.
local function instructions_of(sim, fn)
	local before = sim.inspect:counters()
	fn()
	local after, n = sim.inspect:counters(), {}
	for _, name in ipairs(instructions) do
		n[name] = after[name] > before[name] and after[name] - before[name] or nil
	end
	return n
end

local function is(sim, name, usual)
	local value = sim.facilities[name]
	if value == nil then
		return usual
	end
	return value
end

-- --- flushes -----------------------------------------------------------------------------------------------

-- Lazy: the entry only becomes invalid; one flush comes at the end of the system call.
local function lazy(sim)
	if not is(sim, "idte", true) then
		return { csp = 1 }
	end
	-- The process's own space and the guest's.
	return { idte_asce = 2, flush_guest_asce = is(sim, "tlb_guest", false) and 2 or nil }
end

local function direct(sim)
	local n = { flush_guest_asce = is(sim, "tlb_guest", false) and 1 or nil }
	n[is(sim, "tlb_lc", true) and "ipte_local" or "ipte_global"] = 1
	return n
end

-- Before 6.12 MADV_PAGEOUT ages the entry first, which takes it from the CPU (madvise_cold_or_pageout_pte_range()).
local function pageout(sim)
	return sim:kernel_since("6.12") and direct(sim) or lazy(sim)
end

local function global(sim)
	return { ipte_global = 1, flush_guest_asce = is(sim, "tlb_guest", false) and 1 or nil }
end

cases("facilities: the instruction that takes a page from the guest, for", { arch = "s390x", before = "7.0",
	facilities = {
	{}, { tlb_lc = false }, { idte = false, tlb_lc = false }, { tlb_guest = true }, { tlb_guest = true, tlb_lc = false },
} }, {
	{ "MADV_DONTNEED", lazy,   function(ram) expect(ram:madvise(0x1000, "4K", MADV_DONTNEED)):eq(0) end },
	{ "munmap",        lazy,   function(ram) expect(ram:munmap(0x1000, "4K")):eq(0) end },
	{ "mprotect",      lazy,   function(ram) expect(ram:mprotect(0x1000, "4K", "r")):eq(0) end },
	{ "fork",          lazy,   function(_, vmm) expect(vmm:fork().pid):gt(0) end },
	{ "migration",     direct, function(ram) expect(ram:migrate(0x1000)):eq(0) end },
	{ "swap",          pageout, function(ram) expect(ram:swap_out(0x1000, "4K")):eq(0) end },
	{ "KVM_GET_DIRTY_LOG", global, function(_, _, vm) expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 } end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(instructions_of(sim, function() case[3](ram, vmm, vm) end)):eq(case[2](sim))
	expect(sim.inspect:mapping(vm, 0x1000).writable):is_false()
	expect(vcpu:read(0x1000, 1)):ne("y")
end)

-- Since 7.0 the VM has an entry of its own: KVM invalidates it at once and everywhere, and the host's flush comes in
-- addition. The guest's entries for the prefix area are write-protected by fork as well.
local function both(sim, host, pages)
	local n = host(sim)
	if n.idte_asce then
		n = { idte_asce = 1, flush_guest_asce = is(sim, "tlb_guest", false) and 1 or nil }
	elseif is(sim, "tlb_guest", false) then
		n.flush_nodat = 1
	end
	n.ipte_global = (n.ipte_global or 0) + pages
	n.flush_guest_asce = n.flush_guest_asce and n.flush_guest_asce + pages
	return n
end

cases("facilities: the instructions that take a page from the process and from the guest, for", {
	arch = "s390x", kernel = "7.0",
	facilities = { {}, { tlb_lc = false }, { tlb_guest = true }, { tlb_guest = true, tlb_lc = false } },
}, {
	{ "MADV_DONTNEED", lazy,   1, function(ram) expect(ram:madvise(0x1000, "4K", MADV_DONTNEED)):eq(0) end },
	{ "munmap",        lazy,   1, function(ram) expect(ram:munmap(0x1000, "4K")):eq(0) end },
	{ "mprotect",      lazy,   1, function(ram) expect(ram:mprotect(0x1000, "4K", "r")):eq(0) end },
	{ "fork",          lazy,   3, function(_, vmm) expect(vmm:fork().pid):gt(0) end },
	{ "migration",     direct, 1, function(ram) expect(ram:migrate(0x1000)):eq(0) end },
	{ "swap",          lazy,   1, function(ram) expect(ram:swap_out(0x1000, "4K")):eq(0) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(instructions_of(sim, function() case[4](ram, vmm) end)):eq(both(sim, case[2], case[3]))
	expect(sim.inspect:mapping(vm, 0x1000).writable):is_false()
	expect(vcpu:read(0x1000, 1)):ne("y")
end)

scenario("facilities: the instruction that KVM_GET_DIRTY_LOG protects a page with", { arch = "s390x", kernel = "7.0",
	facilities = { {}, { tlb_lc = false }, { tlb_guest = true } } }, function(sim)
	local vcpu, _, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(instructions_of(sim, function()
		expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
	end)):eq(global(sim))
	expect(sim.inspect:mapping(vm, 0x1000).writable):is_false()
end)

scenario("facilities: local clearing is not for a guest that has run on another CPU", { arch = "s390x", before = "7.0" },
	function(sim)
	local vcpu, ram = sim:guest()
	sim:thread("vcpu", function()
		expect(vcpu:write(0x1000, "x")):is_true()
	end)
	sim:join()
	expect(sim.inspect:tlb(vcpu, 0x1000)):fields{ present = true }
	expect(instructions_of(sim, function() expect(ram:migrate(0x1000)):eq(0) end)):eq{ ipte_global = 1 }
	expect(sim.inspect:tlb(vcpu, 0x1000)):errno(ENOENT)
	expect(vcpu:read(0x1000, 1)):eq("x")
end)

-- With two guests in the process mm->context.gmap_asce names neither.
scenario("facilities: no flush names a guest when there are two", { arch = "s390x", before = "7.0",
	facilities = { tlb_guest = true } }, function(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(instructions_of(sim, function() ram:migrate(0x1000) end)):eq{ ipte_local = 1, flush_guest_asce = 1 }
	local second = vmm:open_kvm():create_vm()
	expect(vcpu:write(0x1000, "y")):is_true()
	expect(instructions_of(sim, function() ram:migrate(0x1000) end)):eq{ ipte_local = 1 }
	second:close()
end)

-- A process without a VM has no guest, and no guest table in its pages: mm->context.gmap_asce is 0.
scenario("facilities: a flush in a process without a VM leaves guests alone", { arch = "s390x", facilities = {
	{ tlb_guest = true }, { tlb_guest = true, tlb_lc = false },
} }, function(sim)
	local ram = sim:process():mmap{ length = "64K" }
	ram:write(0, "x")
	local n = direct(sim)
	n.flush_nodat = 1
	expect(instructions_of(sim, function() expect(ram:migrate(0)):eq(0) end)):eq(n)
	expect(ram:read(0, 1)):eq("x")
end)

cases("facilities: a page that has no guest tables, as the guest says by ESSA, is flushed with less", {
	arch = "s390x", facilities = { [147] = true, tlb_guest = true },
}, { { "which SIE interprets", false }, { "which KVM emulates", true } }, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(vcpu:essa(0x3000, 0)):eq(0)
	if case[2] then
		expect(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }):eq(0)
	end
	expect(vcpu:essa(0x3000, 7)):eq(0)
	-- Since 7.0 the process's entry is always flushed with less, and the VM's own entry as the guest says.
	local own = sim:kernel_since("7.0") and 1
	expect(instructions_of(sim, function() expect(ram:migrate(0x3000)):eq(0) end)):eq{ ipte_local = 1,
		ipte_global = own or nil, flush_guest_asce = own and 2 or 1, flush_nodat = own and 2 or 1 }
	expect(vcpu:read(0x3000, 1)):eq("x")
	-- Stable takes it back.
	expect(vcpu:essa(0x3000, 1)):eq(0x20)
	-- The process's entry is old by now, which means invalid.
	expect(instructions_of(sim, function() expect(ram:migrate(0x3000)):eq(0) end)):eq{
		[own and "ipte_global" or "ipte_local"] = 1, flush_guest_asce = 1 }
end)

-- Before 7.0 transparent huge pages exist only without a VM.
local takes_huge_page = {
	{ "MADV_DONTNEED", true,  "\0", function(ram) expect(ram:madvise(0, "2M", MADV_DONTNEED)):eq(0) end },
	{ "fork",          true,  "y",  function(_, vmm) expect(vmm:fork().pid):gt(0) end },
	{ "mprotect",      false, "y",  function(ram) expect(ram:mprotect(0, "2M", "r")):eq(0) end },
}

local function check_takes_huge_page(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = true }
	ram:write(0, "x")
	ram:write("1M", "y")
	expect(ram:page(0x100).huge):is_true()
	local n = instructions_of(sim, function() case[4](ram, vmm) end)
	if case[2] then
		expect(n):eq{ csp = not is(sim, "idte", true) and 1 or nil, idte_asce = is(sim, "idte", true) and 1 or nil,
			flush_guest_asce = is(sim, "tlb_guest", false) and 1 or nil }
	elseif not is(sim, "idte", true) then
		expect(n):eq{ csp = 2 }
	else
		local each = is(sim, "tlb_guest", false) and 2 or nil
		expect(n):eq{ [is(sim, "tlb_lc", true) and "idte_entry_local" or "idte_entry"] = 2, flush_guest_asce = each,
			flush_nodat = each }
	end
	expect(ram:read("1M", 1)):eq(case[3])
end

cases("facilities: the instruction that takes a transparent huge page away, for", { arch = "s390x", facilities = {
	{}, { tlb_lc = false }, { tlb_guest = true }, { tlb_guest = true, tlb_lc = false },
} }, takes_huge_page, check_takes_huge_page)

-- Linux 7.0 needs IDTE.
cases("facilities: without IDTE, the instruction that takes a transparent huge page away, for", { arch = "s390x",
	before = "7.0", facilities = { idte = false, tlb_lc = false } }, takes_huge_page, check_takes_huge_page)

-- pte_allow_rdp(): only the protection is removed. An mm with PGSTEs, before 7.0, still uses IPTE.
scenario("facilities: RDP makes a page writable again where there is no VM", {
	arch = "s390x", facilities = { { rdp = true }, {} },
}, function(sim)
	local vmm = sim:process()
	local file = vmm:shmem("64K")
	local ram = vmm:mmap{ length = "64K", file = file }
	expect(ram:read(0, 1)):eq("\0")
	local rdp = is(sim, "rdp", false) and sim:kernel_since("6.3")
	expect(instructions_of(sim, function() ram:write(0, "x") end)):eq{ [rdp and "rdp_local" or "ipte_local"] = 1 }
	local vm = vmm:open_kvm():create_vm()
	expect(ram:read(0x1000, 1)):eq("\0")
	expect(instructions_of(sim, function() ram:write(0x1000, "x") end)):eq{
		[rdp and sim:kernel_since("7.0") and "rdp_local" or "ipte_local"] = 1 }
	vm:close()
end)

scenario("facilities: RDP on all CPUs for a process that has run on two", {
	arch = "s390x", facilities = { rdp = true }, kernel = "6.3",
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K", file = vmm:shmem("64K") }
	sim:thread("reader", function()
		expect(ram:read(0, 1)):eq("\0")
	end)
	sim:join()
	expect(ram:read(0, 1)):eq("\0")
	expect(instructions_of(sim, function() ram:write(0, "x") end)):eq{ rdp = 1 }
	sim:thread("writer", function()
		expect(ram:write(0, "y")):eq(0)
	end)
	sim:join()
	expect(ram:read(0, 1)):eq("y")
end)

-- --- protection --------------------------------------------------------------------------------------------

-- Without it an exception does not tell that the CPU was about to store. So a writable page is mapped writable at once,
-- and is dirty (pgste_set_pte()).
scenario("facilities: without ESOP a page that is read is writable, and reported dirty", {
	arch = "s390x", before = "7.0", facilities = { {}, { esop = false } },
}, function(sim)
	local esop = is(sim, "esop", true)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:read(0x80000, 1)):eq("\0")
	ram:write(0x1000, "VMM")
	-- Before 6.10 the page that was read is not a zero page, so it is writable anyway.
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(sim:kernel_since("6.10") and { 1 } or { 1, 0x80 })
	-- The log protects the page, or makes it invalid.
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = esop, writable = false }
	expect(vcpu:read(0x1000, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = not esop }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(esop and {} or { 1 })
end)

scenario("facilities: copy on write where the CPU says less of an access", {
	arch = "s390x", facilities = { {}, { fsi = false, esop = false } },
}, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(vcpu:write(0x1000, "parent")):is_true()
	local child = vmm:fork()
	-- Copy on write is a protection exception on every machine.
	expect(vcpu:write(0x1000, "guest ")):is_true()
	expect(child:view(ram):read(0x1000, 6)):eq("parent")
	expect(ram:read(0x1000, 6)):eq("guest ")
end)

-- --- the guest's model -------------------------------------------------------------------------------------

local function set_of(list)
	local has = {}
	for _, n in ipairs(list) do
		has[n] = true
	end
	return has
end

scenario("facilities: the machine's are offered to the guest", {
	arch = "s390x", facilities = { {}, { edat1 = false, edat2 = false }, { [131] = false } },
}, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	for _, has in ipairs{ set_of(vm:get_host_facilities()), set_of(vm:get_cpu_facilities()) } do
		expect(has[8] or false):eq(is(sim, "edat1", true))
		expect(has[78] or false):eq(is(sim, "edat2", true))
		expect(has[131] or false):eq(is(sim, 131, true))
	end
end)

scenario("facilities: the guest has some only when its CPU model has them", { arch = "s390x", facilities = { rdp = true } },
	function(sim)
	local vm = sim:process():open_kvm():create_vm()
	-- Since 7.0 (kvm_s390_fac_ext) it is like the others.
	expect(set_of(vm:get_host_facilities())[194]):is_true()
	expect(set_of(vm:get_cpu_facilities())[194] or false):eq(sim:kernel_since("7.0"))
	expect(vm:set_cpu_facilities{ [194] = true }):eq(0)
	expect(set_of(vm:get_cpu_facilities())[194]):is_true()
end)

cases("facilities: without enhanced DAT the guest has no PFMF", { arch = "s390x" }, {
	{ "as usual", nil }, { "without", false },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	if case[2] == false then
		expect(vm:set_cpu_facilities{ [8] = false, [78] = false }):eq(0)
	end
	local vcpu = vm:create_vcpu()
	expect(vm:set_cpu_facilities{ [8] = true }):eq(-EBUSY)
	local result = vcpu:pfmf(0x5000, 0x20000 | 0x40)
	if case[2] == false then
		expect(result):fields{ exception = { code = 1 } }
	else
		expect(result):is_true()
	end
end)
