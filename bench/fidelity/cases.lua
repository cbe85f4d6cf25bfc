-- SPDX-License-Identifier: GPL-2.0-only
-- What run.sh measures with and without an optimisation of KVM. "before" and "after" are two settings of one kernel.

local EPT <const> = { mmu = "ept", check = "end", timeout = 600 }
local QUIRK <const> = { mmu = "ept", check = "end", timeout = 600, kernel = "6.12" }
local SHADOW <const> = { mmu = "shadow", check = "end", timeout = 600 }
local VHE <const> = { mmu = "vhe", check = "end", timeout = 600 }

-- Writes that the dirty log sees, as in the second iteration of dirty_log_perf_test.
scenario("64 vCPUs write to 64 logged slots", EPT, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local vcpus <const>, pages <const> = 64, 8
	local ram = vmm:mmap{ length = vcpus * pages << 12, huge = false }
	local vcpu = {}

	for i = 0, vcpus - 1 do
		assert(vm:set_user_memory_region{
			slot = i, flags = KVM_MEM_LOG_DIRTY_PAGES, guest_phys_addr = i * 2 * pages << 12,
			memory_size = pages << 12, userspace_addr = ram.addr + (i * pages << 12),
		} == 0)
		vcpu[i] = vm:create_vcpu()
		vcpu[i]:workload{ op = "write", range = { i * 2 * pages << 12, pages << 12 } }
		vm:get_dirty_log{ slot = i }
	end
	sim:measure("page", vcpus * pages, function()
		for page = 0, pages - 1 do
			for i = 0, vcpus - 1 do
				vcpu[i]:workload{ op = "write", range = { (i * 2 * pages + page) << 12, 4096 } }
			end
		end
	end)
end)

scenario("look-ups in 117 slots", EPT, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 4096 }
	local vm = vmm:open_kvm():create_vm()
	local n <const> = 117 * 50

	for i = 0, 116 do
		assert(vm:set_user_memory_region{
			slot = i, guest_phys_addr = i * 8192, memory_size = 4096, userspace_addr = ram.addr,
		} == 0)
	end
	sim:measure("look-up", n, function()
		assert(vm:loop{ of = "gfn_to_memslot", stride = 73 * 2, range = 117 * 2, count = n } == n)
	end)
end)

-- before: the log protects all pages when it is switched on; after: when they are cleared, in chunks.
cases("logging is switched on", EPT, {
	{ "before", KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE },
	{ "after", KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE | KVM_DIRTY_LOG_INITIALLY_SET },
}, function(sim, case)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "32M" } }

	assert(vm:enable_cap{ cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, args = { case[2] } } == 0)
	vcpu:workload{ op = "write", range = { 0, 32 << 20 } }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	sim:measure("change", 1, function()
		assert(vm:set_user_memory_region(slot) == 0)
	end)
end)

scenario("a write to a page that the log protects", EPT, function(sim)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "4M" } }

	vcpu:workload{ op = "write", range = { 0, 4 << 20 } }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	assert(vm:set_user_memory_region(slot) == 0)
	sim:measure("page", 1024, function()
		vcpu:workload{ op = "write", range = { 0, 4 << 20 } }
	end)
end)

-- eager_page_split: the first write to each huge page of a guest that is logged.
cases("a write to a logged huge page", EPT, { { "before", 0 }, { "after", 1 } }, function(sim, case)
	local vcpu, _, vm, _, slot = sim:guest{ ram = { length = "64M", huge = true } }

	assert(sim:set_module_param("kvm.eager_page_split", case[2]) == 0)
	vcpu:workload{ op = "write", range = { 0, 64 << 20 }, stride = 2 << 20 }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	assert(vm:set_user_memory_region(slot) == 0)
	sim:measure("huge page", 32, function()
		vcpu:workload{ op = "write", range = { 0, 64 << 20 }, stride = 2 << 20 }
	end)
end)

-- A guest of 8 vCPUs boots: slots go, and the host takes a page. What there is to flush for the page is always flushed.
scenario("8 vCPUs and slots that go", EPT, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "1M" } }
	local vcpus <const> = { vcpu }
	local times <const> = 8
	local small = { slot = 1, guest_phys_addr = "64M", memory_size = "64K", userspace_addr = ram.addr }

	for i = 2, 8 do
		vcpus[i] = vm:create_vcpu()
	end
	local function all_write()
		for _, v in ipairs(vcpus) do
			v:workload{ op = "write", range = { 0, 64 << 10 } }
		end
	end
	all_write()
	sim:measure("round", times, function()
		for i = 1, times do
			small.memory_size = "64K"
			assert(vm:set_user_memory_region(small) == 0)
			all_write()
			small.memory_size = 0
			assert(vm:set_user_memory_region(small) == 0)
			all_write()
			assert(ram:madvise(i << 12, 4096, MADV_DONTNEED) == 0)
			all_write()
		end
	end)
end)

-- 511 addresses of the guest lead to one frame; then their entries go one by one, as when processes that share it exit.
scenario("a long rmap goes", SHADOW, function(sim)
	local n <const> = 511
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M" }, paging = true }
	local small = { slot = 1, guest_phys_addr = "64M", memory_size = "64K", userspace_addr = ram.addr }

	for i = 0, n - 1 do
		vcpu:map{ from = 0x40000000 + (i << 12), to = 0x5000 }
	end
	assert(vm:set_user_memory_region(small) == 0)
	assert(vcpu:workload{ op = "write", range = { 0x40000000, n << 12 } } == n)
	small.memory_size = 0
	sim:measure("entry", n, function()
		assert(vm:set_user_memory_region(small) == 0)
	end)
end)

local function populate(sim)
	local vcpu = sim:guest{ ram = { length = "4M" } }

	sim:measure("page", 1024, function()
		vcpu:workload{ op = "write", range = { 0, 4 << 20 } }
	end)
end

scenario("a guest is populated: before", {
	mmu = "ept", check = "end", timeout = 600, params = { ["kvm.tdp_mmu"] = false },
}, populate)
scenario("a guest is populated: after", EPT, populate)

-- A guest boots: it touches its memory, and a small slot goes four times while the guest works on a quarter of it.
cases("a boot with slots that go", QUIRK, { { "before" }, { "after" } }, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M" } }
	local small = { slot = 1, guest_phys_addr = "64M", memory_size = "64K", userspace_addr = ram.addr }

	if case[1] == "after" then
		assert(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } } == 0)
	end
	sim:measure("boot", 1, function()
		vcpu:workload{ op = "write", range = { 0, 4 << 20 } }
		for _ = 1, 4 do
			small.memory_size = "64K"
			assert(vm:set_user_memory_region(small) == 0)
			small.memory_size = 0
			assert(vm:set_user_memory_region(small) == 0)
			vcpu:workload{ op = "write", range = { 0, 1 << 20 } }
		end
	end)
end)

scenario("logging is switched on over pages that are split", VHE, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	local slot = { slot = 0, guest_phys_addr = 0, memory_size = "16M", userspace_addr = ram.addr }

	assert(vm:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { 2 << 20 } } == 0)
	assert(vm:set_user_memory_region(slot) == 0)
	vm:create_vcpu():workload{ op = "write", range = { 0, 16 << 20 } }
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	sim:measure("change", 1, function()
		assert(vm:set_user_memory_region(slot) == 0)
	end)
end)
