-- SPDX-License-Identifier: GPL-2.0-only
-- Device memory (VM_PFNMAP) and the VMA's rights. GUP does not look into such a VMA, so KVM reads the host's page table itself:
-- hva_to_pfn_remapped(), virt/kvm/kvm_main.c.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, covers = "what KVM does today",
}
local arm64 = { arch = "arm64", covers = "what KVM does today" }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, covers = "what KVM does today" }
local layout = { ram = { kind = "pfnmap" } }

-- hva_to_pfn_remapped() takes args.pfn and args.writable from follow_pfnmap_start() (mm/memory.c), which needs only
-- pte_present(); an entry under PROT_NONE is present (_PAGE_PROTNONE). Nothing checks the VMA for VM_READ, as GUP's
-- check_vma_flags() does for ordinary memory.
scenario("pfnmap: under PROT_NONE the guest still reads what the VMM cannot", {
	arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" }, covers = "what KVM does today", check = "end",
}, function(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", "none")):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()

	expect(ram:read(0x1000, 6)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGSEGV, code = SEGV_ACCERR }
	expect(vcpu:read(0x1000, 6)):eq("device")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }

	-- The checker finds it, in KVM's table and in the TLB.
	sim:expect_report{ kind = "check:guest-mappings", match = "maps gfn 1 to pfn" }
	sim:expect_report{ kind = "check:guest-mappings", match = "maps gfn 1 to pfn" }
	sim:check()
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(ram:read(0x1000, 6)):eq("device")
end)

scenario("pfnmap: anonymous memory under PROT_NONE is not read", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(0x1000, "memory")):is_true()
	expect(ram:mprotect(0x1000, "4K", "none")):eq(0)
	expect(vcpu:read(0x1000, 6)):fields{ ret = -EFAULT }
end)

-- A read-only slot gives KVM_PFN_ERR_RO_FAULT: kvm_handle_error_pfn() emulates, and a store that the emulator cannot
-- make is MMIO (emulator_read_write(), arch/x86/kvm/x86.c). Ordinary memory under PROT_READ gives -EFAULT.
cases("pfnmap: a write against the VMA's rights is MMIO", x86, { { "PROT_READ", "r" }, { "PROT_NONE", "none" } },
	function(sim, case)
	local vcpu, ram, vm = sim:guest(layout)
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", case[2])):eq(0)
	expect(vcpu:write(0x1000, "DEV")):fields{ ret = 0, reason = KVM_EXIT_MMIO,
		mmio = { phys_addr = 0x1000, len = 2, is_write = 1, data = "DE" } }
	expect(sim.inspect:mapping(vm, 0x1000).writable):is_false()
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(ram:read(0x1000, 6)):eq("device")
end)

-- On arm64 KVM_PFN_ERR_RO_FAULT is just an error.
cases("pfnmap: on arm64 a write against the VMA's rights fails", arm64, { { "PROT_READ", "r" }, { "PROT_NONE", "none" } },
	function(sim, case)
	local vcpu, ram, vm = sim:guest(layout)
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", case[2])):eq(0)
	expect(vcpu:write(0x1000, "DE")):fields{ ret = -EFAULT }
	expect(sim.inspect:mapping(vm, 0x1000).writable):is_false()
end)

-- KVM gets a frame, as on x86_64. It then asks the host's tables how large a mapping may be (get_user_mapping_size(),
-- arch/arm64/kvm/mmu.c), where an entry under PROT_NONE is not valid, and has the guest repeat the access.
scenario("pfnmap: on arm64 a read under PROT_NONE faults until a signal comes", {
	arch = "arm64", covers = "what KVM does today", check = "end",
}, function(sim)
	local vcpu, ram, _, vmm = sim:guest(layout)
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", "none")):eq(0)
	-- A signal may also come before the first fault.
	local faults = 0
	sim:thread("vcpu", function()
		while faults <= 1 do
			local exit = vcpu:read(0x1000, 4)
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
end)

scenario("pfnmap: read-only, then writable again", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout)
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", "r")):eq(0)
	expect(vcpu:read(0x1000, 6)):eq("device")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(vcpu:write(0x1000, "DEVICE")):is_true()
	expect(ram:read(0x1000, 6)):eq("DEVICE")
end)

-- Since 6.17 KVM maps device memory cacheable where the VMA is, and needs a machine whose caches nobody has to clean for
-- that: kvm_supports_cacheable_pfnmap(), arch/arm64/include/asm/kvm_mmu.h.
scenario("pfnmap: on arm64 cacheable device memory needs FWB and DIC", {
	arch = "arm64", needs = "KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED",
	facilities = { {}, { fwb = false }, { dic = false } },
}, function(sim)
	local possible = sim.facilities.fwb ~= false and sim.facilities.dic ~= false
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	local vm = kvm:create_vm()
	local device = vmm:mmap{ length = "2M", kind = "pfnmap" }
	local slot = { slot = 0, guest_phys_addr = 0, memory_size = "2M", userspace_addr = device.addr }
	expect(kvm:check_extension(KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED)):eq(-EINVAL)
	expect(vm:check_extension(KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED)):eq(possible and 1 or 0)
	expect(vm:set_user_memory_region(slot)):eq(possible and 0 or -EINVAL)
	if possible then
		expect(vm:create_vcpu():write(0x1000, "device")):is_true()
		expect(device:read(0x1000, 6)):eq("device")
	end
end)
