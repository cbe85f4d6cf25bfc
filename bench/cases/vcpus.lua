-- SPDX-License-Identifier: GPL-2.0-only
-- What more vCPUs cost. One native thread runs them in turn.

local ALL <const> = { "ept", "npt", "shadow", "sie", "vhe" }
local COUNTS <const> = { { "1 vCPU", 1 }, { "4 vCPUs", 4 }, { "16 vCPUs", 16 }, { "64 vCPUs", 64 } }
local TIMES <const> = 16

-- A guest of 16 MiB with n vCPUs.
local function guest(sim, n)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "16M" } }
	local vcpus = { vcpu }

	for i = 2, n do
		vcpus[i] = vm:create_vcpu()
	end
	return vcpus, ram, vm, vmm, slot
end

local function all_write(vcpus, bytes)
	for _, vcpu in ipairs(vcpus) do
		vcpu:workload{ op = "write", range = { 0, bytes } }
	end
end

cases("vCPUs: each faults on its own pages", { mmu = ALL, check = "end" }, COUNTS, function(sim, case)
	local n = case[2]
	local vcpus = guest(sim, n)
	local bytes = (16 << 20) // n

	sim:measure("page", 4096, function()
		for i, vcpu in ipairs(vcpus) do
			assert(vcpu:workload{ op = "write", range = { (i - 1) * bytes, bytes } } == bytes >> 12)
		end
	end)
end)

cases("vCPUs: the host unmaps a page that all have used", { mmu = ALL, check = "end" }, COUNTS, function(sim, case)
	local vcpus, ram = guest(sim, case[2])

	all_write(vcpus, TIMES << 12)
	sim:measure("page", TIMES, function()
		for page = 0, TIMES - 1 do
			assert(ram:munmap(page << 12, 4096) == 0)
		end
	end)
end)

cases("vCPUs: logging is switched on", { mmu = ALL, check = "end" }, COUNTS, function(sim, case)
	local vcpus, _, vm, _, slot = guest(sim, case[2])

	all_write(vcpus, 1 << 20)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	sim:measure("change", 1, function()
		assert(vm:set_user_memory_region(slot) == 0)
	end)
end)
