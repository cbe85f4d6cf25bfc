-- SPDX-License-Identifier: GPL-2.0-only
-- Stage 2 of a guest's guest (arch/arm64/kvm/nested.c): KVM joins the tables of the guest's hypervisor with its own in
-- shadow tables. From 6.16 on KVM also asks for an interrupt controller, which the machine does not have.

-- timeout: with a sanitizer KVM's walks of whole shadow tables take long.
local machines <const> = { arch = "arm64", facilities = { nv2 = true }, before = "6.13", timeout = 300 }
local PAGE <const>, HUGE <const>, GIB <const> = 0x1000, 0x200000, 0x40000000
local TABLES <const>, IPA <const>, GPA <const> = 0x100000, 0x40000000, 0x5000
local NOP <const>, VBAR <const> = 0xd503201f, 0x80000
-- FSC of a fault, without the level
local ADDRESS_SIZE <const>, TRANSLATION <const>, ACCESS_FLAG <const>, PERMISSION <const> = 0x00, 0x04, 0x08, 0x0c
local PC <const> = 0x4000

-- A guest with a hypervisor, which has run, so that the next run chooses its stage 2 anew.
local function with_el2(vm_or_sim, t)
	t = t or {}
	t.vcpu = { init = { features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_HAS_EL2 } } }
	local vcpu, ram, vm, vmm, slot = vm_or_sim:guest(t)
	expect(vcpu:insn{ text = NOP }):is_true()
	expect(vcpu:set_sysreg("vbar_el2", VBAR)):eq(0)
	return vcpu, ram, vm, vmm, slot
end

-- The vCPU runs its guest with these tables.
local function run_guest(vcpu, s2)
	expect(vcpu:use_stage2(s2)):eq(0)
	expect(vcpu:enter_guest()):eq(0)
	expect(vcpu:set_regs{ pc = PC }):eq(0)
end

-- The hypervisor takes an abort at ipa; then the guest may go on.
local function expect_abort(vcpu, exit, ipa, want)
	expect(exit):fields{ exception = { ec = want.ec or ESR_ELx_EC_DABT_LOW, fsc = want.fsc, write = want.write or false,
		far = want.far or ipa } }
	expect(vcpu:get_sysreg("esr_el2")):eq(exit.exception.esr)
	expect(vcpu:get_sysreg("far_el2")):eq(want.far or ipa)
	expect(vcpu:get_sysreg("hpfar_el2")):eq(ipa >> 12 << 4)
	expect(vcpu:get_sysreg("spsr_el2") & PSR_MODE_MASK):eq(PSR_MODE_EL1h)
	expect(vcpu:get_regs()):fields{ pc = VBAR + 0x400 }
	expect(vcpu:get_regs().pstate & PSR_MODE_MASK):eq(PSR_MODE_EL2h)
	expect(vcpu:enter_guest()):eq(0)
	expect(vcpu:set_regs{ pc = vcpu:get_sysreg("elr_el2") }):eq(0)
end

local function tlbi(vcpu, name, operand)
	expect(vcpu:enter_hypervisor()):eq(0)
	expect(vcpu:tlbi(name, operand)):is_true()
	expect(vcpu:enter_guest()):eq(0)
end

scenario("arm64, nested: a guest's guest reads, writes and executes through both stages", machines, function(sim)
	local vcpu, ram = with_el2(sim, { data = { [GPA] = "of L1..." } })
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = IPA, to = GPA, prot = "rwx" }
	run_guest(vcpu, s2)
	expect(vcpu:read(IPA, 8)):eq("of L1...")
	expect(vcpu:write(IPA + 8, "of L2...")):is_true()
	expect(ram:read(GPA, 16)):eq("of L1...of L2...")
	expect(vcpu:fetch(IPA)):eq("o")
	expect(sim.inspect:mapping(vcpu, IPA)):fields{ present = true, writable = true, executable = true, level = 1,
		page = ram:page(5) }
	expect(sim.inspect:mapping(vcpu, GPA)):fields{ present = false }
	-- With stage 2 off, its addresses are those of the guest.
	run_guest(vcpu, nil)
	expect(vcpu:read(GPA, 8)):eq("of L1...")
end)

-- What the tables of the hypervisor do not allow is its own affair.
scenario("arm64, nested: the hypervisor takes faults of its tables, of each kind and level", machines, function(sim)
	local vcpu = with_el2(sim)
	local granules = {
		{ granule = "4K", ipa_bits = 39, levels = 3, page = 0x1000 },
		-- 16 tables of level 2 that follow each other, and half of a table
		{ granule = "16K", ipa_bits = 40, levels = 2, page = 0x4000, size = 0x80000 },
		{ granule = "64K", ipa_bits = 40, levels = 2, page = 0x10000, size = 0x80000 },
	}
	for n, g in ipairs(granules) do
		local s2 = vcpu:create_stage2{ tables = TABLES, granule = g.granule, ipa_bits = g.ipa_bits, vmid = n,
			output_bits = 36, size = g.size }
		local page = g.page
		local function at(i) return (1 << g.ipa_bits - 1) + i * page end
		s2:map{ from = at(0), to = 0x10000, prot = "rw" }
		s2:map{ from = at(1), to = 0x10000, prot = "r" }
		s2:map{ from = at(2), to = 0x10000, prot = "w" }
		s2:map{ from = at(3), to = 0x10000, prot = "rwx", accessed = false }
		s2:map{ from = at(4), to = 1 << 37 }
		run_guest(vcpu, s2)
		expect(vcpu:read(at(0) + 8, 8)):eq(("\0"):rep(8))
		expect_abort(vcpu, vcpu:fetch(at(0)), at(0), { fsc = PERMISSION | 3, ec = ESR_ELx_EC_IABT_LOW })
		expect(vcpu:set_regs{ pc = PC }):eq(0)
		expect(vcpu:read(at(1) + 8, 8)):eq(("\0"):rep(8))
		expect_abort(vcpu, vcpu:write(at(1), "x"), at(1), { fsc = PERMISSION | 3, write = true })
		expect_abort(vcpu, vcpu:read(at(2), 1), at(2), { fsc = PERMISSION | 3 })
		expect(vcpu:write(at(2), "y")):is_true()
		expect_abort(vcpu, vcpu:read(at(3), 1), at(3), { fsc = ACCESS_FLAG | 3 })
		expect_abort(vcpu, vcpu:write(at(4), "x"), at(4), { fsc = ADDRESS_SIZE | 3, write = true })
		expect_abort(vcpu, vcpu:read(at(5), 1), at(5), { fsc = TRANSLATION | 3 })
		-- The table, and those above it: too high an address, then nothing at all. No TLB of KVM has them.
		for level = 2, g.levels do
			local raw = s2:pte(at(0), level).raw
			s2:set_pte(at(0), raw | 1 << 37, level)
			expect_abort(vcpu, vcpu:read(at(5), 1), at(5), { fsc = ADDRESS_SIZE | 4 - level })
			s2:set_pte(at(0), 0, level)
			expect_abort(vcpu, vcpu:read(at(5), 1), at(5), { fsc = TRANSLATION | 4 - level })
			s2:set_pte(at(0), raw, level)
		end
	end
end)

scenario("arm64, nested: the tables of the hypervisor are beyond its addresses, or in no slot", machines, function(sim)
	local vcpu = with_el2(sim)
	local s2 = vcpu:create_stage2{ tables = TABLES, output_bits = 36 }
	s2:map{ from = IPA, to = GPA }
	run_guest(vcpu, s2)
	expect(vcpu:set_sysreg("vttbr_el2", 1 << 48 | 1 << 38)):eq(0)
	expect_abort(vcpu, vcpu:read(IPA, 8), IPA, { fsc = ADDRESS_SIZE | 1 })
	expect(vcpu:use_stage2(s2)):eq(0)
	expect(vcpu:read(IPA, 8)):eq(("\0"):rep(8))
end)

scenario("arm64, nested: the hypervisor's tables are big-endian", machines, function(sim)
	local vcpu, ram = with_el2(sim)
	local s2 = vcpu:create_stage2{ tables = TABLES, big_endian = true }
	s2:map{ from = IPA, to = GPA }
	expect(vcpu:set_sysreg("sctlr_el2", vcpu:get_sysreg("sctlr_el2") | 1 << 25)):eq(0)
	run_guest(vcpu, s2)
	expect(vcpu:write(IPA, "big end.")):is_true()
	expect(ram:read(GPA, 8)):eq("big end.")
	expect_abort(vcpu, vcpu:read(IPA + PAGE, 1), IPA + PAGE, { fsc = TRANSLATION | 3 })
end)

-- The walk of the guest's own tables is an access, too.
scenario("arm64, nested: a table of the guest's guest is not mapped", machines, function(sim)
	local vcpu, ram, vm = with_el2(sim)
	local s2 = vcpu:create_stage2{ tables = TABLES }
	-- Its memory is where that of its hypervisor is.
	s2:map{ from = 0, to = 0, size = HUGE, level = 1 }
	expect(vcpu:set_paging{ tables = 0x40000, size = 0x20000 }):eq(0)
	vcpu:map{ from = 0x7000000000, to = GPA, prot = "rw" }
	run_guest(vcpu, s2)
	expect(vcpu:write(0x7000000000, "virtual!")):is_true()
	expect(ram:read(GPA, 8)):eq("virtual!")
	local raw = s2:pte(0x40000).raw
	s2:set_pte(0x40000, 0)
	tlbi(vcpu, "vmalls12e1is")
	local exit = vcpu:read(0x7000000000, 8)
	expect(exit.exception.s1ptw):is_true()
	expect_abort(vcpu, exit, 0x40000, { fsc = TRANSLATION | 3, far = 0x7000000000 })
	s2:set_pte(0x40000, raw)
	expect(vcpu:read(0x7000000000, 8)):eq("virtual!")
end)

-- Levels of the host's pages, of the hypervisor's and of the shadow: the smaller one of both counts.
for _, c in ipairs{ { 2, 2, 2 }, { 2, 1, 1 }, { 1, 2, 1 }, { 2, 3, 2 } } do
	local name = ("arm64, nested: pages of the host of level %d, of the hypervisor %d"):format(c[1], c[2])
	scenario(name, machines, function(sim)
		local vcpu, ram = with_el2(sim, { ram = { length = 2 * HUGE, align = HUGE, huge = c[1] == 2 } })
		local s2 = vcpu:create_stage2{ tables = TABLES }
		local to = c[2] == 3 and 0 or HUGE
		s2:map{ from = GIB, to = to, level = c[2], size = c[2] == 1 and 16 * PAGE or nil }
		run_guest(vcpu, s2)
		local ipa = GIB + HUGE - to + 0x3000
		expect(ram:write(HUGE + 0x3000, "here")):eq(0)
		expect(vcpu:read(ipa, 4)):eq("here")
		expect(sim.inspect:mapping(vcpu, ipa)):fields{ present = true, level = c[3],
			page = ram:page(HUGE // PAGE + 3) }
		expect(vcpu:write(ipa + 8, "of L2...")):is_true()
		expect(ram:read(HUGE + 0x3008, 8)):eq("of L2...")
	end)
end

-- A block of both stages, and a page somewhere in it: the hypervisor's tables say where the frame is, the shadow has it.
local function block_and_page(sim, t)
	t = t or {}
	t.ram = t.ram or { length = 2 * HUGE, align = HUGE, huge = true }
	local vcpu, ram, vm, vmm, slot = with_el2(sim, t)
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = GIB, to = HUGE, level = 2 }
	s2:map{ from = 2 * GIB, to = GPA }
	run_guest(vcpu, s2)
	expect(vcpu:write(GIB + GPA, "in block")):is_true()
	expect(vcpu:write(2 * GIB, "the page")):is_true()
	return { vcpu = vcpu, ram = ram, vm = vm, vmm = vmm, slot = slot, s2 = s2 }
end

local function expect_mapped(sim, g, block, page)
	expect(sim.inspect:mapping(g.vcpu, GIB + GPA).present):eq(block)
	expect(sim.inspect:mapping(g.vcpu, 2 * GIB).present):eq(page)
end

for _, change in ipairs{
	{ function(g) return g.ram:madvise(0, 2 * HUGE, MADV_DONTNEED) end, ("\0"):rep(8), what = "is replaced" },
	{ function(g) return g.ram:mprotect(0, 2 * HUGE, "r") end, what = "may not be written to" },
} do
	scenario("arm64, nested: memory of the process " .. change.what, machines, function(sim)
		local g = block_and_page(sim)
		expect_mapped(sim, g, true, true)
		expect(change[1](g)):eq(0)
		expect_mapped(sim, g, false, false)
		expect(sim.inspect:tlb(g.vcpu, GIB + GPA)):errno(ENOENT)
		-- The hypervisor's tables were there, too.
		local s2 = change[2] and g.vcpu:create_stage2{ tables = TABLES } or g.s2
		if change[2] then
			s2:map{ from = GIB, to = HUGE, level = 2 }
			s2:map{ from = 2 * GIB, to = GPA }
		end
		expect(g.vcpu:read(GIB + GPA, 8)):eq(change[2] or "in block")
		expect(g.vcpu:read(2 * GIB, 8)):eq(change[2] or "the page")
	end)
end

scenario("arm64, nested: copy on write after fork", machines, function(sim)
	local g = block_and_page(sim)
	local child = g.vmm:fork()
	expect_mapped(sim, g, false, false)
	expect(g.vcpu:write(2 * GIB, "parent's")):is_true()
	expect(g.vcpu:read(GIB + GPA, 8)):eq("in block")
	child:exit()
end)

scenario("arm64, nested: a slot that is gone is gone for the guest's guest", machines, function(sim)
	local vcpu, ram, vm, vmm = with_el2(sim)
	local more = vmm:mmap{ length = 16 * PAGE, huge = false }
	local slot = { slot = 1, guest_phys_addr = GIB, memory_size = 16 * PAGE, userspace_addr = more.addr }
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = IPA, to = GIB }
	s2:map{ from = IPA + PAGE, to = GPA }
	expect(vm:set_user_memory_region(slot)):eq(0)
	run_guest(vcpu, s2)
	expect(vcpu:write(IPA, "slot one")):is_true()
	expect(vcpu:write(IPA + PAGE, "slot two")):is_true()
	slot.memory_size = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(sim.inspect:mapping(vcpu, IPA).present):is_false()
	-- KVM does not know which addresses of the guest's guest the slot had.
	expect(sim.inspect:mapping(vcpu, IPA + PAGE).present):is_false()
	-- The hypervisor sees it at its own address.
	expect(vcpu:write(IPA + 8, "mmio")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = GIB + 8, is_write = 1 } }
	expect(vcpu:run()):is_true()
	expect(vcpu:read(IPA + PAGE, 8)):eq("slot two")
end)

-- KVM makes the shadow's entries read-only and empties the TLB of the VM, but not that of the guest's guests: it has
-- another VMID (kvm_mmu_wp_memory_region()). What they write until a TLBI is not logged.
scenario("arm64, nested: what a guest's guest writes is logged, but not before a TLBI", { arch = "arm64",
	facilities = { nv2 = true }, before = "6.13", check = "end" }, function(sim)
	local g = block_and_page(sim)
	local function log() return g.vm:get_dirty_log{ slot = 0 }:pages() end
	g.slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	expect(sim.inspect:mapping(g.vcpu, 2 * GIB).writable):is_false()
	expect(sim.inspect:tlb(g.vcpu, 2 * GIB).writable):is_true()
	expect(g.vcpu:write(2 * GIB, "unlogged")):is_true()
	expect(log()):eq{}
	tlbi(g.vcpu, "vmalls12e1is")
	expect(g.vcpu:write(GIB + GPA, "logged 1")):is_true()
	expect(g.vcpu:write(2 * GIB, "logged 2")):is_true()
	expect(sim.inspect:mapping(g.vcpu, GIB + GPA)):fields{ present = true, level = 1, writable = true }
	expect(log()):eq{ GPA // PAGE, (HUGE + GPA) // PAGE }
	tlbi(g.vcpu, "vmalls12e1is")
	expect(g.vcpu:read(2 * GIB, 8)):eq("logged 2")
	expect(log()):eq{}
	expect(g.vcpu:write(2 * GIB, "logged 3")):is_true()
	expect(log()):eq{ GPA // PAGE }
	tlbi(g.vcpu, "vmalls12e1is")
end)

-- The hypervisor changes its tables. Until its TLBI the old translation stays: KVM does not watch the tables.
scenario("arm64, nested: TLBI of the hypervisor, of each kind", machines, function(sim)
	local PAGES <const> = IPA >> 12
	local operations = {
		{ "vmalls12e1" }, { "vmalls12e1is" }, { "vmalls12e1os" }, { "alle1" }, { "alle1is" }, { "alle1os" },
		{ "ipas2e1", PAGES }, { "ipas2e1is", PAGES }, { "ipas2le1is", PAGES }, { "ipas2e1os", PAGES },
		-- With the level: 4 KiB, level 3
		{ "ipas2e1is", PAGES | 7 << 44 }, { "ipas2le1is", PAGES | 7 << 44 },
		-- 2 pages of 4 KiB from here, 64 from 32 earlier
		{ "ripas2e1is", PAGES | 1 << 46 }, { "ripas2le1is", PAGES | 1 << 46 }, { "ripas2e1", PAGES | 1 << 46 },
		{ "ripas2e1is", PAGES - 32 | 1 << 46 | 1 << 44 },
	}
	local vcpu, ram = with_el2(sim, { data = { [GPA] = "old page", [GPA + PAGE] = "new page" } })
	local s2 = vcpu:create_stage2{ tables = TABLES }
	for _, op in ipairs(operations) do
		s2:map{ from = IPA, to = GPA }
		run_guest(vcpu, s2)
		tlbi(vcpu, "alle1is")
		expect(vcpu:read(IPA, 8)):eq("old page")
		s2:map{ from = IPA, to = GPA + PAGE }
		expect(vcpu:read(IPA, 8)):eq("old page")
		tlbi(vcpu, op[1], op[2])
		expect(vcpu:read(IPA, 8)):eq("new page")
	end
end)

-- Without the level KVM finds it in its own entry. Each operation is for one VMID, and for its addresses.
scenario("arm64, nested: TLBI leaves what it does not name", machines, function(sim)
	local vcpu, ram, vm = with_el2(sim, { ram = { length = 4 * HUGE, align = HUGE, huge = true } })
	local one = vcpu:create_stage2{ tables = TABLES, vmid = 1 }
	local two = vcpu:create_stage2{ tables = TABLES + 0x10000, vmid = 2 }
	for _, s2 in ipairs{ one, two } do
		s2:map{ from = GIB, to = HUGE, level = 2 }
		s2:map{ from = GIB + HUGE, to = 2 * HUGE, level = 2 }
		run_guest(vcpu, s2)
		expect(vcpu:write(GIB, "a block.")):is_true()
		expect(vcpu:write(GIB + HUGE, "a block.")):is_true()
	end
	expect(sim.inspect:mapping(vcpu, GIB)):fields{ present = true, level = 2 }
	tlbi(vcpu, "ipas2e1is", GIB + 0x5000 >> 12)
	expect(sim.inspect:mapping(vcpu, GIB).present):is_false()
	expect(sim.inspect:mapping(vcpu, GIB + HUGE).present):is_true()
	run_guest(vcpu, one)
	expect(sim.inspect:mapping(vcpu, GIB).present):is_true()
	tlbi(vcpu, "vmalls12e1is")
	expect(sim.inspect:mapping(vcpu, GIB).present):is_false()
	run_guest(vcpu, two)
	expect(sim.inspect:mapping(vcpu, GIB + HUGE).present):is_true()
end)

-- TLBI of stage 1, which the hypervisor executes for its guest: HCR_EL2.TTLB traps it.
scenario("arm64, nested: the hypervisor empties its guest's TLB of stage 1", machines, function(sim)
	local VA <const> = 0x7000000000
	local vcpu, ram, vm = with_el2(sim, { data = { [GPA] = "old page", [GPA + PAGE] = "new page" } })
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = 0, to = 0, size = HUGE }
	expect(vcpu:set_paging{ tables = 0x40000, size = 0x20000 }):eq(0)
	vcpu:map{ from = VA, to = GPA, prot = "rw" }
	run_guest(vcpu, s2)
	for n, op in ipairs{ { "vmalle1is" }, { "vaae1is", VA >> 12 }, { "vae1is", VA >> 12 }, { "aside1is", 0 },
			{ "vale1is", VA >> 12 } } do
		local old, new = n % 2 == 1 and GPA or GPA + PAGE, n % 2 == 1 and GPA + PAGE or GPA
		expect(vcpu:read(VA, 8)):eq(old == GPA and "old page" or "new page")
		expect(vcpu:set_pte(VA, vcpu:pte(VA).raw - old + new)):eq(0)
		expect(vcpu:read(VA, 8)):eq(old == GPA and "old page" or "new page")
		tlbi(vcpu, op[1], op[2])
		expect(vcpu:read(VA, 8)):eq(new == GPA and "old page" or "new page")
	end
end)

-- A vCPU brings two shadow tables: with more guests the first one is used again, after it has been emptied.
scenario("arm64, nested: more guests than shadow tables", machines, function(sim)
	local vcpu, ram = with_el2(sim)
	local guests = {}
	for n = 1, 5 do
		guests[n] = vcpu:create_stage2{ tables = TABLES + n * 0x10000, vmid = n }
		guests[n]:map{ from = IPA, to = GPA + n * PAGE }
	end
	for round = 1, 2 do
		for n, s2 in ipairs(guests) do
			run_guest(vcpu, s2)
			local text = ("guest %d%d"):format(n, round)
			expect(vcpu:write(IPA, text)):is_true()
			expect(ram:read(GPA + n * PAGE, 8)):eq(text)
		end
	end
end)

-- One VMID with other tables, or with stage 2 off, is another guest to KVM; a TLBI is for all of them.
scenario("arm64, nested: one VMID, several tables", machines, function(sim)
	local vcpu, ram = with_el2(sim, { data = { [GPA] = "page one", [GPA + PAGE] = "page two" } })
	local a = vcpu:create_stage2{ tables = TABLES, vmid = 7 }
	local b = vcpu:create_stage2{ tables = TABLES + 0x10000, vmid = 7 }
	a:map{ from = IPA, to = GPA }
	b:map{ from = IPA, to = GPA + PAGE }
	for _ = 1, 2 do
		run_guest(vcpu, a)
		expect(vcpu:read(IPA, 8)):eq("page one")
		run_guest(vcpu, b)
		expect(vcpu:read(IPA, 8)):eq("page two")
	end
	a:map{ from = IPA, to = GPA + PAGE }
	b:map{ from = IPA, to = GPA }
	tlbi(vcpu, "vmalls12e1is")
	expect(vcpu:read(IPA, 8)):eq("page one")
	run_guest(vcpu, a)
	expect(vcpu:read(IPA, 8)):eq("page two")
end)

scenario("arm64, nested: two vCPUs run one guest", machines, function(sim)
	local vcpu, ram, vm, vmm = with_el2(sim)
	local other = vm:create_vcpu{ init = { features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_HAS_EL2 } } }
	expect(other:insn{ text = NOP }):is_true()
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = IPA, to = GPA }
	run_guest(vcpu, s2)
	run_guest(other, s2)
	expect(vcpu:write(IPA, "by one..")):is_true()
	expect(sim.inspect:mapping(other, IPA)):fields{ present = true, page = ram:page(5) }
	expect(other:read(IPA, 8)):eq("by one..")
	s2:set_pte(IPA, 0)
	tlbi(vcpu, "vmalls12e1is")
	expect(sim.inspect:mapping(other, IPA)):fields{ present = false }
	expect(sim.inspect:tlb(other, IPA)):errno(ENOENT)
end)

-- A guest's cache maintenance by set and way: KVM cleans all memory of the VM, shadow tables included.
scenario("arm64, nested: without FEAT_S2FWB a guest's guest sees what its hypervisor's memory has", { arch = "arm64",
	facilities = { nv2 = true, fwb = false }, before = "6.13" }, function(sim)
	local vcpu, ram = with_el2(sim)
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = IPA, to = GPA, size = 4 * PAGE }
	run_guest(vcpu, s2)
	expect(vcpu:write(IPA, "in cache")):is_true()
	expect(vcpu:dc("cisw", 0)):is_true()
	expect(vcpu:read(IPA, 8)):eq("in cache")
end)

-- vcpu_init() again: user space may have replaced the memory.
scenario("arm64, nested: KVM_ARM_VCPU_INIT again takes the shadow tables' entries away", { arch = "arm64",
	facilities = { nv2 = true, fwb = false }, before = "6.13" }, function(sim)
	local g = block_and_page(sim)
	expect(g.vcpu:init{ features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_HAS_EL2 } }):eq(0)
	run_guest(g.vcpu, g.s2)
	expect_mapped(sim, g, false, false)
	expect(g.vcpu:read(2 * GIB, 8)):eq("the page")
end)

-- kvm_arch_vcpu_create() gives a vCPU the stage 2 of the VM, which kvm_vcpu_load_hw_mmu() keeps if there is one. A VMM
-- that restores a vCPU which was in its guest lets that guest see all memory of its hypervisor, until KVM_RUN ends.
scenario("arm64, nested: a vCPU that begins in its guest has the memory of its hypervisor", machines, function(sim)
	local vcpu, ram = sim:guest{ data = { [GPA] = "of L1..." },
		vcpu = { init = { features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_HAS_EL2 } } } }
	local s2 = vcpu:create_stage2{ tables = TABLES }
	s2:map{ from = IPA, to = GPA }
	expect(vcpu:set_sysreg("vbar_el2", VBAR)):eq(0)
	run_guest(vcpu, s2)
	expect(vcpu:read(GPA, 8)):eq("of L1...")
	expect(vcpu:read(IPA, 8)):eq("of L1...")
	expect_abort(vcpu, vcpu:read(GPA, 8), GPA, { fsc = TRANSLATION | 1 })
end)

scenario("arm64, nested: a vCPU with EL2 on a machine that has none", { arch = "arm64" }, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:create_vcpu{ init = { features = { KVM_ARM_VCPU_HAS_EL2 } } }):errno(
		sim:kernel_since("6.16") and EINVAL or ENOENT)
end)
