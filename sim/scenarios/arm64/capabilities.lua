-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CHECK_EXTENSION and KVM_ENABLE_CAP for capabilities that only arm64 has. The machine has no nested guests, no
-- memory tags, no SVE and no external aborts.

local capabilities <const> = {
	-- name                                     value       KVM_ENABLE_CAP without arguments
	{ "KVM_CAP_ARM_EL2",                        0,          -EINVAL },
	{ "KVM_CAP_ARM_EL2_E2H0",                   0,          -EINVAL },
	{ "KVM_CAP_ARM_SEA_TO_USER",                1,          0 },
	{ "KVM_CAP_ARM_NISV_TO_USER",               1,          0 },
	{ "KVM_CAP_ARM_WRITABLE_IMP_ID_REGS",       1,          0 },
	{ "KVM_CAP_ARM_SYSTEM_SUSPEND",             1,          0 },
	{ "KVM_CAP_ARM_INJECT_EXT_DABT",            1,          -EINVAL },
	{ "KVM_CAP_ARM_MTE",                        0,          -EINVAL },
	{ "KVM_CAP_ARM_SVE",                        0,          -EINVAL },
	{ "KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES",      0x40201000, -EINVAL },
	{ "KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE",     0,          0 },
	{ "KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES",  1,          -EINVAL },
	{ "KVM_CAP_ARM_LOCK_USER_MEMORY_REGION",    1,          -EINVAL },
}

scenario("arm64: KVM_CHECK_EXTENSION and KVM_ENABLE_CAP", { arch = "arm64" }, function(sim)
	local kvm = sim:process():open_kvm()
	local vm = kvm:create_vm()
	for _, row in ipairs(capabilities) do
		local name, value, enabled = table.unpack(row)
		-- Some are newer than 6.12.
		local cap = sim:kernel_has(name) and _ENV[name]
		expect{ name, cap and kvm:check_extension(cap) or value }:eq{ name, value }
		expect{ name, cap and vm:check_extension(cap) or value }:eq{ name, value }
		expect{ name, cap and vm:enable_cap{ cap = cap } or enabled }:eq{ name, enabled }
	end
end)
