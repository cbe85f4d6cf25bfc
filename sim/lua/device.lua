-- SPDX-License-Identifier: GPL-2.0-only
-- KVM's devices, and the attributes that they, VMs and vCPUs have.
local core, M = ...
local A, C, P, V, U, N = M.args, M.class, M.process, M.vm, M.vcpu, M.kernel

local K = core.constants
local pack, unpack = string.pack, string.unpack
local type = type
local required = A.required

local DEVICE <const>, DEVICE_ATTR <const> = N.struct("kvm_create_device"), N.struct("kvm_device_attr")
local MAX_VALUE <const> = 1 << 20

-- A number of 8 bytes, or the bytes of another value.
local function attribute_value(what, v)
	if type(v) == "string" and not A.whole(v) then
		return A.string(what, v, MAX_VALUE)
	end
	return pack("<i8", A.u64(what, v))
end

local attr_schema = { group = { A.u32, required }, attr = { A.u64, 0 }, flags = { A.u32, 0 }, addr = { A.u64 } }
local set_attr_schema = { group = attr_schema.group, attr = attr_schema.attr, flags = attr_schema.flags,
	addr = attr_schema.addr, value = { attribute_value } }

-- The attribute's data are those of value, unless addr says where they are.
local function attr_ioctl(s, what, t, cmd)
	local a = A.table(what, t, cmd == K.KVM_SET_DEVICE_ATTR and set_attr_schema or attr_schema)
	if a.addr then
		A.unused(what, a, { "value" }, "not with addr, which says where it is")
	end
	local value = a.value or pack("<i8", 0)
	return P.ioctl_buffer(s, cmd, DEVICE_ATTR, { flags = a.flags, group = a.group, attr = a.attr, addr = a.addr },
		"addr", value, #value)
end

local attributes = {
	set_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_SET_DEVICE_ATTR)) end,
	has_device_attr = function(s, what, t) return (attr_ioctl(s, what, t, K.KVM_HAS_DEVICE_ATTR)) end,
	-- { value = n }, or -errno: a value may look like an error.
	get_device_attr = function(s, what, t)
		local rc, buffer = attr_ioctl(s, what, t, K.KVM_GET_DEVICE_ATTR)
		return rc ~= 0 and rc or { value = (unpack("<i8", core.user_read(s.proc.pid, buffer, 8))) }
	end,
}

local device = C.new("device", { "fd" })
C.methods(device, attributes)
C.methods(device, {
	close = P.close,
	-- The same fd, used by another process that inherited it.
	via = function(s, what, process)
		return C.object(device, { proc = C.state(what .. ": process", process, P.process), fd = s.fd })
	end,
})
C.methods(V.vm, attributes)
C.methods(U.vcpu, attributes)

local device_schema = { type = { A.u32, required }, flags = { A.u32, 0 } }

C.methods(V.vm, {
	create_device = function(s, what, t)
		local a = A.table(what, t, device_schema)
		local rc, out = P.ioctl_struct(s.proc, s.fd, K.KVM_CREATE_DEVICE, DEVICE:pack(a), DEVICE:size())
		return rc < 0 and rc or C.object(device, { proc = s.proc, fd = DEVICE:get(out, "fd") })
	end,
})
