-- SPDX-License-Identifier: GPL-2.0-only
-- NUMA hints: the scheduler's scan makes pages of a guest inaccessible, so that the next access says which node's CPU
-- uses them, and moves them there (task_numa_work(), change_prot_numa(), do_numa_page()). KVM loses its mapping at each
-- hint. KVM takes the fault itself, because it asks for pages with FOLL_HONOR_NUMA_FAULT. The machine has the nodes 0
-- and 1; this thread's CPU is on node 0.

-- CONFIG_NUMA_BALANCING is on where CONFIG_NUMA is.
local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED",
	covers = "docs/rules.md F3" }
local MINUTE <const> = 60000000000
local PAGE <const>, HUGE <const> = 0x1000, 2 << 20

-- Memory that is on node 1 and may move.
local function guest(sim, memory, more)
	local slot = { flags = more and more.flags }
	local vcpu, ram, vm, vmm = sim:guest{ ram = memory, slot = slot }
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 } }):eq(0)
	local size = memory.huge and HUGE or PAGE
	for n = 0, 3 do
		expect(ram:write(n * size, "page" .. n)):eq(0)
		expect(ram:page(n * size // PAGE)):fields{ node = 1, huge = memory.huge or false }
	end
	expect(ram:mbind{ mode = MPOL_BIND | MPOL_F_NUMA_BALANCING, nodes = more and more.nodes or { 0, 1 } }):eq(0)
	return vcpu, ram, vm, vmm
end

-- The scan of a new process is due after a second, the next ones after a minute at the latest.
local function scan(sim, vmm)
	sim:advance_time(MINUTE + MINUTE // 60)
	expect(vmm:numa_scan()):is_true()
end

local kinds = {
	{ "small pages",   { length = "4M", huge = false }, PAGE },
	{ "huge pages",    { length = "8M", huge = true }, HUGE },
	{ "shared memory", { length = "4M", kind = "shmem", huge = false }, PAGE },
}

-- What the first access after a hint is.
local accesses = {
	{ "the guest reads", function(vcpu, _, at) return vcpu:read(at, 5) end, true },
	{ "the guest writes", function(vcpu, _, at)
		expect(vcpu:write(at, "page1")):is_true()
		return "page1"
	end, true },
	{ "the VMM reads", function(_, ram, at) return ram:read(at, 5) end, false },
	{ "the VMM writes", function(_, ram, at)
		expect(ram:write(at, "page1")):eq(0)
		return "page1"
	end, false },
}

for _, kind in ipairs(kinds) do
	local size <const>, level = kind[3], kind[3] == HUGE and 2 or 1
	cases("NUMA hint: the page moves to the node of its user: " .. kind[1], options, accesses, function(sim, case)
		local vcpu, ram, vm, vmm = guest(sim, kind[2])
		for n = 0, 3 do
			expect(vcpu:read(n * size, 5)):eq("page" .. n)
		end
		expect(vmm:numa_scan()):is_false()
		scan(sim, vmm)
		for n = 0, 3 do
			expect(ram:page(n * size // PAGE)):fields{ mapped = false, hint = true, swapped = false }
			expect(sim.inspect:mapping(vm, n * size).present):is_false()
		end
		expect(case[2](vcpu, ram, size)):eq("page1")
		expect(ram:page(size // PAGE)):fields{ mapped = true, hint = false, node = 0, huge = kind[3] == HUGE }
		expect(ram:page(0).hint):is_true()
		expect(sim.inspect:mapping(vm, size).present):eq(case[3])
		expect(vmm:numa_faults()):eq{ remote = size // PAGE, ["local"] = 0, failed = 0, migrated = size // PAGE }
		for n = 3, 0, -1 do
			expect(vcpu:read(n * size, 5)):eq("page" .. n)
			expect(sim.inspect:mapping(vm, n * size)):fields{ level = level, page = ram:page(n * size // PAGE) }
			expect(ram:page(n * size // PAGE).node):eq(0)
		end
	end)

	scenario("NUMA hint: a page that must not move stays: " .. kind[1], options, function(sim)
		local vcpu, ram, vm, vmm = guest(sim, kind[2], { nodes = { 1 } })
		expect(vcpu:read(size, 5)):eq("page1")
		local before = ram:page(size // PAGE)
		scan(sim, vmm)
		expect(ram:page(size // PAGE).hint):is_true()
		expect(vcpu:read(size, 5)):eq("page1")
		expect(ram:page(size // PAGE)):eq(before)
		expect(ram:page(size // PAGE)):fields{ node = 1, hint = false, huge = kind[3] == HUGE }
		expect(sim.inspect:mapping(vm, size)):fields{ level = level, page = before }
		expect(vmm:numa_faults()):eq{ remote = size // PAGE, ["local"] = 0, failed = 0, migrated = 0 }
	end)
end

scenario("NUMA hint: memory without a policy of its own moves as well", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2])
	expect(ram:mbind{ mode = MPOL_DEFAULT }):eq(0)
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(ram:page(1)):fields{ mapped = false, hint = true }
	expect(sim.inspect:mapping(vm, PAGE).present):is_false()
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:page(1)):fields{ hint = false, node = 0 }
end)

-- --- what slots make of it ---------------------------------------------------------------------------------

scenario("NUMA hint in a read-only slot: reads move the page, writes are MMIO", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2], { flags = KVM_MEM_READONLY })
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(vcpu:write(PAGE, "x")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:page(1)):fields{ node = 0, hint = false }
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = true, writable = false, page = ram:page(1) }
end)

scenario("NUMA hint in a slot that logs: a move is no write, the next write is logged", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2], { flags = KVM_MEM_LOG_DIRTY_PAGES })
	for n = 0, 2 do
		expect(vcpu:write(n * PAGE, "page" .. n)):is_true()
	end
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0, 1, 2 }
	scan(sim, vmm)
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:read(0, 5)):eq("page0")
	expect(ram:page(0).node):eq(0)
	expect(ram:page(1).node):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(2 * PAGE, "again")):is_true()
	expect(ram:page(2).node):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 }
	expect(vcpu:write(PAGE, "again")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
end)

-- --- pages that get no hint, or keep it ---------------------------------------------------------------------

-- MMU notifiers hear of the whole range, so that KVM loses the page as well.
scenario("NUMA hints: a pinned page gets none, its neighbour does", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2])
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(vcpu:read(2 * PAGE, 5)):eq("page2")
	expect(ram:pin(PAGE)):eq(0)
	scan(sim, vmm)
	expect(ram:page(1)):fields{ mapped = true, hint = false, node = 1 }
	expect(ram:page(2).hint):is_true()
	for n = 1, 2 do
		expect(sim.inspect:mapping(vm, n * PAGE).present):is_false()
	end
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:page(1).node):eq(1)
	expect(ram:unpin(PAGE)):eq(0)
end)

-- A pin for writing honours the hint by itself, without FOLL_HONOR_NUMA_FAULT.
scenario("NUMA hint: a pin is an access, and the page stays where it went", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2])
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(ram:pin(PAGE)):eq(0)
	expect(ram:page(1)):fields{ mapped = true, hint = false, node = 0 }
	expect(sim.inspect:mapping(vm, PAGE).present):is_false()
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(sim.inspect:mapping(vm, PAGE).page):eq(ram:page(1))
	expect(vmm:numa_faults()):fields{ remote = 1, migrated = 1 }
	expect(ram:unpin(PAGE)):eq(0)
end)

-- A pin for reading follows the entry as it is. Then the page cannot move.
scenario("NUMA hint: a page that is pinned behind it stays, and the guest gets it", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2])
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(ram:pin(PAGE, false)):eq(0)
	expect(ram:page(1).hint):is_true()
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:page(1)):fields{ mapped = true, hint = false, node = 1 }
	expect(sim.inspect:mapping(vm, PAGE).page):eq(ram:page(1))
	expect(vmm:numa_faults()):fields{ failed = 1, migrated = 0 }
	expect(ram:unpin(PAGE)):eq(0)
end)

-- The scan leaves pages of its own node alone while no other thread may use them from elsewhere.
cases("NUMA hints: pages of the scan's own node", options, {
	{ "none in private memory of a process with one thread", "anon", false, false },
	{ "some if it has two threads", "anon", true, true },
	{ "some in shared memory", "shmem", false, true },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "4M", kind = case[2], huge = false } }
	expect(vcpu:write(0, "near")):is_true()
	expect(ram:page(0).node):eq(0)
	if case[3] then
		sim:thread("other", function() expect(ram:write(PAGE, "far")):eq(0) end)
		sim:join()
	end
	scan(sim, vmm)
	expect(ram:page(0).hint):eq(case[4])
	expect(sim.inspect:mapping(vm, 0).present):is_false()
	expect(vcpu:read(0, 4)):eq("near")
	expect(ram:page(0)):fields{ hint = false, node = 0 }
	expect(vmm:numa_faults()):fields{ ["local"] = case[4] and 1 or 0, migrated = 0 }
end)

scenario("NUMA hints: not in memory without rights, not with a policy that says where pages are", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim, kinds[1][2])
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:mprotect(0, PAGE, "none")):eq(0)
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 }, offset = PAGE, length = PAGE }):eq(0)
	scan(sim, vmm)
	expect(ram:page(0).hint):is_false()
	expect(ram:page(1)):fields{ mapped = true, hint = false }
	expect(ram:page(2).hint):is_true()
	expect(vcpu:read(0, 5)):fields{ ret = -EFAULT }
end)

-- Pages of a guest_memfd are dirty pages of a file, which the scan leaves alone.
scenario("NUMA hints: none in a mapped guest_memfd", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED", covers = "docs/rules.md F3 P5",
}, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local file = vm:create_guest_memfd{ size = "2M", flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED }
	local ram = vmm:mmap{ length = "2M", file = file }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "2M", userspace_addr = ram.addr, guest_memfd = file, guest_memfd_offset = 0 }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(ram:mbind{ mode = MPOL_BIND, nodes = { 1 } }):eq(0)
	expect(ram:write(PAGE, "page1")):eq(0)
	expect(ram:page(1).node):eq(1)
	expect(ram:mbind{ mode = MPOL_BIND | MPOL_F_NUMA_BALANCING, nodes = { 0, 1 } }):eq(0)
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(ram:page(1)):fields{ mapped = true, hint = false, node = 1 }
	expect(vcpu:read(PAGE, 5)):eq("page1")
	expect(ram:read(PAGE, 5)):eq("page1")
	expect(vmm:numa_faults()):eq{ remote = 0, ["local"] = 0, failed = 0, migrated = 0 }
end)

-- --- other events while there is a hint ----------------------------------------------------------------------

cases("NUMA hint: the page has it while", options, {
	{ "the VMM takes it away", function(ram) return ram:madvise(PAGE, PAGE, MADV_DONTNEED) end, "\0\0\0\0\0" },
	{ "it is unmapped", function(ram) return ram:munmap(PAGE, PAGE) end },
	{ "it becomes read-only", function(ram) return ram:mprotect(PAGE, PAGE, "r") end, "page1" },
	{ "it loses all rights", function(ram) return ram:mprotect(PAGE, PAGE, "none") end },
	{ "the VMM moves it to node 0", function(ram)
		return ram:mbind{ mode = MPOL_BIND, nodes = { 0 }, flags = MPOL_MF_MOVE, offset = PAGE, length = PAGE }
	end, "page1" },
}, function(sim, case)
	local vcpu, ram, _, vmm = guest(sim, kinds[1][2])
	expect(vcpu:read(PAGE, 5)):eq("page1")
	scan(sim, vmm)
	expect(case[2](ram)):eq(0)
	if case[3] then
		expect(vcpu:read(PAGE, 5)):eq(case[3])
	else
		expect(vcpu:read(PAGE, 5)):fields{ ret = -EFAULT }
	end
	expect(vcpu:read(2 * PAGE, 5)):eq("page2")
end)

-- --- threads -----------------------------------------------------------------------------------------------

-- Two vCPUs of both nodes want the same pages, while this thread gives hints.
scenario("NUMA hints while vCPUs of both nodes run", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, needs = "GUEST_MEMFD_FLAG_INIT_SHARED", covers = "docs/rules.md F3",
	check = "end", timeout = 60,
}, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, kinds[1][2])
	local rounds = { 0, 0 }
	for i, each in ipairs{ vcpu, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			local mine = i * 64
			while not sim:stopping() do
				for n = 0, 3 do
					expect(each:write(n * PAGE + mine, string.format("%08d", rounds[i]))):is_true()
					expect(each:read(n * PAGE + mine, 8)):eq(string.format("%08d", rounds[i]))
					expect(each:read(n * PAGE, 5)):eq("page" .. n)
				end
				rounds[i] = rounds[i] + 1
			end
		end)
	end
	local scans = 0
	sim:thread("scan", function()
		while not sim:stopping() do
			sim:advance_time(MINUTE + MINUTE // 60)
			if vmm:numa_scan() then
				scans = scans + 1
			end
		end
	end)
	sim:join{ seconds = 0.3, at_least = function() return scans > 2 and rounds[1] > 2 and rounds[2] > 2 end }
	for n = 0, 3 do
		expect(ram:read(n * PAGE, 5)):eq("page" .. n)
	end
end)
