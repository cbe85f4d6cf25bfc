-- SPDX-License-Identifier: GPL-2.0-only
-- The memory interface that only KVM on s390 has: attributes, storage keys, CMMA, UCONTROL, requested faults, pfault.
local core, M = ...
local A, C, P, V, U, N = M.args, M.class, M.process, M.vm, M.vcpu, M.kernel

local K = core.constants
local pack, unpack = string.pack, string.unpack
local ioctl, ioctl_struct = P.ioctl, P.ioctl_struct
local required = A.required

local MAX_BUFFER <const> = 4 << 20	-- for keys or CMMA states; more than KVM accepts
local DEVICE <const>, DEVICE_ATTR <const> = N.struct("kvm_create_device"), N.struct("kvm_device_attr")
local SKEYS <const>, CMMA_LOG <const> = N.struct("kvm_s390_skeys"), N.struct("kvm_s390_cmma_log")
local INTERRUPT <const>, UCAS <const> = N.struct("kvm_s390_interrupt"), N.struct("kvm_s390_ucas_mapping")
local ONE_REG <const>, KEYOP <const> = N.struct("kvm_one_reg"), N.struct("kvm_s390_keyop")

-- A structure with a buffer behind it in the process's own memory, whose address the member `pointer` gets unless it
-- has a value. Returns the ioctl's result, and where buffer and structure are.
local function with_buffer(s, cmd, struct, values, pointer, contents, room)
	local addr = P.scratch(s.proc, struct:size() + room)
	local buffer = addr + struct:size()
	values[pointer] = values[pointer] or buffer
	local rc = core.user_write(s.proc.pid, addr, struct:pack(values) .. contents)
	return rc < 0 and rc or ioctl(s.proc, s.fd, cmd, addr), buffer, addr
end

local function read_u64(s, addr)
	return (unpack("<i8", core.user_read(s.proc.pid, addr, 8)))
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
	return with_buffer(s, cmd, DEVICE_ATTR, { flags = a.flags, group = a.group, attr = a.attr, addr = a.addr },
		"addr", pack("<i8", a.value or 0), 8)
end

local attributes = {
	set_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_SET_DEVICE_ATTR)) end,
	has_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_HAS_DEVICE_ATTR)) end,
	-- { value = n }, or -errno: a value may look like an error.
	get_device_attr = function(s, what, t)
		local rc, buffer = attr_ioctl(s, what, t, K.KVM_GET_DEVICE_ATTR)
		return rc ~= 0 and rc or { value = read_u64(s, buffer) }
	end,
}

local device = C.new("device", { "fd" })
C.methods(device, attributes)
C.methods(device, { close = P.close })
C.methods(V.vm, attributes)

local device_schema = { type = { A.u32, required }, flags = { A.u32, 0 } }

local function create_device(s, what, t)
	local a = A.table(what, t, device_schema)
	local rc, out = ioctl_struct(s.proc, s.fd, K.KVM_CREATE_DEVICE, DEVICE:pack(a), DEVICE:size())
	return rc < 0 and rc or C.object(device, { proc = s.proc, fd = DEVICE:get(out, "fd") })
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
	create_device = create_device,
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
		return ioctl(s.proc, s.fd, K.KVM_S390_VCPU_FAULT, A.u64(what .. ": address", gpa))
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
