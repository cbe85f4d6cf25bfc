-- SPDX-License-Identifier: GPL-2.0-only
-- A slot, a vCPU, the first faults: what the guest, the VMM and the host's page tables must agree on.

local mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "vhe" }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

scenario("first fault: data is seen on both sides", { mmu = mmu, covers = "docs/rules.md F1 to F3" }, function(sim)
	local vcpu, ram, vm = sim:guest()

	ram:write(0x3000, "from the VMM")
	expect(vcpu:read(0x3000, 12)):eq("from the VMM")
	expect(vcpu:write(0x5008, "guest!!!")):is_true()
	expect(ram:read(0x5008, 8)):eq("guest!!!")

	expect(sim.inspect:mapping(vm, 0x3000)):fields{ present = true, page = ram:page(3), level = 1 }
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, writable = true, page = ram:page(5) }
	expect(sim.inspect:mapping(vm, 0x6000)):fields{ present = false }
end)

scenario("first fault: gfn_to_hva and gfn_to_pfn agree with the host's page tables", { mmu = mmu }, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:write(0x7000, "x")):is_true()
	expect(sim.inspect:gfn_to_hva(vm, 7)):eq(ram.addr + 0x7000)
	expect(sim.inspect:gfn_to_pfn(vm, 7)):eq(ram:page(7).pfn)
	expect(sim.inspect:gfn_to_hva(vm, 511)):eq(ram.addr + 511 * 4096)
	expect(sim.inspect:gfn_to_hva(vm, 512)):errno(EFAULT)
end)

scenario("first fault: reading untouched memory maps the zero page, writing replaces it", { mmu = mmu }, function(sim)
	local vcpu, ram, vm = sim:guest()
	-- Before 6.10 no s390 process with a VM gets it; it gets a page of its own at once (mm_forbids_zeropage()).
	local shared = sim.arch ~= "s390x" or sim:kernel_since("6.10")

	expect(vcpu:read(0x4000, 8)):eq(("\0"):rep(8))
	expect(ram:page(4)):fields{ mapped = true, zero = shared, writable = not shared }
	expect(sim.inspect:mapping(vm, 0x4000)):fields{ present = true, writable = not shared, page = ram:page(4) }

	expect(vcpu:write(0x4000, "A")):is_true()
	expect(ram:page(4)):fields{ mapped = true, zero = false, anon = true }
	expect(sim.inspect:mapping(vm, 0x4000)):fields{ present = true, writable = true, page = ram:page(4) }
	expect(vcpu:read(0x4000, 2)):eq("A\0")
end)

-- An arm64 guest without tables of its own may not access memory unaligned.
scenario("first fault: an access across two pages takes both", {
	arch = { "x86_64", "s390x" }, mmu = mmu,
}, function(sim)
	local vcpu, ram, vm = sim:guest()

	expect(vcpu:write(0x1ffc, "abcdefgh")):is_true()
	expect(ram:read(0x1ffc, 8)):eq("abcdefgh")
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
	expect(sim.inspect:mapping(vm, 0x2000).present):is_true()
end)

scenario("first fault: exchange and instruction fetch", { mmu = mmu }, function(sim)
	local vcpu, ram = sim:guest()

	ram:write(0x8000, "old.")
	expect(vcpu:xchg(0x8000, "new.")):eq("old.")
	expect(ram:read(0x8000, 4)):eq("new.")
	ram:write(0x9000, "\x90")
	expect(vcpu:fetch(0x9000)):eq("\x90")
end)

scenario("first fault: outside every slot is MMIO", { arch = { "x86_64", "arm64" }, mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest()

	local exit = vcpu:read(0x200000, 4)
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x200000, len = 4, is_write = 0 } }
	expect(exit.mmio:complete("\x11\x22\x33\x44")):eq("\x11\x22\x33\x44")

	exit = vcpu:write(0x200008, "\xaa\xbb")
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	expect(exit.mmio):fields{ phys_addr = 0x200008, len = 2, is_write = 1, data = "\xaa\xbb" }
	expect(exit:complete()):is_true()
	expect(sim.inspect:mapping(vm, 0x200000)):fields{ present = false }
end)

scenario("first fault: a slot over a hole in the VMM's memory", { mmu = mmu }, function(sim)
	local vcpu, ram = sim:guest()

	expect(ram:munmap(0x10000, "4K")):eq(0)
	expect(vcpu:read(0x10000, 1)):fields(failed(sim))
	expect(vcpu:write(0x10000, "x")):fields(failed(sim))
	expect(vcpu:write(0x11000, "x")):is_true()
end)

scenario("first fault: memory that the VMM may only read", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { prot = "r" } }

	expect(vcpu:read(0x1000, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vcpu:write(0x1000, "x")):fields(failed(sim))
end)

scenario("first fault: memory that the VMM may not touch", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest{ ram = { prot = "none" } }

	expect(vcpu:read(0x1000, 1)):fields(failed(sim))
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = false }
end)

scenario("first fault: two vCPUs see one memory", { mmu = mmu }, function(sim)
	local vcpu, _, vm = sim:guest()
	local second = vm:create_vcpu()

	expect(vcpu:write(0x2000, "from 0")):is_true()
	expect(second:read(0x2000, 6)):eq("from 0")
	expect(second:write(0x2000, "from 1")):is_true()
	expect(vcpu:read(0x2000, 6)):eq("from 1")
end)
