-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEM_OP of a vCPU and of a VM: the structure and its buffers.
local core, M = ...
local A, P, U, V = M.args, M.process, M.vcpu, M.vm
local C = M.class

local K = core.constants

local MEM_OP <const> = M.kernel.struct("kvm_s390_mem_op")
local OLD_BYTES <const> = 64	-- room for the old value, behind the structure
local BUFFER_OFFSET <const>, BUFFER_MAX <const> = 4096, 65536	-- the kernel takes no more

local function is_read(op)
	return op == K.KVM_S390_MEMOP_LOGICAL_READ or op == K.KVM_S390_MEMOP_SIDA_READ or
		op == K.KVM_S390_MEMOP_ABSOLUTE_READ
end

local function data(what, v)
	return A.string(what, v, BUFFER_MAX)
end

local function byte(what, v)
	return A.int(what, v, 0, 255)
end

local function old_value(what, v)
	return A.string(what, v, OLD_BYTES)
end

local schema = {
	op = { A.u32, A.required }, gaddr = { A.u64, 0 }, size = { A.u32 }, flags = { A.u64, 0 }, buf = { A.u64 },
	data = { data }, ar = { byte }, key = { byte }, old = { old_value }, old_addr = { A.u64 },
	sida_offset = { A.u32 },
}

-- Returns the ioctl's result, or for a successful read the bytes, unless buf is their place. Then the new value of old.
local function mem_op(s, what, t)
	local a = A.table(what, t, schema)
	if (a.data and a.buf) or (a.old and a.old_addr) then
		A.fail("%s: data with buf, or old with old_addr: give only one of the two", what)
	end
	if a.sida_offset then
		A.unused(what, a, { "ar", "key", "old", "old_addr" }, "not with sida_offset, which uses the same bytes")
	end
	local size = a.size or (a.data and #a.data) or A.fail("%s: size: missing, and no data", what)
	local room = size > BUFFER_MAX and BUFFER_MAX or size
	if a.data and #a.data ~= room then	-- less: what follows would move
		A.fail("%s: data: size is %d, but there are %d bytes", what, size, #a.data)
	end
	local addr = P.scratch(s.proc, BUFFER_OFFSET + BUFFER_MAX)
	local old = a.old_addr or addr + MEM_OP:size()
	if a.old then
		core.user_write(s.proc.pid, old, a.old)
	end
	if a.data then
		core.user_write(s.proc.pid, addr + BUFFER_OFFSET, a.data)
	end
	local op = { gaddr = a.gaddr, flags = a.flags, size = size, op = a.op, buf = a.buf or addr + BUFFER_OFFSET,
		sida_offset = a.sida_offset }
	if not a.sida_offset then
		op.ar, op.key = a.ar or 0, a.key or 0
		op.old_addr = MEM_OP:has("old_addr") and old or nil	-- else the kernel refuses the operation
	end
	-- The end is a union: the kernel ignores what an operation does not use.
	local rc = core.user_write(s.proc.pid, addr, MEM_OP:pack(op, "\xee"))
	if rc < 0 then
		return rc
	end
	rc = P.ioctl(s.proc, s.fd, K.KVM_S390_MEM_OP, addr)
	if rc == 0 and is_read(a.op) and not a.buf and a.flags & K.KVM_S390_MEMOP_F_CHECK_ONLY == 0 then
		return (core.user_read(s.proc.pid, addr + BUFFER_OFFSET, room))
	end
	if a.old then
		return rc, (core.user_read(s.proc.pid, old, #a.old))
	end
	return rc
end

C.methods(U.vcpu, { mem_op = mem_op })
C.methods(V.vm, { mem_op = mem_op })
