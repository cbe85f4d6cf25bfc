-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_GET_CMMA_BITS in migration mode over a hole between two slots: where a query begins, wraps and ends.

local options = { arch = "s390x", covers = "selftest s390x/cmma_test.c: holes are skipped" }

local MAIN <const>, TEST_GFN <const>, TEST <const> = 512, 4096, 512	-- pages of slot 0, where slot 1 is, its pages
local STABLE <const> = 1

local function slot(vm, ram, number, gfn, pages, offset)
	return vm:set_user_memory_region{ slot = number, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = gfn << 12,
		memory_size = pages << 12, userspace_addr = ram.addr + offset }
end

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(slot(vm, ram, 0, 0, MAIN, 0)):eq(0)
	expect(slot(vm, ram, 1, TEST_GFN, TEST, 2 << 20)):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	-- Since 7.0 only pages whose segment has a page table have a state.
	for _, segment in ipairs{ 1 << 20, TEST_GFN << 12, (TEST_GFN << 12) + (1 << 20) } do
		expect(vcpu:read(segment, 1)):eq("\0")
	end
	expect(vcpu:essa(TEST_GFN << 12, STABLE)):ge(0)
	expect(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }):eq(0)
	return vcpu, vm
end

local function get(vm, gfn, count)
	return vm:s390_get_cmma_bits{ start_gfn = gfn, count = count }
end

scenario("CMMA log: at first all pages of both slots, then none", options, function(sim)
	local _, vm = guest(sim)
	expect(get(vm, 0, MAIN + TEST)):fields{ start_gfn = 0, count = MAIN, remaining = TEST }
	expect(get(vm, MAIN, MAIN + TEST)):fields{ start_gfn = TEST_GFN, count = TEST, remaining = 0 }
	expect(get(vm, TEST_GFN + TEST, MAIN + TEST)):fields{ start_gfn = 0, count = 0, remaining = 0 }
	expect(get(vm, 0, MAIN + TEST)):fields{ start_gfn = 0, count = 0, remaining = 0 }
end)

-- Where the query begins and how much it asks for; the answer: the first page of slot 1 and how many.
scenario("CMMA log: holes are skipped", { arch = options.arch, covers = options.covers, check = "end" }, function(sim)
	local vcpu, vm = guest(sim)
	get(vm, 0, MAIN)
	get(vm, TEST_GFN, TEST)
	for page = 0, TEST - 1 do
		expect(vcpu:essa(TEST_GFN + page << 12, STABLE)):ge(0)
	end
	local left = TEST
	for _, row in ipairs{
		{ 0, 1, 0, 1 },					-- slot 0 has nothing
		{ TEST_GFN + TEST, 0x20, 1, 0x20 },		-- past the end: from the beginning again
		{ TEST_GFN + 0x41, 0x20, 0x41, 0x20 },
		{ TEST_GFN, 1, 0x21, 1 },
		{ TEST_GFN + 0x23, 15, 0x23, 15 },
		{ TEST_GFN + 0x22, 17, 0x22, 17 },		-- clean pages between dirty ones are included
		{ TEST_GFN + 0x40, 25, 0x40, 1 },		-- but not more than 16 of them
		{ TEST_GFN + 0x33, 0x40 - 0x33, 0x33, 0x40 - 0x33 },
		{ TEST_GFN, TEST - 0x61, 0x61, TEST - 0x61 },
	} do
		local log = get(vm, row[1], row[2])
		expect(log):fields{ start_gfn = TEST_GFN + row[3], count = row[4], values = ("\0"):rep(row[4]) }
		expect(log.remaining):lt(left)
		left = log.remaining
	end
	expect(left):eq(0)
	expect(get(vm, 0, MAIN)):fields{ start_gfn = 0, count = 0, remaining = 0 }
end)
