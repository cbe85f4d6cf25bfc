-- SPDX-License-Identifier: GPL-2.0-only
-- What KVM_RUN passed to user space instead of completing an access: a scenario's view of kvm_run.
local core, M = ...
local A, C, E, P = M.args, M.class, M.expect, M.process
local X = {}
M.exits = X

local K = core.constants
local type, next, rawget = type, next, rawget
local fmt, sub = string.format, string.sub
local concat = table.concat

X.RUN = M.kernel.struct("kvm_run")

X.exit = C.new("exit", { "ret", "reason", "mmio", "memory_fault", "memory_error", "io", "internal", "system_event",
	"exception", "s390_ucontrol", "s390_sieic", "interception", "nested_exception", "arm_nisv", "arm_sea", "hypercall",
	"faults", "done" })
X.mmio = C.new("mmio", { "phys_addr", "len", "is_write", "data" })

X.mmio.repr = function(s)
	return fmt("{phys_addr=0x%x, len=%d, is_write=%d, data=%s}", s.phys_addr, s.len, s.is_write, E.repr(s.data))
end
X.exit.repr = function(s, depth)
	local parts = { "exit ret=" .. E.repr(s.ret) }
	if s.reason then
		parts[#parts + 1] = E.exit_names[s.reason] or fmt("reason=%d", s.reason)
	end
	for _, k in next, { "mmio", "memory_fault", "memory_error", "io", "internal", "system_event", "exception",
		"s390_ucontrol", "s390_sieic", "interception", "nested_exception", "arm_nisv", "arm_sea",
		"hypercall" }, nil do
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

-- For each reason that has fields: the part of struct kvm_run that has them, and parse(s, fields, vcpu, addr).
local reasons <const> = {
	KVM_EXIT_MMIO = { "mmio.", function(s, f)
		f.data, f.exit = sub(f.data, 1, f.len), s
		s.mmio = C.object(X.mmio, f)
	end },
	KVM_EXIT_MEMORY_FAULT = { "memory_fault.", function(s, f) s.memory_fault = f end },
	KVM_EXIT_IO = { "io.", function(s, f, vcpu, addr)
		local bytes, offset = f.size * f.count, f.data_offset
		s.io, f.data_offset = f, nil
		if bytes <= 4096 and offset >= 0 and offset < 1 << 20 then
			s.io_data = addr + offset
			f.data = core.user_read(vcpu.proc.pid, addr + offset, bytes)
		end
	end },
	KVM_EXIT_INTERNAL_ERROR = { "internal.", function(s, f) s.internal = f end },
	KVM_EXIT_SYSTEM_EVENT = { "system_event.", function(s, f) s.system_event = f end },
	KVM_EXIT_S390_UCONTROL = { "s390_ucontrol.", function(s, f) s.s390_ucontrol = f end },
	KVM_EXIT_S390_SIEIC = { "s390_sieic.", function(s, f) s.s390_sieic = f end },
}
-- The files of an architecture may define it: like the table above, for reasons that are not in it, or have more there.
X.more_reasons = {}

-- By number; without those that this kernel lacks.
local parsers
local function parser_of(reason)
	if not parsers then
		parsers = {}
		for _, list in next, { reasons, X.more_reasons }, nil do
			for name, parser in next, list, nil do
				parsers[rawget(K, name) or name] = parser
			end
		end
	end
	return parsers[reason]
end
-- Those that come with -EFAULT and -EHWPOISON.
local of_failed_run = {}
for _, name in next, { "KVM_EXIT_MEMORY_FAULT", "KVM_EXIT_MEMORY_ERROR" }, nil do
	of_failed_run[rawget(K, name) or name] = true
end

-- Like a VMM, it has kvm_run mapped from the first exit on, whatever the reason.
local function parse(s, vcpu)
	local addr, parser = X.run_address(vcpu), parser_of(s.reason)
	if addr < 0 or not parser then
		return
	end
	local first, bytes = X.RUN:part(parser[1])
	local data = core.user_read(vcpu.proc.pid, addr + first, bytes)
	if type(data) == "string" then
		parser[2](s, X.RUN:fields(data, parser[1], -first), vcpu, addr)
	end
end

-- The exit of an access that did not complete.
function X.new(vcpu, ret, reason, faults, done)
	local s = { vcpu = vcpu, ret = ret, faults = faults, done = done }
	s.reason = reason
	-- If KVM_RUN failed the reason's other fields are old, except for these reasons.
	if reason and (ret == 0 or (ret == -K.EFAULT or ret == -K.EHWPOISON) and of_failed_run[reason]) then
		parse(s, vcpu)
	end
	return C.object(X.exit, s)
end

-- Puts the device's answer into kvm_run and continues the vCPU. Returns what the access would have returned.
local function complete(s, what, data)
	local vcpu, mmio, io = s.vcpu, s.mmio and C.states[s.mmio], s.io
	if vcpu.exit ~= s then
		A.fail("%s: this exit is not the vCPU's latest", what)
	end
	if mmio and mmio.is_write == 0 then
		A.string(what .. ": data", data, 8)
		if #data ~= mmio.len then
			A.fail("%s: data: expected %d bytes, got %d", what, mmio.len, #data)
		end
		local rc = P.put(vcpu.proc, vcpu.run, X.RUN, "mmio.data", data)
		if rc < 0 then
			return rc
		end
	elseif io and io.direction == K.KVM_EXIT_IO_IN and s.io_data then
		A.string(what .. ": data", data, 4096)
		if #data ~= io.size * io.count then
			A.fail("%s: data: expected %d bytes, got %d", what, io.size * io.count, #data)
		end
		local rc = core.user_write(vcpu.proc.pid, s.io_data, data)
		if rc < 0 then
			return rc
		end
	elseif data ~= nil then
		A.fail("%s: data: only a read by MMIO or of a port takes data", what)
	end
	return M.vcpu.continue(vcpu, what)
end

C.methods(X.exit, { complete = complete })
C.methods(X.mmio, { complete = function(s, what, data) return complete(s.exit, what, data) end })
