-- SPDX-License-Identifier: GPL-2.0-only
-- userfaultfd: user space resolves the page faults of its memory, like a VMM in the post-copy phase of a migration.
-- Structures and numbers are those of linux/userfaultfd.h. A result is 0 or -errno, unless said otherwise.
local core, M = ...
local A, C, P = M.args, M.class, M.process

local K = core.constants
local pack, unpack, rep = string.pack, string.unpack, string.rep
local type = type
local syscall = core.syscall

local MSG_BYTES <const> = 32	-- struct uffd_msg

local userfaultfd = C.new("userfaultfd", { "fd", "features" })

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
	local rc, api = P.ioctl_struct(s, fd, K.UFFDIO_API, pack("<i8i8i8", K.UFFD_API, a.features, 0), 24)
	if rc < 0 then
		syscall(s.pid, core.SYS_CLOSE, fd)
		return rc
	end
	return object(s, fd, (unpack("<i8", api, 9)))
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

-- An ioctl of a range and a mode whose last member tells how many bytes are done. Returns that number, or -errno if it
-- is 0; and the ioctl's own result, which is an error if it did not do all.
local function counted(s, cmd, data)
	local addr = P.scratch(s.proc, #data + 8)
	local rc = core.user_write(s.proc.pid, addr, data .. rep("\0", 8))
	if rc < 0 then
		return rc
	end
	rc = P.ioctl(s.proc, s.fd, cmd, addr)
	local done = core.user_read(s.proc.pid, addr + #data, 8)
	done = type(done) == "string" and unpack("<i8", done) or 0
	return done > 0 and done or rc, rc
end

-- cmd: the ioctl's name, since not every kernel has it.
local function on_range(cmd)
	return function(s, what, ram, offset, length, mode)
		local addr, len = range(what, ram, offset, length)
		return counted(s, K[cmd], pack("<i8i8i8", addr, len, mode_of(what, mode)))
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
		done, rc = counted(s, K.UFFDIO_COPY, pack("<i8i8i8i8", addr, src, #data, mode_of(what, mode)))
	end
	syscall(s.proc.pid, core.SYS_MUNMAP, src, #data)
	return done, rc
end

local events = {
	[K.UFFD_EVENT_PAGEFAULT] = function(_, m)
		local flags, address, ptid = unpack("<i8i8I4", m, 9)
		return { event = K.UFFD_EVENT_PAGEFAULT, flags = flags, address = address, ptid = ptid }
	end,
	[K.UFFD_EVENT_FORK] = function(s, m)
		return { event = K.UFFD_EVENT_FORK, userfaultfd = object(s.proc, unpack("<I4", m, 9), s.features) }
	end,
	[K.UFFD_EVENT_REMAP] = function(_, m)
		local from, to, len = unpack("<i8i8i8", m, 9)
		return { event = K.UFFD_EVENT_REMAP, from = from, to = to, length = len }
	end,
}

local function start_end(_, m)
	local from, to = unpack("<i8i8", m, 9)
	return { event = m:byte(), from = from, to = to }
end
events[K.UFFD_EVENT_REMOVE], events[K.UFFD_EVENT_UNMAP] = start_end, start_end

-- The next event; waits for one unless O_NONBLOCK (-EAGAIN).
local function read(s)
	local addr = P.scratch(s.proc, MSG_BYTES)
	local rc = syscall(s.proc.pid, core.SYS_READ, s.fd, addr, MSG_BYTES)
	if rc < 0 then
		return rc
	end
	local m = core.user_read(s.proc.pid, addr, MSG_BYTES)
	return events[m:byte()](s, m)
end

C.methods(P.process, { userfaultfd = open })
C.methods(userfaultfd, {
	register = function(s, what, ram, mode, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_REGISTER, pack("<i8i8i8i8", addr, len, mode_of(what, mode), 0)))
	end,
	unregister = function(s, what, ram, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_UNREGISTER, pack("<i8i8", addr, len)))
	end,
	wake = function(s, what, ram, offset, length)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_WAKE, pack("<i8i8", addr, len)))
	end,
	writeprotect = function(s, what, ram, offset, length, mode)
		local addr, len = range(what, ram, offset, length)
		return (P.ioctl_struct(s.proc, s.fd, K.UFFDIO_WRITEPROTECT,
			pack("<i8i8i8", addr, len, mode_of(what, mode or K.UFFDIO_WRITEPROTECT_MODE_WP))))
	end,
	copy = copy, read = read,
	zeropage = on_range("UFFDIO_ZEROPAGE"), continue = on_range("UFFDIO_CONTINUE"), poison = on_range("UFFDIO_POISON"),
	-- Moves the pages at from_offset of a mapping to offset of ram.
	move = function(s, what, ram, offset, from, from_offset, length, mode)
		local dst = range(what, ram, offset)
		local src, len = range(what, from, from_offset, length)
		return counted(s, K.UFFDIO_MOVE, pack("<i8i8i8i8", dst, src, len, mode_of(what, mode)))
	end,
	close = P.close,
})
