-- SPDX-License-Identifier: GPL-2.0-only
-- arm64: how a vCPU starts, its registers by KVM_GET_ONE_REG and KVM_SET_ONE_REG, and what its exits and exceptions say.
local core, M = ...
local A, C, P, X, U, N = M.args, M.class, M.process, M.exits, M.vcpu, M.kernel
local S = {}
M.state = S

local K = core.constants
local pack, unpack, rep, sub = string.pack, string.unpack, string.rep, string.sub
local match, lower = string.match, string.lower
local next, type, rawget = next, type, rawget
local insert, spread = table.insert, table.unpack

local INIT <const>, ONE_REG <const>, REGS <const> = N.struct("kvm_vcpu_init"), N.struct("kvm_one_reg"),
	N.struct("kvm_regs")
local MP_STATE <const> = N.struct("kvm_mp_state")

-- --- the start of a vCPU -----------------------------------------------------------------------------------

local FEATURE_WORDS <const> = 7	-- of struct kvm_vcpu_init

local function features(what, v)
	return A.list(what, v, 32 * FEATURE_WORDS, function(each, bit)
		return A.int(each, bit, 0, 32 * FEATURE_WORDS - 1)
	end)
end

local init_schema = { target = { A.u32 }, features = { features } }

-- KVM_ARM_VCPU_INIT, by default with the target that KVM prefers and with PSCI 0.2. a: target, features. 0 or -errno.
local function init(s, a)
	local target = a.target
	if not target then
		local rc, out = P.ioctl_struct(s.proc, s.vm.fd, K.KVM_ARM_PREFERRED_TARGET, INIT:pack{}, INIT:size())
		if rc < 0 then
			return rc
		end
		target = INIT:get(out, "target")
	end
	local words = {}
	for i = 1, FEATURE_WORDS do
		words[i] = 0
	end
	for _, bit in next, a.features or { K.KVM_ARM_VCPU_PSCI_0_2 }, nil do
		words[bit // 32 + 1] = words[bit // 32 + 1] | 1 << bit % 32
	end
	local bits = pack("<" .. rep("I4", FEATURE_WORDS), spread(words))
	local first = INIT:offset("features[0]")
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_ARM_VCPU_INIT, sub(INIT:pack{ target = target }, 1, first) .. bits))
end

-- The argument init of vm:create_vcpu().
function U.init_argument(what, v)
	if v == false then
		return v
	end
	return A.table(what, v, init_schema)
end

function U.vcpu_created(s, a)
	return a.init == false and 0 or init(s, a.init or {})
end

-- --- one register ------------------------------------------------------------------------------------------

-- The bytes of a register, from its number.
local function register_bytes(id)
	return 1 << ((id & K.KVM_REG_SIZE_MASK) >> K.KVM_REG_SIZE_SHIFT)
end

-- The value follows the structure in the scratch buffer.
local function one_reg(s, cmd, id, data)
	local addr = P.scratch(s.proc, ONE_REG:size() + #data)
	local at = addr + ONE_REG:size()
	local rc = core.user_write(s.proc.pid, addr, ONE_REG:pack{ id = id, addr = at } .. data)
	rc = rc < 0 and rc or P.ioctl(s.proc, s.fd, cmd, addr)
	return rc, at
end

-- A number if the register has at most 64 bits, else a string; or -errno, which a second result tells from a value.
local function get_one_reg(s, id)
	local bytes = register_bytes(id)
	local rc, at = one_reg(s, K.KVM_GET_ONE_REG, id, rep("\0", bytes))
	if rc < 0 then
		return rc, true
	end
	local data = core.user_read(s.proc.pid, at, bytes)
	return bytes <= 8 and unpack("<i8", data .. rep("\0", 8 - bytes)) or data
end

-- value: a number or, for a larger register, a string.
local function set_one_reg(s, id, value)
	local bytes = register_bytes(id)
	return (one_reg(s, K.KVM_SET_ONE_REG, id, bytes <= 8 and sub(pack("<i8", value), 1, bytes) or value))
end

local function one_reg_value(what, id, v)
	local bytes = register_bytes(id)
	if bytes <= 8 then
		return A.u64(what, v)
	elseif type(v) ~= "string" or #v ~= bytes then
		A.refuse(what, "a string of " .. bytes .. " bytes", v)
	end
	return v
end

-- --- general registers -------------------------------------------------------------------------------------

-- name -> number of the register; X0 is the first of an array.
local function core_id(member, index)
	return K.KVM_REG_ARM64 | K.KVM_REG_SIZE_U64 | K.KVM_REG_ARM_CORE | (REGS:offset(member) // 4 + 2 * (index or 0))
end

local core_names <const> = { sp = "regs.sp", pc = "regs.pc", pstate = "regs.pstate", sp_el1 = "sp_el1",
	elr_el1 = "elr_el1", spsr_el1 = "spsr[0]" }
local NR_X <const> = 31

-- The names in the order of their numbers.
local regs <const> = { "sp", "pc", "pstate", "sp_el1", "elr_el1", "spsr_el1" }
for n = NR_X - 1, 0, -1 do
	insert(regs, 1, "x" .. n)
end
local regs_schema = {}
for _, name in next, regs, nil do
	regs_schema[name] = { A.u64 }
end

local function id_of(name)
	return core_names[name] and core_id(core_names[name]) or core_id("regs.regs[0]", match(name, "%d+") + 0)
end

local function get_regs(s)
	local out = {}
	for _, name in next, regs, nil do
		local value, failed = get_one_reg(s, id_of(name))
		if failed then
			return value
		end
		out[name] = value
	end
	return out
end

-- Changes the given registers.
local function set_regs(s, a)
	for _, name in next, regs, nil do
		local rc = a[name] and set_one_reg(s, id_of(name), a[name]) or 0
		if rc < 0 then
			return rc
		end
	end
	return 0
end

function S.registers(what, t)
	return A.table(what, t, regs_schema)
end
S.set_regs = set_regs

function S.get_x(s, n)
	return (get_one_reg(s, core_id("regs.regs[0]", n)))
end

-- --- system registers --------------------------------------------------------------------------------------

-- op0, op1, CRn, CRm, op2
local sysregs <const> = {
	midr_el1 = { 3, 0, 0, 0, 0 }, mpidr_el1 = { 3, 0, 0, 0, 5 }, ctr_el0 = { 3, 3, 0, 0, 1 },
	id_aa64pfr0_el1 = { 3, 0, 0, 4, 0 }, id_aa64pfr1_el1 = { 3, 0, 0, 4, 1 }, id_aa64dfr0_el1 = { 3, 0, 0, 5, 0 },
	id_aa64isar0_el1 = { 3, 0, 0, 6, 0 }, id_aa64isar1_el1 = { 3, 0, 0, 6, 1 }, id_aa64isar2_el1 = { 3, 0, 0, 6, 2 },
	id_aa64mmfr0_el1 = { 3, 0, 0, 7, 0 }, id_aa64mmfr1_el1 = { 3, 0, 0, 7, 1 }, id_aa64mmfr2_el1 = { 3, 0, 0, 7, 2 },
	id_aa64mmfr3_el1 = { 3, 0, 0, 7, 3 }, id_aa64mmfr4_el1 = { 3, 0, 0, 7, 4 },
	sctlr_el1 = { 3, 0, 1, 0, 0 }, actlr_el1 = { 3, 0, 1, 0, 1 }, cpacr_el1 = { 3, 0, 1, 0, 2 },
	ttbr0_el1 = { 3, 0, 2, 0, 0 }, ttbr1_el1 = { 3, 0, 2, 0, 1 }, tcr_el1 = { 3, 0, 2, 0, 2 },
	afsr0_el1 = { 3, 0, 5, 1, 0 }, afsr1_el1 = { 3, 0, 5, 1, 1 }, esr_el1 = { 3, 0, 5, 2, 0 },
	far_el1 = { 3, 0, 6, 0, 0 }, par_el1 = { 3, 0, 7, 4, 0 }, mair_el1 = { 3, 0, 10, 2, 0 },
	amair_el1 = { 3, 0, 10, 3, 0 }, vbar_el1 = { 3, 0, 12, 0, 0 }, contextidr_el1 = { 3, 0, 13, 0, 1 },
	tpidr_el1 = { 3, 0, 13, 0, 4 }, tpidr_el0 = { 3, 3, 13, 0, 2 }, tpidrro_el0 = { 3, 3, 13, 0, 3 },
	cntkctl_el1 = { 3, 0, 14, 1, 0 }, mdscr_el1 = { 2, 0, 0, 2, 2 }, gcr_el1 = { 3, 0, 1, 0, 6 },
	rgsr_el1 = { 3, 0, 1, 0, 5 }, tfsr_el1 = { 3, 0, 5, 6, 0 }, tfsre0_el1 = { 3, 0, 5, 6, 1 },
	gmid_el1 = { 3, 1, 0, 0, 4 },
	-- of a vCPU with EL2
	vpidr_el2 = { 3, 4, 0, 0, 0 }, vmpidr_el2 = { 3, 4, 0, 0, 5 }, sctlr_el2 = { 3, 4, 1, 0, 0 },
	hcr_el2 = { 3, 4, 1, 1, 0 }, mdcr_el2 = { 3, 4, 1, 1, 1 }, cptr_el2 = { 3, 4, 1, 1, 2 },
	ttbr0_el2 = { 3, 4, 2, 0, 0 }, ttbr1_el2 = { 3, 4, 2, 0, 1 }, tcr_el2 = { 3, 4, 2, 0, 2 },
	vttbr_el2 = { 3, 4, 2, 1, 0 }, vtcr_el2 = { 3, 4, 2, 1, 2 }, spsr_el2 = { 3, 4, 4, 0, 0 },
	elr_el2 = { 3, 4, 4, 0, 1 }, esr_el2 = { 3, 4, 5, 2, 0 }, far_el2 = { 3, 4, 6, 0, 0 },
	hpfar_el2 = { 3, 4, 6, 0, 4 }, mair_el2 = { 3, 4, 10, 2, 0 }, vbar_el2 = { 3, 4, 12, 0, 0 },
	tpidr_el2 = { 3, 4, 13, 0, 2 },
}

-- op0, op1, CRn, CRm, op2 of a name, or of "S3_0_C1_C0_0" as the assembler has it.
function S.sysreg(what, name)
	A.string(what, name, 40)
	local known = rawget(sysregs, lower(name))
	if known then
		return spread(known)
	end
	local op0, op1, crn, crm, op2 = match(lower(name), "^s([0-3])_([0-7])_c(%d+)_c(%d+)_([0-7])$")
	if not op0 or crn + 0 > 15 or crm + 0 > 15 then
		A.fail("%s: expected a system register or S3_0_C1_C0_0, got %q%s", what, name, A.suggest(name, A.keys(sysregs)))
	end
	return op0 + 0, op1 + 0, crn + 0, crm + 0, op2 + 0
end

local function sysreg_id(what, name)
	local op0, op1, crn, crm, op2 = S.sysreg(what, name)
	return K.KVM_REG_ARM64 | K.KVM_REG_SIZE_U64 | K.KVM_REG_ARM64_SYSREG | op0 << K.KVM_REG_ARM64_SYSREG_OP0_SHIFT |
		op1 << K.KVM_REG_ARM64_SYSREG_OP1_SHIFT | crn << K.KVM_REG_ARM64_SYSREG_CRN_SHIFT |
		crm << K.KVM_REG_ARM64_SYSREG_CRM_SHIFT | op2 << K.KVM_REG_ARM64_SYSREG_OP2_SHIFT
end

-- Returns the value, or -errno and true.
function S.get_sysreg(s, what, name)
	return get_one_reg(s, sysreg_id(what, name))
end

function S.set_sysreg(s, what, name, value)
	return set_one_reg(s, sysreg_id(what, name), value)
end

-- --- exceptions and exits ----------------------------------------------------------------------------------

local ESR_FSC <const>, ESR_WNR <const>, ESR_S1PTW <const> = 0x3f, 1 << 6, 1 << 7

-- What the guest finds in ESR_EL1 and FAR_EL1.
function U.exception(e)
	return { vector = e.code, ec = e.code, esr = e.syndrome, far = e.address, fsc = e.syndrome & ESR_FSC,
		write = e.syndrome & ESR_WNR ~= 0, s1ptw = e.syndrome & ESR_S1PTW ~= 0 }
end

-- Makes lists of the members name[0], name[1], ...
local function collect(f, name)
	local list = {}
	while f[name .. "[" .. #list .. "]"] do
		local key = name .. "[" .. #list .. "]"
		list[#list + 1], f[key] = f[key], nil
	end
	f[name] = list
end

X.more_reasons = {
	KVM_EXIT_ARM_NISV = { "arm_nisv.", function(s, f) s.arm_nisv = f end },
	KVM_EXIT_ARM_SEA = { "arm_sea.", function(s, f) s.arm_sea = f end },
	KVM_EXIT_HYPERCALL = { "hypercall.", function(s, f)
		collect(f, "args")
		s.hypercall = f
	end },
	KVM_EXIT_SYSTEM_EVENT = { "system_event.", function(s, f)
		collect(f, "data")
		while #f.data > f.ndata do
			f.data[#f.data] = nil
		end
		s.system_event = f
	end },
}

C.methods(U.vcpu, {
	init = function(s, what, t) return init(s, A.table(what, t or {}, init_schema)) end,
	get_one_reg = function(s, what, id)
		local value = get_one_reg(s, A.u64(what .. ": id", id))
		return value
	end,
	set_one_reg = function(s, what, id, value)
		id = A.u64(what .. ": id", id)
		return set_one_reg(s, id, one_reg_value(what .. ": value", id, value))
	end,
	get_regs = get_regs,
	set_regs = function(s, what, t) return set_regs(s, S.registers(what, t)) end,
	get_sysreg = function(s, what, name)
		local value = S.get_sysreg(s, what .. ": name", name)
		return value
	end,
	set_sysreg = function(s, what, name, value)
		return S.set_sysreg(s, what .. ": name", name, A.u64(what .. ": value", value))
	end,
	get_mp_state = function(s)
		local data = U.get_struct(s, K.KVM_GET_MP_STATE, MP_STATE)
		return type(data) == "string" and MP_STATE:get(data, "mp_state") or data
	end,
	set_mp_state = function(s, what, state)
		return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_MP_STATE,
			MP_STATE:pack{ mp_state = A.u32(what .. ": state", state) }))
	end,
})
