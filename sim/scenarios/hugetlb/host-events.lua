-- SPDX-License-Identifier: GPL-2.0-only
-- What the host does to hugetlb memory of a guest: always to whole pages (unmap_hugepage_range(), change_protection(),
-- move_hugetlb_page_tables(), copy on write in mm/hugetlb.c).

-- The pool of the usual machine has no pages of 512 MiB.
if PMD_SIZE <= 1 << 25 then
	any_page_size()
end
local PAGE <const> = PAGE_SIZE

local H <const> = require("huge")
local each_size <const> = H.each_size

each_size("hugetlb: munmap()", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	expect(g.ram:munmap(bytes, bytes)):eq(0)
	g.lost(1)
	g.neighbours_stay()
	expect(g.vcpu:read(bytes + g.inner, 1)):fields{ ret = -EFAULT }
	expect(g.vcpu:write(bytes, "x")):fields{ ret = -EFAULT }
end)

each_size("hugetlb: MADV_DONTNEED", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	expect(g.ram:madvise(bytes, bytes, MADV_DONTNEED)):eq(0)
	g.lost(1)
	g.neighbours_stay()
	expect(g.ram:read(bytes + g.last, 4)):eq("\0\0\0\0")
	expect(g.vcpu:read(bytes + g.inner, 4)):eq("\0\0\0\0")
	expect(g.vcpu:write(bytes + g.last, "new")):is_true()
	expect(g.ram:read(bytes + g.last, 3)):eq("new")
	g.neighbours_stay()
end)

cases("hugetlb: rights of a whole page", H.options, { { "PROT_READ", "r", true }, { "PROT_NONE", "none" } },
	function(sim, row)
	local bytes <const> = PMD_SIZE
	local g = H.guest(sim, bytes, 2)
	for _ = 1, 2 do
		expect(g.ram:mprotect(bytes, bytes, row[2])):eq(0)
		expect(g.mapping(bytes).writable):is_false()
		if row[3] then
			g.same_data(1)
			g.maps(1, { writable = false })
		else
			g.lost(1)
			expect(g.vcpu:read(bytes + g.inner, 1)):fields{ ret = -EFAULT }
		end
		expect(g.vcpu:write(bytes + g.last, "x")):fields{ ret = -EFAULT }
		g.neighbours_stay()
		expect(g.ram:mprotect(bytes, bytes, "rw")):eq(0)
		g.same_data(1)
		g.fill(1)
		g.maps(1, { writable = true })
	end
end)

each_size("hugetlb: mprotect() and back, between two writes of the guest", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	expect(g.ram:mprotect(bytes, bytes, "r")):eq(0)
	expect(g.vcpu:write(bytes + g.inner, "x")):fields{ ret = -EFAULT }
	expect(g.ram:write(bytes + g.inner, "x")):eq(-EFAULT)
	g.same_data(1)
	expect(g.ram:mprotect(bytes, bytes, "rw")):eq(0)
	g.fill(1)
	g.neighbours_stay()
end)

-- All of the mapping: a part would lose the reservation of the rest (docs/findings.md).
each_size("hugetlb: it moves away and back", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	local place <const>, flags <const> = 1 << 40, MREMAP_MAYMOVE | MREMAP_FIXED
	local frame = g.page(bytes)
	local moved = g.ram:mremap{ old_length = 3 * bytes, new_length = 3 * bytes, flags = flags, new_addr = place }
	expect(moved.addr):eq(place)
	expect(moved:page(bytes // PAGE)):eq(frame)
	for n = 0, 2 do
		g.lost(n)
		expect(g.vcpu:read(n * bytes + g.last, 1)):fields{ ret = -EFAULT }
	end
	moved:write(bytes + 3 * PAGE, "moved")
	expect(moved:mremap{ new_length = 3 * bytes, flags = flags, new_addr = g.ram.addr }.addr):eq(g.ram.addr)
	expect(g.vcpu:read(bytes + 3 * PAGE, 5)):eq("moved")
	expect(g.page(bytes)):eq(frame)
	for n = 0, 2 do
		g.same_data(n)
		g.maps(n, {})
	end
end)

each_size("hugetlb: a part of a page, and what huge pages never do", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	expect(g.ram:munmap(bytes, PAGE)):eq(-EINVAL)
	expect(g.ram:mprotect(bytes, PAGE, "r")):eq(-EINVAL)
	expect(g.ram:madvise(bytes + PAGE, PAGE, MADV_DONTNEED)):eq(-EINVAL)
	-- Its end is rounded down.
	expect(g.ram:madvise(bytes, bytes - PAGE, MADV_DONTNEED)):eq(0)
	expect(g.ram:madvise(bytes, bytes, MADV_FREE)):eq(-EINVAL)
	expect(g.ram:swap_out(bytes, bytes)):eq(-EINVAL)
	expect(g.ram:split_huge(bytes)):lt(0)
	g.same_data(1)
	g.maps(1, { writable = true })
	g.neighbours_stay()
end)

each_size("hugetlb: holes in a file, and its end", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level, { ram = { kind = "shmem" } })
	-- A hole of less than a page is made of zeros.
	expect(g.ram.file:punch_hole(bytes + g.inner, PAGE)):eq(0)
	expect(g.vcpu:read(bytes + g.inner, 4)):eq("\0\0\0\0")
	expect(g.vcpu:read(bytes + g.last, 15)):eq(g.text(1, g.last))
	expect(g.ram.file:punch_hole(bytes, bytes)):eq(0)
	g.lost(1)
	expect(g.vcpu:read(bytes + g.last, 4)):eq("\0\0\0\0")
	g.fill(1)
	g.neighbours_stay()
	expect(g.ram.file:ftruncate(bytes)):eq(0)
	g.lost(1)
	g.lost(2)
	expect(g.vcpu:read(bytes, 1)):fields{ ret = -EFAULT }
	expect(g.ram:read(bytes, 1)):eq(-EFAULT)
	expect(g.vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_ADRERR }
	g.same_data(0)
	expect(g.ram.file:ftruncate(3 * bytes)):eq(0)
	expect(g.vcpu:read(bytes + g.inner, 4)):eq("\0\0\0\0")
	g.fill(1)
	g.fill(2)
	g.neighbours_stay()
end)

-- --- fork, copy on write -----------------------------------------------------------------------------------

local function copy_on_write(by_guest)
	return function(sim, bytes, level)
		local g = H.guest(sim, bytes, level)
		local old = g.page(bytes)
		local child = g.vmm:fork()
		local seen = child:view(g.ram)
		expect(g.mapping(bytes).writable):is_false()
		g.same_data(1)
		g.maps(1, { writable = false })
		expect(g.page(bytes)):eq(old)
		if by_guest then
			expect(g.vcpu:write(bytes + g.inner, "parent")):is_true()
		else
			expect(g.ram:write(bytes + g.inner, "parent")):eq(0)
		end
		expect(g.page(bytes)):ne(old)
		expect(g.vcpu:read(bytes + g.inner, 6)):eq("parent")
		for _, offset in ipairs{ 0, g.last } do
			expect(g.vcpu:read(bytes + offset, 15)):eq(g.text(1, offset))
		end
		g.maps(1, {})
		expect(seen:read(bytes + g.inner, 15)):eq(g.text(1, g.inner))
		expect(seen:page(bytes // PAGE)):eq(old)
		-- The child's copy of a page that the parent keeps.
		expect(seen:write(0, "child")):eq(0)
		expect(g.vcpu:read(0, 15)):eq(g.text(0, 0))
		child:exit()
		for n = 0, 2 do
			g.fill(n)
		end
		g.neighbours_stay()
	end
end
each_size("hugetlb: fork, and copy on write by the guest", copy_on_write(true))
each_size("hugetlb: fork, and copy on write by the VMM", copy_on_write(false))

-- unmap_ref_private(): who mapped the memory gets a page even then, and the child loses what it shares with it.
each_size("hugetlb: copy on write takes the child's page when the pool is empty", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	H.empty_pool(g.vmm, bytes)
	local old = g.page(bytes)
	local child = g.vmm:fork()
	local seen = child:view(g.ram)
	expect(seen:read(bytes + g.inner, 15)):eq(g.text(1, g.inner))
	expect(g.vcpu:write(bytes + g.inner, "parent")):is_true()
	expect(g.page(bytes)):eq(old)
	g.fill(1)
	g.maps(1, { writable = true })
	expect(seen:page(bytes // PAGE).mapped):is_false()
	expect(seen:read(bytes + g.inner, 1)):eq(-EFAULT)
	expect(child:take_signal()):fields{ signo = SIGBUS }
	expect(seen:read(0, 15)):eq(g.text(0, 0))
	child:exit()
end)

-- The guest is in the child, which has no reservation.
each_size("hugetlb: a guest of the child loses its page to the parent", function(sim, bytes)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * bytes, hugetlb = bytes }
	expect(ram:write(0, "zero")):eq(0)
	expect(ram:write(bytes, "one")):eq(0)
	H.empty_pool(vmm, bytes)
	local child = vmm:fork()
	local vm = child:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 2 * bytes, userspace_addr = ram.addr }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0, 4)):eq("zero")
	expect(vcpu:read(bytes, 3)):eq("one")
	expect(sim.inspect:mapping(vm, bytes)):fields{ present = true, writable = false }
	expect(vcpu:write(0, "x")):fields{ ret = -EFAULT }
	expect(ram:write(bytes, "new")):eq(0)
	expect(sim.inspect:mapping(vm, bytes).present):is_false()
	expect(vcpu:read(bytes, 3)):fields{ ret = -EFAULT }
	expect(vcpu:read(0, 4)):eq("zero")
	child:exit()
end)

each_size("hugetlb: a private mapping of a file: the guest's write makes a copy", function(sim, bytes, level)
	local vmm = sim:process()
	local file = vmm:mmap{ length = 2 * bytes, hugetlb = bytes, kind = "shmem" }
	expect(file:write(bytes + 3 * PAGE, "file")):eq(0)
	local ram = vmm:mmap{ length = 2 * bytes, file = file.file, flags = MAP_PRIVATE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 2 * bytes, userspace_addr = ram.addr }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(bytes + 3 * PAGE, 4)):eq("file")
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE)):fields{ level = level, writable = false,
		page = file:page(bytes // PAGE + 3) }
	expect(vcpu:write(bytes + 3 * PAGE, "mine")):is_true()
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE)):fields{ level = level, writable = true,
		page = ram:page(bytes // PAGE + 3) }
	expect(ram:page(bytes // PAGE + 3)):ne(file:page(bytes // PAGE + 3))
	expect(file:read(bytes + 3 * PAGE, 4)):eq("file")
	-- A hole in the file takes the copy as well: hugetlb_vmdelete_list() does not spare it (docs/findings.md).
	expect(vcpu:read(0, 1)):eq("\0")
	expect(file.file:punch_hole(0, 2 * bytes)):eq(0)
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE).present):is_false()
	expect(vcpu:read(bytes + 3 * PAGE, 4)):eq("\0\0\0\0")
end)

-- --- userfaultfd -------------------------------------------------------------------------------------------

local threads <const> = { check = "end" }

local function meanwhile(sim, vcpu_does, vmm_does)
	sim:thread("vcpu", vcpu_does)
	sim:thread("vmm", vmm_does)
	sim:join()
end

each_size("hugetlb: a missing page is copied as a whole", function(sim, bytes, level)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes } }
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	local data = ("\0"):rep(3 * PAGE) .. "copied" .. ("\0"):rep(bytes - 3 * PAGE - 6)
	meanwhile(sim, function()
		expect(vcpu:read(bytes + 3 * PAGE, 6)):eq("copied")
		expect(vcpu:write(2 * PAGE, "guest")):is_true()
	end, function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + bytes, flags = 0 }
		expect(uffd:copy(ram, bytes, data:sub(1, PAGE))):eq(-EINVAL)
		expect(uffd:copy(ram, bytes, data)):eq(bytes)
		expect(uffd:read()):fields{ address = ram.addr, flags = UFFD_PAGEFAULT_FLAG_WRITE }
		expect(uffd:zeropage(ram, 0, bytes)):eq(-EINVAL)
		expect(uffd:copy(ram, 0, data)):eq(bytes)
	end)
	expect(ram:read(2 * PAGE, 5)):eq("guest")
	expect(ram:read(3 * PAGE, 6)):eq("copied")
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE)):fields{ level = level, page = ram:page(bytes // PAGE + 3) }
	expect(uffd:copy(ram, bytes, data)):eq(-EEXIST)
end, threads)

each_size("hugetlb: a minor fault of a whole page", function(sim, bytes, level)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes, kind = "shmem" } }
	local received = vmm:mmap{ length = 2 * bytes, file = ram.file }
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_MINOR_HUGETLBFS }
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MINOR)):eq(0)
	received:write(bytes + 3 * PAGE, "stale")
	meanwhile(sim, function()
		expect(vcpu:read(bytes + 3 * PAGE, 5)):eq("fresh")
	end, function()
		expect(uffd:read()):fields{ address = ram.addr + bytes, flags = UFFD_PAGEFAULT_FLAG_MINOR }
		received:write(bytes + 3 * PAGE, "fresh")
		expect(uffd:continue(ram, bytes, bytes)):eq(bytes)
	end)
	expect(ram:page(bytes // PAGE)):eq(received:page(bytes // PAGE))
	expect(sim.inspect:mapping(vm, bytes + 3 * PAGE)):fields{ level = level }
	expect(uffd:continue(ram, bytes, bytes)):eq(-EEXIST)
end, threads)

each_size("hugetlb: a snapshot saves a whole page before the guest writes", function(sim, bytes, level)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2 * bytes, hugetlb = bytes } }
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM }
	expect(vcpu:write(3 * PAGE, "old")):is_true()
	expect(vcpu:write(bytes, "other")):is_true()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(uffd:writeprotect(ram)):eq(0)
	expect(sim.inspect:mapping(vm, 3 * PAGE).writable):is_false()
	local saved
	meanwhile(sim, function()
		expect(vcpu:read(3 * PAGE, 3)):eq("old")
		expect(vcpu:write(3 * PAGE, "new")):is_true()
		expect(vcpu:write(bytes - PAGE, "and again")):is_true()
	end, function()
		expect(uffd:read()):fields{ address = ram.addr,
			flags = UFFD_PAGEFAULT_FLAG_WP | UFFD_PAGEFAULT_FLAG_WRITE }
		saved = ram:read(3 * PAGE, 3)
		expect(uffd:writeprotect(ram, 0, bytes, 0)):eq(0)
	end)
	expect(saved):eq("old")
	expect(ram:read(3 * PAGE, 3)):eq("new")
	expect(sim.inspect:mapping(vm, bytes).writable):is_false()
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ level = level, writable = true }
end, threads)

-- On arm64 the size of a mapping comes from the VMA, which may be another one when the page is there. KVM has to notice,
-- by a count that it read while it had the VMA's lock.
scenario("hugetlb: small pages take its place while a guest's fault waits", H.changed(H.options, threads), function(sim)
	local bytes <const>, fixed <const> = PMD_SIZE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = bytes, hugetlb = bytes } }
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	meanwhile(sim, function()
		expect(vcpu:write(bytes - PAGE, "guest")):is_true()
	end, function()
		expect(uffd:read()):fields{ address = ram.addr, flags = UFFD_PAGEFAULT_FLAG_WRITE }
		expect(vmm:mmap{ addr = ram.addr, length = bytes, huge = false, flags = fixed }.addr):eq(ram.addr)
		expect(uffd:wake(ram)):eq(0)
	end)
	expect(ram:read(bytes - PAGE, 5)):eq("guest")
	expect(sim.inspect:mapping(vm, bytes - PAGE)):fields{ level = 1, page = ram:page(bytes // PAGE - 1) }
	expect(sim.inspect:mapping(vm, 0).present):is_false()
end)
