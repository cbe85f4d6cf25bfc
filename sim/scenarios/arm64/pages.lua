-- SPDX-License-Identifier: GPL-2.0-only
-- The host's pages may have 4, 16 or 64 KiB: what these scenarios say holds for each build (docs/arm64.md).

any_page_size()
local MiB <const> = 1 << 20
local usual <const> = { arch = "arm64" }
local huge <const> = { arch = "arm64", ram = "4G", timeout = 300 }	-- blocks of 512 MiB take their time

-- The host's page, and the smallest block of stage 2 that is larger.
local function sizes(sim)
	local all = sim:process():open_kvm():check_extension(KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES)
	local page = all & -all
	return page, (all & ~page) & -(all & ~page)
end

local function guest(sim, ram, flags)
	local vmm = sim:process()
	local mapping = vmm:mmap(ram)
	local vm = vmm:open_kvm():create_vm()
	local slot = { slot = 0, flags = flags or 0, memory_size = ram.length, userspace_addr = mapping }
	expect(vm:set_user_memory_region(slot)):eq(0)
	return vm:create_vcpu(), mapping, vm, slot
end

scenario("arm64: one page is mapped for a fault", usual, function(sim)
	local page = sizes(sim)
	local vcpu, ram, vm = guest(sim, { length = 32 * page, huge = false })

	expect(vcpu:write(3 * page + 8, "in page3")):is_true()
	expect(ram:read(3 * page + 8, 8)):eq("in page3")
	expect(sim.inspect:mapping(vm, 3 * page)):fields{ present = true, writable = true, level = 1, page = ram:page(3) }
	expect(sim.inspect:mapping(vm, 4 * page - 8)):fields{ present = true, page = ram:page(3) }
	expect(sim.inspect:mapping(vm, 2 * page).present):is_false()
	expect(sim.inspect:mapping(vm, 4 * page).present):is_false()
	expect(vcpu:write(4 * page - 8, "the last")):is_true()
	expect(vcpu:read(32 * page, 8)):fields{ reason = KVM_EXIT_MMIO }
	ram:madvise(3 * page, page, MADV_DONTNEED)
	expect(sim.inspect:mapping(vm, 3 * page).present):is_false()
	expect(vcpu:read(4 * page - 8, 8)):eq(("\0"):rep(8))
end)

scenario("arm64: slots begin and end with pages", usual, function(sim)
	local page = sizes(sim)
	local vmm = sim:process()
	local ram, vm = vmm:mmap{ length = 4 * page }, vmm:open_kvm():create_vm()

	for _, row in ipairs{ { page // 2, page, 0 }, { 0, page // 2, 0 }, { 0, page, page // 2 } } do
		expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = row[1], memory_size = row[2],
			userspace_addr = ram.addr + row[3] }):errno(EINVAL)
	end
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = page, memory_size = page,
		userspace_addr = ram.addr + page }):eq(0)
end)

scenario("arm64: the dirty log has a bit for each page", usual, function(sim)
	local page = sizes(sim)
	local vcpu, ram, vm, slot = guest(sim, { length = 64 * page, huge = false })

	expect(vcpu:write(5 * page, "before")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(sim.inspect:mapping(vm, 5 * page).writable):is_false()
	for _, at in ipairs{ 5 * page, 6 * page - 8, 63 * page + page // 2 } do
		expect(vcpu:write(at, "dirty")):is_true()
	end
	expect(vcpu:read(9 * page, 1)):eq("\0")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5, 63 }
	expect(vcpu:write(5 * page + 64, "again")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	expect(ram:read(5 * page + 64, 5)):eq("again")
end)

scenario("arm64: a huge page is one block, until logging begins", huge, function(sim)
	local page, block = sizes(sim)
	local vcpu, ram, vm, slot = guest(sim, { length = 2 * block, align = block, huge = true })

	expect(vcpu:write(block + 3 * page, "in the block")):is_true()
	expect(ram:page(block // page + 3)):fields{ huge = true }
	expect(sim.inspect:mapping(vm, block)):fields{ present = true, level = 2 }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:write(block + 5 * page, "a page")):is_true()
	expect(sim.inspect:mapping(vm, block + 5 * page)):fields{ present = true, writable = true, level = 1 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ block // page + 5 }
	expect(vcpu:read(block + 3 * page, 12)):eq("in the block")
end)

cases("arm64: pages of the guest are others than those of the host", usual, {
	{ "4K", 12 }, { "16K", 14 }, { "64K", 16 },
}, function(sim, row)
	local page = sizes(sim)
	local granule = 1 << row[2]
	local vcpu, ram, vm = guest(sim, { length = 8 * MiB, huge = false })

	expect(vcpu:set_paging{ granule = row[1] }):eq(0)
	for n = 0, 3 do
		vcpu:map{ from = 0x40000000 + n * granule, to = 0x100000 + (3 - n) * granule }
	end
	for n = 0, 3 do
		expect(vcpu:write(0x40000000 + (n + 1) * granule - 8, ("page %d.."):format(n))):is_true()
		expect(ram:read(0x100000 + (4 - n) * granule - 8, 8)):eq(("page %d.."):format(n))
	end
	local last = 0x100000 + 4 * granule - 8
	expect(sim.inspect:mapping(vm, last)):fields{ present = true, level = 1, page = ram:page(last // page) }
	expect(vcpu:read(0x40000000 + 4 * granule, 1)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR } }
end)

scenario("arm64: a hugetlb page of a block's size is one mapping", huge, function(sim)
	local page, block = sizes(sim)
	local vmm = sim:process()
	expect(vmm:set_hugetlb_pool{ size = block, pages = 2 }):eq(0)
	local vcpu, ram, vm = sim:guest{ ram = { length = 2 * block, hugetlb = block } }

	expect(vcpu:write(2 * block - 8, "the last")):is_true()
	expect(ram:page(block // page)):fields{ mapped = true, huge = true }
	expect(ram:page(block // page).pfn % (block // page)):eq(0)
	expect(sim.inspect:mapping(vm, block)):fields{ present = true, level = 2, page = ram:page(block // page) }
	expect(sim.inspect:tlb(vcpu, 2 * block - 8)):fields{ level = 2, page = ram:page(2 * block // page - 1) }
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(vmm:hugetlb_pool(block)):fields{ pages = 2, free = 1 }
	expect(ram:madvise(block, block, MADV_DONTNEED)):eq(0)
	expect(sim.inspect:mapping(vm, block).present):is_false()
	expect(sim.inspect:tlb(vcpu, 2 * block - 8)):errno(ENOENT)
	expect(vcpu:read(2 * block - 8, 8)):eq(("\0"):rep(8))
	expect(vmm:hugetlb_pool(block)):fields{ pages = 2, free = 1 }
end)

-- 16 blocks of 2 MiB, 32 of 32 MiB, 32 of 512 MiB. Stage 2 maps blocks.
scenario("arm64: a hugetlb page of contiguous blocks is blocks of stage 2",
	{ arch = "arm64", ram = PAGE_SIZE == 65536 and "32G" or "8G" }, function(sim)
	local page, block = sizes(sim)
	local bytes <const> = (page == 4096 and 16 or 32) * block
	local vmm = sim:process()
	expect(vmm:set_hugetlb_pool{ size = bytes, pages = 1 }):eq(0)
	expect(vmm:hugetlb_pool(bytes)):fields{ pages = 1, free = 1 }
	local vcpu, ram, vm = guest(sim, { length = bytes, hugetlb = bytes })

	expect(vcpu:write(bytes - 8, "the last")):is_true()
	expect(ram:page(0)):fields{ mapped = true, huge = true }
	expect(ram:page(0).pfn % (bytes // page)):eq(0)
	expect(sim.inspect:mapping(vm, bytes - block)):fields{ present = true, level = 2,
		page = ram:page((bytes - block) // page) }
	expect(sim.inspect:mapping(vm, bytes - block - page).present):is_false()
	expect(vcpu:write(0, "first")):is_true()
	expect(ram:madvise(0, bytes, MADV_DONTNEED)):eq(0)
	for _, at in ipairs{ 0, bytes - 8 } do
		expect(sim.inspect:mapping(vm, at).present):is_false()
		expect(vcpu:read(at, 8)):eq(("\0"):rep(8))
	end
	expect(ram:munmap(0, block)):eq(-EINVAL)
end)

-- 16 entries of 4 KiB, 128 of 16 KiB, 32 of 64 KiB. Stage 2 maps pages.
scenario("arm64: a hugetlb page of contiguous entries is pages of stage 2", usual, function(sim)
	local page = sizes(sim)
	local bytes <const> = page == 4096 and 64 << 10 or 2 * MiB
	local vcpu, ram, vm = guest(sim, { length = 2 * bytes, hugetlb = bytes })

	expect(vcpu:write(bytes + page, "one")):is_true()
	expect(ram:page(bytes // page).pfn % (bytes // page)):eq(0)
	expect(sim.inspect:mapping(vm, bytes + page)):fields{ present = true, level = 1, page = ram:page(bytes // page + 1) }
	expect(sim.inspect:mapping(vm, bytes).present):is_false()
	expect(vcpu:write(2 * bytes - page, "last")):is_true()
	expect(ram:madvise(bytes, bytes, MADV_DONTNEED)):eq(0)
	for _, at in ipairs{ bytes + page, 2 * bytes - page } do
		expect(sim.inspect:mapping(vm, at).present):is_false()
		expect(vcpu:read(at, 4)):eq("\0\0\0\0")
	end
	-- Part of such a page cannot go.
	expect(ram:munmap(bytes, page)):eq(-EINVAL)
end)
