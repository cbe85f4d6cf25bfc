-- SPDX-License-Identifier: GPL-2.0-only
-- A process's address space: its tables get more levels as it grows (crst_table_upgrade()), its stack grows, and what
-- the VMM may not do is refused (arch/s390/mm/fault.c).

local options = { arch = "s390x" }
local FIXED <const> = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
-- What three levels of tables reach, and four.
local REGION_2 <const>, REGION_1 <const> = 1 << 42, 1 << 53

-- Everything that was there before stays, for the VMM and for a guest; new memory is the guest's as well.
cases("tables of a process grow", options, {
	{ "from three levels to four", { REGION_2 } },
	{ "from three levels to five", { REGION_1 } },
	{ "from three levels to four to five", { REGION_2 + (1 << 40), REGION_1 + (1 << 50) } },
	{ "to the end of four levels", { REGION_1 - (2 << 20) } },
	{ "to the middle of five", { 1 << 62 } },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest()
	ram:write(0x5000, "before")
	expect(vcpu:read(0x5000, 6)):eq("before")
	for i, addr in ipairs(case[2]) do
		local far = vmm:mmap{ addr = addr, length = "2M", flags = FIXED }
		expect(far.addr):eq(addr)
		expect(vm:set_user_memory_region{ slot = i, guest_phys_addr = i << 24, memory_size = "2M",
			userspace_addr = far }):eq(0)
		expect(vcpu:write((i << 24) + 0x5000, "far")):is_true()
		expect(far:read(0x5000, 3)):eq("far")
		far:write(0x6000, "vmm")
		expect(vcpu:read((i << 24) + 0x6000, 3)):eq("vmm")
		expect(ram:read(0x5000, 6)):eq("before")
		expect(vcpu:write(0x7000, "after")):is_true()
		expect(ram:read(0x7000, 5)):eq("after")
		expect(far:madvise(0x5000, 4096, MADV_DONTNEED)):eq(0)
		expect(vcpu:read((i << 24) + 0x5000, 3)):eq("\0\0\0")
	end
end)

-- A child has as many levels, and pages of its own there.
scenario("tables of a process grow: a child", options, function(sim)
	local vmm = sim:process()
	local near = vmm:mmap{ length = "64K" }
	local far = vmm:mmap{ addr = REGION_1, length = "2M", flags = FIXED }
	near:write(0, "near")
	far:write(0, "parent")
	local child = vmm:fork()
	local theirs = child:view(far)
	expect(theirs:read(0, 6)):eq("parent")
	theirs:write(0, "child!")
	expect(far:read(0, 6)):eq("parent")
	expect(child:view(near):read(0, 4)):eq("near")
end)

-- Nobody frees the tables that were there before, if no mapping is below them (docs/findings.md).
scenario("tables of a process grow: it has no other memory", options, function(sim)
	local vmm = sim:process()
	local far = vmm:mmap{ addr = REGION_1, length = "2M", flags = FIXED }
	far:write(0, "far")
	sim:expect_report{ kind = "warn", match = "non-zero pgtables_bytes" }
	sim:expect_report{ kind = "leak", match = "8 x page" }
end)

scenario("the VMM's store: forbidden by the mapping, before and after a page is there", options, function(sim)
	local ram = sim:process():mmap{ length = "1M", huge = false }
	expect(ram:mprotect(0, "4K", PROT_READ)):eq(0)
	expect(ram:write(0, "x")):eq(-EFAULT)
	ram:write(0x1000, "there")
	for _, prot in ipairs{ PROT_READ, PROT_NONE } do
		expect(ram:mprotect(0x1000, "4K", prot)):eq(0)
		expect(ram:write(0x1000, "x")):eq(-EFAULT)
	end
	expect(ram:read(0x1000, 5)):eq(-EFAULT)
	expect(ram:mprotect(0x1000, "4K", PROT_READ | PROT_WRITE)):eq(0)
	expect(ram:read(0x1000, 5)):eq("there")
	expect(ram:write(0x1000, "x")):eq(0)
end)

-- Not into a mapping below it: a gap stays (stack_guard_gap).
scenario("a stack grows down as far as it may", options, function(sim)
	local vmm = sim:process()
	local GAP <const>, TOP <const> = 256 * 4096, 0x40000000
	local below = vmm:mmap{ addr = TOP - (8 << 20), length = "4K", flags = FIXED }
	local stack = vmm:mmap{ addr = TOP, length = "64K", flags = FIXED | MAP_GROWSDOWN }
	stack:write(0, "old")
	local all = below.addr
	expect(vmm:write(TOP - 0x3000, "grown")):eq(0)
	expect(vmm:read(TOP - 0x3000, 5)):eq("grown")
	expect(stack:read(0, 3)):eq("old")
	expect(vmm:write(all + 4096 + GAP, "x")):eq(0)
	expect(vmm:write(all + 4096 + GAP - 4096, "x")):eq(-EFAULT)
	expect(vmm:write(all - 4096, "x")):eq(-EFAULT)
end)
