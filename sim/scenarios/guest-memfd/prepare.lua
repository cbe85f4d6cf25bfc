-- SPDX-License-Identifier: GPL-2.0-only
-- kvm_gmem_prepare_folio(): the vendor module's hook, which makes a page of guest_memfd the guest's, fails for one
-- page. KVM_RUN returns its error, and each later access asks it again. Later kernels do not have the hook.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", before = "6.18" }
local explicit = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", before = "6.18" }
local PAGE <const>, BAD <const> = 0x1000, 0x2000

local function fail(sim, errno)
	expect(sim:set_module_param("machine.prepare_gfn", BAD // PAGE)):eq(0)
	expect(sim:set_module_param("machine.prepare_errno", errno)):eq(0)
end

-- 64 KiB of private memory, and the call that makes the hook fail or work again.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local fd = vm:create_guest_memfd{ size = "64K" }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "64K", userspace_addr = ram, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	expect(vm:set_memory_attributes{ address = 0, size = "64K", attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE }):eq(0)
	return vm:create_vcpu(), vm, fd, ram, function(errno)
		fail(sim, errno)
	end
end

cases("prepare hook: it fails at each access until it works", options, {
	{ "the guest reads", function(vcpu) return vcpu:read(BAD, 4) end, "\0\0\0\0" },
	{ "the guest writes", function(vcpu) return vcpu:write(BAD, "data") end, true },
	{ "after fallocate()", function(vcpu, fd)
		expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = "64K" }):eq(0)
		return vcpu:read(BAD, 4)
	end, "\0\0\0\0" },
}, function(sim, case)
	local vcpu, vm, fd, _, hook = guest(sim)
	expect(vcpu:write(BAD - PAGE, "before")):is_true()
	for _, errno in ipairs{ EIO, EINVAL, EIO } do
		hook(errno)
		expect(case[2](vcpu, fd)):fields{ ret = -errno }
		expect(sim.inspect:mapping(vm, BAD).present):is_false()
	end
	expect(vcpu:write(BAD + PAGE, "behind")):is_true()
	hook(0)
	expect(case[2](vcpu, fd)):eq(case[3])
	expect(sim.inspect:mapping(vm, BAD).present):is_true()
	-- Once prepared, a page is not prepared again.
	hook(EIO)
	expect(vcpu:write(BAD, "again")):is_true()
	expect(vm:set_memory_attributes{ address = BAD, size = PAGE, attributes = 0 }):eq(0)
	expect(vm:set_memory_attributes{ address = BAD, size = PAGE, attributes = KVM_MEMORY_ATTRIBUTE_PRIVATE }):eq(0)
	expect(vcpu:read(BAD, 5)):eq("again")
	-- A hole takes it away: the next one is new.
	expect(fd:punch_hole(BAD, PAGE)):eq(0)
	expect(vcpu:read(BAD, 4)):fields{ ret = -EIO }
	hook(0)
	expect(vcpu:read(BAD, 4)):eq("\0\0\0\0")
	expect(vcpu:read(BAD - PAGE, 6)):eq("before")
	expect(vcpu:read(BAD + PAGE, 6)):eq("behind")
end)

scenario("prepare hook: KVM_PRE_FAULT_MEMORY stops before the page", options, function(sim)
	local vcpu, vm, _, _, hook = guest(sim)
	-- KVM_PRE_FAULT_MEMORY warns about -EIO.
	hook(EINVAL)
	local range = string.pack("<i8i8i8", 0, 4 * PAGE, 0) .. ("\0"):rep(40)
	local rc, out = vcpu:ioctl(KVM_PRE_FAULT_MEMORY, range, 64)
	expect(rc):eq(0)
	expect({ string.unpack("<i8i8", out) }):eq{ BAD, 4 * PAGE - BAD, 17 }
	expect(sim.inspect:mapping(vm, BAD - PAGE).present):is_true()
	expect((vcpu:ioctl(KVM_PRE_FAULT_MEMORY, out, 64))):eq(-EINVAL)
	expect(sim.inspect:mapping(vm, BAD).present):is_false()
	hook(0)
	expect(vcpu:pre_fault_memory{ gpa = BAD, size = 4 * PAGE - BAD }):eq(0)
	expect(sim.inspect:mapping(vm, BAD + PAGE).present):is_true()
end)

-- kvm_gmem_populate() leaves the preparation to its caller's function.
scenario("prepare hook: a page that was filled is not prepared again", options, function(sim)
	local vcpu, vm, _, ram, hook = guest(sim)
	expect(ram:write(0, "filled")):eq(0)
	hook(EIO)
	expect(vm:populate{ gpa = BAD, size = PAGE, source = ram.addr }):eq(1)
	expect(vcpu:read(BAD, 6)):eq("filled")
end)

scenario("prepare hook: the shared side of the page does not know it", options, function(sim)
	local vcpu, vm, _, ram, hook = guest(sim)
	hook(EIO)
	expect(vm:set_memory_attributes{ address = BAD, size = PAGE, attributes = 0 }):eq(0)
	expect(vcpu:write(BAD, "shared")):is_true()
	expect(ram:read(BAD, 6)):eq("shared")
end)

-- The posted interface: the page is in the file and stays private, whatever becomes of its preparation.
scenario("prepare hook: with the posted interface", explicit, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { KVM_MEM_PRIVATE_ENABLE } }):eq(0)
	local fd = vm:create_guest_memfd{ size = "64K", flags = GUEST_MEMFD_FLAG_EXPLICIT }
	expect(vm:set_user_memory_region_ext{ slot = 0, flags = KVM_MEM_PRIVATE, guest_phys_addr = 0,
		memory_size = "64K", userspace_addr = ram, private_fd = fd, private_offset = 0 }):eq(0)
	local vcpu = vm:create_vcpu()
	fail(sim, EIO)
	expect(fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = 0, length = "64K" }):eq(0)
	expect(vcpu:write(BAD, "data")):fields{ ret = -EIO }
	expect(vcpu:write(BAD - PAGE, "data")):is_true()
	fail(sim, 0)
	expect(vcpu:write(BAD, "data")):is_true()
	expect(ram:read(BAD, 4)):eq("\0\0\0\0")
end)
