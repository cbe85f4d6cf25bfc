-- SPDX-License-Identifier: GPL-2.0-only
-- The VMM changes its address space under a mapped guest: munmap, mprotect, mremap, madvise.

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = { mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "old", "vhe" } }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

-- 4M of small pages. The first sixteen are written, each with its number, and the guest's writes map them.
local layout = { ram = { length = 1024 * PAGE } }
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	for i = 0, 15 do
		expect(vcpu:write(i * PAGE, ("page %2d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm
end

local function mapped(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).present
end

-- Splitting a VMA inside an aligned 2 MiB range makes the real mm invalidate the whole range; faults bring the
-- neighbours back.
scenario("munmap: the guest loses the page, its neighbours keep their data", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:munmap(2 * PAGE, PAGE)):eq(0)
	expect(mapped(sim, vm, 2 * PAGE)):eq(false)
	expect(vcpu:read(PAGE, 7)):eq("page  1")
	expect(vcpu:read(2 * PAGE, 7)):fields(failed(sim))
	expect(vcpu:read(3 * PAGE, 7)):eq("page  3")
end)

scenario("munmap of everything under the slot", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:munmap()):eq(0)
	for i = 0, 15 do
		expect(mapped(sim, vm, i * PAGE)):eq(false)
	end
	expect(vcpu:write(0, "x")):fields(failed(sim))
end)

scenario("munmap and mmap again at the same address gives the guest new memory", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(ram:munmap(0, 16 * PAGE)):eq(0)
	local again = vmm:mmap{ length = 16 * PAGE, addr = ram.addr, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(again.addr):eq(ram.addr)
	expect(vcpu:read(PAGE, 7)):eq(("\0"):rep(7))
	again:write(PAGE, "new")
	expect(vcpu:read(PAGE, 3)):eq("new")
end)

scenario("mmap over a mapped page replaces it", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	vmm:mmap{ length = PAGE, addr = ram.addr + PAGE, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(mapped(sim, vm, PAGE)):eq(false)
	expect(vcpu:read(PAGE, 7)):eq(("\0"):rep(7))
	expect(vcpu:read(2 * PAGE, 7)):eq("page  2")
end)

scenario("mprotect to read-only: reads go on, writes fail, until it is writable again", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:mprotect(PAGE, PAGE, "r")):eq(0)
	expect(vcpu:read(PAGE, 7)):eq("page  1")
	expect(sim.inspect:mapping(vm, PAGE)):fields{ present = true, writable = false }
	expect(vcpu:write(PAGE, "x")):fields(failed(sim))
	expect(vcpu:write(2 * PAGE, "x")):is_true()
	expect(ram:mprotect(PAGE, PAGE, "rw")):eq(0)
	expect(vcpu:write(PAGE, "PAGE")):is_true()
	expect(ram:read(PAGE, 7)):eq("PAGE  1")
end)

scenario("mprotect to none: neither reads nor writes", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:mprotect(PAGE, PAGE, "none")):eq(0)
	expect(mapped(sim, vm, PAGE)):eq(false)
	expect(vcpu:read(PAGE, 1)):fields(failed(sim))
	expect(ram:mprotect(PAGE, PAGE, "rw")):eq(0)
	expect(vcpu:read(PAGE, 7)):eq("page  1")
end)

scenario("mremap: the page moves away from the slot with its data", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local place = vmm:mmap{ length = PAGE, prot = "none" }
	local moved = ram:mremap{
		offset = 4 * PAGE, old_length = PAGE, new_length = PAGE, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
			new_addr = place.addr,
	}
	expect(moved.addr):eq(place.addr)
	expect(moved:read(0, 7)):eq("page  4")
	expect(mapped(sim, vm, 4 * PAGE)):eq(false)
	expect(vcpu:read(4 * PAGE, 7)):fields(failed(sim))
end)

scenario("mremap: another page moves under the slot", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local other = vmm:mmap{ length = PAGE }
	other:write(0, "from elsewhere")
	local moved = other:mremap{ new_length = PAGE, flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		new_addr = ram.addr + 4 * PAGE }
	expect(moved.addr):eq(ram.addr + 4 * PAGE)
	expect(vcpu:read(4 * PAGE, 14)):eq("from elsewhere")
	expect(sim.inspect:mapping(vm, 4 * PAGE).page):eq(ram:page(4))
end)

scenario("MADV_DONTNEED: the guest reads zeroes and the old frame is gone", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:madvise(PAGE, 2 * PAGE, MADV_DONTNEED)):eq(0)
	expect(mapped(sim, vm, PAGE)):eq(false)
	expect(mapped(sim, vm, 2 * PAGE)):eq(false)
	expect(vcpu:read(PAGE, 7)):eq(("\0"):rep(7))
	expect(vcpu:read(3 * PAGE, 7)):eq("page  3")
end)

scenario("MADV_FREE: the data stays until memory is short", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(ram:madvise(PAGE, PAGE, MADV_FREE)):eq(0)
	expect(vcpu:read(PAGE, 7)):eq("page  1")
	expect(vcpu:write(PAGE, "again")):is_true()
	expect(vcpu:read(PAGE, 5)):eq("again")
end)

scenario("MADV_PAGEOUT: the page goes to swap and comes back", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:age(PAGE)		-- 6.1 keeps what the guest used lately
	expect(ram:madvise(PAGE, PAGE, MADV_PAGEOUT)):eq(0)
	expect(ram:page(1)):fields{ mapped = false, swapped = true }
	expect(mapped(sim, vm, PAGE)):eq(false)
	expect(vcpu:read(PAGE, 7)):eq("page  1")
	expect(sim.inspect:mapping(vm, PAGE).page):eq(ram:page(1))
end)

cases("madvise refuses", {
	{ "an unknown advice",    0,    PAGE, 999,           -EINVAL },
	{ "an unaligned address", 1,    PAGE, MADV_DONTNEED, -EINVAL },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	expect(ram:madvise(case[2], case[3], case[4])):eq(case[5])
	expect(mapped(sim, vm, 0)):eq(true)
end)

scenario("the guest reads what the VMM writes, and the other way round", options, function(sim)
	local vcpu, ram = guest(sim)
	for i = 0, 15 do
		ram:write(i * PAGE, ("host %2d"):format(i))
		expect(vcpu:read(i * PAGE, 7)):eq(("host %2d"):format(i))
		vcpu:write(i * PAGE + 8, "guest")
		expect(ram:read(i * PAGE, 13)):eq(("host %2d\0guest"):format(i))
	end
end)

scenario("the process exits while its VM still has mappings", options, function(sim)
	local _, _, _, vmm = guest(sim)
	expect(vmm:exit()):eq(0)
end)
