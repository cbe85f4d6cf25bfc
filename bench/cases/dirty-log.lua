-- SPDX-License-Identifier: GPL-2.0-only
-- Collecting what the guest has written: bitmap and ring.

local ALL <const> = { "ept", "npt", "shadow", "sie", "vhe" }

-- A slot of 1 GiB, of which the guest has written as much as the name says: up to 10 %.
cases("dirty log: KVM_GET_DIRTY_LOG of 1 GiB", { mmu = ALL, check = "end", ram = "2G" }, {
	{ "no page is dirty", 0 }, { "262 pages are dirty", 262 }, { "2621 pages are dirty", 2621 },
	{ "26214 pages are dirty", 26214 },
}, function(sim, case)
	local n <const> = math.max(case[2], 1)
	local vcpu, _, vm = sim:guest{
		ram = { length = "1G", huge = false }, slot = { flags = KVM_MEM_LOG_DIRTY_PAGES },
	}
	local function write()
		return vcpu:workload{ op = "write", range = { 0, 1 << 30 }, stride = (1 << 18) // n << 12, count = n }
	end

	assert(write() == n)
	vm:get_dirty_log{ slot = 0 }
	assert(case[2] == 0 or write() == n)
	sim:measure("call", 1, function()
		vm:get_dirty_log{ slot = 0 }
	end)
end)

scenario("dirty log: KVM_CLEAR_DIRTY_LOG", { mmu = { "ept", "npt", "shadow", "vhe" } }, function(sim)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "16M" } }

	assert(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { 1 } } == 0)
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	assert(vm:set_user_memory_region(slot) == 0)
	vcpu:workload{ op = "write", range = { 0, 16 << 20 } }
	local log = vm:get_dirty_log{ slot = 0 }
	sim:measure("page", 4096, function()
		assert(vm:clear_dirty_log{ slot = 0, first_page = 0, num_pages = 4096, bitmap = log } == 0)
	end)
end)

local RING <const> = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, check = "end" }
local ENTRIES <const> = 4096

-- A logged guest of 8 MiB whose vCPU has written n pages since its ring was empty.
local function written(sim, n)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = false }
	local vm = vmm:open_kvm():create_vm()

	assert(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { ENTRIES * 16 } } == 0)
	assert(vm:set_user_memory_region{
		slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = 0, memory_size = ram.length,
		userspace_addr = ram.addr,
	} == 0)
	local vcpu = vm:create_vcpu()
	local ring = vcpu:dirty_ring(ENTRIES)

	assert(vcpu:workload{ op = "write", range = { 0, n << 12 } } == n)
	return vm, ring
end

local SOME <const> = { { "16 pages", 16 }, { "128 pages", 128 }, { "1024 pages", 1024 } }

cases("dirty ring: the VMM takes what is in it", RING, SOME, function(sim, case)
	local _, ring = written(sim, case[2])

	sim:measure("page", case[2], function()
		assert(#ring:collect() == case[2])
	end)
end)

cases("dirty ring: KVM_RESET_DIRTY_RINGS", RING, SOME, function(sim, case)
	local vm, ring = written(sim, case[2])

	assert(#ring:collect() == case[2])
	sim:measure("page", case[2], function()
		assert(vm:reset_dirty_rings() == case[2])
	end)
end)
