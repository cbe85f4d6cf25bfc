-- SPDX-License-Identifier: GPL-2.0-only
-- The interface of KVM_VM_S390_LATE_MMAP: who may create a VM in a process that was started without PGSTEs, and what
-- fork and exec do to that right (s390_enable_sie(), kvm_arch_init_vm(), kvm_arch_dev_ioctl()).

local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = "docs/rules.md L1; api.rst KVM_CAP_S390_LATE_MMAP" }
local LATE <const>, UCONTROL <const> = KVM_VM_S390_LATE_MMAP, KVM_VM_S390_UCONTROL

-- The calls that run s390_enable_sie(), and its results: 0 or -errno.
local function create(vmm, type)
	local vm = vmm:open_kvm():create_vm{ type = type }
	return vm == -EINVAL and -EINVAL or expect(vm):ok() and 0
end
local asks = {
	plain = function(vmm) return create(vmm, 0) end,
	late = function(vmm) return create(vmm, LATE) end,
	enable = function(vmm) return vmm:open_kvm():ioctl(KVM_S390_ENABLE_SIE) end,
}

-- has_pgste and alloc_pgste after the earlier calls; before is a list of calls that succeed.
cases("late mmap: s390_enable_sie()", options, {
	{ "has 0, alloc 0, a plain VM",            false, {},                    "plain",  -EINVAL },
	{ "has 0, alloc 0, a late VM",             false, {},                    "late",   0 },
	{ "has 0, alloc 0, KVM_S390_ENABLE_SIE",   false, {},                    "enable", -EINVAL },
	{ "has 0, alloc 1, a plain VM",            true,  {},                    "plain",  0 },
	{ "has 0, alloc 1, a late VM",             true,  {},                    "late",   0 },
	{ "has 0, alloc 1, KVM_S390_ENABLE_SIE",   true,  {},                    "enable", 0 },
	{ "has 1 late, a plain VM",                false, { "late" },            "plain",  0 },
	{ "has 1 late, a late VM",                 false, { "late" },            "late",   0 },
	{ "has 1 late, KVM_S390_ENABLE_SIE",       false, { "late" },            "enable", 0 },
	{ "has 1, a plain VM",                     true,  { "plain" },           "plain",  0 },
	{ "has 1, a late VM",                      true,  { "plain" },           "late",   0 },
	{ "has 1, KVM_S390_ENABLE_SIE",            true,  { "plain" },           "enable", 0 },
	{ "has 1 by ioctl, a late VM",             true,  { "enable" },          "late",   0 },
}, function(sim, case)
	local vmm = sim:process{ pgste = case[2] }
	for _, ask in ipairs(case[3]) do
		expect(asks[ask](vmm)):eq(0)
	end
	expect(asks[case[4]](vmm)):eq(case[5])
end)

scenario("late mmap: a refusal changes nothing", options, function(sim)
	local vmm = sim:process{ pgste = false }
	local ram = vmm:mmap{ length = "4M", huge = true }
	for _ = 1, 2 do
		expect(asks.plain(vmm)):eq(-EINVAL)
		expect(asks.enable(vmm)):eq(-EINVAL)
	end
	-- Huge pages end when PGSTEs are switched on.
	ram:write(0, "x")
	expect(ram:page(0)):fields{ huge = true }
	expect(asks.late(vmm)):eq(0)
	expect(ram:page(0)):fields{ huge = false, mapped = true }
end)

scenario("late mmap: the capability", options, function(sim)
	local kvm = sim:process{ pgste = false }:open_kvm()
	expect(kvm:check_extension(KVM_CAP_S390_LATE_MMAP)):eq(1)
	expect(kvm:create_vm{ type = LATE }:check_extension(KVM_CAP_S390_LATE_MMAP)):eq(1)
	expect(kvm:check_extension(KVM_CAP_S390_LATE_MMAP + 1)):eq(0)
end)

-- The posted patch refused its own flag with CONFIG_KVM_S390_UCONTROL, and accepted any other flag beside it without.
cases("late mmap: type bits", options, {
	{ "none",                     0,                    -EINVAL, 0 },
	{ "late",                     LATE,                 0,       0 },
	{ "ucontrol",                 UCONTROL,             -EINVAL, 0 },
	{ "both",                     LATE | UCONTROL,      0,       0 },
	{ "unknown",                  4,                    -EINVAL, -EINVAL },
	{ "unknown and late",         4 | LATE,             -EINVAL, -EINVAL },
	{ "unknown and ucontrol",     4 | UCONTROL,         -EINVAL, -EINVAL },
	{ "the highest bit and late", 1 << 63 | LATE,       -EINVAL, -EINVAL },
	{ "bit 32 and late",          1 << 32 | LATE,       -EINVAL, -EINVAL },
	{ "all",                      -1,                   -EINVAL, -EINVAL },
}, function(sim, case)
	expect(create(sim:process{ pgste = false }, case[2])):eq(case[3])
	expect(create(sim:process{ pgste = true }, case[2])):eq(case[4])
end)

cases("late mmap: without CAP_SYS_ADMIN", options, {
	{ "late",              LATE,            0 },
	{ "ucontrol",          UCONTROL,        -EINVAL },
	{ "ucontrol and late", UCONTROL | LATE, -EINVAL },
}, function(sim, case)
	local vmm = sim:process{ pgste = false }
	expect(vmm:drop_capability(CAP_SYS_ADMIN)):eq(0)
	expect(create(vmm, case[2])):eq(case[3])
	-- A late VM that is refused for this reason has not switched PGSTEs on.
	expect(asks.plain(vmm)):eq(case[3])
end)

scenario("late mmap: in a process with PGSTEs the flag changes nothing", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:read(0x5000, 5)):eq("early")
	expect(vcpu:sske(0x5000, 0x30)):is_true()
end)

-- --- fork and exec -------------------------------------------------------------------------------------------------

-- A guest of vmm's over memory that was there before the VM.
local function runs_guest(vmm, type, ram, expected)
	local vm = vmm:open_kvm():create_vm{ type = type }
	expect(vm):ok()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	expect(vm:create_vcpu():read(0x5000, #expected)):eq(expected)
end

scenario("late mmap: a child forked after the switch creates plain VMs, over all of its memory", options, function(sim)
	sim:set_module_param("kvm.late_mmap_strict", true)
	local vmm = sim:process{ pgste = false }
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	expect(asks.late(vmm)):eq(0)
	local child = vmm:fork()
	runs_guest(child, 0, child:view(ram), "early")
end)

scenario("late mmap: a child forked before the switch is not affected", options, function(sim)
	local vmm = sim:process{ pgste = false }
	local child = vmm:fork()
	expect(asks.late(vmm)):eq(0)
	expect(asks.plain(child)):eq(-EINVAL)
	expect(asks.enable(child)):eq(-EINVAL)
	expect(asks.late(child)):eq(0)
end)

scenario("late mmap: a program executed after the switch creates plain VMs, over all of its memory", options, function(sim)
	sim:set_module_param("kvm.late_mmap_strict", true)
	local vmm = sim:process{ pgste = false }
	expect(asks.late(vmm)):eq(0)
	expect(vmm:exec{ pgste = false }):eq(0)
	local ram = vmm:mmap{ length = "2M", huge = false }
	ram:write(0x5000, "early")
	runs_guest(vmm, 0, ram, "early")
end)

cases("late mmap: a program executed before the switch", options, {
	{ "without the header", false, -EINVAL },
	{ "with it",            true,  0 },
}, function(sim, case)
	local vmm = sim:process{ pgste = false }
	expect(vmm:exec{ pgste = case[2] }):eq(0)
	expect(asks.plain(vmm)):eq(case[3])
end)
