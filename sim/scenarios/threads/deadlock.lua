-- SPDX-License-Identifier: GPL-2.0-only
-- A wait that nothing can end is reported, with each waiting thread and its place, instead of running into the time
-- limit.

scenario("a vCPU that waits for a start-up interrupt that nobody sends", { arch = "x86_64" }, function(sim)
	sim:expect_report{ kind = "deadlock", match = "sleeps (state 0x1); holds &vcpu->mutex" }
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "1M" }
	local vm = vmm:open_kvm():create_vm()
	-- With local APICs in the kernel every vCPU except the first one waits until another one starts it.
	expect(vm:enable_cap{ cap = KVM_CAP_SPLIT_IRQCHIP, args = { 24 } }):eq(0)
	expect(vm:set_user_memory_region{
		slot = 0, guest_phys_addr = 0, memory_size = 1 << 20, userspace_addr = ram.addr,
	}):eq(0)
	local first, second = vm:create_vcpu(), vm:create_vcpu()
	sim:thread("first", function()
		expect(first:write(0x1000, "starts nobody")):is_true()
	end)
	sim:thread("second", function()
		second:read(0x1000, 8)
	end)
	sim:join()
end)

scenario("a vCPU that is off, and that nobody turns on", { arch = "arm64" }, function(sim)
	sim:expect_report{ kind = "deadlock", match = "sleeps (state 0x1); holds &vcpu->mutex" }
	local first, _, vm = sim:guest()
	local second = vm:create_vcpu{ init = { features = { KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_POWER_OFF } } }
	sim:thread("first", function()
		expect(first:write(0x1000, "starts nobody")):is_true()
	end)
	sim:thread("second", function()
		second:read(0x1000, 8)
	end)
	sim:join()
end)
