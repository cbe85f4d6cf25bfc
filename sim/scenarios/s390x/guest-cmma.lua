-- SPDX-License-Identifier: GPL-2.0-only
-- Page states that the guest sets with ESSA: what they say, what happens to pages that it does not need, and the log of
-- changed states for migration.

local options = { arch = "s390x", covers = "priv.c: handle_essa; pgtable.c: pgste_perform_essa; gmap.c: __gmap_zap" }

local GET <const>, STABLE <const>, UNUSED <const>, VOLATILE <const>, POT_VOLATILE <const> = 0, 1, 2, 3, 4
local STABLE_RESIDENT <const>, STABLE_IF_RESIDENT <const> = 5, 6
-- The result: usage in bits 0x0c, contents in bits 0x03.
local U_STABLE <const>, U_UNUSED <const>, U_POT_VOLATILE <const>, U_VOLATILE <const> = 0, 4, 8, 12
local RESIDENT <const>, PRESERVED <const>, ZERO <const>, EXCEPTION <const> = 0, 2, 3, 16
local SPECIFICATION <const>, OPERATION <const>, ADDRESSING <const> = 6, 1, 5
local PAGE <const> = 0x40000

local function guest(sim, more)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M", userspace_addr = ram,
		flags = more and more.flags or 0 }):eq(0)
	-- The prefix area is in the same slot: migration mode wants every slot to log.
	local vcpu = vm:create_vcpu{ lowcore = false }
	for i = 0, 3 do
		expect(vcpu:write(PAGE + i * 4096, ("page %d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm
end

local function migrate(vm, start)
	return vm:set_device_attr{ group = KVM_S390_VM_MIGRATION,
		attr = start and KVM_S390_VM_MIGRATION_START or KVM_S390_VM_MIGRATION_STOP }
end

local function swap_out(ram, offset)
	expect(ram:madvise(offset, "4K", MADV_PAGEOUT)):eq(0)
	expect(ram:page(offset >> 12).mapped):is_false()
end

scenario("ESSA: the first one enables interpretation", options, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
	expect(vcpu:stats().instruction_essa):eq(1)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
	expect(vcpu:stats().instruction_essa):eq(1)
end)

scenario("ESSA: not without CMMA", options, function(sim)
	local vcpu = sim:guest()
	expect(vcpu:essa(PAGE, GET)):fields{ exception = { code = OPERATION } }
end)

-- In migration mode KVM emulates what SIE interprets otherwise: both must give the same.
local ways = {
	{ "interpreted", function() end },
	{ "emulated", function(vm) expect(migrate(vm, true)):eq(0) end },
}

cases("ESSA: states of a page in memory,", options, ways, function(sim, case)
	local vcpu, _, vm = guest(sim, { flags = KVM_MEM_LOG_DIRTY_PAGES })
	case[2](vm)
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | RESIDENT)
	expect(vcpu:essa(PAGE, VOLATILE)):eq(U_UNUSED | RESIDENT)
	expect(vcpu:essa(PAGE, POT_VOLATILE)):eq(U_VOLATILE | RESIDENT)
	expect(vcpu:essa(PAGE, STABLE_RESIDENT)):eq(U_POT_VOLATILE | RESIDENT)
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | RESIDENT)
	expect(vcpu:essa(PAGE, STABLE_IF_RESIDENT)):eq(U_UNUSED | RESIDENT)
	expect(vcpu:essa(PAGE, VOLATILE)):eq(U_STABLE | RESIDENT)
	expect(vcpu:essa(PAGE, STABLE)):eq(U_VOLATILE | RESIDENT)
	expect(vcpu:read(PAGE, 6)):eq("page 0")
end)

cases("ESSA: states of a page that is swapped out,", options, ways, function(sim, case)
	local vcpu, ram, vm = guest(sim, { flags = KVM_MEM_LOG_DIRTY_PAGES })
	case[2](vm)
	swap_out(ram, PAGE)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE, STABLE_IF_RESIDENT)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | PRESERVED)
	-- Its contents may be dropped: it counts as zero from now on.
	expect(vcpu:essa(PAGE, STABLE_IF_RESIDENT)):eq(U_UNUSED | ZERO)
	-- Where dat_perform_essa() of 7.0 emulates, each operation that drops nothing forgets that (findings.md).
	local forgets = case[1] == "emulated" and sim:kernel_since("7.0")
	expect(vcpu:essa(PAGE, POT_VOLATILE)):eq(U_UNUSED | (forgets and PRESERVED or ZERO))
	expect(vcpu:essa(PAGE, VOLATILE)):eq(U_VOLATILE | ZERO)
	expect(vcpu:essa(PAGE, GET)):eq(U_VOLATILE | ZERO)
end)

-- What the guest has changed is kept, the rest may be dropped.
cases("ESSA: potentially volatile, of a page that is swapped out,", options, ways, function(sim, case)
	local vcpu, ram, vm = guest(sim, { flags = KVM_MEM_LOG_DIRTY_PAGES })
	local changed = PAGE + 0x1000
	expect(vcpu:sske(PAGE, 0)):is_true()
	expect(vcpu:sske(changed, 2)):is_true()
	case[2](vm)
	for _, page in ipairs{ PAGE, changed } do
		swap_out(ram, page)
		expect(vcpu:essa(page, POT_VOLATILE)):eq(U_STABLE | PRESERVED)
	end
	expect(vcpu:essa(PAGE, GET)):eq(U_VOLATILE | ZERO)
	expect(vcpu:essa(changed, GET)):eq(U_STABLE | PRESERVED)
	expect(vcpu:read(changed, 6)):eq("page 1")
end)

-- _gmap_ptep_xchg(): whoever maps the page takes back that its contents were dropped.
scenario("ESSA: a page that got new contents after the old ones were dropped", { arch = "s390x", kernel = "7.0",
	covers = options.covers }, function(sim)
	local vcpu, ram = guest(sim)
	swap_out(ram, PAGE)
	expect(vcpu:essa(PAGE, VOLATILE)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE, STABLE)):eq(U_VOLATILE | ZERO)
	expect(vcpu:write(PAGE, "new")):is_true()
	swap_out(ram, PAGE)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | PRESERVED)
	expect(vcpu:read(PAGE, 3)):eq("new")
end)

cases("ESSA: bad operands,", options, ways, function(sim, case)
	local vcpu, _, vm = guest(sim, { flags = KVM_MEM_LOG_DIRTY_PAGES })
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
	case[2](vm)
	expect(vcpu:essa(PAGE, 7)):fields{ exception = { code = SPECIFICATION } }
	-- dat_perform_essa() of 7.0 has an exception state instead.
	local outside = vcpu:essa(0x40000000, UNUSED)
	if case[1] == "emulated" and sim:kernel_since("7.0") then
		expect(outside):eq(EXCEPTION)
	else
		expect(outside):fields{ exception = { code = ADDRESSING } }
	end
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
end)

scenario("ESSA: an unused page is dropped instead of swapped out", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | RESIDENT)
	expect(ram:madvise(PAGE, "8K", MADV_PAGEOUT)):eq(0)
	expect(ram:page(0x40)):fields{ mapped = false, swapped = false }
	expect(ram:page(0x41)):fields{ mapped = false, swapped = true }
	expect(vcpu:read(PAGE, 4)):eq("\0\0\0\0")
	expect(vcpu:read(PAGE + 0x1000, 6)):eq("page 1")
end)

-- The log of the control block has 511 entries. When it is full it is passed to KVM, which frees what is in swap.
scenario("ESSA: pages that became unused in swap are freed when the log is full", options, function(sim)
	local vcpu, ram = guest(sim)
	for i = 0, 3 do
		swap_out(ram, PAGE + i * 4096)
	end
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE + 0x1000, UNUSED)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE + 0x1000, STABLE)):eq(U_UNUSED | ZERO)
	expect(vcpu:essa(PAGE + 0x2000, VOLATILE)):eq(U_STABLE | PRESERVED)
	expect(ram:page(0x40).swapped):is_true()
	for _ = 1, 511 do
		vcpu:essa(PAGE, UNUSED)
	end
	expect(ram:page(0x40).swapped):is_false()
	expect(ram:page(0x41).swapped):is_false()
	expect(ram:page(0x42).swapped):is_false()
	expect(ram:page(0x43).swapped):is_true()
	expect(vcpu:read(PAGE, 4)):eq("\0\0\0\0")
	expect(vcpu:read(PAGE + 0x3000, 6)):eq("page 3")
	expect(vcpu:essa(PAGE, GET)):eq(U_UNUSED | RESIDENT)
end)

-- The log still names a page that the guest has used since. Its state counts: ptep_zap_unused() in mm/pgtable.c.
scenario("ESSA: a page that was unused and has data again stays in swap when the log is full", options, function(sim)
	local vcpu, ram = guest(sim)
	swap_out(ram, PAGE)
	expect(vcpu:essa(PAGE, UNUSED)):eq(U_STABLE | PRESERVED)
	expect(vcpu:essa(PAGE, STABLE)):eq(U_UNUSED | ZERO)
	expect(vcpu:write(PAGE, "again")):is_true()
	swap_out(ram, PAGE)
	swap_out(ram, PAGE + 0x1000)
	for _ = 1, 511 do
		vcpu:essa(PAGE + 0x1000, UNUSED)
	end
	expect(ram:page(0x41).swapped):is_false()
	expect(ram:page(0x40).swapped):is_true()
	expect(vcpu:read(PAGE, 5)):eq("again")
end)

scenario("ESSA: KVM_S390_VM_MEM_CLR_CMMA makes all pages stable", options, function(sim)
	local vcpu, _, vm = guest(sim)
	vcpu:essa(PAGE, UNUSED)
	expect(vcpu:essa(PAGE + 0x1000, VOLATILE)):eq(U_STABLE | RESIDENT)
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_CLR_CMMA }):eq(0)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
	expect(vcpu:essa(PAGE + 0x1000, GET)):eq(U_STABLE | RESIDENT)
end)

scenario("CMMA log: states by PEEK, whoever set them", options, function(sim)
	local vcpu, _, vm = guest(sim)
	vcpu:essa(PAGE + 0x1000, UNUSED)
	vcpu:essa(PAGE + 0x2000, POT_VOLATILE)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x40, count = 4, flags = KVM_S390_CMMA_PEEK }):fields{
		start_gfn = 0x40, count = 4, remaining = 0, values = "\0\1\2\0" }
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x40, count = 4 }):eq(-EINVAL)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x43, values = "\3" }):eq(0)
	expect(vcpu:essa(PAGE + 0x3000, GET)):eq(U_VOLATILE | RESIDENT)
end)

scenario("CMMA log: migration mode names what changed since", options, function(sim)
	local vcpu, _, vm = guest(sim, { flags = KVM_MEM_LOG_DIRTY_PAGES })
	vcpu:essa(PAGE + 0x1000, UNUSED)
	expect(migrate(vm, true)):eq(0)
	local first = vm:s390_get_cmma_bits{ start_gfn = 0, count = 0x200 }
	expect(first):fields{ start_gfn = 0 }
	expect(first.values:byte(0x42)):eq(1)
	while true do
		local rest = vm:s390_get_cmma_bits{ start_gfn = 0, count = 0x200 }
		if rest.count == 0 then
			break
		end
	end
	expect(vcpu:essa(PAGE + 0x2000, VOLATILE)):eq(U_STABLE | RESIDENT)
	expect(vcpu:essa(PAGE + 0x3000, GET)):eq(U_STABLE | RESIDENT)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 0x200 }):fields{
		start_gfn = 0x42, count = 1, remaining = 0, values = "\3" }
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 0x200 }):fields{ count = 0 }
	expect(migrate(vm, false)):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0, count = 0x200 }):eq(-EINVAL)
end)

scenario("CMMA log: migration mode is refused while a slot does not log", options, function(sim)
	local _, _, vm = guest(sim)
	expect(migrate(vm, true)):eq(-EINVAL)
end)

scenario("DIAGNOSE 0x10: the guest gives pages back", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:diag10(PAGE + 0x1000, PAGE + 0x2000)):is_true()
	expect(vcpu:stats().instruction_diagnose_10):eq(1)
	expect(ram:page(0x40).mapped):is_true()
	expect(ram:page(0x41).mapped):is_false()
	expect(ram:page(0x42).mapped):is_false()
	expect(ram:page(0x43).mapped):is_true()
	expect(vcpu:read(PAGE + 0x1000, 4)):eq("\0\0\0\0")
	expect(vcpu:read(PAGE, 6)):eq("page 0")
end)

scenario("DIAGNOSE 0x10: over a hole between slots", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local more = vmm:mmap{ length = "1M" }
	more:write(0x5000, "more")
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "1M", userspace_addr = more }):eq(0)
	-- Slot 2 has nothing behind it.
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = "3M", memory_size = "1M",
		userspace_addr = (1 << 42) - (1 << 20) }):eq(0)
	expect(vcpu:diag10(PAGE + 0x1000, 0x405000)):is_true()
	expect(ram:page(0x40).mapped):is_true()
	-- do_discard_gfn_range() of 7.0 drops nothing of a slot whose last page is in the range (findings.md).
	expect(ram:page(0x41).mapped):eq(sim:kernel_since("7.0"))
	expect(more:page(5).mapped):is_false()
end)

-- gmap_discard() looks for one VMA in each segment: the rest of what the guest gave up stays, with its contents. Before
-- 6.3 it has zap_page_range(), which continues with the next VMAs; gmap_helper_discard() of 7.0 does so itself.
scenario("DIAGNOSE 0x10: where two VMAs meet only the first one's pages go", options, function(sim)
	local vcpu, ram = guest(sim)
	local stays = sim:kernel_since("6.3") and not sim:kernel_since("7.0")
	expect(ram:mprotect(PAGE + 0x2000, "4K", "rwx")):eq(0)
	expect(vcpu:diag10(PAGE, PAGE + 0x3000)):is_true()
	for i, mapped in ipairs{ false, false, stays, stays } do
		expect(ram:page(0x3f + i).mapped):eq(mapped)
	end
	expect(vcpu:read(PAGE + 0x1000, 6)):eq(("\0"):rep(6))
	expect(vcpu:read(PAGE + 0x2000, 6)):eq(stays and "page 2" or ("\0"):rep(6))
end)

cases("DIAGNOSE 0x10: refused for", { arch = "s390x" }, {
	{ "an address inside a page", PAGE + 8, PAGE },
	{ "a range that ends before it begins", PAGE + 0x1000, PAGE - 0x1000 },
	{ "the first two pages", 0x1000, PAGE },
}, function(sim, case)
	local vcpu = guest(sim)
	expect(vcpu:diag10(case[2], case[3])):fields{ exception = { code = SPECIFICATION } }
	expect(vcpu:read(PAGE, 6)):eq("page 0")
end)

-- Nothing of the process is near, so that a page table made there would be left when it ends.
local FAR <const> = 1 << 40
local far = { arch = "s390x", kernel = "6.12", before = "7.0", covers = options.covers }

scenario("CMMA log: a slot over memory that is not there has no states", far, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:essa(PAGE, GET)):eq(U_STABLE | RESIDENT)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "16M", memory_size = "1M",
		userspace_addr = FAR }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 0x1000, count = 4, flags = KVM_S390_CMMA_PEEK }):fields{
		start_gfn = 0x1000, values = "\0\0\0\0" }
	expect(vm:s390_set_cmma_bits{ start_gfn = 0x1000, values = "\3" }):eq(0)
	local first = vm:s390_get_cmma_bits{ start_gfn = 0x1000, count = 1, flags = KVM_S390_CMMA_PEEK }
	expect(first):fields{ values = "\0" }
	expect(vcpu:read(PAGE, 4)):eq("page")
end)

-- The log of the control block names the page until it is full: __gmap_zap() finds nothing at its address then.
scenario("ESSA: a page that became unused is unmapped before the log is full", far, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local away = vmm:mmap{ addr = FAR, length = "1M", huge = false,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "16M", memory_size = "1M",
		userspace_addr = away }):eq(0)
	expect(vcpu:write("16M", "far")):is_true()
	swap_out(away, 0)
	swap_out(ram, PAGE)
	expect(vcpu:essa(16 << 20, UNUSED)):eq(U_STABLE | PRESERVED)
	expect(away:munmap()):eq(0)
	for _ = 1, 511 do
		vcpu:essa(PAGE, UNUSED)
	end
	expect(ram:page(0x40).swapped):is_false()
end)
