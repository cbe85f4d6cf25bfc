-- SPDX-License-Identifier: GPL-2.0-only
-- What KVM_RUN passed to user space instead of completing an access: a scenario's view of kvm_run.
local core, M = ...
local A, C, E = M.args, M.class, M.expect
local X = {}
M.exits = X

local K = core.constants
local type, next, rawget = type, next, rawget
local unpack, fmt, sub, rep = string.unpack, string.format, string.sub, string.rep
local concat = table.concat

local S390_EXIT <const> = 49	-- where the exit's own fields begin on s390; the PSW comes before them
local RUN_BYTES <const> = 128	-- of struct kvm_run, enough for every exit below

X.exit = C.new("exit", { "ret", "reason", "mmio", "memory_fault", "io", "internal", "system_event", "exception",
	"s390_ucontrol", "s390_sieic", "interception", "nested_exception", "faults",
	"done" })
X.mmio = C.new("mmio", { "phys_addr", "len", "is_write", "data" })

X.mmio.repr = function(s)
	return fmt("{phys_addr=0x%x, len=%d, is_write=%d, data=%s}", s.phys_addr, s.len, s.is_write, E.repr(s.data))
end
X.exit.repr = function(s, depth)
	local parts = { "exit ret=" .. E.repr(s.ret) }
	if s.reason then
		parts[#parts + 1] = E.exit_names[s.reason] or fmt("reason=%d", s.reason)
	end
	for _, k in next, { "mmio", "memory_fault", "io", "internal", "system_event", "exception",
		"s390_ucontrol", "s390_sieic", "interception", "nested_exception" }, nil do
		if s[k] then
			parts[#parts + 1] = k .. "=" .. E.repr(s[k], (depth or 0) + 1)
		end
	end
	return concat(parts, " ")
end

-- A vCPU's kvm_run: its address in the process, mapped at first use; or -errno.
function X.run_address(vcpu)
	if not vcpu.run then
		local kvm = core.syscall(vcpu.proc.pid, core.SYS_OPEN_KVM)
		if kvm < 0 then
			return kvm
		end
		local size = core.syscall(vcpu.proc.pid, core.SYS_IOCTL, kvm, K.KVM_GET_VCPU_MMAP_SIZE, 0)
		core.syscall(vcpu.proc.pid, core.SYS_CLOSE, kvm)
		local addr = size < 0 and size or core.syscall(vcpu.proc.pid, core.SYS_MMAP, 0, size,
			K.PROT_READ | K.PROT_WRITE,
			K.MAP_SHARED, vcpu.fd, 0)
		if addr < 0 then
			return addr
		end
		vcpu.run = addr
	end
	return vcpu.run
end

-- rawget: a reason that this kernel lacks does not come.
local function is(s, name)
	local value = rawget(K, name)
	return value ~= nil and s.reason == value
end

local function parse(s, vcpu, run, addr)
	if is(s, "KVM_EXIT_MMIO") then
		local phys, data, len, is_write = unpack("<i8c8I4B", run, 33)
		s.mmio = C.object(X.mmio, { phys_addr = phys, len = len, is_write = is_write, data = sub(data, 1, len),
			exit = s })
	elseif is(s, "KVM_EXIT_MEMORY_FAULT") then
		local flags, gpa, size = unpack("<i8i8i8", run, 33)
		s.memory_fault = { flags = flags, gpa = gpa, size = size }
	elseif is(s, "KVM_EXIT_IO") then
		local direction, size, port, count, offset = unpack("<BBI2I4i8", run, 33)
		s.io = { direction = direction, size = size, port = port, count = count }
		if size * count <= 4096 and offset >= 0 and offset < 1 << 20 then
			s.io.data = core.user_read(vcpu.proc.pid, addr + offset, size * count)
		end
	elseif is(s, "KVM_EXIT_INTERNAL_ERROR") then
		s.internal = { suberror = unpack("<I4", run, 33) }
	elseif is(s, "KVM_EXIT_SYSTEM_EVENT") then
		s.system_event = { type = unpack("<I4", run, 33) }
	elseif is(s, "KVM_EXIT_S390_UCONTROL") then
		local trans_exc_code, pgm_code = unpack("<i8I4", run, S390_EXIT)
		s.s390_ucontrol = { trans_exc_code = trans_exc_code, pgm_code = pgm_code }
	elseif is(s, "KVM_EXIT_S390_SIEIC") then
		local icptcode, ipa, ipb = unpack("<Bxi2I4", run, S390_EXIT)
		s.s390_sieic = { icptcode = icptcode, ipa = ipa & 0xffff, ipb = ipb }
	end
end

-- The exit of an access that did not complete.
function X.new(vcpu, ret, reason, faults, done)
	local s = { vcpu = vcpu, ret = ret, faults = faults, done = done }
	s.reason = reason
	-- If KVM_RUN failed the reason's other fields are old, except for this reason.
	if ret == 0 or (ret == -K.EFAULT or ret == -K.EHWPOISON) and is(s, "KVM_EXIT_MEMORY_FAULT") then
		local addr = X.run_address(vcpu)
		local run = addr >= 0 and core.user_read(vcpu.proc.pid, addr, RUN_BYTES) or addr
		if type(run) == "string" then
			parse(s, vcpu, run, addr)
		end
	end
	return C.object(X.exit, s)
end

-- Puts the device's answer into kvm_run and continues the vCPU. Returns what the access would have returned.
local function complete(s, what, data)
	local vcpu, mmio = s.vcpu, s.mmio and C.states[s.mmio]
	if vcpu.exit ~= s then
		A.fail("%s: this exit is not the vCPU's latest", what)
	end
	if mmio and mmio.is_write == 0 then
		A.string(what .. ": data", data, 8)
		if #data ~= mmio.len then
			A.fail("%s: data: expected %d bytes, got %d", what, mmio.len, #data)
		end
		local rc = core.user_write(vcpu.proc.pid, vcpu.run + 40, data .. rep("\0", 8 - #data))
		if rc < 0 then
			return rc
		end
	elseif data ~= nil then
		A.fail("%s: data: only a read by MMIO takes data", what)
	end
	return M.vcpu.continue(vcpu, what)
end

C.methods(X.exit, { complete = complete })
C.methods(X.mmio, { complete = function(s, what, data) return complete(s.exit, what, data) end })
