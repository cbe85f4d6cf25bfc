-- SPDX-License-Identifier: GPL-2.0-only
-- hugetlb memory in a guest: the level of its mapping, the borders of slots, rights, and the pool that it comes from.

-- The pool of the usual machine has no pages of 512 MiB.
if PMD_SIZE <= 1 << 25 then
	any_page_size()
end
local PAGE <const> = PAGE_SIZE
local HALF <const> = PMD_SIZE // 2	-- of a block

local H <const> = require("huge")
local each_size <const> = H.each_size
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

-- --- faults ------------------------------------------------------------------------------------------------

each_size("hugetlb: a page of the VMM's is one mapping of the guest's", function(sim, bytes, level)
	local vcpu, ram, vm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes } }
	local last <const> = bytes - PAGE
	ram:write(last, "VMM")
	expect(ram:page(0)):fields{ mapped = true, huge = level > 1, writable = true }
	expect(vcpu:read(last, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, last)):fields{ present = true, level = level, page = ram:page(last // PAGE) }
	expect(sim.inspect:tlb(vcpu, last)):fields{ level = level, page = ram:page(last // PAGE) }
	-- Of contiguous entries, pages or blocks, stage 2 has the one.
	expect(sim.inspect:mapping(vm, 0).present):eq(bytes == PMD_SIZE)
	expect(sim.inspect:mapping(vm, bytes).present):is_false()
	expect(vcpu:write(0, "guest")):is_true()
	expect(ram:read(0, 5)):eq("guest")
	-- First touched by the guest.
	expect(vcpu:write(2 * bytes - 8, "guest")):is_true()
	expect(ram:page(bytes // PAGE)):fields{ mapped = true, huge = level > 1, writable = true }
	expect(ram:page(bytes // PAGE).pfn % (bytes // PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, 2 * bytes - 8)):fields{ level = level, writable = true }
	expect(vcpu:read(bytes, 8)):eq(("\0"):rep(8))
end)

each_size("hugetlb: a read of what nobody has touched finds zeros, a write keeps the page", function(sim, bytes, level)
	local vcpu, ram, vm = sim:guest{ ram = { length = bytes, hugetlb = bytes } }
	expect(vcpu:read(bytes - 8, 8)):eq(("\0"):rep(8))
	expect(ram:page(0)):fields{ mapped = true, huge = level > 1, zero = false }
	expect(vcpu:write(bytes - PAGE, "x")):is_true()
	expect(sim.inspect:mapping(vm, bytes - PAGE)):fields{ level = level, writable = true,
		page = ram:page(bytes // PAGE - 1) }
end)

each_size("hugetlb: a file", function(sim, bytes, level)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes, kind = "shmem" } }
	local again = vmm:mmap{ length = 2 * bytes, file = ram.file }
	again:write(bytes + 3 * PAGE, "VMM")
	expect(vcpu:read(bytes + 3 * PAGE, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE)):fields{ level = level, page = again:page(bytes // PAGE + 3) }
	expect(vcpu:write(bytes + 3 * PAGE, "guest")):is_true()
	expect(again:read(bytes + 3 * PAGE, 5)):eq("guest")
	-- The length is rounded up.
	local short = vmm:mmap{ length = PAGE, file = ram.file, offset = bytes }
	expect(vmm:read(short.addr + 3 * PAGE, 5)):eq("guest")
end)

scenario("hugetlb: guest code copies from one page to the next, and is copied itself", H.x86, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", hugetlb = "2M" },
		data = { [0x1f0000] = ("data"):rep(0x8000) } }
	local exit = vcpu:run_code{ at = 0x1000, regs = { rsi = 0x1f0000, rdi = 0x1f8000, rcx = 0x4000 }, hex = [[
		f3 48 a5                # rep movsq
		f4                      # hlt
	]] }
	expect(exit):fields{ reason = KVM_EXIT_HLT }
	expect(ram:read(0x1f8000, 0x20000)):eq(("data"):rep(0x8000))
	for gpa = 0, 0x200000, 0x200000 do
		expect(sim.inspect:mapping(vm, gpa)):fields{ present = true, level = 2, writable = true,
			page = ram:page(gpa // 4096) }
	end
end)

-- --- slots -------------------------------------------------------------------------------------------------

cases("hugetlb: the borders of a slot decide about the level", H.options, {
	-- offset in ram, guest-physical address, size; addresses and their level
	{ "all aligned",                  0,       2 * HALF, 4 * HALF, { { 2 * HALF, 2 }, { 5 * HALF, 2 } } },
	{ "begin inside of a page",       HALF, HALF, 3 * HALF, { { HALF, 1 }, { 3 * HALF, 2 }, { 4 * HALF - PAGE, 2 } } },
	{ "end inside of a page",         0,       0,       3 * HALF, { { 0, 2 }, { 2 * HALF, 1 }, { 3 * HALF - PAGE, 1 } } },
	{ "inside of one page",           PAGE,    PAGE,    HALF, { { PAGE, 1 }, { HALF, 1 } } },
	{ "out of step by a page",        0,       PAGE,    4 * HALF, { { PAGE, 1 }, { 2 * HALF, 1 }, { 3 * HALF, 1 } } },
	{ "out of step by half of it",    0,       HALF, 4 * HALF, { { HALF, 1 }, { 2 * HALF, 1 }, { 4 * HALF, 1 } } },
}, function(sim, row)
	local vcpu, ram, vm = sim:guest{ ram = { length = 6 * HALF, hugetlb = 2 * HALF },
		slot = { offset = row[2], guest_phys_addr = row[3], memory_size = row[4] } }
	for _, place in ipairs(row[5]) do
		local gpa, offset = place[1], place[1] - row[3] + row[2]
		expect(vcpu:write(gpa, "here")):is_true()
		expect(ram:read(offset, 4)):eq("here")
		expect(ram:page(offset // PAGE).huge):is_true()
		expect(sim.inspect:mapping(vm, gpa)):fields{ level = place[2], writable = true,
			page = ram:page(offset // PAGE) }
	end
	expect(vcpu:write(row[3] + row[4], "x")):fields{ reason = KVM_EXIT_MMIO }
end)

-- Stage 2 of arm64 maps contiguous blocks one by one: each that the slot has, in step by its own size.
if PAGE == 4096 then
	local bytes <const> = 32 << 20
	cases("hugetlb: the borders of a slot in contiguous blocks", H.arm, {
		-- offset in ram, guest-physical address, size; addresses and their level
		{ "all aligned", 0, bytes, bytes, { { bytes, 2 }, { 2 * bytes - PAGE, 2 } } },
		{ "out of step by a block", 0, bytes + 2 * HALF, bytes, { { 2 * bytes, 2 }, { bytes + 2 * HALF, 2 } } },
		{ "from a block on", 6 * HALF, 6 * HALF, 6 * HALF, { { 6 * HALF, 2 }, { 12 * HALF - PAGE, 2 } } },
		{ "from inside of a block", 7 * HALF, 7 * HALF, 4 * HALF, { { 7 * HALF, 1 }, { 8 * HALF, 2 }, { 10 * HALF, 1 } } },
		{ "out of step by a page", 0, bytes + PAGE, bytes, { { bytes + PAGE, 1 }, { 2 * bytes, 1 } } },
	}, function(sim, row)
		H.fill_pool(sim, bytes)
		local vcpu, ram, vm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes },
			slot = { offset = row[2], guest_phys_addr = row[3], memory_size = row[4] } }
		for _, place in ipairs(row[5]) do
			local gpa, offset = place[1], place[1] - row[3] + row[2]
			expect(vcpu:write(gpa, "here")):is_true()
			expect(ram:read(offset, 4)):eq("here")
			expect(sim.inspect:mapping(vm, gpa)):fields{ level = place[2], writable = true,
				page = ram:page(offset // PAGE) }
		end
		expect(ram:read(row[2] + 4, 4)):eq("\0\0\0\0")
		expect(vcpu:write(row[3] + row[4], "x")):fields{ reason = KVM_EXIT_MMIO }
	end)
end

scenario("hugetlb: two slots on one page, each with a part of it", H.options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 2 * HALF, hugetlb = 2 * HALF }, slot = { memory_size = HALF } }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = HALF, memory_size = HALF,
		userspace_addr = ram.addr + HALF }):eq(0)
	for _, gpa in ipairs{ 0, HALF - PAGE, HALF, 2 * HALF - PAGE } do
		expect(vcpu:write(gpa, ("at %x"):format(gpa))):is_true()
		expect(sim.inspect:mapping(vm, gpa)):fields{ level = 1, page = ram:page(gpa // PAGE) }
	end
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(vcpu:read(HALF - PAGE, 8)):eq(("at %x"):format(HALF - PAGE):sub(1, 8))
	expect(vcpu:write(HALF, "x")):fields{ reason = KVM_EXIT_MMIO }
	expect(ram:read(2 * HALF - PAGE, 9)):eq(("at %x"):format(2 * HALF - PAGE):sub(1, 9))
end)

scenario("hugetlb: two slots with the same page, far apart", H.options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = 4 * HALF, hugetlb = 2 * HALF } }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 1 << 30, memory_size = 2 * HALF,
		userspace_addr = ram.addr + 2 * HALF }):eq(0)
	expect(vcpu:write(3 * HALF, "both")):is_true()
	expect(vcpu:read((1 << 30) + HALF, 4)):eq("both")
	for _, gpa in ipairs{ 3 * HALF, (1 << 30) + HALF } do
		expect(sim.inspect:mapping(vm, gpa)):fields{ level = 2, page = ram:page(3 * HALF // PAGE) }
	end
	expect(ram:madvise(2 * HALF, 2 * HALF, MADV_DONTNEED)):eq(0)
	for _, gpa in ipairs{ 3 * HALF, (1 << 30) + HALF } do
		expect(sim.inspect:mapping(vm, gpa).present):is_false()
		expect(vcpu:read(gpa, 4)):eq("\0\0\0\0")
	end
end)

each_size("hugetlb: the slot goes and comes back", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	expect(g.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	for n = 0, 2 do
		g.lost(n)
	end
	expect(g.vcpu:read(bytes, 1)):fields{ reason = KVM_EXIT_MMIO }
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	for n = 0, 2 do
		g.same_data(n)
		g.maps(n, {})
	end
end)

each_size("hugetlb: a read-only slot", function(sim, bytes, level)
	local vcpu, ram, vm = sim:guest{ ram = { length = bytes, hugetlb = bytes },
		slot = { flags = KVM_MEM_READONLY } }
	ram:write(3 * PAGE, "VMM")
	expect(vcpu:read(3 * PAGE, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, level = level, writable = false }
	expect(vcpu:write(3 * PAGE, "x")):fields{ reason = KVM_EXIT_MMIO }
	expect(ram:read(3 * PAGE, 3)):eq("VMM")
end)

each_size("hugetlb: memory that the VMM may only read", function(sim, bytes, level)
	local vcpu, ram, vm = sim:guest{ ram = { length = bytes, hugetlb = bytes, prot = "r" } }
	expect(vcpu:read(3 * PAGE, 3)):eq("\0\0\0")
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ level = level, writable = false }
	expect(vcpu:write(3 * PAGE, "x")):fields{ ret = -EFAULT }
	expect(ram:mprotect(0, bytes, "rw")):eq(0)
	expect(vcpu:write(3 * PAGE, "x")):is_true()
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ level = level, writable = true }
end)

-- --- dirty log ---------------------------------------------------------------------------------------------

each_size("hugetlb: dirty logging reports single pages", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	g.slot.flags = LOG
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	expect(g.vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	local at <const> = bytes + g.inner
	expect(g.mapping(at).writable):is_false()
	expect(g.vcpu:write(at, "logged")):is_true()
	expect(g.mapping(at)):fields{ level = 1, writable = true, page = g.page(at) }
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ at // PAGE }
	expect(g.vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	-- The page beside is protected still, and so is the next huge one.
	expect(g.vcpu:write(at + PAGE, "logged too")):is_true()
	expect(g.vcpu:write(2 * bytes + g.last, "and here")):is_true()
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ at // PAGE + 1, (2 * bytes + g.last) // PAGE }
	expect(g.page(at).huge):eq(level > 1)
	expect(g.ram:read(at, 6)):eq("logged")
	g.same_data(0)
	g.slot.flags = 0
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	expect(g.vcpu:write(at, "free")):is_true()
	expect(g.vcpu:read(at + PAGE, 10)):eq("logged too")
	expect(g.ram:read(at, 4)):eq("free")
	-- arm64 keeps the pages of what it has split.
	if sim.arch == "x86_64" then
		expect(g.mapping(at)):fields{ level = level, writable = true }
	end
end)

-- eager_page_split: KVM splits at once, or when a page is written to.
cases("hugetlb: when logging begins, mappings are split", H.changed(H.x86, { mmu = { "ept", "npt" } }),
	{ { "at once", true }, { "at the first write", false } }, function(sim, row)
	expect(sim:set_module_param("kvm.eager_page_split", row[2])):eq(0)
	local g = H.guest(sim, PMD_SIZE, 2)
	g.slot.flags = LOG
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	for n = 0, 2 do
		g.maps(n, { level = row[2] and 1 or 2, writable = false })
		g.same_data(n)
	end
	expect(g.vcpu:write(5 * PAGE, "x")):is_true()
	expect(g.mapping(5 * PAGE)):fields{ level = 1, writable = true }
	expect(g.mapping(6 * PAGE)):fields{ present = true, level = 1, writable = false }
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
end)

-- --- the pool ----------------------------------------------------------------------------------------------

each_size("hugetlb: the pool has back what a guest had", function(sim, bytes, level)
	local vmm = sim:process()
	expect(vmm:set_hugetlb_pool{ size = bytes, pages = 5 }):eq(0)
	local g = H.guest(sim, bytes, level)
	expect(vmm:hugetlb_pool(bytes)):fields{ pages = 5, free = 2, reserved = 0, surplus = 0 }
	local more = g.vmm:mmap{ length = 2 * bytes, hugetlb = bytes }
	expect(vmm:hugetlb_pool(bytes)):fields{ free = 2, reserved = 2 }
	expect(more:write(0, "x")):eq(0)
	expect(vmm:hugetlb_pool(bytes)):fields{ free = 1, reserved = 1 }
	expect(more:munmap()):eq(0)
	expect(vmm:hugetlb_pool(bytes)):fields{ free = 2, reserved = 0 }
	expect(g.ram:madvise(bytes, bytes, MADV_DONTNEED)):eq(0)
	expect(vmm:hugetlb_pool(bytes)):fields{ free = 3 }
	g.lost(1)
	g.vmm:exit()
	expect(vmm:hugetlb_pool(bytes)):fields{ pages = 5, free = 5, reserved = 0, surplus = 0 }
	expect(vmm:set_hugetlb_pool{ size = bytes, pages = 0 }):eq(0)
	expect(vmm:hugetlb_pool(bytes)):fields{ pages = 0, free = 0 }
end)

each_size("hugetlb: the pool is empty, with a reservation and without", function(sim, bytes)
	local vmm = sim:process()
	expect(vmm:set_hugetlb_pool{ size = bytes, pages = 2, overcommit = not H.gigantic(bytes) and 0 or nil }):eq(0)
	expect(vmm:mmap{ length = 3 * bytes, hugetlb = bytes }):eq(-ENOMEM)
	local vcpu, ram, vm, owner = sim:guest{ ram = { length = 3 * bytes, hugetlb = bytes,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE } }
	expect(vcpu:write(0, "first")):is_true()
	expect(vcpu:write(bytes, "second")):is_true()
	expect(vcpu:write(2 * bytes, "third")):fields{ ret = -EFAULT }
	expect(sim.inspect:mapping(vm, 2 * bytes).present):is_false()
	expect(owner:take_signal()):is_nil()
	expect(ram:write(2 * bytes, "third")):eq(-EFAULT)
	expect(owner:take_signal()):fields{ signo = SIGBUS, code = BUS_ADRERR, addr = ram.addr + 2 * bytes }
	expect(ram:madvise(0, bytes, MADV_DONTNEED)):eq(0)
	expect(vcpu:write(2 * bytes, "third")):is_true()
	expect(vcpu:read(0, 1)):fields{ ret = -EFAULT }
	expect(vcpu:read(bytes, 6)):eq("second")
end)

cases("hugetlb: sizes that there are not", H.options, {
	{ "a page", PAGE }, { "4 MiB", 4 << 20 }, { "16 GiB", 16 << 30 },
}, function(sim, row)
	local vmm = sim:process()
	expect(vmm:mmap{ length = row[2], hugetlb = row[2] }):eq(-EINVAL)
	expect(vmm:hugetlb_pool(row[2])):eq(-ENOENT)
	expect(vmm:shmem(2 << 20, MFD_HUGE_2MB)):eq(-EINVAL)
	expect(vmm:shmem(2 << 20, MFD_HUGETLB | MFD_HUGE_2MB)):ok()
end)
