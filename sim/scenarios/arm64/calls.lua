-- SPDX-License-Identifier: GPL-2.0-only
-- What the guest calls by HVC and SMC: PSCI, the SMC calling convention, and calls that the VMM wants to answer itself.

local NOT_SUPPORTED <const> = PSCI_RET_NOT_SUPPORTED

-- X0 as a function with 32 bits returns it.
local function x0(result)
	local v = result.x0 & 0xffffffff
	return v >= 1 << 31 and v - (1 << 32) or v
end

scenario("arm64: PSCI by HVC", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	-- 1.1 up to 6.13, later 1.3: at least 1.1.
	expect(vcpu:hvc{ x0 = PSCI_0_2_FN_PSCI_VERSION }.x0):ge(0x10001)
	expect(x0(vcpu:hvc{ x0 = PSCI_0_2_FN_MIGRATE_INFO_TYPE })):eq(PSCI_0_2_TOS_MP)
	expect(x0(vcpu:hvc{ x0 = PSCI_1_0_FN_PSCI_FEATURES, x1 = PSCI_0_2_FN_SYSTEM_OFF })):eq(0)
	expect(x0(vcpu:hvc{ x0 = PSCI_1_0_FN_PSCI_FEATURES, x1 = 0x84000099 })):eq(NOT_SUPPORTED)
	-- A function that nobody has, and one that is no fast call.
	expect(x0(vcpu:hvc{ x0 = 0x840000ff })):eq(NOT_SUPPORTED)
	expect(x0(vcpu:hvc{ x0 = 0x04000000 })):eq(NOT_SUPPORTED)
end)

scenario("arm64: PSCI 0.2 is what the vCPU was initialized for", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest{ vcpu = { init = { features = {} } } }

	expect(vcpu:get_one_reg(KVM_REG_ARM_PSCI_VERSION)):eq(1)	-- 0.1
	expect(x0(vcpu:hvc{ x0 = PSCI_0_2_FN_PSCI_VERSION })):eq(NOT_SUPPORTED)
end)

cases("arm64: PSCI stops the machine", { arch = "arm64" }, {
	{ "SYSTEM_OFF", PSCI_0_2_FN_SYSTEM_OFF, KVM_SYSTEM_EVENT_SHUTDOWN },
	{ "SYSTEM_RESET", PSCI_0_2_FN_SYSTEM_RESET, KVM_SYSTEM_EVENT_RESET },
}, function(sim, row)
	local vcpu, _, vm = sim:guest()
	local other = vm:create_vcpu()

	local exit = vcpu:hvc{ x0 = row[2] }
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_SYSTEM_EVENT, system_event = { type = row[3] } }
	expect(#exit.system_event.data):eq(exit.system_event.ndata)
	-- All vCPUs are off now. The VMM would initialize them again.
	expect(vcpu:get_mp_state()):eq(KVM_MP_STATE_STOPPED)
	expect(other:get_mp_state()):eq(KVM_MP_STATE_STOPPED)
end)

scenario("arm64: CPU_ON starts another vCPU", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm = sim:guest()
	local other = vm:create_vcpu{ init = { features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF } } }
	local target = other:get_sysreg("mpidr_el1") & 0xff00ffffff	-- without the bits that are no affinity
	local function call(t)
		return x0(vcpu:hvc(t))
	end

	expect(other:get_mp_state()):eq(KVM_MP_STATE_STOPPED)
	expect(call{ x0 = PSCI_0_2_FN64_AFFINITY_INFO, x1 = target, x2 = 0 }):eq(PSCI_0_2_AFFINITY_LEVEL_OFF)
	expect(call{ x0 = PSCI_0_2_FN64_CPU_ON, x1 = 0x77, x2 = 0x3000, x3 = 0 }):eq(PSCI_RET_INVALID_PARAMS)
	expect(call{ x0 = PSCI_0_2_FN64_CPU_ON, x1 = target, x2 = 0x3000, x3 = 42 }):eq(PSCI_RET_SUCCESS)
	expect(call{ x0 = PSCI_0_2_FN64_CPU_ON, x1 = target, x2 = 0x3000, x3 = 42 }):eq(PSCI_RET_ALREADY_ON)
	expect(call{ x0 = PSCI_0_2_FN64_AFFINITY_INFO, x1 = target, x2 = 0 }):eq(PSCI_0_2_AFFINITY_LEVEL_ON)
	ram:write(0x5000, "x")
	expect(other:insn{ text = 0xd503201f }):is_true()	-- NOP
	expect(other:get_regs()):fields{ x0 = 42, pc = 0x3004, pstate = PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT |
		PSR_I_BIT | PSR_F_BIT }
end)

scenario("arm64: SMC is an undefined instruction of the guest, or a call like HVC", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	-- KVM answers an SMC only where EL3 may be emulated; the convention says "not supported" elsewhere.
	expect(vcpu:smc{ x0 = ARM_SMCCC_VERSION_FUNC_ID }.x0):ge(0x10000)
	expect(x0(vcpu:smc{ imm = 1, x0 = PSCI_0_2_FN_PSCI_VERSION })):eq(-1)
end)

scenario("arm64: the SMC calling convention", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:hvc{ x0 = ARM_SMCCC_VERSION_FUNC_ID }.x0):eq(ARM_SMCCC_VERSION_1_1)
	expect(x0(vcpu:hvc{ x0 = ARM_SMCCC_ARCH_FEATURES_FUNC_ID, x1 = ARM_SMCCC_HV_PV_TIME_FEATURES })):eq(0)
	expect(x0(vcpu:hvc{ x0 = ARM_SMCCC_ARCH_FEATURES_FUNC_ID, x1 = 0x80000077 })):eq(NOT_SUPPORTED)
	-- The user of the vendor's calls recognizes KVM by its UID.
	expect(vcpu:hvc{ x0 = ARM_SMCCC_VENDOR_HYP_CALL_UID_FUNC_ID }):fields{ x0 = 0xb66fb428 }
end)

scenario("arm64: the VMM takes calls of the guest by a filter", { arch = "arm64" }, function(sim)
	local vcpu, _, vm = sim:guest()
	local FILTER_BYTES <const>, FORWARD <const>, DENY <const> = 24, 2, 1

	local function filter(base, count, action)
		return vm:set_device_attr{ group = KVM_ARM_VM_SMCCC_CTRL, attr = KVM_ARM_VM_SMCCC_FILTER,
			value = string.pack("<I4I4B", base, count, action) .. ("\0"):rep(FILTER_BYTES - 9) }
	end
	expect(filter(0xc4000050, 1, FORWARD)):eq(0)
	expect(filter(0xc4000051, 1, DENY)):eq(0)
	expect(filter(0xc4000050, 1, DENY)):errno(EEXIST)

	local exit = vcpu:hvc{ x0 = 0xc4000050, x1 = 11 }
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_HYPERCALL, hypercall = { nr = 0xc4000050, flags = 0 } }
	expect(vcpu:set_regs{ x0 = 99 }):eq(0)
	expect(vcpu:run()):eq(99)
	expect(vcpu:get_regs().x0):eq(99)
	expect(x0(vcpu:hvc{ x0 = 0xc4000051 })):eq(NOT_SUPPORTED)
	-- Too late: the vCPU has run.
	expect(filter(0xc4000052, 1, FORWARD)):errno(EBUSY)
end)

scenario("arm64: CPU_OFF", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	-- The last vCPU that runs waits for nobody then; a signal would end it. So the VMM looks at its state only.
	expect(vcpu:get_mp_state()):eq(KVM_MP_STATE_RUNNABLE)
	expect(vcpu:set_mp_state(KVM_MP_STATE_STOPPED)):eq(0)
	expect(vcpu:get_mp_state()):eq(KVM_MP_STATE_STOPPED)
	expect(vcpu:set_mp_state(KVM_MP_STATE_RUNNABLE)):eq(0)
	expect(vcpu:write(0x1000, "runs")):is_true()
end)
