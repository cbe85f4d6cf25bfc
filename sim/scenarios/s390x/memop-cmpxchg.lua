-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEMOP_ABSOLUTE_CMPXCHG: 1 to 16 bytes of absolute memory, with and without storage keys.

-- Before 6.3 KVM_CAP_S390_MEM_OP_EXTENSION exists, but not its bit for this operation.
local options = { arch = "s390x", kernel = "6.3",
	covers = "docs/rules.md O2; selftest s390x/memop.c: the cases with cmpxchg" }
local long = { arch = "s390x", covers = options.covers, kernel = options.kernel, check = "end" }		-- many calls

local CMPXCHG <const>, SKEY <const> = KVM_S390_MEMOP_ABSOLUTE_CMPXCHG, KVM_S390_MEMOP_F_SKEY_PROTECTION
local CHECK <const> = KVM_S390_MEMOP_F_CHECK_ONLY
local AT <const>, END <const> = 0x40000, 2 << 20

local function guest(sim)
	return sim:guest{ vcpu = { lowcore = false } }
end

local function set_key(vm, address, key)
	expect(vm:s390_set_skeys{ start_gfn = address >> 12, keys = string.char(key) }):eq(0)
end

local sizes <const> = { { "1", 1 }, { "2", 2 }, { "4", 4 }, { "8", 8 }, { "16", 16 } }

-- At every place within 16 bytes: first the value is right, then it is not. The guest sees the same.
cases("memop cmpxchg: bytes", long, sizes, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	local size = case[2]
	ram:write(AT, "the key needs a page table")
	set_key(vm, AT, 0x90)
	for _, key in ipairs{ false, 0, 9 } do
		for offset = 0, 15, size do
			local before = "0123456789abcdef"
			ram:write(AT - 16, before:rep(3))
			local function exchange(old, new)
				return vm:mem_op{ op = CMPXCHG, gaddr = AT + offset, data = new, old = old, key = key or 0xff,
					flags = key and SKEY or 0 }
			end
			local new, there = ("\xf1\x02"):rep(8):sub(1, size), before:sub(offset + 1, offset + size)
			local after = before:sub(1, offset) .. new .. before:sub(offset + size + 1)
			local rc, old = exchange(there, new)
			expect(rc):eq(0)
			expect(old):eq(there)
			expect(vcpu:read(AT - 16, 48)):eq(before .. after .. before)
			-- One byte is wrong, each in turn.
			for byte = 1, size do
				local wrong = new:sub(1, byte - 1) .. string.char(new:byte(byte) ~ 0x80) .. new:sub(byte + 1)
				rc, old = exchange(wrong, there)
				expect(rc):eq(0)
				expect(old):eq(new)
				expect(vcpu:read(AT - 16, 48)):eq(before .. after .. before)
			end
		end
	end
end)

cases("memop cmpxchg: keys, bytes", options, sizes, function(sim, case)
	local _, ram, vm, vmm = guest(sim)
	local there, new = ("t"):rep(case[2]), ("n"):rep(case[2])
	ram:write(AT, "the key needs a page table")
	for _, storage_key in ipairs{ 0x90, 0x98, 0x00 } do
		set_key(vm, AT, storage_key)
		for _, old in ipairs{ there, ("o"):rep(case[2]) } do
			ram:write(AT, there)
			expect((vm:mem_op{ op = CMPXCHG, gaddr = AT, data = new, old = old, key = 2, flags = SKEY })):eq(PGM_PROTECTION)
			expect(ram:read(AT, case[2])):eq(there)
		end
		expect((vm:mem_op{ op = CMPXCHG, gaddr = AT, data = new, old = there, key = storage_key >> 4, flags = SKEY })):eq(0)
		expect(ram:read(AT, case[2])):eq(new)
	end
end)

scenario("memop cmpxchg: invalid sizes", options, function(sim)
	local _, _, vm = guest(sim)
	local power = { [1] = true, [2] = true, [4] = true, [8] = true, [16] = true }
	for size = 0, 40 do
		if not power[size] then
			expect((vm:mem_op{ op = CMPXCHG, gaddr = AT, size = size, data = ("x"):rep(size), old = ("y"):rep(size) })):eq(
				-EINVAL)
		end
	end
	expect((vm:mem_op{ op = CMPXCHG, gaddr = AT, size = 65536 })):eq(-EINVAL)
	for _, size in ipairs{ 65537, 0xffffffff } do
		expect((vm:mem_op{ op = CMPXCHG, gaddr = AT, size = size })):eq(-E2BIG)
	end
end)

scenario("memop cmpxchg: alignment", options, function(sim)
	local _, ram, vm = guest(sim)
	for _, size in ipairs{ 1, 2, 4, 8, 16 } do
		for offset = 0, 17 do
			expect((vm:mem_op{ op = CMPXCHG, gaddr = AT + offset, data = ("\0"):rep(size), old = ("\0"):rep(size) })):eq(
				offset % size == 0 and 0 or -EINVAL)
		end
	end
end)

scenario("memop cmpxchg: addresses without memory", options, function(sim)
	local _, _, vm = guest(sim)
	for _, size in ipairs{ 1, 2, 4, 8, 16 } do
		for _, at in ipairs{ END, -4096, 1 << 40 } do
			expect((vm:mem_op{ op = CMPXCHG, gaddr = at, data = ("x"):rep(size), old = ("\0"):rep(size) })):eq(PGM_ADDRESSING)
		end
	end
end)

-- In the order of the checks.
scenario("memop cmpxchg: which of two mistakes is reported", options, function(sim)
	local _, ram, vm, vmm = guest(sim)
	local function call(t)
		t.op = CMPXCHG
		return (vm:mem_op(t))
	end
	expect(call{ gaddr = AT, data = "x", old = "\0", flags = CHECK }):eq(-EINVAL)
	expect(call{ gaddr = AT, size = 65537, flags = CHECK }):eq(-EINVAL)
	expect(call{ gaddr = AT, size = 65537, key = 16, flags = SKEY }):eq(-E2BIG)
	expect(call{ gaddr = AT, size = 17, buf = 0 }):eq(-EINVAL)
	expect(call{ gaddr = AT, data = "x", old = "\0", key = 16, flags = SKEY }):eq(-EINVAL)
	-- The buffers are read before the address is looked at, new before old.
	expect(call{ gaddr = END, size = 1, buf = 0, old = "\0" }):eq(-EFAULT)
	expect(call{ gaddr = END, data = "x", old_addr = 0 }):eq(-EFAULT)
	-- The address is checked before its alignment and before a size that is not a power of two.
	-- Since 7.0 after its alignment.
	expect(call{ gaddr = END + 1, data = "xx", old = "\0\0" }):eq(sim:kernel_since("7.0") and -EINVAL or PGM_ADDRESSING)
	expect(call{ gaddr = END, data = "xxx", old = "\0\0\0" }):eq(PGM_ADDRESSING)
	-- A size of 3 is not a power of two, at a multiple of 3 either.
	expect(call{ gaddr = 0x3000, data = "xxx", old = "\0\0\0" }):eq(-EINVAL)
end)

-- What was found is written to old, which may fail. A success writes nothing.
scenario("memop cmpxchg: old cannot be written", options, function(sim)
	local _, ram, vm, vmm = guest(sim)
	local old = vmm:mmap{ length = "4K" }
	old:write(0, "aaaa")
	expect(old:mprotect(0, "4K", "r")):eq(0)
	ram:write(AT, "aaaa")
	expect(vm:mem_op{ op = CMPXCHG, gaddr = AT, data = "bbbb", old_addr = old.addr }):eq(0)
	expect(ram:read(AT, 4)):eq("bbbb")
	expect(vm:mem_op{ op = CMPXCHG, gaddr = AT, data = "cccc", old_addr = old.addr }):eq(-EFAULT)
	expect(ram:read(AT, 4)):eq("bbbb")
end)

-- kvm_s390_vm_mem_op_cmpxchg() does not set success, nor do the early returns of cmpxchg_guest_abs_with_key(). So the
-- stack's old contents decide whether the unchanged value is copied back, and fails here.
scenario("memop cmpxchg: a bad alignment may be -EFAULT", options, function(sim)
	local _, _, vm, vmm = guest(sim)
	local old = vmm:mmap{ length = "4K" }
	old:write(0, "aaaa")
	expect(old:mprotect(0, "4K", "r")):eq(0)
	expect({ -EINVAL, -EFAULT }):contains(vm:mem_op{ op = CMPXCHG, gaddr = AT + 1, data = "bbbb", old_addr = old.addr })
end)

-- One counter that two threads increment, each until it has done its part: no increment is lost. The guest swaps the
-- word next to it.
cases("memop cmpxchg: two of them and the guest at the same time, bytes", options, sizes,
	function(sim, case)
		local vcpu, ram, vm = guest(sim)
		local size, rounds = case[2], 100
		local format = "<I" .. math.min(size, 8)
		local rest = ("z"):rep(size - 8)
		ram:write(AT, ("\0"):rep(math.min(size, 8)) .. rest)
		ram:write(AT + 16, ("-"):rep(8))
		sim:thread("guest", function()
			for _ = 1, rounds do
				expect(vcpu:xchg(AT + 16, "--------")):eq("--------")
				expect(#vcpu:read(AT, size)):eq(size)
			end
		end)
		local function counter()
			for _ = 1, rounds do
				local old, done, rc = ("\0"):rep(math.min(size, 8)) .. rest
				repeat
					local n = string.unpack(format, old) + 1 & (1 << 8 * math.min(size, 7)) - 1
					local expected = old
					rc, old = vm:mem_op{ op = CMPXCHG, gaddr = AT, data = string.pack(format, n) .. rest, old = old }
					expect(rc):eq(0)
					done = old == expected
				until done
			end
		end
		sim:thread("first", counter)
		sim:thread("second", counter)
		sim:join{}
		expect((string.unpack(format, ram:read(AT, math.min(size, 8))))):eq(2 * rounds)
	end)
