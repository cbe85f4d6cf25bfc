-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEM_OP in access-register mode: from the ALET over the access list to an address space, and each way to
-- fail.

local options = {
	arch = "s390x", covers = "docs/rules.md O3; selftest s390x/memop.c: copy with access register mode",
	-- Since then the registers that the VMM sees are used; before, those that the host happens to have: see the
	-- first scenario.
	kernel = "6.9",
}

local READ <const>, WRITE <const> = KVM_S390_MEMOP_LOGICAL_READ, KVM_S390_MEMOP_LOGICAL_WRITE
local CHECK <const> = KVM_S390_MEMOP_F_CHECK_ONLY
local VA <const>, AR <const> = 0x40000000, 3

-- Three spaces that show different pages at VA; access-register mode. The third one has no control register.
local function guest(sim)
	local vcpu, ram = sim:guest{ vcpu = { lowcore = false } }
	local spaces = {}
	for i, name in ipairs{ "first", "secnd", "third" } do
		ram:write(0x10000 * i, name)
		spaces[i] = vcpu:address_space{}
		expect(spaces[i]:map{ from = VA, to = 0x10000 * i }):eq(0)
	end
	expect(vcpu:set_cr(1, spaces[1].asce)):eq(0)
	expect(vcpu:set_cr(7, spaces[2].asce)):eq(0)
	expect(vcpu:set_psw{ dat = true, as = "ar", amode = 64 }):eq(0)
	return vcpu, ram, spaces[3].asce
end

local function fetch(vcpu, ar)
	local got = vcpu:mem_op{ op = READ, gaddr = VA, size = 5, ar = ar or AR }
	expect(vcpu:mem_op{ op = READ, gaddr = VA, size = 5, ar = ar or AR, flags = CHECK }):eq(
		type(got) == "string" and 0 or got)
	return got
end

local function store(vcpu, ar)
	local got = vcpu:mem_op{ op = WRITE, gaddr = VA, data = "write", ar = ar or AR }
	expect(vcpu:mem_op{ op = WRITE, gaddr = VA, size = 5, ar = ar or AR, flags = CHECK }):eq(got)
	return got
end

scenario("memop: ALETs 0 and 1, and access register 0", options, function(sim)
	local vcpu = guest(sim)
	for ar = 0, 15 do
		expect(vcpu:set_ar(ar, ar == 0 and 0xffffffff or 0)):eq(0)
		expect(fetch(vcpu, ar)):eq("first")
	end
	expect(vcpu:set_ar(AR, 1)):eq(0)
	expect(fetch(vcpu)):eq("secnd")
	expect(vcpu:set_psw{ as = "primary" }):eq(0)
	expect(fetch(vcpu)):eq("first")
	-- The registers are those of kvm_run, whatever the host has in its own.
	expect(vcpu:set_psw{ as = "ar" }):eq(0)
	expect(fetch(vcpu)):eq("secnd")
end)

-- ar_translation() of an older kernel first saves the CPU's registers to kvm_run, for a guest instruction that it
-- interprets. In the ioctl these are the host's own.
scenario("memop: an ioctl finds and keeps the guest's access registers", { arch = "s390x" }, function(sim)
	local vcpu = guest(sim)
	local right = sim:kernel_since("6.9")
	expect(vcpu:set_ar(AR, 1)):eq(0)
	expect(fetch(vcpu)):eq(right and "secnd" or "first")
	expect(vcpu:get_ar(AR)):eq(right and 1 or 0)
end)

scenario("memop: all of 64 KiB through an access register, there and back", { arch = "s390x" }, function(sim)
	local vcpu, ram, asce = guest(sim)
	local space = vcpu:address_space{ type = "segment" }
	expect(space:map{ from = 0, to = 0x80000, size = "128K" }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local data = ("0123456789abcdef"):rep(4096)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x4321, data = data, ar = 1, flags = CHECK }):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x4321, data = data, ar = 1 }):eq(0)
	expect(ram:read(0x84321, 65536)):eq(data)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x4321, size = 65536, ar = 1, flags = CHECK }):eq(0)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x4321, size = 65536, ar = 1 }):eq(data)
end)

cases("memop: an access list", options, { { "of the dispatchable unit", false }, { "of the primary space", true } },
	function(sim, case)
		local vcpu, ram, asce = guest(sim)
		local list = vcpu:access_list{ primary = case[2], length = 1 }
		for _, n in ipairs{ 2, 15 } do
			expect(vcpu:set_ar(AR, list:set{ number = n, asce = asce, ale_sequence = 0x5a, aste_sequence = 77 })):eq(0)
			expect(fetch(vcpu)):eq("third")
			expect(store(vcpu)):eq(0)
			expect(ram:read(0x30000, 5)):eq("write")
			ram:write(0x30000, "third")
		end
		expect(vcpu:set_ar(AR, vcpu:get_ar(AR) ~ 1 << 24)):eq(0)
		expect(fetch(vcpu)):ne("third")
	end)

-- Entry, result of a fetch, result of a store if it differs.
cases("memop: access-list entry", options, {
	{ "invalid",                      { ale_invalid = true }, PGM_ALEN_TRANSLATION },
	{ "fetch-only",                   { ale_fetch_only = true }, "third", PGM_PROTECTION },
	{ "ASTE invalid",                 { aste_invalid = true }, PGM_ASTE_VALIDITY },
	{ "ASTE of another sequence",     { aste_sequence = 1, ale_aste_sequence = 2 }, PGM_ASTE_SEQUENCE },
	{ "ASTE outside of memory",       { aste_address = 0x200000 }, PGM_ADDRESSING },
	{ "private, index 9 as in CR8",   { ale_private = true, ale_authorization = 9 }, "third" },
	{ "private, other index",         { ale_private = true, ale_authorization = 8 }, PGM_EXTENDED_AUTHORITY },
	{ "private, table allows",        { ale_private = true, authority = "\0\0\x10\0" }, "third" },
	{ "private, table forbids",       { ale_private = true, authority = "\xff\xff\xef\xff" }, PGM_EXTENDED_AUTHORITY },
	{ "not private, table forbids",   { authority = "\0\0\0\0" }, "third" },
	{ "private, fetch-only, allowed", { ale_private = true, ale_fetch_only = true, authority = "\0\0\x10\0" }, "third",
		PGM_PROTECTION },
}, function(sim, case)
	local vcpu, _, asce = guest(sim)
	case[2].asce, case[2].number = not case[2].aste_address and asce or nil, 6
	expect(vcpu:set_cr(8, 9 << 16)):eq(0)
	expect(vcpu:set_ar(AR, vcpu:access_list():set(case[2]))):eq(0)
	expect(fetch(vcpu)):eq(case[3])
	expect(store(vcpu)):eq(case[4] or (case[3] == "third" and 0 or case[3]))
end)

-- The extended authorization index counts 16 pairs of bits for each 4 bytes of length.
scenario("memop: the length of an authority table", options, function(sim)
	local vcpu, _, asce = guest(sim)
	local list = vcpu:access_list()
	local alet = list:set{ number = 2, asce = asce, ale_private = true, authority = ("\x55"):rep(8) }
	expect(vcpu:set_ar(AR, alet)):eq(0)
	for _, row in ipairs{ { 1, "third" }, { 15, "third" }, { 31, "third" }, { 32, PGM_EXTENDED_AUTHORITY },
		{ 0xffff, PGM_EXTENDED_AUTHORITY } } do
		expect(vcpu:set_cr(8, row[1] << 16 | 0xffff)):eq(0)
		expect(fetch(vcpu)):eq(row[2])
	end
	-- The other bit of each pair says nothing about this.
	expect(vcpu:set_ar(AR, list:set{ number = 3, asce = asce, ale_private = true, authority = ("\xaa"):rep(4) })):eq(0)
	expect(vcpu:set_cr(8, 1 << 16)):eq(0)
	expect(fetch(vcpu)):eq(PGM_EXTENDED_AUTHORITY)
end)

scenario("memop: ALETs that lead nowhere", options, function(sim)
	local vcpu, ram, asce = guest(sim)
	local list = vcpu:access_list{ length = 1 }
	local alet = list:set{ number = 2, asce = asce, ale_sequence = 3 }
	local function with(value)
		expect(vcpu:set_ar(AR, value)):eq(0)
		return fetch(vcpu)
	end
	expect(with(alet)):eq("third")
	for bit = 25, 31 do
		expect(with(alet | 1 << bit)):eq(PGM_ALET_SPECIFICATION)
	end
	expect(with(alet ~ 1 << 16)):eq(PGM_ALE_SEQUENCE)
	expect(with(3)):eq(PGM_ALEN_TRANSLATION)			-- an entry that was never made
	expect(with(16)):eq(PGM_ALEN_TRANSLATION)			-- the first one behind the list
	expect(with(0xffff)):eq(PGM_ALEN_TRANSLATION)
	-- The designation: the list at the end of 31-bit addresses, and outside of memory; then the control block.
	ram:write(list.control_block + 16, string.pack("<I4", 0x7fffff80 | 1))
	expect(with(2)):eq(PGM_ADDRESSING)
	expect(with(8)):eq(PGM_ADDRESSING)
	ram:write(list.control_block + 16, string.pack("<I4", 0x200000 | 1))
	expect(with(2)):eq(PGM_ADDRESSING)
	expect(vcpu:set_cr(2, 0x200000)):eq(0)
	expect(with(alet)):eq(PGM_ADDRESSING)
	-- Its address has 25 bits, in the middle of the register.
	ram:write(list.control_block + 16, string.pack("<I4", list.origin | 1))
	expect(vcpu:set_cr(2, list.control_block | ~0x7fffffc0)):eq(0)
	expect(with(alet)):eq("third")
end)

scenario("memop: the authority table is outside of memory", options, function(sim)
	local vcpu, ram, asce = guest(sim)
	local list = vcpu:access_list()
	expect(vcpu:set_ar(AR, list:set{ number = 2, asce = asce, ale_private = true, authority = ("\x55"):rep(4) })):eq(0)
	expect(vcpu:set_cr(8, 1 << 16)):eq(0)
	expect(fetch(vcpu)):eq("third")
	local aste = string.unpack("<i8", ram:read(list.origin + 2 * 16 + 8, 8)) >> 32
	ram:write(aste, string.pack("<i8", 0x200000 << 32))
	expect(fetch(vcpu)):eq(PGM_ADDRESSING)
	-- The VMM no longer has it: that is an error of the host.
	ram:write(aste, string.pack("<i8", 0x1000 << 32))
	expect(ram:munmap(0x1000, "4K")):eq(0)
	expect(vcpu:mem_op{ op = READ, gaddr = VA, size = 5, ar = AR }):eq(-EFAULT)
end)

-- DAT off: real addresses, and access lists are not used.
scenario("memop: access registers without DAT", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:set_ar(AR, 0xffffffff)):eq(0)
	expect(fetch(vcpu)):eq(PGM_ALET_SPECIFICATION)
	expect(vcpu:set_psw{ dat = false }):eq(0)
	expect(fetch(vcpu)):eq(PGM_ADDRESSING)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x20000, size = 5, ar = AR }):eq("secnd")
end)
