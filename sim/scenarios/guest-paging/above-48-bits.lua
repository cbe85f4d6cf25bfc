-- SPDX-License-Identifier: GPL-2.0-only
-- Guest-physical addresses that EPT of four levels does not reach: "With 4-level EPT, bits 51:48 of the guest-physical
-- address must all be zero; otherwise, an EPT violation occurs" (SDM vol. 3, 31.3.2). The guest gets there if the
-- processor has more than 48 address bits, and either no EPT of five levels, or a CPUID table that says 48 bits, for
-- which KVM uses four (kvm_mmu_get_tdp_level()). KVM handles the violation as one of the address without these bits,
-- and the next access is the same again (docs/findings.md).

local options = { arch = "x86_64", mmu = "ept", facilities = { la57 = true }, covers = "what KVM does today" }
local FAR <const> = 3 << 49
local NEAR_VA <const>, FAR_VA <const> = 0x40000000, 0x40001000
local LM <const>, NX <const> = 1 << 29, 1 << 20

local function leaf(number, eax, edx)
	return string.pack("<I4I4I4I4I4I4I4I4I4I4", number, 0, 0, eax, 0, 0, edx, 0, 0, 0)
end

-- A vCPU with 48 address bits and paging.
local function create_vcpu(vmm, vm)
	local vcpu, table = vm:create_vcpu{ cpuid = false }, vmm:mmap{ length = "4K" }
	expect(table:write(0, string.pack("<I4I4", 3, 0) .. leaf(0x80000000, 0x80000008, 0) ..
		leaf(0x80000001, 0, LM | NX) .. leaf(0x80000008, 48 | 48 << 8, 0))):eq(0)
	expect(vcpu:ioctl(KVM_SET_CPUID2, table.addr)):eq(0)
	expect(vcpu:set_paging{ levels = 4, tables = 0x200000 }):eq(0)
	vcpu:map{ from = NEAR_VA, to = 0x3000, prot = "rw" }
	vcpu:map{ from = FAR_VA, to = FAR + 0x3000, prot = "rw" }
	return vcpu
end

-- Memory at 0, and if far is set another slot at FAR.
local function guest(sim, far)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local near = vmm:mmap{ length = "4M", huge = false }
	local function slot(id, gpa, memory)
		expect(vm:set_user_memory_region{ slot = id, guest_phys_addr = gpa, memory_size = "4M",
			userspace_addr = memory }):eq(0)
	end
	slot(0, 0, near)
	if far then
		slot(1, FAR, vmm:mmap{ length = "4M", huge = false })
	end
	return create_vcpu(vmm, vm), vm, near, vmm
end

scenario("above 48 bits: device memory is emulated", options, function(sim)
	local vcpu, vm = guest(sim)
	local exit = vcpu:read(FAR_VA, 4)
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = FAR + 0x3000, len = 4, is_write = 0 } }
	expect(exit:complete("data")):eq("data")
	-- An MMIO SPTE where memory is. The next access there puts it right.
	expect(sim.inspect:mapping(vm, 0x3000).mmio):is_true()
	expect(vcpu:write(NEAR_VA, "near")):is_true()
	expect(vcpu:read(NEAR_VA, 4)):eq("near")
end)

-- Each access faults until a signal comes.
local function expect_endless(sim, vmm, access)
	-- A signal may also come before the first fault.
	local faults = 0
	sim:thread("vcpu", function()
		while faults <= 1 do
			local exit = access()
			expect(exit):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
			faults = exit.faults
		end
	end)
	sim:thread("signals", function()
		while faults <= 1 do
			expect(vmm:kill(SIGUSR1)):ge(1)
		end
	end)
	sim:join()
	expect(faults):gt(1)
end

scenario("above 48 bits: memory", options, function(sim)
	local vcpu, _, _, vmm = guest(sim, true)
	expect_endless(sim, vmm, function() return vcpu:write(FAR_VA, "far") end)
	vcpu:abandon()
end)

-- The same over an entry that is present. Up to 6.13 nobody flushes TLBs for the MMIO SPTE, and later nobody knows that
-- one has the page. Since then the fault is taken for one that is no more, with a warning that it is not.
scenario("above 48 bits: device memory where a page is mapped", options, function(sim)
	local vcpu, vm, near, vmm = guest(sim)
	expect(vcpu:write(NEAR_VA, "near")):is_true()
	expect(sim.inspect:mapping(vm, 0x3000).present):is_true()
	if sim:kernel_since("6.14") then
		sim:expect_report{ kind = "warn", match = "tdp_mmu.c" }
		expect_endless(sim, vmm, function() return vcpu:read(FAR_VA, 4) end)
		vcpu:abandon()
		expect(vcpu:read(NEAR_VA, 4)):eq("near")
		expect(near:madvise(0x3000, "4K", MADV_DONTNEED)):eq(0)
		return
	end
	expect(vcpu:read(FAR_VA, 4)):fields{ reason = KVM_EXIT_MMIO }
	vcpu:abandon()
	expect(sim.inspect:mapping(vm, 0x3000)):fields{ present = false, mmio = true }
	sim:expect_report{ kind = "check:guest-mappings", match = "TLB of vCPU 0 maps gfn 3 to pfn" }
	expect(near:madvise(0x3000, "4K", MADV_DONTNEED)):eq(0)
	expect(vcpu:invlpg(NEAR_VA)):is_true()
end)

-- handle_changed_spte(): a present entry may not lead to another page.
scenario("above 48 bits: memory where another slot's page is mapped", options, function(sim)
	local vcpu, _, _, vmm = guest(sim, true)
	expect(vcpu:write(NEAR_VA, "near")):is_true()
	if sim:kernel_since("6.14") then
		sim:expect_report{ kind = "warn", match = "tdp_mmu.c" }
		expect_endless(sim, vmm, function() return vcpu:write(FAR_VA, "far") end)
	else
		sim:expect_report{ kind = "bug", match = "tdp_mmu.c" }
		vcpu:write(FAR_VA, "far")
	end
end)
