-- SPDX-License-Identifier: GPL-2.0-only
-- Memory attributes and the size of mappings: a 2 MiB range whose pages are partly private has no huge mapping
-- (kvm_arch_post_set_memory_attributes(), hugepage_has_attrs(), arch/x86/kvm/mmu/mmu.c).

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local HUGE <const> = 2 << 20

local function vm_of(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = true }
	return vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }, ram
end

local function add_slot(vm, ram)
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = 0, memory_size = "8M",
		userspace_addr = ram, guest_memfd = vm:create_guest_memfd{ size = "8M" } }):eq(0)
end

local function guest(sim)
	local vm, ram = vm_of(sim)
	add_slot(vm, ram)
	return vm:create_vcpu(), vm, ram
end

local function attribute(vm, address, size, attributes)
	expect(vm:set_memory_attributes{ address = address, size = size, attributes = attributes }):eq(0)
end

local function level(sim, vcpu, vm, gpa)
	expect(vcpu:write(gpa, "x")):is_true()
	return sim.inspect:mapping(vm, gpa).level
end

scenario("attributes: one private page makes the rest of its 2 MiB small, not the next", options, function(sim)
	local vcpu, vm = guest(sim)
	expect(level(sim, vcpu, vm, HUGE)):eq(2)
	expect(level(sim, vcpu, vm, 2 * HUGE)):eq(2)
	attribute(vm, HUGE + 0x1000, "4K", PRIVATE)
	expect(sim.inspect:mapping(vm, HUGE).present):is_false()
	expect(sim.inspect:mapping(vm, 2 * HUGE)):fields{ present = true, level = 2 }
	expect(level(sim, vcpu, vm, HUGE)):eq(1)
	expect(level(sim, vcpu, vm, HUGE + 0x1ff000)):eq(1)
end)

-- The slots before and behind it are looked at, and have no part of it.
scenario("attributes: of a range without a slot, which takes nothing away", options, function(sim)
	local vcpu, vm, ram = guest(sim)
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 6 * HUGE, memory_size = HUGE,
		userspace_addr = ram }):eq(0)
	expect(level(sim, vcpu, vm, 3 * HUGE)):eq(2)
	expect(level(sim, vcpu, vm, 6 * HUGE)):eq(2)
	attribute(vm, 4 * HUGE, 2 * HUGE, PRIVATE)
	for _, gpa in ipairs{ 3 * HUGE, 6 * HUGE } do
		expect(sim.inspect:mapping(vm, gpa)):fields{ present = true, level = 2 }
	end
	attribute(vm, 4 * HUGE - 0x1000, 0x2000, PRIVATE)
	expect(sim.inspect:mapping(vm, 3 * HUGE).present):is_false()
	expect(sim.inspect:mapping(vm, 6 * HUGE)):fields{ present = true, level = 2 }
end)

scenario("attributes: shared again, the huge mapping comes back", options, function(sim)
	local vcpu, vm, ram = guest(sim)
	attribute(vm, HUGE + 0x1000, "4K", PRIVATE)
	expect(level(sim, vcpu, vm, HUGE)):eq(1)
	attribute(vm, HUGE + 0x1000, "4K", 0)
	ram:madvise(HUGE, "2M", MADV_DONTNEED)
	expect(level(sim, vcpu, vm, HUGE)):eq(2)
end)

-- Nothing is to do only if all pages have the attributes (kvm_range_has_memory_attributes()).
cases("attributes: a page of the range has them already", options, {
	{ "the first", 0x1000 }, { "one in the middle", 0x2000 }, { "the last", 0x3000 },
}, function(sim, case)
	local vcpu, vm, ram = guest(sim)
	for _, change in ipairs{ { PRIVATE, "\0\0\0\0\0\0" }, { 0, "shared" } } do
		attribute(vm, case[2], "4K", change[1])
		for gpa = 0x1000, 0x3000, 0x1000 do
			expect(ram:write(gpa, "shared")):eq(0)
		end
		attribute(vm, 0x1000, "12K", change[1])
		for gpa = 0x1000, 0x3000, 0x1000 do
			expect(vcpu:read(gpa, 6)):eq(change[2])
		end
	end
end)

-- Head and tail of a range that is not aligned are mixed, the middle is not.
scenario("attributes: a range across three huge pages", options, function(sim)
	local vcpu, vm, ram = guest(sim)
	attribute(vm, HUGE - 0x1000, HUGE + 0x2000, PRIVATE)
	expect(level(sim, vcpu, vm, 0)):eq(1)
	expect(level(sim, vcpu, vm, 2 * HUGE + 0x1000)):eq(1)
	expect(level(sim, vcpu, vm, 3 * HUGE)):eq(2)
	expect(vcpu:write(HUGE, "private")):is_true()
	expect(ram:read(HUGE, 7)):eq(("\0"):rep(7))
	attribute(vm, HUGE - 0x1000, HUGE + 0x2000, 0)
	ram:madvise(0, "8M", MADV_DONTNEED)
	for page = 0, 3 do
		expect(level(sim, vcpu, vm, page * HUGE)):eq(2)
	end
end)

scenario("attributes: set before the slot comes", options, function(sim)
	local vm, ram = vm_of(sim)
	for _, first in ipairs{ 0, HUGE, 3 * HUGE } do
		attribute(vm, first + 0x3000, "4K", PRIVATE)
	end
	add_slot(vm, ram)
	local vcpu = vm:create_vcpu()
	for i, want in ipairs{ 1, 1, 2, 1 } do
		expect(level(sim, vcpu, vm, (i - 1) * HUGE)):eq(want)
	end
	expect(vcpu:write(HUGE + 0x3000, "private")):is_true()
	expect(ram:read(HUGE + 0x3000, 7)):eq(("\0"):rep(7))
end)

scenario("attributes: what is set already keeps the mappings", options, function(sim)
	local vcpu, vm = guest(sim)
	attribute(vm, 0, "2M", PRIVATE)
	expect(vcpu:write(0x1000, "private")):is_true()
	attribute(vm, 0, "2M", PRIVATE)
	expect(sim.inspect:mapping(vm, 0x1000).present):is_true()
	expect(vcpu:read(0x1000, 7)):eq("private")
end)

scenario("attributes: each VM has its own", options, function(sim)
	local vcpu, vm = guest(sim)
	local other, other_vm = guest(sim)
	attribute(vm, 0, "4K", PRIVATE)
	expect(level(sim, other, other_vm, 0)):eq(2)
	expect(level(sim, vcpu, vm, 0x1000)):eq(1)
end)

-- Attributes change in the first half of a huge page while vCPUs fault on the second. A fault must not map the whole of
-- it in between, as the guest would go on with its old data.
scenario("attributes: half a huge page changes to and fro while vCPUs access the other half", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end",
}, function(sim)
	local vcpu, vm, ram = guest(sim)
	local other = vm:create_vcpu()
	local changes, huge = 0, 0
	for i, cpu in ipairs{ vcpu, other } do
		sim:thread("vcpu" .. i, function()
			local range = { HUGE + 0x100000 * i - 0x1000 * (i - 1), "4K" }
			while not sim:stopping() do
				expect(cpu:workload{ op = "write", range = range, stride = "4K", count = 200 }):eq(200)
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			expect(ram:madvise(HUGE, "2M", MADV_DONTNEED)):eq(0)
			for _ = 1, 20 do
				sim:stopping()
			end
			huge = huge + (sim.inspect:mapping(vm, HUGE + 0x100000).level == 2 and 1 or 0)
			attribute(vm, HUGE, "1020K", PRIVATE)
			for _ = 1, 20 do
				sim:stopping()
			end
			expect(sim.inspect:mapping(vm, HUGE + 0x100000).level):ne(2)
			attribute(vm, HUGE, "1020K", 0)
			changes = changes + 1
		end
	end)
	sim:join{ seconds = 2, at_least = function() return changes > 0 and huge > 0 end }
end)

-- The slot has no bookkeeping for the large frame, of which it covers only a part.
cases("attributes: a slot that begins or ends inside a huge page", options, {
	-- the slot, and the range that becomes private
	{ "the first pages",  0x300000, 0x300000, 0x310000, 0x1000 },
	{ "the last pages",   0x400000, 0x300000, 0x6f0000, 0x1000 },
	{ "the whole slot",   0x300000, 0x500000, 0x300000, 0x500000 },
	{ "past its end",     0x400000, 0x300000, 0x600000, 0x200000 },
	{ "before its begin", 0x300000, 0x300000, 0x200000, 0x200000 },
}, function(sim, case)
	local begin, size, from, length = table.unpack(case, 2)
	local vm, ram = vm_of(sim)
	expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = begin,
		memory_size = size, userspace_addr = ram.addr + (begin & HUGE - 1),
		guest_memfd = vm:create_guest_memfd{ size = "8M" } }):eq(0)
	local vcpu = vm:create_vcpu()
	for _, attributes in ipairs{ PRIVATE, 0, PRIVATE } do
		attribute(vm, from, length, attributes)
		for gpa = begin, begin + size - 4096, 0x40000 do
			local private = attributes == PRIVATE and gpa >= from and gpa < from + length
			local data = private and "private" or "shared "
			expect(vcpu:write(gpa, data)):is_true()
			expect(ram:read((begin & HUGE - 1) + gpa - begin, 7) == data):eq(not private)
		end
	end
end)

-- The table of small pages stays when its pages become private. When logging ends, KVM asks how large a mapping may be
-- there. The slot has no guest_memfd at all. 7.3 warns: docs/findings.md.
scenario("attributes: logging ends in a slot whose pages have become private", options, function(sim)
	local vm, ram = vm_of(sim)
	local slot = { slot = 0, guest_phys_addr = 0, memory_size = "8M", userspace_addr = ram,
		flags = KVM_MEM_LOG_DIRTY_PAGES }
	expect(vm:set_user_memory_region(slot)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(level(sim, vcpu, vm, HUGE + 0x1000)):eq(1)
	attribute(vm, HUGE, "2M", PRIVATE)
	expect(sim.inspect:mapping(vm, HUGE + 0x1000).present):is_false()
	if sim:kernel_since("7.3") then
		sim:expect_report{ kind = "warn", match = "Get pfn+order from guest_memfd" }
	end
	slot.flags = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	attribute(vm, HUGE, "2M", 0)
	expect(level(sim, vcpu, vm, HUGE)):eq(2)
end)

-- The vCPU has an MMIO SPTE from the time when there was no slot. Only the patches for 6.12 take the access for what it
-- is (docs/findings.md).
scenario("attributes: an address that was MMIO before it was private", options, function(sim)
	local vm, ram = vm_of(sim)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(HUGE, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	vcpu:abandon()
	attribute(vm, HUGE, "64K", PRIVATE)
	add_slot(vm, ram)
	if sim:kernel_has("KVM_MEM_PRIVATE") then
		expect(vcpu:write(HUGE, "guest")):is_true()
		expect(vcpu:read(HUGE, 5)):eq("guest")
		expect(ram:read(HUGE, 5)):eq(("\0"):rep(5))
		return
	end
	for _ = 1, 2 do
		expect(vcpu:read(HUGE, 4)):fields{ ret = -EFAULT, reason = KVM_EXIT_MEMORY_FAULT,
			memory_fault = { flags = 0, gpa = HUGE, size = 4096 } }
	end
end)

-- The fault has looked at the attributes and waits for its page when they change.
scenario("attributes: a fault that waits while its memory becomes private", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", check = "end",
}, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	add_slot(vm, ram)
	local vcpu, uffd = vm:create_vcpu(), vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:thread("vcpu", function()
		expect(vcpu:write(0x1000, "guest")):is_true()
	end)
	sim:thread("vmm", function()
		expect(uffd:read()):fields{ event = UFFD_EVENT_PAGEFAULT, address = ram.addr + 0x1000 }
		attribute(vm, 0x1000, "4K", PRIVATE)
		expect(uffd:copy(ram, 0x1000, ("vmm "):rep(1024))):eq(4096)
	end)
	sim:join()
	-- It has gone to the private page.
	expect(ram:read(0x1000, 5)):eq("vmm v")
	expect(vcpu:read(0x1000, 8)):eq("guest\0\0\0")
end)
