-- SPDX-License-Identifier: GPL-2.0-only
-- The VMM changes its address space under a mapped guest: munmap, mprotect, mremap, madvise.

local options = { mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "old", "vhe" } }

-- The result of an access to a page that the process lacks: before 7.0, s390's KVM gives the guest an addressing
-- exception.
local function failed(sim)
	return sim.arch == "s390x" and not sim:kernel_since("7.0") and { exception = { vector = 5 } } or { ret = -EFAULT }
end

-- 4M of small pages. The first sixteen are written, each with its number, and the guest's writes map them.
local layout = { ram = { length = "4M" } }
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest(layout)
	for i = 0, 15 do
		expect(vcpu:write(i * 4096, ("page %2d"):format(i))):is_true()
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
	expect(ram:munmap(0x2000, "4K")):eq(0)
	expect(mapped(sim, vm, 0x2000)):eq(false)
	expect(vcpu:read(0x1000, 7)):eq("page  1")
	expect(vcpu:read(0x2000, 7)):fields(failed(sim))
	expect(vcpu:read(0x3000, 7)):eq("page  3")
end)

scenario("munmap of everything under the slot", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:munmap()):eq(0)
	for i = 0, 15 do
		expect(mapped(sim, vm, i * 4096)):eq(false)
	end
	expect(vcpu:write(0, "x")):fields(failed(sim))
end)

scenario("munmap and mmap again at the same address gives the guest new memory", options, function(sim)
	local vcpu, ram, _, vmm = guest(sim)
	expect(ram:munmap(0, "64K")):eq(0)
	local again = vmm:mmap{ length = "64K", addr = ram.addr, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(again.addr):eq(ram.addr)
	expect(vcpu:read(0x1000, 7)):eq(("\0"):rep(7))
	again:write(0x1000, "new")
	expect(vcpu:read(0x1000, 3)):eq("new")
end)

scenario("mmap over a mapped page replaces it", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	vmm:mmap{ length = "4K", addr = ram.addr + 0x1000, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(mapped(sim, vm, 0x1000)):eq(false)
	expect(vcpu:read(0x1000, 7)):eq(("\0"):rep(7))
	expect(vcpu:read(0x2000, 7)):eq("page  2")
end)

scenario("mprotect to read-only: reads go on, writes fail, until it is writable again", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:mprotect(0x1000, "4K", "r")):eq(0)
	expect(vcpu:read(0x1000, 7)):eq("page  1")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ present = true, writable = false }
	expect(vcpu:write(0x1000, "x")):fields(failed(sim))
	expect(vcpu:write(0x2000, "x")):is_true()
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(vcpu:write(0x1000, "PAGE")):is_true()
	expect(ram:read(0x1000, 7)):eq("PAGE  1")
end)

scenario("mprotect to none: neither reads nor writes", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:mprotect(0x1000, "4K", "none")):eq(0)
	expect(mapped(sim, vm, 0x1000)):eq(false)
	expect(vcpu:read(0x1000, 1)):fields(failed(sim))
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
	expect(vcpu:read(0x1000, 7)):eq("page  1")
end)

scenario("mremap: the page moves away from the slot with its data", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local place = vmm:mmap{ length = "4K", prot = "none" }
	local moved = ram:mremap{
		offset = 0x4000, old_length = "4K", new_length = "4K", flags = MREMAP_MAYMOVE | MREMAP_FIXED,
			new_addr = place.addr,
	}
	expect(moved.addr):eq(place.addr)
	expect(moved:read(0, 7)):eq("page  4")
	expect(mapped(sim, vm, 0x4000)):eq(false)
	expect(vcpu:read(0x4000, 7)):fields(failed(sim))
end)

scenario("mremap: another page moves under the slot", options, function(sim)
	local vcpu, ram, vm, vmm = guest(sim)
	local other = vmm:mmap{ length = "4K" }
	other:write(0, "from elsewhere")
	local moved = other:mremap{ new_length = "4K", flags = MREMAP_MAYMOVE | MREMAP_FIXED,
		new_addr = ram.addr + 0x4000 }
	expect(moved.addr):eq(ram.addr + 0x4000)
	expect(vcpu:read(0x4000, 14)):eq("from elsewhere")
	expect(sim.inspect:mapping(vm, 0x4000).page):eq(ram:page(4))
end)

scenario("MADV_DONTNEED: the guest reads zeroes and the old frame is gone", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:madvise(0x1000, "8K", MADV_DONTNEED)):eq(0)
	expect(mapped(sim, vm, 0x1000)):eq(false)
	expect(mapped(sim, vm, 0x2000)):eq(false)
	expect(vcpu:read(0x1000, 7)):eq(("\0"):rep(7))
	expect(vcpu:read(0x3000, 7)):eq("page  3")
end)

scenario("MADV_FREE: the data stays until memory is short", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(ram:madvise(0x1000, "4K", MADV_FREE)):eq(0)
	expect(vcpu:read(0x1000, 7)):eq("page  1")
	expect(vcpu:write(0x1000, "again")):is_true()
	expect(vcpu:read(0x1000, 5)):eq("again")
end)

scenario("MADV_PAGEOUT: the page goes to swap and comes back", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	ram:age(0x1000)		-- 6.1 keeps what the guest used lately
	expect(ram:madvise(0x1000, "4K", MADV_PAGEOUT)):eq(0)
	expect(ram:page(1)):fields{ mapped = false, swapped = true }
	expect(mapped(sim, vm, 0x1000)):eq(false)
	expect(vcpu:read(0x1000, 7)):eq("page  1")
	expect(sim.inspect:mapping(vm, 0x1000).page):eq(ram:page(1))
end)

cases("madvise refuses", {
	{ "an unknown advice",    0,    "4K", 999,           -EINVAL },
	{ "an unaligned address", 1,    "4K", MADV_DONTNEED, -EINVAL },
}, function(sim, case)
	local _, ram, vm = guest(sim)
	expect(ram:madvise(case[2], case[3], case[4])):eq(case[5])
	expect(mapped(sim, vm, 0)):eq(true)
end)

scenario("the guest reads what the VMM writes, and the other way round", options, function(sim)
	local vcpu, ram = guest(sim)
	for i = 0, 15 do
		ram:write(i * 4096, ("host %2d"):format(i))
		expect(vcpu:read(i * 4096, 7)):eq(("host %2d"):format(i))
		vcpu:write(i * 4096 + 8, "guest")
		expect(ram:read(i * 4096, 13)):eq(("host %2d\0guest"):format(i))
	end
end)

scenario("the process exits while its VM still has mappings", options, function(sim)
	local _, _, _, vmm = guest(sim)
	expect(vmm:exit()):eq(0)
end)
