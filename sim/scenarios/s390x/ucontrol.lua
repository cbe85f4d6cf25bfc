-- SPDX-License-Identifier: GPL-2.0-only
-- VMs that user space controls: no slots, an address space per vCPU that KVM_S390_UCAS_MAP fills segment by segment,
-- and faults as exits. KVM_S390_VCPU_FAULT resolves them, here and on ordinary VMs.

local options = { arch = "s390x", covers = "docs/rules.md S2" }
local MiB <const> = 1 << 20
local SIE_CPUFLAGS <const>, CPUSTAT_STOP_INT <const> = 0, 0x04000000	-- struct kvm_s390_sie_block
local ICPT_STOP <const> = 0x28

local function ucontrol(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", align = MiB }
	local vm = vmm:open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	return vmm, ram, vm, vm:create_vcpu{ lowcore = false }
end

-- The result of KVM_S390_VCPU_FAULT where no segment is mapped.
local function unmapped(sim)
	return sim:kernel_since("7.0") and -EREMOTE or -EFAULT
end

scenario("ucontrol: what such a VM lacks", options, function(sim)
	local vmm, ram, vm, vcpu = ucontrol(sim)
	expect(vm:check_extension(KVM_CAP_S390_UCONTROL)):eq(1)
	-- Since 7.0 a slot of KVM's own covers all addresses.
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(
		sim:kernel_since("7.0") and -EEXIST or -EINVAL)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(-EINVAL)
	expect(vm:get_dirty_log{ slot = 0 }):eq(-EINVAL)
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_LIMIT_SIZE,
		value = 1 << 30 }):eq(-EINVAL)
	expect(vm:get_device_attr{ group = KVM_S390_VM_MEM_CTRL,
		attr = KVM_S390_VM_MEM_LIMIT_SIZE }):eq{ value = KVM_S390_NO_MEM_LIMIT }
	expect(vm:check_extension(KVM_CAP_S390_HPAGE_1M)):eq(0)
	expect(vcpu:s390_vcpu_fault(0x1000)):eq(unmapped(sim))
	expect(vmm:open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL | 1 << 8 }):eq(-EINVAL)
end)

local function creates_vm(process)
	local vm = process:open_kvm():create_vm{ type = KVM_VM_S390_UCONTROL }
	return vm == -EINVAL and vm or expect(vm):ok() and 0
end

scenario("ucontrol: only with CAP_SYS_ADMIN", options, function(sim)
	local vmm = sim:process()
	expect(vmm:drop_capability(64)):eq(-EINVAL)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	local before = vmm:fork()
	expect(creates_vm(vmm)):eq(0)
	expect(vmm:drop_capability(CAP_SYS_ADMIN)):eq(0)
	expect(creates_vm(vmm)):eq(-EINVAL)
	expect(vmm:open_kvm():create_vm()):ok()
	expect(creates_vm(before)):eq(0)
	local after = vmm:fork()
	expect(creates_vm(after)):eq(-EINVAL)
	expect(after:exec()):eq(0)
	expect(creates_vm(after)):eq(-EINVAL)
	sim:thread("a new thread", function() expect(creates_vm(vmm)):eq(-EINVAL) end)
	sim:join()
end)

-- case[4]: the result since 7.0, if it is another.
cases("ucontrol: what may be mapped", options, {
	{ "a segment",                         { vcpu_addr = 0, length = MiB },                0 },
	{ "four segments",                     { vcpu_addr = 16 * MiB, length = 4 * MiB },     0 },
	{ "guest address off by a page",       { vcpu_addr = 0x1000, length = MiB },           -EINVAL },
	{ "length of a page",                  { vcpu_addr = 0, length = 0x1000 },             -EINVAL },
	{ "no length",                         { vcpu_addr = 0, length = 0 },                  -EINVAL, 0 },
	{ "host address off by a page",        { vcpu_addr = 0, length = MiB, offset = 4096 }, -EINVAL },
	{ "around the end of all addresses",   { vcpu_addr = -MiB, length = 2 * MiB },         -EINVAL, PGM_ADDRESSING },
	{ "the last segment there is",         { vcpu_addr = -2 * MiB, length = MiB },         0 },
}, function(sim, case)
	local _, ram, _, vcpu = ucontrol(sim)
	local t = case[2]
	expect(vcpu:s390_ucas_map{ user_addr = t.user_addr or ram.addr + (t.offset or 0), vcpu_addr = t.vcpu_addr,
		length = t.length }):eq(sim:kernel_since("7.0") and case[4] or case[3])
	-- What was mapped before the error stays mapped.
	local mapped = case[3] == 0 or sim:kernel_since("7.0") and case[4] == PGM_ADDRESSING
	expect(vcpu:s390_vcpu_fault(t.vcpu_addr & -MiB)):eq(mapped and 0 or unmapped(sim))
end)

scenario("ucontrol: host memory need not be there when it is mapped", options, function(sim)
	local vmm, _, _, vcpu = ucontrol(sim)
	local there = 1 << 40
	expect(vcpu:s390_ucas_map{ user_addr = there, vcpu_addr = 0, length = MiB }):eq(0)
	expect(vcpu:s390_vcpu_fault(0x1000)):eq(-EFAULT)
	expect(vmm:mmap{ addr = there, length = MiB, flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }.addr):eq(there)
	expect(vcpu:s390_vcpu_fault(0x1000)):eq(0)
end)

cases("ucontrol: not on an ordinary VM", options, { { "map", "s390_ucas_map" }, { "unmap", "s390_ucas_unmap" } },
function(sim, case)
	local vcpu, ram = sim:guest()
	expect(vcpu[case[2]](vcpu, { user_addr = case[1] == "map" and ram or nil, vcpu_addr = 0, length = MiB })):eq(-EINVAL)
end)

scenario("ucontrol: a fault without a mapping goes to user space, which maps it", options, function(sim)
	local _, ram, vm, vcpu = ucontrol(sim)
	ram:write(MiB + 0x5000, "mapped")
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = MiB }):eq(0)
	local exit = vcpu:read(4 * MiB + 0x5000, 6)
	expect(exit):fields{ ret = 0, reason = KVM_EXIT_S390_UCONTROL,
		s390_ucontrol = { trans_exc_code = 4 * MiB + 0x5000, pgm_code = 0x10 } }
	expect(vcpu:s390_ucas_map{ user_addr = ram.addr + MiB, vcpu_addr = 4 * MiB, length = MiB }):eq(0)
	expect(vcpu:run()):eq("mapped")
	expect(vcpu:read(0x5000, 1)):eq("\0")
	expect(sim.inspect:mapping(vm, 4 * MiB + 0x5000)):fields{ present = true, page = ram:page(0x105) }
end)

scenario("ucontrol: a fault that the host cannot resolve goes to user space as well", options, function(sim)
	local _, ram, _, vcpu = ucontrol(sim)
	-- As it may map other memory there; since 7.0 KVM_RUN fails.
	local function lost(addr)
		return sim:kernel_since("7.0") and { ret = -EFAULT } or { reason = KVM_EXIT_S390_UCONTROL,
			s390_ucontrol = { trans_exc_code = addr } }
	end
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = 2 * MiB }):eq(0)
	expect(ram:munmap(MiB, "4K")):eq(0)
	expect(vcpu:write(MiB, "x")):fields(lost(MiB))
	expect(vcpu:abandon()):eq(0)
	expect(vcpu:write(MiB + 0x1000, "y")):is_true()
	expect(ram:mprotect(MiB + 0x1000, "4K", "r")):eq(0)
	expect(vcpu:write(MiB + 0x1000, "z")):fields(lost(MiB + 0x1000))
	expect(vcpu:abandon()):eq(0)
	expect(vcpu:read(MiB + 0x1000, 1)):eq("y")
end)

scenario("ucontrol: without a page at the prefix the guest does not run", options, function(sim)
	local _, ram, _, vcpu = ucontrol(sim)
	expect(vcpu:read(4 * MiB, 1)):fields(sim:kernel_since("7.0") and { ret = 0, reason = KVM_EXIT_S390_UCONTROL,
		s390_ucontrol = { trans_exc_code = 0, pgm_code = 0x10 } } or { ret = -EFAULT })
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = MiB }):eq(0)
	expect(vcpu:run()):fields{ reason = KVM_EXIT_S390_UCONTROL }
end)

scenario("ucontrol: unmap", options, function(sim)
	local _, ram, vm, vcpu = ucontrol(sim)
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = 4 * MiB }):eq(0)
	expect(vcpu:write(2 * MiB, "two")):is_true()
	expect(vcpu:write(3 * MiB, "three")):is_true()
	expect(vcpu:s390_ucas_unmap{ vcpu_addr = 2 * MiB, length = 0x1000 }):eq(-EINVAL)
	expect(vcpu:s390_ucas_unmap{ vcpu_addr = 2 * MiB, length = MiB }):eq(0)
	expect(sim.inspect:mapping(vm, 2 * MiB)):fields{ present = false }
	expect(sim.inspect:tlb(vcpu, 2 * MiB)):eq(-ENOENT)
	expect(vcpu:read(2 * MiB, 3)):fields{ s390_ucontrol = { trans_exc_code = 2 * MiB } }
	expect(vcpu:abandon()):eq(0)
	expect(vcpu:read(3 * MiB, 5)):eq("three")
	-- Nothing to unmap is not an error.
	expect(vcpu:s390_ucas_unmap{ vcpu_addr = 1 << 40, length = MiB }):eq(0)
end)

scenario("ucontrol: a mapping replaces the one before", options, function(sim)
	local _, ram, _, vcpu = ucontrol(sim)
	ram:write(MiB, "first")
	ram:write(2 * MiB, "other")
	expect(vcpu:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = 2 * MiB }):eq(0)
	expect(vcpu:read(MiB, 5)):eq("first")
	expect(vcpu:s390_ucas_map{ user_addr = ram.addr + 2 * MiB, vcpu_addr = MiB, length = MiB }):eq(0)
	expect(vcpu:read(MiB, 5)):eq("other")
end)

local function control_block(vcpu)
	return vcpu:mmap{ length = "4K", offset = KVM_S390_SIE_PAGE_OFFSET * 4096 }
end

scenario("ucontrol: each vCPU has its own address space", options, function(sim)
	local _, ram, vm, one = ucontrol(sim)
	local two = vm:create_vcpu{ lowcore = false }
	ram:write(MiB, "first")
	expect(one:s390_ucas_map{ user_addr = ram, vcpu_addr = 0, length = 2 * MiB }):eq(0)
	expect(two:s390_vcpu_fault(MiB)):eq(unmapped(sim))
	expect(two:s390_ucas_map{ user_addr = ram, vcpu_addr = 4 * MiB, length = 2 * MiB }):eq(0)
	expect(one:s390_vcpu_fault(MiB)):eq(0)
	expect(two:s390_vcpu_fault(5 * MiB)):eq(0)
	expect(sim.inspect:mapping(one, MiB)):fields{ present = true, page = ram:page(0x100) }
	expect(sim.inspect:mapping(two, 5 * MiB)):fields{ present = true, page = ram:page(0x100) }
	expect(sim.inspect:mapping(two, MiB)):fields{ present = false }
	expect(one:read(MiB, 5)):eq("first")
	expect(ram:migrate(MiB)):eq(0)
	expect(sim.inspect:mapping(one, MiB)):fields{ present = false }
	expect(sim.inspect:mapping(two, 5 * MiB)):fields{ present = false }
end)

-- exit_sie() stops a vCPU with a stop request in its control block. kvm_s390_deliver_pending_interrupts() clears it,
-- but is not called for such a VM. The second vCPU that starts is stopped in this way, by its own KVM_REQ_DISABLE_IBS.
scenario("ucontrol: a stop request of KVM's own stays until user space clears it", options, function(sim)
	local _, ram, vm, one = ucontrol(sim)
	local two = vm:create_vcpu{ lowcore = false }
	for _, vcpu in ipairs{ one, two } do
		expect(vcpu:s390_ucas_map{ user_addr = ram.addr + (vcpu == one and 0 or 4 * MiB), vcpu_addr = 0,
			length = 4 * MiB }):eq(0)
	end
	expect(one:read(MiB, 1)):eq("\0")
	for _ = 1, 3 do
		expect(two:read(MiB, 1)):fields{ ret = 0, reason = KVM_EXIT_S390_SIEIC,
			s390_sieic = { icptcode = ICPT_STOP } }
		expect(two:abandon()):eq(0)
	end
	local block = control_block(two)
	local flags = string.unpack("<I4", block:read(SIE_CPUFLAGS, 4))
	expect(flags & CPUSTAT_STOP_INT):ne(0)
	block:write(SIE_CPUFLAGS, string.pack("<I4", flags & ~CPUSTAT_STOP_INT))
	expect(two:read(MiB, 1)):eq("\0")
end)

scenario("ucontrol: an ordinary VM keeps its control blocks for itself", options, function(sim)
	local vcpu, _, _, vmm = sim:guest()
	local block = control_block(vcpu)
	expect(block:read(0, 4)):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, addr = block.addr }
end)

-- --- KVM_S390_VCPU_FAULT on an ordinary VM --------------------------------------------------------------------

scenario("KVM_S390_VCPU_FAULT: brings a page in for reading", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	ram:write(0x6000, "there")
	expect(ram:swap_out(0x6000, "4K")):eq(0)
	expect(ram:page(6)):fields{ swapped = true }
	expect(vcpu:s390_vcpu_fault(0x6000)):eq(0)
	expect(ram:page(6)):fields{ swapped = false }
	expect(sim.inspect:mapping(vm, 0x6000)):fields{ present = true, page = ram:page(6) }
	expect(vcpu:s390_vcpu_fault(0x7abc)):eq(0)
	-- Before 6.10 no process with a VM has zero pages (mm_forbids_zeropage()).
	local shared = sim:kernel_since("6.10")
	expect(ram:page(7)):fields{ zero = shared }
	expect(sim.inspect:mapping(vm, 0x7000)):fields{ present = true, writable = not shared }
end)

cases("KVM_S390_VCPU_FAULT: where there is nothing", options, {
	{ "no slot",             function() end,                                                    0x40000000 },
	{ "a hole in the slot",  function(ram) expect(ram:munmap(0x8000, "4K")):eq(0) end,          0x8000 },
	{ "PROT_NONE",           function(ram) expect(ram:mprotect(0x8000, "4K", "none")):eq(0) end, 0x8000 },
	{ "the end of all addresses", function() end,                                               -4096 },
}, function(sim, case)
	local vcpu, ram = sim:guest()
	case[2](ram)
	expect(vcpu:s390_vcpu_fault(case[3])):eq(-EFAULT)
end)
