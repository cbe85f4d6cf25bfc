-- SPDX-License-Identifier: GPL-2.0-only
-- userfaultfd: user space resolves the page faults of its memory, like a VMM in the post-copy phase of a migration.
-- A result is 0 or -errno, unless said otherwise.
local core, M = ...
local A, C, P, N = M.args, M.class, M.process, M.kernel

local K = core.constants
local type = type
local syscall = core.syscall

local MSG <const>, API <const>, RANGE <const> = N.struct("uffd_msg"), N.struct("uffdio_api"), N.struct("uffdio_range")
local REGISTER <const>, WRITEPROTECT <const> = N.struct("uffdio_register"), N.struct("uffdio_writeprotect")
local RWPROTECT <const>, SET_MODE <const> = N.struct("uffdio_rwprotect"), N.struct("uffdio_set_mode")
local COPY <const>, MOVE <const> = N.struct("uffdio_copy"), N.struct("uffdio_move")

local userfaultfd = C.new("userfaultfd", { "fd", "features" })

local set_mode_schema = { enable = { A.u64, 0 }, disable = { A.u64, 0 } }
local open_schema = { flags = { A.u32, 0 }, features = { A.u64, 0 } }

local function object(proc, fd, features)
	return C.object(userfaultfd, { proc = proc, fd = fd, features = features, label = "fd " .. fd })
end

-- userfaultfd(2) and UFFDIO_API. features: those to turn on; the object has the features that the kernel knows.
local function open(s, what, t)
	local a = A.table(what, t or {}, open_schema)
	local fd = syscall(s.pid, core.SYS_USERFAULTFD, a.flags)
	if fd < 0 then
		return fd
	end
	local rc, api = P.ioctl_struct(s, fd, K.UFFDIO_API, API:pack{ api = K.UFFD_API, features = a.features },
		API:size())
	if rc < 0 then
		syscall(s.pid, core.SYS_CLOSE, fd)
		return rc
	end
	return object(s, fd, API:get(api, "features"))
end

-- (mapping, offset, length) as in the mapping's own calls. Returns address and length.
local function range(what, ram, offset, length)
	local m = C.state(what .. ": mapping", ram, P.mapping)
	local off = A.within(what .. ": offset", offset or 0, m.length)
	return m.addr + off, length == nil and m.length - off or A.u64(what .. ": length", length)
end

local function mode_of(what, mode)
	return A.u64(what .. ": mode", mode or 0)
end

-- An ioctl one of whose members, done, tells how many bytes are done. Returns that number, or -errno if it is 0; and
-- the ioctl's own result, which is an error if it did not do all.
local function counted(s, cmd, struct, values, done)
	local addr = P.scratch(s.proc, struct:size())
	local rc = core.user_write(s.proc.pid, addr, struct:pack(values))
	if rc < 0 then
		return rc
	end
	rc = P.ioctl(s.proc, s.fd, cmd, addr)
	local out = core.user_read(s.proc.pid, addr, struct:size())
	local bytes = type(out) == "string" and struct:get(out, done) or 0
	return bytes > 0 and bytes or rc, rc
end

-- cmd: the ioctl's name, since not every kernel has it.
local function on_range(cmd, struct_name, done)
	local struct = N.struct(struct_name)
	return function(s, what, ram, offset, length, mode)
		local addr, len = range(what, ram, offset, length)
		return counted(s, K[cmd], struct,
			{ ["range.start"] = addr, ["range.len"] = len, mode = mode_of(what, mode) }, done)
	end
end

local function copy(s, what, ram, offset, data, mode)
	local addr = range(what, ram, offset)
	A.string(what .. ": data", data)
	local src = syscall(s.proc.pid, core.SYS_MMAP, 0, #data, K.PROT_READ | K.PROT_WRITE,
		K.MAP_PRIVATE | K.MAP_ANONYMOUS, -1, 0)
	if src < 0 then
		return src
	end
	local done, rc = core.user_write(s.proc.pid, src, data)
	if done == 0 then
		done, rc = counted(s, K.UFFDIO_COPY, COPY,
			{ dst = addr, src = src, len = #data, mode = mode_of(what, mode) }, "copy")
	end
	syscall(s.proc.pid, core.SYS_MUNMAP, src, #data)
	return done, rc
end

local function start_end(_, m)
	return { event = MSG:get(m, "event"), from = MSG:get(m, "arg.remove.start"), to = MSG:get(m, "arg.remove.end") }
end

local events = {
	[K.UFFD_EVENT_PAGEFAULT] = function(_, m)
		return { event = K.UFFD_EVENT_PAGEFAULT, flags = MSG:get(m, "arg.pagefault.flags"),
			address = MSG:get(m, "arg.pagefault.address"), ptid = MSG:get(m, "arg.pagefault.feat.ptid") }
	end,
	[K.UFFD_EVENT_FORK] = function(s, m)
		return { event = K.UFFD_EVENT_FORK,
			userfaultfd = object(s.proc, MSG:get(m, "arg.fork.ufd"), s.features) }
	end,
	[K.UFFD_EVENT_REMAP] = function(_, m)
		return { event = K.UFFD_EVENT_REMAP, from = MSG:get(m, "arg.remap.from"),
			to = MSG:get(m, "arg.remap.to"), length = MSG:get(m, "arg.remap.len") }
	end,
	[K.UFFD_EVENT_REMOVE] = start_end,
	[K.UFFD_EVENT_UNMAP] = start_end,
}

-- The next event; waits for one unless O_NONBLOCK (-EAGAIN).
local function read(s)
	local addr = P.scratch(s.proc, MSG:size())
	local rc = syscall(s.proc.pid, core.SYS_READ, s.fd, addr, MSG:size())
	if rc < 0 then
		return rc
	end
	local m = core.user_read(s.proc.pid, addr, MSG:size())
	return events[MSG:get(m, "event")](s, m)
end

C.methods(P.process, { userfaultfd = open })
C.methods(userfaultfd, {
	register = function(s, what, ram, mode, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_REGISTER,
			REGISTER:pack{ ["range.start"] = addr, ["range.len"] = len, mode = mode_of(what, mode) }))
	end,
	unregister = function(s, what, ram, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_UNREGISTER, RANGE:pack{ start = addr, len = len }))
	end,
	wake = function(s, what, ram, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_WAKE, RANGE:pack{ start = addr, len = len }))
	end,
	writeprotect = function(s, what, ram, offset, length, mode)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_WRITEPROTECT,
			WRITEPROTECT:pack{ ["range.start"] = addr, ["range.len"] = len,
				mode = mode_of(what, mode or K.UFFDIO_WRITEPROTECT_MODE_WP) }))
	end,
	rwprotect = function(s, what, ram, offset, length, mode)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_RWPROTECT,
			RWPROTECT:pack{ ["range.start"] = addr, ["range.len"] = len,
				mode = mode_of(what, mode or K.UFFDIO_RWPROTECT_MODE_RWP) }))
	end,
	set_mode = function(s, what, t)
		local a = A.table(what, t, set_mode_schema)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_SET_MODE, SET_MODE:pack(a)))
	end,
	copy = copy, read = read,
	zeropage = on_range("UFFDIO_ZEROPAGE", "uffdio_zeropage", "zeropage"),
	continue = on_range("UFFDIO_CONTINUE", "uffdio_continue", "mapped"),
	poison = on_range("UFFDIO_POISON", "uffdio_poison", "updated"),
	-- Moves the pages at from_offset of a mapping to offset of ram.
	move = function(s, what, ram, offset, from, from_offset, length, mode)
		local dst = range(what, ram, offset)
		local src, len = range(what, from, from_offset, length)
		return counted(s, K.UFFDIO_MOVE, MOVE, { dst = dst, src = src, len = len, mode = mode_of(what, mode) },
			"move")
	end,
	close = P.close,
})
