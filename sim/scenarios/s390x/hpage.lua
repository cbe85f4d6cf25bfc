-- SPDX-License-Identifier: GPL-2.0-only
-- 1 MiB host pages: KVM_CAP_S390_HPAGE_1M, hugetlb memory as large segments of the gmap, host events on them.

local options = { arch = "s390x", mmu = "hpage" }
local MiB <const> = 1 << 20
local HPAGE <const> = { cap = KVM_CAP_S390_HPAGE_1M }

-- length of hugetlb memory in slot 0; the vCPU's lowcore lies in small pages elsewhere.
local function guest(sim, t)
	t = t or {}
	local vmm = sim:process()
	local ram = vmm:mmap{ length = t.length or "4M", hugetlb = true, kind = t.kind }
	local vm = vmm:open_kvm():create_vm()
	if t.cap ~= false then
		expect(vm:enable_cap(HPAGE)):eq(0)
	end
	expect(vm:set_user_memory_region{ slot = 0, flags = t.flags, guest_phys_addr = 0, memory_size = ram.length,
		userspace_addr = ram }):eq(0)
	return vm:create_vcpu(), ram, vm, vmm
end

local function large(sim, vm, gpa, fields)
	fields.present, fields.level = true, 2
	expect(sim.inspect:mapping(vm, gpa)):fields(fields)
end

local splits_vma <const> = require("hugetlb").splits_vma
local workload <const> = require("workload")
local old_gmap = { arch = "s390x", mmu = "hpage", before = "7.0" }

-- The result of an access to a page that the process lacks.
local function failed(sim)
	return sim:kernel_since("7.0") and { ret = -EFAULT } or { exception = { code = 5 } }
end

-- --- the capability ----------------------------------------------------------------------------------------

cases("hpage: is there", { arch = "s390x", mmu = { "sie", "hpage" } }, {
	{ "for an ordinary VM", nil, 1 }, { "not for a VM of user space's", KVM_VM_S390_UCONTROL, 0 },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm{ type = case[2] }
	expect(vm:check_extension(KVM_CAP_S390_HPAGE_1M)):eq(sim.mmu == "hpage" and case[3] or 0)
	expect(vm:enable_cap(HPAGE)):eq(sim.mmu == "hpage" and case[3] == 1 and 0 or -EINVAL)
end)

scenario("hpage: only before the first vCPU, which is checked first", { arch = "s390x", mmu = { "sie", "hpage" } },
	function(sim)
	local _, _, vm = sim:guest()
	expect(vm:enable_cap(HPAGE)):eq(-EBUSY)
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M, flags = 1 }):eq(-EINVAL)
end)

scenario("hpage: not together with CMMA, whichever comes first", options, function(sim)
	local CMMA <const> = { group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }
	local one = sim:process():open_kvm():create_vm()
	expect(one:set_device_attr(CMMA)):eq(0)
	expect(one:enable_cap(HPAGE)):eq(-EINVAL)
	local other = sim:process():open_kvm():create_vm()
	expect(other:enable_cap(HPAGE)):eq(0)
	expect(other:enable_cap(HPAGE)):eq(0)
	-- 7.0 has lost this check (findings.md).
	expect(other:set_device_attr(CMMA)):eq(sim:kernel_since("7.0") and 0 or -EINVAL)
end)

-- CMMA belongs to the VM, huge pages to the process: two VMs together have what one may not have.
scenario("hpage: a VM with CMMA gets huge pages from another VM of the same process", old_gmap, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", hugetlb = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	expect(vmm:open_kvm():create_vm():enable_cap(HPAGE)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "large")):is_true()
	large(sim, vm, 0x5000, { page = ram:page(5) })
	-- CMMA has no place for its states, and KVM does not report that.
	expect(vm:s390_set_cmma_bits{ start_gfn = 5, values = "\1" }):eq(0)
	expect(vm:s390_get_cmma_bits{ start_gfn = 5, count = 1, flags = KVM_S390_CMMA_PEEK }.values):eq("\0")
end)

-- --- mapping -----------------------------------------------------------------------------------------------

scenario("hpage: a huge page of the VMM's is one segment of the guest's", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:write(MiB + 0x5000, "VMM")
	expect(ram:page(0x105)):fields{ mapped = true, huge = true, writable = true }
	expect(vcpu:read(MiB + 0x5000, 3)):eq("VMM")
	large(sim, vm, MiB + 0x5000, { page = ram:page(0x105) })
	large(sim, vm, 2 * MiB - 1, { page = ram:page(0x1ff) })
	expect(sim.inspect:tlb(vcpu, MiB + 0x5000)):fields{ level = 2, page = ram:page(0x105) }
	expect(sim.inspect:mapping(vm, 0)):fields{ present = false }
	expect(vcpu:write(MiB + 0xff000, "guest")):is_true()
	expect(ram:read(MiB + 0xff000, 5)):eq("guest")
	expect(vcpu:write(3 * MiB, "first touch")):is_true()
	expect(ram:page(0x300)):fields{ mapped = true, huge = true, writable = true }
	large(sim, vm, 3 * MiB, { writable = true })
end)

scenario("hpage: an access over the end of a huge page", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(vcpu:write(MiB - 4, "88888888")):is_true()
	expect(ram:read(MiB - 4, 8)):eq("88888888")
	expect(ram:page(0xff)):ne(ram:page(0x100))
end)

-- Since 7.0 the guest gets small pages.
scenario("hpage: without the capability the guest's access is an addressing exception before 7.0", options, function(sim)
	local vcpu, ram, vm = guest(sim, { cap = false })
	ram:write(0x5000, "VMM")
	if sim:kernel_since("7.0") then
		expect(vcpu:read(0x5000, 3)):eq("VMM")
		expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, level = 1, page = ram:page(5) }
		expect(vcpu:write(0x6000, "x")):is_true()
		expect(ram:read(0x6000, 1)):eq("x")
		return
	end
	expect(vcpu:read(0x5000, 3)):fields{ exception = { code = 5 } }
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(-EFAULT)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = false }
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_READ, gaddr = 0x5000, size = 3 }):eq("VMM")
end)

scenario("hpage: KVM_S390_VCPU_FAULT links the segment", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vcpu:s390_vcpu_fault(MiB + 0x5000)):eq(0)
	large(sim, vm, MiB, {})
end)

scenario("hpage: huge and small pages in one slot", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	splits_vma(sim, 2)
	expect(ram:munmap(MiB, MiB)):eq(0)
	local small = vmm:mmap{ addr = ram.addr + MiB, length = MiB, huge = false,
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(small.addr):eq(ram.addr + MiB)
	expect(vcpu:write(0x5000, "large")):is_true()
	expect(vcpu:write(MiB + 0x5000, "small")):is_true()
	expect(vcpu:write(2 * MiB + 0x5000, "large")):is_true()
	large(sim, vm, 0x5000, { writable = true })
	expect(sim.inspect:mapping(vm, MiB + 0x5000)):fields{ present = true, level = 1, page = small:page(5) }
	large(sim, vm, 2 * MiB, { writable = true })
end)

cases("hpage: a huge page and small pages take turns at one address", options, { { "large first", true },
	{ "small first", false } }, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	local is_large = case[2]
	local was_small = false
	splits_vma(sim, 1)
	for round = 1, 4 do
		expect(ram:munmap(0, MiB)):eq(0)
		expect(sim.inspect:mapping(vm, 0)):fields{ present = false }
		local how = is_large and { hugetlb = true } or { huge = false }
		how.addr, how.length, how.flags = ram.addr, MiB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED
		expect(vmm:mmap(how).addr):eq(ram.addr)
		expect(vcpu:write(0x5000, ("round %d"):format(round))):is_true()
		-- Since 7.0 a page table that is there once is used for whatever comes.
		local large_again = not (was_small and sim:kernel_since("7.0"))
		expect(sim.inspect:mapping(vm, 0x5000)):fields{ level = is_large and large_again and 2 or 1, page = ram:page(5) }
		was_small = was_small or not is_large
		is_large = not is_large
	end
end)

-- --- host events -------------------------------------------------------------------------------------------

-- What takes the segment away from the guest, and whether the data come back.
local events <const> = {
	{ "munmap",        function(ram, sim)
		splits_vma(sim, 2)
		expect(ram:munmap(MiB, MiB)):eq(0)
	end, nil },
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(MiB, MiB, MADV_DONTNEED)):eq(0) end, "\0" },
	{ "mprotect",      function(ram, sim)
		splits_vma(sim, 2)
		expect(ram:mprotect(MiB, MiB, "none")):eq(0)
		expect(ram:mprotect(MiB, MiB, "rw")):eq(0)
	end, "x" },
	{ "mremap",        function(ram)
		expect(ram:mremap{ old_length = 4 * MiB, new_length = 4 * MiB, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
			new_addr = 1 << 40 }.addr):eq(1 << 40)
	end, nil, true },
}

local function loses(sim, case)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(0, "a")):is_true()
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	expect(vcpu:write(2 * MiB, "b")):is_true()
	case[2](ram, sim)
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = false }
	expect(sim.inspect:tlb(vcpu, MiB + 0x5000)):errno(ENOENT)
	for _, gpa in ipairs{ 0, 2 * MiB } do
		expect(sim.inspect:mapping(vm, gpa)):fields{ present = not case[4] }
	end
	local got = vcpu:read(MiB + 0x5000, 1)
	if case[3] then
		expect(got):eq(case[3])
		large(sim, vm, MiB, {})
	else
		expect(got):fields(failed(sim))
	end
end

cases("hpage: the guest loses a huge page by", { arch = "s390x", mmu = "hpage", facilities = {
	{}, { tlb_lc = false }, { tlb_guest = true }, { tlb_guest = true, tlb_lc = false },
} }, events, loses)

-- Linux 7.0 needs IDTE.
cases("hpage: without IDTE, the guest loses a huge page by", { arch = "s390x", mmu = "hpage", before = "7.0",
	facilities = { idte = false, tlb_lc = false } }, events, loses)

scenario("hpage: read-only for the VMM is read-only for the guest", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(0x5000, "x")):is_true()
	splits_vma(sim, 1)
	expect(ram:mprotect(0, MiB, "r")):eq(0)
	expect(vcpu:read(0x5000, 1)):eq("x")
	large(sim, vm, 0, { writable = false })
	expect(vcpu:write(0x5000, "y")):fields(failed(sim))
	expect(ram:mprotect(0, MiB, "rw")):eq(0)
	expect(vcpu:write(0x5000, "y")):is_true()
	large(sim, vm, 0, { writable = true, page = ram:page(0) })
end)

cases("hpage: fork, and copy on write by", options, { { "the guest", true }, { "the VMM", false } }, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vcpu:write(0x5000, "parent")):is_true()
	local old = ram:page(5)
	local child = vmm:fork()
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = false }
	expect(vcpu:read(0x5000, 6)):eq("parent")
	large(sim, vm, 0x5000, { writable = false, page = old })
	if case[2] then
		expect(vcpu:write(0x5000, "guest ")):is_true()
	else
		ram:write(0x5000, "guest ")
	end
	expect(ram:page(5)):ne(old)
	expect(vcpu:read(0x5000, 6)):eq("guest ")
	-- Since 7.0 it is not writable before the guest's own write.
	large(sim, vm, 0x5000, { writable = case[2] or not sim:kernel_since("7.0"), page = ram:page(5) })
	expect(child:view(ram):read(0x5000, 6)):eq("parent")
	expect(child:view(ram):page(5)):eq(old)
end)

scenario("hpage: a shared huge page: the hole in the file is one in the guest's memory", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, { kind = "shmem" })
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	expect(vcpu:write(0x5000, "stays")):is_true()
	-- A hole of less than a page is made of zeros.
	expect(ram.file:punch_hole(MiB + 0x4000, "8K")):eq(0)
	large(sim, vm, MiB, {})
	expect(vcpu:read(MiB + 0x5000, 1)):eq("\0")
	expect(ram.file:punch_hole(MiB, MiB)):eq(0)
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = false }
	expect(vcpu:read(MiB + 0x5000, 1)):eq("\0")
	expect(ram.file:ftruncate(MiB)):eq(0)
	expect(vcpu:read(MiB + 0x5000, 1)):fields(failed(sim))
	expect(vcpu:read(0x5000, 5)):eq("stays")
	local again = vmm:mmap{ length = MiB, file = ram.file }
	again:write(0x5000, "file ")
	expect(vcpu:read(0x5000, 5)):eq("file ")
end)

-- When the first megabyte of four moves, the reservation of all four is lost: clear_vma_resv_huge_pages() forgets it
-- for the VMA before move_vma() unmaps a part of that.
scenario("hpage: mremap of a part of a private mapping loses the reservation of the rest", options, function(sim)
	local ram = sim:process():mmap{ length = "4M", hugetlb = true }
	splits_vma(sim, 1)
	expect(ram:mremap{ old_length = MiB, new_length = MiB, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		new_addr = 1 << 40 }.addr):eq(1 << 40)
	sim:expect_report{ kind = "leak", match = "768 x page" }
end)

cases("hpage: what the host does not do to a huge page", options, {
	{ "swap",      -EINVAL, function(ram) return ram:swap_out(0, MiB) end },
	{ "migration", -EBUSY,  function(ram) return ram:migrate(0) end },
	{ "MADV_FREE", -EINVAL, function(ram) return ram:madvise(0, MiB, MADV_FREE) end },
	{ "MADV_DONTNEED of a part", 0, function(ram) return ram:madvise(0, "4K", MADV_DONTNEED) end },
	{ "munmap of a part", -EINVAL, function(ram) return ram:munmap(0, "4K") end },
	{ "mprotect of a part", -EINVAL, function(ram) return ram:mprotect(0, "4K", "r") end },
}, function(sim, case)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(case[3](ram)):eq(case[2])
	large(sim, vm, 0, { page = ram:page(0) })
	expect(vcpu:read(0x5000, 1)):eq("x")
end)

scenario("hpage: the guest gives pages back, and the host keeps them (gmap_discard())", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	expect(vcpu:diag10(MiB, 2 * MiB - 4096)):is_true()
	large(sim, vm, MiB, { page = ram:page(0x100) })
	expect(vcpu:read(MiB + 0x5000, 1)):eq("x")
end)

scenario("hpage: more huge pages than the host has", options, function(sim)
	local vmm = sim:process()
	local LIMIT <const> = 256	-- vm.nr_overcommit_hugepages
	expect(vmm:mmap{ length = (LIMIT + 1) * MiB, hugetlb = true }):eq(-ENOMEM)
	local most = vmm:mmap{ length = (LIMIT - 1) * MiB, hugetlb = true }
	local ram = vmm:mmap{ length = "2M", hugetlb = true, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap(HPAGE)):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(MiB, "the last one")):is_true()
	expect(vcpu:write(0, "x")):fields(failed(sim))
	splits_vma(sim, 1)
	expect(most:munmap(0, MiB)):eq(0)
	expect(vcpu:write(0, "x")):is_true()
	large(sim, vm, 0, {})
end)

scenario("hpage: a VM of user space's, in a process that may have huge pages", old_gmap, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", hugetlb = true }
	-- Written already: else the prefix area's page changes when the guest begins, and KVM requests a stop itself
	-- (ucontrol.lua).
	ram:write(0, "x")
	local vm = vmm:open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = "2M" }):eq(0)
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(-EFAULT)
	expect(vmm:open_kvm():create_vm():enable_cap(HPAGE)):eq(0)
	expect(vcpu:s390_vcpu_fault(0x5000)):eq(0)
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	large(sim, vm, MiB + 0x5000, { page = ram:page(0x105) })
	expect(ram:madvise(MiB, MiB, MADV_DONTNEED)):eq(0)
	expect(sim.inspect:mapping(vm, MiB)):fields{ present = false }
	expect(vcpu:read(MiB + 0x5000, 1)):eq("\0")
	expect(vcpu:s390_ucas_unmap{ vcpu_addr = MiB, length = MiB }):eq(0)
	expect(vcpu:read(MiB + 0x5000, 1)):fields{ reason = KVM_EXIT_S390_UCONTROL }
end)

scenario("hpage: a host without enhanced DAT has no huge pages", {
	arch = "s390x", mmu = "hpage", facilities = { edat1 = false, edat2 = false },
}, function(sim)
	local vmm = sim:process()
	expect(vmm:mmap{ length = "2M", hugetlb = true }):eq(-ENOENT)
	expect(vmm:shmem("2M", MFD_HUGETLB)):eq(-ENOENT)
	-- KVM does not check.
	expect(vmm:open_kvm():create_vm():enable_cap(HPAGE)):eq(0)
	expect(vmm:mmap{ length = "2M", huge = true }):ok()
end)

scenario("hpage: the slot is deleted, the memory stays", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = false }
	expect(vcpu:read(0x5000, 1)):fields{ exception = { code = 5 } }
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 8 * MiB, memory_size = "4M", userspace_addr = ram }):eq(0)
	expect(vcpu:read(8 * MiB + 0x5000, 1)):eq("x")
	large(sim, vm, 8 * MiB, { page = ram:page(0) })
end)

-- Not MADV_DONTNEED: together with a fault it hits a kernel bug, which this would find in one of 20 runs.
scenario("hpage: two vCPUs on two CPUs while the VMM replaces the pages", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local flags <const> = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED
	local other = vm:create_vcpu()
	for i, v in ipairs{ vcpu, other } do
		sim:thread(("vcpu %d"):format(i), function()
			for _ = 1, 20 do
				expect(workload.run(sim, v, { op = "write", range = { 0, 4 * MiB }, count = 1000 })):eq(1000)
			end
		end)
	end
	sim:thread("vmm", function()
		-- The whole area, so that no kernel has to split it.
		for _ = 1, 60 do
			expect(vmm:mmap{ addr = ram.addr, length = ram.length, flags = flags }):ok()
		end
	end)
	sim:join()
end)
