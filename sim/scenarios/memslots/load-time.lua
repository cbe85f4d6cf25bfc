-- SPDX-License-Identifier: GPL-2.0-only
-- What is fixed when KVM is loaded: parameters of its modules, the machine's CPUs and width of addresses.

local nested = { "ept", "npt" }
local x86 = { "ept", "npt", "shadow" }

-- kvm.tdp_mmu: without it nested tables are kept by the code of shadow paging, which alone looks for its pages in a
-- hash and counts those that are not there: __kvm_mmu_get_shadow_page(), arch/x86/kvm/mmu/mmu.c.
cases("load time: tdp_mmu decides which code keeps nested tables", { mmu = nested,
	params = { { ["kvm.tdp_mmu"] = false }, { ["kvm.tdp_mmu"] = true } } }, { { "of 4 KiB pages" } }, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:read(0x1000, 4)):eq("data")
	expect(vm:stats().mmu_cache_miss > 0):eq(sim.params["kvm.tdp_mmu"] == "N")
	expect(sim:set_module_param("kvm.tdp_mmu", true)):eq(sim:kernel_since("6.3") and -EACCES or 0)
end)

scenario("load time: without tdp_mmu, as a personality", {
	mmu = { "ept_rmap", "npt_rmap" },
}, function(sim)
	local vcpu, _, vm = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(vm:stats().mmu_cache_miss):gt(0)
end)

-- Without it dirty logging splits a huge page when the guest writes to it, not before.
scenario("load time: eager_page_split", { mmu = nested,
	params = { { ["kvm.eager_page_split"] = false }, { ["kvm.eager_page_split"] = true } } }, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "2M", huge = true } }
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(sim.inspect:mapping(vm, 0).level):eq(2)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram,
		flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
	expect(vm:stats().pages_4k):eq(sim.params["kvm.eager_page_split"] == "Y" and 512 or 0)
end)

-- MMIO entries need a reserved bit, which a processor with 52 bits of address does not have, unless it has EPT:
-- kvm_mmu_reset_all_pte_masks(), arch/x86/kvm/mmu/spte.c. Without it each MMIO access asks the slots.
for _, bits in ipairs{ 36, 46, 51, 52 } do
	scenario("load time: MMIO with addresses of " .. bits .. " bits", {
		mmu = x86, params = { ["machine.maxphyaddr"] = bits },
	}, function(sim)
		local vcpu, ram = sim:guest()
		expect(vcpu:write(0x1000, "data")):is_true()
		expect(ram:read(0x1000, 4)):eq("data")
		for _ = 1, 2 do
			local exit = vcpu:read("1G", 4)
			expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 1 << 30, len = 4, is_write = 0 } }
			expect(exit.faults):eq(1)
			expect(exit:complete("mmio")):eq("mmio")
		end
	end)
end

-- The highest frame that there can be, and the one above. EPT of four levels ends at 48 bits: above-48-bits.lua.
for _, bits in ipairs{ 36, 40, 52 } do
	scenario("load time: the highest frame with addresses of " .. bits .. " bits", {
		arch = "x86_64", mmu = nested,
		params = { ["machine.maxphyaddr"] = bits }, facilities = { la57 = bits > 48 },
	}, function(sim)
		local vmm = sim:process()
		local ram = vmm:mmap{ length = "8K" }
		local vm = vmm:open_kvm():create_vm()
		local slot = { slot = 0, guest_phys_addr = (1 << bits) - 0x1000, memory_size = "4K", userspace_addr = ram.addr }
		expect(vm:set_user_memory_region(slot)):eq(0)
		expect(vm:create_vcpu():write((1 << bits) - 4, "last")):is_true()
		expect(ram:read(0xffc, 4)):eq("last")
		slot.slot, slot.guest_phys_addr = 1, 1 << bits
		expect(vm:set_user_memory_region(slot)):eq(-EINVAL)
	end)
end

local any = { "ept", "npt", "shadow", "vhe" }
scenario("load time: one CPU", { mmu = any, params = { ["machine.cpus"] = 1 } }, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:munmap(0, "4K")):eq(0)
	expect(vm:check_extension(KVM_CAP_NR_VCPUS)):eq(1)
end)

-- Two threads are all that three CPUs have beside the scenario's own.
scenario("load time: three CPUs", {
	mmu = any, params = { ["machine.cpus"] = 3 }, check = "end",
}, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vm:check_extension(KVM_CAP_NR_VCPUS)):eq(3)
	local rounds = 0
	sim:thread("vcpu", function()
		while not sim:stopping() do vcpu:write(0x1000, "data") end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			ram:madvise(0x1000, "4K", MADV_DONTNEED)
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return rounds >= 5 end }
	expect(rounds):ge(5)
end)
