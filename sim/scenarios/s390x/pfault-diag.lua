-- SPDX-License-Identifier: GPL-2.0-only
-- DIAGNOSE 0x258: the guest's own way to set up and cancel pseudo page faults (__diag_page_ref_service(), SC24-6084).

local options = { arch = "s390x" }
local MiB <const> = 1 << 20
local NONE <const> = -1			-- KVM_S390_PFAULT_TOKEN_INVALID
local ZARCH <const> = 1 << 63
local PARM <const> = 0x6000		-- where the guest has its parameter block
local PGM_PRIVILEGED, PGM_ADDRESSING, PGM_SPECIFICATION = 2, 5, 6
local INITIAL_RESET <const> = 0xae97	-- KVM_S390_INITIAL_RESET

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", align = MiB }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "8M", userspace_addr = ram }):eq(0)
	return vm:create_vcpu(), ram
end

-- struct prs_parm: code, subcode, parm_len, parm_version, then token, select mask, compare mask, zarch.
local function diag258(vcpu, ram, t)
	local block = string.pack("<I2I2I2I2i8i8i8i8", t.code or 0x258, t.subcode, t.parm_len or 5, t.parm_version or 2,
		t.token or 0, t.select_mask or 0, t.compare_mask or 0, t.zarch or 0)
	ram:write(t.at == PARM + 4 and t.at or PARM, block)
	-- DIAG 1,2,0x258; register 2 takes the result.
	local ended = vcpu:insn{ text = 0x83120258, length = 4, regs = { [1] = t.at or PARM, [2] = 99 } }
	return type(ended) == "number" and vcpu:get_regs()[2] or ended
end

local function token(vcpu, ram, t)
	t.subcode, t.zarch = 0, t.zarch or ZARCH
	return diag258(vcpu, ram, t)
end

local function registers(vcpu)
	return { token = vcpu:get_one_reg(KVM_REG_S390_PFTOKEN).value, select = vcpu:get_one_reg(KVM_REG_S390_PFSELECT).value,
		compare = vcpu:get_one_reg(KVM_REG_S390_PFCOMPARE).value }
end

scenario("diag 0x258: token, once, and cancel, once", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(diag258(vcpu, ram, { subcode = 1 })):eq(4)	-- nothing to cancel
	expect(token(vcpu, ram, { token = 0x8000, select_mask = 0xff00, compare_mask = 0x0f00 })):eq(0)
	expect(registers(vcpu)):eq{ token = 0x8000, select = 0xff00, compare = 0x0f00 }
	expect(token(vcpu, ram, { token = 0x9000, select_mask = 1, compare_mask = 1 })):eq(8)
	expect(registers(vcpu)):eq{ token = 0x8000, select = 0xff00, compare = 0x0f00 }
	expect(diag258(vcpu, ram, { subcode = 1 })):eq(0)
	expect(registers(vcpu).token):eq(NONE)
	expect(token(vcpu, ram, { token = 0x9000, select_mask = 1, compare_mask = 1 })):eq(0)
	expect(registers(vcpu)):eq{ token = 0x9000, select = 1, compare = 1 }
	expect(vcpu:stats()):fields{ instruction_diagnose_258 = 5 }
end)

cases("diag 0x258: a program interruption, and nothing is set", options, {
	{ "another code",                        PGM_SPECIFICATION, { subcode = 0, code = 0x259, zarch = ZARCH } },
	{ "a version that is not 2",             PGM_SPECIFICATION, { subcode = 0, parm_version = 1, zarch = ZARCH } },
	{ "a block that is too short",           PGM_SPECIFICATION, { subcode = 0, parm_len = 4, zarch = ZARCH } },
	{ "a block that is not on a doubleword", PGM_SPECIFICATION, { subcode = 0, at = PARM + 4, zarch = ZARCH } },
	{ "a block outside of memory",           PGM_ADDRESSING,    { subcode = 0, at = 0x40000000 } },
	{ "a token that is not on a doubleword", PGM_SPECIFICATION, { subcode = 0, token = 0x8004, zarch = ZARCH } },
	{ "a token outside of the slots",        PGM_ADDRESSING,    { subcode = 0, token = 0x40000000, zarch = ZARCH } },
	{ "compare bits that are not selected",  PGM_SPECIFICATION,
		{ subcode = 0, token = 0x8000, select_mask = 1, compare_mask = 3, zarch = ZARCH } },
	{ "without z/Architecture",              PGM_SPECIFICATION, { subcode = 0, token = 0x8000 } },
	{ "cancel with a token",                 PGM_SPECIFICATION, { subcode = 1, token = 0x8000 } },
	{ "cancel with a select mask",           PGM_SPECIFICATION, { subcode = 1, select_mask = 1 } },
	{ "cancel with a compare mask",          PGM_SPECIFICATION, { subcode = 1, compare_mask = 1 } },
	{ "cancel with z/Architecture",          PGM_SPECIFICATION, { subcode = 1, zarch = ZARCH } },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(diag258(vcpu, ram, case[3])):fields{ exception = { code = case[2] } }
	expect(registers(vcpu).token):eq(NONE)
	expect(vcpu:get_regs()[2]):eq(99)
end)

-- The vCPU's prefix area is at 0x7ff00000, in a slot of its own: real 0x800 is there, absolute 0x800 is not.
scenario("diag 0x258: the block is at a real address", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(token(vcpu, ram, { token = 0x8000 })):eq(0)
	expect(diag258(vcpu, ram, { subcode = 1 })):eq(0)
	ram:write(0x800, ram:read(PARM, 40))
	expect(diag258(vcpu, ram, { subcode = 1, at = 0x800 })):fields{ exception = { code = PGM_SPECIFICATION } }
end)

scenario("diag 0x258: other subcodes are user space's", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(diag258(vcpu, ram, { subcode = 2 })):fields{ reason = KVM_EXIT_S390_SIEIC }
	expect(registers(vcpu).token):eq(NONE)
end)

scenario("diag 0x258: privileged", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_psw{ problem = true }):eq(0)
	expect(diag258(vcpu, ram, { subcode = 1 })):fields{ exception = { code = PGM_PRIVILEGED } }
end)

scenario("diag 0x258: a reset cancels the token", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(token(vcpu, ram, { token = 0x8000 })):eq(0)
	expect(vcpu:ioctl(INITIAL_RESET, 0)):eq(0)
	expect(registers(vcpu).token):eq(NONE)
end)
