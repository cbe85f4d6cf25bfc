-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_PRE_FAULT_MEMORY on s390 (api.rst 4.143; kvm_arch_vcpu_pre_fault_memory()): pages for the guest before it asks.

local options = { arch = "s390x", needs = { "KVM_CAP_PRE_FAULT_MEMORY", "KVM_CAP_S390_KEYOP" } }
local MiB <const> = 1 << 20

scenario("pre-fault on s390: every page of the range is mapped for reading, none beside it", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	ram:write(0x4000, "there")
	local rc, left = vcpu:pre_fault_memory{ gpa = 0x4000, size = "32K" }
	expect(rc):eq(0)
	expect(left):eq{ gpa = 0xc000, size = 0 }
	for page = 4, 11 do
		expect(sim.inspect:mapping(vm, page * 4096)):fields{ present = true, dirty = false, page = ram:page(page) }
	end
	expect(ram:page(5)):fields{ zero = true }
	expect(sim.inspect:mapping(vm, 0x3000).present):is_false()
	expect(sim.inspect:mapping(vm, 0xc000).present):is_false()
	local before = sim.inspect:counters().guest_faults
	expect(vcpu:read(0x4000, 5)):eq("there")
	expect(sim.inspect:counters().guest_faults):eq(before)
	expect(vcpu:write(0x5000, "x")):is_true()
end)

cases("pre-fault on s390: refused", options, {
	{ "outside of the slots",           0x40000000, -ENOENT },
	{ "where the VMM has no memory",    0x6000,     -EFAULT },
	{ "the end of all addresses",       -4096,      -EINVAL },
}, function(sim, case)
	local vcpu, ram = sim:guest()
	expect(ram:munmap(0x6000, "4K")):eq(0)
	expect((vcpu:pre_fault_memory{ gpa = case[2], size = "4K" })):eq(case[3])
end)

scenario("pre-fault on s390: it stops where the slot ends", options, function(sim)
	local vcpu = sim:guest()
	local rc, left = vcpu:pre_fault_memory{ gpa = 2 * MiB - 0x2000, size = "16K" }
	expect(rc):eq(0)
	expect(left):eq{ gpa = 2 * MiB, size = 0x2000 }
end)

scenario("pre-fault on s390: not for a VM that user space controls", options, function(sim)
	local vm = sim:process():open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	expect((vm:create_vcpu{ lowcore = false }:pre_fault_memory{ gpa = 0, size = "4K" })):eq(-EINVAL)
end)

scenario("pre-fault on s390: a page that is mapped keeps its rights and marks", options, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vcpu:pre_fault_memory{ gpa = 0x5000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, writable = true, dirty = true, page = ram:page(5) }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
end)

scenario("pre-fault on s390: a huge page in one step", { arch = "s390x", mmu = "hpage", needs = options.needs }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", hugetlb = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	local rc, left = vcpu:pre_fault_memory{ gpa = MiB + 0x5000, size = "3M" }
	expect(rc):eq(0)
	expect(left):eq{ gpa = 4 * MiB, size = 0x5000 }
	for segment = 1, 3 do
		expect(sim.inspect:mapping(vm, segment * MiB)):fields{ present = true, level = 2, page = ram:page(segment << 8) }
	end
	expect(sim.inspect:mapping(vm, 0).present):is_false()
end)
