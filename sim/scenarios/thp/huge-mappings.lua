-- SPDX-License-Identifier: GPL-2.0-only
-- 2 MiB mappings by transparent huge pages: made, split, collapsed, and split by dirty logging.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local HUGE <const> = 2 << 20

local function guest(sim, change)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = true }
	local vm = vmm:open_kvm():create_vm()
	local r = { slot = 0, guest_phys_addr = 0, memory_size = "4M", userspace_addr = ram.addr }
	for k, v in pairs(change or {}) do
		r[k] = v
	end
	r.userspace_addr = r.userspace_addr + (r.offset or 0)
	r.offset = nil
	expect(vm:set_user_memory_region(r)):eq(0)
	local function logging(on)
		r.flags = on and KVM_MEM_LOG_DIRTY_PAGES or 0
		return vm:set_user_memory_region(r)
	end
	return ram, vm, vm:create_vcpu(), logging
end

scenario("a huge page of the host is one mapping of the guest", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(0x1000, "huge")):is_true()
	expect(ram:page(0)):fields{ mapped = true, huge = true }
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, level = 2, page = ram:page(0) }
	expect(sim.inspect:mapping(vm, HUGE - 4096)):fields{ level = 2, page = ram:page(511) }
	expect(sim.inspect:mapping(vm, HUGE).present):eq(false)
	expect(ram:read(0x1000, 4)):eq("huge")
end)

scenario("guest and user address out of step by less than 2 MiB: small mappings", options, function(sim)
	local ram, vm, vcpu = guest(sim, { offset = 4096, memory_size = "2M" })
	expect(vcpu:write(0, "small")):is_true()
	expect(ram:page(1).huge):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 1, page = ram:page(1) }
end)

scenario("a slot that covers only part of a huge page: small mappings", options, function(sim)
	local ram, vm, vcpu = guest(sim, { memory_size = "1M" })
	expect(vcpu:write(0, "small")):is_true()
	expect(ram:page(0).huge):is_true()
	expect(sim.inspect:mapping(vm, 0).level):eq(1)
end)

scenario("splitting the huge page splits the mapping and keeps the data", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(vcpu:write(0x1ff000, "more")):is_true()
	expect(ram:split_huge(0)):eq(0)
	expect(ram:page(1).huge):eq(false)
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(sim.inspect:mapping(vm, 0x1000)):fields{ level = 1, page = ram:page(1) }
	expect(vcpu:read(0x1ff000, 4)):eq("more")
end)

scenario("collapsing makes it huge again", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(0x1000, "data")):is_true()
	expect(ram:split_huge(0)):eq(0)
	expect(vcpu:write(0x2000, "more")):is_true()
	expect(ram:collapse_huge(0)):eq(0)
	expect(ram:page(0).huge):is_true()
	expect(vcpu:read(0x1000, 4)):eq("data")
	expect(vcpu:read(0x2000, 4)):eq("more")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("MADV_COLLAPSE of small pages", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = true }
	ram:madvise(0, "2M", MADV_NOHUGEPAGE)
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	for page = 0, 511 do
		vcpu:write(page * 4096, ("p%03d"):format(page))
	end
	expect(sim.inspect:mapping(vm, 0).level):eq(1)
	ram:madvise(0, "2M", MADV_HUGEPAGE)
	expect(ram:madvise(0, "2M", MADV_COLLAPSE)):eq(0)
	expect(vcpu:read(511 * 4096, 4)):eq("p511")
	expect(vcpu:read(0, 4)):eq("p000")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("dirty logging splits a huge mapping and reports single pages", options, function(sim)
	local ram, vm, vcpu, logging = guest(sim)
	expect(vcpu:write(0, "x")):is_true()
	expect(sim.inspect:mapping(vm, 0).level):eq(2)
	expect(logging(true)):eq(0)
	expect(vcpu:write(0x5000, "logged")):is_true()
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ level = 1, page = ram:page(5) }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	expect(vcpu:read(0x5000, 6)):eq("logged")
end)

scenario("after logging the huge mapping comes back", x86, function(sim)
	local ram, vm, vcpu, logging = guest(sim)
	expect(vcpu:write(0, "x")):is_true()
	expect(logging(true)):eq(0)
	expect(vcpu:write(0x5000, "y")):is_true()
	expect(logging(false)):eq(0)
	expect(vcpu:read(0x5000, 1)):eq("y")
	expect(vcpu:write(0x5000, "z")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("munmap of one page inside a huge mapping", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(0x1000, "one")):is_true()
	expect(vcpu:write(0x2000, "two")):is_true()
	expect(ram:munmap(0x1000, "4K")):eq(0)
	expect(vcpu:read(0x1000, 3)):fields{ ret = -EFAULT }
	expect(vcpu:read(0x2000, 3)):eq("two")
	expect(sim.inspect:mapping(vm, 0x2000).level):eq(1)
end)

scenario("fork write-protects a huge page; the guest's write gets small ones", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "2M",
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "old")):is_true()
	local child = vmm:fork()
	expect(vcpu:write(0x1000, "new")):is_true()
	expect(child:view(ram):read(0x1000, 3)):eq("old")
	expect(ram:read(0x1000, 3)):eq("new")
end)
