-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEM_OP without translation: what is moved, what is refused, and which of several mistakes counts.

local options = { arch = "s390x", covers = "docs/rules.md O1, O2; selftest s390x/memop.c" }
local long = { arch = "s390x", covers = options.covers, check = "end" }		-- many calls

local LREAD <const>, LWRITE <const> = KVM_S390_MEMOP_LOGICAL_READ, KVM_S390_MEMOP_LOGICAL_WRITE
local AREAD <const>, AWRITE <const> = KVM_S390_MEMOP_ABSOLUTE_READ, KVM_S390_MEMOP_ABSOLUTE_WRITE
local SREAD <const>, SWRITE <const> = KVM_S390_MEMOP_SIDA_READ, KVM_S390_MEMOP_SIDA_WRITE
-- Older kernels have no names for KVM_S390_MEMOP_ABSOLUTE_CMPXCHG and KVM_S390_MEMOP_EXTENSION_CAP_BASE.
local CMPXCHG <const>, CAP_BASE <const> = 6, 1
local CHECK <const>, INJECT <const> = KVM_S390_MEMOP_F_CHECK_ONLY, KVM_S390_MEMOP_F_INJECT_EXCEPTION
local SKEY <const> = KVM_S390_MEMOP_F_SKEY_PROTECTION
local END <const> = 2 << 20		-- of the guest's memory
local MAX <const> = 65536

-- What KVM_CAP_S390_MEM_OP_EXTENSION says of this kernel; the base alone before 6.3.
local function has_cmpxchg(sim)
	return sim:kernel_since("6.3")
end

-- Memory from 0 on; the vCPU's prefix is 0, its addresses have 64 bits.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ vcpu = { lowcore = false } }
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	return vcpu, ram, vm, vmm
end

local function bytes(n, seed)
	local out = {}
	for i = 1, n // 8 do
		out[i] = string.pack("<i8", (i + seed) * 0x9e3779b97f4a7c15)
	end
	return table.concat(out) .. ("\xa5"):rep(n % 8)
end

scenario("memop: capabilities", options, function(sim)
	local _, _, vm, vmm = guest(sim)
	local kvm = vmm:open_kvm()
	for _, fd in ipairs{ kvm, vm } do
		expect(fd:check_extension(KVM_CAP_S390_MEM_OP)):eq(MAX)
		expect(fd:check_extension(KVM_CAP_S390_MEM_OP_EXTENSION)):eq(
			CAP_BASE | (has_cmpxchg(sim) and KVM_S390_MEMOP_EXTENSION_CAP_CMPXCHG or 0))
	end
end)

-- --- moving ------------------------------------------------------------------------------------------------

local copies <const> = {}
for _, n in ipairs{ 1, 7, 16, 4096, 4097, 3 * 4096, MAX } do
	for _, offset in ipairs{ 0, 4095 } do
		copies[#copies + 1] = { ("%d bytes at offset %d"):format(n, offset), n, 0x40000 + offset }
	end
end

-- The guest copies by single accesses: a large piece's first and last page, the VMM what is between.
local function copy(vcpu, ram, from, n)
	local head = math.min(n, 4096)
	expect(vcpu:write(0x80000, vcpu:read(from, head))):is_true()
	if n > 2 * head then
		ram:write(0x80000 + head, ram:read(from + head, n - 2 * head))
	end
	if n > head then
		expect(vcpu:write(0x80000 + n - head, vcpu:read(from + n - head, head))):is_true()
	end
end

-- What one side writes the other reads; neighbours stay; a check before moves nothing. In between, data are copied.
for seed, kind in ipairs{ { "logical", LREAD, LWRITE }, { "absolute", AREAD, AWRITE } } do
	cases("memop: written, copied by the guest and read back, " .. kind[1], long, copies, function(sim, case)
		local vcpu, ram, vm = guest(sim)
		local who, read, write = seed == 1 and vcpu or vm, kind[2], kind[3]
		local n, at = case[2], case[3]
		local data = bytes(n, seed)
		expect(who:mem_op{ op = write, gaddr = at, data = data, flags = CHECK }):eq(0)
		expect(ram:read(at, n)):eq(("\0"):rep(n))
		expect(who:mem_op{ op = write, gaddr = at, data = data }):eq(0)
		expect(ram:read(at - 8, n + 16)):eq(("\0"):rep(8) .. data .. ("\0"):rep(8))
		copy(vcpu, ram, at, n)
		expect(who:mem_op{ op = read, gaddr = 0x80000, size = n, flags = CHECK }):eq(0)
		expect(who:mem_op{ op = read, gaddr = 0x80000, size = n }):eq(data)
	end)
end

scenario("memop: a write is in the dirty log, a read or a check is not", options, function(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ vcpu = { lowcore = false } }
	ram:write(0x40000, ("\1"):rep(0x8000))
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }):ok()
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 4096 }):eq(("\1"):rep(4096))
	expect(vcpu:mem_op{ op = LWRITE, gaddr = 0x41000, size = 4096, data = ("\2"):rep(4096), flags = CHECK }):eq(0)
	expect(vm:mem_op{ op = AREAD, gaddr = 0x42000, size = 1 }):eq("\1")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:mem_op{ op = LWRITE, gaddr = 0x43fff, data = "xx" }):eq(0)
	expect(vm:mem_op{ op = AWRITE, gaddr = 0x46000, data = "x" }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x43, 0x44, 0x46 }
	-- An exchange that did not happen changes nothing, but may make the page dirty in the host, like any store
	-- access.
	if has_cmpxchg(sim) then
		expect(vm:mem_op{ op = CMPXCHG, gaddr = 0x47000, data = "b", old = "a" }):eq(0)
		expect(vm:mem_op{ op = CMPXCHG, gaddr = 0x45000, data = "b", old = "\1" }):eq(0)
		expect(vm:get_dirty_log{ slot = 0 }:test(0x45)):is_true()
	end
end)

-- Addresses are cut to the addressing mode at every page.
cases("memop: addressing mode", options, {
	{ "24 bits", 24, 0xffffffffff040000 },
	{ "31 bits", 31, 0x7ffffff80040000 | 1 << 63 },
	{ "64 bits", 64, 0x40000 },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	ram:write(0x40000, "found")
	expect(vcpu:set_psw{ amode = case[2] }):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = case[3], size = 5 }):eq("found")
	expect(vcpu:mem_op{ op = LREAD, gaddr = case[3], size = 5, flags = CHECK }):eq(0)
	-- Absolute addresses have no mode.
	expect(vm:mem_op{ op = AREAD, gaddr = case[3], size = 5 }):eq(case[2] == 64 and "found" or PGM_ADDRESSING)
	if case[2] ~= 64 then
		expect(vcpu:set_psw{ amode = 64 }):eq(0)
		expect(vcpu:mem_op{ op = LREAD, gaddr = case[3], size = 5 }):eq(PGM_ADDRESSING)
	end
end)

scenario("memop: a range wraps at the end of 24-bit addresses", options, function(sim)
	local vcpu, ram = sim:guest{ ram = { length = "16M" }, vcpu = { lowcore = false } }
	ram:write(0xfff000, ("e"):rep(4096))
	ram:write(0x0, ("b"):rep(4096))
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0xfff800, size = 4096 }):eq(("e"):rep(2048) .. ("b"):rep(2048))
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0xfff800, size = 4096, flags = CHECK }):eq(0)
	expect(vcpu:set_psw{ amode = 31 }):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0xfff800, size = 4096 }):eq(PGM_ADDRESSING)
end)

scenario("memop: logical addresses are real ones, and prefixing turns them into absolute ones", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	local prefix = 0x7ff00000
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	ram:write(0x0, "absolute 0")
	ram:write(0x2000, "neither   ")
	expect(vm:mem_op{ op = AWRITE, gaddr = prefix + 0x1ff8, data = "prefixed" }):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = prefix, size = 10 }):eq("absolute 0")
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x1ff8, size = 18 }):eq("prefixedneither   ")
	expect(vcpu:mem_op{ op = LWRITE, gaddr = 0x100, data = "mine" }):eq(0)
	expect(vm:mem_op{ op = AREAD, gaddr = prefix + 0x100, size = 4 }):eq("mine")
	expect(vm:mem_op{ op = AREAD, gaddr = 0x100, size = 4 }):eq("\0\0\0\0")
end)

scenario("memop: KVM knows the PSW of the last entry, not that in kvm_run", options, function(sim)
	local vcpu, ram = guest(sim)
	ram:write(0x40000, "found")
	expect(vcpu:set_psw{ amode = 24, enter = false }):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = 1 << 32 | 0x40000, size = 5 }):eq(PGM_ADDRESSING)
	expect(vcpu:read(0x40000, 1)):eq("f")
	expect(vcpu:mem_op{ op = LREAD, gaddr = 1 << 32 | 0x40000, size = 5 }):eq("found")
end)

-- --- addresses outside of memory ---------------------------------------------------------------------------

cases("memop: addressing exception, logical", options, {
	{ "read behind the end",     { op = LREAD, gaddr = END, size = 1 } },
	{ "write behind the end",    { op = LWRITE, gaddr = END, data = "x" } },
	{ "read over the end",       { op = LREAD, gaddr = END - 1, size = 2 } },
	{ "check over the end",      { op = LREAD, gaddr = END - 1, size = 2, flags = CHECK } },
	{ "check of a store",        { op = LWRITE, gaddr = END, size = 1, flags = CHECK } },
	{ "the last page there is",  { op = LREAD, gaddr = -4096, size = 4096 } },
	{ "no data, read",           { op = LREAD, gaddr = END, size = 1, buf = 0 } },
}, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:mem_op(case[2])):eq(PGM_ADDRESSING)
end)

scenario("memop: all pages are translated before any byte moves; absolute writes go page by page", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:mem_op{ op = LWRITE, gaddr = END - 4, data = "12345678" }):eq(PGM_ADDRESSING)
	expect(ram:read(END - 4, 4)):eq("\0\0\0\0")
	expect(vm:mem_op{ op = AWRITE, gaddr = END - 4, data = "12345678" }):eq(PGM_ADDRESSING)
	expect(ram:read(END - 4, 4)):eq("1234")
end)

-- Before 7.0 a check with key 0 looks only at the first page: the operation that it allows fails.
scenario("memop: an absolute check with key 0 sees only the first page before 7.0", options, function(sim)
	local _, _, vm = guest(sim)
	expect(vm:mem_op{ op = AREAD, gaddr = END, size = 1, flags = CHECK }):eq(PGM_ADDRESSING)
	expect(vm:mem_op{ op = AREAD, gaddr = END - 1, size = 2, flags = CHECK }):eq(
		sim:kernel_since("7.0") and PGM_ADDRESSING or 0)
	expect(vm:mem_op{ op = AREAD, gaddr = END - 1, size = 2 }):eq(PGM_ADDRESSING)
	expect(vm:mem_op{ op = AREAD, gaddr = END - 1, size = 2, flags = CHECK | SKEY, key = 1 }):eq(PGM_ADDRESSING)
end)

scenario("memop: memory that the VMM does not have", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:munmap(0x40000, "4K")):eq(0)
	expect(ram:mprotect(0x50000, "4K", "r")):eq(0)
	-- Before 7.0 every failure of a copy with a key counts as protection.
	local failed = sim:kernel_since("7.0") and -EFAULT or PGM_PROTECTION
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 1 }):eq(failed)
	expect(vcpu:mem_op{ op = LWRITE, gaddr = 0x50000, data = "x" }):eq(failed)
	expect(vm:mem_op{ op = AREAD, gaddr = 0x40000, size = 1 }):eq(failed)
	expect(vm:mem_op{ op = AWRITE, gaddr = 0x50000, data = "x" }):eq(failed)
	expect(vm:mem_op{ op = CMPXCHG, gaddr = 0x50000, data = "x", old = "\0" }):eq(
		has_cmpxchg(sim) and failed or -EINVAL)
	-- A check does not look.
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 1, flags = CHECK }):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x50000, size = 1 }):eq("\0")
	-- The key of a page is in its table entry: before 7.0 without memory there is no key.
	local no_key = sim:kernel_since("7.0") and 0 or -EFAULT
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 1, flags = CHECK | SKEY, key = 1 }):eq(no_key)
	expect(vm:mem_op{ op = AREAD, gaddr = 0x40000, size = 1, flags = CHECK | SKEY, key = 1 }):eq(no_key)
end)

-- --- errors of the call ------------------------------------------------------------------------------------

local every_op <const> = { LREAD, LWRITE, SREAD, SWRITE, AREAD, AWRITE, CMPXCHG, 7, 0xffffffff }
local of_vcpu <const> = { [LREAD] = CHECK | INJECT | SKEY, [LWRITE] = CHECK | INJECT | SKEY }
local of_vm <const> = { [AREAD] = CHECK | SKEY, [AWRITE] = CHECK | SKEY, [CMPXCHG] = SKEY }

-- Each operation on each fd with each flag: -EINVAL, or what the operation gives.
scenario("memop: operations and flags by fd", long, function(sim)
	local vcpu, _, vm = guest(sim)
	for _, op in ipairs(every_op) do
		for bit = -1, 63 do
			local flags = bit < 0 and 0 or 1 << bit
			local sida = op == SREAD or op == SWRITE
			local t = { op = op, gaddr = 0x40000, flags = flags, data = "12345678", old = not sida and "87654321" or nil,
				sida_offset = sida and 0 or nil }
			local function expected(allowed)
				if not allowed or flags & ~allowed ~= 0 then
					return -EINVAL
				end
				return (op == LREAD or op == AREAD) and flags & CHECK == 0 and vm:mem_op{ op = AREAD, gaddr =
					0x40000, size = 8 } or 0
			end
			local on_vcpu, on_vm = vcpu:mem_op(t), (vm:mem_op(t))
			expect(on_vcpu):eq(expected(of_vcpu[op]))
			expect(on_vm):eq(expected((op ~= CMPXCHG or has_cmpxchg(sim)) and of_vm[op]))
		end
	end
end)

local function on_each(sim, what)
	local vcpu, _, vm, vmm = guest(sim)
	for _, op in ipairs{ LREAD, LWRITE } do
		what(vcpu, op, vmm)
	end
	for _, op in ipairs{ AREAD, AWRITE } do
		what(vm, op, vmm)
	end
end

scenario("memop: size 0, 64 KiB and more", options, function(sim)
	on_each(sim, function(fd, op)
		expect(fd:mem_op{ op = op, gaddr = 0x40000, size = 0 }):eq(-EINVAL)
		expect(fd:mem_op{ op = op, gaddr = 0x40000, size = MAX, flags = CHECK }):eq(0)
		for _, n in ipairs{ MAX + 1, 0x7fffffff, 0xffffffff } do
			expect(fd:mem_op{ op = op, gaddr = 0x40000, size = n }):eq(-E2BIG)
			expect(fd:mem_op{ op = op, gaddr = 0x40000, size = n, flags = CHECK }):eq(-E2BIG)
		end
	end)
end)

scenario("memop: keys above 15, and keys without the flag", options, function(sim)
	on_each(sim, function(fd, op)
		for _, key in ipairs{ 16, 17, 0xff } do
			expect(fd:mem_op{ op = op, gaddr = 0x40000, data = "x", key = key, flags = SKEY }):eq(-EINVAL)
			expect(fd:mem_op{ op = op, gaddr = 0x40000, data = "x", key = key, flags = CHECK }):eq(0)
		end
		-- All storage keys are 0 here, so that only stores are refused.
		expect(fd:mem_op{ op = op, gaddr = 0x40000, data = "x", key = 15, flags = SKEY | CHECK }):eq(
			(op == LREAD or op == AREAD) and 0 or PGM_PROTECTION)
	end)
end)

scenario("memop: access registers above 15, whatever the mode", options, function(sim)
	local vcpu, _, vm = guest(sim)
	for _, as in ipairs{ "primary", "ar" } do
		expect(vcpu:set_psw{ as = as }):eq(0)
		for _, ar in ipairs{ 16, 17, 255 } do
			expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 1, ar = ar }):eq(-EINVAL)
			expect(vcpu:mem_op{ op = LWRITE, gaddr = 0x40000, data = "x", ar = ar, flags = CHECK }):eq(-EINVAL)
		end
		expect(vcpu:mem_op{ op = LREAD, gaddr = 0x40000, size = 1, ar = 15 }):eq("\0")
	end
	expect(vm:mem_op{ op = AREAD, gaddr = 0x40000, size = 1, ar = 255 }):eq("\0")
end)

scenario("memop: the VMM's own buffers", options, function(sim)
	on_each(sim, function(fd, op, vmm)
		local buf = vmm:mmap{ length = "8K" }
		expect(buf:munmap(0x1000, "4K")):eq(0)
		for _, addr in ipairs{ 0, 8, -4096, buf.addr + 0x1000, buf.addr + 0xfff } do
			expect(fd:mem_op{ op = op, gaddr = 0x40000, size = 2, buf = addr }):eq(-EFAULT)
			expect(fd:mem_op{ op = op, gaddr = 0x40000, size = 2, buf = addr, flags = CHECK }):eq(0)
		end
		expect(fd:mem_op{ op = op, gaddr = 0x40000, size = 2, buf = buf.addr + 0xffe }):eq(0)
		expect(fd:ioctl(KVM_S390_MEM_OP, buf.addr + 0x1000)):eq(-EFAULT)
		expect(fd:ioctl(KVM_S390_MEM_OP, buf.addr + 0xfff)):eq(-EFAULT)
		expect(fd:ioctl(KVM_S390_MEM_OP, 0)):eq(-EFAULT)
	end)
end)

-- The first mistake in the order of the kernel's checks is the one that is reported.
cases("memop: which of two mistakes is reported", options, {
	{ "bad flag and too long",             { size = MAX + 1, flags = 8 }, -EINVAL },
	{ "too long and bad key",              { size = MAX + 1, flags = SKEY, key = 16 }, -E2BIG },
	{ "too long and bad register",         { size = MAX + 1, ar = 16 }, -E2BIG, true },
	{ "bad register and bad address",      { size = 1, gaddr = END, ar = 16 }, -EINVAL, true },
	{ "bad key and bad address",           { size = 1, gaddr = END, flags = SKEY, key = 16 }, -EINVAL },
	{ "too long and bad address",          { size = MAX + 1, gaddr = END }, -E2BIG },
}, function(sim, case)
	on_each(sim, function(fd, op)
		if not case[4] or op == LREAD or op == LWRITE then
			local t = { op = op, gaddr = 0x40000 }
			for k, v in pairs(case[2]) do
				t[k] = v
			end
			-- Before 6.3 the register is looked at with the flags.
			expect(fd:mem_op(t)):eq(t.ar and not sim:kernel_since("6.3") and -EINVAL or case[3])
		end
	end)
end)

-- A store reads the buffer before it translates; a fetch translates before it writes the buffer. The absolute
-- operations look at the first page before all that, before 7.0.
scenario("memop: a bad buffer and a bad address", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:mem_op{ op = LWRITE, gaddr = END, size = 1, buf = 0 }):eq(-EFAULT)
	expect(vcpu:mem_op{ op = LREAD, gaddr = END, size = 1, buf = 0 }):eq(PGM_ADDRESSING)
	expect(vm:mem_op{ op = AWRITE, gaddr = END, size = 1, buf = 0 }):eq(
		sim:kernel_since("7.0") and -EFAULT or PGM_ADDRESSING)
	expect(vm:mem_op{ op = AREAD, gaddr = END, size = 1, buf = 0 }):eq(PGM_ADDRESSING)
	expect(vm:mem_op{ op = AWRITE, gaddr = END - 1, size = 2, buf = 0 }):eq(-EFAULT)
	expect(vm:mem_op{ op = AREAD, gaddr = END - 1, size = 2, buf = 0 }):eq(PGM_ADDRESSING)
end)

-- There is no protected guest here, so there is no secure instruction data area.
scenario("memop: SIDA operations without a protected guest", options, function(sim)
	local vcpu, _, vm = guest(sim)
	for _, op in ipairs{ SREAD, SWRITE } do
		local function sida(size, offset, flags)
			return vcpu:mem_op{ op = op, size = size, sida_offset = offset, flags = flags, data = ("x"):rep(size) }
		end
		expect(sida(8, 0x1c0)):eq(-EINVAL)
		expect(sida(8, 0, CHECK)):eq(-EINVAL)
		expect(sida(0, 0)):eq(-EINVAL)
		expect(sida(4096, 0)):eq(-EINVAL)
		expect(sida(4096, 1)):eq(-E2BIG)
		expect(sida(1, 4096)):eq(-E2BIG)
		expect(sida(2, 0xffffffff)):eq(-EINVAL)
		expect(sida(4096, 1, CHECK)):eq(-EINVAL)
		expect(vm:mem_op{ op = op, size = 8, sida_offset = 0 }):eq(-EINVAL)
	end
end)
