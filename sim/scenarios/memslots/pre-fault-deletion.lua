-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_PRE_FAULT_MEMORY while slots come and go, and what it keeps (api.rst 4.143; the selftest pre_fault_memory_test).

local tdp = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY", kernel = "6.15" }
local SIZE <const> = (2 << 20) + 4096
local GPA <const> = 16 << 20

-- 4M at 0 in slot 0, and 2M and a page at 16M in slot 1, which a scenario deletes and makes again.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "8M", huge = false }, slot = { memory_size = "4M" } }
	local slot = { slot = 1, guest_phys_addr = GPA, memory_size = SIZE, userspace_addr = ram.addr + (4 << 20) }
	expect(vm:set_user_memory_region(slot)):eq(0)
	local function delete()
		return vm:set_user_memory_region{ slot = 1, memory_size = 0 }
	end
	local function make()
		return vm:set_user_memory_region(slot)
	end
	return vcpu, vm, delete, make, ram, vmm
end

-- Pre-faults all of a range, as a VMM does: the rest again, until nothing is left or an error stays. Returns the last
-- answer and what is left.
local function pre_fault(vcpu, gpa, size)
	local rc, left = 0, { gpa = gpa, size = size }
	while left.size > 0 do
		rc, left = vcpu:pre_fault_memory(left)
		if rc < 0 then
			return rc, left
		end
	end
	return rc, left
end

-- The deletion makes the vCPU's root obsolete. No KVM_RUN replaces it in between: kvm_mmu_reload() does. Up to 6.14 the
-- ioctl did not come back.
scenario("pre-fault: a slot was deleted since the last call", tdp, function(sim)
	local vcpu, vm, delete, make = guest(sim)
	expect(pre_fault(vcpu, GPA, SIZE)):eq(0)
	expect(delete()):eq(0)
	expect(pre_fault(vcpu, GPA, SIZE)):eq(-ENOENT)
	expect(pre_fault(vcpu, 0, SIZE)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
	expect(make()):eq(0)
	expect(sim.inspect:mapping(vm, GPA).present):is_false()
	expect(pre_fault(vcpu, GPA, SIZE)):eq(0)
	expect(sim.inspect:mapping(vm, GPA + SIZE - 4096).present):is_true()
end)

-- Once deleted, the slot gives -ENOENT; while that lasts -EAGAIN, because pre-faulting need not wait for the slot's end
-- (kvm_mmu_faultin_pfn()). Up to 6.17 it waited in its SRCU section, for which the deletion waits in turn. The root
-- stays (see the next scenario), because the page behind is of no slot.
cases("pre-fault: the slot is deleted and made at the same time", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY", kernel = "6.18", check = "end",
}, {
	-- the range, and what is left if nothing stops it
	{ "all of it",            GPA,         SIZE,   0,    0 },
	{ "its end and a page",   GPA + SIZE - 4096, 8192, 4096, -ENOENT },
	{ "the page behind it",   GPA + SIZE,  4096,   4096, -ENOENT },
}, function(sim, case)
	local vcpu, vm, delete, make, ram = guest(sim)
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	expect(ram:write((4 << 20) + SIZE - 4096, "end")):eq(0)
	local answers = {}
	sim:thread("pre-fault", function()
		while not sim:stopping() do
			local rc, left = vcpu:pre_fault_memory{ gpa = case[2], size = case[3] }
			expect(left.size < case[3]):eq(rc == 0)
			answers[rc] = (answers[rc] or 0) + 1
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(delete()):eq(0)
			expect(make()):eq(0)
		end
	end)
	sim:join{ seconds = 1 }
	for rc in pairs(answers) do
		expect({ 0, -EAGAIN, -ENOENT }):contains(rc)
	end
	local rc, left = pre_fault(vcpu, case[2], case[3])
	expect(rc):eq(case[5])
	expect(left.size):eq(case[4])
	expect(vcpu:read(GPA + SIZE - 4096, 3)):eq("end")
end)

-- With KVM_X86_QUIRK_SLOT_ZAP_ALL off, only the mappings of the deleted slot go, and the root stays. With it on, as it
-- usually is, pre-fault of another slot than the deleted one may not come back: docs/findings.md.
scenario("pre-fault: another slot is deleted and made at the same time", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY", kernel = "6.15", check = "end",
}, function(sim)
	local vcpu, vm, delete, make, ram = guest(sim)
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	local done = 0
	sim:thread("pre-fault", function()
		while not sim:stopping() do
			expect(pre_fault(vcpu, 0, SIZE)):eq(0)
			done = done + 1
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(delete()):eq(0)
			expect(make()):eq(0)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return done > 0 end }
	expect(ram:write(0x1000, "there")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("there")
end)

scenario("pre-fault: the host takes pages away at the same time", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY", check = "end",
}, function(sim)
	local vcpu, _, _, _, ram = guest(sim)
	local done = 0
	sim:thread("pre-fault", function()
		while not sim:stopping() do
			expect(pre_fault(vcpu, 0, 64 << 10)):eq(0)
			done = done + 1
		end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			expect(ram:madvise(0, "64K", MADV_DONTNEED)):eq(0)
			expect(ram:write(0x3000, "back")):eq(0)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return done > 0 end }
	expect(vcpu:read(0x3000, 4)):eq("back")
end)

-- is_access_allowed() answers RET_PF_SPURIOUS: no entry changes, no TLB is flushed.
cases("pre-fault: an entry that is there stays as it is", tdp, {
	{ "small",         false, 1 },
	{ "huge",          true,  2 },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = case[2] } }
	local other = vm:create_vcpu()
	expect(vcpu:write(0x1000, "kept")):is_true()
	expect(other:read(0x1000, 4)):eq("kept")
	local before, flushes = sim.inspect:mapping(vm, 0x1000), vm:stats().remote_tlb_flush_requests
	expect(before):fields{ writable = true, accessed = true, dirty = true, level = case[3], page = ram:page(1) }
	for _, cpu in ipairs{ vcpu, other } do
		expect(cpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
		expect(sim.inspect:mapping(vm, 0x1000).raw):eq(before.raw)
		expect(sim.inspect:tlb(cpu, 0x1000)):fields{ present = true }
	end
	expect(vm:stats().remote_tlb_flush_requests):eq(flushes)
end)

scenario("pre-fault: it does not make a writable entry of the zero page's, nor the other way round", tdp, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:read(0x1000, 1)):eq("\0")
	expect(ram:page(1).zero):is_true()
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false, accessed = true }
	expect(ram:page(1).zero):is_true()
	expect(vcpu:write(0x1000, "x")):is_true()
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ writable = true, dirty = true }
end)

-- Logging protects the entry. Pre-fault keeps it so, and reports nothing.
scenario("pre-fault: an entry that logging protects stays protected", tdp, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest()
	expect(vcpu:write(0x1000, "x")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vcpu:pre_fault_memory{ gpa = 0x1000, size = "4K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(0x1000, "y")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 1 }
	expect(ram:read(0x1000, 1)):eq("y")
end)

scenario("pre-fault: a slot that is only guest_memfd", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = { "KVM_CAP_PRE_FAULT_MEMORY", "GUEST_MEMFD_FLAG_INIT_SHARED" },
}, function(sim)
	local vmm = sim:process()
	local vm = vmm:open_kvm():create_vm()
	local fd = vm:create_guest_memfd{ size = "64K", flags = GUEST_MEMFD_FLAG_MMAP | GUEST_MEMFD_FLAG_INIT_SHARED }
	local ram = vmm:mmap{ length = "64K", file = fd }
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0,
		memory_size = "64K", userspace_addr = ram, guest_memfd = fd, guest_memfd_offset = 0 }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(ram:write(0x1000, "data")):eq(0)
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "64K" }):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = true, page = ram:page(1) }
	local before = sim.inspect:counters().guest_faults
	expect(vcpu:write(0x2000, "guest")):is_true()
	expect(sim.inspect:counters().guest_faults):eq(before)
	expect(ram:read(0x2000, 5)):eq("guest")

	expect(ram:munmap()):eq(0)
	expect(fd:close()):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "64K" }):eq(-EFAULT)
end)

-- With the quirk on, the deletion makes the vCPU's root obsolete, and kvm_tdp_page_prefault() tries again without end.
-- Only a signal gets it out: docs/findings.md. The third thread sends one if the first does not come back at the end.
scenario("pre-fault: another slot is deleted, all tables go, and only a signal helps", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY", kernel = "6.15", check = "end",
}, function(sim)
	local vcpu, _, delete, make, ram, vmm = guest(sim)
	local running, signals, rounds = true, 0, 0
	local function race()
		running, rounds = true, rounds + 1
		sim:thread("pre-fault", function()
			while not sim:stopping() do
				expect({ 0, -EINTR }):contains((pre_fault(vcpu, 0, SIZE)))
			end
			running = false
		end)
		sim:thread("slots", function()
			while not sim:stopping() do
				expect(delete()):eq(0)
				expect(make()):eq(0)
			end
		end)
		sim:thread("signals", function()
			while not sim:stopping() do end
			while running do
				for _ = 1, 100000 do
					sim:stopping()
				end
				if running then
					expect(vmm:kill(SIGUSR1)):ge(1)
					signals = signals + 1
				end
			end
		end)
		sim:join{ seconds = 0.5 }
	end
	-- Nearly always the first is caught in the call.
	while signals == 0 and rounds < 20 do
		race()
	end
	expect(signals):gt(0)
	expect(ram:write(0x1000, "there")):eq(0)
	expect(vcpu:read(0x1000, 5)):eq("there")
end)
