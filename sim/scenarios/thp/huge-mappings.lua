-- SPDX-License-Identifier: GPL-2.0-only
-- Block mappings by transparent huge pages: made, split, collapsed, and split by dirty logging.

-- Blocks of 512 MiB do not fit into the usual machine.
if PMD_SIZE <= 1 << 25 then
	any_page_size()
end
local PAGE <const> = PAGE_SIZE

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "ept_rmap", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "ept_rmap", "shadow" } }
local HUGE <const> = PMD_SIZE

local function guest(sim, change)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 4 * HUGE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	local r = { slot = 0, guest_phys_addr = 0, memory_size = 2 * HUGE, userspace_addr = ram.addr }
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
	expect(vcpu:write(PAGE, "huge")):is_true()
	expect(ram:page(0)):fields{ mapped = true, huge = true }
	expect(sim.inspect:mapping(vm, 0)):fields{ present = true, level = 2, page = ram:page(0) }
	expect(sim.inspect:mapping(vm, HUGE - PAGE)):fields{ level = 2, page = ram:page(HUGE // PAGE - 1) }
	expect(sim.inspect:mapping(vm, HUGE).present):eq(false)
	expect(ram:read(PAGE, 4)):eq("huge")
end)

scenario("guest and user address out of step by less than 2 MiB: small mappings", options, function(sim)
	local ram, vm, vcpu = guest(sim, { offset = PAGE, memory_size = HUGE })
	expect(vcpu:write(0, "small")):is_true()
	expect(ram:page(1).huge):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 1, page = ram:page(1) }
end)

scenario("a slot that covers only part of a huge page: small mappings", options, function(sim)
	local ram, vm, vcpu = guest(sim, { memory_size = HUGE // 2 })
	expect(vcpu:write(0, "small")):is_true()
	expect(ram:page(0).huge):is_true()
	expect(sim.inspect:mapping(vm, 0).level):eq(1)
end)

scenario("splitting the huge page splits the mapping and keeps the data", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(PAGE, "data")):is_true()
	expect(vcpu:write(HUGE - PAGE, "more")):is_true()
	expect(ram:split_huge(0)):eq(0)
	expect(ram:page(1).huge):eq(false)
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(sim.inspect:mapping(vm, PAGE)):fields{ level = 1, page = ram:page(1) }
	expect(vcpu:read(HUGE - PAGE, 4)):eq("more")
end)

scenario("collapsing makes it huge again", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(PAGE, "data")):is_true()
	expect(ram:split_huge(0)):eq(0)
	expect(vcpu:write(2 * PAGE, "more")):is_true()
	expect(ram:collapse_huge(0)):eq(0)
	expect(ram:page(0).huge):is_true()
	expect(vcpu:read(PAGE, 4)):eq("data")
	expect(vcpu:read(2 * PAGE, 4)):eq("more")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("MADV_COLLAPSE of small pages", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = HUGE, huge = true }
	ram:madvise(0, HUGE, MADV_NOHUGEPAGE)
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = HUGE,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	for page = 0, HUGE // PAGE - 1 do
		vcpu:write(page * PAGE, ("p%03d"):format(page))
	end
	expect(sim.inspect:mapping(vm, 0).level):eq(1)
	ram:madvise(0, HUGE, MADV_HUGEPAGE)
	expect(ram:madvise(0, HUGE, MADV_COLLAPSE)):eq(0)
	expect(vcpu:read(511 * PAGE, 4)):eq("p511")
	expect(vcpu:read(0, 4)):eq("p000")
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("dirty logging splits a huge mapping and reports single pages", options, function(sim)
	local ram, vm, vcpu, logging = guest(sim)
	expect(vcpu:write(0, "x")):is_true()
	expect(sim.inspect:mapping(vm, 0).level):eq(2)
	expect(logging(true)):eq(0)
	expect(vcpu:write(5 * PAGE, "logged")):is_true()
	expect(sim.inspect:mapping(vm, 5 * PAGE)):fields{ level = 1, page = ram:page(5) }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 5 }
	expect(vcpu:read(5 * PAGE, 6)):eq("logged")
end)

scenario("after logging the huge mapping comes back", x86, function(sim)
	local ram, vm, vcpu, logging = guest(sim)
	expect(vcpu:write(0, "x")):is_true()
	expect(logging(true)):eq(0)
	expect(vcpu:write(5 * PAGE, "y")):is_true()
	expect(logging(false)):eq(0)
	expect(vcpu:read(5 * PAGE, 1)):eq("y")
	expect(vcpu:write(5 * PAGE, "z")):is_true()
	expect(sim.inspect:mapping(vm, 0)):fields{ level = 2, page = ram:page(0) }
end)

scenario("munmap of one page inside a huge mapping", options, function(sim)
	local ram, vm, vcpu = guest(sim)
	expect(vcpu:write(PAGE, "one")):is_true()
	expect(vcpu:write(2 * PAGE, "two")):is_true()
	expect(ram:munmap(PAGE, PAGE)):eq(0)
	expect(vcpu:read(PAGE, 3)):fields{ ret = -EFAULT }
	expect(vcpu:read(2 * PAGE, 3)):eq("two")
	expect(sim.inspect:mapping(vm, 2 * PAGE).level):eq(1)
end)

scenario("fork write-protects a huge page; the guest's write gets small ones", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = HUGE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = HUGE,
		userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(PAGE, "old")):is_true()
	local child = vmm:fork()
	expect(vcpu:write(PAGE, "new")):is_true()
	expect(child:view(ram):read(PAGE, 3)):eq("old")
	expect(ram:read(PAGE, 3)):eq("new")
end)
