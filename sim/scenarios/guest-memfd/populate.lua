-- SPDX-License-Identifier: GPL-2.0-only
-- kvm_gmem_populate(): a vendor module fills private memory before the guest starts. Each check of it, with its errno,
-- and how far it comes. On later kernels only encrypted guests have it.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_GUEST_MEMFD", before = "6.18" }
local explicit = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", before = "6.18" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local PAGE <const> = 0x1000

-- 64 KiB at 2 MiB, from the file's second 64 KiB on.
local BASE <const> = 0x200000

local function machine(sim, t)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "128K", huge = false }
	local vm = vmm:open_kvm():create_vm{ type = KVM_X86_SW_PROTECTED_VM }
	local m = { vmm = vmm, ram = ram, vm = vm }
	m.source = vmm:mmap{ length = "64K", huge = false }
	expect(m.source:write(0, ("first page "):rep(100))):eq(0)
	expect(m.source:write(0x1000, ("second page "):rep(100))):eq(0)
	if t and t.explicit then
		expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { KVM_MEM_PRIVATE_ENABLE } }):eq(0)
		m.fd = vm:create_guest_memfd{ size = "128K", flags = GUEST_MEMFD_FLAG_EXPLICIT }
		expect(vm:set_user_memory_region_ext{ slot = 0, flags = KVM_MEM_PRIVATE, guest_phys_addr = BASE,
			memory_size = "64K", userspace_addr = ram, private_fd = m.fd, private_offset = "64K" }):eq(0)
	else
		m.fd = vm:create_guest_memfd{ size = "128K" }
		expect(vm:set_user_memory_region2{ slot = 0, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = BASE,
			memory_size = "64K", userspace_addr = ram, guest_memfd = m.fd, guest_memfd_offset = "64K",
		}):eq(0)
	end
	function m.private(gpa, size)
		expect(vm:set_memory_attributes{ address = gpa, size = size, attributes = PRIVATE }):eq(0)
	end
	-- into the guest's memory; npages may be negative
	function m.populate(gpa, npages, source)
		return vm:populate{ gpa = gpa, size = npages * PAGE, source = source }
	end
	return m
end

scenario("populate: the guest finds what the VMM gave, and zeroes", options, function(sim)
	local m = machine(sim)
	m.private(BASE, "64K")
	expect(m.populate(BASE, 2, m.source.addr)):eq(2)
	expect(m.populate(BASE + 0x2000, 1)):eq(1)
	local vcpu = m.vm:create_vcpu()
	expect(sim.inspect:mapping(m.vm, BASE).present):is_false()
	expect(vcpu:read(BASE, 11)):eq("first page ")
	expect(vcpu:read(BASE + 0x1000, 12)):eq("second page ")
	expect(vcpu:read(BASE + 0x2000, 8)):eq(("\0"):rep(8))
	expect(vcpu:read(BASE + 0x3000, 8)):eq(("\0"):rep(8))
	-- the file's other pages and the VMM's memory are as they were
	expect(m.ram:read(0, 8)):eq(("\0"):rep(8))
	-- it was a copy
	expect(m.source:write(0, "changed")):eq(0)
	expect(vcpu:read(BASE, 5)):eq("first")
	expect(vcpu:write(BASE, "guest")):is_true()
	expect(m.source:read(0, 7)):eq("changed")
end)

cases("populate: where it refuses", options, {
	{ "no slot",                   BASE - PAGE,     1,  -EINVAL },
	{ "behind the slot",           BASE + 0x10000,  1,  -EINVAL },
	{ "not private",               BASE + 0x8000,   1,  -EINVAL },
	{ "no page",                   BASE,            0,  0 },
	{ "fewer than no page",        BASE,            -1, -EINVAL },
}, function(sim, case)
	local m = machine(sim)
	m.private(BASE, "32K")
	expect(m.populate(case[2], case[3], m.source.addr)):eq(case[4])
end)

scenario("populate: a slot without a file", options, function(sim)
	local m = machine(sim)
	local region = { slot = 1, guest_phys_addr = "4M", memory_size = "64K", userspace_addr = m.ram }
	expect(m.vm:set_user_memory_region(region)):eq(0)
	m.private("4M", "64K")
	expect(m.populate(0x400000, 1, m.source.addr)):eq(-EINVAL)
end)

scenario("populate: the file is closed", options, function(sim)
	local m = machine(sim)
	m.private(BASE, "64K")
	expect(m.fd:close()):eq(0)
	expect(m.populate(BASE, 1, m.source.addr)):eq(-EFAULT)
end)

scenario("populate: a page twice, or one that the guest has had", options, function(sim)
	local m = machine(sim)
	local vcpu = m.vm:create_vcpu()
	m.private(BASE, "64K")
	expect(vcpu:write(BASE + 0x3000, "guest")):is_true()
	expect(m.populate(BASE, 1, m.source.addr)):eq(1)
	expect(m.populate(BASE, 1, m.source.addr)):eq(-EEXIST)
	expect(m.populate(BASE + 0x3000, 1, m.source.addr)):eq(-EEXIST)
	-- how far it came, and then the error
	expect(m.populate(BASE + 0x1000, 4, m.source.addr)):eq(2)
	expect(m.populate(BASE + 0x3000, 2, m.source.addr + 0x2000)):eq(-EEXIST)
	expect(vcpu:read(BASE + 0x3000, 5)):eq("guest")
	expect(vcpu:read(BASE + 0x2000, 6)):eq("second")
	-- allocated by fallocate() is not prepared
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "64K", length = "64K" }):eq(0)
	expect(m.populate(BASE + 0x4000, 1, m.source.addr)):eq(1)
	expect(m.fd:punch_hole("64K", PAGE)):eq(0)
	expect(m.populate(BASE, 1, m.source.addr + 0x1000)):eq(1)
	expect(vcpu:read(BASE, 6)):eq("second")
end)

scenario("populate: it stops at the end of the slot, and where memory is shared", options, function(sim)
	local m = machine(sim)
	m.private(BASE, "64K")
	expect(m.populate(BASE + 0xe000, 8, m.source.addr)):eq(2)
	expect(m.vm:set_memory_attributes{ address = BASE + 0x3000, size = PAGE, attributes = 0 }):eq(0)
	expect(m.populate(BASE, 8, m.source.addr)):eq(3)
	expect(m.populate(BASE + 0x3000, 1, m.source.addr)):eq(-EINVAL)
	local vcpu = m.vm:create_vcpu()
	expect(vcpu:read(BASE + 0xf000, 6)):eq("second")
	expect(vcpu:read(BASE + 0x3000, 6)):eq(("\0"):rep(6))
end)

-- The file goes on with slot 0.
scenario("populate: it stops at the end of the slot, though private memory and the file go on", options, function(sim)
	local m = machine(sim)
	local region = { slot = 1, flags = KVM_MEM_GUEST_MEMFD, guest_phys_addr = "4M", memory_size = "64K",
		userspace_addr = m.ram, guest_memfd = m.fd, guest_memfd_offset = 0 }
	expect(m.vm:set_user_memory_region2(region)):eq(0)
	m.private("4M", "128K")
	expect(m.populate(0x40e000, 4, m.source.addr)):eq(2)
end)

-- A page whose source cannot be read is not prepared: it can be filled later, or is zeroes.
scenario("populate: the source cannot be read", options, function(sim)
	local m = machine(sim)
	m.private(BASE, "64K")
	expect(m.source:munmap(0x2000, "56K")):eq(0)
	expect(m.populate(BASE, 4, m.source.addr)):eq(2)
	expect(m.populate(BASE + 0x2000, 1, m.source.addr + 0x2000)):eq(-EFAULT)
	expect(m.populate(BASE + 0x2000, 1, m.source.addr)):eq(1)
	expect(m.populate(BASE + 0x4000, 1, m.source.addr + 0x2000)):eq(-EFAULT)
	local vcpu = m.vm:create_vcpu()
	expect(vcpu:read(BASE + 0x2000, 5)):eq("first")
	expect(vcpu:read(BASE + 0x4000, 5)):eq(("\0"):rep(5))
end)

scenario("populate: a page with a memory error", options, function(sim)
	local m = machine(sim)
	m.private(BASE, "64K")
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "64K", length = "64K" }):eq(0)
	expect(m.fd:memory_error(0x12000)):eq(-EBUSY)
	expect(m.populate(BASE, 4, m.source.addr)):eq(2)
	expect(m.populate(BASE + 0x2000, 1, m.source.addr)):eq(-EHWPOISON)
end)

-- Only fallocate() allocates in a file of KVM_MEM_PRIVATE.
scenario("populate: an explicit file has no page there", explicit, function(sim)
	local m = machine(sim, { explicit = true })
	expect(m.populate(BASE, 1, m.source.addr)):eq(-ENOENT)
	expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = "64K", length = "8K" }):eq(0)
	expect(m.populate(BASE, 4, m.source.addr)):eq(2)
	expect(m.populate(BASE, 1, m.source.addr)):eq(-EEXIST)
	expect(m.populate(BASE + 0x2000, 1, m.source.addr)):eq(-ENOENT)
	local vcpu = m.vm:create_vcpu()
	expect(vcpu:read(BASE + 0x1000, 6)):eq("second")
	expect(vcpu:read(BASE + 0x2000, 6)):eq(("\0"):rep(6))
	expect(m.fd:punch_hole("64K", "64K")):eq(0)
	expect(m.populate(BASE, 1, m.source.addr)):eq(-ENOENT)
	expect(vcpu:read(BASE, 6)):eq(("\0"):rep(6))
end)
