-- SPDX-License-Identifier: GPL-2.0-only
-- What only s390 has: PGSTEs (storage keys, CMMA) and KVM_S390_MEM_OP.

local OPTIONS <const> = { arch = "s390x" }
local PAGES <const> = 1024

local function populated(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = PAGES << 12 } }

	vcpu:workload{ op = "write", range = { 0, PAGES << 12 } }
	return vcpu, vm, ram
end

scenario("PGSTE: KVM_S390_SET_SKEYS", OPTIONS, function(sim)
	local _, vm = populated(sim)
	local keys = ("\x30"):rep(PAGES)

	sim:measure("page", PAGES, function()
		assert(vm:s390_set_skeys{ start_gfn = 0, keys = keys } == 0)
	end)
end)

scenario("PGSTE: KVM_S390_GET_SKEYS", OPTIONS, function(sim)
	local _, vm = populated(sim)
	local keys = ("\x30"):rep(PAGES)

	assert(vm:s390_set_skeys{ start_gfn = 0, keys = keys } == 0)
	sim:measure("page", PAGES, function()
		assert(vm:s390_get_skeys{ start_gfn = 0, count = PAGES } == keys)
	end)
end)

-- A guest whose pages have a state, logged for migration.
local function with_cmma(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = PAGES << 12, huge = false }
	local vm = vmm:open_kvm():create_vm()

	assert(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA } == 0)
	assert(vm:set_user_memory_region{
		slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = 0, memory_size = PAGES << 12,
		userspace_addr = ram.addr,
	} == 0)
	local vcpu = vm:create_vcpu{ lowcore = false }

	vcpu:workload{ op = "write", range = { 0, PAGES << 12 } }
	vcpu:essa(0, 1)		-- the first one enables interpretation
	return vm, vcpu
end

scenario("CMMA: ESSA makes a page unused", OPTIONS, function(sim)
	local vm, vcpu = with_cmma(sim)

	assert(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START } == 0)
	sim:measure("page", 256, function()
		for page = 0, 255 do
			vcpu:essa(page << 12, 2)
		end
	end)
end)

scenario("CMMA: KVM_S390_GET_CMMA_BITS of what has changed", OPTIONS, function(sim)
	local vm = with_cmma(sim)

	assert(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START } == 0)
	sim:measure("page", PAGES, function()
		assert(vm:s390_get_cmma_bits{ start_gfn = 0, count = PAGES }.count == PAGES)
	end)
end)

scenario("CMMA: KVM_S390_SET_CMMA_BITS", OPTIONS, function(sim)
	local vm = with_cmma(sim)
	local values = ("\1"):rep(PAGES)

	sim:measure("page", PAGES, function()
		assert(vm:s390_set_cmma_bits{ start_gfn = 0, values = values } == 0)
	end)
end)

local SIZES <const> = { { "8 bytes", 8 }, { "256 bytes", 256 }, { "4096 bytes", 4096 }, { "65536 bytes", 65536 } }

cases("MEM_OP: absolute read", OPTIONS, SIZES, function(sim, case)
	local _, vm = populated(sim)

	sim:measure("call", 1, function()
		assert(#vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_READ, gaddr = 0x10000, size = case[2] } == case[2])
	end)
end)

cases("MEM_OP: absolute write", OPTIONS, SIZES, function(sim, case)
	local _, vm = populated(sim)
	local data = ("x"):rep(case[2])

	sim:measure("call", 1, function()
		assert(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_WRITE, gaddr = 0x10000, data = data } == 0)
	end)
end)

cases("MEM_OP: logical write", OPTIONS, SIZES, function(sim, case)
	local vcpu = populated(sim)
	local data = ("x"):rep(case[2])

	sim:measure("call", 1, function()
		assert(vcpu:mem_op{ op = KVM_S390_MEMOP_LOGICAL_WRITE, gaddr = 0x10000, data = data } == 0)
	end)
end)
