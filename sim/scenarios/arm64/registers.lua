-- SPDX-License-Identifier: GPL-2.0-only
-- How a vCPU starts, and its registers through KVM_GET_ONE_REG and KVM_SET_ONE_REG.

local X0 <const> = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE

scenario("arm64: a vCPU that was not initialized does not run", { arch = "arm64" }, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	local vcpu = vm:create_vcpu{ init = false }

	expect(vcpu:ioctl(KVM_RUN)):errno(ENOEXEC)
	expect(vcpu:get_one_reg(X0)):errno(ENOEXEC)
	expect(vcpu:init{ target = 77 }):errno(EINVAL)
	expect(vcpu:init{ features = { 31 } }):errno(ENOENT)
	expect(vcpu:init()):eq(0)
	expect(vcpu:get_one_reg(X0)):eq(0)
end)

scenario("arm64: a vCPU that is initialized again starts from the beginning", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:set_regs{ x5 = 5, pc = 0x1000 }):eq(0)
	expect(vcpu:set_sysreg("ttbr0_el1", 0x5000)):eq(0)
	expect(vcpu:init()):eq(0)
	expect(vcpu:get_regs()):fields{ x5 = 0, pc = 0, pstate = PSR_MODE_EL1h | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT |
		PSR_F_BIT }
	-- Where the architecture leaves a register unknown, KVM chooses a value that stands out.
	expect(vcpu:get_sysreg("ttbr0_el1")):eq(0x1de7ec7edbadc0de)
	-- Other features than the first time.
	expect(vcpu:init{ features = {} }):errno(EINVAL)
end)

scenario("arm64: general registers keep their values, also over an access", { arch = "arm64" }, function(sim)
	local vcpu, ram = sim:guest()

	expect(vcpu:set_regs{ x2 = 2, x30 = 30, sp_el1 = 0x8000, elr_el1 = 0x44, pc = 0x3000 }):eq(0)
	ram:write(0x1000, "12345678")
	expect(vcpu:read(0x1000, 8)):eq("12345678")
	-- A load of X0 from where X1 points.
	expect(vcpu:get_regs()):fields{ x0 = 0x3837363534333231, x1 = 0x1000, x2 = 2, x30 = 30, sp_el1 = 0x8000,
		elr_el1 = 0x44, pc = 0x3004 }
end)

scenario("arm64: PSTATE must be one of the vCPU's modes", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:set_regs{ pstate = PSR_MODE_EL0t }):eq(0)
	expect(vcpu:get_regs().pstate):eq(PSR_MODE_EL0t)
	expect(vcpu:set_regs{ pstate = PSR_MODE_EL2h }):errno(EINVAL)
	expect(vcpu:set_regs{ pstate = PSR_MODE32_BIT }):errno(EINVAL)
	expect(vcpu:get_regs().pstate):eq(PSR_MODE_EL0t)
end)

scenario("arm64: system registers by name and by number", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:set_sysreg("mair_el1", 0x1234)):eq(0)
	expect(vcpu:get_sysreg("MAIR_EL1")):eq(0x1234)
	expect(vcpu:get_sysreg("S3_0_C10_C2_0")):eq(0x1234)
	expect(vcpu:get_sysreg("S3_7_C15_C15_7")):errno(ENOENT)
	-- Memory management as the guest finds it: at most what the machine has.
	expect(vcpu:get_sysreg("id_aa64mmfr0_el1") & 15):le(5)
	expect(vcpu:get_sysreg("ctr_el0") & 15):eq(4)
	expect(vcpu:get_sysreg("mpidr_el1")):eq(1 << 31)
end)

scenario("arm64: three granules, addresses of 48 bits, no LPA2", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()
	local mmfr0 = vcpu:get_sysreg("id_aa64mmfr0_el1")
	local function field(bit) return mmfr0 >> bit & 15 end

	expect(field(0)):eq(5)			-- PARange: 48 bits
	expect{ field(28), field(20), field(24) }:eq{ 0, 1, 0 }	-- TGran4, TGran16, TGran64: there, and no more
	expect(vcpu:set_paging{}):eq(0)
	vcpu:map{ from = 0x40000000, to = 0x3000 }
	expect(vcpu:read(0x40000000, 1)):eq("\0")
	expect(vcpu:get_sysreg("tcr_el1") >> 59 & 1):eq(0)	-- DS
end)

scenario("arm64: a guest address space has as many bits as the VM's type says", { arch = "arm64" }, function(sim)
	local vmm = sim:process()
	local kvm = vmm:open_kvm()
	local ram = vmm:mmap{ length = "2M" }
	local limit = kvm:check_extension(KVM_CAP_ARM_VM_IPA_SIZE)

	expect(limit):eq(48)
	expect(kvm:create_vm{ type = 31 }):errno(EINVAL)
	expect(kvm:create_vm{ type = limit + 1 }):errno(EINVAL)
	expect(kvm:create_vm{ type = 1 << 16 }):errno(EINVAL)
	for _, row in ipairs{ { 0, 40 }, { 32, 32 }, { 36, 36 }, { 48, 48 } } do
		local vm = kvm:create_vm{ type = row[1] }
		expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = (1 << row[2]) - 0x200000, memory_size = "2M",
			userspace_addr = ram }):eq(0)
		expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 1 << row[2], memory_size = "4K",
			userspace_addr = ram }):errno(EFAULT)
		local vcpu = vm:create_vcpu()
		expect(vcpu:write((1 << row[2]) - 8, "the last")):is_true()
		expect(ram:read(0x1ffff8, 8)):eq("the last")
		vm:close()
	end
end)
