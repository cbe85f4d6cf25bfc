-- SPDX-License-Identifier: GPL-2.0-only
-- From a guest frame to a slot, and to a frame of the host.

local ALL <const> = { "ept", "npt", "shadow", "sie", "vhe" }
local ONE <const> = { "ept", "sie", "vhe" }	-- does not depend on the MMU
local LOOKUPS <const> = 100000

-- As many slots, with holes between them, over the same memory. Returns the VM and the frames from one slot to the next.
local function with_slots(sim, n)
	local bytes = sim.arch == "s390x" and 1 << 20 or 4096	-- before 7.0, s390's slots are whole segments
	local vmm = sim:process()
	local ram = vmm:mmap{ length = bytes, align = bytes }
	local vm = vmm:open_kvm():create_vm()

	for i = 0, n - 1 do
		assert(vm:set_user_memory_region{
			slot = i, guest_phys_addr = i * 2 * bytes, memory_size = bytes, userspace_addr = ram.addr,
		} == 0)
	end
	return vm, 2 * bytes >> 12
end

cases("gfn_to_memslot: one after the other", { mmu = ONE, check = "end", timeout = 600 }, {
	{ "1 slot", 1 }, { "16 slots", 16 }, { "512 slots", 512 }, { "4096 slots", 4096 }, { "32764 slots", 32764 },
}, function(sim, case)
	local vm, step = with_slots(sim, case[2])

	sim:measure("look-up", LOOKUPS, function()
		assert(vm:loop{ of = "gfn_to_memslot", stride = step, range = step * case[2], count = LOOKUPS } == LOOKUPS)
	end)
end)

-- The last slot is hardly ever the next one.
cases("gfn_to_memslot: in random order", { mmu = ONE, check = "end", timeout = 600 }, {
	{ "16 slots", 16 }, { "512 slots", 512 }, { "4096 slots", 4096 }, { "32764 slots", 32764 },
}, function(sim, case)
	local vm, step = with_slots(sim, case[2])
	local n = LOOKUPS // 10

	sim:measure("look-up", n, function()
		assert(vm:loop{
			of = "gfn_to_memslot", order = "random", stride = step, range = step * case[2], count = n,
		} == n)
	end)
end)

cases("gfn_to_hva: in random order", { mmu = ONE, check = "end", timeout = 600 }, {
	{ "1 slot", 1 }, { "16 slots", 16 }, { "512 slots", 512 }, { "4096 slots", 4096 },
}, function(sim, case)
	local vm, step = with_slots(sim, case[2])
	local n = LOOKUPS // 10

	sim:measure("look-up", n, function()
		assert(vm:loop{
			of = "gfn_to_hva", order = "random", stride = step, range = step * case[2], count = n,
		} == n)
	end)
end)

scenario("gfn_to_memslot: the same slot again", { mmu = ONE, check = "end", timeout = 600 }, function(sim)
	local vm, step = with_slots(sim, 512)

	sim:measure("look-up", LOOKUPS, function()
		assert(vm:loop{ of = "gfn_to_memslot", first = 256 * step, range = 1, count = LOOKUPS } == LOOKUPS)
	end)
end)

cases("gfn_to_pfn", { mmu = ONE }, {
	{ "memory that is there", { length = "4M" } },
	{ "huge pages", { length = "4M", huge = true } },
	{ "pfnmap", { length = "4M", kind = "pfnmap" } },
}, function(sim, case)
	local vcpu, _, vm = sim:guest{ ram = case[2] }
	local n = LOOKUPS // 10

	vcpu:workload{ op = "write", range = { 0, 4 << 20 } }
	sim:measure("look-up", n, function()
		assert(vm:loop{ of = "gfn_to_pfn", range = 1024, count = n } == n)
	end)
end)

scenario("an access that the TLB has", { mmu = ALL }, function(sim)
	local vcpu = sim:guest()

	vcpu:workload{ op = "write", range = { 0, 64 << 12 }, count = 128 }
	sim:measure("access", LOOKUPS, function()
		assert(vcpu:workload{ op = "write", range = { 0, 64 << 12 }, count = LOOKUPS } == LOOKUPS)
	end)
end)
