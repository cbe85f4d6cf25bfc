-- SPDX-License-Identifier: GPL-2.0-only
-- Storage keys as the guest's own instructions see and change them: the first of them enables keys, the PGSTE keeps
-- them while the page is away, and they are compared with the PSW's key.

local options = { arch = "s390x", mmu = { "sie", "skf" },
	covers = "pgtable.c: *_guest_storage_key, reset_guest_reference_bit" }

local ACC_3 <const>, FETCH <const>, REFERENCE <const>, CHANGE <const> = 0x30, 0x08, 0x04, 0x02
local PAGE_40 <const> = 0x40000
local PROTECTION <const>, ADDRESSING <const>, PRIVILEGED <const> = 4, 5, 2
local TEID_KEY <const>, TEID_STORE <const>, TEID_FETCH <const> = 0x8, 0x400, 0x800

local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	for i = 0, 3 do
		expect(vcpu:write(PAGE_40 + i * 4096, ("page %d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm
end

local function keys(vm, gfn, count)
	return vm:s390_get_skeys{ start_gfn = gfn, count = count }
end

scenario("guest keys: the first instruction enables them", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(keys(vm, 0x40, 1)):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vcpu:sske(PAGE_40, ACC_3)):is_true()
	-- Before 7.0 pages with unknown state count as referenced and changed (ptep_zap_key()).
	expect(keys(vm, 0x40, 2)):eq(sim:kernel_since("7.0") and "\x30\0" or "\x30\x06")
	expect(vcpu:stats().instruction_sske):eq(sim.mmu == "sie" and 1 or 0)
end)

scenario("guest keys: what SSKE sets, ISKE and KVM_S390_GET_SKEYS read", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3 | FETCH)):is_true()
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | FETCH)
	expect(vcpu:sske(PAGE_40, 0xf6)):is_true()
	expect(vcpu:iske(PAGE_40)):eq(0xf6)
	expect(keys(vm, 0x40, 1)):eq("\xf6")
	expect(vm:s390_set_skeys{ start_gfn = 0x40, keys = "\x98" }):eq(0)
	expect(vcpu:iske(PAGE_40)):eq(0x98)
end)

scenario("guest keys: accesses set reference and change, RRBE resets the reference", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3)):is_true()
	expect(vcpu:iske(PAGE_40)):eq(ACC_3)
	expect(vcpu:read(PAGE_40, 4)):eq("page")
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | REFERENCE)
	expect(vcpu:rrbe(PAGE_40)):eq(2)
	expect(vcpu:rrbe(PAGE_40)):eq(0)
	expect(vcpu:write(PAGE_40, "x")):is_true()
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | REFERENCE | CHANGE)
	expect(vcpu:rrbe(PAGE_40)):eq(3)
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | CHANGE)
end)

scenario("guest keys: conditional SSKE", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3 | CHANGE)):is_true()
	expect(vcpu:sske(PAGE_40, ACC_3, { mc = true })):eq{ cc = 0, old = ACC_3 | CHANGE }
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | CHANGE)
	expect(vcpu:sske(PAGE_40, ACC_3, { mr = true })):eq{ cc = 1, old = ACC_3 | CHANGE }
	expect(vcpu:iske(PAGE_40)):eq(ACC_3)
end)

-- What happens to the page between two looks of the guest at its key.
local journeys = {
	{ "swap",      function(_, ram) expect(ram:madvise(PAGE_40, "4K", MADV_PAGEOUT)):eq(0) end },
	{ "migration", function(_, ram) expect(ram:migrate(PAGE_40)):eq(0) end },
	{ "mprotect",  function(_, ram)
		expect(ram:mprotect(PAGE_40, "4K", "none")):eq(0)
		expect(ram:mprotect(PAGE_40, "4K", "rw")):eq(0)
	end },
	{ "swap and back", function(_, ram)
		expect(ram:madvise(PAGE_40, "4K", MADV_PAGEOUT)):eq(0)
		expect(ram:read(PAGE_40, 4)):eq("page")
	end },
	{ "fork", function(vmm) vmm:fork() end },
}

cases("guest keys: stay through", options, journeys, function(sim, case)
	local vcpu, ram, _, vmm = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3 | FETCH | CHANGE)):is_true()
	case[2](vmm, ram)
	expect(vcpu:iske(PAGE_40) & ~REFERENCE):eq(ACC_3 | FETCH | CHANGE)
	expect(vcpu:read(PAGE_40, 6)):eq("page 0")
	expect(vcpu:iske(PAGE_40)):eq(ACC_3 | FETCH | CHANGE | REFERENCE)
end)

cases("guest keys: changed while the page is away by", options, {
	{ "SSKE", function(vcpu) expect(vcpu:sske(PAGE_40, 0x58)):is_true() end, 0x58 },
	{ "RRBE", function(vcpu) expect(vcpu:rrbe(PAGE_40)):eq(3) end, ACC_3 | CHANGE },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3)):is_true()
	expect(vcpu:write(PAGE_40, "P")):is_true()
	expect(ram:madvise(PAGE_40, "4K", MADV_PAGEOUT)):eq(0)
	expect(ram:page(0x40).swapped):is_true()
	case[2](vcpu)
	expect(vcpu:iske(PAGE_40)):eq(case[3])
	expect(vcpu:read(PAGE_40, 4)):eq("Page")
	expect(vcpu:iske(PAGE_40)):eq(case[3] | REFERENCE)
end)

scenario("guest keys: of a page that nobody has touched", options, function(sim)
	local vcpu, ram = guest(sim)
	-- See above.
	local unknown = sim:kernel_since("7.0") and 0 or REFERENCE | CHANGE
	expect(vcpu:iske(0x80000)):eq(unknown)
	expect(vcpu:rrbe(0x80000)):eq(unknown >> 1)
	expect(vcpu:iske(0x80000)):eq(unknown & CHANGE)
	expect(vcpu:sske(0x80000, 0x20)):is_true()
	expect(vcpu:iske(0x80000)):eq(0x20)
	expect(vcpu:write(0x80000, "x")):is_true()
	expect(vcpu:iske(0x80000)):eq(0x26)
	expect(ram:page(0x80).dirty):is_true()
end)

scenario("guest keys: outside of the guest's memory", options, function(sim)
	local vcpu = guest(sim)
	for _, call in ipairs{ "iske", "rrbe" } do
		expect(vcpu[call](vcpu, 0x40000000)):fields{ exception = { code = ADDRESSING } }
	end
	expect(vcpu:sske(0x40000000, 0)):fields{ exception = { code = ADDRESSING } }
end)

scenario("guest keys: privileged", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:set_psw{ problem = true, enter = false }):eq(0)
	expect(vcpu:sske(PAGE_40, ACC_3)):fields{ exception = { code = PRIVILEGED } }
	expect(keys(vm, 0x40, 1)):eq(KVM_S390_GET_SKEYS_NONE)
end)

cases("guest keys: the PSW's key is compared,", options, {
	{ "the same key",              3, ACC_3 | FETCH, true, true },
	{ "another key",               4, ACC_3, true, false },
	{ "another key, fetch too",    4, ACC_3 | FETCH, false, false },
	{ "key 0 of the PSW",          0, ACC_3 | FETCH, true, true },
	{ "key 0 of the page",         4, 0, true, false },
}, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:sske(PAGE_40, case[3])):is_true()
	expect(vcpu:set_psw{ key = case[2], enter = false }):eq(0)
	local got = vcpu:read(PAGE_40, 4)
	if case[4] then
		expect(got):eq("page")
	else
		expect(got.exception):fields{ code = PROTECTION, teid = PAGE_40 | TEID_FETCH | TEID_KEY }
	end
	got = vcpu:write(PAGE_40, "X")
	if case[5] then
		expect(got):is_true()
	else
		expect(got.exception):fields{ code = PROTECTION, teid = PAGE_40 | TEID_STORE | TEID_KEY }
	end
	expect(vcpu:set_psw{ key = 0, enter = false }):eq(0)
	expect(vcpu:iske(PAGE_40)):eq(case[3] | (case[4] and REFERENCE or 0) | (case[5] and CHANGE or 0))
end)

scenario("guest keys: storage-protection override opens key 9", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(PAGE_40, 0x98)):is_true()
	expect(vcpu:set_psw{ key = 4, enter = false }):eq(0)
	expect(vcpu:write(PAGE_40, "X").exception.code):eq(PROTECTION)
	expect(vcpu:set_cr(0, vcpu:get_cr(0) | 1 << (63 - 39))):eq(0)
	expect(vcpu:write(PAGE_40, "X")):is_true()
end)

cases("guest keys: TPROT", options, {
	{ "may store",               0x30, 3, 0 },
	{ "may fetch",               0x30, 4, 1 },
	{ "may do nothing",          0x38, 4, 2 },
	{ "with key 0 may store",    0x38, 0, 0 },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:sske(PAGE_40, case[2])):is_true()
	expect(vcpu:tprot(PAGE_40, case[3])):eq(case[4])
	-- Without a page in the host KVM must answer.
	expect(ram:madvise(PAGE_40, "4K", MADV_PAGEOUT)):eq(0)
	local before = vcpu:stats().instruction_tprot
	expect(vcpu:tprot(PAGE_40, case[3])):eq(case[4])
	expect(vcpu:stats().instruction_tprot):eq(before + 1)
end)

scenario("guest keys: TPROT outside of the guest's memory", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:tprot(0x40000000)):fields{ exception = { code = ADDRESSING } }
end)

scenario("guest keys: PFMF sets keys of a whole segment", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:pfmf(PAGE_40, 0x20000 | 0x1000 | 0x70)):is_true()
	expect(keys(vm, 0x3f, 3)):eq(sim:kernel_since("7.0") and "\0\x70\x70" or "\x06\x70\x70")
	expect(keys(vm, 0xfe, 3)):eq("\x70\x70\x00")
end)

-- KVM counts a new key as a change of the page (PGSTE_UC_BIT); SIE does not know that bit.
scenario("guest keys: a new key is in the dirty log where KVM sets it", options, function(sim)
	local vcpu, _, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:write(PAGE_40, "x")):is_true()
	expect(vcpu:sske(PAGE_40, 0x10)):is_true()
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:sske(PAGE_40, 0x20)):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:test(0x40)):eq(sim.mmu == "sie")
end)

scenario("guest keys: changed by the guest while the host moves the page", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3)):is_true()
	sim:thread("vcpu", function()
		for i = 1, 200 do
			local key = (i % 15 + 1) << 4
			expect(vcpu:sske(PAGE_40, key)):is_true()
			expect(vcpu:iske(PAGE_40) & 0xf0):eq(key)
			expect(vcpu:rrbe(PAGE_40)):ge(0)
		end
	end)
	sim:thread("vmm", function()
		for i = 1, 100 do
			ram:migrate(PAGE_40)
			if i % 4 == 0 then
				ram:swap_out(PAGE_40, "4K")
			end
		end
	end)
	sim:join()
	expect(vcpu:read(PAGE_40, 6)):eq("page 0")
end)

scenario("guest keys: instructions by their text", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(PAGE_40, ACC_3)):is_true()
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(vcpu:insn{ text = 0xb2290014, length = 4, regs = { [1] = 0x1234, [4] = PAGE_40 } }):ge(0)	-- ISKE 1,4
	expect(vcpu:get_regs()[1]):eq(0x1200 | ACC_3)
	expect(vcpu:insn{ text = 0x1812, length = 2 }):fields{ ret = -EINVAL }	-- LR 1,2 is not modelled
	expect(vcpu:insn{ text = 0xb229, length = 2 }):fields{ ret = -EINVAL }	-- half of an instruction
	expect(vcpu:read(PAGE_40, 6)):eq("page 0")
end)
