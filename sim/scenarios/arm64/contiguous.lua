-- SPDX-License-Identifier: GPL-2.0-only
-- Contiguous entries in the process's tables (CONFIG_ARM64_CONTPTE, arch/arm64/mm/contpte.c): a folio of 64 KiB has 16 of
-- them, which mm sees as single ones. KVM maps pages. What touches one page of the group makes single entries of all.

any_page_size()
local PAGE <const> = PAGE_SIZE
local PAGES <const> = ({ [4096] = 16, [16384] = 128, [65536] = 32 })[PAGE]
local GROUP <const>, GROUPS <const> = PAGES * PAGE, 8
local ORDER <const> = ({ [16] = 4, [128] = 7, [32] = 5 })[PAGES]
local options <const> = { arch = "arm64", covers = "CONFIG_ARM64_CONTPTE" }
local machines <const> = { arch = "arm64", facilities = { {}, { dbm = false }, { dbm = false, haf = false } },
	covers = "CONFIG_ARM64_CONTPTE" }

local function text(page) return ("page %3d"):format(page) end

-- A guest whose memory is made of such folios. The VMM has written to each page of groups 0 to 2, the guest to each
-- second one; empty: to nothing.
local function guest(sim, empty)
	expect(sim:set_module_param("machine.anon_orders", 1 << ORDER)):eq(0)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = GROUPS * GROUP, huge = true } }
	local g = { sim = sim, vcpu = vcpu, ram = ram, vm = vm, vmm = vmm, slot = slot }
	function g.mapping(page) return sim.inspect:mapping(vm, page * PAGE) end
	function g.contiguous(group, yes)
		for _, page in ipairs{ 0, 1, PAGES // 2, PAGES - 1 } do
			local p = ram:page(group * PAGES + page)
			if p ~= -EFAULT and p.mapped then
				expect(p.contiguous):eq(yes)
			end
		end
	end
	function g.same_data(first, last)
		for page = first, last do
			expect(vcpu:read(page * PAGE, 8)):eq(text(page))
			expect(ram:read(page * PAGE, 8)):eq(text(page))
		end
	end
	for page = 0, empty and -1 or 3 * PAGES - 1 do
		expect(ram:write(page * PAGE, page % 2 == 0 and "VMM" or text(page))):eq(0)
	end
	for page = 0, empty and -1 or 3 * PAGES - 1, 2 do
		expect(vcpu:write(page * PAGE, text(page))):is_true()
	end
	return g
end

scenario("arm64: contiguous entries of the VMM's are single pages of the guest's", options, function(sim)
	local g = guest(sim, true)
	expect(g.ram:write(3 * PAGE, "VMM")):eq(0)
	g.contiguous(0, true)
	expect(g.ram:page(0).pfn % PAGES):eq(0)
	expect(g.ram:page(PAGES - 1)):fields{ mapped = true, writable = true, huge = false,
		pfn = g.ram:page(0).pfn + PAGES - 1 }
	expect(g.ram:page(PAGES).mapped):is_false()
	expect(g.vcpu:read(3 * PAGE, 3)):eq("VMM")
	expect(g.mapping(3)):fields{ present = true, level = 1, page = g.ram:page(3) }
	expect(g.mapping(4).present):is_false()
	-- First touched by the guest.
	expect(g.vcpu:write(2 * GROUP - PAGE, "guest")):is_true()
	g.contiguous(1, true)
	expect(g.ram:read(2 * GROUP - PAGE, 5)):eq("guest")
	expect(g.mapping(2 * PAGES - 1)):fields{ level = 1, writable = true, page = g.ram:page(2 * PAGES - 1) }
	expect(g.vcpu:read(GROUP, 8)):eq(("\0"):rep(8))
end)

-- Each takes one page of group 1, in the middle, away or changes it; or some of them.
local AT <const>, SOME <const> = PAGES + PAGES // 2, PAGES // 4
cases("arm64: contiguous entries, of which one is changed", machines, {
	{ "munmap()", function(g) expect(g.ram:munmap(AT * PAGE, PAGE)):eq(0) end, "gone" },
	{ "MADV_DONTNEED", function(g) expect(g.ram:madvise(AT * PAGE, PAGE, MADV_DONTNEED)):eq(0) end, "zero" },
	{ "mprotect(), for reading", function(g) expect(g.ram:mprotect(AT * PAGE, PAGE, "r")):eq(0) end, "read-only" },
	{ "mprotect(), no access", function(g) expect(g.ram:mprotect(AT * PAGE, PAGE, "none")):eq(0) end, "gone" },
	{ "fork(), and a write of the guest", function(g)
		g.child = g.vmm:fork()
		expect(g.vcpu:write(AT * PAGE, text(AT))):is_true()
		expect(g.child:view(g.ram):page(AT)):ne(g.ram:page(AT))
	end, "same" },
	{ "userfaultfd, for reading", function(g)
		local uffd = g.vmm:userfaultfd{ features = UFFD_FEATURE_PAGEFAULT_FLAG_WP }
		expect(uffd:register(g.ram, UFFDIO_REGISTER_MODE_WP)):eq(0)
		expect(uffd:writeprotect(g.ram, AT * PAGE, PAGE)):eq(0)
		expect(g.mapping(AT).writable):is_false()
		expect(uffd:writeprotect(g.ram, AT * PAGE, PAGE, 0)):eq(0)
	end, "same" },
	{ "MADV_DONTNEED of some", function(g)
		expect(g.ram:madvise(AT * PAGE, SOME * PAGE, MADV_DONTNEED)):eq(0)
	end, "zero", SOME },
	{ "fork() with a part of the group", function(g)
		expect(g.ram:madvise(AT * PAGE, SOME * PAGE, MADV_DONTFORK)):eq(0)
		g.contiguous(1, true)
		g.child = g.vmm:fork()
		expect(g.mapping(AT).writable):is_true()
		expect(g.mapping(AT - 2).writable):is_false()
	end, "same" },
}, function(sim, row)
	local g = guest(sim)
	g.contiguous(1, true)
	row[2](g)
	g.contiguous(1, false)
	if row[3] ~= "same" then
		expect(g.mapping(AT).writable):is_false()
	end
	if row[3] == "gone" then
		expect(g.vcpu:read(AT * PAGE, 1)):fields{ ret = -EFAULT }
	elseif row[3] == "zero" then
		expect(g.vcpu:read(AT * PAGE, 8)):eq(("\0"):rep(8))
	else
		expect(g.vcpu:read(AT * PAGE, 8)):eq(text(AT))
	end
	if row[3] == "read-only" then
		expect(g.vcpu:write(AT * PAGE, "x")):fields{ ret = -EFAULT }
	end
	g.same_data(0, AT - 1)
	g.same_data(AT + (row[4] or 1), 3 * PAGES - 1)
	if not g.child then
		g.contiguous(0, true)
		g.contiguous(2, true)
	end
end)

cases("arm64: contiguous entries, of which all are changed", options, {
	{ "the rights, and back", function(g)
		expect(g.ram:mprotect(GROUP, GROUP, "r")):eq(0)
		g.contiguous(1, true)
		expect(g.mapping(AT).writable):is_false()
		expect(g.vcpu:write(AT * PAGE, "x")):fields{ ret = -EFAULT }
		expect(g.vcpu:read(AT * PAGE, 8)):eq(text(AT))
		expect(g.ram:mprotect(GROUP, GROUP, "rw")):eq(0)
		expect(g.vcpu:write(AT * PAGE, text(AT))):is_true()
		expect(g.ram:write((AT + 1) * PAGE, text(AT + 1))):eq(0)
	end },
	{ "moved away and back", function(g)
		local flags <const> = MREMAP_MAYMOVE | MREMAP_FIXED
		local frame, place = g.ram:page(AT), 1 << 40
		local moved = g.ram:mremap{ offset = GROUP, old_length = GROUP, new_length = GROUP, flags = flags, new_addr = place }
		expect(moved:page(AT - PAGES)):eq(frame)
		expect(g.mapping(AT).present):is_false()
		expect(g.vcpu:read(AT * PAGE, 1)):fields{ ret = -EFAULT }
		expect(moved:mremap{ old_length = GROUP, new_length = GROUP, flags = flags, new_addr = g.ram.addr + GROUP }):ok()
	end },
	{ "swapped out, and read back", function(g)
		expect(g.ram:swap_out(GROUP, GROUP)):eq(0)
		expect(g.ram:page(AT).swapped):is_true()
		expect(g.mapping(AT).present):is_false()
	end },
	{ "migrated", function(g)
		local frame = g.ram:page(AT)
		expect(g.ram:migrate(AT * PAGE)):eq(0)
		expect(g.ram:page(AT)):ne(frame)
		expect(g.mapping(AT).present):is_false()
	end },
}, function(sim, row)
	local g = guest(sim)
	row[2](g)
	g.same_data(0, 3 * PAGES - 1)
	g.contiguous(0, true)
	g.contiguous(2, true)
end)

-- Hardware sets the access flag in one entry; it counts for the group (contpte_ptep_get()).
cases("arm64: ageing of contiguous entries, and of the guest's mapping", machines, { { "used by the guest", true }, { "used by the VMM", false } }, function(sim, row)
	local g = guest(sim)
	local function young(yes)
		for _, page in ipairs{ PAGES, AT, 2 * PAGES - 1 } do
			expect(g.ram:page(page)):fields{ young = yes, dirty = true, writable = true }
		end
	end
	expect(g.mapping(AT)):fields{ present = true, accessed = true }
	young(true)
	expect(g.ram:age(AT * PAGE)):ge(1)
	expect(g.mapping(AT).accessed):is_false()
	young(false)
	g.contiguous(1, true)
	if row[2] then
		expect(g.vcpu:read(AT * PAGE, 8)):eq(text(AT))
		expect(g.mapping(AT).accessed):is_true()
		young(false)
	else
		expect(g.ram:read(AT * PAGE, 8)):eq(text(AT))
		expect(g.mapping(AT).accessed):is_false()
		young(true)
	end
	g.contiguous(1, true)
	g.same_data(0, 3 * PAGES - 1)
end)

scenario("arm64: a dirty log of contiguous entries has single pages", options, function(sim)
	local g = guest(sim)
	g.slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	expect(g.vcpu:write(AT * PAGE, text(AT))):is_true()
	expect(g.vm:get_dirty_log{ slot = 0 }:pages()):eq{ AT }
	g.contiguous(1, true)
	g.same_data(0, 3 * PAGES - 1)
end)
