-- SPDX-License-Identifier: GPL-2.0-only
-- Guests with their own dynamic address translation: tables in guest memory, read through the host's tables; the
-- guest's TLB entries and what clears them; exceptions that the CPU stores into the guest's lowcore without KVM.

local options = { arch = "s390x" }

local VA <const> = 0x40000000
local PROTECTION <const>, ADDRESSING <const>, TRANSLATION_SPEC <const> = 0x04, 0x05, 0x12
local SEGMENT <const>, PAGE_TRANSLATION <const>, ASCE_TYPE <const>, REGION3 <const> = 0x10, 0x11, 0x38, 0x3b
local TEID_STORE <const>, TEID_FETCH <const>, TEID_DAT <const> = 0x400, 0x800, 0x4
local TEID_LOW <const>, TEID_IEP <const> = 0x80, 0x84
local TEID_SECONDARY <const>, TEID_HOME <const> = 2, 3
local CR0_LOW <const>, CR0_EDAT <const>, CR0_IEP <const> = 1 << (63 - 35), 1 << (63 - 40), 1 << (63 - 43)
local PTE_INVALID <const> = 0x400

local function set_cr0(vcpu, bits)
	expect(vcpu:set_cr(0, vcpu:get_cr(0) | bits)):eq(0)
end

-- Page 5 is at VA, with DAT on; tables at the end of slot 0.
local function guest(sim, map)
	local vcpu, ram, vm, vmm, slot = sim:guest{ data = { [0x5000] = "five", [0x6000] = "six" } }
	local m = { from = VA, to = 0x5000 }
	for k, v in pairs(map or {}) do
		m[k] = v
	end
	expect(vcpu:map(m)):eq(0)
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	return vcpu, ram, vm, vmm, slot
end

scenario("guest DAT: virtual addresses lead to the guest's pages", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:write(VA + 4, "FIVE")):is_true()
	expect(ram:read(0x5000, 8)):eq("fiveFIVE")
	expect(vcpu:fetch(VA)):eq("f")
end)

scenario("guest DAT: one access over two pages", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:map{ from = VA + 0x1000, to = 0x9000 }):eq(0)
	expect(vcpu:write(VA + 0xffc, "12345678")):is_true()
	expect(ram:read(0x5ffc, 4)):eq("1234")
	expect(ram:read(0x9000, 4)):eq("5678")
end)

cases("guest DAT: exception without KVM:", options, {
	{ "page translation",    VA + 0x1000, PAGE_TRANSLATION },
	{ "segment translation", VA + 0x100000, SEGMENT },
	{ "region translation",  VA + 0x80000000, REGION3 },
	{ "ASCE type",           VA + (1 << 42), ASCE_TYPE },
}, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	local before = vcpu:stats().deliver_program
	expect(vcpu:read(case[2], 1).exception):fields{ code = case[3], teid = case[2] | TEID_FETCH }
	expect(vcpu:write(case[2], "x").exception):fields{ code = case[3], teid = case[2] | TEID_STORE }
	expect(vcpu:stats().deliver_program):eq(before)
	expect(vcpu:read(VA, 4)):eq("five")
end)

scenario("guest DAT: the interruption is in the guest's lowcore", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M" }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:map{ from = VA, to = 0x5000 }):eq(0)
	expect(vcpu:set_psw{ dat = true, amode = 64, addr = 0x123456 }):eq(0)
	expect(vcpu:read(VA + 0x3008, 1).exception.code):eq(PAGE_TRANSLATION)
	expect({ ("<I2I2"):unpack(ram:read(0x8c, 4)) }):eq{ 6, PAGE_TRANSLATION, 5 }
	expect(("<i8"):unpack(ram:read(0xa8, 8))):eq(VA + 0x3000 | TEID_FETCH)
	expect(("<i8"):unpack(ram:read(0x158, 8))):eq(0x123456)
end)

cases("guest DAT: DAT protection by", options, {
	{ "the page table",    { prot = "r" }, 0 },
	{ "the segment table", { prot = "r", level = 2, to = 0 }, CR0_EDAT },
}, function(sim, case)
	local vcpu = guest(sim, case[2])
	set_cr0(vcpu, case[3])
	expect(vcpu:read(VA, 1)):ne(nil)
	expect(vcpu:write(VA, "x").exception):fields{ code = PROTECTION, teid = VA | TEID_STORE | TEID_DAT }
	expect(vcpu:tprot(VA)):eq(1)
	expect(vcpu:tprot(VA + 0x40000000)):eq(3)
end)

scenario("guest DAT: a large frame by EDAT, a wrong entry without", options, function(sim)
	local vcpu = guest(sim, { level = 2, to = 0 })
	set_cr0(vcpu, CR0_EDAT)
	expect(vcpu:read(VA + 0x5000, 4)):eq("five")
end)

scenario("guest DAT: instruction-execution protection", options, function(sim)
	local vcpu = guest(sim, { iep = true })
	expect(vcpu:fetch(VA)):eq("f")
	expect(vcpu:ptlb()):is_true()
	set_cr0(vcpu, CR0_IEP)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:fetch(VA).exception):fields{ code = PROTECTION, teid = VA | TEID_FETCH | TEID_IEP }
end)

scenario("guest DAT: low-address protection", options, function(sim)
	local vcpu = guest(sim, { from = 0, to = 0x5000, size = 0x2000 })
	expect(vcpu:write(0x100, "x")):is_true()
	set_cr0(vcpu, CR0_LOW)
	expect(vcpu:write(0x100, "x").exception):fields{ code = PROTECTION, teid = TEID_STORE | TEID_LOW }
	expect(vcpu:write(0x11ff, "x").exception):fields{ code = PROTECTION, teid = 0x1000 | TEID_STORE | TEID_LOW }
	expect(vcpu:write(0x200, "x")):is_true()
	expect(vcpu:read(0x100, 1)):eq("x")
	expect(vcpu:tprot(0x100)):eq(1)
end)

cases("guest DAT: the PSW chooses the space:", options, {
	{ "secondary", "secondary", 7, TEID_SECONDARY },
	{ "home",      "home", 13, TEID_HOME },
}, function(sim, case)
	local vcpu = guest(sim)
	local space = vcpu:address_space{}
	expect(space:map{ from = VA, to = 0x6000 }):eq(0)
	expect(vcpu:set_cr(case[3], space.asce)):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:set_psw{ as = case[2] }):eq(0)
	expect(vcpu:read(VA, 3)):eq("six")
	expect(vcpu:read(VA + 0x1000, 3).exception):fields{ code = PAGE_TRANSLATION,
		teid = VA + 0x1000 | TEID_FETCH | case[4] }
	expect(vcpu:set_psw{ as = "primary" }):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
end)

-- The VMM changes the entry behind the guest's back: the TLB entry stays until the guest clears it.
local clearings = {
	{ "PTLB", function(vcpu) expect(vcpu:ptlb()):is_true() end },
	{ "IDTE by ASCE", function(vcpu) expect(vcpu:idte{ asce = vcpu:get_cr(1) }):is_true() end },
}
cases("guest DAT: the TLB keeps a translation until", options, clearings, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:set_pte(VA, 0x6000)):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	case[2](vcpu)
	expect(vcpu:read(VA, 3)):eq("six")
end)

scenario("guest DAT: IPTE invalidates the entry and clears what was formed from it", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:map{ from = VA + 0x1000, to = 0x6000 }):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:read(VA + 0x1000, 3)):eq("six")
	local entry = vcpu:pte(VA)
	expect(vcpu:set_pte(VA + 0x1000, 0x5000)):eq(0)
	expect(vcpu:ipte{ table = entry.gpa & ~0x7ff, addr = VA }):is_true()
	expect(vcpu:pte(VA).raw & PTE_INVALID):eq(PTE_INVALID)
	expect(vcpu:read(VA, 4).exception):fields{ code = PAGE_TRANSLATION }
	-- The neighbour's translation is still the old one.
	expect(vcpu:read(VA + 0x1000, 3)):eq("six")
end)

scenario("guest DAT: IDTE of a segment-table entry", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	local table = vcpu:pte(VA, 2).gpa - 8 * (VA >> 20 & 0x7ff)
	expect(vcpu:idte{ table = table, addr = VA }):is_true()
	expect(vcpu:read(VA, 4).exception):fields{ code = SEGMENT }
end)

cases("guest DAT: the host takes away the guest's", options, {
	{ "page by swap",          function(ram) expect(ram:swap_out(0x5000, "4K")):eq(0) end },
	{ "page by migration",     function(ram) expect(ram:migrate(0x5000)):eq(0) end },
	{ "page table by swap",      function(ram, at) expect(ram:swap_out(at & ~0xfff, "4K")):eq(0) end },
	{ "page table by migration", function(ram, at) expect(ram:migrate(at & ~0xfff)):eq(0) end },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	case[2](ram, vcpu:pte(VA).gpa)
	expect(vcpu:ptlb()):is_true()
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:write(VA, "FIVE")):is_true()
	expect(ram:read(0x5000, 4)):eq("FIVE")
end)

scenario("guest DAT: tables outside of the guest's memory", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:set_pte(VA, 0x7ff00000000, 2)):eq(0)
	-- KVM looks for the instruction's length at the PSW's address; the exception is what it finds there.
	expect(vcpu:read(VA, 4).exception.code):eq(SEGMENT)
	expect(vcpu:map{ from = 0, to = 0x7000 }):eq(0)
	expect(vcpu:read(VA, 4).exception.code):eq(ADDRESSING)
end)

scenario("guest DAT: an entry with wrong bits", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:set_pte(VA, 0x5000 | 0x800)):eq(0)
	expect(vcpu:read(VA, 4).exception):fields{ code = TRANSLATION_SPEC, teid = 0 }
end)

scenario("guest DAT: guests with equal ASCEs do not share translations", options, function(sim)
	local a = guest(sim)
	expect(a:read(VA, 4)):eq("five")
	local b = sim:guest{ data = { [0x6000] = "six" } }
	expect(b:map{ from = VA, to = 0x6000 }):eq(0)
	expect(b:set_psw{ dat = true, amode = 64 }):eq(0)
	expect(b:get_cr(1)):eq(a:get_cr(1))
	expect(b:read(VA, 3)):eq("six")
	expect(a:read(VA, 4)):eq("five")
end)

scenario("guest DAT: keys protect virtual pages as others", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(0x5000, 0x38)):is_true()
	expect(vcpu:set_psw{ key = 3 }):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:set_psw{ key = 4 }):eq(0)
	expect(vcpu:read(VA, 4).exception):fields{ code = PROTECTION, teid = VA | TEID_FETCH | 0x8 }
	expect(vcpu:tprot(VA, 4)):eq(2)
end)

scenario("guest DAT: host memory events under a guest with DAT", { arch = "s390x", timeout = 60 }, function(sim)
	local vcpu, ram = guest(sim)
	for i = 1, 31 do
		expect(vcpu:map{ from = VA + i * 4096, to = 0x10000 + i * 4096 }):eq(0)
	end
	local tables = vcpu:pte(VA).gpa & ~0xfff
	sim:thread("vcpu", function()
		for _ = 1, 10 do
			expect(vcpu:workload{ op = "write", range = { VA + 0x1000, 31 * 4096 }, count = 1000 }):eq(1000)
			expect(vcpu:ptlb()):is_true()
		end
	end)
	sim:thread("vmm", function()
		for i = 1, 60 do
			ram:migrate(tables)
			ram:swap_out(0x10000 + (i % 32) * 4096, "4K")
		end
	end)
	sim:join()
end)

scenario("guest DAT: fetch-protection override opens the first 2048 bytes", options, function(sim)
	local vcpu = guest(sim, { from = 0, to = 0x5000 })
	expect(vcpu:sske(0x5000, 0x38)):is_true()
	expect(vcpu:set_psw{ key = 4 }):eq(0)
	expect(vcpu:read(0, 4).exception.code):eq(PROTECTION)
	set_cr0(vcpu, 1 << (63 - 38))
	expect(vcpu:read(0, 4)):eq("five")
	expect(vcpu:read(0x800, 1).exception.code):eq(PROTECTION)
	expect(vcpu:write(0, "x").exception.code):eq(PROTECTION)
end)

-- handle_tprot() walks the guest's tables itself, under the lock against the guest's IPTE.
scenario("guest DAT: TPROT where KVM has to say", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:map{ from = VA + 0x1000, to = 0x6000, prot = "r" }):eq(0)
	expect(ram:swap_out(0x5000, "8K")):eq(0)
	expect(vcpu:tprot(VA)):eq(0)
	expect(vcpu:stats().instruction_tprot):eq(1)
	expect(ram:swap_out(0x5000, "8K")):eq(0)
	expect(vcpu:tprot(VA + 0x1000)):eq(1)
	expect(vcpu:stats().instruction_tprot):eq(2)
end)

scenario("guest DAT: IPTE of one vCPU while KVM walks for another", { arch = "s390x", timeout = 60 }, function(sim)
	local vcpu, ram, vm = guest(sim)
	local other = vm:create_vcpu()
	expect(vcpu:map{ from = VA + 0x1000, to = 0x6000 }):eq(0)
	expect(other:set_cr(1, vcpu:get_cr(1))):eq(0)
	expect(other:set_psw{ dat = true, amode = 64 }):eq(0)
	local table = vcpu:pte(VA).gpa & ~0x7ff
	sim:thread("tprot", function()
		for _ = 1, 100 do
			ram:swap_out(0x5000, "4K")
			expect(vcpu:tprot(VA)):eq(0)
		end
	end)
	sim:thread("ipte", function()
		for _ = 1, 200 do
			expect(other:ipte{ table = table, addr = VA + 0x1000 }):is_true()
		end
	end)
	sim:join()
	expect(other:read(VA + 0x1000, 3).exception.code):eq(PAGE_TRANSLATION)
	expect(vcpu:read(VA + 0x1000, 3).exception.code):eq(PAGE_TRANSLATION)
	expect(vcpu:read(VA, 4)):eq("five")
end)

scenario("guest DAT: a vCPU that was elsewhere has no translations left on its old CPU", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:set_pte(VA, 0x6000)):eq(0)
	sim:thread("another CPU", function()
		expect(vcpu:read(VA, 3)):eq("six")
	end)
	sim:join()
	expect(vcpu:read(VA, 3)):eq("six")
end)
