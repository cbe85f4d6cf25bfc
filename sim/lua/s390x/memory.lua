-- SPDX-License-Identifier: GPL-2.0-only
-- The memory interface that only KVM on s390 has: storage keys, CMMA, UCONTROL, requested faults, pfault.
local core, M = ...
local A, C, P, V, U, N = M.args, M.class, M.process, M.vm, M.vcpu, M.kernel

local K = core.constants
local pack, unpack = string.pack, string.unpack
local ioctl_struct, with_buffer = P.ioctl_struct, P.ioctl_buffer
local required = A.required

local MAX_BUFFER <const> = 4 << 20	-- for keys or CMMA states; more than KVM accepts
local SKEYS <const>, CMMA_LOG <const> = N.struct("kvm_s390_skeys"), N.struct("kvm_s390_cmma_log")
local INTERRUPT <const>, UCAS <const> = N.struct("kvm_s390_interrupt"), N.struct("kvm_s390_ucas_mapping")
local ONE_REG <const>, KEYOP <const> = N.struct("kvm_one_reg"), N.struct("kvm_s390_keyop")

local function read_u64(s, addr)
	return (unpack("<i8", core.user_read(s.proc.pid, addr, 8)))
end

-- --- storage keys ------------------------------------------------------------------------------------------

local function count(what, v)
	return A.int(what, v, 0, MAX_BUFFER)
end

local function skeys_ioctl(s, cmd, a, n, keys)
	return with_buffer(s, cmd, SKEYS, { start_gfn = a.start_gfn, count = n, flags = a.flags },
		"skeydata_addr", keys, n)
end

local get_skeys_schema = { start_gfn = { A.u64, required }, count = { count, required }, flags = { A.u32, 0 } }
local set_skeys_schema = { start_gfn = { A.u64, required },
	keys = { function(what, v) return A.string(what, v, MAX_BUFFER) end, required }, flags = { A.u32, 0 } }

local function u8(what, v)
	return A.int(what, v, 0, 255)
end

local keyop_schema = { guest_addr = { A.u64, required }, operation = { u8, required }, key = { u8, 0 } }

-- The key, or the bits of it, that the operation found; or -errno.
local function keyop(s, what, t)
	local rc, out = ioctl_struct(s.proc, s.fd, K.KVM_S390_KEYOP, KEYOP:pack(A.table(what, t, keyop_schema)), KEYOP:size())
	return rc < 0 and rc or KEYOP:get(out, "key")
end

-- --- collaborative memory management -----------------------------------------------------------------------

local function cmma_ioctl(s, cmd, a, n, values)
	return with_buffer(s, cmd, CMMA_LOG, { start_gfn = a.start_gfn, count = n, flags = a.flags, mask = a.mask },
		"values", values, n)
end

local get_cmma_schema = get_skeys_schema
local set_cmma_schema = { start_gfn = { A.u64, required },
	values = { function(what, v) return A.string(what, v, MAX_BUFFER) end, required },
	mask = { A.u64, -1 }, flags = { A.u32, 0 } }

-- What the kernel wrote: only the first count values are new.
local function get_cmma_bits(s, what, t)
	local a = A.table(what, t, get_cmma_schema)
	local rc, buffer, addr = cmma_ioctl(s, K.KVM_S390_GET_CMMA_BITS, a, a.count, "")
	if rc < 0 then
		return rc
	end
	local out = core.user_read(s.proc.pid, addr, CMMA_LOG:size())
	local n = CMMA_LOG:get(out, "count")
	return { start_gfn = CMMA_LOG:get(out, "start_gfn"), count = n, remaining = CMMA_LOG:get(out, "remaining"),
		values = n > 0 and core.user_read(s.proc.pid, buffer, n) or "" }
end

-- --- interrupts, registers ---------------------------------------------------------------------------------

local interrupt_schema = { type = { A.u32, required }, parm = { A.u32, 0 }, parm64 = { A.u64, 0 } }

local function interrupt(s, what, t)
	local a = A.table(what, t, interrupt_schema)
	return (ioctl_struct(s.proc, s.fd, K.KVM_S390_INTERRUPT, INTERRUPT:pack(a)))
end

local function one_reg(s, cmd, id, value)
	return with_buffer(s, cmd, ONE_REG, { id = id }, "addr", pack("<i8", value), 8)
end

C.methods(V.vm, {
	s390_interrupt = interrupt,
	-- The keys as a string, KVM_S390_GET_SKEYS_NONE, or -errno.
	s390_get_skeys = function(s, what, t)
		local a = A.table(what, t, get_skeys_schema)
		local rc, buffer = skeys_ioctl(s, K.KVM_S390_GET_SKEYS, a, a.count, "")
		return rc ~= 0 and rc or core.user_read(s.proc.pid, buffer, a.count)
	end,
	s390_set_skeys = function(s, what, t)
		local a = A.table(what, t, set_skeys_schema)
		return (skeys_ioctl(s, K.KVM_S390_SET_SKEYS, a, #a.keys, a.keys))
	end,
	s390_keyop = keyop,
	s390_get_cmma_bits = get_cmma_bits,
	s390_set_cmma_bits = function(s, what, t)
		local a = A.table(what, t, set_cmma_schema)
		return (cmma_ioctl(s, K.KVM_S390_SET_CMMA_BITS, a, #a.values, a.values))
	end,
})

-- --- the vCPU ----------------------------------------------------------------------------------------------

local ucas_unmap_schema = { vcpu_addr = { A.u64, required }, length = { A.u64, required } }
local ucas_map_schema = { user_addr = { V.user_address, 0 }, vcpu_addr = ucas_unmap_schema.vcpu_addr,
	length = ucas_unmap_schema.length }

local function ucas(cmd, schema)
	return function(s, what, t)
		local a = A.table(what, t, schema)
		return (ioctl_struct(s.proc, s.fd, K[cmd], UCAS:pack(a)))
	end
end

C.methods(U.vcpu, {
	s390_interrupt = interrupt,
	s390_vcpu_fault = function(s, what, gpa)
		return P.ioctl(s.proc, s.fd, K.KVM_S390_VCPU_FAULT, A.u64(what .. ": address", gpa))
	end,
	s390_ucas_map = ucas("KVM_S390_UCAS_MAP", ucas_map_schema),
	s390_ucas_unmap = ucas("KVM_S390_UCAS_UNMAP", ucas_unmap_schema),
	-- { value = n }, or -errno; registers of 64 bits.
	get_one_reg = function(s, what, id)
		local rc, buffer = one_reg(s, K.KVM_GET_ONE_REG, A.u64(what .. ": id", id), 0)
		return rc ~= 0 and rc or { value = read_u64(s, buffer) }
	end,
	set_one_reg = function(s, what, id, value)
		return (one_reg(s, K.KVM_SET_ONE_REG, A.u64(what .. ": id", id), A.u64(what .. ": value", value)))
	end,
})
