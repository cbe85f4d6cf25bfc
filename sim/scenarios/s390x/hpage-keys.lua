-- SPDX-License-Identifier: GPL-2.0-only
-- Storage keys in 1 MiB host pages. There are no PGSTEs: a guest's key is the frame's own, and KVM emulates all key
-- instructions (the capability turns their interpretation off).

local options = { arch = "s390x", mmu = "hpage" }
local MiB <const> = 1 << 20
local ACC_3 <const>, ACC_4 <const>, FETCH <const>, REFERENCE <const>, CHANGE <const> = 0x30, 0x40, 0x08, 0x04, 0x02

local splits_vma <const> = require("hugetlb").splits_vma

-- 4 MiB of huge pages, the second written.
local function guest(sim, kind)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", hugetlb = true, kind = kind }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(MiB + 0x5000, "x")):is_true()
	return vcpu, ram, vm, vmm
end

local function key(vm, gpa)
	return vm:s390_get_skeys{ start_gfn = gpa >> 12, count = 1 }:byte()
end

scenario("hpage keys: set by the VMM, read by it and by the guest", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vm:s390_get_skeys{ start_gfn = 0x105, count = 1 }):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vm:s390_set_skeys{ start_gfn = 0x104, keys = "\x10\x38\x40" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 0x103, count = 5 }):eq("\0\x10\x38\x40\0")
	expect(vcpu:iske(MiB + 0x5000)):eq(ACC_3 | FETCH)
	expect(vcpu:iske(MiB + 0x7000)):eq(0)
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2 }
end)

scenario("hpage keys: enabling them clears the keys of the frames", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	-- The accesses of process and guest set reference and change.
	ram:write(2 * MiB, "touched")
	expect(vcpu:iske(MiB + 0x5000)):eq(0)
	expect(key(vm, 2 * MiB)):eq(0)
	-- A page that comes later has none either: clear_huge_pte_skeys().
	expect(vcpu:read(3 * MiB + 0x5000, 1)):eq("\0")
	expect(key(vm, 3 * MiB + 0x6000)):eq(0)
	expect(key(vm, 3 * MiB + 0x5000)):eq(REFERENCE)
end)

scenario("hpage keys: the accesses of the guest and of the VMM set reference and change of their 4 KiB", options,
	function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x30\x30\x30\x30" }):eq(0)
	expect(vcpu:read(MiB + 0x5000, 1)):eq("x")
	expect(vcpu:write(MiB + 0x6000, "x")):is_true()
	ram:write(MiB + 0x7000, "x")
	expect(vm:s390_get_skeys{ start_gfn = 0x105, count = 4 }):eq("\x34\x36\x36\x30")
end)

scenario("hpage keys: instructions of the guest", options, function(sim)
	local vcpu, _, vm = guest(sim)
	local gpa <const> = MiB + 0x5000
	expect(vcpu:sske(gpa, ACC_3 | REFERENCE | CHANGE)):is_true()
	expect(vcpu:iske(gpa)):eq(ACC_3 | REFERENCE | CHANGE)
	expect(vcpu:rrbe(gpa)):eq(3)
	expect(vcpu:rrbe(gpa)):eq(1)
	expect(vcpu:iske(gpa)):eq(ACC_3 | CHANGE)
	expect(vcpu:sske(gpa, ACC_4, { mc = true })):eq{ cc = 1, old = ACC_3 | CHANGE }
	expect(vcpu:sske(gpa, ACC_4 | CHANGE, { mc = true })):eq{ cc = 0, old = ACC_4 }
	expect(vcpu:pfmf(MiB, 0x20000 | 0x1000 | ACC_3)):is_true()
	expect(key(vm, MiB)):eq(ACC_3)
	expect(key(vm, 2 * MiB - 1)):eq(ACC_3)
	expect(key(vm, 2 * MiB)):eq(0)
	expect(sim.inspect:mapping(vm, MiB)):fields{ level = 2 }
end)

scenario("hpage keys: key-controlled protection", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x30\x48" }):eq(0)
	expect(vcpu:set_psw{ key = 3 }):eq(0)
	expect(vcpu:write(MiB + 0x5000, "y")):is_true()
	expect(vcpu:write(MiB + 0x6000, "y")):fields{ exception = { code = 4 } }
	expect(vcpu:read(MiB + 0x6000, 1)):fields{ exception = { code = 4 } }
	expect(vm:mem_op{ op = KVM_S390_MEMOP_ABSOLUTE_READ, gaddr = MiB + 0x6000, size = 1, key = 3,
		flags = KVM_S390_MEMOP_F_SKEY_PROTECTION }):eq(PGM_PROTECTION)
end)

-- kvm_vm_ioctl_enable_cap(): "To avoid that the hardware works on stale PGSTEs, we emulate these instructions."
scenario("hpage keys: on a machine that could interpret them KVM sees the instructions", {
	arch = "s390x", mmu = "hpage", facilities = { {}, { skey = true } },
}, function(sim)
	local vcpu = guest(sim)
	expect(vcpu:sske(MiB + 0x5000, ACC_3)):is_true()
	local before = vcpu:stats().instruction_iske
	expect(vcpu:iske(MiB + 0x5000)):eq(ACC_3)
	expect(vcpu:stats().instruction_iske - before):eq(1)
end)

-- One VM's capability turns it off only for that VM: for another VM of the process SIE interprets in its huge pages.
scenario("hpage keys: interpreted for a VM that did not ask for huge pages, but has them", {
	arch = "s390x", mmu = "hpage", before = "7.0", facilities = { skey = true },
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", hugetlb = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	expect(vmm:open_kvm():create_vm():enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:sske(0x5000, ACC_3)):is_true()
	local before = vcpu:stats().instruction_sske
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ level = 2 }
	expect(vcpu:sske(0x5000, ACC_4 | FETCH)):is_true()
	expect(vcpu:iske(0x5000)):eq(ACC_4 | FETCH)
	expect(vcpu:write(0x5000, "y")):is_true()
	expect(vcpu:rrbe(0x5000)):eq(3)
	expect(vcpu:iske(0x5000)):eq(ACC_4 | FETCH | CHANGE)
	expect(vcpu:stats().instruction_sske):eq(before)
	expect(key(vm, 0x5000)):eq(ACC_4 | FETCH | CHANGE)
end)

cases("hpage keys: stay through", options, {
	{ "mprotect",  function(ram, _, sim)
		splits_vma(sim, 2)
		expect(ram:mprotect(MiB, MiB, "none")):eq(0)
		expect(ram:mprotect(MiB, MiB, "rw")):eq(0)
	end },
	{ "mremap and back",  function(ram)
		local there = ram:mremap{ old_length = 4 * MiB, new_length = 4 * MiB, new_addr = 1 << 40,
			flags = MREMAP_MAYMOVE | MREMAP_FIXED }
		expect(there:mremap{ new_length = 4 * MiB, new_addr = ram.addr,
			flags = MREMAP_MAYMOVE | MREMAP_FIXED }.addr):eq(ram.addr)
	end },
	{ "fork that nobody writes after", function(_, vmm) expect(vmm:fork().pid):gt(0) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x38" }):eq(0)
	case[2](ram, vmm, sim)
	expect(vcpu:read(MiB + 0x5000, 1)):eq("x")
	expect(key(vm, MiB + 0x5000) & ~REFERENCE):eq(ACC_3 | FETCH)
end)

-- Keys belong to the frame, and the guest gets another one. With small pages the PGSTE keeps them. (Since 7.0 the frame
-- may be the same, and nobody sets its keys.)
cases("hpage keys: are lost by", options, {
	{ "copy on write", function(_, vmm, vcpu)
		expect(vmm:fork().pid):gt(0)
		expect(vcpu:write(MiB + 0x6000, "y")):is_true()
	end },
	{ "MADV_DONTNEED", function(ram) expect(ram:madvise(MiB, MiB, MADV_DONTNEED)):eq(0) end },
}, function(sim, case)
	local vcpu, ram, vm, vmm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x38" }):eq(0)
	case[2](ram, vmm, vcpu)
	expect(vcpu:read(MiB + 0x5000, 1)):ne("y")
	local stays = sim:kernel_since("7.0") and case[1] == "MADV_DONTNEED"
	expect(key(vm, MiB + 0x5000) & ~REFERENCE):eq(stays and ACC_3 | FETCH or 0)
end)

scenario("hpage keys: a shared page keeps them while its file does", options, function(sim)
	local vcpu, ram, vm = guest(sim, "shmem")
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x38" }):eq(0)
	expect(ram:madvise(0, 4 * MiB, MADV_DONTNEED)):eq(0)
	expect(vcpu:read(MiB + 0x5000, 1)):eq("x")
	expect(key(vm, MiB + 0x5000)):eq(ACC_3 | FETCH | REFERENCE)
	expect(ram.file:punch_hole(MiB, MiB)):eq(0)
	expect(vcpu:read(MiB + 0x5000, 1)):eq("\0")
	expect(key(vm, MiB + 0x5000)):eq(sim:kernel_since("7.0") and ACC_3 | FETCH | REFERENCE or REFERENCE)
end)

-- For a small page set_guest_storage_key() makes it dirty.
scenario("hpage keys: one that is set is not in the dirty log", options, function(sim)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, memory_size = "4M",
		userspace_addr = ram }):eq(0)
	expect(#vm:get_dirty_log{ slot = 0 }:pages()):eq(256)
	expect(vm:s390_set_skeys{ start_gfn = 0x105, keys = "\x38" }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
end)

-- Like with small pages (migration.lua): after the fault the loop continues with the next page. Since 7.0 the key waits
-- in a small page's PGSTE.
scenario("hpage keys: where there is no page yet the first one is lost", options, function(sim)
	local _, _, vm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = 0x200, keys = "\x10\x20\x30" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = 0x200, count = 3 }):eq(
		sim:kernel_since("7.0") and "\x10\x20\x30" or "\0\x20\x30")
end)
