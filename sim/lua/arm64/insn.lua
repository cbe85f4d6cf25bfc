-- SPDX-License-Identifier: GPL-2.0-only
-- arm64 guest instructions other than plain accesses: calls, maintenance of TLBs and caches, and system registers.
local core, M = ...
local A, C, U, S = M.args, M.class, M.vcpu, M.state

local lower, type, rawget, next = string.lower, type, rawget, next

local INSN_BYTES <const> = 4

-- Runs one instruction, after the general registers that it takes are set. Returns true, or an exit.
local function run(s, what, text, regs)
	U.settle(s)
	local rc = regs and S.set_regs(s, regs) or 0
	if rc < 0 then
		A.fail("%s: the registers cannot be set: %s", what, M.expect.repr(rc))
	end
	local result = U.instruction(s, text, INSN_BYTES)
	return type(result) == "number" or result
end

local insn_schema = { text = { A.u32, A.required }, regs = { S.registers } }

-- --- calls -------------------------------------------------------------------------------------------------

local call_schema = { imm = { function(what, v) return A.int(what, v, 0, 0xffff) end, 0 } }
local MAX_ARGUMENT <const> = 17
for n = 0, MAX_ARGUMENT do
	call_schema["x" .. n] = { A.u64 }
end

-- HVC or SMC: { x0, x1, x2, x3 } afterwards, or an exit.
local function call(op)
	return function(s, what, t)
		local a = A.table(what, t, call_schema)
		local regs = {}
		for n = 0, MAX_ARGUMENT do
			regs["x" .. n] = a["x" .. n]
		end
		local result = run(s, what, op | a.imm << 5, regs)
		if result ~= true then
			return result
		end
		return { x0 = S.get_x(s, 0), x1 = S.get_x(s, 1), x2 = S.get_x(s, 2), x3 = S.get_x(s, 3) }
	end
end

-- --- SYS: maintenance --------------------------------------------------------------------------------------

local SYS <const>, MRS <const>, MSR <const> = 0xd5000000 | 1 << 19, 0xd5300000, 0xd5100000

local function sys(op1, crn, crm, op2)
	return SYS | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
end

-- name -> { instruction, whether it takes a register }
local tlbi <const>, dc <const>, ic <const>, at <const> = {}, {}, {}, {}

-- CRm of TLBI: local, inner and outer shareable; those of ranges.
for suffix, crm in next, { [""] = 7, is = 3, os = 1 }, nil do
	tlbi["vmalle1" .. suffix] = { sys(0, 8, crm, 0), false }
	for name, op2 in next, { vae1 = 1, aside1 = 2, vaae1 = 3, vale1 = 5, vaale1 = 7 }, nil do
		tlbi[name .. suffix] = { sys(0, 8, crm, op2), true }
	end
end
for suffix, crm in next, { [""] = 6, is = 2, os = 5 }, nil do
	for name, op2 in next, { rvae1 = 1, rvaae1 = 3, rvale1 = 5, rvaale1 = 7 }, nil do
		tlbi[name .. suffix] = { sys(0, 8, crm, op2), true }
	end
end
-- Those of EL2: CRm of the operations, and of those on stage 2.
for suffix, crm in next, { [""] = 7, is = 3, os = 1 }, nil do
	for name, op2 in next, { alle2 = 0, alle1 = 4, vmalls12e1 = 6 }, nil do
		tlbi[name .. suffix] = { sys(4, 8, crm, op2), false }
	end
	for name, op2 in next, { vae2 = 1, vale2 = 5 }, nil do
		tlbi[name .. suffix] = { sys(4, 8, crm, op2), true }
	end
end
for suffix, place in next, { [""] = { 4, 1, 2 }, is = { 0, 1, 2 }, os = { 4, 0, 3 } }, nil do
	for name, more in next, { ["s2e1"] = 0, ["s2le1"] = 4 }, nil do
		tlbi["ipa" .. name .. suffix] = { sys(4, 8, place[1], place[2] + more), true }
		tlbi["ripa" .. name .. suffix] = { sys(4, 8, place[1], place[3] + more), true }
	end
end
dc.ivac, dc.cvac, dc.cvau = { sys(0, 7, 6, 1), true }, { sys(3, 7, 10, 1), true }, { sys(3, 7, 11, 1), true }
dc.civac, dc.zva = { sys(3, 7, 14, 1), true }, { sys(3, 7, 4, 1), true }
dc.isw, dc.csw, dc.cisw = { sys(0, 7, 6, 2), true }, { sys(0, 7, 10, 2), true }, { sys(0, 7, 14, 2), true }
ic.ialluis, ic.iallu, ic.ivau = { sys(0, 7, 1, 0), false }, { sys(0, 7, 5, 0), false }, { sys(3, 7, 5, 1), true }
at.s1e1r, at.s1e1w, at.s1e0r, at.s1e0w = { sys(0, 7, 8, 0), true }, { sys(0, 7, 8, 1), true }, { sys(0, 7, 8, 2), true },
	{ sys(0, 7, 8, 3), true }
at.s1e2r, at.s1e2w, at.s12e1r, at.s12e1w = { sys(4, 7, 8, 0), true }, { sys(4, 7, 8, 1), true },
	{ sys(4, 7, 8, 4), true }, { sys(4, 7, 8, 5), true }
at.s12e0r, at.s12e0w = { sys(4, 7, 8, 6), true }, { sys(4, 7, 8, 7), true }

-- Rt of an instruction without an operand; the operand of the others is in X1.
local XZR <const> = 31

local function maintenance(list)
	return function(s, what, name, operand)
		local op = A.choice(what .. ": operation", type(name) == "string" and lower(name) or name, list)
		if op[2] == (operand == nil) then
			A.fail("%s: %s: %s takes %s operand", what, "operand", name, op[2] and "an" or "no")
		end
		local regs = op[2] and { x1 = A.u64(what .. ": operand", operand) } or nil
		return run(s, what, op[1] | (op[2] and 1 or XZR), regs)
	end
end

-- The operand of a TLBI by address: VA[55:12] in bits 43 to 0, the ASID in bits 63 to 48.
local function tlbi_operand(addr, asid)
	return (addr >> 12 & (1 << 44) - 1) | asid << 48
end

local invalidate_schema = { addr = { A.u64 }, asid = { function(what, v) return A.int(what, v, 0, 0xffff) end },
	["local"] = { A.boolean, false } }

-- What the guest's kernel does after it has changed a descriptor: of one address, or of all.
local function invalidate(s, what, t)
	local a = A.table(what, t or {}, invalidate_schema)
	local where = a["local"] and "" or "is"
	if not a.addr and not a.asid then
		return run(s, what, tlbi["vmalle1" .. where][1] | XZR)
	end
	local name = a.addr and (a.asid and "vae1" or "vaae1") or "aside1"
	return run(s, what, tlbi[name .. where][1] | 1, { x1 = tlbi_operand(a.addr or 0, a.asid or 0) })
end

-- --- system registers --------------------------------------------------------------------------------------

local function register(op, what, name)
	local op0, op1, crn, crm, op2 = S.sysreg(what .. ": name", name)
	return op | op0 - 2 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
end

-- --- memory tags -------------------------------------------------------------------------------------------

local STG <const>, LDG <const>, TAG_SHIFT <const> = 0xd9200820, 0xd9600020, 56	-- X0 has the tag, X1 the address

C.methods(U.vcpu, {
	stg = function(s, what, addr, tag)
		tag = A.int(what .. ": tag", tag, 0, 15)
		return run(s, what, STG, { x0 = tag << TAG_SHIFT, x1 = A.u64(what .. ": address", addr) })
	end,
	ldg = function(s, what, addr)
		local result = run(s, what, LDG, { x0 = 0, x1 = A.u64(what .. ": address", addr) })
		return result == true and S.get_x(s, 0) >> TAG_SHIFT & 15 or result
	end,
	insn = function(s, what, t)
		local a = A.table(what, t, insn_schema)
		return run(s, what, a.text, a.regs)
	end,
	hvc = call(0xd4000002),
	smc = call(0xd4000003),
	tlbi = maintenance(tlbi),
	dc = maintenance(dc),
	ic = maintenance(ic),
	-- PAR_EL1 afterwards, or an exit.
	at = function(s, what, name, addr)
		local result = maintenance(at)(s, what, name, addr)
		return result == true and S.get_sysreg(s, what, "par_el1") or result
	end,
	tlb_invalidate = invalidate,
	wfi = function(s, what) return run(s, what, 0xd503207f) end,
	mrs = function(s, what, name)
		local result = run(s, what, register(MRS, what, name) | 1)
		return result == true and S.get_x(s, 1) or result
	end,
	msr = function(s, what, name, value)
		return run(s, what, register(MSR, what, name) | 1, { x1 = A.u64(what .. ": value", value) })
	end,
})
