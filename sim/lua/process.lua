-- SPDX-License-Identifier: GPL-2.0-only
-- The simulated processes: memory mappings, files, and what the host's mm does to them.
local core, M = ...
local A, C, E = M.args, M.class, M.expect
local P = {}
M.process = P

local K = core.constants
local type, next = type, next
local fmt = string.format
local syscall, event = core.syscall, core.event

local page_size <const> = core.page_size
local NO_FD <const> = -1
local RW <const> = K.PROT_READ | K.PROT_WRITE

P.process = C.new("process", { "pid" })
P.mapping = C.new("mapping", { "addr", "length", "file" })
P.page = C.new("page", { "addr", "mapped", "writable", "dirty", "young", "huge", "swapped", "zero", "anon", "ksm",
	"exclusive", "contiguous", "pfnmap", "hint", "node", "pfn", "refcount", "mapcount", "pincount" })
P.file = C.new("file", { "fd" })
P.driver_file = C.new("driver", { "fd" })
P.vfio_file = C.new("vfio", { "fd" })

P.page.same = function(a, b)
	return a.pfn == b.pfn
end
P.page.mt.__eq = function(a, b)
	local sa, sb = C.states[a], C.states[b]
	return sa ~= nil and sb ~= nil and sa.class == P.page and sb.class == P.page and sa.pfn == sb.pfn
end
P.page.repr = function(s)
	if s.pfn == nil then
		return fmt("page at 0x%x, nothing mapped", s.addr or 0)
	end
	return fmt("page pfn=0x%x", s.pfn)
end

-- Processes of this scenario, in order of creation. The engine ends those that are left.
P.all = {}

function P.fd_object(proc, fd, label)
	return C.object(P.file, { proc = proc, fd = fd, label = label or fmt("fd %d", fd) })
end

-- An fd argument: a number, or an object that has one.
function P.fd(what, v)
	local s = type(v) == "table" and C.states[v]
	if s and s.fd then
		return s.fd
	end
	return A.int(what, v, -2147483648, 2147483647)
end

-- A buffer for ioctl arguments in the process's own memory, one per simulated CPU, so that threads do not share it.
function P.scratch(proc, bytes)
	local cpu = core.cpu()
	local s = proc.scratch[cpu]
	if s and s.length >= bytes then
		return s.addr
	end
	if s then
		syscall(proc.pid, core.SYS_MUNMAP, s.addr, s.length)
		proc.scratch[cpu] = nil
	end
	local length = (bytes + 0xffff) & ~0xffff
	local addr = syscall(proc.pid, core.SYS_MMAP, 0, length, RW, K.MAP_PRIVATE | K.MAP_ANONYMOUS, NO_FD, 0)
	if addr < 0 then
		A.fail("no memory for the arguments of an ioctl in process %d: %s", proc.pid, E.repr(addr))
	end
	proc.scratch[cpu] = { addr = addr, length = length }
	return addr
end

function P.ioctl(proc, fd, cmd, arg)
	return syscall(proc.pid, core.SYS_IOCTL, fd, cmd, arg or 0)
end

-- ioctl with a structure. out_bytes: how much of it to read back, also after an error. Returns the result and the
-- structure.
function P.ioctl_struct(proc, fd, cmd, data, out_bytes)
	local addr = P.scratch(proc, #data)
	local rc = core.user_write(proc.pid, addr, data)
	if rc < 0 then
		return rc
	end
	rc = syscall(proc.pid, core.SYS_IOCTL, fd, cmd, addr)
	if out_bytes then
		return rc, (core.user_read(proc.pid, addr, out_bytes))
	end
	return rc
end

-- An ioctl with a structure and a buffer behind it in the process's own memory, whose address the member `pointer` gets
-- unless it has a value. contents: of the buffer. Returns the ioctl's result, and where buffer and structure are.
function P.ioctl_buffer(s, cmd, struct, values, pointer, contents, room)
	local addr = P.scratch(s.proc, struct:size() + room)
	local buffer = addr + struct:size()
	values[pointer] = values[pointer] or buffer
	local rc = core.user_write(s.proc.pid, addr, struct:pack(values) .. contents)
	return rc < 0 and rc or P.ioctl(s.proc, s.fd, cmd, addr), buffer, addr
end

-- Writes a member of the structure (kernel.lua) at addr. 0 or -errno.
function P.put(proc, addr, struct, member, value)
	return (core.user_write(proc.pid, addr + struct:offset(member), struct:encode(member, value)))
end

local function new_process(pid)
	local s = { pid = pid, scratch = {}, label = fmt("%d", pid), live = true }
	C.object(P.process, s)
	P.all[#P.all + 1] = s
	return s.self
end

-- A program's property: whether its header makes its page tables fit for guests.
P.program_schema = { pgste = { A.only("s390x", A.boolean) } }

function P.create(pgste)
	local pid = core.process_create(pgste ~= false)
	if pid < 0 then
		return pid
	end
	return new_process(pid)
end

-- Ends all processes that are left, the last one first.
function P.exit_all()
	for i = #P.all, 1, -1 do
		local s = P.all[i]
		if s.live then
			s.live = false
			core.process_exit(s.pid)
		end
	end
end

-- Bytes to which mappings are aligned, set by an architecture whose memory slots consist of more than pages.
P.slot_unit = nil

local function mapping(proc, addr, length, file)
	return C.object(P.mapping, { proc = proc, addr = addr, length = length, file = file,
		label = fmt("at 0x%x", addr) })
end

-- hugetlb memory: false, or the flags of mmap() and memfd_create() for it: true asks for the machine's default size.
local function hugetlb_flags(what, v)
	if type(v) == "boolean" then
		return v and 0
	end
	local size = A.u64(what, v)
	if size < page_size() or size & (size - 1) ~= 0 then
		A.fail("%s: expected true, false or a power of two from a page on, got %s", what, A.describe(v))
	end
	local log = 0
	while 1 << log ~= size do
		log = log + 1
	end
	return log << K.MAP_HUGE_SHIFT
end

local kinds = { anon = "anon", shmem = "shmem", pfnmap = "pfnmap" }
local mmap_schema = {
	length = { A.u64, A.required }, prot = { A.prot, RW }, flags = { A.u32 }, addr = { A.u64 },
	kind = { function(what, v) return A.choice(what, v, kinds) end, "anon" },
	huge = { A.boolean }, hugetlb = { hugetlb_flags, false }, align = { A.u64 },
	file = { function(what, v) return C.state(what, v, P.file, P.driver_file) end },
	offset = { A.u64 },
}

local memories = { device = core.DRIVER_DEVICE, pages = core.DRIVER_PAGES, frozen = core.DRIVER_FROZEN,
	tails = core.DRIVER_TAILS }
P.driver_schema = { memory = { function(what, v) return A.choice(what, v, memories) end, core.DRIVER_DEVICE },
	length = { A.u64, 1 << 16 }, at_once = { A.boolean, false }, mkwrite = { A.boolean, false } }

P.pool_schema = { size = { A.u64, 0 }, pages = { A.u64 }, overcommit = { A.u64 } }
P.pool_counts = { pages = core.HUGETLB_PAGES, free = core.HUGETLB_FREE, reserved = core.HUGETLB_RESERVED,
	surplus = core.HUGETLB_SURPLUS, overcommit = core.HUGETLB_OVERCOMMIT }

-- An address with the wanted alignment, from a larger reservation that is released at once.
local function aligned_address(proc, length, align)
	local addr = syscall(proc.pid, core.SYS_MMAP, 0, length + align, K.PROT_NONE,
		K.MAP_PRIVATE | K.MAP_ANONYMOUS | K.MAP_NORESERVE, NO_FD, 0)
	if addr < 0 then
		return addr
	end
	syscall(proc.pid, core.SYS_MUNMAP, addr, length + align)
	return (addr + align - 1) & ~(align - 1)
end

-- Maps anonymous memory at an aligned address. Returns the address, or -errno.
function P.map_aligned(proc, length, align)
	local addr = aligned_address(proc, length, align)
	return addr < 0 and addr or syscall(proc.pid, core.SYS_MMAP, addr, length, RW,
		K.MAP_PRIVATE | K.MAP_ANONYMOUS | K.MAP_FIXED_NOREPLACE, NO_FD, 0)
end

-- Refuses what mmap() would ignore.
local function check_mmap(what, a)
	if a.align and a.addr then
		A.fail("%s: align: only where the kernel chooses the address, without addr", what)
	end
	if a.file and a.kind ~= "anon" then
		A.fail("%s: file: only without kind", what)
	end
	if a.hugetlb and (a.file or a.kind == "pfnmap") then
		A.fail("%s: hugetlb: a file gets it at its creation, device memory never has it", what)
	end
	if a.kind == "pfnmap" then
		A.unused(what, a, { "flags", "huge", "offset" },
			"not with pfnmap, which is always MAP_SHARED memory of a device in small pages, from its beginning")
	end
	if not a.file and a.kind == "anon" then
		A.unused(what, a, { "offset" }, "only with file or kind = \"shmem\"")
	elseif (a.flags or 0) & K.MAP_ANONYMOUS ~= 0 then
		A.fail("%s: flags: with MAP_ANONYMOUS the file would not be mapped", what)
	end
end

-- Bytes of a transparent huge page: as many pages as a page has entries.
local function huge_page() return page_size() * page_size() // 8 end

local function mmap(s, what, t)
	local a = A.table(what, t, mmap_schema)
	check_mmap(what, a)
	local unit = P.slot_unit
	local align = a.align or (a.huge and huge_page()) or
		(unit and a.length >= unit and not a.hugetlb and unit) or page_size()
	if align < page_size() or align & (align - 1) ~= 0 or align > 1 << 40 then
		A.fail("%s: align: expected a power of two from a page to 1T, got %s", what, A.describe(align))
	end
	local addr, extra = a.addr or 0, 0
	if addr == 0 and align > page_size() and a.length > 0 and a.length <= 1 << 43 then
		addr = aligned_address(s, a.length, align)
		if addr < 0 then
			return addr
		end
		extra = K.MAP_FIXED_NOREPLACE
	end
	if a.kind == "pfnmap" then
		addr = event(s.pid, core.EV_PFNMAP, addr, a.length, a.prot)
		if addr < 0 then
			return addr
		end
		return mapping(s, addr, a.length)
	end
	local file, fd, flags = a.file, NO_FD, a.flags
	if a.kind == "shmem" then
		fd = syscall(s.pid, core.SYS_SHMEM, a.length, a.hugetlb and a.hugetlb | K.MFD_HUGETLB or 0)
		if fd < 0 then
			return fd
		end
		file = P.fd_object(s, fd, a.hugetlb and "hugetlb" or "shmem")
	elseif file then
		fd, file = file.fd, file.self
	end
	if not flags then
		flags = fd == NO_FD and K.MAP_PRIVATE | K.MAP_ANONYMOUS or K.MAP_SHARED
	end
	if a.hugetlb and fd == NO_FD then
		extra = extra | K.MAP_HUGETLB | a.hugetlb
	end
	addr = syscall(s.pid, core.SYS_MMAP, addr, a.length, a.prot, flags | extra, fd, a.offset or 0)
	if addr < 0 then
		return addr
	end
	if a.huge ~= nil then
		local rc = syscall(s.pid, core.SYS_MADVISE, addr, a.length,
			a.huge and K.MADV_HUGEPAGE or K.MADV_NOHUGEPAGE)
		if rc < 0 then
			return rc
		end
	end
	return mapping(s, addr, a.length, file)
end

-- The address of an argument that names one page: a page object, or an offset into the mapping.
local function page_address(s, what, v)
	if type(v) == "table" then
		local page = C.state(what, v, P.page)
		if page.proc ~= s.proc or not page.addr then
			A.fail("%s: the page belongs to another process or was only seen through KVM's tables", what)
		end
		return page.addr
	end
	return s.addr + A.within(what, v or 0, s.length)
end

C.methods(P.process, {
	mmap = mmap,
	fork = function(s)
		local pid = core.process_fork(s.pid)
		if pid < 0 then
			return pid
		end
		local child = new_process(pid)
		for cpu, area in next, s.scratch, nil do
			C.states[child].scratch[cpu] = area
		end
		return child
	end,
	-- A new program: the Lua side forgets what it knew of the old one's memory.
	exec = function(s, what, t)
		local a = A.table(what, t or {}, P.program_schema)
		local rc = syscall(s.pid, core.SYS_EXEC, a.pgste ~= false and 1 or 0)
		if rc == 0 then
			s.scratch = {}
		end
		return rc
	end,
	drop_capability = function(s, what, cap)
		return syscall(s.pid, core.SYS_DROP_CAP, A.u32(what .. ": capability", cap))
	end,
	mce_kill = function(s, what, policy)
		return syscall(s.pid, core.SYS_MCE_KILL, A.u32(what .. ": policy", policy))
	end,
	setrlimit = function(s, what, resource, limit)
		return syscall(s.pid, core.SYS_SETRLIMIT, A.u32(what .. ": resource", resource),
			A.u64(what .. ": limit", limit))
	end,
	kill = function(s, what, signo)
		return syscall(s.pid, core.SYS_KILL, A.u32(what .. ": signal", signo))
	end,
	exit = function(s)
		s.live = false
		return core.process_exit(s.pid)
	end,
	-- The same mapping as this process sees it (after fork).
	view = function(s, what, ram)
		local m = C.state(what .. ": mapping", ram, P.mapping)
		return mapping(s, m.addr, m.length)
	end,
	read = function(s, what, addr, len)
		return (core.user_read(s.pid, A.u64(what .. ": addr", addr), A.io_length(what .. ": length", len)))
	end,
	write = function(s, what, addr, data)
		return (core.user_write(s.pid, A.u64(what .. ": addr", addr), A.string(what .. ": data", data)))
	end,
	shmem = function(s, what, size, flags)
		local fd = syscall(s.pid, core.SYS_SHMEM, A.u64(what .. ": size", size),
			A.u32(what .. ": flags", flags or 0))
		return fd < 0 and fd or P.fd_object(s, fd, "shmem")
	end,
	driver = function(s, what, t)
		local a = A.table(what, t or {}, P.driver_schema)
		local flags = (a.at_once and core.DRIVER_AT_ONCE or 0) | (a.mkwrite and core.DRIVER_MKWRITE or 0)
		local pages = (a.length + page_size() - 1) // page_size()
		local fd = event(s.pid, core.EV_DRIVER_OPEN, a.memory, pages, flags)
		return fd < 0 and fd or C.object(P.driver_file, { proc = s, fd = fd, label = "driver" })
	end,
	vfio_device = function(s, what, t)
		local a = A.table(what, t or {}, { coherent = { A.boolean, true } })
		local fd = event(s.pid, core.EV_VFIO_OPEN, a.coherent and 1 or 0)
		return fd < 0 and fd or C.object(P.vfio_file, { proc = s, fd = fd, label = "VFIO device" })
	end,
	eventfd = function(s, what, count, flags)
		local fd = syscall(s.pid, core.SYS_EVENTFD, A.u32(what .. ": count", count or 0),
			A.u32(what .. ": flags", flags or 0))
		return fd < 0 and fd or P.fd_object(s, fd, "eventfd")
	end,
	ksm_merge = function(s, what, a, b)
		local pa, pb = C.state(what .. ": first page", a, P.page), C.state(what .. ": second page", b, P.page)
		if pa.proc ~= s or pb.proc ~= s then
			A.fail("%s: both pages must come from mappings of this process", what)
		end
		return event(s.pid, core.EV_KSM_MERGE, pa.addr, pb.addr)
	end,
	-- /sys/kernel/mm/hugepages of one size; size: 0 is the machine's default one.
	hugetlb_pool = function(s, what, size)
		size = A.u64(what .. ": size", size or 0)
		local pool = {}
		for name, which in next, P.pool_counts, nil do
			pool[name] = event(s.pid, core.EV_HUGETLB_COUNT, size, which)
			if pool[name] < 0 then
				return pool[name]
			end
		end
		return pool
	end,
	set_hugetlb_pool = function(s, what, t)
		local a = A.table(what, t, P.pool_schema)
		local rc = 0
		if a.pages then
			rc = event(s.pid, core.EV_HUGETLB_SET, a.size, core.HUGETLB_PAGES, a.pages)
		end
		if rc == 0 and a.overcommit then
			rc = event(s.pid, core.EV_HUGETLB_SET, a.size, core.HUGETLB_OVERCOMMIT, a.overcommit)
		end
		return rc
	end,
	drop_slab = function(s) return event(s.pid, core.EV_DROP_SLAB) end,
	khugepaged = function(s) return event(s.pid, core.EV_KHUGEPAGED) end,
	-- What the oldest signal told its handler, or nil if no signal came since.
	take_signal = function(s)
		local signal = core.take_signal(s.pid)
		return signal ~= 0 and signal or nil
	end,
	open_kvm = function(s)
		local fd = syscall(s.pid, core.SYS_OPEN_KVM)
		return fd < 0 and fd or M.vm.kvm_object(s, fd)
	end,
})

-- Methods on a part of the mapping: (offset, length), or the whole mapping without them. Returns address and length.
function P.range(s, what, offset, length)
	local off = A.within(what .. ": offset", offset or 0, s.length)
	local len = length == nil and s.length - off or A.u64(what .. ": length", length)
	return s.addr + off, len
end

local range = P.range

local function on_range(nr)
	return function(s, what, offset, length)
		return syscall(s.proc.pid, nr, range(s, what, offset, length))
	end
end

-- The same with one more argument.
local function on_range_with(nr, name, check)
	return function(s, what, offset, length, arg)
		local addr, len = range(s, what, offset, length)
		return syscall(s.proc.pid, nr, addr, len, check(what .. ": " .. name, arg))
	end
end

local function on_page(ev)
	return function(s, what, page)
		return event(s.proc.pid, ev, page_address(s, what .. ": page", page))
	end
end

local mremap_schema = {
	offset = { A.u64, 0 }, old_length = { A.u64 }, new_length = { A.u64, A.required },
		flags = { A.u32, K.MREMAP_MAYMOVE },
	new_addr = { A.u64 },
}

C.methods(P.mapping, {
	read = function(s, what, offset, len)
		local off = A.within(what .. ": offset", offset, s.length)
		return (core.user_read(s.proc.pid, s.addr + off, A.io_length(what .. ": length", len)))
	end,
	write = function(s, what, offset, data)
		local off = A.within(what .. ": offset", offset, s.length)
		return (core.user_write(s.proc.pid, s.addr + off, A.string(what .. ": data", data)))
	end,
	munmap = on_range(core.SYS_MUNMAP),
	mprotect = on_range_with(core.SYS_MPROTECT, "prot", A.prot),
	madvise = on_range_with(core.SYS_MADVISE, "advice", A.u32),
	mlock = on_range(core.SYS_MLOCK),
	munlock = on_range(core.SYS_MUNLOCK),
	mremap = function(s, what, t)
		local a = A.table(what, t, mremap_schema)
		local off = A.within(what .. ": offset", a.offset, s.length)
		if a.flags & (K.MREMAP_FIXED | K.MREMAP_DONTUNMAP) == 0 then
			A.unused(what, a, { "new_addr" }, "only with MREMAP_FIXED or MREMAP_DONTUNMAP in flags")
		end
		local addr = syscall(s.proc.pid, core.SYS_MREMAP, s.addr + off, a.old_length or s.length - off,
			a.new_length, a.flags,
			a.new_addr or 0)
		return addr < 0 and addr or mapping(s.proc, addr, a.new_length, s.file)
	end,
	page = function(s, what, n)
		local index = A.int(what .. ": page number", n, 0, (s.length - 1) // page_size())
		local addr = s.addr + index * page_size()
		local p = core.inspect_page(s.proc.pid, addr)
		if type(p) ~= "table" then
			return p
		end
		p.proc, p.addr = s.proc, addr
		if not p.mapped then
			p.pfn, p.node = nil, nil
		end
		return C.object(P.page, p)
	end,
	swap_out = function(s, what, page, length)
		if type(page) == "table" then
			if length ~= nil then
				A.fail("%s: length: not with a page object: it is one page", what)
			end
			return event(s.proc.pid, core.EV_SWAP_OUT, page_address(s, what .. ": page", page),
				page_size())
		end
		local addr, len = range(s, what, page, length)
		return event(s.proc.pid, core.EV_SWAP_OUT, addr, len)
	end,
	collapse_huge = function(s, what, offset, length)
		local off = A.within(what .. ": offset", offset or 0, s.length)
		return event(s.proc.pid, core.EV_COLLAPSE_HUGE, s.addr + off,
			A.u64(what .. ": length", length or huge_page()))
	end,
	migrate = on_page(core.EV_MIGRATE),
	split_huge = on_page(core.EV_SPLIT_HUGE),
	age = on_page(core.EV_AGE),
	set_idle = on_page(core.EV_SET_IDLE),
	is_idle = on_page(core.EV_IS_IDLE),
	memory_error = on_page(core.EV_MEMORY_ERROR),
	unpin = on_page(core.EV_UNPIN),
	pin = function(s, what, page, write)
		local w = write == nil or A.boolean(what .. ": write", write)
		return event(s.proc.pid, core.EV_PIN, page_address(s, what .. ": page", page), w and 1 or 0)
	end,
})

local fallocate_schema = { mode = { A.u32, 0 }, offset = { A.u64, A.required }, length = { A.u64, A.required } }

local function fallocate(s, mode, offset, length)
	return syscall(s.proc.pid, core.SYS_FALLOCATE, s.fd, mode, offset, length)
end

-- mmap() of the object's own fd.
local fd_mmap_schema = { length = { A.u64, A.required }, offset = { A.u64, 0 }, prot = { A.prot, RW },
	flags = { A.u32, K.MAP_SHARED } }

function P.mmap_fd(s, what, t)
	local a = A.table(what, t, fd_mmap_schema)
	local addr = syscall(s.proc.pid, core.SYS_MMAP, 0, a.length, a.prot, a.flags, s.fd, a.offset)
	return addr < 0 and addr or mapping(s.proc, addr, a.length)
end

-- close() for every kind of object with an fd.
function P.close(s)
	return syscall(s.proc.pid, core.SYS_CLOSE, s.fd)
end

C.methods(P.file, {
	fallocate = function(s, what, t)
		local a = A.table(what, t, fallocate_schema)
		return fallocate(s, a.mode, a.offset, a.length)
	end,
	punch_hole = function(s, what, offset, length)
		return fallocate(s, K.FALLOC_FL_PUNCH_HOLE | K.FALLOC_FL_KEEP_SIZE, A.u64(what .. ": offset", offset),
			A.u64(what .. ": length", length))
	end,
	memory_error = function(s, what, offset)
		return event(s.proc.pid, core.EV_FILE_MEMORY_ERROR, s.fd, A.u64(what .. ": offset", offset))
	end,
	ftruncate = function(s, what, length)
		return syscall(s.proc.pid, core.SYS_FTRUNCATE, s.fd, A.u64(what .. ": length", length))
	end,
	read = function(s, what, length)
		local n = A.int(what .. ": length", length, 1, 1 << 20)
		local addr = P.scratch(s.proc, n)
		local rc = syscall(s.proc.pid, core.SYS_READ, s.fd, addr, n)
		return rc <= 0 and (rc < 0 and rc or "") or (core.user_read(s.proc.pid, addr, rc))
	end,
	write = function(s, what, data)
		A.string(what .. ": data", data, 1 << 20)
		local addr = P.scratch(s.proc, #data)
		local rc = core.user_write(s.proc.pid, addr, data)
		return rc < 0 and rc or syscall(s.proc.pid, core.SYS_WRITE, s.fd, addr, #data)
	end,
	close = P.close,
})

-- Memory of a driver. asked: how often the kernel asked for an entry, and for the right to write.
C.methods(P.driver_file, {
	revoke = function(s, what, offset, length)
		return event(s.proc.pid, core.EV_DRIVER_REVOKE, s.fd, A.u64(what .. ": offset", offset or 0),
			A.u64(what .. ": length", length or 0))
	end,
	asked = function(s)
		return { fault = event(s.proc.pid, core.EV_DRIVER_ASKED, s.fd, 0),
			mkwrite = event(s.proc.pid, core.EV_DRIVER_ASKED, s.fd, 1) }
	end,
	close = P.close,
})

C.methods(P.vfio_file, {
	knows_vm = function(s) return event(s.proc.pid, core.EV_VFIO_KNOWS_VM, s.fd) == 1 end,
	close = P.close,
})
