-- SPDX-License-Identifier: GPL-2.0-only
-- hugetlb pages of 1 GiB in a guest: one entry of the third level in KVM's tables. They come from a pool. A page has
-- memory of the host's only where somebody touches it, so the scenarios touch little.

local GiB <const>, MiB <const> = 1 << 30, 1 << 20
-- timeout: with gcov or a sanitizer it takes long to split a page for a dirty log.
local x86 <const> = { arch = "x86_64", mmu = { "ept", "npt" }, kernel = "6.12", ram = "8G", timeout = 300 }
local arm <const> = { arch = "arm64", mmu = "vhe", kernel = "6.12", ram = "8G" }
local shadow <const> = { arch = "x86_64", mmu = "shadow", kernel = "6.12", ram = "8G" }
local LOG <const> = KVM_MEM_LOG_DIRTY_PAGES

local function each(name, fn)
	scenario(name, x86, fn)
	scenario("arm64, " .. name, arm, fn)
end

local function each_case(name, rows, fn)
	cases(name, x86, rows, fn)
	cases("arm64, " .. name, arm, rows, fn)
end

-- pages: of the pool and of the guest's memory. t: as for sim:guest.
local function guest(sim, pages, t)
	t = t or {}
	local admin = sim:process()
	expect(admin:set_hugetlb_pool{ size = GiB, pages = pages }):eq(0)
	expect(admin:hugetlb_pool(GiB)):fields{ pages = pages, free = pages, reserved = 0 }
	t.ram = t.ram or {}
	t.ram.length, t.ram.hugetlb = pages * GiB, GiB
	return sim:guest(t)
end

local function level(sim, vm, gpa)
	local m = sim.inspect:mapping(vm, gpa)
	return m.present and m.level
end

-- Without paging a shadow table has three levels, as with PAE, and no entry for 1 GiB.
scenario("1 GiB: the shadow MMU maps 1 GiB where the guest's own tables do", shadow, function(sim)
	local vcpu, ram, vm, vmm = guest(sim, 2, { paging = true })
	local small <const>, large <const> = 8 * GiB, 16 * GiB
	vcpu:map{ from = small, to = 0x1000, prot = "rw" }
	vcpu:map{ from = large, to = 0, prot = "rw", level = 3 }
	expect(vcpu:write(large + 0x1000, "data")):is_true()
	expect(sim.inspect:mapping(vm, large + 0x1000)):fields{ level = 3, writable = true, page = ram:page(1) }
	expect(sim.inspect:tlb(vcpu, large + 0x5000)):fields{ level = 3 }
	expect(vcpu:read(small, 4)):eq("data")
	expect(vcpu:write(large + GiB - 4096, "last")):is_true()
	expect(ram:madvise(0, GiB, MADV_DONTNEED)):eq(0)
	expect(level(sim, vm, large + 0x2000)):is_false()
	expect(vcpu:read(large + 0x1000, 4)):eq("\0\0\0\0")
	expect(vcpu:read(small, 4)):eq("\0\0\0\0")
	expect(vmm:hugetlb_pool(GiB)):fields{ pages = 2, free = 0 }
end)

scenario("1 GiB: the shadow MMU maps smaller pieces of it without paging, or by the guest's entries of 2 MiB", shadow,
	function(sim)
	local vcpu, ram, vm = guest(sim, 2)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 2, page = ram:page(1) }
	expect(vcpu:set_paging{ levels = 4 }):eq(0)
	vcpu:map{ from = 8 * GiB, to = 0, prot = "rw", level = 2 }
	expect(vcpu:read(8 * GiB + 0x1000, 4)):eq("data")
	expect(sim.inspect:tlb(vcpu, 8 * GiB + 0x1000)):fields{ level = 2 }
	expect(ram:page(1).huge):is_true()
end)

each("1 GiB: a page of the VMM's is one mapping of the guest's", function(sim)
	local vcpu, ram, vm, vmm = guest(sim, 2)
	expect(vmm:hugetlb_pool(GiB)):fields{ pages = 2, free = 2, reserved = 2 }
	ram:write(GiB - 4096, "VMM")
	expect(ram:page(0)):fields{ mapped = true, huge = true, writable = true }
	expect(ram:page(0).pfn % (GiB // 4096)):eq(0)
	expect(vcpu:read(GiB - 4096, 3)):eq("VMM")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, level = 3, page = ram:page(1) }
	expect(sim.inspect:tlb(vcpu, GiB - 4096)):fields{ level = 3 }
	expect(level(sim, vm, GiB)):is_false()
	expect(vmm:hugetlb_pool(GiB)):fields{ pages = 2, free = 1, reserved = 1 }
	-- First touched by the guest.
	expect(vcpu:write(2 * GiB - 8, "guest")):is_true()
	expect(ram:read(2 * GiB - 8, 5)):eq("guest")
	expect(vcpu:read(GiB, 4)):eq("\0\0\0\0")
	expect(sim.inspect:mapping(vm, GiB + 0x5000)):fields{ level = 3, writable = true, page = ram:page(GiB // 4096 + 5) }
	expect(vmm:hugetlb_pool(GiB)):fields{ free = 0, reserved = 0 }
end)

each("1 GiB: there is none without a pool, and none beyond it", function(sim)
	local vmm = sim:process()
	expect(vmm:mmap{ length = GiB, hugetlb = GiB }):eq(-ENOMEM)
	expect(vmm:set_hugetlb_pool{ size = GiB, pages = 1 }):eq(0)
	local ram = vmm:mmap{ length = GiB, hugetlb = GiB }
	expect(vmm:mmap{ length = GiB, hugetlb = GiB }):eq(-ENOMEM)
	expect(ram:write(0, "data")):eq(0)
	expect(ram:munmap(0, GiB)):eq(0)
	expect(vmm:hugetlb_pool(GiB)):fields{ pages = 1, free = 1 }
	expect(vmm:set_hugetlb_pool{ size = GiB, pages = 0 }):eq(0)
	expect(vmm:hugetlb_pool(GiB)):fields{ pages = 0, free = 0, surplus = 0 }
end)

-- What does not fill the 1 GiB, or is out of step with it, has smaller entries.
each_case("1 GiB: the borders of a slot decide about the level", {
	-- offset in ram, guest-physical address, size; addresses and their level
	{ "all aligned",              0,       4 * GiB,        GiB,           { { 4 * GiB, 3 }, { 5 * GiB - 4096, 3 } } },
	{ "begin inside of a page",   4 * MiB, GiB + 4 * MiB,  GiB - 4 * MiB, { { GiB + 4 * MiB, 2 }, { 2 * GiB - 1, 2 } } },
	{ "end inside of a page",     0,       GiB,            512 * MiB,     { { GiB, 2 }, { GiB + 511 * MiB, 2 } } },
	{ "out of step by 2 MiB",     0,       GiB + 2 * MiB,  GiB,           { { GiB + 2 * MiB, 2 }, { 2 * GiB, 2 } } },
	{ "out of step by a page",    0,       GiB + 4096,     GiB,           { { GiB + 4096, 1 }, { 2 * GiB, 1 } } },
}, function(sim, row)
	local vcpu, ram, vm = guest(sim, 1, { slot = { offset = row[2], guest_phys_addr = row[3], memory_size = row[4] } })
	for _, place in ipairs(row[5]) do
		local gpa = place[1] & ~4095
		local offset = gpa - row[3] + row[2]
		expect(vcpu:write(gpa, "here")):is_true()
		expect(ram:read(offset, 4)):eq("here")
		expect(sim.inspect:mapping(vm, gpa)):fields{ level = place[2], writable = true, page = ram:page(offset // 4096) }
	end
end)

each("1 GiB: the VMM takes it away, and the next one is empty", function(sim)
	local vcpu, ram, vm, vmm = guest(sim, 2)
	for n = 0, 1 do
		expect(vcpu:write(n * GiB + 0x1000, "data")):is_true()
	end
	expect(ram:madvise(0, GiB, MADV_DONTNEED)):eq(0)
	expect(level(sim, vm, 0x1000)):is_false()
	expect(level(sim, vm, GiB + 0x1000)):eq(3)
	expect(vmm:hugetlb_pool(GiB)):fields{ free = 1 }
	expect(vcpu:read(0x1000, 4)):eq("\0\0\0\0")
	expect(vcpu:read(GiB + 0x1000, 4)):eq("data")
	expect(ram:munmap(GiB, GiB)):eq(0)
	expect(level(sim, vm, GiB + 0x1000)):is_false()
	expect(vcpu:read(GiB + 0x1000, 4)):fields{ ret = -EFAULT }
	expect(vcpu:read(0x1000, 4)):eq("\0\0\0\0")
end)

each("1 GiB: rights change", function(sim)
	local vcpu, ram, vm = guest(sim, 1)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:mprotect(0, GiB, "r")):eq(0)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 3, writable = false }
	expect(vcpu:write(0x2000, "x")):fields{ ret = -EFAULT }
	expect(ram:mprotect(0, GiB, "rw")):eq(0)
	expect(vcpu:write(0x2000, "more")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 3, writable = true }
	expect(ram:read(0x1000, 4)):eq("data")
end)

each("1 GiB: the slot goes and comes back", function(sim)
	local vcpu, ram, vm, _, slot = guest(sim, 1)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	expect(level(sim, vm, 0x1000)):is_false()
	expect(vcpu:read(0x1000, 1)):fields{ reason = KVM_EXIT_MMIO }
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(level(sim, vm, 0x1000)):eq(3)
	expect(ram:page(0).huge):is_true()
end)

-- The log is per 4 KiB: what the guest writes to while it is on is mapped by small entries, and again by one afterwards.
each("1 GiB: with a dirty log the guest has small entries", function(sim)
	local vcpu, ram, vm, _, slot = guest(sim, 1)
	expect(vcpu:write(0x1000, "before")):is_true()
	slot.flags = LOG
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:write(0x3000, "logged")):is_true()
	expect(vcpu:write(GiB - 4096, "logged")):is_true()
	expect(level(sim, vm, 0x3000)):eq(1)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 3, GiB // 4096 - 1 }
	expect(vcpu:read(0x1000, 6)):eq("before")
	slot.flags = 0
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:write(0x1000, "after!")):is_true()
	expect(level(sim, vm, 0x3000)):eq(3)
	expect(ram:read(0x3000, 6)):eq("logged")
	expect(ram:read(GiB - 4096, 6)):eq("logged")
end)

each("1 GiB: ageing", function(sim)
	local vcpu, ram, vm = guest(sim, 1)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 3, accessed = true }
	expect(ram:age(0)):ge(1)
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 3, accessed = false }
	expect(ram:age(0)):eq(0)
end)

each("1 GiB: two VMs have the page", function(sim)
	local vcpu, ram, vm, vmm = guest(sim, 1, { ram = { kind = "shmem" } })
	local other_vm = vmm:open_kvm():create_vm()
	expect(other_vm:set_user_memory_region{ slot = 0, guest_phys_addr = 4 * GiB, memory_size = GiB,
		userspace_addr = ram.addr }):eq(0)
	local other = other_vm:create_vcpu()
	expect(vcpu:write(0x5000, "shared")):is_true()
	expect(other:read(4 * GiB + 0x5000, 6)):eq("shared")
	expect(level(sim, vm, 0)):eq(3)
	expect(level(sim, other_vm, 4 * GiB)):eq(3)
	expect(ram:madvise(0, GiB, MADV_REMOVE)):eq(0)
	expect(level(sim, vm, 0)):is_false()
	expect(level(sim, other_vm, 4 * GiB)):is_false()
	expect(other:read(4 * GiB + 0x5000, 6)):eq(("\0"):rep(6))
end)
