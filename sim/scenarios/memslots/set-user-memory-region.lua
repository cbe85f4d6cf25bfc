-- SPDX-License-Identifier: GPL-2.0-only
-- Every check of KVM_SET_USER_MEMORY_REGION in the order of __kvm_set_memory_region() (virt/kvm/kvm_main.c).

any_page_size()
local PAGE <const> = PAGE_SIZE

local KERNEL_ADDRESS <const> = 0xffff888000000000
-- KVM_USER_MEM_SLOTS: 32767, less three of x86's own.
local SLOTS <const> = { x86_64 = 32764, arm64 = 32767 }
-- The rows of the three tables say what x86_64 answers, and what arm64 does if that is another.
local both <const> = { "x86_64", "arm64" }

-- Slot 0 is guest-physical 0..1M, slot 1 is 2M..3M; a third one can be made.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2048 * PAGE }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = 256 * PAGE,
		userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region{
		slot = 1, guest_phys_addr = 512 * PAGE, memory_size = 256 * PAGE, userspace_addr = ram.addr + 0x100 * PAGE,
	}):eq(0)
	return vmm, ram, vm
end

-- An access outside of every slot is MMIO; on s390 it is an addressing exception.
local function outside(sim)
	return sim.arch == "s390x" and { exception = { vector = 5 } } or { reason = KVM_EXIT_MMIO }
end

-- Defaults for the rows: a correct new slot 2. On s390 sizes are multiples of 1M.
local function region(sim, ram, change, size)
	local r = { slot = 2, flags = 0, guest_phys_addr = 0x800 * PAGE, memory_size = size or 16 * PAGE,
		userspace_addr = ram.addr + 0x200 * PAGE }
	for k, v in pairs(change) do
		r[k] = v
	end
	if r.slot == "last" or r.slot == "too many" then
		r.slot = SLOTS[sim.arch] - (r.slot == "last" and 1 or 0)
	end
	if r.offset then
		r.userspace_addr, r.offset = ram.addr + r.offset, nil
	end
	return r
end

cases("KVM_SET_USER_MEMORY_REGION refuses a new slot", { arch = both, covers = "docs/rules.md M1" }, {
	-- 0: the ioctl itself
	{ "with a flag of region2", { flags = 1 << 2 }, -EINVAL },	-- KVM_MEM_GUEST_MEMFD, which an older kernel lacks
	{ "with an unknown flag", { flags = 1 << 3 }, -EINVAL },
	{ "with an internal flag", { flags = 1 << 16 }, -EINVAL },
	{ "with slot id past the limit", { slot = "too many" }, -EINVAL },
	{ "with the largest slot id", { slot = 0xffff }, -EINVAL },
	-- 2: alignment and range
	{ "with size one byte short of a page", { memory_size = 4095 }, -EINVAL },
	{ "with size a page and a byte", { memory_size = 4097 }, -EINVAL },
	{ "with guest address unaligned", { guest_phys_addr = 0x800 * PAGE + 2048 }, -EINVAL },
	{ "with user address unaligned", { offset = 0x200 * PAGE + 1 }, -EINVAL },
	{ "with user address in the kernel", { userspace_addr = KERNEL_ADDRESS }, -EINVAL },
	{ "with user range into the kernel", { memory_size = 1 << 62 }, -EINVAL },
	-- 3: address space, wrap, number of pages
	{ "in an address space that there is not", { as_id = 2 }, -EINVAL },
	{ "ending at 2^64", { guest_phys_addr = -PAGE, memory_size = PAGE }, -EINVAL },
	{ "wrapping past 2^64", { guest_phys_addr = -PAGE, memory_size = 2 * PAGE }, -EINVAL },
	{ "of 2^31 pages", { memory_size = 1 << 43 }, -EINVAL },
	-- 4: deleting
	{ "of size 0: nothing to delete", { memory_size = 0 }, -EINVAL },
	-- 6: overlap
	{ "equal to slot 0's range", { guest_phys_addr = 0, memory_size = 256 * PAGE }, -EEXIST },
	{ "inside slot 0", { guest_phys_addr = 8 * PAGE }, -EEXIST },
	{ "around slot 1", { guest_phys_addr = 256 * PAGE, memory_size = 1024 * PAGE }, -EEXIST },
	{ "over the last page of slot 0", { guest_phys_addr = 255 * PAGE, memory_size = 2 * PAGE }, -EEXIST },
	{ "over the first page of slot 1", { guest_phys_addr = 0x1ff * PAGE, memory_size = 2 * PAGE }, -EEXIST },
	-- Order: alignment (2) before overlap (6); overlap before the architecture's own rules
	{ "unaligned and overlapping", { guest_phys_addr = 8 * PAGE + 1 }, -EINVAL },
	{ "unknown flag and overlapping", { guest_phys_addr = 0, flags = 1 << 5 }, -EINVAL },
	-- 7: the architecture
	{ "past the highest guest frame", { guest_phys_addr = 1 << 52 }, -EINVAL, arm64 = -EFAULT },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region(region(sim, ram, case[2]))):eq(case[sim.arch] or case[3])
	local slots = sim.inspect:slots(vm)
	expect(#slots):eq(2)
	expect(slots[1]):fields{ slot = 0, base_gfn = 0, npages = 256 }
	expect(slots[2]):fields{ slot = 1, base_gfn = 512, npages = 256 }
end)

cases("KVM_SET_USER_MEMORY_REGION accepts a new slot", { arch = both }, {
	{ "with the last slot id",                   { slot = "last" } },
	{ "of one page",                             { memory_size = PAGE } },
	{ "right behind slot 0",                     { guest_phys_addr = 256 * PAGE } },
	{ "right before slot 1",                     { guest_phys_addr = 256 * PAGE, memory_size = 256 * PAGE } },
	{ "over slot 0's range in the other space",  { as_id = 1, guest_phys_addr = 0 }, arm64 = -EINVAL },
	{ "with user memory that slot 0 has too",    { offset = 0 } },
	{ "with user memory that is not mapped",     { userspace_addr = 0x100 * PAGE } },
	{ "with dirty logging",                      { flags = KVM_MEM_LOG_DIRTY_PAGES } },
	{ "read-only",                               { flags = KVM_MEM_READONLY } },
	{ "read-only with dirty logging",            { flags = KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES } },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	local r = region(sim, ram, case[2])
	expect(vm:set_user_memory_region(r)):eq(case[sim.arch] or 0)
	if case[sim.arch] then
		return
	end
	local found
	for _, slot in ipairs(sim.inspect:slots(vm, r.as_id or 0)) do
		if slot.slot == r.slot then
			found = slot
		end
	end
	expect(found):fields{ flags = r.flags, userspace_addr = r.userspace_addr }
end)

cases("KVM_SET_USER_MEMORY_REGION on an existing slot", { arch = both }, {
	{ "the same again", {}, 0 },
	{ "other user address", { offset = 0x300 * PAGE }, -EINVAL },
	{ "larger", { memory_size = 32 * PAGE }, -EINVAL },
	{ "smaller", { memory_size = 8 * PAGE }, -EINVAL },
	{ "made read-only", { flags = KVM_MEM_READONLY }, -EINVAL },
	{ "dirty logging on", { flags = KVM_MEM_LOG_DIRTY_PAGES }, 0 },
	{ "moved", { guest_phys_addr = 0xa00 * PAGE }, 0 },
	{ "moved with dirty logging on", { guest_phys_addr = 0xa00 * PAGE, flags = KVM_MEM_LOG_DIRTY_PAGES }, 0 },
	{ "moved over its own old range", { guest_phys_addr = 0x801 * PAGE }, 0 },
	{ "moved onto slot 0", { guest_phys_addr = PAGE }, -EEXIST },
	{ "moved into slot 1's first page", { guest_phys_addr = 0x1f1 * PAGE }, -EEXIST },
	{ "moved and resized", { guest_phys_addr = 0xa00 * PAGE, memory_size = 32 * PAGE }, -EINVAL },
	{ "moved onto slot 0 and resized", { guest_phys_addr = PAGE, memory_size = 32 * PAGE }, -EINVAL },
	{ "moved past the highest frame", { guest_phys_addr = 1 << 52 }, -EINVAL, arm64 = -EFAULT },
	{ "deleted", { memory_size = 0 }, 0 },
	{ "deleted with another guest address", { memory_size = 0, guest_phys_addr = 0x123 * PAGE }, 0 },
	{ "deleted with another user address", { memory_size = 0, userspace_addr = 0 }, 0 },
	{ "deleted with dirty logging", { memory_size = 0, flags = KVM_MEM_LOG_DIRTY_PAGES }, 0 },
	-- Flags, alignment and the user address are checked before a delete is recognised.
	{ "deleted with an unknown flag", { memory_size = 0, flags = 1 << 4 }, -EINVAL },
	{ "deleted, guest address unaligned", { memory_size = 0, guest_phys_addr = 0x800 * PAGE + 1 }, -EINVAL },
	{ "deleted, user address unaligned", { memory_size = 0, userspace_addr = 1 }, -EINVAL },
	{ "deleted, user address in the kernel", { memory_size = 0, userspace_addr = KERNEL_ADDRESS }, -EINVAL },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region(region(sim, ram, {}))):eq(0)
	local r = region(sim, ram, case[2])
	expect(vm:set_user_memory_region(r)):eq(case[sim.arch] or case[3])

	local slots = sim.inspect:slots(vm)
	if case[3] == 0 and r.memory_size == 0 then
		expect(#slots):eq(2)
	else
		local want = case[3] == 0 and r or region(sim, ram, {})
		expect(#slots):eq(3)
		expect(slots[3]):fields{ slot = 2, base_gfn = want.guest_phys_addr // PAGE, npages = 16,
			flags = want.flags }
	end
end)

scenario("KVM_SET_USER_MEMORY_REGION refuses to make a slot read-write again", {
	arch = { "x86_64", "arm64" },
}, function(sim)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region(region(sim, ram, { flags = KVM_MEM_READONLY }))):eq(0)
	expect(vm:set_user_memory_region(region(sim, ram, {}))):eq(-EINVAL)
	expect(vm:set_user_memory_region(region(sim, ram, { memory_size = 0 }))):eq(0)
	expect(vm:set_user_memory_region(region(sim, ram, {}))):eq(0)
end)

scenario("KVM_SET_USER_MEMORY_REGION with an argument that cannot be read", function(sim)
	local _, _, vm = guest(sim)
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, PAGE)):eq(-EFAULT)
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, 0)):eq(-EFAULT)
end)

scenario("KVM_SET_USER_MEMORY_REGION from a process that did not create the VM", function(sim)
	local vmm, ram, vm = guest(sim)
	local child = vmm:fork()
	expect(vm:via(child):set_user_memory_region(region(sim, ram, {}, 0x100 * PAGE))):eq(-EIO)
	expect(vm:set_user_memory_region(region(sim, ram, {}, 0x100 * PAGE))):eq(0)
end)

cases("KVM_SET_USER_MEMORY_REGION2 without private memory refuses", { needs = "KVM_CAP_USER_MEMORY2" }, {
	{ "a guest_memfd",   { flags = KVM_MEM_GUEST_MEMFD },                           -EINVAL },
	{ "an unknown flag", { flags = 1 << 3 },                                        -EINVAL },
	{ "an overlap",      { guest_phys_addr = 0, memory_size = 256 * PAGE },               -EEXIST },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region2(region(sim, ram, case[2], 0x100 * PAGE))):eq(case[3])
	expect(vm:set_user_memory_region2(region(sim, ram, {}, 0x100 * PAGE))):eq(0)
end)

scenario("deleting a slot removes its mappings, and the memory is MMIO afterwards",
	{ mmu = { "ept", "npt", "shadow", "sie", "vhe" } }, function(sim)
	local _, ram, vm = guest(sim)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x200 * PAGE, "kept")):is_true()
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	expect(sim.inspect:mapping(vm, 0x200 * PAGE)):fields{ present = false }
	expect(vcpu:read(0x200 * PAGE, 4)):fields(outside(sim))
	expect(ram:read(0x100 * PAGE, 4)):eq("kept")
end)

scenario("moving a slot moves the guest's view", { mmu = { "ept", "npt", "shadow", "sie", "vhe" } }, function(sim)
	local _, ram, vm = guest(sim)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x200 * PAGE, "here")):is_true()
	expect(vm:set_user_memory_region{
		slot = 1, guest_phys_addr = 1024 * PAGE, memory_size = 256 * PAGE, userspace_addr = ram.addr + 0x100 * PAGE,
	}):eq(0)
	expect(vcpu:read(0x400 * PAGE, 4)):eq("here")
	expect(vcpu:read(0x200 * PAGE, 4)):fields(outside(sim))
end)

-- kvm_arch_prepare_memory_region() of arch/s390/kvm/kvm-s390.c. The guest address is checked too late: the slot stays,
-- dead. Since 7.0 slots need not consist of whole segments. case[4]: the result then, if it is another.
cases("KVM_SET_USER_MEMORY_REGION on s390", { arch = "s390x", covers = "docs/rules.md S1" }, {
	{ "takes whole segments", { memory_size = 256 * PAGE }, 0 },
	{ "refuses a part of one", { memory_size = 0x180 * PAGE }, -EINVAL, 0 },
	{ "refuses a user address inside of one", { memory_size = 256 * PAGE, offset = 0x201 * PAGE }, -EINVAL, 0 },
	{ "refuses a read-only slot", { memory_size = 256 * PAGE, flags = KVM_MEM_READONLY }, -EINVAL },
	{ "takes dirty logging", { memory_size = 256 * PAGE, flags = KVM_MEM_LOG_DIRTY_PAGES }, 0 },
	{ "refuses what ends past the limit", { memory_size = 256 * PAGE, guest_phys_addr = 1 << 44 }, -EINVAL },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	local result = sim:kernel_since("7.0") and case[4] or case[3]
	expect(vm:set_user_memory_region(region(sim, ram, case[2]))):eq(result)
	expect(#sim.inspect:slots(vm)):eq(result == 0 and 3 or 2)
end)

scenario("KVM_SET_USER_MEMORY_REGION on s390 accepts an unaligned guest address, before 7.0 maps nothing",
	{ arch = "s390x" }, function(sim)
	local _, ram, vm = guest(sim)
	expect(vm:set_user_memory_region(region(sim, ram, { guest_phys_addr = 0x880 * PAGE }, 0x100 * PAGE))):eq(0)
	local vcpu = vm:create_vcpu()
	local written = vcpu:write(0x880 * PAGE, "x")
	if sim:kernel_since("7.0") then
		expect(written):is_true()
		expect(ram:read(0x200 * PAGE, 1)):eq("x")
	else
		expect(written):fields(outside(sim))
	end
	expect(sim.inspect:gfn_to_hva(vm, 0x880)):eq(ram.addr + 0x200 * PAGE)
end)
