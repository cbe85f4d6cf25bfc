-- SPDX-License-Identifier: GPL-2.0-only
-- khugepaged makes huge pages of small ones that somebody uses. What only the guest has used, it learns from KVM:
-- mmu_notifier_test_young(), which must leave the marks as they are.

local SIZE <const> = 2 << 20
local options <const> = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }

-- A guest on small pages, where huge ones may be, in one of which it has written to a page.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2 * SIZE, huge = false } }
	expect(vcpu:write(SIZE + 0x5000, "guest")):is_true()
	expect(ram:madvise(0, 2 * SIZE, MADV_HUGEPAGE)):eq(0)
	-- No page of the host looks used: neither its entry nor its frame.
	expect(ram:madvise(0, 2 * SIZE, MADV_COLD)):eq(0)
	return vcpu, ram, vm, vmm
end

-- khugepaged asks again after KVM has unmapped the pages. On x86_64 up to 6.12 KVM has told mm by then that they were
-- used; elsewhere it does not, and they stay small.
local function collapsed(sim)
	return sim.arch == "x86_64" and not sim:kernel_since("6.13") and 1 or 0
end

local function accessed(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).accessed
end

scenario("khugepaged: a page that the guest has used makes a huge one", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(accessed(sim, vm, SIZE + 0x5000)):is_true()
	expect(vmm:khugepaged()):eq(collapsed(sim))
	expect(sim.inspect:mapping(vm, SIZE + 0x5000).present):is_false()
	expect(ram:page(SIZE // PAGE_SIZE)):fields{ huge = collapsed(sim) == 1 }
	expect(ram:page(0)):fields{ mapped = false }
	expect(vcpu:read(SIZE + 0x5000, 5)):eq("guest")
	expect(vcpu:write(SIZE + 0x6000, "more")):is_true()
	expect(ram:read(SIZE + 0x5000, 5)):eq("guest")
	expect(ram:read(SIZE + 0x6000, 4)):eq("more")
end)

scenario("khugepaged: a page that nobody has used does not", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(ram:age(SIZE + 0x5000)):eq(1)
	expect(accessed(sim, vm, SIZE + 0x5000)):is_false()
	expect(vmm:khugepaged()):eq(0)
	expect(sim.inspect:mapping(vm, SIZE + 0x5000).present):is_true()
	expect(ram:page(SIZE // PAGE_SIZE + 5)):fields{ mapped = true, huge = false }
	expect(vcpu:read(SIZE + 0x5000, 5)):eq("guest")
end)

scenario("khugepaged: to ask takes no mark away", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	-- A pin keeps the pages small.
	expect(ram:pin(SIZE + 0x5000)):eq(0)
	expect(ram:madvise(0, 2 * SIZE, MADV_COLD)):eq(0)
	expect(vmm:khugepaged()):eq(0)
	expect(accessed(sim, vm, SIZE + 0x5000)):is_true()
	expect(ram:unpin(SIZE + 0x5000)):eq(0)
	expect(vmm:khugepaged()):eq(collapsed(sim))
	expect(sim.inspect:mapping(vm, SIZE + 0x5000).present):is_false()
end)
