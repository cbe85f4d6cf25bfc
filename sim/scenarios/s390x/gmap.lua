-- SPDX-License-Identifier: GPL-2.0-only
-- Accesses outside of slots, faults that user space requests, and pages that the guest does not need (CMMA).

local options = { arch = "s390x", mmu = { "sie", "old" } }

local USAGE_MASK <const>, UNUSED <const> = 0x03000000, 1

scenario("KVM_S390_VCPU_FAULT maps a page before the guest touches it", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = false }
	expect(vcpu:ioctl(KVM_S390_VCPU_FAULT, 0x5000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, page = ram:page(5) }
	expect(vcpu:ioctl(KVM_S390_VCPU_FAULT, 0x800000)):eq(-EFAULT)
	expect(ram:munmap(0x6000, "4K")):eq(0)
	expect(vcpu:ioctl(KVM_S390_VCPU_FAULT, 0x6000)):eq(-EFAULT)
end)

scenario("outside every slot is an addressing exception", options, function(sim)
	local vcpu, _, vm = sim:guest()
	expect(vcpu:read(0x200000, 4)):fields{ exception = { vector = PGM_ADDRESSING } }
	expect(vcpu:write(0x200008, "\xaa\xbb")):fields{ exception = { vector = PGM_ADDRESSING } }
	expect(vcpu:write(0x100008, "goes on")):is_true()
	expect(sim.inspect:mapping(vm, 0x200000)):fields{ present = false }
end)

-- __gmap_link() keeps one guest segment per segment of the process (host_to_guest): the slot is accepted, but a fault
-- in the second one fails. Since 7.0 there is no such limit.
scenario("one segment of the VMM's under two slots: before 7.0 the guest can use it through one of them", options,
	function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "1M",
		userspace_addr = ram.addr }):eq(0)
	expect(vcpu:write(0x3000, "first")):is_true()
	if sim:kernel_since("7.0") then
		expect(vcpu:read(0x403000, 5)):eq("first")
		return
	end
	expect(vcpu:s390_vcpu_fault(0x403000)):eq(-EEXIST)
	-- do_exception() of 6.1 knows -EFAULT and -ENOMEM: with -EEXIST the guest retries until a signal comes.
	if sim:kernel_since("6.12") then
		expect(vcpu:read(0x403000, 5)):fields{ ret = -EEXIST }
	end
	expect(vcpu:read(0x3000, 5)):eq("first")
end)

local function cmma_ioctl(vm, cmd, start, count, flags, mask, addr)
	return vm:ioctl(cmd, string.pack("<i8I4I4i8i8", start, count, flags, mask, addr))
end

-- The VMM must allow CMMA before it makes vCPUs.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:ioctl(KVM_SET_DEVICE_ATTR, string.pack("<I4I4i8i8", 0, KVM_S390_VM_MEM_CTRL,
		KVM_S390_VM_MEM_ENABLE_CMMA, 0))):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	return vm:create_vcpu(), ram, vm, vmm:mmap{ length = "4K" }
end

scenario("CMMA: a page that the guest does not use is dropped instead of swapped", options, function(sim)
	local vcpu, ram, vm, buf = guest(sim)
	expect(vcpu:write(0x10000, "kept")):is_true()
	expect(vcpu:write(0x11000, "dropped")):is_true()
	buf:write(0, string.char(UNUSED))
	expect(cmma_ioctl(vm, KVM_S390_SET_CMMA_BITS, 0x11, 1, 0, USAGE_MASK, buf.addr)):eq(0)
	expect(ram:madvise(0x10000, "8K", MADV_PAGEOUT)):eq(0)
	expect(ram:page(0x10)):fields{ swapped = true }
	expect(ram:page(0x11)):fields{ swapped = false, mapped = false }
	expect(vcpu:read(0x10000, 4)):eq("kept")
	expect(vcpu:read(0x11000, 7)):eq(("\0"):rep(7))
end)

scenario("CMMA: a query shows the state that was set", options, function(sim)
	local vcpu, _, vm, buf = guest(sim)
	expect(vcpu:write(0x10000, "there")):is_true()
	buf:write(0, string.char(0, UNUSED, 0))
	expect(cmma_ioctl(vm, KVM_S390_SET_CMMA_BITS, 0x10, 3, 0, USAGE_MASK, buf.addr)):eq(0)
	buf:write(0, ("\xff"):rep(3))
	expect(cmma_ioctl(vm, KVM_S390_GET_CMMA_BITS, 0x10, 3, KVM_S390_CMMA_PEEK, 0, buf.addr)):eq(0)
	expect({ buf:read(0, 3):byte(1, 3) }):eq{ 0, UNUSED, 0 }
end)

cases("CMMA: refused", options, {
	{ "where it was not enabled", false, 0, -ENXIO },
	{ "unknown flags",            true,  2, -EINVAL },
	{ "no migration mode",        true,  0, -EINVAL },
}, function(sim, case)
	local vm, buf, vcpu, _
	if case[2] then
		_, _, vm, buf = guest(sim)
	else
		vcpu, _, vm = sim:guest()
		expect(vcpu:read(0, 1)):eq("\0")
	end
	expect(cmma_ioctl(vm, KVM_S390_GET_CMMA_BITS, 0, 1, case[3], 0, buf and buf.addr or 0)):eq(case[4])
end)
