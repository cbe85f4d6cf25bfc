-- SPDX-License-Identifier: GPL-2.0-only
-- Accesses outside of memory: MMIO with a valid syndrome, and what KVM does about instructions that have none.

local DEVICE <const> = 0x10000000

cases("arm64: MMIO with a syndrome", { arch = "arm64" }, {
	{ "1 byte", 1 }, { "2 bytes", 2 }, { "4 bytes", 4 }, { "8 bytes", 8 },
}, function(sim, row)
	local vcpu = sim:guest()
	local n = row[2]
	local data = ("\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8"):sub(1, n)

	local exit = vcpu:read(DEVICE, n)
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO, faults = 1 }
	expect(exit.mmio):fields{ phys_addr = DEVICE, len = n, is_write = 0 }
	expect(exit:complete(data)):eq(data)

	exit = vcpu:write(DEVICE + 8, data)
	expect(exit.mmio):fields{ phys_addr = DEVICE + 8, len = n, is_write = 1, data = data }
	expect(exit:complete()):is_true()
end)

scenario("arm64: an instruction without a syndrome ends in an error", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	-- An exchange at an address without memory: KVM would have to decode it.
	expect(vcpu:xchg(DEVICE, "12345678")):fields{ ret = -ENOSYS }
end)

scenario("arm64: with KVM_CAP_ARM_NISV_TO_USER the VMM gets it", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm = sim:guest{ paging = true, map = { { from = 0x40000000, to = DEVICE } } }

	expect(vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER }):eq(0)
	local pc = vcpu:get_regs().pc
	local exit = vcpu:xchg(0x40000010, "12345678")
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_ARM_NISV, arm_nisv = { fault_ipa = DEVICE + 0x10 } }
	expect(exit.arm_nisv.esr_iss & ESR_ELx_ISV):eq(0)
	-- The VMM has decoded the instruction: it sets the result and moves PC.
	expect(vcpu:set_regs{ x0 = 7, pc = pc + 4 }):eq(0)
	expect(vcpu:run()):eq("\7" .. ("\0"):rep(7))
	expect(ram:read(0x10, 1)):eq("\0")
end)

scenario("arm64: the VMM answers an MMIO with an external abort", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()
	local events = string.pack("<BBBBI4i8", 0, 0, 1, 0, 0, 0) .. ("\0"):rep(48)

	local exit = vcpu:read(DEVICE, 4)
	expect(exit.reason):eq(KVM_EXIT_MMIO)
	expect(vcpu:ioctl(KVM_SET_VCPU_EVENTS, events)):eq(0)
	expect(vcpu:run()):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR, fsc = ESR_ELx_FSC_EXTABT, far = DEVICE } }
end)

scenario("arm64: a write to a read-only slot is an MMIO, a read is none", { arch = "arm64" }, function(sim)
	local vcpu, ram = sim:guest{ slot = { flags = KVM_MEM_READONLY } }

	ram:write(0x3000, "read me.")
	expect(vcpu:read(0x3000, 8)):eq("read me.")
	local exit = vcpu:write(0x3000, "write me")
	expect(exit.mmio):fields{ phys_addr = 0x3000, len = 8, is_write = 1, data = "write me" }
	expect(exit:complete()):is_true()
	expect(ram:read(0x3000, 8)):eq("read me.")
end)

scenario("arm64: a fetch outside of memory is a prefetch abort of the guest", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:fetch(DEVICE)):fields{ exception = { ec = ESR_ELx_EC_IABT_CUR, fsc = ESR_ELx_FSC_EXTABT } }
end)

scenario("arm64: a table of the guest's outside of memory is its external abort", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest{ paging = true }

	expect(vcpu:set_sysreg("ttbr0_el1", DEVICE)):eq(0)
	expect(vcpu:read(0x40000000, 8)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR } }
end)
