-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_PRE_FAULT_MEMORY (api.rst 4.143; kvm_vcpu_pre_fault_memory(), virt/kvm/kvm_main.c): the tables without an access.

local tdp = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY" }
local ARGS <const> = "<i8i8i8"

-- The structure as the ioctl leaves it, after success or not: result, gpa, size.
local function pre_fault(vcpu, gpa, size, flags)
	local rc, out = vcpu:ioctl(KVM_PRE_FAULT_MEMORY, string.pack(ARGS, gpa, size, flags or 0) .. ("\0"):rep(40), 64)
	if rc < 0 then
		return rc
	end
	return rc, string.unpack(ARGS, out)
end

scenario("pre-fault: every page of the range is mapped, none beside it", tdp, function(sim)
	local vcpu, _, vm = sim:guest()
	expect(vm:check_extension(KVM_CAP_PRE_FAULT_MEMORY)):eq(1)
	local rc, gpa, size = pre_fault(vcpu, 0x4000, 0x8000)
	expect(rc):eq(0)
	expect(gpa):eq(0xc000)
	expect(size):eq(0)
	for page = 4, 11 do
		expect(sim.inspect:mapping(vm, page * 4096).present):is_true()
	end
	expect(sim.inspect:mapping(vm, 0x3000).present):is_false()
	expect(sim.inspect:mapping(vm, 0xc000).present):is_false()
end)

-- kvm_arch_vcpu_pre_fault_memory() faults for reading: untouched memory is the zero page.
scenario("pre-fault: memory is read, not written", tdp, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(ram:page(1)):fields{ mapped = true, zero = true }
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(ram:page(1).zero):is_false()
end)

-- tdp_mmu_map_handle_target_level() makes a new entry with prefetch set, so make_spte() leaves accessed and dirty out,
-- even for a mapped page. The page's dirtiness goes to the host first: handle_changed_spte(). Since 6.15 such an entry
-- stays (is_access_allowed() is asked for prefetches too).
scenario("pre-fault: what is mapped already keeps its page and rights, not its marks", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY",
	covers = "what KVM does today",
}, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "kept")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ writable = true, accessed = true, dirty = true, page = ram:page(1) }
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	local marked = sim:kernel_since("6.15")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ writable = true, accessed = marked, dirty = marked, page = ram:page(1) }
	expect(vcpu:read(0x1000, 4)):eq("kept")
end)

scenario("pre-fault: the next access needs no fault", tdp, function(sim)
	local vcpu, ram = sim:guest()
	ram:write(0x1000, "data")
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	local before = sim.inspect:counters().guest_faults
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(sim.inspect:counters().guest_faults):eq(before)
	expect(vcpu:read(0x2000, 1)):eq("\0")
	expect(sim.inspect:counters().guest_faults):gt(before)
end)

scenario("pre-fault: a huge page is one step", tdp, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = true } }
	ram:write(0, "huge")
	expect(vcpu:pre_fault_memory{ gpa = 0x5000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, level = 2, page = ram:page(0) }
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "4M" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x3ff000).present):is_true()
end)

-- The range ends where nothing is: the call succeeds if one page was mapped (r < 0 ? 0 : r), and the structure says
-- what is left.
scenario("pre-fault: a range that crosses the slot's end stops there", tdp, function(sim)
	local vcpu, _, vm = sim:guest()
	local rc, gpa, size = pre_fault(vcpu, 0x1fe000, 0x4000)
	expect(rc):eq(0)
	expect(gpa):eq(0x200000)
	expect(size):eq(0x2000)
	expect(sim.inspect:mapping(vm, 0x1ff000).present):is_true()
end)

scenario("pre-fault: logged pages are protected and not reported", tdp, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	expect(vcpu:pre_fault_memory{ gpa = 0x2000, size = "4K" }):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(0x2000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 2 }
	expect(ram:read(0x2000, 1)):eq("x")
end)

scenario("pre-fault: private memory", tdp, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local ram = vmm:mmap{ length = "2M", huge = false }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram, guest_memfd = vm:create_guest_memfd{ size = "2M" } }):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = "64K", attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true }
	expect(ram:page(1).mapped):is_false()
	expect(vcpu:write(0x1000, "secret")):is_true()
	expect(ram:read(0x1000, 6)):eq(("\0"):rep(6))
end)

cases("KVM_PRE_FAULT_MEMORY refuses", tdp, {
	{ "flags",                   0,        0x1000, 1, -EINVAL },
	{ "an unaligned address",    0x10,     0x1000, 0, -EINVAL },
	{ "an unaligned size",       0,        0x1001, 0, -EINVAL },
	{ "size 0",                  0,        0,      0, -EINVAL },
	{ "a range that wraps",      -0x1000,  0x2000, 0, -EINVAL },
	{ "memory in no slot",       0x400000, 0x1000, 0, -ENOENT },
}, function(sim, case)
	local vcpu = sim:guest()
	expect((pre_fault(vcpu, case[2], case[3], case[4]))):eq(case[5])
end)

scenario("KVM_PRE_FAULT_MEMORY: memory that the VMM unmapped", tdp, function(sim)
	local vcpu, ram = sim:guest()
	expect(ram:munmap(0x1000, "4K")):eq(0)
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(-EFAULT)
end)

scenario("KVM_PRE_FAULT_MEMORY: not with shadow paging", { arch = "x86_64", mmu = "shadow", kernel = "6.11" }, function(sim)
	local vcpu, _, vm = sim:guest()
	expect(vm:check_extension(KVM_CAP_PRE_FAULT_MEMORY)):eq(0)
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "4K" }):eq(-EOPNOTSUPP)
end)
