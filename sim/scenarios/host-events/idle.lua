-- SPDX-License-Identifier: GPL-2.0-only
-- Idle page tracking (mm/page_idle.c): user space marks frames and looks later which of them nobody has used. Unlike
-- reclaim, it asks KVM by kvm_mmu_notifier_clear_young(), which flushes no TLB on any kernel.

local options <const> = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }

local function accessed(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).accessed
end

-- Takes another page of the range away, which flushes the guest's TLB.
local function flush(ram, vcpu, offset)
	expect(vcpu:write(offset, "goes")):is_true()
	expect(ram:madvise(offset, "4K", MADV_DONTNEED)):eq(0)
end

scenario("idle: a marked page stays idle until the guest uses it", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:is_idle(0x1000)):eq(0)
	expect(ram:set_idle(0x1000)):eq(0)
	expect(ram:is_idle(0x1000)):eq(1)
	flush(ram, vcpu, 0x9000)
	expect(ram:is_idle(0x1000)):eq(1)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(ram:is_idle(0x1000)):eq(0)
	expect(ram:is_idle(0x1000)):eq(0)
end)

scenario("idle: KVM's mark goes, without a flush, and no other bit", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	local before = vm:stats().remote_tlb_flush_requests
	expect(accessed(sim, vm, 0x1000)):is_true()
	expect(ram:set_idle(0x1000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{
		accessed = false, writable = true, dirty = true, page = ram:page(1),
	}
	expect(vm:stats().remote_tlb_flush_requests):eq(before)
	-- The TLB has the translation, so this use sets no mark.
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(accessed(sim, vm, 0x1000)):is_false()
	expect(ram:is_idle(0x1000)):eq(1)
end)

-- Who reads the bitmap takes the marks away from reclaim, and leaves PG_young instead.
scenario("idle: reclaim still learns that the page was used", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:set_idle(0x1000)):eq(0)
	expect(ram:age(0x1000)):eq(1)
	expect(ram:age(0x1000)):eq(0)
	flush(ram, vcpu, 0x9000)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(ram:is_idle(0x1000)):eq(0)
	expect(accessed(sim, vm, 0x1000)):is_false()
	expect(ram:age(0x1000)):eq(1)
	expect(ram:age(0x1000)):eq(0)
end)

scenario("idle: ageing of an idle page that was used takes the bit", options, function(sim)
	local vcpu, ram = sim:guest()
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:set_idle(0x1000)):eq(0)
	flush(ram, vcpu, 0x9000)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(ram:age(0x1000)):ge(1)
	expect(ram:is_idle(0x1000)):eq(0)
end)

-- One frame, three entries: two slots of a VM, and another VM.
scenario("idle: the use of any of a frame's mappings counts", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local other_vm = vmm:open_kvm():create_vm()
	expect(other_vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local other = other_vm:create_vcpu()
	local uses = {
		function() expect(vcpu:read(0x1000, 4)):eq("data") end,
		function() expect(vcpu:read(0x401000, 4)):eq("data") end,
		function() expect(other:read(0x1000, 4)):eq("data") end,
	}
	expect(vcpu:write(0x1000, "data")):is_true()
	for _, use in ipairs(uses) do
		use()
	end
	for _, use in ipairs(uses) do
		expect(ram:set_idle(0x1000)):eq(0)
		expect(accessed(sim, vm, 0x1000)):is_false()
		expect(accessed(sim, vm, 0x401000)):is_false()
		expect(accessed(sim, other_vm, 0x1000)):is_false()
		flush(ram, vcpu, 0x9000)
		flush(ram, other, 0xa000)
		expect(ram:is_idle(0x1000)):eq(1)
		use()
		expect(ram:is_idle(0x1000)):eq(0)
	end
end)

scenario("idle: a huge page is one frame", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "4M", huge = true } }
	expect(vcpu:write(0x1000, "huge")):is_true()
	expect(vcpu:write(0x200000, "other")):is_true()
	expect(ram:set_idle(0x1000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, accessed = false, dirty = true }
	expect(ram:is_idle(0x5000)):eq(1)
	expect(ram:is_idle(0x200000)):eq(0)
	expect(ram:madvise("2M", "2M", MADV_DONTNEED)):eq(0)
	expect(vcpu:read(0x7000, 4)):eq("\0\0\0\0")
	expect(ram:is_idle(0x1000)):eq(0)
end)

scenario("idle: a page that is not there, and one that KVM has not mapped", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(ram:set_idle(0x1000)):eq(-EFAULT)
	expect(ram:is_idle(0x1000)):eq(-EFAULT)
	expect(ram:write(0x1000, "data")):eq(0)
	expect(ram:set_idle(0x1000)):eq(0)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_false()
	expect(ram:is_idle(0x1000)):eq(1)
	-- The fault looks the page up as a use of it.
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(ram:is_idle(0x1000)):eq(0)
end)
