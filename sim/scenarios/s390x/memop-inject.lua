-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEMOP_F_INJECT_EXCEPTION: the program interruption that the access would have caused, as the guest finds it
-- in its lowcore after the next entry.

local options = { arch = "s390x", covers = "docs/rules.md O2, O5; selftest s390x/memop.c: termination" }

local READ <const>, WRITE <const> = KVM_S390_MEMOP_LOGICAL_READ, KVM_S390_MEMOP_LOGICAL_WRITE
local CHECK <const>, INJECT <const> = KVM_S390_MEMOP_F_CHECK_ONLY, KVM_S390_MEMOP_F_INJECT_EXCEPTION
local SKEY <const> = KVM_S390_MEMOP_F_SKEY_PROTECTION
local CR0_LAP <const> = 1 << 28

-- Real storage from 0x8c on; struct lowcore.
local LC_PGM_CODE <const>, LC_EXC_ACCESS_ID <const>, LC_TEID <const> = 0x8e, 0xa0, 0xa8
local LC_PGM_OLD_PSW <const>, LC_PGM_NEW_PSW <const> = 0x150, 0x1d0

-- Translation-exception identification.
local FETCH <const>, STORE <const> = 2 << 10, 1 << 10
local B56 <const>, B60 <const>, B61 <const> = 0x80, 8, 4
local AS <const> = { primary = 0, ar = 1, secondary = 2, home = 3 }

-- 2 MiB from 0 on, prefix 0, DAT on in the primary space with nothing mapped.
local function guest(sim, as)
	local vcpu, ram, vm = sim:guest{ vcpu = { lowcore = false } }
	local space = vcpu:address_space{ type = "region1" }
	for _, cr in ipairs{ 1, 7, 13 } do
		expect(vcpu:set_cr(cr, space.asce)):eq(0)
	end
	expect(vcpu:set_psw{ dat = true, amode = 64, as = as, addr = 0x7654 }):eq(0)
	-- What an interruption would change.
	ram:write(LC_PGM_CODE, "\xaa\xaa")
	ram:write(LC_EXC_ACCESS_ID, "\xbb")
	ram:write(LC_TEID, ("\xcc"):rep(8))
	ram:write(LC_PGM_NEW_PSW, string.pack("<i8i8", 0x180000000, 0xabc0))
	return vcpu, ram, space, vm
end

local UNTOUCHED <const> = { code = 0xaaaa, access_id = 0xbb, teid = string.unpack("<i8", ("\xcc"):rep(8)) }

local function lowcore(ram)
	return { code = (string.unpack("<I2", ram:read(LC_PGM_CODE, 2))), access_id = ram:read(LC_EXC_ACCESS_ID, 1):byte(),
		teid = (string.unpack("<i8", ram:read(LC_TEID, 8))) }
end

-- Lets KVM deliver what is pending: returns the lowcore, and the PSW with which the guest continues.
local function deliver(vcpu, ram)
	expect(vcpu:set_psw{}):eq(0)
	return lowcore(ram), vcpu:get_psw()
end

scenario("memop inject: delivered at the next entry, and once", options, function(sim)
	local vcpu, ram = guest(sim)
	local psw = vcpu:get_psw()
	expect(vcpu:mem_op{ op = READ, gaddr = 0x5000, size = 1, flags = INJECT }):eq(PGM_REGION_FIRST_TRANS)
	expect(lowcore(ram)):eq(UNTOUCHED)
	local lc, new = deliver(vcpu, ram)
	expect(lc):eq{ code = PGM_REGION_FIRST_TRANS, access_id = 0, teid = 0x5000 | FETCH }
	expect(new):eq{ mask = 0x180000000, addr = 0xabc0 }
	expect(ram:read(LC_PGM_OLD_PSW, 16)):eq(string.pack("<i8i8", psw.mask, psw.addr))
	ram:write(LC_PGM_CODE, "\xaa\xaa")
	lc, new = deliver(vcpu, ram)
	expect(lc.code):eq(0xaaaa)
	expect(new.addr):eq(0xabc0)
end)

scenario("memop inject: an access of the guest's ends in it", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_psw{ dat = false }):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x200000, data = "x", flags = INJECT }):eq(PGM_ADDRESSING)
	expect(vcpu:read(0x40000, 1)):fields{ exception = { vector = PGM_ADDRESSING } }
	expect(vcpu:read(0x40000, 1)):eq("\0")
	-- An addressing exception has no further parameters.
	expect(lowcore(ram)):eq{ code = PGM_ADDRESSING, access_id = 0xbb, teid = UNTOUCHED.teid }
end)

cases("memop inject: nothing is injected", options, {
	{ "without the flag",          { op = READ, gaddr = 0x5000, size = 1 }, PGM_PAGE_TRANSLATION },
	{ "when it worked",            { op = READ, gaddr = 0x8000, size = 1, flags = INJECT }, "\0" },
	{ "for a bad buffer, read",    { op = READ, gaddr = 0x8000, size = 1, flags = INJECT, buf = 0 }, -EFAULT },
	{ "for a bad buffer, written", { op = WRITE, gaddr = 0x5000, size = 1, flags = INJECT, buf = 0 }, -EFAULT },
	{ "for a bad call",            { op = READ, gaddr = 0x5000, size = 0, flags = INJECT }, -EINVAL },
}, function(sim, case)
	local vcpu, ram, space = guest(sim)
	expect(space:map{ from = 0x8000, to = 0x8000 }):eq(0)
	expect(vcpu:mem_op(case[2])):eq(case[3])
	expect((deliver(vcpu, ram))):eq(UNTOUCHED)
end)

-- Level of the entry that is broken, the entry, the code.
cases("memop inject: translation exceptions", options, {
	{ "page",          1, 0x400, PGM_PAGE_TRANSLATION },
	{ "segment",       2, 0x20, PGM_SEGMENT_TRANSLATION },
	{ "region third",  3, 0x24, PGM_REGION_THIRD_TRANS },
	{ "region second", 4, 0x28, PGM_REGION_SECOND_TRANS },
	{ "region first",  5, 0x2c, PGM_REGION_FIRST_TRANS },
}, function(sim, case)
	for as, code in pairs(AS) do
		local vcpu, ram, space = guest(sim, as)
		expect(space:map{ from = 0x123456789000, to = 0x8000, size = "8K" }):eq(0)
		expect(vcpu:mem_op{ op = READ, gaddr = 0x123456789ffc, size = 8 }):eq(("\0"):rep(8))
		space:set_pte(0x12345678a000, case[3], case[2])
		-- The page that fails is the second one, unless the table above holds both.
		local page = case[2] == 1 and 0x12345678a000 or 0x123456789000
		for _, flags in ipairs{ INJECT, INJECT | CHECK } do
			expect(vcpu:mem_op{ op = READ, gaddr = 0x123456789ffc, size = 8, ar = 5, flags = flags }):eq(case[4])
			expect((deliver(vcpu, ram))):eq{ code = case[4], access_id = 5, teid = page | FETCH | code }
			expect(vcpu:set_psw{ mask = 0x0400000180000000, as = as }):eq(0)
			expect(vcpu:mem_op{ op = WRITE, gaddr = 0x123456789ffc, size = 8, data = "12345678", ar = 5, flags = flags }):eq(
				case[4])
			expect((deliver(vcpu, ram))):eq{ code = case[4], access_id = 5, teid = page | STORE | code }
			expect(vcpu:set_psw{ mask = 0x0400000180000000, as = as }):eq(0)
		end
	end
end)

scenario("memop inject: ASCE type, translation specification", options, function(sim)
	local vcpu, ram, space = guest(sim)
	expect(vcpu:set_cr(1, vcpu:address_space{ type = "segment" }.asce)):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 1 << 40 | 0x1234, data = "x", ar = 2, flags = INJECT }):eq(PGM_ASCE_TYPE)
	expect((deliver(vcpu, ram))):eq{ code = PGM_ASCE_TYPE, access_id = 2, teid = 1 << 40 | 0x1000 | STORE }
	ram:write(LC_TEID, ("\xcc"):rep(8))
	ram:write(LC_EXC_ACCESS_ID, "\xbb")
	expect(space:set_pte(0x3000, 0x800)):eq(0)
	expect(vcpu:set_psw{ mask = 0x0400000180000000 }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x3000, size = 1, flags = INJECT }):eq(PGM_TRANSLATION_SPEC)
	expect((deliver(vcpu, ram))):eq{ code = PGM_TRANSLATION_SPEC, access_id = 0xbb, teid = UNTOUCHED.teid }
end)

-- --- protection --------------------------------------------------------------------------------------------

local function protected(sim, as)
	local vcpu, ram, space, vm = guest(sim, as)
	expect(space:map{ from = 0x40000000, to = 0x40000, size = "16K" }):eq(0)
	return vcpu, ram, space, vm
end

scenario("memop inject: protection by the page table", options, function(sim)
	local vcpu, ram, space = protected(sim)
	expect(space:map{ from = 0x40000000, to = 0x40000, prot = "r" }):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x40000123, data = "x", ar = 1, flags = INJECT }):eq(PGM_PROTECTION)
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 1, teid = 0x40000000 | STORE | B61 }
end)

scenario("memop inject: the page table protects a later page: nothing has moved, so nothing is terminated", options, function(sim)
	local vcpu, ram, space = protected(sim)
	expect(space:map{ from = 0x40001000, to = 0x41000, prot = "r" }):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x40000ffe, data = "xxxx", flags = INJECT }):eq(PGM_PROTECTION)
	expect(ram:read(0x40ffe, 2)):eq("\0\0")
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 0, teid = 0x40001000 | STORE | B61 }
end)

scenario("memop inject: low-address protection", options, function(sim)
	local vcpu, ram, space = guest(sim)
	expect(space:map{ from = 0, to = 0x40000, size = "8K" }):eq(0)
	expect(vcpu:set_cr(0, CR0_LAP)):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x1010, data = "x", flags = INJECT }):eq(PGM_PROTECTION)
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 0, teid = 0x1000 | STORE | B56 }
end)

-- The key of the first or the second page is wrong. A store that changed a page is terminated: bits 56, 60, 61 are 0.
cases("memop inject: key-controlled protection", options, {
	{ "store, first page",      WRITE, "\x90\0", STORE | B60, 0x40000000 },
	{ "store, second page",     WRITE, "\0\x90", STORE, 0x40001000, "xx" },
	{ "fetch, first page",      READ, "\x98\0", FETCH | B60, 0x40000000 },
	{ "fetch, second page",     READ, "\0\x98", FETCH | B60, 0x40001000 },
}, function(sim, case)
	local vcpu, ram, space, vm = protected(sim)
	local keys = case[3]:gsub("\0", "\x10")
	ram:write(0x40000, ("\0"):rep(8192))
	expect(vm:s390_set_skeys{ start_gfn = 0x40, keys = keys }):eq(0)
	local t = { op = case[2], gaddr = 0x40000ffe, size = 4, data = "xxxx", key = 1, ar = 4, flags = SKEY | INJECT }
	expect(vcpu:mem_op(t)):eq(PGM_PROTECTION)
	expect(ram:read(0x40ffe, 4)):eq((case[6] or "\0\0") .. "\0\0")
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 4, teid = case[5] | case[4] }
	-- A check has changed nothing.
	expect(vcpu:set_psw{ mask = 0x0400000180000000 }):eq(0)
	t.flags = t.flags | CHECK
	expect(vcpu:mem_op(t)):eq(PGM_PROTECTION)
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 4, teid = case[5] | case[4] | B60 }
end)

scenario("memop inject: termination over 64 KiB", options, function(sim)
	local vcpu, ram, space, vm = guest(sim)
	expect(space:map{ from = 0x40000000, to = 0x40000, size = "64K" }):eq(0)
	expect(vm:s390_set_skeys{ start_gfn = 0x40, keys = "\x18" .. ("\x98"):rep(15) }):eq(0)
	local data = ("\xa5"):rep(65536)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x40000000, data = data, key = 1, flags = SKEY | INJECT }):eq(PGM_PROTECTION)
	local lc, psw = deliver(vcpu, ram)
	expect(lc.code):eq(PGM_PROTECTION)
	expect(lc.teid & (B56 | B60 | B61)):eq(0)
	expect(lc.teid):eq(0x40001000 | STORE)
	expect(psw.addr):eq(0xabc0)
	expect(ram:read(0x40000, 8192)):eq(data:sub(1, 4096) .. ("\0"):rep(4096))
end)

-- --- access lists ------------------------------------------------------------------------------------------

-- Before 6.9 an ioctl uses the host's access registers: memop-ar.lua.
local in_ar_mode = { arch = "s390x", covers = options.covers, kernel = "6.9" }

cases("memop inject: access lists", in_ar_mode, {
	{ "ALEN",               { ale_invalid = true }, PGM_ALEN_TRANSLATION },
	{ "ALE sequence",       { ale_sequence = 1 }, PGM_ALE_SEQUENCE },
	{ "ASTE validity",      { aste_invalid = true }, PGM_ASTE_VALIDITY },
	{ "ASTE sequence",      { ale_aste_sequence = 1 }, PGM_ASTE_SEQUENCE },
	{ "extended authority", { ale_private = true, ale_authorization = 1 }, PGM_EXTENDED_AUTHORITY },
}, function(sim, case)
	local vcpu, ram, space = protected(sim, "ar")
	case[2].asce, case[2].number = space.asce, 3
	vcpu:access_list():set(case[2])
	expect(vcpu:set_ar(7, 3)):eq(0)
	for _, flags in ipairs{ INJECT, INJECT | CHECK } do
		expect(vcpu:mem_op{ op = READ, gaddr = 0x40000000, size = 1, ar = 7, flags = flags }):eq(case[3])
		expect((deliver(vcpu, ram))):eq{ code = case[3], access_id = 7, teid = UNTOUCHED.teid }
		expect(vcpu:set_psw{ mask = 0x0400000180000000, as = "ar" }):eq(0)
	end
end)

scenario("memop inject: ALET specification has no parameters", in_ar_mode, function(sim)
	local vcpu, ram = protected(sim, "ar")
	expect(vcpu:set_ar(7, 1 << 25)):eq(0)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x40000000, size = 1, ar = 7, flags = INJECT }):eq(PGM_ALET_SPECIFICATION)
	expect((deliver(vcpu, ram))):eq{ code = PGM_ALET_SPECIFICATION, access_id = 0xbb, teid = UNTOUCHED.teid }
end)

scenario("memop inject: a store through a fetch-only entry", in_ar_mode, function(sim)
	local vcpu, ram, space = protected(sim, "ar")
	expect(vcpu:set_ar(7, vcpu:access_list():set{ number = 3, asce = space.asce, ale_fetch_only = true })):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x40000000, data = "x", ar = 7, flags = INJECT }):eq(PGM_PROTECTION)
	expect((deliver(vcpu, ram))):eq{ code = PGM_PROTECTION, access_id = 7, teid = 0x40000000 | STORE | AS.ar | B60 | B61 }
end)

-- For this exception check_gva_range() uses the address unchanged; the access first cuts it to the addressing mode.
scenario("memop inject: a fetch-only entry in 31-bit mode, the check gives an address of 64 bits", in_ar_mode,
	function(sim)
	local vcpu, ram, space = protected(sim, "ar")
	expect(vcpu:set_ar(7, vcpu:access_list():set{ number = 3, asce = space.asce, ale_fetch_only = true })):eq(0)
	expect(vcpu:set_psw{ amode = 31 }):eq(0)
	local t = { op = WRITE, gaddr = 0x1240000000, data = "x", ar = 7, flags = INJECT }
	expect(vcpu:mem_op(t)):eq(PGM_PROTECTION)
	expect(deliver(vcpu, ram).teid & -4096):eq(0x40000000)
	expect(vcpu:set_psw{ mask = 0x0400000080000000, as = "ar" }):eq(0)
	t.flags = INJECT | CHECK
	expect(vcpu:mem_op(t)):eq(PGM_PROTECTION)
	expect(deliver(vcpu, ram).teid & -4096):eq(0x1240000000)
end)

scenario("memop inject: the last of two injections before an entry counts", options, function(sim)
	local vcpu, ram, space = protected(sim)
	expect(vcpu:mem_op{ op = READ, gaddr = 0x70000000, size = 1, flags = INJECT }):eq(PGM_SEGMENT_TRANSLATION)
	expect(space:map{ from = 0x40000000, to = 0x40000, prot = "r" }):eq(0)
	expect(vcpu:mem_op{ op = WRITE, gaddr = 0x40000000, data = "x", flags = INJECT }):eq(PGM_PROTECTION)
	expect((deliver(vcpu, ram)).code):eq(PGM_PROTECTION)
	ram:write(LC_PGM_CODE, "\xaa\xaa")
	expect((deliver(vcpu, ram)).code):eq(0xaaaa)
end)
