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
