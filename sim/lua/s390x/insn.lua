-- SPDX-License-Identifier: GPL-2.0-only
-- s390x guest instructions other than plain accesses: on storage keys, page states, the TLB, and DIAGNOSE.
local core, M = ...
local A, C, P, X, U = M.args, M.class, M.process, M.exits, M.vcpu
local I = {}
M.insn = I

local K = core.constants
local next, type = next, type

local REGS <const>, GPRS <const> = M.kernel.struct("kvm_regs"), "gprs[0]"
local PSW_AMODE_64 <const> = 3 << 31
local ESSA_ORCS <const> = 7	-- valid operation request codes of this machine (facility 147 is off)

-- --- general registers -------------------------------------------------------------------------------------

-- A list, 0 to 15; or -errno.
local function get_regs(s)
	local data = U.get_struct(s, K.KVM_GET_REGS, REGS)
	if type(data) ~= "string" then
		return data
	end
	local out = {}
	for n = 0, 15 do
		out[n] = REGS:get(data, GPRS, n * REGS:length(GPRS))
	end
	return out
end

-- Registers that are not named keep their values.
local function change_regs(s, values)
	local regs = get_regs(s)
	if type(regs) ~= "table" then
		return regs
	end
	local data = ""
	for n = 0, 15 do
		data = data .. REGS:encode(GPRS, values[n] or regs[n])
	end
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_REGS, data))
end

local function registers(what, t)
	if type(t) ~= "table" then
		A.refuse(what, "a table { [number] = value }", t)
	end
	local out = {}
	for n, v in next, t, nil do
		out[A.int(what .. ": number", n, 0, 15)] = A.u64(what .. ": value", v)
	end
	return out
end

I.change_regs, I.registers = change_regs, registers

-- --- one instruction ---------------------------------------------------------------------------------------

-- Registers are set on the vCPU, so an instruction is one access without data. Returns the condition code, or an exit.
local function run(s, what, text, len, regs, times)
	U.settle(s)
	local rc = regs and change_regs(s, regs) or 0
	if rc < 0 then
		A.fail("%s: the registers cannot be set: %s", what, M.expect.repr(rc))
	end
	return U.instruction(s, text, len, nil, nil, times)
end

local function insn_length(what, v)
	local n = A.int(what, v, 2, 6)
	return n % 2 == 0 and n or A.refuse(what, "2, 4 or 6", v)
end

local insn_schema = { text = { A.u64, A.required }, length = { insn_length, A.required }, regs = { registers } }

-- The PSW's addressing mode cuts operand addresses; the named calls need all 64 bits.
local function amode_64(s, what)
	local at = X.run_address(s)
	local first, bytes = X.RUN:offset("psw_mask"), X.RUN:length("psw_mask")
	local data = at < 0 and at or core.user_read(s.proc.pid, at + first, bytes)
	if type(data) ~= "string" then
		A.fail("%s: the PSW cannot be read: %s", what, M.expect.repr(data))
	end
	P.put(s.proc, at, X.RUN, "psw_mask", X.RUN:get(data, "psw_mask", -first) | PSW_AMODE_64)
end
I.insn_length, I.amode_64 = insn_length, amode_64
I.SIE_TEXT = 0xb214d000	-- SIE 0(13)

local R1 <const>, R2 <const>, R3 <const> = 1, 2, 3

-- opcode, R3/M3 and M4, R1, R2 of the formats RRE and RRF
local function rrf(op, m3, m4, r1, r2)
	return op << 16 | m3 << 12 | m4 << 8 | r1 << 4 | r2
end

local function named(s, what, text, len, regs, times)
	amode_64(s, what)
	return run(s, what, text, len, regs, times)
end

-- The register with an instruction's result, once the instruction has ended: its number, or the exit.
local function result_in(s, cc, n)
	return type(cc) == "number" and get_regs(s)[n] or cc
end

local function address(what, v)
	return A.u64(what .. ": address", v)
end

local function byte(what, v)
	return A.int(what, v, 0, 255)
end

local sske_schema = { nq = { A.boolean, false }, mr = { A.boolean, false }, mc = { A.boolean, false },
	mb = { A.boolean, false } }

-- Returns true without mr and mc; with one of them { cc, old }.
local function sske(s, what, addr, key, flags)
	local f = A.table(what, flags or {}, sske_schema)
	local m3 = (f.nq and 8 or 0) | (f.mr and 4 or 0) | (f.mc and 2 or 0) | (f.mb and 1 or 0)
	local cc = named(s, what, rrf(0xb22b, m3, 0, R1, R2), 4,
		{ [R1] = byte(what .. ": key", key), [R2] = address(what, addr) })
	if type(cc) ~= "number" then
		return cc
	end
	return (f.mr or f.mc) and { cc = cc, old = get_regs(s)[R1] >> 8 & 0xff } or true
end

local function iske(s, what, addr)
	local key = result_in(s, named(s, what, rrf(0xb229, 0, 0, R1, R2), 4,
		{ [R1] = 0, [R2] = address(what, addr) }), R1)
	return key
end

local function rrbe(s, what, addr)
	return named(s, what, rrf(0xb22a, 0, 0, 0, R2), 4, { [R2] = address(what, addr) })
end

-- Returns the state before: usage (bits 0x0c), contents (bits 0x03).
local function essa(s, what, addr, orc)
	local cc = named(s, what, rrf(0xb9ab, A.int(what .. ": orc", orc or 0, 0, 15), 0, R1, R2), 4,
		{ [R1] = 0, [R2] = address(what, addr) })
	return result_in(s, cc, R1)
end

local function pfmf(s, what, addr, control)
	local cc = named(s, what, rrf(0xb9af, 0, 0, R1, R2), 4,
		{ [R1] = A.u64(what .. ": control", control), [R2] = address(what, addr) })
	return type(cc) == "number" or cc
end

local function tprot(s, what, addr, key)
	return named(s, what, 0xe50110002000, 6,
		{ [R1] = address(what, addr), [R2] = A.int(what .. ": key", key or 0, 0, 15) << 4 })
end

local function ended(cc)
	return type(cc) == "number" or cc
end

local function times(what, v)
	return A.int(what, v, 1, 1 << 40)
end

-- The guest invalidates the page-table entry for va in the page table at origin.
local ipte_schema = { table = { A.u64, A.required }, addr = { A.u64, A.required }, ["local"] = { A.boolean, false },
	times = { times, 1 } }
local function ipte(s, what, t)
	local a = A.table(what, t, ipte_schema)
	return ended(named(s, what, rrf(0xb221, 0, a["local"] and 1 or 0, R1, R2), 4,
		{ [R1] = a.table, [R2] = a.addr }, a.times))
end

-- By ASCE, or for addr's entry in the region or segment table that an ASCE-like designation names.
local idte_schema = { asce = { A.u64 }, table = { A.u64 }, addr = { A.u64 }, ["local"] = { A.boolean, false } }
local function idte(s, what, t)
	local a = A.table(what, t, idte_schema)
	if (a.asce == nil) == (a.table == nil) then
		A.fail("%s: expected asce or table", what)
	end
	if a.asce then
		A.unused(what, a, { "addr" }, "only with table")
	end
	return ended(named(s, what, rrf(0xb98e, R3, a["local"] and 1 or 0, R1, R2), 4,
		a.asce and { [R2] = 0x800, [R3] = a.asce } or { [R1] = a.table, [R2] = (a.addr or 0) & -4096 }))
end

-- DIAGNOSE 0x10: the guest gives up the pages from first to last.
local function diag10(s, what, first, last)
	return ended(named(s, what, 0x83120010, 4,
		{ [R1] = A.u64(what .. ": first", first), [R2] = A.u64(what .. ": last", last or first) }))
end

local function mvpg(s, what, to, from)
	return ended(named(s, what, rrf(0xb254, 0, 0, R1, R2), 4,
		{ [0] = 0, [R1] = A.u64(what .. ": to", to), [R2] = A.u64(what .. ": from", from) }))
end

C.methods(U.vcpu, {
	get_regs = get_regs,
	set_regs = function(s, what, t) return change_regs(s, registers(what, t)) end,
	insn = function(s, what, t)
		local a = A.table(what, t, insn_schema)
		return run(s, what, a.text, a.length, a.regs)
	end,
	sske = sske, iske = iske, rrbe = rrbe, essa = essa, pfmf = pfmf, tprot = tprot, ipte = ipte, idte = idte,
	ptlb = function(s, what) return ended(named(s, what, 0xb20d0000, 4)) end,
	diag10 = diag10, mvpg = mvpg,
})
