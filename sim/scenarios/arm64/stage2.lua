-- SPDX-License-Identifier: GPL-2.0-only
-- Stage 2: block mappings and what breaks them up, faults on permissions and on the access flag, and the levels in between.

any_page_size()
local PAGE <const> = PAGE_SIZE

local HALF <const> = PMD_SIZE // 2	-- of a block
-- Blocks of 512 MiB do not fit into the usual machine, and take their time.
local machine <const> = PMD_SIZE > 1 << 25 and "8G" or nil
local timeout <const> = machine and 300 or nil
local usual <const> = { arch = "arm64", ram = machine, timeout = timeout }

-- A guest with four huge pages.
local function huge_guest(sim, t)
	t = t or {}
	t.ram = { length = 8 * HALF, huge = true }
	return sim:guest(t)
end

scenario("arm64: a huge page of the host becomes a block of stage 2", usual, function(sim)
	local vcpu, ram, vm = huge_guest(sim)

	expect(vcpu:write(3 * HALF, "in the block")):is_true()
	expect(ram:page(3 * HALF // PAGE)):fields{ huge = true }
	expect(sim.inspect:mapping(vm, 3 * HALF)):fields{ present = true, writable = true, level = 2,
		page = ram:page(3 * HALF // PAGE) }
	expect(sim.inspect:mapping(vm, 2 * HALF)):fields{ present = true, level = 2 }
	expect(sim.inspect:mapping(vm, 4 * HALF)):fields{ present = false }
	-- The TLB has it in one entry.
	expect(vcpu:read(2 * HALF, 8)):eq(("\0"):rep(8))
	expect(sim.inspect:tlb(vcpu, 2 * HALF)):fields{ present = true, level = 2 }
end)

cases("arm64: what makes pages of a block", usual, {
	{ "the host splits its huge page", function(ram) expect(ram:split_huge(2 * HALF)):eq(0) end },
	{ "the process unmaps a part", function(ram) expect(ram:munmap(2 * HALF + 16 * PAGE, PAGE)):eq(0) end },
	{ "the process protects a part", function(ram) expect(ram:mprotect(2 * HALF + 16 * PAGE, PAGE, "r")):eq(0) end },
}, function(sim, row)
	local vcpu, ram, vm = huge_guest(sim)

	expect(vcpu:write(2 * HALF, "block")):is_true()
	expect(sim.inspect:mapping(vm, 2 * HALF).level):eq(2)
	row[2](ram)
	expect(vcpu:read(2 * HALF, 5)):eq("block")
	expect(sim.inspect:mapping(vm, 2 * HALF)):fields{ present = true, level = 1, page = ram:page(2 * HALF // PAGE) }
end)

local without <const> = { {}, { range = false }, { ttl = false, range = false, fwb = false } }

scenario("arm64: dirty logging maps pages, and blocks come back after it", { arch = "arm64",
	facilities = without, ram = machine, timeout = timeout }, function(sim)
	local vcpu, ram, vm, _, slot = huge_guest(sim)

	expect(vcpu:write(2 * HALF, "block")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(sim.inspect:mapping(vm, 2 * HALF).writable):is_false()
	expect(vcpu:read(2 * HALF, 5)):eq("block")
	expect(vcpu:write(2 * HALF + 3 * PAGE, "page")):is_true()
	expect(sim.inspect:mapping(vm, 2 * HALF + 3 * PAGE)):fields{ writable = true, level = 1 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 * HALF // PAGE + 3 }

	slot.flags = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:write(2 * HALF + 5 * PAGE, "again")):is_true()
	expect(ram:read(2 * HALF + 3 * PAGE, 4)):eq("page")
end)

cases("arm64: blocks are split when logging begins", usual, {
	{ "at once, in chunks", 2 * HALF }, { "when they are written to", 0 },
}, function(sim, row)
	local vcpu, _, vm, _, slot = huge_guest(sim)

	expect(vcpu:write(2 * HALF, "block")):is_true()
	expect(vcpu:write(4 * HALF, "block")):is_true()
	expect(vm:check_extension(KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES) & 2 * HALF):eq(2 * HALF)
	slot.flags, slot.memory_size = KVM_MEM_LOG_DIRTY_PAGES, slot.memory_size
	-- The slot must be without memory to change the chunk.
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { row[2] } }):eq(0)
	slot.flags = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { row[2] } }):errno(EINVAL)
	expect(vcpu:write(2 * HALF, "block")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(sim.inspect:mapping(vm, 2 * HALF)):fields{ present = true, writable = false, level = row[2] > 0 and 1 or 2 }
	expect(vcpu:write(2 * HALF + PAGE, "page")):is_true()
	expect(sim.inspect:mapping(vm, 2 * HALF + PAGE)):fields{ writable = true, level = 1 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 * HALF // PAGE + 1 }
end)

-- Else the page of the one CPU and the block of the other would be valid at one time (check break-before-make).
scenario("arm64: another CPU's TLB loses a block before pages take its place", { arch = "arm64", check = "end",
	ram = machine, timeout = timeout }, function(sim)
	local vcpu, ram, vm, _, slot = huge_guest(sim)
	local other = vm:create_vcpu()

	expect(vcpu:write(2 * HALF, "block")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:read(2 * HALF, 5)):eq("block")
	sim:thread("other", function() expect(other:write(2 * HALF + 5 * PAGE, "page")):is_true() end)
	sim:join()
	expect(sim.inspect:mapping(vm, 2 * HALF + 5 * PAGE)):fields{ level = 1, page = ram:page(2 * HALF // PAGE + 5) }
	expect(vcpu:read(2 * HALF + 5 * PAGE, 4)):eq("page")
end)

scenario("arm64: a read maps read-only what only a write makes writable", usual, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:read(3 * PAGE, 8)):eq(("\0"):rep(8))
	expect(ram:page(3)):fields{ zero = true }
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, writable = false }
	-- A permission fault now. The process gets a page of its own, and stage 2 that page.
	expect(vcpu:write(3 * PAGE, "written.")):is_true()
	expect(ram:page(3)):fields{ zero = false, anon = true }
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, writable = true, page = ram:page(3) }
	expect(vcpu:read(3 * PAGE, 8)):eq("written.")
end)

scenario("arm64: execution is a right of its own at stage 2", usual, function(sim)
	local vcpu, ram, vm = sim:guest()

	ram:write(3 * PAGE, "\x1f\x20\x03\xd5")
	expect(vcpu:read(3 * PAGE, 1)):eq("\x1f")
	local with_dic = sim.inspect:mapping(vm, 3 * PAGE).executable
	expect(vcpu:fetch(3 * PAGE)):eq("\x1f")
	expect(sim.inspect:mapping(vm, 3 * PAGE).executable):is_true()
	-- Where no instruction cache needs maintenance, KVM gives the right at once.
	expect(with_dic):is_true()
end)

-- Hardware sets it, or a fault does.
scenario("arm64: ageing clears the access flag, and the next access sets it", { arch = "arm64",
	facilities = { {}, { haf = false, dbm = false } } }, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:write(3 * PAGE, "young")):is_true()
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, accessed = true }
	expect(ram:age(3 * PAGE)):ge(1)
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, accessed = false }
	expect(vcpu:read(3 * PAGE, 5)):eq("young")
	-- In 7.3 ageing leaves the TLB alone, and its entry needs no flag.
	if not sim:kernel_since("7.3") then
		expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, accessed = true }
	end
end)

scenario("arm64: deleting a slot takes its mappings and the TLB's entries", { arch = "arm64",
	facilities = without, ram = machine, timeout = timeout }, function(sim)
	local vcpu, _, vm = sim:guest()

	expect(vcpu:write(3 * PAGE, "gone")):is_true()
	expect(sim.inspect:tlb(vcpu, 3 * PAGE).present):eq(true)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 3 * PAGE).present):is_false()
	expect(sim.inspect:tlb(vcpu, 3 * PAGE)):errno(ENOENT)
	expect(vcpu:read(3 * PAGE, 8)):fields{ reason = KVM_EXIT_MMIO }
end)

scenario("arm64: no blocks where guest and process are aligned differently", usual, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 8 * HALF, huge = true }
	local vm = vmm:open_kvm():create_vm()
	local function at(gpa)	-- of the process
		return gpa - PAGE
	end

	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = PAGE, memory_size = 6 * HALF,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(3 * HALF, "not in a block")):is_true()
	expect(ram:page(at(3 * HALF) // PAGE)):fields{ huge = true }
	expect(sim.inspect:mapping(vm, 3 * HALF)):fields{ present = true, level = 1 }
	expect(ram:read(at(3 * HALF), 14)):eq("not in a block")
	expect(vcpu:write(3 * HALF + 5 * PAGE, "nor this")):is_true()
	expect(ram:read(at(3 * HALF) + 5 * PAGE, 8)):eq("nor this")
end)

scenario("arm64: a block does not reach beyond its slot", usual, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 8 * HALF, huge = true }
	local vm = vmm:open_kvm():create_vm()

	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = 3 * HALF, userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(2 * HALF, "the last")):is_true()
	expect(sim.inspect:mapping(vm, 2 * HALF)):fields{ present = true, level = 1 }
	expect(vcpu:write(1 * HALF, "in front")):is_true()
	expect(sim.inspect:mapping(vm, 1 * HALF)):fields{ present = true, level = 2 }
	expect(vcpu:read(3 * HALF, 8)):fields{ reason = KVM_EXIT_MMIO }
end)
