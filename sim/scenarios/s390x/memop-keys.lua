-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEMOP_F_SKEY_PROTECTION: storage keys, and the controls that override them.

local options = { arch = "s390x", covers = "docs/rules.md O4; selftest s390x/memop.c: the cases with keys" }
local long = { arch = "s390x", covers = options.covers, check = "end" }		-- many calls

local LREAD <const>, LWRITE <const> = KVM_S390_MEMOP_LOGICAL_READ, KVM_S390_MEMOP_LOGICAL_WRITE
local AREAD <const>, AWRITE <const> = KVM_S390_MEMOP_ABSOLUTE_READ, KVM_S390_MEMOP_ABSOLUTE_WRITE
local CHECK <const>, SKEY <const> = KVM_S390_MEMOP_F_CHECK_ONLY, KVM_S390_MEMOP_F_SKEY_PROTECTION
local FETCH_OVERRIDE <const>, STORAGE_OVERRIDE <const> = 1 << 25, 1 << 24		-- CR0
local AT <const>, MAX <const> = 0x40000, 65536

-- Memory from 0 on, prefix 0, DAT off.
local function guest(sim)
	local vcpu, ram, vm = sim:guest{ vcpu = { lowcore = false } }
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	return vcpu, ram, vm
end

-- One key for the pages from address on.
local function set_key(vm, address, bytes, key)
	expect(vm:s390_set_skeys{ start_gfn = address >> 12, keys = string.char(key):rep((bytes + 4095) // 4096) }):eq(0)
end

local function get_key(vm, address)
	return vm:s390_get_skeys{ start_gfn = address >> 12, count = 1 }:byte()
end

-- A check and then the operation: both must give the same.
local function fetch(fd, op, address, n, key)
	local checked = fd:mem_op{ op = op, gaddr = address, size = n, key = key or 0, flags = CHECK | (key and SKEY or 0) }
	local got = fd:mem_op{ op = op, gaddr = address, size = n, key = key or 0, flags = key and SKEY or 0 }
	expect(checked):eq(type(got) == "string" and 0 or got)
	return got
end

local function store(fd, op, address, data, key)
	local t = { op = op, gaddr = address, data = data, key = key or 0, flags = CHECK | (key and SKEY or 0) }
	local checked = fd:mem_op(t)
	t.flags = key and SKEY or 0
	local got = fd:mem_op(t)
	expect(checked):eq(got)
	return got
end

-- Storage key, access key, may it fetch, may it store.
local rules <const> = {
	{ "equal",                     0x90, 9, true, true },
	{ "equal, fetch-protected",    0x98, 9, true, true },
	{ "access key 0",              0x98, 0, true, true },
	{ "no access key",             0x98, nil, true, true },
	{ "different",                 0x90, 2, true, false },
	{ "different, fetch-protected", 0x98, 2, false, false },
	{ "storage key 0",             0x00, 2, true, false },
	{ "storage key 0, fetch-protected", 0x08, 2, false, false },
	{ "reference and change are no part of it", 0x96, 9, true, true },
}

cases("memop keys: protection, key", options, rules, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	local data = ("kvmsim! "):rep(MAX // 8)
	ram:write(AT, ("\0"):rep(MAX))
	set_key(vm, AT, MAX, case[2])
	local key = case[3]
	for _, side in ipairs{ { vcpu, LREAD, LWRITE }, { vm, AREAD, AWRITE } } do
		local fd = side[1]
		for _, n in ipairs{ 1, 4096, 4097, MAX } do
			ram:write(AT, ("\0"):rep(n))
			expect(store(fd, side[3], AT, data:sub(1, n), key)):eq(case[5] and 0 or PGM_PROTECTION)
			expect(ram:read(AT, n)):eq(case[5] and data:sub(1, n) or ("\0"):rep(n))
			ram:write(AT, data:sub(1, n))
			expect(fetch(fd, side[2], AT, n, key)):eq(case[4] and data:sub(1, n) or PGM_PROTECTION)
		end
	end
end)

scenario("memop keys: every access key against every storage key", long, function(sim)
	local vcpu, ram, vm = guest(sim)
	for acc = 0, 15 do
		for f = 0, 1 do
			set_key(vm, AT, 1, acc << 4 | f << 3)
			for key = 0, 15 do
				local same = key == 0 or key == acc
				local may_fetch, may_store = same or f == 0, same
				for _, side in ipairs{ { vcpu, LREAD, LWRITE }, { vm, AREAD, AWRITE } } do
					expect(fetch(side[1], side[2], AT, 1, key)):eq(may_fetch and "\0" or PGM_PROTECTION)
					expect(store(side[1], side[3], AT, "\0", key)):eq(may_store and 0 or PGM_PROTECTION)
				end
			end
		end
	end
end)

scenario("memop keys: an access sets reference and change, a check does not", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:write(AT, "x")
	local function after(what)
		set_key(vm, AT, 1, 0x90)
		what()
		return get_key(vm, AT)
	end
	expect(after(function() end)):eq(0x90)
	expect(after(function() vcpu:mem_op{ op = LWRITE, gaddr = AT, size = 1, flags = CHECK | SKEY, key = 9 } end)):eq(0x90)
	expect(after(function() vcpu:mem_op{ op = LREAD, gaddr = AT, size = 1, flags = SKEY, key = 9 } end)):eq(0x94)
	expect(after(function() vcpu:mem_op{ op = LWRITE, gaddr = AT, data = "y", flags = SKEY, key = 9 } end)):eq(0x96)
	expect(after(function() vm:mem_op{ op = AREAD, gaddr = AT, size = 1 } end)):eq(0x94)
	expect(after(function() vm:mem_op{ op = AWRITE, gaddr = AT, data = "y" } end)):eq(0x96)
end)

-- Only the first page is protected from key 9, only the others from key 1.
scenario("memop keys: a store stops at the first page with another key", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:write(AT, ("\0"):rep(3 * 4096))
	set_key(vm, AT, 1, 0x18)
	set_key(vm, AT + 4096, 2 * 4096, 0x98)
	for _, side in ipairs{ { vcpu, LREAD, LWRITE }, { vm, AREAD, AWRITE } } do
		local data = ("w"):rep(3 * 4096)
		expect(store(side[1], side[3], AT, data, 9)):eq(PGM_PROTECTION)
		expect(ram:read(AT, 3 * 4096)):eq(("\0"):rep(3 * 4096))
		expect(fetch(side[1], side[2], AT, 3 * 4096, 9)):eq(PGM_PROTECTION)
		expect(store(side[1], side[3], AT, data, 1)):eq(PGM_PROTECTION)
		expect(ram:read(AT, 3 * 4096)):eq(("w"):rep(4096) .. ("\0"):rep(2 * 4096))
		expect(fetch(side[1], side[2], AT, 3 * 4096, 1)):eq(PGM_PROTECTION)
		for _, op in ipairs{ side[2], side[3] } do
			expect(side[1]:mem_op{ op = op, gaddr = AT, size = MAX, data = ("w"):rep(MAX), key = 2, flags = SKEY }):eq(
				PGM_PROTECTION)
		end
		ram:write(AT, ("\0"):rep(4096))
	end
end)

scenario("memop keys: they follow a page that the host moves or swaps", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:write(AT, "stays")
	set_key(vm, AT, 1, 0x98)
	for _, what in ipairs{ function() return ram:migrate(AT) end, function() return ram:swap_out(AT, "4K") end } do
		expect(what()):eq(0)
		expect(vcpu:mem_op{ op = LREAD, gaddr = AT, size = 5, flags = SKEY | CHECK, key = 2 }):eq(PGM_PROTECTION)
		expect(vcpu:mem_op{ op = LREAD, gaddr = AT, size = 5, flags = SKEY, key = 2 }):eq(PGM_PROTECTION)
		expect(vm:mem_op{ op = AREAD, gaddr = AT, size = 5, flags = SKEY, key = 9 }):eq("stays")
	end
end)

-- --- overrides ---------------------------------------------------------------------------------------------

cases("memop keys: storage-protection override, storage key", options, {
	{ "9",                       0x90, true },
	{ "9, fetch-protected",      0x98, true },
	{ "8, fetch-protected",      0x88, false },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	local data = ("override"):rep(MAX // 8)
	ram:write(AT, data)
	set_key(vm, AT, MAX, case[2])
	local protected = case[2] & 8 ~= 0
	for _, on in ipairs{ false, true } do
		expect(vcpu:set_cr(0, on and STORAGE_OVERRIDE or 0)):eq(0)
		local allowed = on and case[3]
		expect(fetch(vcpu, LREAD, AT, MAX, 2)):eq((allowed or not protected) and data or PGM_PROTECTION)
		expect(store(vcpu, LWRITE, AT, data, 2)):eq(allowed and 0 or PGM_PROTECTION)
		-- A VM has no control register.
		expect(fetch(vm, AREAD, AT, MAX, 2)):eq(protected and PGM_PROTECTION or data)
		expect(store(vm, AWRITE, AT, data, 2)):eq(PGM_PROTECTION)
	end
end)

-- Pages 0 and last of the address space; the place of each in real memory.
local function wrapping(sim, private)
	local vcpu, ram, vm = guest(sim)
	local space = vcpu:address_space{ type = "region1", private = private }
	expect(space:map{ from = 0, to = 0x10000 }):eq(0)
	expect(space:map{ from = -4096, to = 0x20000 }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	ram:write(0x10000, ("b"):rep(4096))
	ram:write(0x20000, ("e"):rep(4096))
	ram:write(0, ("r"):rep(64))
	set_key(vm, 0, 4096, 0x18)
	set_key(vm, 0x10000, 4096, 0x18)
	set_key(vm, 0x20000, 4096, 0)
	expect(vcpu:set_psw{ dat = true }):eq(0)
	return vcpu, ram, vm
end

-- Address, size, may it fetch with the override. All of the first 2 KiB of page 0 and nothing more.
cases("memop keys: fetch-protection override", options, {
	{ "0 to 2047",              0, 2048, true },
	{ "1 byte at 2047",         2047, 1, true },
	{ "0 to 2048",              0, 2049, false },
	{ "2048",                   2048, 1, false },
	{ "all of page 0",          0, 4096, false },
	{ "wraps to 2047",          -4096, 4096 + 2048, true },
	{ "wraps to 2048",          -4096, 4096 + 2049, false },
	{ "the last page alone",    -4096, 4096, true, true },
}, function(sim, case)
	local vcpu, _, vm = wrapping(sim)
	local function expected(allowed)
		return allowed and (("e"):rep(case[2] < 0 and 4096 or 0) .. ("b"):rep(case[2] < 0 and case[3] - 4096 or case[3])) or
			PGM_PROTECTION
	end
	expect(fetch(vcpu, LREAD, case[2], case[3], 2)):eq(expected(case[5]))
	expect(vcpu:set_cr(0, FETCH_OVERRIDE)):eq(0)
	expect(fetch(vcpu, LREAD, case[2], case[3], 2)):eq(expected(case[4]))
	-- Not for stores, and not for a VM's absolute addresses, whether at 0 or where page 0 is mapped.
	expect(store(vcpu, LWRITE, 0, "x", 2)):eq(PGM_PROTECTION)
	expect(fetch(vm, AREAD, 0, 2048, 2)):eq(PGM_PROTECTION)
	expect(fetch(vm, AREAD, 0x10000, 2048, 2)):eq(PGM_PROTECTION)
end)

scenario("memop keys: fetch-protection override is not for a private space, unless DAT is off", options, function(sim)
	local vcpu = wrapping(sim, true)
	expect(vcpu:set_cr(0, FETCH_OVERRIDE)):eq(0)
	expect(fetch(vcpu, LREAD, 0, 8, 2)):eq(PGM_PROTECTION)
	expect(vcpu:set_psw{ dat = false }):eq(0)
	expect(fetch(vcpu, LREAD, 32, 8, 2)):eq("rrrrrrrr")
end)

-- The second fragment begins at 0 again, where the override applies.
scenario("memop keys: fetch-protection override after the end of 24-bit addresses", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "16M" }, vcpu = { lowcore = false } }
	ram:write(0xfff000, ("e"):rep(4096))
	ram:write(0, ("b"):rep(4096))
	set_key(vm, 0, 4096, 0x18)
	expect(vcpu:set_psw{ amode = 24 }):eq(0)
	expect(fetch(vcpu, LREAD, 0xfff000, 4096 + 2048, 2)):eq(PGM_PROTECTION)
	expect(vcpu:set_cr(0, FETCH_OVERRIDE)):eq(0)
	expect(fetch(vcpu, LREAD, 0xfff000, 4096 + 2048, 2)):eq(("e"):rep(4096) .. ("b"):rep(2048))
	expect(fetch(vcpu, LREAD, 0xfff000, 4096 + 2049, 2)):eq(PGM_PROTECTION)
end)

-- The unkeyed copy tells failures from protection.
scenario("memop keys: fetch-protection override, and the VMM has lost the page", options, function(sim)
	local vcpu, ram = wrapping(sim)
	expect(ram:munmap(0x10000, "4K")):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0, size = 8, key = 2, flags = SKEY }):eq(
		sim:kernel_since("7.0") and -EFAULT or PGM_PROTECTION)
	expect(vcpu:set_cr(0, FETCH_OVERRIDE)):eq(0)
	expect(vcpu:mem_op{ op = LREAD, gaddr = 0, size = 8, key = 2, flags = SKEY }):eq(-EFAULT)
end)
