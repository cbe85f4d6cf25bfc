-- SPDX-License-Identifier: GPL-2.0-only
-- Counters of a VM that wrap or change their sign. They begin shortly before: parameters machine.*, docs/scenarios.md.

local invalidations = {
	{ ["machine.invalidations"] = 0x7ffffffd },	-- an int becomes negative
	{ ["machine.invalidations"] = 0xfffffffd },	-- 32 bits wrap
	{ ["machine.invalidations"] = -3 },		-- all bits wrap
}
local CLOCK <const> = 0x4b564d01	-- MSR_KVM_SYSTEM_TIME_NEW

-- A fault compares the count with what it was when the page was looked up: is_page_fault_stale() and its like
-- (arch/x86/kvm/mmu/mmu.c). If they can never be equal, the guest faults for ever.
scenario("counters: faults end while the count of invalidations wraps", {
	mmu = { "ept", "npt", "shadow", "ept_rmap", "vhe", "sie" }, params = invalidations,
}, function(sim)
	local vcpu, ram = sim:guest()
	for i = 1, 6 do
		expect(vcpu:write(0x1000, string.pack("<I4", i))):is_true()
		expect(ram:read(0x1000, 4)):eq(string.pack("<I4", i))
		expect(ram:madvise(0x1000, "4K", MADV_DONTNEED)):eq(0)
		expect(vcpu:read(0x1000, 4)):eq("\0\0\0\0")
	end
end)

-- hva_to_pfn_retry(), virt/kvm/pfncache.c, compares it as well.
scenario("counters: kvmclock's page is found while the count of invalidations wraps", {
	arch = "x86_64", mmu = { "ept", "shadow" }, params = invalidations,
}, function(sim)
	local vcpu, ram = sim:guest{ ram = { length = "2M", huge = false } }
	expect(vcpu:set_msr(CLOCK, 0x10001)):eq(1)
	for _ = 1, 6 do
		expect(vcpu:read(0, 1)):eq("\0")
		expect(string.unpack("<I4", ram:read(0x10000, 4))):gt(0)
		expect(ram:migrate(0x10000)):eq(0)
		expect(vcpu:ioctl(KVM_KVMCLOCK_CTRL, 0)):eq(0)
	end
end)

-- 2^62 and 2^32 are bits as any others, above them is only the bit of an update (KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS).
scenario("counters: slots change while their generation gets more bits", {
	mmu = { "ept", "npt", "shadow", "vhe", "sie" },
	params = { { ["machine.generation"] = (1 << 32) - 4 }, { ["machine.generation"] = (1 << 62) - 4 } },
}, function(sim)
	local vcpu, ram, vm = sim:guest{ slot = { memory_size = "1M" }, ram = { length = "2M" } }
	local slot = { slot = 1, guest_phys_addr = "16M", memory_size = "1M", userspace_addr = ram.addr + (1 << 20) }
	expect(ram:write(1 << 20, "slot")):eq(0)
	for _ = 1, 4 do
		local before = sim.inspect:generation(vm)
		expect(vm:set_user_memory_region(slot)):eq(0)
		expect(vcpu:read("16M", 4)):eq("slot")
		expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
		expect(sim.inspect:generation(vm)):gt(before)
	end
end)

-- The fill is a difference of two indices: kvm_dirty_ring_used(), virt/kvm/dirty_ring.c. s390x has no dirty rings.
cases("counters: dirty rings whose indices wrap", {
	mmu = { "ept", "npt", "shadow", "vhe" },
	params = { { ["machine.ring"] = 0xffffffff }, { ["machine.ring"] = 0x7fffffff } },
}, { { "collected often", 60 }, { "collected when it is full", 300 } }, function(sim, row)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_DIRTY_LOG_RING_ACQ_REL, args = { 256 * 16 } }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, flags = KVM_MEM_LOG_DIRTY_PAGES, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	local ring = vcpu:dirty_ring(256)
	local seen, full, page = 0, 0, 0
	local function collect()
		-- A write that fills the ring is made again afterwards, and pushed again.
		for _, entry in ipairs(ring:collect()) do
			if full == 0 or entry.offset ~= seen - 1 then
				expect(entry.offset):eq(seen)
				seen = seen + 1
			end
		end
		vm:reset_dirty_rings()
	end
	while page < 400 do
		local answer = vcpu:write(page << 12, "x")
		if answer == true then
			page = page + 1
		else
			expect(answer):fields{ reason = KVM_EXIT_DIRTY_RING_FULL }
			full = full + 1
			collect()
		end
		if answer == true and page % row[2] == 0 then
			collect()
		end
	end
	collect()
	expect(seen):eq(400)
	expect(full > 0):eq(row[2] > 256)
end)
