-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE: dirty logging makes tables of blocks before the guest writes
-- (kvm_mmu_split_huge_pages(), arch/arm64/kvm/mmu.c; kvm_pgtable_stage2_split(), arch/arm64/kvm/hyp/pgtable.c).

any_page_size()
local PAGE <const> = PAGE_SIZE

local HUGE <const> = PMD_SIZE
local PAGES <const> = HUGE // PAGE	-- of a block
-- Blocks of 512 MiB do not fit into the usual machine, and take their time.
local options = { arch = "arm64", ram = HUGE > 1 << 25 and "8G" or nil, timeout = HUGE > 1 << 25 and 300 or nil }

-- A VM with two blocks. chunk: the size to split by; protect: for KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2.
local function guest(sim, chunk, protect)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * HUGE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { chunk } }):eq(0)
	if protect then
		expect(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { protect } }):eq(0)
	end
	local slot = { slot = 0, guest_phys_addr = 0, memory_size = 2 * HUGE, userspace_addr = ram.addr }
	expect(vm:set_user_memory_region(slot)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0, "first")):is_true()
	expect(vcpu:write(HUGE, "second")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, writable = true }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	return vcpu, ram, vm, function() return vm:set_user_memory_region(slot) end
end

scenario("eager split: logging makes pages of all blocks, read-only and with the same frames", options, function(sim)
	local vcpu, ram, vm, log = guest(sim, HUGE)
	expect(log()):eq(0)
	for _, page in ipairs{ 0, 1, PAGES - 1, PAGES, 2 * PAGES - 1 } do
		expect(sim.inspect:mapping(vm, page * PAGE)):fields{ present = true, level = 1, writable = false,
			page = ram:page(page) }
	end
	expect(vcpu:read(0, 5)):eq("first")
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	expect(vcpu:write(5 * PAGE, "five")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	expect(sim.inspect:mapping(vm, 6 * PAGE).writable):is_false()
end)

scenario("eager split: off, logging leaves blocks, which a write takes away", options, function(sim)
	local vcpu, _, vm, log = guest(sim, 0)
	expect(log()):eq(0)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, level = 2, writable = false }
	expect(vcpu:write(5 * PAGE, "five")):is_true()
	expect(sim.inspect:mapping(vm, 5 * PAGE)):fields{ present = true, level = 1, writable = true }
	expect(sim.inspect:mapping(vm, 6 * PAGE).present):is_false()
	expect(sim.inspect:mapping(vm, HUGE)):fields{ present = true, level = 2 }
end)

scenario("eager split: with pages initially set, clearing the log splits only its block", options, function(sim)
	local both = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET
	local vcpu, ram, vm, log = guest(sim, HUGE, both)
	expect(log()):eq(0)
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, writable = true }
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(2 * PAGES)
	expect(vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 64 }):eq(0)
	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, level = 1, writable = false, page = ram:page(3) }
	expect(sim.inspect:mapping(vm, HUGE)):fields{ level = 2, writable = true }
	expect(vcpu:write(3 * PAGE, "three")):is_true()
	expect(ram:read(3 * PAGE, 5)):eq("three")
end)

cases("eager split: sizes of chunks", options, {
	{ "none",                      0,         0 },
	{ "a block of level 2",        HUGE,      0 },
	-- Only pages of 4 KiB have them.
	{ "a block of level 1",        1 << 30,   PAGE == 4096 and 0 or -EINVAL },
	{ "a page",                    PAGE,      0 },
	{ "between the sizes",         HUGE // 2, -EINVAL },
	{ "larger than blocks",        1 << 32,   -EINVAL },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { case[2] } }):eq(case[3])
	expect(vm:check_extension(KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE)):eq(case[3] == 0 and case[2] or 0)
end)

scenario("eager split: not once there are slots", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 16 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = 16 * PAGE,
		userspace_addr = ram.addr }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { HUGE } }):eq(-EINVAL)
end)
