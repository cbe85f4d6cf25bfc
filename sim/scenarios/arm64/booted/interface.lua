-- SPDX-License-Identifier: GPL-2.0-only
-- As a booted kernel answers: capabilities, regions, VMs and vCPUs, MMIO and calls.

local B = require("booted")
local answer, region, options, MiB <const>, PAGE <const> = B.answer, B.region, B.options, B.MiB, B.PAGE
local DEVICE <const> = B.DEVICE

-- By number: not all are names of scenarios.
local caps <const> = {
	[3] = "USER_MEMORY", [10] = "NR_MEMSLOTS", [14] = "MP_STATE", [15] = "COALESCED_MMIO", [16] = "SYNC_MMU",
	[21] = "DESTROY_MEMORY_REGION_WORKS", [23] = "SET_GUEST_DEBUG", [25] = "IRQ_ROUTING",
	[30] = "JOIN_MEMORY_REGIONS_WORKS", [32] = "IRQFD", [36] = "IOEVENTFD", [40] = "INTERNAL_ERROR_DATA",
	[41] = "VCPU_EVENTS", [66] = "MAX_VCPUS", [70] = "ONE_REG", [73] = "S390_UCONTROL", [77] = "SIGNAL_MSI",
	[81] = "READONLY_MEM", [87] = "ARM_PSCI", [88] = "ARM_SET_DEVICE_ADDR", [89] = "DEVICE_CTRL",
	[93] = "ARM_EL1_32BIT", [98] = "ENABLE_CAP_VM", [100] = "IOEVENTFD_NO_LENGTH", [101] = "VM_ATTRIBUTES",
	[102] = "ARM_PSCI_0_2", [105] = "CHECK_EXTENSION_VM", [118] = "MULTI_ADDRESS_SPACE",
	[122] = "IOEVENTFD_ANY_LENGTH", [127] = "VCPU_ATTRIBUTES", [128] = "MAX_VCPU_ID", [131] = "MSI_DEVID",
	[136] = "IMMEDIATE_EXIT", [143] = "X86_DISABLE_EXITS", [144] = "ARM_USER_IRQ", [162] = "COALESCED_PIO",
	[165] = "ARM_VM_IPA_SIZE", [168] = "MANUAL_DIRTY_LOG_PROTECT2", [177] = "ARM_NISV_TO_USER",
	[178] = "ARM_INJECT_EXT_DABT", [182] = "HALT_POLL", [187] = "STEAL_TIME", [192] = "DIRTY_LOG_RING",
	[198] = "PTP_KVM", [201] = "EXIT_HYPERCALL", [203] = "BINARY_STATS_FD", [207] = "VM_GPA_BITS",
	[213] = "DISABLE_QUIRKS2", [215] = "SYSTEM_EVENT_DATA", [216] = "ARM_SYSTEM_SUSPEND",
	[223] = "DIRTY_LOG_RING_ACQ_REL", [225] = "DIRTY_LOG_RING_WITH_BITMAP", [228] = "ARM_EAGER_SPLIT_CHUNK_SIZE",
	[229] = "ARM_SUPPORTED_BLOCK_SIZES", [230] = "ARM_SUPPORTED_REG_MASK_RANGES", [231] = "USER_MEMORY2",
	[232] = "MEMORY_FAULT_INFO", [233] = "MEMORY_ATTRIBUTES", [234] = "GUEST_MEMFD", [236] = "PRE_FAULT_MEMORY",
}

scenario("booted kernel: capabilities", options, function(sim)
	local kvm = sim:process():open_kvm()
	local vm = kvm:create_vm()
	for number, name in pairs(caps) do
		answer("cap." .. name, kvm:check_extension(number))
		answer("vmcap." .. name, vm:check_extension(number))
	end
	answer("api", kvm:get_api_version())
end)

scenario("booted kernel: regions", options, function(sim)
	local vmm = sim:process()
	local m, vm = vmm:mmap{ length = "8M", huge = false }.addr, vmm:open_kvm():create_vm()
	for _, row in ipairs{
		{ "gpa-unaligned", 0, 0, 1, PAGE, m },
		{ "gpa-half", 0, 0, PAGE // 2, PAGE, m },
		{ "size-unaligned", 0, 0, 0, PAGE + 1, m },
		{ "addr-unaligned", 0, 0, 0, PAGE, m + 1 },
		{ "addr-half", 0, 0, 0, PAGE, m + PAGE // 2 },
		{ "flags-bad", 0, 1 << 5, 0, PAGE, m },
		{ "flags-gmem", 0, 4, 0, PAGE, m },
		{ "ro-ok", 5, KVM_MEM_READONLY, 0x20000000, PAGE, m },
		{ "slot-max", 0x7fff, 0, 0, PAGE, m },
		{ "slot-last", 0x7ffe, 0, 0x30000000, PAGE, m },
		{ "slot-last-del", 0x7ffe, 0, 0, 0, 0 },
		{ "as1", 1 << 16, 0, 0, PAGE, m },
		{ "delete-absent", 7, 0, 0, 0, 0 },
		{ "addr-noncanonical", 0, 0, 0, PAGE, 1 << 60 },
		{ "addr-kernel", 0, 0, 0, PAGE, 0xffff000000000000 },
		{ "wrap", 0, 0, 0 - PAGE, 2 * PAGE, m },
		{ "ipa-beyond", 0, 0, 1 << 40, PAGE, m },
		{ "ipa-over", 0, 0, (1 << 40) - PAGE, 2 * PAGE, m },
		{ "ipa-last", 6, 0, (1 << 40) - PAGE, PAGE, m },
		{ "ipa-last-del", 6, 0, 0, 0, 0 },
		{ "too-many-pages", 0, 0, 0, PAGE << 31, m },
		{ "size-huge", 0, 0, 0, 1 << 63, m },
		{ "add", 0, 0, 0, 4 * MiB, m },
		{ "add-again", 0, 0, 0, 4 * MiB, m },
		{ "overlap", 1, 0, 2 * MiB, 4 * MiB, m },
		{ "overlap-last", 1, 0, 4 * MiB - PAGE, PAGE, m },
		{ "adjacent", 1, 0, 4 * MiB, PAGE, m },
		{ "resize", 0, 0, 0, 2 * MiB, m },
		{ "other-addr", 0, 0, 0, 4 * MiB, m + PAGE },
		{ "make-ro", 0, KVM_MEM_READONLY, 0, 4 * MiB, m },
		{ "log", 0, KVM_MEM_LOG_DIRTY_PAGES, 0, 4 * MiB, m },
		{ "log-off", 0, 0, 0, 4 * MiB, m },
		{ "move", 0, 0, DEVICE, 4 * MiB, m },
		{ "move-onto", 0, 0, 4 * MiB, 4 * MiB, m },
		{ "move-ro", 0, KVM_MEM_READONLY, 0x18000000, 4 * MiB, m },
		{ "ro-flag-off", 5, 0, 0x20000000, PAGE, m },
		{ "ro-log", 5, KVM_MEM_READONLY | KVM_MEM_LOG_DIRTY_PAGES, 0x20000000, PAGE, m },
		{ "delete", 0, 0, 0, 0, 0 },
		{ "delete-again", 0, 0, 0, 0, 0 },
		{ "delete-flags", 1, KVM_MEM_LOG_DIRTY_PAGES, 4 * MiB, 0, m },
		{ "unmapped-ok", 8, 0, 0x38000000, PAGE, 0x7000000000 },
	} do
		answer("region." .. row[1], region(vm, table.unpack(row, 2)))
	end
	local function region2(flags, pad)
		return vm:ioctl(KVM_SET_USER_MEMORY_REGION2, string.pack("<I4I4i8i8i8i8I4I4", 9, flags, 0x3c000000, PAGE, m, 0,
			0, pad) .. ("\0"):rep(112))
	end
	answer("region2.ok", region2(0, 0))
	answer("region2.pad", region2(0, 1))
	answer("region2.gmem", region2(4, 0))
	answer("region.fault", vm:ioctl(KVM_SET_USER_MEMORY_REGION, 8))
end)

local PC <const> = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | 0x40
local PSTATE <const> = PC + 2

scenario("booted kernel: a vCPU before and after its start", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	local vcpu = vm:create_vcpu{ id = 0, init = false }
	local function create(id)
		return B.rc(vm:create_vcpu{ id = id, init = false })
	end
	local function init(target, first, last)
		return vcpu:ioctl(KVM_ARM_VCPU_INIT, string.pack("<I4I4I4I4I4I4I4I4", target, first, 0, 0, last or 0, 0, 0, 0))
	end
	local function get(id)
		return vcpu:ioctl(KVM_GET_ONE_REG, string.pack("<i8i8", id, 8))
	end

	answer("vcpu.again", create(0))
	answer("vcpu.512", create(512) < 0 and 1 or 0)
	answer("vcpu.100000", create(100000))
	answer("vcpu.run-uninit", vcpu:ioctl(KVM_RUN))
	answer("vcpu.get-uninit", vcpu:get_one_reg(PC))
	answer("vcpu.mp", vcpu:get_mp_state())
	answer("init.target", init(77, 0))
	local _, preferred = vm:ioctl(KVM_ARM_PREFERRED_TARGET, ("\0"):rep(32), 32)
	local target, features = string.unpack("<I4I4", preferred)
	answer("target", target)
	answer("target.features", features)
	answer("init.feature31", init(target, 1 << 31))
	answer("init.word3", init(target, 0, 1))
	answer("init", init(target, 1 << KVM_ARM_VCPU_PSCI_0_2))
	answer("init.again", init(target, 1 << KVM_ARM_VCPU_PSCI_0_2))
	answer("init.other", init(target, 0))
	answer("reg.pc", ("%x"):format(vcpu:get_one_reg(PC)))
	answer("reg.pstate", ("%x"):format(vcpu:get_one_reg(PSTATE)))
	for _, mode in ipairs{ 0, 0x3c0, 0x3c4, 0x3c5, 0x3c8, 0x3c9, 0x1d3 } do
		answer(("pstate.%x"):format(mode), vcpu:set_one_reg(PSTATE, mode))
	end
	for _, name in ipairs{ "sctlr", "ttbr0", "tcr", "mair", "mpidr", "vbar", "cpacr", "contextidr", "cntkctl" } do
		answer("sysreg." .. name, ("%x"):format(vcpu:get_sysreg(name .. "_el1")))
	end
	answer("sysreg.none", ("%x"):format(vcpu:get_sysreg("S3_7_C15_C15_7")))
	answer("reg.badsize", get(PC & ~KVM_REG_SIZE_MASK))
	answer("reg.badarch", get(1))
	answer("reg.badcore", get(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | 0xfff))
	answer("reg.fault", get(PC))
	answer("vcpu.badioctl", vcpu:ioctl(0xae99, 0))
	answer("vm.badioctl", vm:ioctl(0xae99, 0))
end)

scenario("booted kernel: types of VMs", options, function(sim)
	local kvm = sim:process():open_kvm()
	for _, bits in ipairs{ 0, 31, 32, 33, 36, 40, 42, 44, 47, 48, 49, 52, 1 << 8, 1 << 16, 1 << 31 } do
		answer(("type.%x"):format(bits), B.rc(kvm:create_vm{ type = bits }))
	end
end)

scenario("booted kernel: MMIO", options, function(sim)
	local vm = B.vm(sim, 2 * MiB)
	local vcpu = vm:create_vcpu()

	for _, n in ipairs{ 1, 2, 4, 8 } do
		B.read("mmio.read." .. n, vcpu, DEVICE, n)
		B.write("mmio.write." .. n, vcpu, DEVICE + 8, 0x1122334455667788, n)
	end
	answer("mmio.swp", B.text(vcpu:xchg(DEVICE, B.bytes(5, 8))))
	B.read("edge.last", vcpu, 2 * MiB - 8)
	B.read("edge.beyond", vcpu, 2 * MiB)
	B.read("ipa.beyond", vcpu, 1 << 40)
	B.read("ipa.last", vcpu, (1 << 40) - 8)
	B.read("pa.49", vcpu, 1 << 49)
	answer("fetch.beyond", B.text(vcpu:fetch(DEVICE)))
	answer("nisv.enable", vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER })
	answer("nisv.flags", vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER, flags = 1 })
	answer("nisv.swp", B.text(vcpu:xchg(DEVICE + 0x10, B.bytes(5, 8))))
end)

scenario("booted kernel: a read-only slot", options, function(sim)
	local vm, ram = B.vm(sim, 2 * MiB, KVM_MEM_READONLY)
	local vcpu = vm:create_vcpu()

	ram:write(0x30000, "readonly")
	B.read("ro.read", vcpu, 0x30000)
	B.write("ro.write", vcpu, 0x30000, 0x4242424242424242)
	B.read("ro.read-again", vcpu, 0x30000)
	answer("ro.swp", B.text(vcpu:xchg(0x30000, B.bytes(5, 8))))
end)

cases("booted kernel: a call", options, {
	{ "hvc.psci-version", "hvc", 0x84000000 }, { "hvc.smccc", "hvc", 0x80000000 }, { "hvc.unknown", "hvc", 0x12345678 },
	{ "hvc.off", "hvc", 0x84000008 }, { "hvc.reset", "hvc", 0x84000009 }, { "smc", "smc", 0x84000000 },
}, function(sim, row)
	local vm = B.vm(sim, 2 * MiB)
	local vcpu = vm:create_vcpu()
	local result = vcpu[row[2]](vcpu, { x0 = row[3] })

	answer(row[1], rawget(result, "x0") and ("ok:%x"):format(result.x0) or B.text(result))
end)

scenario("booted kernel: chunks of eager splitting", options, function(sim)
	local with_slot, vm = B.vm(sim, 2 * MiB), sim:process():open_kvm():create_vm()
	local function split(of, chunk)
		return of:enable_cap{ cap = KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE, args = { chunk } }
	end

	answer("split.with-slot", split(with_slot, 2 * MiB))
	answer("split.2M", split(vm, 2 * MiB))
	answer("split.odd", split(vm, 12345))
	answer("split.32M", split(vm, 32 * MiB))
	answer("split.1G", split(vm, 1 << 30))
	answer("split.64K", split(vm, 65536))
	answer("split.check", vm:check_extension(KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE))
	answer("cap.unknown", vm:enable_cap{ cap = 9999 })
end)
