-- SPDX-License-Identifier: GPL-2.0-only
-- What a memory slot must be on s390 (kvm_arch_prepare_memory_region()), and what it becomes in the guest address space
-- (kvm_arch_commit_memory_region()).

local options = { arch = "s390x", covers = "docs/rules.md S1" }
local MiB <const> = 1 << 20

-- Memory of 8 MiB and a VM; attributes of the VM come before its first vCPU.
local function machine(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", align = MiB }
	return vmm, ram, vmm:open_kvm():create_vm()
end

local function set(vm, ram, t)
	return vm:set_user_memory_region{ slot = t.slot or 0, flags = t.flags or 0, guest_phys_addr = t.gpa or 0,
		memory_size = t.size or 2 * MiB, userspace_addr = ram.addr + (t.offset or 0) }
end

-- Since 7.0 only whole pages are asked for.
cases("slot rules: host address and size", options, {
	{ "1 MiB at a multiple of 1 MiB",       { size = MiB, offset = MiB },          0 },
	{ "3 MiB",                              { size = 3 * MiB },                    0 },
	{ "host address off by a page",         { offset = 0x1000 },                   -EINVAL },
	{ "host address at half a segment",     { offset = MiB // 2 },                 -EINVAL },
	{ "one page",                           { size = 0x1000 },                     -EINVAL },
	{ "1 MiB and a page",                   { size = MiB + 0x1000 },               -EINVAL },
	{ "1 MiB without a page",               { size = MiB - 0x1000 },               -EINVAL },
}, function(sim, case)
	local _, ram, vm = machine(sim)
	local result = sim:kernel_since("7.0") and 0 or case[3]
	expect(set(vm, ram, case[2])):eq(result)
	expect(#sim.inspect:slots(vm)):eq(result == 0 and 1 or 0)
end)

local old_gmap = { arch = "s390x", before = "7.0", covers = options.covers }
local own_tables = { arch = "s390x", kernel = "7.0", covers = options.covers }

cases("slot rules: the guest address is not checked, and the slot maps nothing", old_gmap, {
	{ "off by a page",       0x1000 },
	{ "at half a segment",   MiB + MiB // 2 },
}, function(sim, case)
	local _, ram, vm = machine(sim)
	local gpa = case[2]
	-- gmap_map_segment() refuses; kvm_arch_commit_memory_region() can only report that in a line of the log.
	expect(set(vm, ram, { gpa = gpa })):eq(0)
	expect(#sim.inspect:slots(vm)):eq(1)
	expect(sim.inspect:gfn_to_hva(vm, gpa >> 12)):eq(ram.addr)
	local vcpu = vm:create_vcpu()
	expect(vcpu:s390_vcpu_fault(gpa)):eq(-EFAULT)
	expect(vcpu:read(gpa, 1)):fields{ exception = { vector = 5 } }
	-- At its place it still blocks others.
	expect(set(vm, ram, { slot = 1, size = 4 * MiB })):eq(-EEXIST)
	expect(set(vm, ram, { size = 0 })):eq(0)
	expect(set(vm, ram, { slot = 1, size = 4 * MiB })):eq(0)
	expect(vcpu:write(gpa, "x")):is_true()
end)

cases("slot rules: host and guest addresses and the size are multiples of pages", own_tables, {
	{ "guest address off by a page",     { gpa = 0x1000 } },
	{ "guest address in a segment",      { gpa = MiB + MiB // 2 } },
	{ "host address off by a page",      { offset = 0x1000 } },
	{ "different places in a segment",   { gpa = 0x5000, offset = 0x3000, size = 0x9000 } },
	{ "one page",                        { gpa = 0x7000, size = 0x1000 } },
}, function(sim, case)
	local _, ram, vm = machine(sim)
	local t = case[2]
	local gpa, offset, size = t.gpa or 0, t.offset or 0, t.size or 2 * MiB
	ram:write(offset, "first")
	ram:write(offset + size - 5, "last!")
	expect(set(vm, ram, t)):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(gpa, 5)):eq("first")
	expect(vcpu:read(gpa + size - 5, 5)):eq("last!")
	expect(vcpu:read(gpa + size, 1)):fields{ exception = { vector = 5 } }
	if gpa > 0 then
		expect(vcpu:read(gpa - 1, 1)):fields{ exception = { vector = 5 } }
	end
	expect(set(vm, ram, { gpa = gpa + 4 * MiB, offset = offset, size = size })):eq(0)
	expect(vcpu:read(gpa, 5)):fields{ exception = { vector = 5 } }
	expect(vcpu:read(gpa + 4 * MiB, 5)):eq("first")
	expect(set(vm, ram, { size = 0 })):eq(0)
	expect(vcpu:read(gpa + 4 * MiB + size - 5, 5)):fields{ exception = { vector = 5 } }
end)

cases("slot rules: parts of a page are refused", own_tables, {
	{ "host address", { offset = 0x800 } }, { "guest address", { gpa = 0x800 } }, { "size", { size = 0x1800 } },
}, function(sim, case)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, case[2])):eq(-EINVAL)
end)

scenario("slot rules: after a move to an unaligned guest address the slot maps nothing", old_gmap, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x2000, "before")):is_true()
	expect(set(vm, ram, { gpa = 4 * MiB + 0x1000 })):eq(0)
	expect(vcpu:read(0x2000, 1)):fields{ exception = { vector = 5 } }
	expect(vcpu:read(4 * MiB + 0x3000, 1)):fields{ exception = { vector = 5 } }
	-- Nothing was unmapped at the old place when it moves on, and it works again.
	expect(set(vm, ram, { gpa = 4 * MiB })):eq(0)
	expect(sim.inspect:slots(vm)[1].base_gfn):eq(4 * MiB >> 12)
	expect(vcpu:read(4 * MiB + 0x2000, 1)):fields{ exception = { vector = 5 } }
end)

scenario("slot rules: delete, and what the guest sees then", options, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	expect(set(vm, ram, { slot = 1, gpa = 2 * MiB, offset = 2 * MiB })):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "one")):is_true()
	expect(vcpu:write(2 * MiB + 0x5000, "two")):is_true()
	expect(set(vm, ram, { size = 0 })):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = false }
	expect(vcpu:read(0x5000, 3)):fields{ exception = { vector = 5 } }
	expect(vcpu:read(2 * MiB + 0x5000, 3)):eq("two")
	expect(ram:read(0x5000, 3)):eq("one")
	expect(set(vm, ram, { size = 0 })):eq(-EINVAL)
end)

scenario("slot rules: move", options, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "moves")):is_true()
	expect(set(vm, ram, { gpa = 5 * MiB })):eq(0)
	expect(vcpu:read(0x5000, 5)):fields{ exception = { vector = 5 } }
	expect(vcpu:read(5 * MiB + 0x5000, 5)):eq("moves")
end)

scenario("slot rules: flags change nothing in the guest address space", options, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "stays")):is_true()
	local before = sim.inspect:counters()
	expect(set(vm, ram, { flags = KVM_MEM_LOG_DIRTY_PAGES })):eq(0)
	expect(sim.inspect:mapping(vm, 0x5000)):fields{ present = true, writable = true }
	expect(sim.inspect:tlb(vcpu, 0x5000)):fields{ present = true, writable = true }
	expect(set(vm, ram, { flags = 0 })):eq(0)
	expect(sim.inspect:counters().ipte_global):eq(before.ipte_global)
	expect(set(vm, ram, { flags = KVM_MEM_READONLY })):eq(-EINVAL)
	expect(vcpu:read(0x5000, 5)):eq("stays")
end)

scenario("slot rules: one piece of host memory at two guest addresses", options, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	expect(set(vm, ram, { slot = 1, gpa = 4 * MiB })):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x5000, "once")):is_true()
	if sim:kernel_since("7.0") then
		expect(vcpu:read(4 * MiB + 0x5000, 4)):eq("once")
		expect(vcpu:write(4 * MiB + 0x5000, "both")):is_true()
		expect(vcpu:read(0x5000, 4)):eq("both")
		return
	end
	-- A segment of the host has one place in the guest: gmap->host_to_guest has room for one (-EEXIST of
	-- __gmap_link()).
	expect(vcpu:s390_vcpu_fault(4 * MiB + 0x5000)):eq(-EEXIST)
	-- 6.1 lets the guest retry for ever: gmap.lua.
	if sim:kernel_since("6.12") then
		expect(vcpu:read(4 * MiB + 0x5000, 4)):fields{ ret = -EEXIST }
	end
end)

-- --- the VM's limit ----------------------------------------------------------------------------------------

local function limit(vm)
	return vm:get_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_LIMIT_SIZE }
end
local function set_limit(vm, value, addr)
	return vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_LIMIT_SIZE,
		value = value, addr = addr }
end

scenario("memory limit: what it is, and what may be set", options, function(sim)
	local _, _, vm = machine(sim)
	local first = limit(vm).value
	expect(first):ge(1 << 40)
	expect(vm:has_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_LIMIT_SIZE }):eq(0)
	expect(set_limit(vm, first + 1)):eq(-E2BIG)
	-- Since 7.0 it is rounded up to a segment first, which gives 0.
	expect(set_limit(vm, KVM_S390_NO_MEM_LIMIT)):eq(sim:kernel_since("7.0") and -EINVAL or -E2BIG)
	expect(set_limit(vm, 0)):eq(-EINVAL)
	expect(set_limit(vm, nil, 0x1000)):eq(-EFAULT)
	expect(set_limit(vm, 4 << 30)):eq(0)
	expect(vm:create_vcpu{ lowcore = false }):ok()
	expect(set_limit(vm, 2 << 30)):eq(-EBUSY)
	expect(set_limit(vm, 0)):eq(-EINVAL)
end)

cases("memory limit: unknown names", options, {
	{ "attribute of memory control", KVM_S390_VM_MEM_CTRL, 99 },
	{ "group",                       99,                   0 },
}, function(sim, case)
	local _, _, vm = machine(sim)
	local t = { group = case[2], attr = case[3] }
	expect(vm:set_device_attr(t)):eq(-ENXIO)
	expect(vm:get_device_attr(t)):eq(-ENXIO)
	expect(vm:has_device_attr(t)):eq(-ENXIO)
end)

-- gmap_create() takes the smallest table that spans the limit. KVM passes the limit less one byte, "will round the
-- limit up", and does not store the rounded value in kvm->arch.mem_limit.
scenario("memory limit: the guest address space ends there, the slots' limit does not move", options, function(sim)
	local _, ram, vm = machine(sim)
	local first = limit(vm).value
	expect(set_limit(vm, 4 * MiB)):eq(0)
	expect(limit(vm).value):eq(first)
	expect(set(vm, ram, { size = 4 * MiB })):eq(0)
	expect(set(vm, ram, { slot = 1, gpa = 0x7fc00000, offset = 4 * MiB })):eq(0)
	-- A segment table spans two GiB: beyond that, the slot is refused, or before 7.0 accepted but dead.
	expect(set(vm, ram, { slot = 2, gpa = 0x80000000, offset = 6 * MiB })):eq(sim:kernel_since("7.0") and -EINVAL or 0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x7fc00000, "in")):is_true()
	expect(vcpu:read(0x80000000, 1)):fields{ exception = { vector = 5 } }
end)

scenario("memory limit: slots beyond the VM's own limit are refused", options, function(sim)
	local _, ram, vm = machine(sim)
	local last = limit(vm).value
	expect(set(vm, ram, { gpa = last - MiB, size = 2 * MiB })):eq(-EINVAL)
	expect(set(vm, ram, { gpa = last, size = MiB })):eq(-EINVAL)
	expect(set(vm, ram, { gpa = last - 2 * MiB })):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:s390_vcpu_fault(last - MiB)):eq(0)
end)

-- The attribute makes a new guest address space, which lacks the slots that were set before.
scenario("memory limit: set after a slot, the slot maps nothing", old_gmap, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	expect(set_limit(vm, 4 << 30)):eq(0)
	expect(#sim.inspect:slots(vm)):eq(1)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x1000, 1)):fields{ exception = { vector = 5 } }
end)

scenario("memory limit: set after a slot, which must be below it", own_tables, function(sim)
	local _, ram, vm = machine(sim)
	expect(set(vm, ram, {})):eq(0)
	expect(set_limit(vm, MiB)):eq(-EBUSY)
	expect(set_limit(vm, 2 * MiB)):eq(0)
	expect(vm:create_vcpu():write(0x1000, "x")):is_true()
end)
