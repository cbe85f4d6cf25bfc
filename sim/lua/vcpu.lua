-- SPDX-License-Identifier: GPL-2.0-only
-- The vCPU: its guest accesses, each through the real KVM_RUN, and its registers.
local core, M = ...
local A, C, P, V, X, N = M.args, M.class, M.process, M.vm, M.exits, M.kernel
local U = {}
M.vcpu = U

local K = core.constants
local pack, unpack, sub, fmt, rep = string.pack, string.unpack, string.sub, string.format, string.rep
local concat = table.concat
local ioctl, ioctl_struct = P.ioctl, P.ioctl_struct
local type = type

local PREFAULT <const>, TRANSLATION <const> = N.struct("kvm_pre_fault_memory"), N.struct("kvm_translation")
local MAX_COMPLETIONS <const> = 16	-- of an MMIO that the scenario did not complete

U.vcpu = C.new("vcpu", { "fd", "id" })

-- What the files of an architecture define: U.exception(e) names an exception's parts as the manual does;
-- U.vcpu_created(vcpu, a) prepares a new vCPU, a: the arguments of vm:create_vcpu(); 0 or -errno.
function U.vcpu_created()
	return 0
end

function U.vcpu_object(vm, fd, id)
	return C.object(U.vcpu, { proc = vm.proc, vm = vm, fd = fd, id = id, label = fmt("%d", id) })
end

-- The next piece: all that is left if it has 1, 2, 4 or 8 bytes and the whole at most 8; else an aligned piece.
local function piece(job)
	local left = job.stop - job.pos
	if job.whole and (left == 1 or left == 2 or left == 4 or left == 8) then
		return left
	end
	local n = 8
	while n > left or job.pos & (n - 1) ~= 0 do
		n = n >> 1
	end
	return n
end

local no_value <const> = { [core.WRITE] = true, [core.TLBI] = true, [core.SET_ROOT] = true }

local function take(job, value)
	if job.op == core.INSN then
		job.cc = value
	elseif not no_value[job.op] then
		job.out[#job.out + 1] = sub(pack("<i8", value), 1, job.n)
	end
	job.pos = job.pos + job.n
end

local function result(job)
	return job.cc or no_value[job.op] or concat(job.out)
end

-- The access left to user space or ended in a guest exception: returns an exit object. r: see core.access.
local function left(s, job, r)
	if r.ret == -K.ELOOP and job.op == core.CODE then
		core.fail(fmt("%s: the guest's code makes no progress after %d faults", core.where(), r.faults))
	elseif r.ret == -K.ELOOP then
		core.fail(fmt("%s: livelock: the access to 0x%x still faults after %d faults", core.where(), job.pos,
			r.faults))
	end
	local exit = X.new(s, r.ret, r.exit_reason, r.faults, job.pos - job.start)
	local state = C.states[exit]
	if r.exception then
		state.reason = nil
		state[r.intercepted and "nested_exception" or "exception"] = U.exception(r.exception)
	elseif r.intercepted then
		state.reason = nil
		state.interception = U.interception(job.nested)
	end
	if not r.done then
		s.job, s.exit = job, state
	end
	return exit
end

local advance

-- Goes on after a step: its value, or nil and why it has none.
local function stepped(s, job, value, r)
	if r then
		return left(s, job, r)
	end
	take(job, value)
	return advance(s, job)
end

-- The operation for the flavour: a nested guest's access is part of a SIE instruction (s390x/nested.lua).
local function operation(job, regs)
	if not job.nested then
		return job.op
	end
	U.enter_nested(job.nested, regs)
	return job.op | core.NESTED
end

-- Runs a job to its end or to the next exit.
function advance(s, job)
	if job.pos >= job.stop then
		return result(job)
	end
	job.n = job.op == core.FETCH and 1 or piece(job)
	local value = 0
	if job.data then
		local at = job.pos - job.start + 1
		value = unpack("<i8", sub(job.data, at, at + job.n - 1) .. rep("\0", 8 - job.n))
	end
	return stepped(s, job, core.access(s.proc.pid, s.fd, operation(job), job.pos, job.n, value, job.user))
end

-- Continues the access that last left to user space.
function U.continue(s, what)
	local job = s.job
	if not job then
		A.fail("%s: no access of this vCPU has left to user space", what)
	end
	s.job, s.exit = nil, nil
	return stepped(s, job, core.access(s.proc.pid, s.fd))
end

-- Completes what guest code left to user space for, and stops there, by kvm_run's immediate_exit. Kernel code may not
-- use that name, so its offset comes from its neighbour.
local function stop_code(s)
	if X.run_address(s) > 0 then
		local immediate_exit = s.run + X.RUN:offset("padding1") - 1
		core.user_write(s.proc.pid, immediate_exit, "\1")
		ioctl(s.proc, s.fd, K.KVM_RUN, 0)
		core.user_write(s.proc.pid, immediate_exit, "\0")
	end
end

-- A new access while one is pending. Like in a VMM, entering the guest again completes an MMIO. A failed access is
-- dropped.
local function settle(s)
	local n = 0
	while s.job do
		if s.job.op == core.CODE then
			stop_code(s)
			core.abandon(s.proc.pid, s.fd)
			s.job, s.exit = nil, nil
		elseif s.exit.mmio and n < MAX_COMPLETIONS then
			s.job.stop = s.job.pos + s.job.n	-- no further pieces
			U.continue(s, "vcpu")
			n = n + 1
		else
			core.abandon(s.proc.pid, s.fd)
			s.job, s.exit = nil, nil
		end
	end
end

local function access(s, op, addr, length, data, user, nested)
	settle(s)
	return advance(s, {
		op = op, start = addr, pos = addr, stop = addr + length, data = data, user = user, out = {},
			whole = length <= 8, nested = nested,
	})
end

U.settle, U.access = settle, access

-- One instruction of s390x, executed `times` times: returns its condition code, or an exit. Except for a nested guest,
-- registers and PSW are set.
function U.instruction(s, text, len, nested, regs, times)
	local job = { op = core.INSN, start = 0, pos = 0, stop = 1, n = 1, out = {}, nested = nested }
	return stepped(s, job, core.access(s.proc.pid, s.fd, operation(job, regs), (times or 1) - 1, len, text,
		false))
end

-- Guest code from the vCPU's RIP on: returns the exit with which it ends.
function U.code(s)
	local job = { op = core.CODE, start = 0, pos = 0, stop = 1, n = 1, out = {} }
	return stepped(s, job, core.access(s.proc.pid, s.fd, core.CODE, 0, 1, 0, false))
end

local function user_flag(what, t)
	if t == nil then
		return false
	end
	return A.table(what, t, { user = { A.boolean, false } }).user
end
U.user_flag = user_flag

local ops = { read = core.READ, write = core.WRITE, fetch = core.FETCH, xchg = core.XCHG }

local function two_numbers(what, v)
	local list = A.list(what, v, 2, A.u64)
	if #list ~= 2 then
		A.refuse(what, "{ start, length }", v)
	end
	A.int(what .. "[2]", list[2], 8, 1 << 46)
	return list
end

local workload_schema = {
	op = { function(what, v) return A.choice(what, v, ops) end, A.required }, range = { two_numbers, A.required },
	stride = { function(what, v) return A.int(what, v, 1, 1 << 40) end },
	count = { function(what, v) return A.int(what, v, 0, 1 << 40) end },
}

function U.workload(s, what, t, nested)
	local a = A.table(what, t, workload_schema)
	settle(s)
	local stride = a.stride or core.page_size()
	local count = a.count or (a.range[2] + stride - 1) // stride
	if stride > a.range[2] then
		A.refuse(what .. ": stride", "at most the length of the range", stride)
	end
	local job = { op = a.op, start = 0, pos = 0, stop = 0, out = {}, n = 0, nested = nested }
	local n, r = core.workload(s.proc.pid, s.fd, operation(job), a.range[1], a.range[2], stride, count)
	if not r then
		return n
	end
	job.pos = r.value
	local exit = left(s, job, r)
	job.pos = 0
	return exit
end

local prefault_schema = { gpa = { A.u64, A.required }, size = { A.u64, A.required }, flags = { A.u64, 0 } }

-- The bytes of a structure that an ioctl fills, or -errno.
local function get_struct(s, cmd, struct)
	local addr = P.scratch(s.proc, struct:size())
	local rc = ioctl(s.proc, s.fd, cmd, addr)
	if rc < 0 then
		return rc
	end
	return core.user_read(s.proc.pid, addr, struct:size())
end
U.get_struct = get_struct

C.methods(U.vcpu, {
	read = function(s, what, gpa, length, flags)
		return access(s, core.READ, A.u64(what .. ": address", gpa),
			A.int(what .. ": length", length, 1, 1 << 24), nil,
			user_flag(what, flags))
	end,
	write = function(s, what, gpa, data, flags)
		A.string(what .. ": data", data, 1 << 24)
		if #data == 0 then
			A.refuse(what .. ": data", "at least one byte", data)
		end
		return access(s, core.WRITE, A.u64(what .. ": address", gpa), #data, data, user_flag(what, flags))
	end,
	fetch = function(s, what, gpa, flags)
		return access(s, core.FETCH, A.u64(what .. ": address", gpa), 1, nil, user_flag(what, flags))
	end,
	xchg = function(s, what, gpa, data, flags)
		A.string(what .. ": data", data, 8)
		if #data ~= 1 and #data ~= 2 and #data ~= 4 and #data ~= 8 then
			A.refuse(what .. ": data", "1, 2, 4 or 8 bytes", data)
		end
		return access(s, core.XCHG, A.u64(what .. ": address", gpa), #data, data, user_flag(what, flags))
	end,
	run = U.continue,
	abandon = function(s)
		if not s.job then
			return -K.EINVAL
		end
		settle(s)
		return 0
	end,
	workload = function(s, what, t) return U.workload(s, what, t) end,
	-- Returns the result, and what is left of the range.
	pre_fault_memory = function(s, what, t)
		local a = A.table(what, t, prefault_schema)
		local rc, out = ioctl_struct(s.proc, s.fd, K.KVM_PRE_FAULT_MEMORY, PREFAULT:pack(a), PREFAULT:size())
		if not out then
			return rc
		end
		return rc, { gpa = PREFAULT:get(out, "gpa"), size = PREFAULT:get(out, "size") }
	end,
	-- { physical_address, valid, writeable, usermode } of a guest-virtual address, or -errno
	translate = function(s, what, addr)
		local rc, out = ioctl_struct(s.proc, s.fd, K.KVM_TRANSLATE,
			TRANSLATION:pack{ linear_address = A.u64(what .. ": address", addr) }, TRANSLATION:size())
		if rc < 0 then
			return rc
		end
		local f = TRANSLATION:fields(out, "")
		f.linear_address = nil
		return f
	end,
	enable_cap = V.enable_cap,
	ioctl = V.raw_ioctl,
	mmap = P.mmap_fd,
	close = P.close,
})
