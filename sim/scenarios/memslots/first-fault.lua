-- SPDX-License-Identifier: GPL-2.0-only
-- A slot, a vCPU, the first faults: what the guest, the VMM and the host's page tables must agree on.

any_page_size()
local PAGE <const> = PAGE_SIZE

local mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "vhe" }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

scenario("first fault: data is seen on both sides", { mmu = mmu, covers = "docs/rules.md F1 to F3" }, function(sim)
	local vcpu, ram, vm = sim:guest()

	ram:write(3 * PAGE, "from the VMM")
	expect(vcpu:read(3 * PAGE, 12)):eq("from the VMM")
	expect(vcpu:write(5 * PAGE + 8, "guest!!!")):is_true()
	expect(ram:read(5 * PAGE + 8, 8)):eq("guest!!!")

	expect(sim.inspect:mapping(vm, 3 * PAGE)):fields{ present = true, page = ram:page(3), level = 1 }
	expect(sim.inspect:mapping(vm, 5 * PAGE)):fields{ present = true, writable = true, page = ram:page(5) }
	expect(sim.inspect:mapping(vm, 6 * PAGE)):fields{ present = false }
end)

scenario("first fault: gfn_to_hva and gfn_to_pfn agree with the host's page tables", { mmu = mmu }, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:write(7 * PAGE, "x")):is_true()
	expect(sim.inspect:gfn_to_hva(vm, 7)):eq(ram.addr + 7 * PAGE)
	expect(sim.inspect:gfn_to_pfn(vm, 7)):eq(ram:page(7).pfn)
	expect(sim.inspect:gfn_to_hva(vm, 511)):eq(ram.addr + 511 * PAGE)
	expect(sim.inspect:gfn_to_hva(vm, 512)):errno(EFAULT)
end)

scenario("first fault: reading untouched memory maps the zero page, writing replaces it", { mmu = mmu }, function(sim)
	local vcpu, ram, vm = sim:guest()
	-- Before 6.10 no s390 process with a VM gets it; it gets a page of its own at once (mm_forbids_zeropage()).
	local shared = sim.arch ~= "s390x" or sim:kernel_since("6.10")

	expect(vcpu:read(4 * PAGE, 8)):eq(("\0"):rep(8))
	expect(ram:page(4)):fields{ mapped = true, zero = shared, writable = not shared }
	expect(sim.inspect:mapping(vm, 4 * PAGE)):fields{ present = true, writable = not shared, page = ram:page(4) }

	expect(vcpu:write(4 * PAGE, "A")):is_true()
	expect(ram:page(4)):fields{ mapped = true, zero = false, anon = true }
	expect(sim.inspect:mapping(vm, 4 * PAGE)):fields{ present = true, writable = true, page = ram:page(4) }
	expect(vcpu:read(4 * PAGE, 2)):eq("A\0")
end)

-- An arm64 guest without tables of its own may not access memory unaligned.
scenario("first fault: an access across two pages takes both", {
	arch = { "x86_64", "s390x" }, mmu = mmu,
}, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:write(2 * PAGE - 4, "abcdefgh")):is_true()
	expect(ram:read(2 * PAGE - 4, 8)):eq("abcdefgh")
	expect(sim.inspect:mapping(vm, PAGE).present):is_true()
	expect(sim.inspect:mapping(vm, 2 * PAGE).present):is_true()
end)

scenario("first fault: exchange and instruction fetch", { mmu = mmu }, function(sim)
	local vcpu, ram = sim:guest()

	ram:write(8 * PAGE, "old.")
	expect(vcpu:xchg(8 * PAGE, "new.")):eq("old.")
	expect(ram:read(8 * PAGE, 4)):eq("new.")
	ram:write(9 * PAGE, "\x90")
	expect(vcpu:fetch(9 * PAGE)):eq("\x90")
end)

scenario("first fault: outside every slot is MMIO", { arch = { "x86_64", "arm64" }, mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest()

	local exit = vcpu:read(0x200 * PAGE, 4)
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x200 * PAGE, len = 4, is_write = 0 } }
	expect(exit.mmio:complete("\x11\x22\x33\x44")):eq("\x11\x22\x33\x44")

	exit = vcpu:write(0x200 * PAGE + 8, "\xaa\xbb")
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	expect(exit.mmio):fields{ phys_addr = 0x200 * PAGE + 8, len = 2, is_write = 1, data = "\xaa\xbb" }
	expect(exit:complete()):is_true()
	expect(sim.inspect:mapping(vm, 0x200 * PAGE)):fields{ present = false }
end)

scenario("first fault: a slot over a hole in the VMM's memory", { mmu = mmu }, function(sim)
	local vcpu, ram = sim:guest()

	expect(ram:munmap(16 * PAGE, PAGE)):eq(0)
	expect(vcpu:read(16 * PAGE, 1)):fields(failed(sim))
	expect(vcpu:write(16 * PAGE, "x")):fields(failed(sim))
	expect(vcpu:write(17 * PAGE, "x")):is_true()
end)

scenario("first fault: memory that the VMM may only read", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { prot = "r" } }

	expect(vcpu:read(PAGE, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = true, writable = false }
	expect(vcpu:write(PAGE, "x")):fields(failed(sim))
end)

scenario("first fault: memory that the VMM may not touch", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { prot = "none" } }

	expect(vcpu:read(PAGE, 1)):fields(failed(sim))
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = false }
end)

scenario("first fault: two vCPUs see one memory", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest()
	local second = vm:create_vcpu()

	expect(vcpu:write(2 * PAGE, "from 0")):is_true()
	expect(second:read(2 * PAGE, 6)):eq("from 0")
	expect(second:write(2 * PAGE, "from 1")):is_true()
	expect(vcpu:read(2 * PAGE, 6)):eq("from 1")
end)
