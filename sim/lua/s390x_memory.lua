-- SPDX-License-Identifier: GPL-2.0-only
-- The memory interface that only KVM on s390 has: attributes, storage keys, CMMA, UCONTROL, requested faults, pfault.
local core, M = ...
local A, C, P, V, U = M.args, M.class, M.process, M.vm, M.vcpu

local K = core.constants
local pack, unpack, rep = string.pack, string.unpack, string.rep
local ioctl, ioctl_struct = P.ioctl, P.ioctl_struct
local required = A.required

local MAX_BUFFER <const> = 4 << 20	-- for keys or CMMA states; more than KVM accepts
local SKEYS_BYTES <const>, CMMA_BYTES <const> = 64, 32	-- struct kvm_s390_skeys, struct kvm_s390_cmma_log

-- A structure with a buffer behind it in the process's own memory. fill(address of the buffer) returns the structure.
-- Returns the ioctl's result, and where the structure is.
local function with_buffer(s, cmd, struct_bytes, fill, contents, room)
	local addr = P.scratch(s.proc, struct_bytes + room)
	local buffer = addr + struct_bytes
	local rc = core.user_write(s.proc.pid, addr, fill(buffer) .. contents)
	return rc < 0 and rc or ioctl(s.proc, s.fd, cmd, addr), addr
end

-- --- attributes of a VM or a device ------------------------------------------------------------------------

local attr_schema = { group = { A.u32, required }, attr = { A.u64, 0 }, flags = { A.u32, 0 }, addr = { A.u64 } }
local set_attr_schema = { group = attr_schema.group, attr = attr_schema.attr, flags = attr_schema.flags,
	addr = attr_schema.addr, value = { A.u64 } }

-- The attribute's data are the 8 bytes of value, unless addr says where they are.
local function attr_ioctl(s, what, t, cmd)
	local a = A.table(what, t, cmd == K.KVM_SET_DEVICE_ATTR and set_attr_schema or attr_schema)
	if a.addr then
		A.unused(what, a, { "value" }, "not with addr, which says where it is")
	end
	return with_buffer(s, cmd, 24, function(buffer)
		return pack("<I4I4i8i8", a.flags, a.group, a.attr, a.addr or buffer)
	end, pack("<i8", a.value or 0), 8)
end

local attributes = {
	set_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_SET_DEVICE_ATTR)) end,
	has_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_HAS_DEVICE_ATTR)) end,
	-- { value = n }, or -errno: a value may look like an error.
	get_device_attr = function(s, what, t)
		local rc, addr = attr_ioctl(s, what, t, K.KVM_GET_DEVICE_ATTR)
		return rc ~= 0 and rc or { value = unpack("<i8", core.user_read(s.proc.pid, addr + 24, 8)) }
	end,
}

local device = C.new("device", { "fd" })
C.methods(device, attributes)
C.methods(device, { close = P.close })
C.methods(V.vm, attributes)

local device_schema = { type = { A.u32, required }, flags = { A.u32, 0 } }

local function create_device(s, what, t)
	local a = A.table(what, t, device_schema)
	local rc, out = ioctl_struct(s.proc, s.fd, K.KVM_CREATE_DEVICE, pack("<I4I4I4", a.type, 0, a.flags), 12)
	return rc < 0 and rc or C.object(device, { proc = s.proc, fd = (unpack("<I4", out, 5)) })
end

-- --- storage keys ------------------------------------------------------------------------------------------

local function count(what, v)
	return A.int(what, v, 0, MAX_BUFFER)
end

local function skeys_ioctl(s, cmd, a, n, keys)
	return with_buffer(s, cmd, SKEYS_BYTES, function(buffer)
		return pack("<i8i8i8I4", a.start_gfn, n, buffer, a.flags) .. rep("\0", 36)
	end, keys, n)
end

local get_skeys_schema = { start_gfn = { A.u64, required }, count = { count, required }, flags = { A.u32, 0 } }
local set_skeys_schema = { start_gfn = { A.u64, required },
	keys = { function(what, v) return A.string(what, v, MAX_BUFFER) end, required }, flags = { A.u32, 0 } }

-- --- collaborative memory management -----------------------------------------------------------------------

local function cmma_ioctl(s, cmd, a, n, values)
	return with_buffer(s, cmd, CMMA_BYTES, function(buffer)
		return pack("<i8I4I4i8i8", a.start_gfn, n, a.flags, a.mask or 0, buffer)
	end, values, n)
end

local get_cmma_schema = get_skeys_schema
local set_cmma_schema = { start_gfn = { A.u64, required },
	values = { function(what, v) return A.string(what, v, MAX_BUFFER) end, required },
	mask = { A.u64, -1 }, flags = { A.u32, 0 } }

-- What the kernel wrote: only the first count values are new.
local function get_cmma_bits(s, what, t)
	local a = A.table(what, t, get_cmma_schema)
	local rc, addr = cmma_ioctl(s, K.KVM_S390_GET_CMMA_BITS, a, a.count, "")
	if rc < 0 then
		return rc
	end
	local gfn, n, _, remaining = unpack("<i8I4I4i8", core.user_read(s.proc.pid, addr, CMMA_BYTES))
	return { start_gfn = gfn, count = n, remaining = remaining,
		values = n > 0 and core.user_read(s.proc.pid, addr + CMMA_BYTES, n) or "" }
end

-- --- interrupts, registers ---------------------------------------------------------------------------------

local interrupt_schema = { type = { A.u32, required }, parm = { A.u32, 0 }, parm64 = { A.u64, 0 } }

local function interrupt(s, what, t)
	local a = A.table(what, t, interrupt_schema)
	return (ioctl_struct(s.proc, s.fd, K.KVM_S390_INTERRUPT, pack("<I4I4i8", a.type, a.parm, a.parm64)))
end

local function one_reg(s, cmd, id, value)
	return with_buffer(s, cmd, 16, function(buffer)
		return pack("<i8i8", id, buffer)
	end, pack("<i8", value), 8)
end

C.methods(V.vm, {
	create_device = create_device,
	s390_interrupt = interrupt,
	-- The keys as a string, KVM_S390_GET_SKEYS_NONE, or -errno.
	s390_get_skeys = function(s, what, t)
		local a = A.table(what, t, get_skeys_schema)
		local rc, addr = skeys_ioctl(s, K.KVM_S390_GET_SKEYS, a, a.count, "")
		return rc ~= 0 and rc or core.user_read(s.proc.pid, addr + SKEYS_BYTES, a.count)
	end,
	s390_set_skeys = function(s, what, t)
		local a = A.table(what, t, set_skeys_schema)
		return (skeys_ioctl(s, K.KVM_S390_SET_SKEYS, a, #a.keys, a.keys))
	end,
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
		return (ioctl_struct(s.proc, s.fd, K[cmd], pack("<i8i8i8", a.user_addr or 0, a.vcpu_addr, a.length)))
	end
end

C.methods(U.vcpu, {
	s390_interrupt = interrupt,
	s390_vcpu_fault = function(s, what, gpa)
		return ioctl(s.proc, s.fd, K.KVM_S390_VCPU_FAULT, A.u64(what .. ": address", gpa))
	end,
	s390_ucas_map = ucas("KVM_S390_UCAS_MAP", ucas_map_schema),
	s390_ucas_unmap = ucas("KVM_S390_UCAS_UNMAP", ucas_unmap_schema),
	-- { value = n }, or -errno; registers of 64 bits.
	get_one_reg = function(s, what, id)
		local rc, addr = one_reg(s, K.KVM_GET_ONE_REG, A.u64(what .. ": id", id), 0)
		return rc ~= 0 and rc or { value = unpack("<i8", core.user_read(s.proc.pid, addr + 16, 8)) }
	end,
	set_one_reg = function(s, what, id, value)
		return (one_reg(s, K.KVM_SET_ONE_REG, A.u64(what .. ": id", id), A.u64(what .. ": value", value)))
	end,
})
