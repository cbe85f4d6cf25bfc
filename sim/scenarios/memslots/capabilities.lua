-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CHECK_EXTENSION for capabilities that concern memory, of /dev/kvm, of an ordinary VM and of one with private
-- memory, which there is only on x86_64.

local options = {		-- the answers are this version's
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, kernel = "6.12",
}
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, kernel = "6.12" }
local PRIVATE <const> = KVM_MEMORY_ATTRIBUTE_PRIVATE
local TDP <const> = {}		-- stands for 1 with EPT or NPT, 0 with shadow paging
local SHARED <const> = {}	-- stands for 1 where guest_memfd may be shared memory, which any VM may have, else 0

cases("KVM_CHECK_EXTENSION", options, {
	-- name                            capability                        /dev/kvm, VM,   with private memory; arm64
	{ "memory regions",                KVM_CAP_USER_MEMORY,              1,       1,       1,       1 },
	{ "memory regions, second form",   KVM_CAP_USER_MEMORY2,             1,       1,       1,       1 },
	{ "slots",                         KVM_CAP_NR_MEMSLOTS,              32764,   32764,   32764,   32767 },
	{ "address spaces",                KVM_CAP_MULTI_ADDRESS_SPACE,      2,       2,       1,       0 },
	{ "read-only slots",               KVM_CAP_READONLY_MEM,             1,       1,       1,       1 },
	{ "MMU notifiers",                 KVM_CAP_SYNC_MMU,                 1,       1,       1,       1 },
	{ "slots can be deleted",          KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1,    1,       1,       1 },
	{ "manual dirty log",              KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, 3,      3,       3,       3 },
	{ "dirty ring, bytes",             KVM_CAP_DIRTY_LOG_RING,           1 << 20, 1 << 20, 1 << 20, 0 },
	{ "dirty ring with barriers, bytes", KVM_CAP_DIRTY_LOG_RING_ACQ_REL, 1 << 20, 1 << 20, 1 << 20, 1 << 20 },
	{ "dirty ring with a bitmap",      KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, 0,     0,       0,       1 },
	{ "private memory",                KVM_CAP_GUEST_MEMFD,              1,       SHARED,  1,       SHARED },
	{ "memory attributes",             KVM_CAP_MEMORY_ATTRIBUTES,        PRIVATE, 0,       PRIVATE, 0 },
	{ "pre-fault",                     KVM_CAP_PRE_FAULT_MEMORY,         TDP,     TDP,     1,       0 },
	{ "coalesced MMIO, page offset",   KVM_CAP_COALESCED_MMIO,           2,       2,       2,       1 },
	{ "ioeventfd",                     KVM_CAP_IOEVENTFD,                1,       1,       1,       1 },
	{ "statistics",                    KVM_CAP_BINARY_STATS_FD,          1,       1,       1,       1 },
	{ "NX huge pages can be off",      KVM_CAP_VM_DISABLE_NX_HUGE_PAGES, 1,       1,       1,       0 },
	{ "a number that nobody has",      9999,                             0,       0,       0,       0 },
}, function(sim, case)
	local kvm = sim:process():open_kvm()
	local tdp = sim.mmu == "ept" or sim.mmu == "npt"
	local stands_for = { [TDP] = tdp, [SHARED] = sim:kernel_has("GUEST_MEMFD_FLAG_INIT_SHARED") }
	local function value(v)
		return stands_for[v] == nil and v or (stands_for[v] and 1 or 0)
	end
	if sim.arch == "arm64" then
		expect(kvm:check_extension(case[2])):eq(value(case[6]))
		expect(kvm:create_vm():check_extension(case[2])):eq(value(case[6]))
		return
	end
	expect(kvm:check_extension(case[2])):eq(value(case[3]))
	expect(kvm:create_vm():check_extension(case[2])):eq(value(case[4]))
	if tdp then
		expect(kvm:create_vm{ type = KVM_X86_SW_PROTECTED_VM }:check_extension(case[2])):eq(case[5])
	end
end)

scenario("KVM_CHECK_EXTENSION: types of VMs", x86, function(sim)
	local types = 1 << KVM_X86_DEFAULT_VM | (sim.mmu ~= "shadow" and 1 << KVM_X86_SW_PROTECTED_VM or 0)
	expect(sim:process():open_kvm():check_extension(KVM_CAP_VM_TYPES)):eq(types)
end)
