-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_MEM_OP with random arguments on vCPUs in random states, with random tables. Each result is a documented one,
-- a check and the operation after it agree, and the machine reports nothing.
--
-- The numbers are the same each time: a seed per scenario.

local SEEDS <const>, ROUNDS <const>, CALLS <const> = 8, 12, 40
local random = math.random
local MEMORY <const> = 4 << 20
local CHECK <const>, INJECT <const> = KVM_S390_MEMOP_F_CHECK_ONLY, KVM_S390_MEMOP_F_INJECT_EXCEPTION

local known <const> = { [0] = true }
for _, code in ipairs{ -EINVAL, -E2BIG, -EFAULT, PGM_PROTECTION, PGM_ADDRESSING, PGM_SEGMENT_TRANSLATION,
	PGM_PAGE_TRANSLATION, PGM_TRANSLATION_SPEC, PGM_ALET_SPECIFICATION, PGM_ALEN_TRANSLATION, PGM_ALE_SEQUENCE,
	PGM_ASTE_VALIDITY, PGM_ASTE_SEQUENCE, PGM_EXTENDED_AUTHORITY, PGM_ASCE_TYPE, PGM_REGION_FIRST_TRANS,
	PGM_REGION_SECOND_TRANS, PGM_REGION_THIRD_TRANS } do
	known[code] = true
end

local function one_of(list)
	return list[random(#list)]
end

local function some(list)
	return random(8) == 1 and random(0) or one_of(list)
end

local places <const> = { 0, 511, 512, 0x1000, 0x11ff, 0x1fff, 0x3000, 0x40000, 0x40fff, MEMORY - 1, MEMORY, -4096, -1,
	1 << 31, 1 << 42, 1 << 53 }

local function entry()
	return some{ 0, 0x400, 0x20, 0x200, 0x3fc000 | 0x203, random(0, 0x3ff) << 12 | random(0, 0xfff), MEMORY, 0x600 }
end

-- Random table entries, a random PSW, and random registers of all kinds.
local function scramble(vcpu, spaces, list)
	for _, cr in ipairs{ 1, 7, 13 } do
		expect(vcpu:set_cr(cr, some{ one_of(spaces).asce, one_of(spaces).asce, one_of(spaces).asce ~ 1 << random(0, 13) })):eq(0)
	end
	-- EDAT, low-address protection, both overrides.
	expect(vcpu:set_cr(0, random(0) & (1 << 23 | 1 << 28 | 1 << 25 | 1 << 24))):eq(0)
	expect(vcpu:set_cr(8, random(0, 0xffff) << 16)):eq(0)
	for ar = 1, 15 do
		expect(vcpu:set_ar(ar, some{ 0, 1, 2, 3, 0x01000002, 0x00030002 } & 0xffffffff)):eq(0)
	end
	list:set{ number = random(2, 9), asce = one_of(spaces).asce, ale_private = random(2) == 1, ale_sequence = random(0, 1),
		ale_authorization = random(0, 3), ale_fetch_only = random(4) == 1, aste_invalid = random(6) == 1 }
	local space = one_of(spaces)
	for _ = 1, 4 do
		pcall(space.set_pte, space, some(places), entry(), random(1, 5))
	end
	expect(vcpu:set_psw{ mask = 0, dat = random(4) > 1, as = one_of{ "primary", "ar", "secondary", "home" },
		amode = one_of{ 24, 31, 64, 64 } }):eq(0)
end

local function call(vcpu, vm)
	local t = {
		op = some{ 0, 1, 2, 3, 4, 5, 6 } & 0xffffffff, gaddr = some(places), size = some{ 0, 1, 2, 4, 8, 16, 100, 4096, 5000 } &
			0xffffffff, flags = some{ 0, 1, 2, 3, 4, 5, 6, 7, 8 }, key = some{ 0, 1, 9, 15, 16 } & 0xff,
		ar = some{ 0, 1, 2, 3, 15, 16 } & 0xff,
	}
	if t.op == 2 or t.op == 3 then
		t.sida_offset, t.key, t.ar = some{ 0, 1, 4096 } & 0xffffffff, nil, nil
	elseif random(10) == 1 then
		t.buf = some{ 0, -4096, 1 << 40 }
	end
	local fd = (t.op < 4) == (random(20) > 1) and vcpu or vm
	local got = fd:mem_op(t)
	if type(got) == "string" then
		expect(#got):eq(t.size)
	else
		expect(known[got] or false):is_true()
	end
	-- The vCPU can do what its check allows.
	if fd == vcpu and got == 0 and t.op < 2 and t.flags & CHECK ~= 0 and not t.buf then
		t.flags = t.flags & ~CHECK
		got = fd:mem_op(t)
		expect(type(got) == "string" or got == 0):is_true()
	end
	return t.flags & INJECT ~= 0
end

for seed = 1, SEEDS do
	scenario(("random memory operations, seed %d"):format(seed), { arch = "s390x", check = "end" }, function(sim)
		math.randomseed(seed)
		local vcpu, _, vm = sim:guest{ ram = { length = MEMORY }, vcpu = { lowcore = seed % 2 == 0 } }
		local spaces = {}
		for i, kind in ipairs{ "segment", "region3", "region2", "region1" } do
			spaces[i] = vcpu:address_space{ type = kind, private = i == seed % 5, tables = i * 0x80000, size = "512K" }
			for _, place in ipairs{ 0, 0x1000, 0x3000, 0x40000, 0x41000 } do
				expect(spaces[i]:map{ from = place, to = random(0, 0x3f) << 12, prot = one_of{ "r", "rw" } }):eq(0)
			end
		end
		local list = vcpu:access_list{ length = random(0, 3) }
		for _ = 1, ROUNDS do
			scramble(vcpu, spaces, list)
			for _ = 1, CALLS do
				if call(vcpu, vm) and random(3) == 1 then
					expect(vcpu:set_psw{ mask = vcpu:get_psw().mask }):eq(0)	-- deliver
				end
			end
		end
	end)
end
