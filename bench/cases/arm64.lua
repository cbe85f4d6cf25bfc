-- SPDX-License-Identifier: GPL-2.0-only
-- What only arm64 has: slots whose memory is locked (docs/patches.md).

local OPTIONS <const> = { arch = "arm64", needs = "KVM_CAP_ARM_LOCK_USER_MEMORY_REGION" }
local SIZES <const> = { { "64K", 64 << 10 }, { "1M", 1 << 20 }, { "16M", 16 << 20 } }

local function lock(vm)
	return vm:enable_cap{
		cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, flags = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_LOCK,
		args = { 0, KVM_ARM_LOCK_MEM_READ | KVM_ARM_LOCK_MEM_WRITE },
	}
end

local function guest(sim, bytes)
	local _, _, vm = sim:guest{ ram = { length = bytes } }

	return vm
end

cases("lock: of a slot", OPTIONS, SIZES, function(sim, case)
	local vm = guest(sim, case[2])

	sim:measure("page", case[2] >> 12, function()
		assert(lock(vm) == 0)
	end)
end)

cases("lock: a slot is unlocked", OPTIONS, SIZES, function(sim, case)
	local vm = guest(sim, case[2])

	assert(lock(vm) == 0)
	sim:measure("page", case[2] >> 12, function()
		assert(vm:enable_cap{
			cap = KVM_CAP_ARM_LOCK_USER_MEMORY_REGION, flags = KVM_ARM_LOCK_USER_MEMORY_REGION_FLAGS_UNLOCK,
			args = { 0 },
		} == 0)
	end)
end)
