-- SPDX-License-Identifier: GPL-2.0-only
-- The state that the VMM gives a vCPU: registers read back as they were set, and survive an entry; tables are those of
-- the Principles of Operation.

local options = { arch = "s390x" }

local function guest(sim)
	return sim:guest{ vcpu = { lowcore = false } }
end

scenario("state: registers keep their values over an entry", options, function(sim)
	local vcpu = guest(sim)
	for n = 0, 15 do
		expect(vcpu:set_ar(n, 0xa5a50000 + n)):eq(0)
		expect(vcpu:set_cr(n, 0x0123456789abcd00 + n)):eq(0)
	end
	expect(vcpu:set_cr(0, 0)):eq(0)
	expect(vcpu:set_psw{ amode = 64, addr = 0x1234 }):eq(0)
	for n = 1, 15 do
		expect(vcpu:get_ar(n)):eq(0xa5a50000 + n)
		expect(vcpu:get_cr(n)):eq(0x0123456789abcd00 + n)
	end
	expect(vcpu:get_ar(0)):eq(0xa5a50000)
	expect(vcpu:get_cr(0)):eq(0)
end)

cases("state: fields of the PSW", options, {
	{ "DAT",       { dat = true },        0x0400000000000000 },
	{ "AR mode",   { as = "ar" },         0x0000400000000000 },
	{ "secondary", { as = "secondary" },  0x0000800000000000 },
	{ "home",      { as = "home" },       0x0000c00000000000 },
	{ "key",       { key = 9 },           0x0090000000000000 },
	{ "problem",   { problem = true },    0x0001000000000000 },
	{ "31 bits",   { amode = 31 },        0x0000000080000000 },
	{ "64 bits",   { amode = 64 },        0x0000000180000000 },
}, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:get_psw()):eq{ mask = 0, addr = 0 }
	expect(vcpu:set_psw(case[2])):eq(0)
	expect(vcpu:get_psw()):eq{ mask = case[3], addr = 0 }
	expect(vcpu:set_psw{ dat = false, as = "primary", key = 0, problem = false, amode = 24, addr = 8 }):eq(0)
	expect(vcpu:get_psw()):eq{ mask = 0, addr = 8 }
end)

-- Type of address space, table types from the top, the ASCE's designation type.
cases("state: tables of an address space of type", options, {
	{ "segment", { 0x0 } },
	{ "region3", { 0x4, 0x0 } },
	{ "region2", { 0x8, 0x4, 0x0 } },
	{ "region1", { 0xc, 0x8, 0x4, 0x0 } },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	local space = vcpu:address_space{ type = case[1], length = 2 }
	local top = #case[2] + 1
	expect(space.asce & 0xfff):eq((top - 2) << 2 | 2)
	local origin = space.asce & -4096
	expect(space:pte(0x12345000)):is_nil()
	expect(space:map{ from = 0x12345000, to = 0x7000, prot = "r" }):eq(0)
	for level = top, 2, -1 do
		local e = space:pte(0x12345000, level)
		local index = level == 2 and 0x123 or 0
		expect(e.gpa):eq(origin + 8 * index)
		expect(string.unpack("<i8", ram:read(e.gpa, 8))):eq(e.raw)
		expect(e.raw & 0x2c):eq(case[2][top - level + 1])
		origin = e.raw & -2048
	end
	expect(space:pte(0x12345000)):fields{ gpa = origin + 8 * 0x45, raw = 0x7200, level = 1 }
	expect(space:pte(0x12346000).raw):eq(0x400)
	expect(space:pte(0x12400000)):is_nil()
end)

scenario("state: the vCPU's own space is primary; large frames, other places", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:map{ from = 0x40000000, to = 0x100000, level = 2, iep = true }):eq(0)
	expect(vcpu:map{ from = 1 << 31, to = 0, level = 3, prot = "r", common = true }):eq(0)
	expect(vcpu:pte(0x40000000, 2).raw):eq(0x100500)
	expect(vcpu:pte(1 << 31, 3).raw):eq(0x614)
	expect(vcpu:pte(0x40000000)):is_nil()
	expect(vcpu:get_cr(1) & -4096):eq(vcpu:pte(0, 3).gpa)
	local space = vcpu:address_space{ type = "segment", tables = 0x8000, size = "32K", private = true, real = true }
	expect(space.asce):eq(0x8000 | 0x123)
	expect(space:set_pte(0x1000, 0xabc000)):eq(0)
	expect(space:pte(0x1000)):fields{ gpa = 0xc008, raw = 0xabc000 }
end)
