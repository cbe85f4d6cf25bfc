-- SPDX-License-Identifier: GPL-2.0-only
-- userfaultfd that protects guest memory against writes (snapshots) and resolves minor faults of shared memory. s390 has
-- neither.

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end" }

local function meanwhile(sim, vcpu_does, vmm_does)
	sim:thread("vcpu", vcpu_does)
	sim:thread("vmm", vmm_does)
	sim:join()
end

scenario("snapshot: a write waits until the VMM has saved the page", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_PAGEFAULT_FLAG_WP }
	expect(vcpu:write(PAGE, "old")):is_true()
	expect(vcpu:write(2 * PAGE, "other")):is_true()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(uffd:writeprotect(ram)):eq(0)
	expect(sim.inspect:mapping(vcpu, PAGE)):fields{ writable = false }
	local saved
	meanwhile(sim, function()
		expect(vcpu:read(PAGE, 3)):eq("old")
		expect(vcpu:write(PAGE, "new")):is_true()
		expect(vcpu:write(PAGE + 8, "and again")):is_true()
	end, function()
		expect(uffd:read()):fields{ address = ram.addr + PAGE,
			flags = UFFD_PAGEFAULT_FLAG_WP | UFFD_PAGEFAULT_FLAG_WRITE }
		saved = ram:read(PAGE, 3)
		expect(uffd:writeprotect(ram, PAGE, PAGE, 0)):eq(0)
	end)
	expect(saved):eq("old")
	expect(ram:read(PAGE, 17)):eq("new\0\0\0\0\0and again")
	expect(ram:read(2 * PAGE, 5)):eq("other")
end)

scenario("snapshot: nobody is asked with UFFD_FEATURE_WP_ASYNC", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end", kernel = "6.7",
}, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local uffd = vmm:userfaultfd{ flags = O_NONBLOCK, features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED }
	expect(vcpu:write(PAGE, "old")):is_true()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(uffd:writeprotect(ram)):eq(0)
	expect(ram:page(1)):fields{ writable = false }
	expect(vcpu:write(PAGE, "new")):is_true()
	expect(ram:page(1)):fields{ writable = true }
	expect(uffd:read()):eq(-EAGAIN)
end)

scenario("minor fault: the page is there, the VMM says when the guest may see it", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	local received = vmm:mmap{ length = ram.length, file = ram.file }
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_MINOR_SHMEM }
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MINOR)):eq(0)
	received:write(PAGE, "stale")
	meanwhile(sim, function()
		expect(vcpu:read(PAGE, 5)):eq("fresh")
	end, function()
		expect(uffd:read()):fields{ address = ram.addr + PAGE, flags = UFFD_PAGEFAULT_FLAG_MINOR }
		received:write(PAGE, "fresh")
		expect(uffd:continue(ram, PAGE, PAGE)):eq(PAGE)
	end)
	expect(ram:page(1)):eq(received:page(1))
	expect(uffd:continue(ram, PAGE, PAGE)):eq(-EEXIST)
	expect(uffd:continue(ram, 2 * PAGE, PAGE)):eq(-EFAULT)	-- not in the file
end)

-- Without UFFD_FEATURE_EVENT_REMAP the moved area is no longer registered. A mark that stayed would stop writes that
-- nobody asked about ("mm: clear uffd-wp PTE/PMD state on mremap()", 6.13).
cases("write protection: mremap() ends it", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" },
}, {
	{ "small pages", { length = 1024 * PAGE } },
	{ "huge pages",  { length = 1024 * PAGE, huge = true } },
	{ "shared memory", { length = 1024 * PAGE, kind = "shmem" } },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ ram = case[2] }
	expect(vcpu:write(PAGE, "old")):is_true()
	local uffd = vmm:userfaultfd{ features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM }
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(uffd:writeprotect(ram)):eq(0)
	local moved = ram:mremap{ offset = 0, old_length = 1024 * PAGE, new_length = 1024 * PAGE,
		flags = MREMAP_MAYMOVE | MREMAP_FIXED, new_addr = ram.addr - 8192 * PAGE }
	local second = vmm:userfaultfd{ flags = O_NONBLOCK,
		features = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM | UFFD_FEATURE_SIGBUS }
	expect(second:register(moved, UFFDIO_REGISTER_MODE_WP)):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 4096 * PAGE, memory_size = 1024 * PAGE,
		userspace_addr = moved }):eq(0)
	expect(vcpu:read(0x1001 * PAGE, 3)):eq("old")
	expect(vcpu:write(0x1001 * PAGE, "new")):is_true()
	expect(moved:read(PAGE, 3)):eq("new")
	expect(vcpu:write(0x1002 * PAGE, "other")):is_true()
end)
