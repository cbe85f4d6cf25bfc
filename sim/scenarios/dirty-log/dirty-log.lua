-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_GET_DIRTY_LOG and KVM_CLEAR_DIRTY_LOG, with and without manual protection.

any_page_size()
local PAGE <const> = PAGE_SIZE

local mmu = { "ept", "pml", "npt", "ept_rmap", "shadow", "sie", "vhe" }
local with_log = { "x86_64", "arm64" }	-- s390 has another way to know what is dirty
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

local function guest(sim, flags, protect)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 512 * PAGE, huge = false }
	local vm = vmm:open_kvm():create_vm()
	if protect then
		expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { protect } }):eq(0)
	end
	local function set(f, size)
		return vm:set_user_memory_region{
			slot = 0, flags = f, guest_phys_addr = 0x100 * PAGE, memory_size = size or 256 * PAGE,
				userspace_addr = ram.addr,
		}
	end
	expect(set(flags)):eq(0)
	return vm, vm:create_vcpu(), ram, set
end

scenario("get: each written page once, until it is written again", { mmu = mmu }, function(sim)
	local vm, vcpu = guest(sim, LOG)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	vcpu:write(0x103 * PAGE, "a")
	vcpu:write(0x104 * PAGE - 8, "b")
	vcpu:write(0x1ff * PAGE, "c")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x103, 0x1ff }
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	vcpu:write(0x103 * PAGE, "d")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x103 }
end)

-- make_spte() of arch/x86/kvm/mmu/spte.c: a read that finds the page writable in the host maps it writable and reports
-- it.
scenario("get: a read of a writable page is reported, a read of the zero page is not", { arch = "x86_64", mmu = mmu }, function(sim)
	local vm, vcpu, ram = guest(sim, LOG)
	vcpu:read(0x104 * PAGE, 8)
	ram:write(5 * PAGE, "by the VMM")
	ram:write(6 * PAGE, "never seen by the guest")
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	expect(vcpu:read(0x105 * PAGE, 10)):eq("by the VMM")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x105 }
	expect(vcpu:read(0x105 * PAGE, 10)):eq("by the VMM")
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	vcpu:write(0x104 * PAGE, "x")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x104 }
end)

-- ptep_test_and_clear_uc() of arch/s390/mm/pgtable.c: the PGSTE's bit is set for each writable entry, whoever caused
-- it. Since 7.0 only the VM's own tables count (gmap_sync_dirty_log()).
scenario("get: on s390 before 7.0 what the VMM writes is reported as well, what the guest reads is not",
	{ arch = "s390x" }, function(sim)
	local vmm_counts = not sim:kernel_since("7.0")
	local vm, vcpu, ram = guest(sim, LOG)
	vcpu:read(0x104 * PAGE, 8)
	-- Before 6.10 mm_forbids_zeropage() is true for each process with a VM: the page is the process's own and
	-- writable.
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(sim:kernel_since("6.10") and {} or { 0x104 })
	ram:write(5 * PAGE, "by the VMM")
	ram:write(6 * PAGE, "never seen by the guest")
	expect(vcpu:read(0x105 * PAGE, 10)):eq("by the VMM")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(vmm_counts and { 0x105, 0x106 } or {})
	expect(vcpu:read(0x105 * PAGE, 10)):eq("by the VMM")
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	vcpu:write(0x104 * PAGE, "x")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x104 }
end)

scenario("get: on s390 the first log has what was written before logging was turned on", { arch = "s390x" }, function(sim)
	local vm, vcpu, _, set = guest(sim, 0)
	vcpu:write(0x101 * PAGE, "before")
	vcpu:write(0x102 * PAGE, "before")
	expect(set(LOG)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x101, 0x102 }
	vcpu:write(0x101 * PAGE, "after")
	expect(sim.inspect:mapping(vm, 0x102 * PAGE).writable):eq(false)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x101 }
end)

-- An arm64 guest without tables of its own may not access memory unaligned.
scenario("get: a write across two pages reports both", { arch = { "x86_64", "s390x" }, mmu = mmu }, function(sim)
	local vm, vcpu = guest(sim, LOG)
	vcpu:write(0x107 * PAGE - 4, "12345678")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x106, 0x107 }
end)

scenario("logging turned on protects what was writable before", { arch = with_log, mmu = mmu }, function(sim)
	local vm, vcpu, _, set = guest(sim, 0)
	vcpu:write(0x101 * PAGE, "before")
	vcpu:write(0x102 * PAGE, "before")
	expect(set(LOG)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	vcpu:write(0x101 * PAGE, "after")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x101 }
end)

scenario("logging turned off ends the log", { mmu = mmu }, function(sim)
	local vm, vcpu, ram, set = guest(sim, LOG)
	vcpu:write(0x101 * PAGE, "logged")
	expect(set(0)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
	vcpu:write(0x101 * PAGE, "free")
	expect(ram:read(PAGE, 4)):eq("free")
end)

scenario("manual protection: get does not clear, clear does", { arch = with_log, mmu = mmu }, function(sim)
	local vm, vcpu = guest(sim, LOG, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
	vcpu:write(0x100 * PAGE, "a")
	vcpu:write(0x141 * PAGE, "b")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x100, 0x141 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x100, 0x141 }

	-- Only the second block of 64 pages.
	expect(vm:clear_dirty_log{ slot = 0, first_page = 64, num_pages = 64 }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x100 }
	vcpu:write(0x141 * PAGE, "c")
	local dirty = vm:get_dirty_log{ slot = 0 }
	expect(dirty:pages()):eq{ 0x100, 0x141 }
	expect(vm:clear_dirty_log{ slot = 0, bitmap = dirty }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
end)

scenario("manual protection: pages written before are protected by clear, not by get", {
	arch = with_log, mmu = mmu,
}, function(sim)
	local vm, vcpu = guest(sim, LOG, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
	vcpu:write(0x100 * PAGE, "a")
	vm:get_dirty_log{ slot = 0 }
	expect(sim.inspect:mapping(vm, 0x100 * PAGE)):fields{ present = true }
	vm:clear_dirty_log{ slot = 0 }
	vcpu:write(0x100 * PAGE, "b")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x100 }
end)

scenario("initially set: all pages are dirty at first", { arch = with_log, mmu = mmu }, function(sim)
	local both = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET
	local vm, vcpu = guest(sim, LOG, both)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(256)
	vcpu:write(0x110 * PAGE, "x")
	expect(vm:clear_dirty_log{ slot = 0 }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	vcpu:write(0x110 * PAGE, "y")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x110 }
end)

cases("KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2", { arch = with_log }, {
	{ "off",                            0, 0,  0 },
	{ "protect",                        0, 1,  0 },
	{ "protect and initially set",      0, 3,  0 },
	{ "initially set alone",            0, 2,  -EINVAL },
	{ "unknown bit",                    0, 4,  -EINVAL },
	{ "flags",                          1, 1,  -EINVAL },
}, function(sim, case)
	local vm = guest(sim, 0)
	expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, flags = case[2],
		args = { case[3] } }):eq(case[4])
end)

cases("KVM_GET_DIRTY_LOG refuses", { arch = "x86_64" }, {
	{ "a slot that is not there",      { slot = 1 },            -ENOENT },
	{ "a slot id past the limit",      { slot = 32764 },        -EINVAL },
	{ "an address space too many",     { slot = 0, as_id = 2 }, -EINVAL },
	{ "the slot of the other space",   { slot = 0, as_id = 1 }, -ENOENT },
}, function(sim, case)
	local vm = guest(sim, LOG)
	expect(vm:get_dirty_log(case[2])):eq(case[3])
end)

scenario("KVM_GET_DIRTY_LOG refuses a slot without logging", function(sim)
	local vm = guest(sim, 0)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
end)

cases("KVM_CLEAR_DIRTY_LOG refuses", { arch = "x86_64" }, {
	{ "a slot that is not there",      { slot = 1, num_pages = 64 },                     -ENOENT },
	{ "a slot id past the limit",      { slot = 32764, num_pages = 64 },                 -EINVAL },
	{ "an address space too many",     { slot = 0, as_id = 2, num_pages = 64 },          -EINVAL },
	{ "a first page inside a word",    { slot = 0, first_page = 1, num_pages = 64 },     -EINVAL },
	{ "a number inside a word",        { slot = 0, first_page = 0, num_pages = 63 },     -EINVAL },
	{ "a first page past the slot",    { slot = 0, first_page = 320, num_pages = 64 },   -EINVAL },
	{ "a number past the slot",        { slot = 0, first_page = 192, num_pages = 128 },  -EINVAL },
	{ "a bitmap that cannot be read",  { slot = 0, num_pages = 256 },                    -EFAULT },
}, function(sim, case)
	local vm = guest(sim, LOG, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE)
	if case[3] == -EFAULT then
		expect(vm:ioctl(KVM_CLEAR_DIRTY_LOG, string.pack("<I4I4i8i8", 0, 256, 0, PAGE))):eq(-EFAULT)
	else
		expect(vm:clear_dirty_log(case[2])):eq(case[3])
	end
end)
