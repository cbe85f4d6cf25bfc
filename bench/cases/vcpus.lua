-- SPDX-License-Identifier: GPL-2.0-only
-- What more vCPUs cost: one native thread runs them in turn, or each has one.

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

-- Counts include what threads wait for each other, so they depend on the host; callgrind sees the first thread only.
cases("threads: each vCPU faults on its own pages", { mmu = ALL, check = "end", timeout = 600 }, {
	{ "1 thread", 1 }, { "2 threads", 2 }, { "4 threads", 4 }, { "7 threads", 7 },
}, function(sim, case)
	local n = case[2]
	local vcpus = guest(sim, n)
	local bytes = (16 << 20) // n & ~4095

	for i, vcpu in ipairs(vcpus) do
		sim:thread("vCPU " .. i, function()
			assert(vcpu:workload{ op = "write", range = { (i - 1) * bytes, bytes } } == bytes >> 12)
		end)
	end
	sim:measure("page", n * (bytes >> 12), function()
		sim:join()
	end)
end)

-- The guest has more memory than the machine: 128 slots share 512 MiB of the VMM's.
scenario("a guest of 64 GiB is populated with huge pages", {
	mmu = { "ept", "npt", "vhe" }, check = "end", timeout = 600,
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "512M", huge = true }
	local vm = vmm:open_kvm():create_vm()

	for i = 0, 127 do
		assert(vm:set_user_memory_region{
			slot = i, guest_phys_addr = i << 29, memory_size = "512M", userspace_addr = ram.addr,
		} == 0)
	end
	local vcpu = vm:create_vcpu()

	sim:measure("huge page", 32768, function()
		assert(vcpu:workload{ op = "write", range = { 0, 64 << 30 }, stride = 2 << 20, count = 32768 } == 32768)
	end)
end)
