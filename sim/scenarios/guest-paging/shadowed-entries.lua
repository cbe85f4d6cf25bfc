-- SPDX-License-Identifier: GPL-2.0-only
-- Shadow paging looks at the guest's entries beside the one that is used, and again at those that a vCPU has written:
-- FNAME(prefetch_gpte)() and FNAME(sync_spte)(), arch/x86/kvm/mmu/paging_tmpl.h.

local options <const> = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local VA <const>, DATA <const>, NOWHERE <const> = 0x40000000, 0x5000, 0x10000000
local P <const>, W <const>, A <const>, D <const>, NX <const>, NXE <const> = 1, 2, 1 << 5, 1 << 6, 1 << 63, 1 << 11

local function guest(sim)
	local vcpu, ram = sim:guest{ ram = { length = "4M" }, paging = true, map = { { from = VA, to = DATA, prot = "rw" } } }
	for page = 0, 3 do
		expect(ram:write(DATA + page * PAGE_SIZE, "page " .. page)):eq(0)
	end
	return vcpu
end

local function flush(vcpu)
	expect(vcpu:load_cr3(vcpu:get_sregs().cr3)):is_true()
end

-- What is beside a used entry does not become a page by being looked at. While EFER.NXE is 0, bit 63 is reserved.
cases("guest entries: beside a used one is", options, {
	{ "another one",            DATA + PAGE_SIZE | P | A },
	{ "one that is not used",   DATA + PAGE_SIZE | P },
	{ "one with reserved bits", DATA + PAGE_SIZE | P | A | NX, code = 9 },
	{ "one of no slot",         NOWHERE | P | A, mmio = true },
	{ "none",                   0, code = 0 },
}, function(sim, case)
	local vcpu = guest(sim)
	vcpu:set_pte(VA, DATA | P | A)
	vcpu:set_pte(VA + PAGE_SIZE, case[2])
	expect(vcpu:set_sregs{ efer = vcpu:get_sregs().efer & ~NXE }):eq(0)
	flush(vcpu)
	expect(vcpu:read(VA, 6)):eq("page 0")
	local got = vcpu:read(VA + PAGE_SIZE, 4)
	if case.code then
		expect(got.exception):fields{ vector = 14, error_code = case.code }
	elseif case.mmio then
		expect(got):fields{ reason = KVM_EXIT_MMIO }
		expect(vcpu:abandon()):eq(0)
	else
		expect(got):eq("page")
	end
end)

scenario("guest entries: the right to write comes and goes, again and again", options, function(sim)
	local vcpu = guest(sim)
	for turn = 1, 4 do
		local writable = turn % 2 == 0
		vcpu:set_pte(VA, DATA | P | A | D | (writable and W or 0))
		flush(vcpu)
		expect(vcpu:read(VA, 5)):eq("page ")
		if writable then
			expect(vcpu:write(VA + 16, "x")):is_true()
		else
			expect(vcpu:write(VA + 16, "x").exception):fields{ vector = 14, error_code = 3 }
		end
	end
end)

-- The vCPU without paging may write to the page until the other one uses it as a table.
scenario("guest entries: a vCPU without paging changes them for one with paging", options, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { length = "4M" }, paging = true, map = { { from = VA, to = DATA, prot = "rw" } },
		data = { [DATA] = "old", [DATA + PAGE_SIZE] = "new" } }
	local other = vm:create_vcpu()
	local entry = vcpu:pte(VA)
	expect(other:write(entry.gpa, string.pack("<I8", entry.raw))):is_true()
	expect(vcpu:read(VA, 3)):eq("old")
	expect(other:write(entry.gpa, string.pack("<I8", entry.raw + PAGE_SIZE))):is_true()
	flush(vcpu)
	expect(vcpu:read(VA, 3)):eq("new")
end)

-- The page of VA's table is writable for the first vCPU, and the table out of sync. When another vCPU uses the table, KVM
-- watches it again (mmu_sync_children()), also for translations that the first one has.
scenario("guest entries: changed through a translation from before KVM watched the table again", options, function(sim)
	local WINDOW <const> = 0x8000000000
	local vcpu, _, vm = sim:guest{ ram = { length = "4M" }, paging = true, map = { { from = VA, to = DATA, prot = "rw" } },
		data = { [DATA] = "old", [DATA + PAGE_SIZE] = "new", [DATA + 2 * PAGE_SIZE] = "newest" } }
	local other = vm:create_vcpu()
	expect(other:share_paging(vcpu)):eq(0)
	local entry = vcpu:pte(VA)
	vcpu:map{ from = WINDOW, to = entry.gpa & ~(PAGE_SIZE - 1), prot = "rw" }
	-- Accessed and dirty, so that KVM finds nothing to flush when the entry stays as it is.
	local function change(page)
		expect(vcpu:write(WINDOW + (entry.gpa & PAGE_SIZE - 1),
			string.pack("<I8", entry.raw + page * PAGE_SIZE | A | D))):is_true()
	end
	expect(vcpu:read(VA, 3)):eq("old")
	change(1)
	flush(vcpu)
	for _ = 1, 2 do
		expect(vcpu:read(VA, 3)):eq("new")
		change(1)
	end
	flush(other)
	expect(other:read(VA, 3)):eq("new")
	change(2)
	flush(other)
	expect(other:read(VA, 6)):eq("newest")
end)
