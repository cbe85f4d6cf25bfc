-- SPDX-License-Identifier: GPL-2.0-only
-- What a change of the slots costs while the guest has memory.

local ALL <const> = { "ept", "npt", "shadow", "sie", "vhe" }
local TIMES <const> = 100

-- A guest of 16 MiB that is populated, and room for another slot.
local function populated(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "16M" } }

	vcpu:workload{ op = "write", range = { 0, 16 << 20 } }
	return vcpu, ram, vm, vmm, slot
end

scenario("slots: one is created and deleted", { mmu = ALL, check = "end" }, function(sim)
	local _, ram, vm = populated(sim)
	local slot = { slot = 1, guest_phys_addr = "64M", memory_size = "1M", userspace_addr = ram.addr }

	sim:measure("pair", TIMES, function()
		for _ = 1, TIMES do
			slot.memory_size = "1M"
			assert(vm:set_user_memory_region(slot) == 0)
			slot.memory_size = 0
			assert(vm:set_user_memory_region(slot) == 0)
		end
	end)
end)

scenario("slots: one is moved", { mmu = { "ept", "npt", "shadow", "vhe" }, check = "end" }, function(sim)
	local _, ram, vm = populated(sim)
	local slot = { slot = 1, guest_phys_addr = "64M", memory_size = "1M", userspace_addr = ram.addr }

	assert(vm:set_user_memory_region(slot) == 0)
	sim:measure("move", TIMES, function()
		for i = 1, TIMES do
			slot.guest_phys_addr = i % 2 == 1 and "128M" or "64M"
			assert(vm:set_user_memory_region(slot) == 0)
		end
	end)
end)

cases("slots: a populated one is deleted", { mmu = ALL }, { { "1M", 1 }, { "16M", 16 }, { "64M", 64 } },
	function(sim, case)
		local bytes = case[2] << 20
		local vcpu, _, vm, _, slot = sim:guest{ ram = { length = bytes } }

		vcpu:workload{ op = "write", range = { 0, bytes } }
		slot.memory_size = 0
		sim:measure("deletion", 1, function()
			assert(vm:set_user_memory_region(slot) == 0)
		end)
	end)

scenario("slots: logging is switched on", { mmu = ALL }, function(sim)
	local _, _, vm, _, slot = populated(sim)

	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	sim:measure("change", 1, function()
		assert(vm:set_user_memory_region(slot) == 0)
	end)
end)

scenario("slots: logging is switched on over huge pages that are split ahead", {
	mmu = { "ept", "npt" },
}, function(sim)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "64M", huge = true } }

	vcpu:workload{ op = "write", range = { 0, 64 << 20 }, stride = 2 << 20 }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	sim:measure("huge page", 32, function()
		assert(vm:set_user_memory_region(slot) == 0)
	end)
end)
