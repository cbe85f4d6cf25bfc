-- SPDX-License-Identifier: GPL-2.0-only
-- Ageing: the host asks which pages the guest used (folio_referenced(), kvm_mmu_notifier_clear_flush_young()). Later
-- kernels take no mmu_lock for it and, with CONFIG_KVM_ELIDE_TLB_FLUSH_IF_YOUNG, which only x86 selects, flush no TLB:
-- an entry that a TLB holds sets no mark until it is flushed.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local long = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" }, check = "end" }

local function flushes(sim)
	return sim.arch == "arm64" or not sim:kernel_since("6.13")
end

local function accessed(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).accessed
end

scenario("ageing: KVM's mark goes, its TLB entry stays where nothing is flushed", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "young")):is_true()
	local before = vm:stats().remote_tlb_flush_requests
	expect(accessed(sim, vm, 0x1000)):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(accessed(sim, vm, 0x1000)):is_false()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ writable = true, dirty = true, page = ram:page(1) }
	expect(vm:stats().remote_tlb_flush_requests):eq(before + (flushes(sim) and 1 or 0))
	expect(vcpu:read(0x1000, 5)):eq("young")
	expect(accessed(sim, vm, 0x1000)):eq(flushes(sim))
end)

-- Another page of the same range that goes away flushes the TLB. Then the next access sets the mark.
scenario("ageing: a flush for another reason brings the marks back", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "young")):is_true()
	expect(vcpu:write(0x9000, "goes")):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(ram:madvise(0x9000, "4K", MADV_DONTNEED)):eq(0)
	expect(ram:age(0x1000)):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("young")
	expect(accessed(sim, vm, 0x1000)):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(ram:age(0x1000)):eq(0)
end)

scenario("ageing: an untouched page and a pre-faulted one are old", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY",
}, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(ram:write(0x1000, "data")):eq(0)
	expect(ram:age(0x1000)):eq(1)		-- the VMM's own access
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, accessed = false }
	ram:age(0x1000)				-- KVM's look-up is an access to the host's entry
	expect(ram:age(0x1000)):eq(0)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(ram:age(0x1000)):ge(1)
end)

-- One host page in two slots has an entry for each.
scenario("ageing: all of a page's entries lose their mark", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "2M",
		userspace_addr = ram }):eq(0)
	expect(vcpu:write(0x1000, "one")):is_true()
	expect(vcpu:read(0x401000, 3)):eq("one")
	expect(accessed(sim, vm, 0x1000)):is_true()
	expect(accessed(sim, vm, 0x401000)):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(accessed(sim, vm, 0x1000)):is_false()
	expect(accessed(sim, vm, 0x401000)):is_false()
end)

scenario("ageing: each VM and each process has its marks", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { kind = "shmem" } }
	local other_vm = vmm:open_kvm():create_vm()
	expect(other_vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local other = other_vm:create_vcpu()
	expect(vcpu:write(0x1000, "shared")):is_true()
	expect(other:read(0x1000, 6)):eq("shared")
	expect(ram:age(0x1000)):ge(1)
	expect(accessed(sim, vm, 0x1000)):is_false()
	expect(accessed(sim, other_vm, 0x1000)):is_false()
	expect(ram:age(0x1000)):eq(0)
end)

scenario("ageing: a huge page", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = true } }
	expect(vcpu:write(0x1000, "huge")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, accessed = true }
	expect(ram:age(0)):ge(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, accessed = false, dirty = true }
	expect(ram:age(0)):eq(0)
	expect(ram:split_huge(0)):eq(0)
	expect(ram:read(0x1000, 4)):eq("huge")
end)

-- A page that the guest maps several times has several entries in the reverse map of the shadow MMU.
scenario("ageing: a page that the guest's tables map at ten addresses", x86, function(sim)
	local vcpu, ram = sim:guest{ paging = true, ram = { length = "4M" } }
	for i = 0, 9 do
		vcpu:map{ from = 0x40000000 + (i << 21), to = 0x5000, prot = "rw" }
		expect(vcpu:write(0x40000000 + (i << 21), ("%d"):format(i))):is_true()
	end
	expect(ram:age(0x5000)):ge(1)
	expect(ram:age(0x5000)):eq(0)
	expect(vcpu:reload_cr3()):eq(0)
	expect(vcpu:read(0x40000000 + (7 << 21), 1)):eq("9")
	expect(ram:age(0x5000)):ge(sim.mmu == "shadow" and 1 or 0)
end)

-- kvm_tdp_mmu_age_spte() and kvm_rmap_age_gfn_range() exchange the entry as a whole: no other bit may come back or go.
scenario("ageing: the page is still dirty for the host", options, function(sim)
	local vcpu, ram = sim:guest{ ram = { kind = "shmem" } }
	expect(vcpu:write(0x1000, "dirty")):is_true()
	expect(ram:age(0x1000)):ge(1)
	expect(ram:swap_out(0x1000, "4K")):eq(0)
	expect(ram:page(1).mapped):is_false()
	expect(vcpu:read(0x1000, 5)):eq("dirty")
end)

-- Two vCPUs write, the log is taken, and pages are aged at the same time. Each write is in some log.
scenario("ageing: it loses no dirty page", long, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { flags = KVM_MEM_LOG_DIRTY_PAGES } }
	local other = vm:create_vcpu()
	local aged = 0
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local range = { (i - 1) * 0x10000, "64K" }
				expect(cpu:workload{ op = "write", range = range, stride = "4K" }):eq(16)
			end
		end)
	end
	sim:thread("log", function()
		while not sim:stopping() do
			expect(vm:get_dirty_log{ slot = 0 }):ok()
		end
	end)
	sim:thread("ageing", function()
		while not sim:stopping() do
			for page = 0, 31 do
				local n = ram:age(page * 4096)
				aged = aged + (n > 0 and n or 0)
			end
		end
	end)
	sim:join{ seconds = 1, at_least = function() return aged > 0 end }
	expect(vm:get_dirty_log{ slot = 0 }):ok()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	for page = 0, 31 do
		expect(ram:age(page * 4096)):ge(0)
		expect(vcpu:write(page * 4096, "x")):is_true()
	end
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(32)
end)

-- Without mmu_lock, ageing meets entries that go and tables that are freed.
cases("ageing: while pages, tables and slots go away", long, {
	{ "guest-physical addresses", false },
	{ "the guest's page tables",  true },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M" }, paging = case[2] or nil }
	local other = vm:create_vcpu()
	local base, aged = case[2] and 0x40000000 or 0x10000, 0
	if case[2] then
		for page = 0, 15 do
			vcpu:map{ from = base + page * 4096, to = 0x10000 + page * 4096, prot = "rw" }
		end
		expect(other:share_paging(vcpu)):eq(0)
	end
	local slot = { slot = 7, guest_phys_addr = "1G", memory_size = "64K", userspace_addr = ram.addr + 0x10000 }
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local op = i == 1 and "write" or "read"
				expect(cpu:workload{ op = op, range = { base, "64K" }, stride = "4K" }):eq(16)
			end
		end)
	end
	sim:thread("ageing", function()
		while not sim:stopping() do
			for page = 16, 31 do
				local n = ram:age(page * 4096)
				aged = aged + (n > 0 and n or 0)
			end
		end
	end)
	sim:thread("pages", function()
		while not sim:stopping() do
			expect(ram:madvise(0x10000, "32K", MADV_DONTNEED)):eq(0)
			ram:migrate(0x1c000)
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(vm:set_user_memory_region(slot)):eq(0)
			expect(vm:set_user_memory_region{ slot = 7, memory_size = 0 }):eq(0)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return aged > 0 end }
	expect(vcpu:write(base + 0x3000, "after")):is_true()
	expect(ram:read(0x13000, 5)):eq("after")
end)
