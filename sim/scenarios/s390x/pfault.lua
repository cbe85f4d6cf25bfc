-- SPDX-License-Identifier: GPL-2.0-only
-- Pseudo page faults: what user space can reach of them. The floating interrupt controller allows them for a VM,
-- registers say where the token is and which PSW accepts one, interruptions carry it. The guest's own way is DIAGNOSE
-- 0x258.

local options = { arch = "s390x" }
local MiB <const> = 1 << 20
local NONE <const> = -1		-- KVM_S390_PFAULT_TOKEN_INVALID
local PSW_MASK_EXT <const>, CR0_SERVICE_SIGNAL <const> = 0x0100000000000000, 0x200
local RUN_PSW_MASK <const> = 32			-- offset in struct kvm_run
local SET_SREGS <const> = 0x40c0ae84		-- KVM_SET_SREGS has the size of s390's structure in it
local SREGS_BYTES <const>, SREGS_CR0 <const> = 16 * 4 + 16 * 8, 16 * 4	-- struct kvm_sregs
local PREFIX <const> = 4 * MiB
local LC_EXT_PARAMS2 <const>, LC_EXT_CPU_ADDR <const>, LC_EXT_INT_CODE <const> = 0x11b8, 0x84, 0x86
local EXT_IRQ_CP_SERVICE <const>, PFAULT_INIT <const>, PFAULT_DONE <const> = 0x2603, 0x0600, 0x0680

local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", align = MiB }
	local vm = vmm:open_kvm():create_vm()
	local flic = vm:create_device{ type = KVM_DEV_TYPE_FLIC }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "8M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = PREFIX }):eq(0)
	return vm, vcpu, ram, flic, vmm
end

-- The guest takes external interruptions of class 0x2603.
local function accept(vcpu)
	local run = vcpu:mmap{ length = "4K" }
	run:write(RUN_PSW_MASK, string.pack("<i8", PSW_MASK_EXT))
	expect(vcpu:ioctl(SET_SREGS, ("\0"):rep(SREGS_CR0) .. string.pack("<i8", CR0_SERVICE_SIGNAL)
		.. ("\0"):rep(SREGS_BYTES - SREGS_CR0 - 8))):eq(0)
	return run
end

local function lowcore(ram)
	return { code = string.unpack("<I2", ram:read(PREFIX + LC_EXT_INT_CODE, 2)),
		subcode = string.unpack("<I2", ram:read(PREFIX + LC_EXT_CPU_ADDR, 2)),
		token = string.unpack("<i8", ram:read(PREFIX + LC_EXT_PARAMS2, 8)) }
end

scenario("pfault: the registers", options, function(sim)
	local _, vcpu = guest(sim)
	expect(vcpu:get_one_reg(KVM_REG_S390_PFTOKEN)):eq{ value = NONE }
	for i, reg in ipairs{ KVM_REG_S390_PFTOKEN, KVM_REG_S390_PFCOMPARE, KVM_REG_S390_PFSELECT } do
		expect(vcpu:set_one_reg(reg, i << 40)):eq(0)
	end
	for i, reg in ipairs{ KVM_REG_S390_PFTOKEN, KVM_REG_S390_PFCOMPARE, KVM_REG_S390_PFSELECT } do
		expect(vcpu:get_one_reg(reg)):eq{ value = i << 40 }
	end
	expect(vcpu:get_one_reg(0)):eq(-EINVAL)
	expect(vcpu:set_one_reg(0, 0)):eq(-EINVAL)
end)

scenario("pfault: the floating interrupt controller turns them on and off", options, function(sim)
	local vm, vcpu, _, flic = guest(sim)
	expect(vm:create_device{ type = KVM_DEV_TYPE_FLIC }):eq(-EINVAL)
	expect(flic:has_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	expect(flic:has_device_attr{ group = 99 }):eq(-ENXIO)
	expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	expect(vcpu:write(MiB, "x")):is_true()
	expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_DISABLE_WAIT }):eq(0)
	expect(flic:close()):eq(0)
	expect(vcpu:write(MiB, "y")):is_true()
end)

-- flic_set_attr() does not check the VM's type; kvm->arch.gmap is NULL there.
cases("pfault: where user space controls the VM the kernel follows a NULL pointer", { arch = "s390x", before = "7.0" }, {
	{ "to turn them on", KVM_DEV_FLIC_APF_ENABLE }, { "to turn them off", KVM_DEV_FLIC_APF_DISABLE_WAIT },
}, function(sim, case)
	local vm = sim:process():open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	local flic = vm:create_device{ type = KVM_DEV_TYPE_FLIC }
	sim:expect_report{ kind = "oops", match = "kernel NULL pointer dereference" }
	flic:set_device_attr{ group = case[2] }
end)

cases("pfault: user space delivers a token", options, {
	{ "init, to a vCPU",       KVM_S390_INT_PFAULT_INIT, true,  PFAULT_INIT },
	{ "done, to the VM",       KVM_S390_INT_PFAULT_DONE, false, PFAULT_DONE },
}, function(sim, case)
	local vm, vcpu, ram = guest(sim)
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect((case[3] and vcpu or vm):s390_interrupt{ type = case[2], parm64 = 0x123456789a }):eq(0)
	-- The guest does not accept it yet.
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect(lowcore(ram)):fields{ code = 0 }
	accept(vcpu)
	expect(vcpu:read(MiB, 1)):eq("\0")
	expect(lowcore(ram)):eq{ code = EXT_IRQ_CP_SERVICE, subcode = case[4], token = 0x123456789a }
end)

cases("pfault: the other way round is refused", options, {
	{ "init, to the VM",    KVM_S390_INT_PFAULT_INIT, false },
	{ "done, to a vCPU",    KVM_S390_INT_PFAULT_DONE, true },
}, function(sim, case)
	local vm, vcpu = guest(sim)
	expect((case[3] and vcpu or vm):s390_interrupt{ type = case[2], parm64 = 1 }):eq(-EINVAL)
end)

-- Everything is ready for one: the VM allows them, the token's address is known, the PSW and control register 0 accept
-- it, the page is in swap. gmap_fault() of 6.12 never returns -EAGAIN, so kvm_arch_setup_async_pf() is never called.
-- 6.1 calls it for a page that is being read, but here it has been read when swapin_readahead() returns.
scenario("pfault: the guest waits for a page from swap anyway", options, function(sim)
	local vm, vcpu, ram, flic = guest(sim)
	expect(vcpu:write(MiB + 0x3000, "swapped")):is_true()
	expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	ram:write(0x8000, string.pack("<i8", 0x1234))
	expect(vcpu:set_one_reg(KVM_REG_S390_PFSELECT, 0)):eq(0)
	expect(vcpu:set_one_reg(KVM_REG_S390_PFCOMPARE, 0)):eq(0)
	expect(vcpu:set_one_reg(KVM_REG_S390_PFTOKEN, 0x8000)):eq(0)
	accept(vcpu)
	expect(ram:swap_out(MiB + 0x3000, "4K")):eq(0)
	expect(ram:page(0x103)):fields{ swapped = true }
	expect(vcpu:read(MiB + 0x3000, 7)):eq("swapped")
	expect(vcpu:stats()):fields{ pfault_sync = 0, inject_pfault_init = 0 }
	expect(vm:stats()):fields{ inject_pfault_done = 0 }
	expect(lowcore(ram)):fields{ code = 0 }
end)

-- 6.1 would start one for a page that a userfaultfd must fill, but the guest has no token. In 6.12 KVM_RUN would spin
-- (findings.md), so they stay turned off there.
scenario("pfault: without a token the guest waits for the page", options, function(sim)
	local _, vcpu, ram, flic, vmm = guest(sim)
	local on = not sim:kernel_since("6.12")
	if on then
		expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	end
	accept(vcpu)
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, MiB, 4096)):eq(0)
	sim:thread("vcpu", function()
		expect(vcpu:read(MiB + 8, 4)):eq("page")
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + MiB }
		expect(uffd:copy(ram, MiB, ("page"):rep(1024))):eq(4096)
	end)
	sim:join()
	expect(vcpu:stats()):fields{ pfault_sync = on and 1 or 0, inject_pfault_init = 0 }
end)

-- Since 7.0 kvm_s390_faultin_gfn() asks for the page without waiting, and starts one if the host would have to wait.
-- The guest is told twice, with its token: that the page is missing, and that it is there.
scenario("pfault: the guest goes on while the host waits for a page", { arch = "s390x", kernel = "7.0" }, function(sim)
	local TOKEN <const> = 0x123456789a
	local vm, vcpu, ram, flic, vmm = guest(sim)
	expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	ram:write(0x8000, string.pack("<i8", TOKEN))
	expect(vcpu:set_one_reg(KVM_REG_S390_PFSELECT, 0)):eq(0)
	expect(vcpu:set_one_reg(KVM_REG_S390_PFCOMPARE, 0)):eq(0)
	expect(vcpu:set_one_reg(KVM_REG_S390_PFTOKEN, 0x8000)):eq(0)
	accept(vcpu)
	ram:write(PREFIX, "prefix")
	ram:write(PREFIX + 4096, "prefix")
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, MiB, 4096)):eq(0)
	sim:thread("vcpu", function()
		expect(vcpu:read(MiB + 8, 4)):eq("page")
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + MiB }
		repeat
			local told = lowcore(ram)
		until told.code ~= 0
		expect(lowcore(ram)):eq{ code = EXT_IRQ_CP_SERVICE, subcode = PFAULT_INIT, token = TOKEN }
		expect(uffd:copy(ram, MiB, ("page"):rep(1024))):eq(4096)
	end)
	sim:join()
	-- The guest tries again at once, so there may be several.
	for _ = 1, 3 do
		expect(vcpu:read(0, 1)):eq("\0")
	end
	expect(lowcore(ram)):fields{ code = EXT_IRQ_CP_SERVICE, token = TOKEN }
	local inits = vcpu:stats().inject_pfault_init
	expect(inits):ge(1)
	expect(vm:stats().inject_pfault_done):eq(inits)
end)
