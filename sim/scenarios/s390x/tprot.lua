-- SPDX-License-Identifier: GPL-2.0-only
-- TEST PROTECTION where KVM must answer: the host's page is read-only, so the CPU cannot tell the guest's protection
-- from the host's (handle_tprot()). Each case also runs with a writable page, where the CPU answers.

local options = { arch = "s390x", covers = "selftest s390x/tprot.c" }

local STORE_KEY <const>, FETCH_KEY <const> = 0x10, 0x98
local STORE_PAGE <const>, FETCH_PAGE <const>, MISSING <const> = 0x500000, 0x501000, 0x600000
local FETCH_OVERRIDE <const>, STORAGE_OVERRIDE <const> = 1 << 25, 1 << 24		-- CR0
local READ_WRITE <const>, READ <const>, NOTHING <const>, NO_TRANSLATION <const> = 0, 1, 2, 3

-- Virtual 0 is real 0x10000 with the key of the second page; the first one can be read with every key.
local function guest(sim)
	local vcpu, ram = sim:guest()
	for page, key in pairs{ [0x50000] = STORE_KEY, [0x51000] = FETCH_KEY, [0x10000] = FETCH_KEY } do
		ram:write(page, "data")
		expect(vcpu:sske(page, key)):is_true()
	end
	expect(vcpu:map{ from = STORE_PAGE, to = 0x50000 }):eq(0)
	expect(vcpu:map{ from = FETCH_PAGE, to = 0x51000 }):eq(0)
	expect(vcpu:map{ from = 0, to = 0x10000 }):eq(0)
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	return vcpu, ram
end

-- CR0, address, key, result. KVM is asked if the guest may access it; the CPU can also answer if it may not.
cases("tprot", options, {
	{ "key 0",                                  0, STORE_PAGE, 0, READ_WRITE },
	{ "equal keys",                             0, STORE_PAGE, 1, READ_WRITE },
	{ "other key",                              0, STORE_PAGE, 2, READ },
	{ "key 0, fetch protection",                0, FETCH_PAGE, 0, READ_WRITE },
	{ "equal keys, fetch protection",           0, FETCH_PAGE, 9, READ_WRITE },
	{ "other key, fetch protection",            0, FETCH_PAGE, 1, NOTHING },
	{ "no translation",                         0, MISSING, 1, NO_TRANSLATION },
	{ "fetch-protection override, at 0",        FETCH_OVERRIDE, 0, 1, READ },
	{ "fetch-protection override, at 2049",     FETCH_OVERRIDE, 2049, 1, NOTHING },
	{ "storage-protection override, key 9",     FETCH_OVERRIDE | STORAGE_OVERRIDE, FETCH_PAGE, 1, READ_WRITE },
	{ "storage-protection override, other key", FETCH_OVERRIDE | STORAGE_OVERRIDE, STORE_PAGE, 2, READ },
	{ "both overrides, at 2049",                FETCH_OVERRIDE | STORAGE_OVERRIDE, 2049, 1, READ_WRITE },
	{ "no override, at 0",                      0, 0, 1, NOTHING },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_cr(0, case[2])):eq(0)
	expect(vcpu:tprot(case[3], case[4])):eq(case[5])
	expect(ram:mprotect(0, "1M", "r")):eq(0)
	local before = vcpu:stats().instruction_tprot
	expect(vcpu:tprot(case[3], case[4])):eq(case[5])
	if case[5] < NOTHING then
		expect(vcpu:stats().instruction_tprot - before):eq(1)
	end
end)
