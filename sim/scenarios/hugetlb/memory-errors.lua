-- SPDX-License-Identifier: GPL-2.0-only
-- Errors of hugetlb memory (CONFIG_MEMORY_FAILURE). An error in one page of 4 KiB takes the whole huge page from all
-- that have it, and from the pool.

local H <const> = require("huge")
local options <const> = H.options
local HUGE <const>, PAGE <const> = PMD_SIZE, PAGE_SIZE
local BAD <const> = HUGE + 5 * PAGE

local function guest(sim, t)
	local g = H.guest(sim, HUGE, 2, t)
	for n = 0, 2 do
		g.fill(n)
	end
	g.pool = g.vmm:hugetlb_pool().pages
	return g
end

local function expect_signal(g, code, gpa)
	expect(g.vmm:take_signal()):eq{ signo = SIGBUS, code = code, addr = g.ram.addr + gpa }
	expect(g.vmm:take_signal()):is_nil()
end

-- The guest finds the error at each address of the page, as often as it looks; so does the VMM.
local function expect_lost(g)
	for _, gpa in ipairs{ BAD, HUGE, HUGE + g.last, BAD } do
		expect(g.vcpu:read(gpa, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
		expect_signal(g, BUS_MCEERR_AR, gpa)
		g.vcpu:abandon()
	end
	expect(g.ram:read(HUGE, 4)):eq(-EFAULT)
	expect_signal(g, BUS_MCEERR_AR, HUGE)
	g.same_data(0)
	g.same_data(2)
end

local function expect_pool(g, less)
	expect(g.vmm:hugetlb_pool()):fields{ pages = g.pool - less, free = 0, reserved = 0 }
end

cases("hugetlb, hwpoison: the huge page is lost to its users and to the pool", options, {
	{ "anonymous",    {} },
	{ "with logging", { slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } } },
}, function(sim, case)
	local g = guest(sim, case[2])
	expect(g.ram:madvise(BAD, PAGE, MADV_HWPOISON)):eq(0)
	expect_signal(g, BUS_MCEERR_AR, BAD)
	expect(g.mapping(HUGE).present):is_false()
	expect(g.mapping(0).present):is_true()
	expect(g.mapping(2 * HUGE).present):is_true()
	expect_pool(g, 1)
	expect_lost(g)

	-- the VMM gives the guest another one
	expect(g.ram:madvise(HUGE, HUGE, MADV_DONTNEED)):eq(0)
	expect(g.vcpu:read(BAD, 4)):eq("\0\0\0\0")
	expect_pool(g, 0)
	expect(g.vmm:take_signal()):is_nil()
end)

scenario("hugetlb, hwpoison: with an empty pool there is no other page", options, function(sim)
	local g = guest(sim)
	expect(g.vmm:set_hugetlb_pool{ pages = 0, overcommit = 0 }):eq(0)
	expect(g.ram:madvise(BAD, PAGE, MADV_HWPOISON)):eq(0)
	expect_signal(g, BUS_MCEERR_AR, BAD)
	expect(g.ram:madvise(HUGE, HUGE, MADV_DONTNEED)):eq(0)
	expect(g.vcpu:read(BAD, 4)):fields{ ret = -EFAULT }
	expect_pool(g, 1)
end)

scenario("hugetlb, memory error: found by the hardware, the VMM is told early", options, function(sim)
	local g = guest(sim)
	expect(g.vmm:mce_kill(PR_MCE_KILL_EARLY)):eq(0)
	expect(g.ram:memory_error(BAD)):eq(0)
	expect_signal(g, BUS_MCEERR_AO, BAD)
	expect(g.mapping(HUGE).present):is_false()
	expect_pool(g, 1)
	expect_lost(g)
end)

-- The page stays in the file, so that nobody gets zeroes for what is lost. memory_failure() keeps its reference: the page
-- counts in the pool even when it is gone from the file, and nobody gets it.
scenario("hugetlb, memory error: a page of a file, until there is a hole", options, function(sim)
	local g = guest(sim, { ram = { kind = "shmem" } })
	expect(g.ram:memory_error(BAD)):eq(0)
	expect(g.vmm:take_signal()):is_nil()
	expect(g.mapping(HUGE).present):is_false()
	expect_lost(g)
	expect(g.ram:madvise(HUGE, HUGE, MADV_DONTNEED)):eq(0)
	expect_lost(g)
	expect_pool(g, 0)

	expect(g.ram.file:punch_hole(HUGE, HUGE)):eq(0)
	expect_pool(g, 0)
	expect(g.vcpu:read(BAD, 4)):eq("\0\0\0\0")
	expect_pool(g, -1)
	expect(g.vmm:take_signal()):is_nil()
end)

scenario("hugetlb, soft offline: the guest keeps its data, the page is gone from the pool", options, function(sim)
	local g = guest(sim)
	local before = g.page(HUGE).pfn
	expect(g.ram:madvise(BAD, PAGE, MADV_SOFT_OFFLINE)):eq(0)
	expect(g.mapping(HUGE).present):is_false()
	g.same_data(1)
	expect(g.page(HUGE).pfn):ne(before)
	expect(g.mapping(HUGE)):fields{ present = true, level = 2 }
	expect_pool(g, 0)
	expect(g.vmm:take_signal()):is_nil()
end)

-- Of other sizes, too: on arm64 entries may be contiguous.
H.each_size("hugetlb, hwpoison: of each size", function(sim, bytes, level)
	local g = H.guest(sim, bytes, level)
	for n = 0, 2 do
		g.fill(n)
	end
	local bad = bytes + bytes // 2 + PAGE
	-- Of a gigantic page the frame cannot be taken out of use here (docs/limits.md).
	expect(g.ram:madvise(bad, PAGE, MADV_HWPOISON)):eq(H.gigantic(bytes) and -EBUSY or 0)
	expect_signal(g, BUS_MCEERR_AR, bad)
	for _, gpa in ipairs{ bad, bytes, 2 * bytes - PAGE } do
		expect(g.mapping(gpa).present):is_false()
		expect(g.vcpu:read(gpa, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
		expect_signal(g, BUS_MCEERR_AR, gpa)
		g.vcpu:abandon()
	end
	g.same_data(0)
	g.same_data(2)
	expect(g.ram:madvise(bytes, bytes, MADV_DONTNEED)):eq(0)
	expect(g.vcpu:read(bad, 4)):eq("\0\0\0\0")
	g.fill(1)
	g.same_data(1)
end)
