-- SPDX-License-Identifier: GPL-2.0-only
-- Idle page tracking (mm/page_idle.c): KVM clears the access flag of stage 2 and flushes nothing. Afterwards the flag is
-- set by hardware, or by KVM on an access flag fault. host-events/idle.lua is the same on x86_64.

local machines <const> = { arch = "arm64", facilities = { {}, { haf = false, dbm = false } } }
local PAGE <const>, HUGE <const> = 0x1000, 0x200000

local function accessed(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).accessed
end

-- Logging flushes the TLB when it begins.
local function flush(vm, slot)
	for _, flags in ipairs{ KVM_MEM_LOG_DIRTY_PAGES, 0 } do
		slot.flags = flags
		expect(vm:set_user_memory_region(slot)):eq(0)
	end
end

scenario("arm64, idle: a marked page stays idle until the guest uses it", machines, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest()
	expect(vcpu:write(PAGE, "data")):is_true()
	expect(ram:is_idle(PAGE)):eq(0)
	local before = vm:stats().remote_tlb_flush
	expect(ram:set_idle(PAGE)):eq(0)
	expect(vm:stats().remote_tlb_flush):eq(before)
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = true, accessed = false, writable = true, page = ram:page(1) }
	expect(ram:is_idle(PAGE)):eq(1)
	-- The TLB has the translation, so this use sets no flag.
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(accessed(sim, vm, PAGE)):is_false()
	expect(ram:is_idle(PAGE)):eq(1)
	flush(vm, slot)
	expect(ram:is_idle(PAGE)):eq(1)
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(accessed(sim, vm, PAGE)):is_true()
	expect(ram:is_idle(PAGE)):eq(0)
	expect(ram:is_idle(PAGE)):eq(0)
end)

-- Who reads the bitmap takes the flags away from reclaim, and leaves PG_young instead.
scenario("arm64, idle: reclaim still learns that the page was used", machines, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest()
	expect(vcpu:write(PAGE, "data")):is_true()
	expect(ram:set_idle(PAGE)):eq(0)
	expect(ram:age(PAGE)):eq(1)
	expect(ram:age(PAGE)):eq(0)
	flush(vm, slot)
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(ram:is_idle(PAGE)):eq(0)
	-- Up to 6.12 KVM's handler of the fault takes the frame's bit itself, so that nobody looks at the flag.
	expect(accessed(sim, vm, PAGE)):eq(sim.facilities.haf == false and not sim:kernel_since("6.13"))
	expect(ram:age(PAGE)):eq(1)
	expect(ram:age(PAGE)):eq(0)
end)

-- One frame, three entries: two slots of a VM, and another VM.
scenario("arm64, idle: the use of any of a frame's mappings counts", machines, function(sim)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { kind = "shmem" } }
	local second = { slot = 1, guest_phys_addr = 2 * HUGE, memory_size = HUGE, userspace_addr = ram.addr }
	expect(vm:set_user_memory_region(second)):eq(0)
	local other_vm = vmm:open_kvm():create_vm()
	local others = { slot = 0, guest_phys_addr = 0, memory_size = HUGE, userspace_addr = ram.addr }
	expect(other_vm:set_user_memory_region(others)):eq(0)
	local other = other_vm:create_vcpu()
	local uses = {
		function() expect(vcpu:read(PAGE, 4)):eq("data") end,
		function() expect(vcpu:read(2 * HUGE + PAGE, 4)):eq("data") end,
		function() expect(other:read(PAGE, 4)):eq("data") end,
	}
	expect(vcpu:write(PAGE, "data")):is_true()
	for _, use in ipairs(uses) do
		use()
	end
	for _, use in ipairs(uses) do
		expect(ram:set_idle(PAGE)):eq(0)
		expect(accessed(sim, vm, PAGE)):is_false()
		expect(accessed(sim, vm, 2 * HUGE + PAGE)):is_false()
		expect(accessed(sim, other_vm, PAGE)):is_false()
		flush(vm, slot)
		flush(vm, second)
		flush(other_vm, others)
		expect(ram:is_idle(PAGE)):eq(1)
		use()
		expect(ram:is_idle(PAGE)):eq(0)
	end
end)

scenario("arm64, idle: a block is one frame", machines, function(sim)
	local vcpu, ram, vm, _, slot = sim:guest{ ram = { length = 2 * HUGE, huge = true } }
	expect(vcpu:write(PAGE, "huge")):is_true()
	expect(vcpu:write(HUGE, "other")):is_true()
	expect(ram:set_idle(PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, PAGE)):fields{ level = 2, accessed = false }
	expect(accessed(sim, vm, HUGE)):is_true()
	expect(ram:is_idle(5 * PAGE)):eq(1)
	expect(ram:is_idle(HUGE)):eq(0)
	flush(vm, slot)
	expect(vcpu:read(7 * PAGE, 4)):eq("\0\0\0\0")
	expect(ram:is_idle(PAGE)):eq(0)
end)

scenario("arm64, idle: a page that is not there, and one that KVM has not mapped", machines, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(ram:set_idle(PAGE)):eq(-EFAULT)
	expect(ram:is_idle(PAGE)):eq(-EFAULT)
	expect(ram:write(PAGE, "data")):eq(0)
	expect(ram:set_idle(PAGE)):eq(0)
	expect(sim.inspect:mapping(vm, PAGE).present):is_false()
	expect(ram:is_idle(PAGE)):eq(1)
	-- The fault looks the page up as a use of it.
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(ram:is_idle(PAGE)):eq(0)
end)
