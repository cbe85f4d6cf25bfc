-- SPDX-License-Identifier: GPL-2.0-only
-- Guests of guests in a process with KVM_VM_S390_LATE_MMAP, where some of their memory is early (its page tables
-- existed before the VM). Strict: what KVM links or shadows is refused; what it copies or pins is not.

local covers <const> = "docs/rules.md L2; api.rst KVM_CAP_S390_LATE_MMAP"
local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP", mmu = "vsie", covers = covers }
local blocks = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	mmu = "vsie", covers = covers, facilities = { [64] = true, [73] = true, [133] = true } }
-- With the parameter off; older kernels are always strict.
local not_strict = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	mmu = "vsie", covers = covers, kernel = "6.12" }
local not_strict_log = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	mmu = "vsie", covers = covers, kernel = "6.12", check = "end" }
local threads = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	mmu = "vsie", covers = covers, check = "end", timeout = 60 }

local MiB <const>, GiB <const>, PAGE <const> = 1 << 20, 1 << 30, 4096
local ADDRESSING <const>, PAGE_TRANSLATION <const> = 0x05, 0x11
local ICPT_PROGI <const>, ICPT_VALIDITY <const> = 0x08, 0x20
local CR0_EDAT <const>, ASCE_REAL <const> = 1 << (63 - 40), 0x20
local ECB_TE <const>, ECB_GS <const>, ECB3_RI <const>, ECA_MVPGI <const> = 0x10, 0x40, 0x01, 0x01000000
local PSW_64 <const>, PSW_DAT_64 <const> = 3 << 31, 1 << 58 | 3 << 31
-- Guest-2's absolute addresses: late memory up to EARLY, 2 MiB of early memory, 2 MiB of late memory.
local EARLY <const>, AFTER <const> = 8 * MiB, 10 * MiB

-- Guest-3 has [MiB, 2 MiB) of guest-2 at 0, and the early memory at EARLY. t: strict (default: true), type of the space
-- that SIE takes from CR1, description (where the state description is), flags of the slots, caps.
local function guest(sim, t)
	t = t or {}
	local rc = sim:set_module_param("kvm.late_mmap_strict", t.strict ~= false)
	expect(rc == 0 or rc == -ENOENT and t.strict ~= false):is_true()      -- without the parameter: strict
	local vmm = sim:process{ pgste = false }
	local early = vmm:mmap{ length = "2M", huge = false }
	for offset = 0, early.length - 1, MiB do
		early:write(offset + 0x5000, "early")
	end
	local vm = vmm:open_kvm():create_vm{ type = KVM_VM_S390_LATE_MMAP, cpu_feat = "host" }
	for _, cap in ipairs(t.caps or {}) do
		expect(vm:enable_cap{ cap = cap }):eq(0)
	end
	local late, after = vmm:mmap{ length = "8M", huge = false }, vmm:mmap{ length = "2M", huge = false }
	for i, s in ipairs{ { 0, late }, { EARLY, early }, { AFTER, after } } do
		expect(vm:set_user_memory_region{ slot = i - 1, guest_phys_addr = s[1], memory_size = s[2].length,
			userspace_addr = s[2], flags = t.flags or 0 }):eq(0)
	end
	late:write(MiB + 0x5000, "late")
	local vcpu = vm:create_vcpu()
	local space = vcpu:address_space{ type = t.type }
	expect(space:map{ from = 0, to = MiB, size = MiB }):eq(0)
	expect(space:map{ from = EARLY, to = EARLY, size = 2 * MiB }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ addr = t.description or 0x600000 }
	nested:expect_pin()
	return { nested = nested, vcpu = vcpu, space = space, early = early, late = late, after = after, vm = vm, vmm = vmm }
end

-- An addressing exception of guest-3: guest-2 gets it as an interception, the VMM is not told.
local function expect_refused(exit)
	expect(exit):fields{ interception = { icptcode = ICPT_PROGI, iprcc = ADDRESSING, pgmilc = 4 } }
	expect(exit.exception):is_nil()
end

local function expect_no_prefix(exit)
	expect(exit):fields{ interception = { icptcode = ICPT_VALIDITY, validity = 0x37 } }
end

-- Late memory works.
local function expect_alive(g)
	expect(g.nested:read(0x5000, 4)):eq("late")
	expect(g.nested:write(0x6000, "three")):is_true()
	expect(g.late:read(MiB + 0x6000, 5)):eq("three")
end

-- How many shadows there have been, and how many tables of each level were added or found there.
local function shadows(g)
	local s = g.vm:stats()
	return { [0] = s.gmap_shadow_create, s.gmap_shadow_sg_entry, s.gmap_shadow_r3_entry, s.gmap_shadow_r2_entry,
		s.gmap_shadow_r1_entry }
end

-- --- guest-3's storage ------------------------------------------------------------------------------------------

local accesses <const> = {
	{ "read",     function(n, at) return n:read(at, 5) end, "early" },
	{ "write",    function(n, at) return n:write(at, "three") end, true },
	{ "fetch",    function(n, at) return n:fetch(at) end, "e" },
	{ "exchange", function(n, at) return n:xchg(at, "12345678") end, "early\0\0\0" },
}

cases("late mmap, nested, strict: an addressing exception for guest-3's", options, accesses, function(sim, case)
	local g = guest(sim)
	-- Where a page is, where none is, in the second segment.
	for _, at in ipairs{ EARLY + 0x5000, EARLY + 0x80000, EARLY + MiB + 0x5000 } do
		expect_refused(case[2](g.nested, at))
		expect_alive(g)
		expect_refused(case[2](g.nested, at))
	end
	expect(g.early:read(0x5000, 5)):eq("early")
	expect(sim.inspect:mapping(g.vm, EARLY + 0x5000)):fields{ present = false }
	-- Guest-2's own access ends in the same way, and the shadow stays.
	local before = shadows(g)
	expect(g.vcpu:read(EARLY + 0x5000, 5)):fields{ exception = { code = ADDRESSING } }
	expect_alive(g)
	expect(shadows(g)):eq(before)
end)

cases("late mmap, nested, not strict: early memory takes guest-3's", not_strict, accesses, function(sim, case)
	local g = guest(sim, { strict = false })
	expect(case[2](g.nested, EARLY + 0x5000)):eq(case[3])
	expect(case[2](g.nested, EARLY + MiB + 0x5000)):eq(case[3])
	expect_alive(g)
end)

cases("late mmap, nested, strict: early memory is refused after", options, {
	{ "reclaim",       function(early) return early:swap_out(0x5000, "4K") end },
	{ "migration",     function(early) return early:migrate(0x5000) end },
	{ "MADV_DONTNEED", function(early) return early:madvise(0, "2M", MADV_DONTNEED) end },
	{ "mprotect",      function(early) return early:mprotect(0x5000, "4K", "r") end },
	{ "munmap of a page", function(early) return early:munmap(0x5000, "4K") end },
}, function(sim, case)
	local g = guest(sim)
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	local before = shadows(g)
	expect(case[2](g.early)):eq(0)
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	expect_refused(g.nested:write(EARLY + 0x5000, "x"))
	expect_alive(g)
	-- The shadow is not told.
	expect(shadows(g)):eq(before)
end)

scenario("late mmap, nested, strict: guest-2 resolves a fault with early memory", options, function(sim)
	local g = guest(sim)
	local va <const> = MiB
	expect(g.space:map{ from = va, to = MiB }):eq(0)
	expect(g.nested:read(va + PAGE, 1).exception.code):eq(PAGE_TRANSLATION)
	-- KVM tries the page before it continues (handle_last_fault()).
	expect(g.space:map{ from = va + PAGE, to = EARLY + 0x5000 }):eq(0)
	expect_refused(g.nested:read(va + PAGE, 1))
	expect(g.vcpu:ipte{ table = g.space:pte(va).gpa & ~0x7ff, addr = va + PAGE }):is_true()
	expect(g.nested:read(va + PAGE, 1).exception.code):eq(PAGE_TRANSLATION)
	expect(g.space:map{ from = va + PAGE, to = AFTER }):eq(0)
	expect(g.nested:read(va + PAGE, 1)):eq("\0")
	expect_alive(g)
end)

scenario("late mmap, nested, strict: real space, where guest-2 has no tables", options, function(sim)
	local g = guest(sim)
	expect(g.vcpu:set_cr(1, ASCE_REAL)):eq(0)
	expect(g.nested:read(MiB + 0x5000, 4)):eq("late")
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	expect_refused(g.nested:write(EARLY + MiB, "x"))
	expect(g.nested:write(AFTER + 0x5000, "after")):is_true()
	expect(g.after:read(0x5000, 5)):eq("after")
end)

scenario("late mmap, nested, strict: large frames of guest-2's", options, function(sim)
	local g = guest(sim)
	expect(g.vcpu:set_cr(0, g.vcpu:get_cr(0) | CR0_EDAT)):eq(0)
	expect(g.space:map{ from = GiB, to = EARLY, level = 2 }):eq(0)
	expect(g.space:map{ from = GiB + MiB, to = AFTER, level = 2 }):eq(0)
	expect(g.space:map{ from = 2 * GiB, to = 0, level = 3 }):eq(0)
	expect_refused(g.nested:read(GiB + 0x5000, 5))
	expect(g.nested:read(GiB + MiB + 0x5000, 1)):eq("\0")
	-- One frame with both kinds: page by page.
	expect(g.nested:read(2 * GiB + MiB + 0x5000, 4)):eq("late")
	expect_refused(g.nested:read(2 * GiB + EARLY + 0x5000, 5))
	expect(g.nested:write(2 * GiB + AFTER + 0x5000, "after")):is_true()
	expect_alive(g)
end)

-- Guest-3's own tables, which the CPU reads through the shadow.
local function translated(g)
	local own = g.vcpu:address_space{ tables = EARLY + 0x80000, size = "64K", type = "segment" }
	expect(own:map{ from = 0x4000, to = 0x5000 }):eq(0)
	g.nested:set{ gpsw_mask = PSW_DAT_64, gcr1 = own.asce }
	return g.nested:read(0x4000, 4)
end

scenario("late mmap, nested, strict: guest-3's own tables", options, function(sim)
	local g = guest(sim)
	expect_refused(translated(g))
	g.nested:set{ gpsw_mask = PSW_64 }
	expect_alive(g)
end)

scenario("late mmap, nested, not strict: guest-3's own tables may be in early memory", not_strict, function(sim)
	expect(translated(guest(sim, { strict = false }))):eq("late")
end)

-- to, from; what guest-2's table says of the other page does not matter.
cases("late mmap, nested, strict: MOVE PAGE of guest-3's", options, {
	{ "from early memory", 0x9000, EARLY + 0x5000 },
	{ "to early memory",   EARLY + 0x5000, 0x5000 },
	{ "both",              EARLY + MiB + 0x5000, EARLY + 0x5000 },
	{ "to a page that guest-2 has not mapped", MiB, EARLY + 0x5000 },
	{ "from a page that guest-2 has not mapped", EARLY + 0x5000, MiB },
}, function(sim, case)
	local g = guest(sim)
	g.nested:set{ eca = ECA_MVPGI }
	local function mvpg(to, from)
		return g.nested:insn{ text = 0xb2540012, length = 4, regs = { [0] = 0, [1] = to, [2] = from } }
	end
	expect_refused(mvpg(case[2], case[3]))
	expect_refused(mvpg(case[2], case[3]))
	expect(g.early:read(0x5000, 5)):eq("early")
	expect(mvpg(0xa000, 0x5000)):eq(0)
	expect(g.late:read(MiB + 0xa000, 4)):eq("late")
end)

-- --- the prefix area --------------------------------------------------------------------------------------------

cases("late mmap, nested, strict: SIE refuses a prefix area", options, {
	{ "in early memory",              { prefix = EARLY } },
	{ "in early memory, from mso on", { mso = EARLY } },
	{ "whose page is not there yet",  { prefix = EARLY + 0x80000 } },
}, function(sim, case)
	local g = guest(sim)
	g.nested:set(case[2])
	expect(g.nested:sie()):fields{ icptcode = ICPT_VALIDITY, validity = 0x37 }
	expect_no_prefix(g.nested:read(0x5000, 4))
	g.nested:set{ prefix = 0, mso = 0 }
	expect_alive(g)
end)

scenario("late mmap, nested, strict: the second page of the prefix area counts with transactions", blocks, function(sim)
	local g = guest(sim)
	g.space:set_pte(0x1000, EARLY + 0x5000)
	expect_alive(g)
	g.nested:set{ ecb = ECB_TE }
	expect_no_prefix(g.nested:read(0x5000, 4))
	g.space:set_pte(0x1000, MiB + 0x1000)
	expect_alive(g)
end)

-- --- what KVM reaches through the VMM's addresses -----------------------------------------------------------------

scenario("late mmap, nested, strict: the state description may be in early memory", options, function(sim)
	local g = guest(sim, { description = EARLY + 0x90000, flags = KVM_MEM_LOG_DIRTY_PAGES })
	g.vm:get_dirty_log{ slot = 1 }
	expect_alive(g)
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	-- KVM marks it when it stores into it.
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{ (EARLY + 0x90000) >> 12 }
	expect(sim.inspect:mapping(g.vm, EARLY + 0x90000)):fields{ present = false }
end)

cases("late mmap, nested, strict: what KVM pins may be in early memory", blocks, {
	{ "the system control area",            { scaol = EARLY + 0x7000 } },
	{ "the transaction diagnostic block",   { itdba = EARLY + 0x7000, ecb = ECB_TE } },
	{ "the run-time instrumentation block", { riccbd = EARLY + 0x7000, ecb3 = ECB3_RI } },
	{ "the extension for guarded storage",  { sdnxo = EARLY + 0x7006, ecb = ECB_GS } },
}, function(sim, case)
	local g = guest(sim, { caps = { KVM_CAP_S390_RI, KVM_CAP_S390_GS }, flags = KVM_MEM_LOG_DIRTY_PAGES })
	g.nested:set(case[2])
	g.vm:get_dirty_log{ slot = 1 }
	expect_alive(g)
	expect(g.early:page(7)):fields{ mapped = true, pincount = 0 }
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{ (EARLY >> 12) + 7 }
	expect(g.early:migrate(0x7000)):eq(0)
	expect_alive(g)
	expect(sim.inspect:mapping(g.vm, EARLY + 0x7000)):fields{ present = false }
end)

-- --- guest-2's tables -------------------------------------------------------------------------------------------

local TOP <const> = { segment = 2, region3 = 3, region2 = 4, region1 = 5 }

local function bytes_of(level)
	return level == 1 and 2048 or 4 * PAGE
end

-- Guest-2's absolute address in the VMM's memory.
local function home(g, at)
	if at >= AFTER then
		return g.after, at - AFTER
	elseif at >= EARLY then
		return g.early, at - EARLY
	end
	return g.late, at
end

-- Moves va's table of that level to guest-2's absolute address at. length: of the table, in the entry above or in the
-- ASCE, with an offset in bits 0xc0. Returns a function that undoes it.
local function move_table(g, va, level, at, length)
	local shift = level == 1 and 12 or 20 + 11 * (level - 2)
	local index = va >> shift & (bytes_of(level) // 8 - 1)
	local from = g.space:pte(va, level).gpa - 8 * index
	for offset = 0, bytes_of(level) - 1, 2048 do
		local ram, to = home(g, at + offset)
		ram:write(to, g.late:read(from + offset, 2048))
	end
	if level == TOP[g.type] then
		local bits = g.space.asce & 0xfff
		expect(g.vcpu:set_cr(1, at | (length and bits & ~3 | length or bits))):eq(0)
		return function() expect(g.vcpu:set_cr(1, g.space.asce)):eq(0) end
	end
	local raw = g.space:pte(va, level + 1).raw
	local bits = level == 1 and raw & 0x7ff or raw & 0xfff
	g.space:set_pte(va, at | (length and bits & ~0xc3 | length or bits), level + 1)
	return function() g.space:set_pte(va, raw, level + 1) end
end

-- A guest with its second MiB at an address that shares only the uppermost table with the prefix area.
local far <const> = { segment = MiB, region3 = 1 << 31, region2 = 1 << 42 | 1 << 31 }
local function with_tables(sim, type, strict)
	local g = guest(sim, { type = type, strict = strict })
	g.type, g.va = type, far[type] or 1 << 53 | 1 << 42 | 1 << 31 | MiB
	expect(g.space:map{ from = g.va, to = MiB, size = MiB }):eq(0)
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
	return g
end

local tables <const> = {
	{ "page table",                "segment", 1 }, { "segment table",             "segment", 2 },
	{ "segment table of three",    "region3", 2 }, { "uppermost region-third table", "region3", 3 },
	{ "region-third table of four", "region2", 3 }, { "uppermost region-second table", "region2", 4 },
	{ "page table of five",        "region1", 1 }, { "segment table of five",     "region1", 2 },
	{ "region-third table of five", "region1", 3 }, { "region-second table of five", "region1", 4 },
	{ "region-first table",        "region1", 5 },
}

cases("late mmap, nested, strict: guest-2's tables in early memory", options, tables, function(sim, case)
	local g = with_tables(sim, case[2])
	local back = move_table(g, g.va, case[3], EARLY + 0x40000)
	local top = case[3] == TOP[case[2]]
	g.nested:sie()      -- maps the prefix area again
	local before = shadows(g)
	expect_refused(g.nested:read(g.va + 0x5000, 4))
	expect_refused(g.nested:write(g.va + 0x5000, "x"))
	local level = top and 0 or case[3]
	expect(shadows(g)[level]):eq(before[level])
	if top then
		expect(g.nested:sie()):fields{ icptcode = ICPT_PROGI, iprcc = ADDRESSING }
	else
		expect_alive(g)
	end
	expect(sim.inspect:mapping(g.vm, EARLY + 0x40000)):fields{ present = false }
	back()
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
	expect_alive(g)
end)

cases("late mmap, nested, not strict: guest-2's tables in early memory", not_strict, tables, function(sim, case)
	local g = with_tables(sim, case[2], false)
	move_table(g, g.va, case[3], EARLY + 0x40000)
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
	expect_alive(g)
	-- A change is noticed, by the VMM's store or by guest-2's.
	g.early:write(0x40000, g.early:read(0x40000, 8))
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
	expect(g.vcpu:write(EARLY + 0x40000, g.vcpu:read(EARLY + 0x40000, 8))):is_true()
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
end)

-- Of a table of four pages only those within its length and offset count.
cases("late mmap, nested, strict: a table that begins or ends in early memory", options, {
	{ "uppermost, half of it used",         3, 0, EARLY - 2 * PAGE, 1, true },
	{ "uppermost, three quarters of it",    3, 0, EARLY - 2 * PAGE, 2, false },
	{ "uppermost, all of it",               3, 0, EARLY - 2 * PAGE, 3, false },
	{ "lower, half of it used",             2, 0, EARLY - 2 * PAGE, 1, true },
	{ "lower, all of it",                   2, 0, EARLY - 2 * PAGE, 3, false },
	{ "lower, the second half used",        2, GiB, AFTER - 2 * PAGE, 0x83, true },
	{ "lower, from the second quarter on",  2, GiB, AFTER - 2 * PAGE, 0x43, false },
}, function(sim, case)
	local g = with_tables(sim, "region3")
	local va = g.va + case[3]
	expect(g.space:map{ from = va, to = MiB, size = MiB }):eq(0)
	local back = move_table(g, va, case[2], case[4], case[5])
	for _ = 1, 2 do
		if case[6] then
			expect(g.nested:read(va + 0x5000, 4)):eq("late")
		else
			expect_refused(g.nested:read(va + 0x5000, 4))
		end
	end
	back()
	expect(g.nested:read(va + 0x5000, 4)):eq("late")
	expect_alive(g)
end)

-- --- early memory that becomes late -------------------------------------------------------------------------------

cases("late mmap, nested, strict: memory that has become late, by", options, {
	{ "mmap over it", function(g)
		local saved = g.early:read(0, g.early.length)
		local new = g.vmm:mmap{ addr = g.early.addr, length = "2M", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
		expect(new.addr):eq(g.early.addr)
		new:write(0, saved)
		return new
	end },
	{ "mremap, and a slot for it", function(g)
		local place = g.vmm:mmap{ length = "2M", huge = false }
		local new = g.early:mremap{ old_length = "2M", new_length = "2M", new_addr = place.addr,
			flags = MREMAP_MAYMOVE | MREMAP_FIXED }
		expect(g.vm:set_user_memory_region{ slot = 1, guest_phys_addr = EARLY, memory_size = 0 }):eq(0)
		expect(g.vm:set_user_memory_region{ slot = 1, guest_phys_addr = EARLY, memory_size = "2M",
			userspace_addr = new }):eq(0)
		return new
	end },
}, function(sim, case)
	local g = with_tables(sim, "region1")
	move_table(g, g.va, 2, EARLY + 0x40000)
	expect_refused(g.nested:read(g.va + 0x5000, 4))
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	local new = case[2](g)
	expect(g.nested:read(g.va + 0x5000, 4)):eq("late")
	expect(g.nested:read(EARLY + 0x5000, 5)):eq("early")
	expect(g.nested:write(EARLY + 0x5000, "three")):is_true()
	expect(new:read(0x5000, 5)):eq("three")
	expect_alive(g)
end)

-- --- several at once ------------------------------------------------------------------------------------------------

scenario("late mmap, nested, strict: threads", threads, function(sim)
	local g = with_tables(sim, "region3")
	move_table(g, g.va, 2, EARLY + 0x40000)
	local other = g.vm:create_vcpu()
	expect(other:set_cr(1, g.space.asce)):eq(0)
	local second = other:nested{ addr = g.nested.addr + 512, prefix = 0x10000 }
	local refused = 0
	sim:thread("refused", function()
		while not sim:stopping() do
			for _, at in ipairs{ g.va + 0x5000, EARLY + 0x5000 } do
				local exit = g.nested:write(at, "x")
				if exit.interception.icptcode ~= 0 then
					expect_refused(exit)
					refused = refused + 1
				end
			end
		end
	end)
	sim:thread("late", function()
		while not sim:stopping() do
			local done = second:workload{ op = "write", range = { 0x20000, 0x40000 }, count = 128 }
			-- Older kernels leave SIE without an interception for what only KVM must see.
			if done ~= 128 then
				expect(done):fields{ interception = { icptcode = 0 } }
			end
		end
	end)
	sim:thread("host", function()
		local n = 0
		while not sim:stopping() do
			g.early:migrate(n % 2 == 0 and 0x5000 or 0x40000)
			g.late:migrate(MiB + 0x20000 + n % 64 * PAGE)
			n = n + 1
		end
	end)
	sim:join{ seconds = 1, at_least = function() return refused > 0 end }
	expect_refused(g.nested:read(EARLY + 0x5000, 5))
	expect_alive(g)
end)

-- --- the dirty log, not strict ------------------------------------------------------------------------------------

scenario("late mmap, nested, not strict: the log misses what guest-3 writes to early memory", not_strict_log, function(sim)
	local g = guest(sim, { strict = false, flags = KVM_MEM_LOG_DIRTY_PAGES })
	g.vm:get_dirty_log{ slot = 1 }
	expect(g.nested:write(EARLY + 0x5000, "x")):is_true()
	expect(g.nested:write(EARLY + 0x7000, "x")):is_true()
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{ (EARLY >> 12) + 7 }
	expect(g.nested:write(EARLY + 0x5000, "y")):is_true()
	expect(g.vm:get_dirty_log{ slot = 1 }:pages()):eq{}
	sim:expect_report{ kind = "check:guest-mappings", match = "gmap maps gfn 805 writable, but slot 1 logs dirty pages" }
end)
