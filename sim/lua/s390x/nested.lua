-- SPDX-License-Identifier: GPL-2.0-only
-- Guests of guests on s390x: CPU features of a VM, and state descriptions in guest memory with which a vCPU executes
-- SIE.
local core, M = ...
local A, C, P, V, U = M.args, M.class, M.process, M.vm, M.vcpu
local S, I = M.state, M.insn

local K = core.constants
local pack, unpack, rep = string.pack, string.unpack, string.rep
local type, next = type, next

-- --- CPU features ------------------------------------------------------------------------------------------

local FEAT <const> = M.kernel.struct("kvm_s390_vm_cpu_feat")

local function feature(what, n)
	return A.int(what, n, 0, K.KVM_S390_VM_CPU_FEAT_NR_BITS - 1)
end

-- A list of feature numbers, or "host": all that KVM offers. 0 or -errno.
local function set_cpu_feat(vm, what, list)
	local bits
	local features <const> = K.KVM_S390_VM_CPU_FEAT_NR_BITS
	if list == "host" then
		local rc
		rc, bits = V.cpu_model(vm, K.KVM_GET_DEVICE_ATTR, K.KVM_S390_VM_CPU_MACHINE_FEAT, FEAT:pack{})
		if rc ~= 0 then
			return rc
		end
	elseif type(list) == "table" then
		local words = {}
		for _, n in next, A.list(what, list, features, feature), nil do
			words[n // 64] = (words[n // 64] or 0) | 1 << (63 - n % 64)
		end
		bits = ""
		for i = 0, features // 64 - 1 do
			bits = bits .. pack("<i8", words[i] or 0)
		end
	else
		A.refuse(what, "\"host\" or a list of KVM_S390_VM_CPU_FEAT_*", list)
	end
	return (V.cpu_model(vm, K.KVM_SET_DEVICE_ATTR, K.KVM_S390_VM_CPU_PROCESSOR_FEAT, bits))
end

C.methods(V.vm, { set_cpu_feat = set_cpu_feat })

-- The argument cpu_feat of kvm:create_vm().
function V.vm_created(vm, what, a)
	return a.cpu_feat and set_cpu_feat(vm, what .. ": cpu_feat", a.cpu_feat) or 0
end

-- --- the state description ---------------------------------------------------------------------------------

-- Fields of struct kvm_s390_sie_block, by their names there.
local SD <const>, PAGE <const> = M.kernel.struct("kvm_s390_sie_block"), 4096
local fields <const> = { cpuflags = "cpuflags.counter", gpsw_mask = "gpsw.mask", gpsw_addr = "gpsw.addr" }
for _, name in next, { "svcc", "lctl", "icpua", "ictl", "eca", "icptcode", "icptstatus", "ihcpu", "ipa", "ipb",
	"scaoh", "fpf", "ecb", "ecb2", "ecb3", "scaol", "mso", "msl", "gg14", "gg15", "mcic", "pgmilc", "iprcc",
	"crycbd", "gbea", "sdnxo", "fac", "ecd", "itdba", "riccbd", "gvrd" }, nil do
	fields[name] = name
end
for n = 0, 15 do
	fields["gcr" .. n] = "gcr[" .. n .. "]"
end
-- A bit-field in the word after cpuflags, which it shares with ibc.
local function prefix_at()
	return SD:offset(fields.cpuflags) + SD:length(fields.cpuflags)
end
local PREFIX <const> = 0x7fffe000
local ICPT_PROGI <const>, ICPT_VALIDITY <const> = 0x08, 0x20
local CPUSTAT_ZARCH <const>, PSW_AMODE_64 <const> = 0x800, 3 << 31
local defaults <const> = {
	cpuflags = CPUSTAT_ZARCH, ihcpu = 0xffff, msl = -1, gpsw_mask = PSW_AMODE_64, gpsw_addr = 0x1000,
}

local Nested = C.new("nested guest", { "addr" })

local schema = { prefix = { A.u64 } }
for name, member in next, fields, nil do
	schema[name] = { function(what, v) return SD:check(what, member, v) end }
end
schema.cpuflags = { A.u32 }	-- an atomic_t, which is signed
local new_schema = { addr = { A.u64 } }
for name, rule in next, schema, nil do
	new_schema[name] = rule
end

-- Where it is in the VMM, or nil.
local function place(n)
	return V.gpa_to_user(n.vm, n.addr)
end

local function write_fields(n, what, a)
	for name, member in next, fields, nil do
		if a[name] then
			S.write(n.vm, what, n.addr + SD:offset(member), SD:encode(member, a[name]))
		end
	end
	if a.prefix then
		if a.prefix & ~PREFIX ~= 0 then
			A.refuse(what .. ": prefix", "a multiple of 8 KiB below 2 GiB", a.prefix)
		end
		S.write(n.vm, what, n.addr + prefix_at(), pack("<I4", a.prefix))
	end
	return 0
end

-- Returns everything as a table, or -errno if the memory cannot be read.
local function read_fields(n)
	local at = place(n)
	local data = at and core.user_read(n.proc.pid, at, SD:size()) or -K.EFAULT
	if type(data) ~= "string" then
		return data
	end
	local out = { prefix = unpack("<I4", data, prefix_at() + 1) & PREFIX }
	for name, member in next, fields, nil do
		out[name] = SD:get(data, member)
	end
	out.cpuflags = out.cpuflags & 0xffffffff
	return out
end

-- The guest's hypervisor does this before each SIE instruction: no old interception, the operand in register 13.
function U.enter_nested(n, regs)
	local s, at = C.states[n.vcpu], place(n)
	if at then
		P.put(n.proc, at, SD, fields.icptcode, 0)
	end
	local all = { [13] = n.addr }
	for number, value in next, regs or {}, nil do
		all[number] = value
	end
	I.amode_64(s, "nested guest")
	local rc = I.change_regs(s, all)
	if rc < 0 then
		A.fail("nested guest: the registers cannot be set: %s", M.expect.repr(rc))
	end
end

-- What the state description says after the SIE instruction, for the exit's field of that name.
function U.interception(n)
	local f = read_fields(n)
	if type(f) ~= "table" then
		return nil
	end
	local out = { icptcode = f.icptcode, ipa = f.ipa, ipb = f.ipb }
	if f.icptcode == ICPT_VALIDITY then
		out.validity = f.ipb >> 16
	elseif f.icptcode == ICPT_PROGI then
		out.iprcc, out.pgmilc = f.iprcc, f.pgmilc
	end
	return out
end

local function access(n, op, what, addr, length, data)
	return U.access(C.states[n.vcpu], op, A.u64(what .. ": address", addr), length, data, false, n)
end

-- The SIE instruction by itself: the nested guest waits. Returns the interception, or an exit.
local function sie(n)
	local s = C.states[n.vcpu]
	U.settle(s)
	U.enter_nested(n)
	local cc = U.instruction(s, I.SIE_TEXT, 4)
	return type(cc) == "number" and U.interception(n) or cc
end

-- If physical and virtual addresses differ, 6.12 keeps a reference to the page of each state description (findings.md).
-- fork() may replace that page with another one, which then is pinned too.
local function expect_pin(n)
	local addr = place(n)
	local before = core.inspect_page(n.proc.pid, addr)
	if before.pfn == n.pinned then
		return
	end
	sie(n)
	local now = core.inspect_page(n.proc.pid, addr)
	if now.refcount > before.refcount or now.pfn ~= before.pfn then
		core.expect_report("leak", "leak: 1 x page, 4096 bytes")
	end
	n.pinned = now.pfn
end

local insn_schema = { text = { A.u64, A.required }, length = { I.insn_length, A.required }, regs = { I.registers } }

C.methods(Nested, {
	set = function(n, what, t) return write_fields(n, what, A.table(what, t, schema)) end,
	get = read_fields,
	read = function(n, what, addr, length)
		return access(n, core.READ, what, addr, A.int(what .. ": length", length, 1, 1 << 24))
	end,
	write = function(n, what, addr, data)
		A.string(what .. ": data", data, 1 << 24)
		if #data == 0 then
			A.refuse(what .. ": data", "at least one byte", data)
		end
		return access(n, core.WRITE, what, addr, #data, data)
	end,
	fetch = function(n, what, addr) return access(n, core.FETCH, what, addr, 1) end,
	xchg = function(n, what, addr, data)
		A.string(what .. ": data", data, 8)
		if #data ~= 1 and #data ~= 2 and #data ~= 4 and #data ~= 8 then
			A.refuse(what .. ": data", "1, 2, 4 or 8 bytes", data)
		end
		return access(n, core.XCHG, what, addr, #data, data)
	end,
	insn = function(n, what, t)
		local a = A.table(what, t, insn_schema)
		local s = C.states[n.vcpu]
		U.settle(s)
		return U.instruction(s, a.text, a.length, n, a.regs)
	end,
	workload = function(n, what, t) return U.workload(C.states[n.vcpu], what, t, n) end,
	sie = sie,
	expect_pin = expect_pin,
})

-- A new state description, or that of another vCPU's nested guest.
local function nested(s, what, t)
	local other = type(t) == "table" and C.states[t]
	if other and other.class == Nested then
		return C.object(Nested, { proc = s.proc, vm = s.vm, vcpu = s.self, addr = other.addr })
	end
	local a = A.table(what, t or {}, new_schema)
	local n = { proc = s.proc, vm = s.vm, vcpu = s.self,
		addr = a.addr or S.block(s.vm, what, PAGE, PAGE) }
	S.write(s.vm, what, n.addr, rep("\0", SD:size()))
	write_fields(n, what, defaults)
	write_fields(n, what, a)
	return C.object(Nested, n)
end

C.methods(U.vcpu, { nested = nested })
