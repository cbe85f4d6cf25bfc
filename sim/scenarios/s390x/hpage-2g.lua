-- SPDX-License-Identifier: GPL-2.0-only
-- 2 GiB host pages (enhanced DAT 2): KVM_CAP_S390_HPAGE_2G, hugetlb memory as entries of the gmap's region-third table.
-- Since 7.0. A page has memory of the host's only where somebody touches it, so the scenarios touch little.

local MiB <const>, GiB <const> = 1 << 20, 1 << 30
local PAGE <const> = 2 * GiB
local options = { arch = "s390x", mmu = "hpage", kernel = "7.0", ram = "4G" }
local two_pages = { arch = "s390x", mmu = "hpage", kernel = "7.0", ram = "6G" }
local HPAGE_1M <const>, HPAGE_2G <const> = { cap = KVM_CAP_S390_HPAGE_1M }, { cap = KVM_CAP_S390_HPAGE_2G }
local FLAGS <const> = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGE_2GB
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- Where the guest has them: below 2 GiB is its lowcore, in small pages.
local BASE <const> = PAGE

-- pages: of 2 GiB. Slot 0 has memory_size of them, from offset on, at gpa; else all at BASE.
local function guest(sim, t)
	t = t or {}
	local vmm = sim:process()
	local ram = vmm:mmap{ length = (t.pages or 1) * PAGE, hugetlb = true, flags = FLAGS }
	local vm = vmm:open_kvm():create_vm()
	for _, cap in ipairs(t.caps or { HPAGE_1M, HPAGE_2G }) do
		expect(vm:enable_cap(cap)):eq(0)
	end
	expect(vm:set_user_memory_region{ slot = 0, flags = t.flags, guest_phys_addr = t.gpa or BASE,
		memory_size = t.memory_size or ram.length, userspace_addr = ram.addr + (t.offset or 0) }):eq(0)
	return vm:create_vcpu{ lowcore = t.lowcore }, ram, vm, vmm
end

local function level(sim, vm, gpa)
	local m = sim.inspect:mapping(vm, gpa)
	return m.present and m.level
end

-- --- the capability ----------------------------------------------------------------------------------------

cases("hpage 2g: is there", { arch = "s390x", mmu = { "sie", "hpage" }, kernel = "7.0" }, {
	{ "for an ordinary VM", nil, 1 }, { "not for a VM of user space's", KVM_VM_S390_UCONTROL, 0 },
}, function(sim, case)
	local there = sim.mmu == "hpage" and case[3] or 0
	local vm = sim:process():open_kvm():create_vm{ type = case[2] }
	expect(vm:check_extension(KVM_CAP_S390_HPAGE_2G)):eq(there)
	expect(vm:enable_cap(HPAGE_2G)):eq(there == 1 and 0 or -EINVAL)
end)

scenario("hpage 2g: only before the first vCPU, without CMMA, and with a module parameter", {
	arch = "s390x", mmu = "hpage", kernel = "7.0" }, function(sim)
	expect(sim:set_module_param("kvm.hpage_2g", false)):eq(-EACCES)
	local _, _, vm = sim:guest()
	expect(vm:enable_cap(HPAGE_2G)):eq(-EBUSY)
	local other = sim:process():open_kvm():create_vm()
	expect(other:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(other:enable_cap(HPAGE_2G)):eq(-EINVAL)
end)

-- --- the host's pages ----------------------------------------------------------------------------------------

scenario("hpage 2g: the host has none without EDAT-2", { arch = "s390x", mmu = "hpage", kernel = "7.0", ram = "4G",
	facilities = { edat2 = false } }, function(sim)
	local vmm = sim:process()
	expect(vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }):eq(-EINVAL)
	expect(vmm:shmem(PAGE, MFD_HUGETLB | MFD_HUGE_2GB)):eq(-ENODEV)
	expect(vmm:mmap{ length = MiB, hugetlb = true }):ok()
end)

scenario("hpage 2g: no more pages than RAM has room for", two_pages, function(sim)
	local vmm = sim:process()
	expect(vmm:mmap{ length = 3 * PAGE, hugetlb = true, flags = FLAGS }):eq(-ENOMEM)
	local one = vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }
	local two = vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }
	expect(vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }):eq(-ENOMEM)
	one:write(5, "one")
	two:write(PAGE - 3, "two")
	-- The one that is free is in the middle of what is in use.
	expect(one:munmap(0, PAGE)):eq(0)
	local again = vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }
	expect(again:read(5, 3)):eq("\0\0\0")
	expect(two:read(PAGE - 3, 3)):eq("two")
	expect(vmm:mmap{ length = "8M" }:write(0, "small")):eq(0)
end)

scenario("hpage 2g: a machine without room has none", { arch = "s390x", mmu = "hpage", kernel = "7.0" }, function(sim)
	expect(sim:process():mmap{ length = PAGE, hugetlb = true, flags = FLAGS }):eq(-ENOMEM)
end)

scenario("hpage 2g: a page is zero, whatever was there", options, function(sim)
	local vmm = sim:process()
	for _ = 1, 2 do
		local ram = vmm:mmap{ length = PAGE, hugetlb = true, flags = FLAGS }
		-- The first touch is in the middle: the kernel clears what is before it and behind it first.
		expect(ram:read(GiB + 0x5000, 4)):eq("\0\0\0\0")
		for _, offset in ipairs{ 0, 0x5000, GiB + 0x4000, GiB + 0x5000, GiB + 0x9000, PAGE - 4 } do
			expect(ram:read(offset, 4)):eq("\0\0\0\0")
			ram:write(offset, "full")
		end
		expect(ram:page(0)):fields{ mapped = true, huge = true, writable = true }
		expect(ram:munmap(0, PAGE)):eq(0)
	end
end)

-- --- mapping -------------------------------------------------------------------------------------------------

-- Where the guest's first access is must not matter.
cases("hpage 2g: the page is one entry of the guest's, after the first access at", options, {
	{ "its beginning", 0 }, { "1 MiB and some", MiB + 0x5000 }, { "its end", PAGE - 4096 },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	local at = case[2]
	ram:write(at, "VMM")
	expect(vcpu:read(BASE + at, 3)):eq("VMM")
	for _, gpa in ipairs{ 0, 0x5000, GiB, PAGE - 1 } do
		expect(sim.inspect:mapping(vm, BASE + gpa)):fields{ present = true, level = 3,
			page = ram:page(gpa >> 12) }
	end
	expect(sim.inspect:tlb(vcpu, BASE + at)):fields{ level = 3, page = ram:page(at >> 12) }
	local faults = sim.inspect:counters().guest_faults
	expect(vcpu:write(BASE + GiB + 0x7000, "guest")):is_true()
	expect(ram:read(GiB + 0x7000, 5)):eq("guest")
	expect(vcpu:write(BASE + 0x7000, "guest")):is_true()
	expect(vcpu:write(BASE + PAGE - 8, "the end!")):is_true()
	-- One more: the first access only read.
	expect(sim.inspect:counters().guest_faults):eq(faults + 1)
	expect(ram:read(PAGE - 8, 8)):eq("the end!")
end)

scenario("hpage 2g: an access over the border of two pages", two_pages, function(sim)
	local vcpu, ram, vm = guest(sim, { pages = 2 })
	expect(vcpu:write(BASE + PAGE - 4, "88888888")):is_true()
	expect(ram:read(PAGE - 4, 8)):eq("88888888")
	expect(level(sim, vm, BASE)):eq(3)
	expect(level(sim, vm, BASE + PAGE)):eq(3)
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_WRITE, gaddr = BASE + PAGE - 2, data = "over" }):eq(0)
	expect(vcpu:read(BASE + PAGE - 2, 4)):eq("over")
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_READ, gaddr = BASE + PAGE - 4, size = 8 }):eq("88over88")
end)

cases("hpage 2g: without the capability the guest gets frames of", options, {
	{ "1 MiB", { HPAGE_1M }, 2 }, { "4 KiB", {}, 1 },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim, { caps = case[2] })
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(ram:read(GiB + 0x5000, 1)):eq("x")
	expect(sim.inspect:mapping(vm, BASE + GiB + 0x5000)):fields{ present = true, level = case[3],
		page = ram:page((GiB + 0x5000) >> 12) }
	expect(level(sim, vm, BASE)):eq(false)
end)

scenario("hpage 2g: with this capability alone, what does not fit gets small pages", options, function(sim)
	local vcpu, _, vm = guest(sim, { caps = { HPAGE_2G }, memory_size = GiB })
	expect(vcpu:write(BASE + 0x5000, "x")):is_true()
	expect(level(sim, vm, BASE + 0x5000)):eq(1)
end)

-- gmap_2g_allowed(): the frame must be inside of the slot, and as far from a border of 2 GiB as the guest's.
-- case[3]: of the access, from the slot's beginning on.
cases("hpage 2g: a slot that does not fit gets smaller frames:", two_pages, {
	{ "it ends too early",      { memory_size = PAGE - MiB },                                  0x5000,       2 },
	{ "it begins too late",     { memory_size = PAGE - MiB, offset = MiB, gpa = BASE + MiB },  GiB,          2 },
	{ "it is shifted by 1 MiB", { pages = 2, offset = MiB, memory_size = PAGE },               GiB + 0x5000, 2 },
	{ "it is shifted by 4 KiB", { pages = 2, offset = 4096, memory_size = PAGE },              GiB,          1 },
	{ "the first page is half in it", { pages = 2, offset = GiB, gpa = BASE + GiB, memory_size = 3 * GiB },
		0x5000, 2 },
	{ "but not where the second one is", { pages = 2, offset = GiB, gpa = BASE + GiB, memory_size = 3 * GiB },
		GiB + 0x5000, 3 },
	{ "but not at another multiple of 2 GiB", { gpa = 3 * PAGE }, 0x5000, 3 },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim, case[2])
	local gpa <const>, offset <const> = (case[2].gpa or BASE) + case[3], (case[2].offset or 0) + case[3]
	expect(vcpu:write(gpa, "x")):is_true()
	expect(ram:read(offset, 1)):eq("x")
	expect(sim.inspect:mapping(vm, gpa)):fields{ present = true, level = case[4], page = ram:page(offset >> 12) }
end)

scenario("hpage 2g: pre-fault maps it in one step", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	local rc, left = vcpu:pre_fault_memory{ gpa = BASE + GiB, size = GiB }
	expect(rc):eq(0)
	expect(left):eq{ gpa = BASE + PAGE, size = 0 }
	expect(sim.inspect:mapping(vm, BASE)):fields{ present = true, level = 3, dirty = false, page = ram:page(0) }
end)

scenario("hpage 2g: pages of all sizes in one slot", two_pages, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, { pages = 2 })
	expect(ram:munmap(PAGE, PAGE)):eq(0)
	local at <const> = ram.addr + PAGE
	expect(vmm:mmap{ addr = at, length = MiB, hugetlb = true,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }.addr):eq(at)
	expect(vmm:mmap{ addr = at + MiB, length = MiB, huge = false,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }.addr):eq(at + MiB)
	for i, gpa in ipairs{ PAGE + MiB, PAGE, 0 } do
		expect(vcpu:write(BASE + gpa + 0x5000, "x")):is_true()
		expect(level(sim, vm, BASE + gpa)):eq(i > 1 and i)
		expect(level(sim, vm, BASE + gpa + 0x5000)):eq(i)
	end
end)

-- --- host events -------------------------------------------------------------------------------------------

-- What takes the page away from the guest, and what a read finds then.
cases("hpage 2g: the guest loses the page by", options, {
	{ "munmap", function(ram) expect(ram:munmap(0, PAGE)):eq(0) end, nil },
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0, PAGE, MADV_DONTNEED)):eq(0) end, "\0" },
	{ "mprotect", function(ram)
		expect(ram:mprotect(0, PAGE, "none")):eq(0)
		expect(ram:mprotect(0, PAGE, "rw")):eq(0)
	end, "x" },
	{ "a new mapping", function(ram, vmm)
		expect(vmm:mmap{ addr = ram.addr, length = MiB, huge = false,
			flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }):eq(-EINVAL)
		expect(vmm:mmap{ addr = ram.addr, length = PAGE, hugetlb = true, flags = FLAGS | MAP_FIXED }):ok()
	end, "\0" },
	{ "mremap", function(ram)
		expect(ram:mremap{ old_length = PAGE, new_length = PAGE, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
			new_addr = 1 << 40 }.addr):eq(1 << 40)
	end, nil },
}, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(vcpu:write(BASE, "a")):is_true()
	case[2](ram, vmm)
	for _, gpa in ipairs{ 0, GiB + 0x5000, PAGE - 1 } do
		expect(level(sim, vm, BASE + gpa)):eq(false)
		expect(sim.inspect:tlb(vcpu, BASE + gpa)):errno(ENOENT)
	end
	local got = vcpu:read(BASE + GiB + 0x5000, 1)
	if case[3] then
		expect(got):eq(case[3])
		expect(sim.inspect:mapping(vm, BASE)):fields{ level = 3, page = ram:page(0) }
	else
		expect(got):fields{ ret = -EFAULT }
	end
end)

cases("hpage 2g: what the host does not do to a part of the page", options, {
	{ "munmap", -EINVAL, function(ram) return ram:munmap(GiB, MiB) end },
	{ "mprotect", -EINVAL, function(ram) return ram:mprotect(GiB, MiB, "r") end },
	{ "MADV_DONTNEED", 0, function(ram) return ram:madvise(0, MiB, MADV_DONTNEED) end },
	{ "migration", -EBUSY, function(ram) return ram:migrate(0) end },
	{ "swap", -EINVAL, function(ram) return ram:swap_out(0, MiB) end },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(BASE + 0x5000, "x")):is_true()
	expect(case[3](ram)):eq(case[2])
	expect(sim.inspect:mapping(vm, BASE + 0x5000)):fields{ present = true, level = 3, page = ram:page(5) }
	expect(vcpu:read(BASE + 0x5000, 1)):eq("x")
end)

scenario("hpage 2g: read-only for the VMM is read-only for the guest", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(ram:mprotect(0, PAGE, "r")):eq(0)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("x")
	expect(sim.inspect:mapping(vm, BASE)):fields{ present = true, level = 3, writable = false }
	expect(vcpu:write(BASE + 0x6000, "y")):fields{ ret = -EFAULT }
	expect(ram:mprotect(0, PAGE, "rw")):eq(0)
	expect(vcpu:write(BASE + 0x6000, "y")):is_true()
	expect(sim.inspect:mapping(vm, BASE)):fields{ level = 3, writable = true, page = ram:page(0) }
end)

-- Nobody writes, because the copy would take the host's memory for all of the page.
scenario("hpage 2g: fork", two_pages, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vcpu:write(BASE + GiB + 0x5000, "parent")):is_true()
	local child = vmm:fork()
	expect(level(sim, vm, BASE)):eq(false)
	expect(vcpu:read(BASE + GiB + 0x5000, 6)):eq("parent")
	expect(sim.inspect:mapping(vm, BASE)):fields{ present = true, level = 3, writable = false }
	expect(child:view(ram):read(GiB + 0x5000, 6)):eq("parent")
	expect(child:view(ram):page(0)):eq(ram:page(0))
	expect(child:exit()):eq(0)
	expect(vcpu:write(BASE + GiB + 0x5000, "again ")):is_true()
	expect(sim.inspect:mapping(vm, BASE)):fields{ level = 3, writable = true }
end)

scenario("hpage 2g: a shared page, and the hole in its file", options, function(sim)
	local vmm = sim:process()
	local file = vmm:shmem(PAGE, MFD_HUGETLB | MFD_HUGE_2GB)
	local ram = vmm:mmap{ length = PAGE, file = file, align = PAGE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap(HPAGE_2G)):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = BASE, memory_size = PAGE,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(level(sim, vm, BASE)):eq(3)
	-- A hole of less than a page is made of zeros.
	expect(file:punch_hole(GiB + 0x4000, "8K")):eq(0)
	expect(level(sim, vm, BASE)):eq(3)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("\0")
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(file:punch_hole(0, PAGE)):eq(0)
	expect(level(sim, vm, BASE)):eq(false)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("\0")
	expect(file:ftruncate(0)):eq(0)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):fields{ ret = -EFAULT }
end)

-- --- slots and the log -------------------------------------------------------------------------------------

scenario("hpage 2g: the slot is deleted and moved, the memory stays", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(level(sim, vm, BASE + GiB + 0x5000)):eq(false)
	expect(sim.inspect:tlb(vcpu, BASE + GiB + 0x5000)):errno(ENOENT)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):fields{ exception = { code = 5 } }
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 5 * PAGE, memory_size = PAGE,
		userspace_addr = ram }):eq(0)
	expect(vcpu:read(5 * PAGE + GiB + 0x5000, 1)):eq("x")
	expect(sim.inspect:mapping(vm, 5 * PAGE)):fields{ level = 3, page = ram:page(0) }
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 4 * PAGE, memory_size = PAGE,
		userspace_addr = ram }):eq(0)
	expect(level(sim, vm, 5 * PAGE)):eq(false)
	expect(vcpu:read(4 * PAGE + GiB + 0x5000, 1)):eq("x")
end)

scenario("hpage 2g: a store makes all pages of the slot dirty, once", options, function(sim)
	local vcpu, ram, vm = guest(sim, { flags = LOG })
	local function dirty() return vm:get_dirty_log{ slot = 0 }:count() end
	ram:write(0x5000, "VMM")
	expect(vcpu:read(BASE + 0x5000, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, BASE)):fields{ level = 3, writable = false }
	expect(dirty()):eq(0)
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(sim.inspect:mapping(vm, BASE)):fields{ level = 3, writable = true }
	expect(dirty()):eq(PAGE >> 12)
	expect(sim.inspect:mapping(vm, BASE)):fields{ present = true, level = 3, writable = false }
	expect(dirty()):eq(0)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("x")
	expect(dirty()):eq(0)
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_WRITE, gaddr = BASE + 0x6000, data = "KVM" }):eq(0)
	expect(dirty()):eq(PAGE >> 12)
	expect(vcpu:write(BASE + PAGE - 1, "x")):is_true()
	for _, flags in ipairs{ 0, LOG } do
		expect(vm:set_user_memory_region{ slot = 0, flags = flags, guest_phys_addr = BASE, memory_size = PAGE,
			userspace_addr = ram }):eq(0)
	end
	expect(dirty()):eq(PAGE >> 12)
end)

-- --- keys, page states, the prefix area ----------------------------------------------------------------------

scenario("hpage 2g: storage keys are those of the frame", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	local function keys(gpa, n) return vm:s390_get_skeys{ start_gfn = gpa >> 12, count = n } end
	ram:write(GiB + 0x5000, "touched")
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("t")
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(vcpu:sske(BASE + GiB + 0x5000, 0x30)):is_true()
	-- Enabling them has cleared what the accesses had set.
	expect(keys(BASE + GiB + 0x4000, 3)):eq("\0\x30\0")
	expect(vm:s390_set_skeys{ start_gfn = (BASE + PAGE >> 12) - 1, keys = "\x38" }):eq(0)
	expect(vcpu:iske(BASE + PAGE - 4096)):eq(0x38)
	expect(vcpu:write(BASE + GiB + 0x5000, "y")):is_true()
	expect(vcpu:iske(BASE + GiB + 0x5000)):eq(0x36)
	expect(vcpu:rrbe(BASE + GiB + 0x5000)):eq(3)
	expect(vcpu:pfmf(BASE + MiB, 0x20000 | 0x1000 | 0x40)):is_true()
	expect(keys(BASE + MiB - 4096, 2)):eq("\0\x40")
	expect(keys(BASE + 2 * MiB - 4096, 2)):eq("\x40\0")
	expect(level(sim, vm, BASE)):eq(3)
	expect(vcpu:set_psw{ key = 4 }):eq(0)
	expect(vcpu:read(BASE + PAGE - 4096, 1)):fields{ exception = { code = 4 } }
end)

scenario("hpage 2g: there are no page states", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(BASE + GiB + 0x5000, "x")):is_true()
	expect(vm:s390_set_cmma_bits{ start_gfn = (BASE + GiB >> 12) + 5, values = "\1" }):lt(0)
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(vcpu:diag10(BASE + GiB, BASE + GiB + MiB - 4096)):is_true()
	expect(level(sim, vm, BASE)):eq(3)
	expect(vcpu:read(BASE + GiB + 0x5000, 1)):eq("x")
	expect(ram:page(0).huge):is_true()
end)

cases("hpage 2g: the prefix area in the page comes back before the guest goes on after", two_pages, {
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(0, PAGE, MADV_DONTNEED)):eq(0) end },
	{ "mprotect",      function(ram)
		expect(ram:mprotect(0, PAGE, "r")):eq(0)
		expect(ram:mprotect(0, PAGE, "rw")):eq(0)
	end },
	{ "the dirty log", function(_, vm) expect(vm:get_dirty_log{ slot = 0 }:count()):gt(0) end },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim, { pages = 2, gpa = 0, lowcore = false, flags = LOG })
	expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = 5 * MiB }):eq(0)
	expect(vcpu:write(PAGE, "runs")):is_true()
	expect(sim.inspect:mapping(vm, 5 * MiB)):fields{ level = 3, writable = true }
	case[2](ram, vm)
	expect(sim.inspect:mapping(vm, 5 * MiB).writable):is_false()
	expect(vcpu:read(PAGE, 4)):eq("runs")
	expect(sim.inspect:mapping(vm, 5 * MiB)):fields{ level = 3, writable = true }
end)
