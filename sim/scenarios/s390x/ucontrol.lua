-- SPDX-License-Identifier: GPL-2.0-only
-- VMs whose guest memory user space maps by itself, per vCPU (KVM_VM_S390_UCONTROL).

local options = { arch = "s390x" }

local KVM_VM_S390_UCONTROL <const>, KVM_EXIT_S390_UCONTROL <const> = 1, 20
local KVM_S390_UCAS_MAP <const>, KVM_S390_UCAS_UNMAP <const>, KVM_S390_VCPU_FAULT <const> =
	0x4018ae50, 0x4018ae51, 0x4008ae52
local MiB <const> = 1 << 20

local function segment(vcpu, cmd, user_addr, vcpu_addr, length)
	return vcpu:ioctl(cmd, string.pack("<i8i8i8", user_addr, vcpu_addr, length))
end

-- 4 MiB of the VMM's; the first one is mapped at 0, where the prefix area is.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(segment(vcpu, KVM_S390_UCAS_MAP, ram.addr, 0, MiB)):eq(0)
	return vcpu, ram, vm
end

scenario("ucontrol: the guest sees what is mapped for it, elsewhere it leaves to user space", options, function(sim)
	local vcpu, ram = guest(sim)
	ram:write(0x3000, "from the VMM")
	expect(vcpu:read(0x3000, 12)):eq("from the VMM")
	expect(vcpu:read(MiB, 1)):fields{ ret = 0, reason = KVM_EXIT_S390_UCONTROL }
	expect(segment(vcpu, KVM_S390_UCAS_MAP, ram.addr + MiB, MiB, MiB)):eq(0)
	expect(vcpu:write(MiB + 8, "mapped")):is_true()
	expect(ram:read(MiB + 8, 6)):eq("mapped")
	expect(segment(vcpu, KVM_S390_UCAS_UNMAP, 0, MiB, MiB)):eq(0)
	expect(vcpu:read(MiB, 1)):fields{ ret = 0, reason = KVM_EXIT_S390_UCONTROL }
	expect(ram:read(MiB + 8, 6)):eq("mapped")
end)

cases("ucontrol: refused", options, {
	{ "a part of a segment",  0,      MiB,          0x1000, -EINVAL },
	{ "an unaligned address", 0,      MiB + 0x1000, MiB,    -EINVAL },
	{ "an unaligned origin",  0x1000, MiB,          MiB,    -EINVAL },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(segment(vcpu, KVM_S390_UCAS_MAP, ram.addr + case[2], case[3], case[4])):eq(case[5])
end)

scenario("ucontrol: no slots; the faults that user space asks for", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 8 * MiB, memory_size = MiB,
		userspace_addr = ram }):eq(-EINVAL)
	expect(vcpu:ioctl(KVM_S390_VCPU_FAULT, 0x5000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, page = ram:page(5) }
	expect(vcpu:ioctl(KVM_S390_VCPU_FAULT, 8 * MiB)):eq(-EFAULT)
end)
