-- SPDX-License-Identifier: GPL-2.0-only
-- State descriptions that KVM checks and copies for SIE: validity interceptions, blocks that it pins, interventions, the
-- cache of shadow blocks, the prefix area.

local options = { arch = "s390x", mmu = "vsie" }
local transactions <const> = { arch = "s390x", mmu = "vsie", facilities = { [73] = true } }
local blocks <const> = { arch = "s390x", mmu = "vsie", facilities = {
	[64] = true, [73] = true, [82] = true, [133] = true, [156] = true,
} }
-- The boot of 6.1 here does not look for it.
local vectors <const> = { arch = "s390x", mmu = "vsie", kernel = "6.12", facilities = { [129] = true } }

local lib <const> = require("nested")
local faults <const>, store_pte <const> = lib.faults, lib.store_pte
local MiB <const> = 1 << 20
local ICPT_INST <const>, ICPT_VALIDITY <const>, ICPT_WAIT <const>, ICPT_STOP <const> = 0x04, 0x20, 0x1c, 0x28
local ZARCH <const>, RRF <const>, MCDS <const>, SLSV <const>, SLSR <const> = 0x800, 0x8000, 0x100, 0x4000, 0x2000
local GED <const>, GED2 <const>, STOP_INT <const>, KSS <const> = 0x4, 0x10, 0x04000000, 0x200
local ECB_TE <const>, ECB_GS <const>, ECB3_RI <const> = 0x10, 0x40, 0x01
local ECA_VX <const>, ECD_HOSTREGMGMT <const>, ECD_ETOKENF <const> = 0x00020000, 0x20000000, 0x02000000
local FPF_BPBC <const> = 0x20
local PREFIX_VALIDITY <const> = 0x37

-- Guest-3's first MiB is guest-2's second one. caps: capabilities that the VM enables.
local function guest(sim, caps)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = false }
	local vm = vmm:open_kvm():create_vm{ cpu_feat = "host" }
	for _, cap in ipairs(caps or {}) do
		expect(vm:enable_cap{ cap = cap }):eq(0)
	end
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "8M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	ram:write(MiB + 0x5000, "five")
	ram:write(MiB + 0x6000, "six")
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	local nested = vcpu:nested{ addr = 0x600000 }
	nested:expect_pin()
	return nested, vcpu, ram, vm, vmm
end

local function expect_validity(nested, reason)
	expect(nested:read(0x5000, 1).interception):eq{ icptcode = ICPT_VALIDITY, ipa = 0x1000, ipb = reason << 16,
		validity = reason }
end

cases("vsie state: validity interception", options, {
	{ "ESA/390 mode",             0x01, { cpuflags = 0 } },
	{ "register reset",           0x01, { cpuflags = ZARCH | RRF } },
	{ "multiple CPU dispatching", 0x01, { cpuflags = ZARCH | MCDS } },
	{ "SLSV",                     0x07, { cpuflags = ZARCH | SLSV } },
	{ "SLSR",                     0x07, { cpuflags = ZARCH | SLSR } },
	{ "both kinds of EDAT",       0x01, { cpuflags = ZARCH | GED | GED2 } },
	{ "SCA in the first pages",   0x38, { scaol = 0x1000 } },
	{ "SCA in the prefix area",   0x11, { scaol = 0x7ff00000 } },
	{ "SCA's header over two pages", 0x3b, { scaol = 0x300fd0 } },
	{ "SCA in no slot",           0x34, { scaol = 0x40000000 } },
	{ "SCA in no slot, high",     0x34, { scaol = 0x300000, scaoh = 1 } },
	{ "prefix in no page",        0x37, { prefix = 2 * MiB } },
	{ "prefix in no slot",        0x37, { mso = 0x40000000 } },
}, function(sim, case)
	local nested, vcpu = guest(sim)
	expect(vcpu:map{ from = 0x40000000, to = 0x20000000 }):eq(0)
	local saved = nested:get()
	expect(nested:read(0x5000, 4)):eq("five")
	nested:set(case[3])
	expect_validity(nested, case[2])
	local back = {}
	for name in pairs(case[3]) do
		back[name] = saved[name]
	end
	nested:set(back)
	expect(nested:read(0x5000, 4)):eq("five")
end)

local esa <const> = { arch = "s390x", mmu = "vsie", needs = "KVM_CAP_S390_VSIE_ESAMODE" }

scenario("vsie state: ESA/390 mode, where the VMM allows it", esa, function(sim)
	local nested, _, _, vm = guest(sim, { KVM_CAP_S390_VSIE_ESAMODE })
	expect(vm:check_extension(KVM_CAP_S390_VSIE_ESAMODE)):eq(1)
	for _, flags in ipairs{ 0, ZARCH } do
		nested:set{ cpuflags = flags }
		expect(nested:sie()):fields{ icptcode = ICPT_WAIT }
	end
	-- The other checks stay.
	for flags, reason in pairs{ [RRF] = 0x01, [MCDS] = 0x01, [SLSV] = 0x07, [SLSR] = 0x07 } do
		nested:set{ cpuflags = flags }
		expect(nested:sie()):fields{ icptcode = ICPT_VALIDITY, validity = reason }
	end
end)

-- Allowed for one VM, or with an argument that is not zero.
scenario("vsie state: who may allow ESA/390 mode", esa, function(sim)
	local nested, _, _, vm, vmm = guest(sim)
	expect(vmm:open_kvm():create_vm():enable_cap{ cap = KVM_CAP_S390_VSIE_ESAMODE }):eq(0)
	expect(vm:enable_cap{ cap = KVM_CAP_S390_VSIE_ESAMODE, flags = 1 }):eq(-EINVAL)
	nested:set{ cpuflags = 0 }
	expect_validity(nested, 0x01)
	expect(vm:enable_cap{ cap = KVM_CAP_S390_VSIE_ESAMODE, args = { 1 } }):eq(0)
	expect(nested:sie()):fields{ icptcode = ICPT_WAIT }
end)

-- The model has no instructions of that mode, and says so.
scenario("vsie state: an access in ESA/390 mode", esa, function(sim)
	local nested = guest(sim, { KVM_CAP_S390_VSIE_ESAMODE })
	nested:set{ cpuflags = 0 }
	sim:expect_report{ kind = "refused", match = "ESA/390" }
	nested:read(0x5000, 4)
end)

-- pin_blocks() of 7.0 asks only for the header in one page: nobody uses the entries.
scenario("vsie state: the SCA over two pages, its header in one", options, function(sim)
	local nested = guest(sim)
	nested:set{ scaol = 0x300f00 }
	if sim:kernel_since("7.0") then
		expect(nested:read(0x5000, 4)):eq("five")
	else
		expect_validity(nested, 0x3b)
	end
end)

scenario("vsie state: one kind of EDAT, or none, is fine", options, function(sim)
	local nested = guest(sim)
	for _, flags in ipairs{ 0, GED, GED2 } do
		nested:set{ cpuflags = ZARCH | flags }
		expect(nested:read(0x5000, 4)):eq("five")
	end
end)

scenario("vsie state: the SCA is pinned for the instruction, and dirty afterwards", options, function(sim)
	local vcpu, ram, vm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" },
		slot = { flags = KVM_MEM_LOG_DIRTY_PAGES }, data = { [MiB + 0x5000] = "five", [0x300000] = "sca" } }
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	local nested = vcpu:nested{ addr = 0x600000, scaol = 0x300000 }
	nested:expect_pin()
	vm:get_dirty_log{ slot = 0 }
	local before = ram:page(0x300).refcount
	expect(nested:read(0x5000, 4)):eq("five")
	expect(ram:page(0x300).refcount):eq(before)
	expect(vm:get_dirty_log{ slot = 0 }:test(0x300)):is_true()
	expect(ram:migrate(0x300000)):eq(0)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(ram:munmap(0x300000, "4K")):eq(0)
	expect_validity(nested, 0x34)
end)

local function pins(sim, case, caps)
	local nested, _, ram = guest(sim, caps)
	ram:write(0x300000, "block")
	nested:set(case[3])
	expect(nested:read(0x5000, 4)):eq("five")
	nested:set(case[4])
	local before = ram:page(0x300).refcount
	if case[2] then
		expect_validity(nested, case[2])
		nested:set{ eca = 0, ecb = 0, ecb3 = 0, ecd = 0 }
	end
	expect(nested:read(0x5000, 4)):eq("five")
	expect(ram:page(0x300).refcount):eq(before)
end

cases("vsie state: a block that KVM pins, where its facility is used:", blocks, {
	{ "transaction diagnostic block, in the first pages", 0x80, { itdba = 0x1000 }, { ecb = ECB_TE } },
	{ "transaction diagnostic block, in no slot", 0x80, { itdba = 0x40000000 }, { ecb = ECB_TE } },
	{ "transaction diagnostic block", nil, { itdba = 0x300000 }, { ecb = ECB_TE } },
	{ "run-time instrumentation block, in the first pages", 0x43, { riccbd = 0x1000 }, { ecb3 = ECB3_RI } },
	{ "run-time instrumentation block, in no slot", 0x43, { riccbd = 0x40000000 }, { ecb3 = ECB3_RI } },
	{ "run-time instrumentation block", nil, { riccbd = 0x300000 }, { ecb3 = ECB3_RI } },
	{ "extension for guarded storage, none", 0x10b0, { sdnxo = 0 }, { ecb = ECB_GS } },
	{ "extension for guarded storage, in the first pages", 0x10b0, { sdnxo = 0x1006 }, { ecb = ECB_GS } },
	{ "extension for guarded storage, in no slot", 0x10b0, { sdnxo = 0x40000006 }, { ecb = ECB_GS } },
	{ "extension for guarded storage, too small", 0x10b1, { sdnxo = 0x300005 }, { ecb = ECB_GS } },
	{ "extension for guarded storage, too large", 0x10b1, { sdnxo = 0x30000d }, { ecb = ECB_GS } },
	{ "extension for guarded storage, on no boundary", 0x10b2, { sdnxo = 0x300807 | 0x40 }, { ecb = ECB_GS } },
	{ "extension for guarded storage", nil, { sdnxo = 0x300806 }, { ecb = ECB_GS } },
	{ "extension for an etoken, none", 0x10b0, { sdnxo = 0 }, { ecd = ECD_ETOKENF } },
	{ "extension for an etoken", nil, { sdnxo = 0x300806 }, { ecd = ECD_ETOKENF } },
}, function(sim, case)
	pins(sim, case, { KVM_CAP_S390_RI, KVM_CAP_S390_GS })
end)

cases("vsie state: a block that KVM pins, with vector registers", vectors, {
	{ "in the first pages", 0x1310, { gvrd = 0x1000 }, { eca = ECA_VX } },
	{ "in no slot", 0x1310, { gvrd = 0x40000000 }, { eca = ECA_VX } },
	{ "in a slot", nil, { gvrd = 0x300000 }, { eca = ECA_VX } },
	{ "none, as guest-2 manages them", nil, { gvrd = 0x1000 }, { eca = ECA_VX, ecd = ECD_HOSTREGMGMT } },
}, function(sim, case)
	pins(sim, case, { KVM_CAP_S390_VECTOR_REGISTERS })
end)

-- It changes while guest-3 runs, so guest-2 gets the bit back.
scenario("vsie state: branch prediction", blocks, function(sim)
	local nested = guest(sim)
	for _, bit in ipairs{ FPF_BPBC, 0, FPF_BPBC } do
		nested:set{ fpf = bit }
		expect(nested:read(0x5000, 4)):eq("five")
		expect(nested:get().fpf):eq(bit)
	end
end)

scenario("vsie state: transactions: both pages of the prefix area count", transactions, function(sim)
	local nested, vcpu = guest(sim)
	store_pte(vcpu, 0x1000, 0x400)
	expect(nested:read(0x5000, 4)):eq("five")
	nested:set{ ecb = ECB_TE }
	expect_validity(nested, PREFIX_VALIDITY)
	store_pte(vcpu, 0x1000, MiB + 0x1000)
	expect(nested:read(0x5000, 4)):eq("five")
	store_pte(vcpu, 0x1000, MiB + 0x1000 | 0x200)
	expect_validity(nested, PREFIX_VALIDITY)
end)

scenario("vsie state: what guest-3 may not have is not copied", options, function(sim)
	local nested = guest(sim)
	nested:set{ ecb = 0xff & ~0x08, ecb2 = 0xff, ecb3 = 0xff, ecd = 0xffffffff, itdba = 0x1000, riccbd = 0x1000,
		gvrd = 0x1000, sdnxo = 0x1000 }
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:insn{ text = 0xb9ab0012, length = 4 }.interception):fields{ icptcode = ICPT_INST, ipa = 0xb9ab }
end)

-- --- interventions ------------------------------------------------------------------------------------------

scenario("vsie state: a stop request of guest-2's", options, function(sim)
	local nested = guest(sim)
	nested:set{ cpuflags = ZARCH | STOP_INT }
	expect(nested:write(0x5000, "F").interception):fields{ icptcode = ICPT_STOP }
	nested:set{ cpuflags = ZARCH }
	expect(nested:read(0x5000, 4)):eq("five")
end)

scenario("vsie state: the keyless subset asks guest-2 first", options, function(sim)
	local nested = guest(sim)
	local iske = { text = 0xb2290012, length = 4, regs = { [2] = 0x5000 } }
	nested:set{ cpuflags = ZARCH | KSS }
	expect(nested:insn(iske).interception):fields{ icptcode = 0x5c }
	nested:set{ cpuflags = ZARCH }
	expect(nested:insn(iske).interception):fields{ icptcode = ICPT_INST, ipa = 0xb229 }
end)

scenario("vsie state: guest-3's registers are copied both ways", options, function(sim)
	local nested, vcpu = guest(sim)
	nested:set{ gg14 = 14, gg15 = 15, gcr7 = 7, gbea = 1 }
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:get()):fields{ gg14 = 14, gg15 = 15, gcr7 = 7, gbea = 1, gpsw_addr = 0x1000, ihcpu = 0 }
	expect(vcpu:get_regs()[13]):eq(nested.addr)
end)

-- --- the cache of shadow blocks -----------------------------------------------------------------------------

scenario("vsie state: more nested guests than shadow blocks", options, function(sim)
	local nested, vcpu, _, vm = guest(sim)
	local second = vcpu:nested{ addr = nested.addr + 512, prefix = 0x2000 }
	local third = vcpu:nested{ addr = nested.addr + 1024, mso = 0x1000 }
	local n = faults(sim)
	for i = 1, 4 do
		expect(nested:write(0x5000, ("<i4"):pack(i))):is_true()
		expect(second:read(0x5000, 4)):eq(("<i4"):pack(i))
		expect(second:read(0x6000, 3)):eq("six")
	end
	-- The low 20 bits of mso are ignored.
	expect(third:read(0x6000, 3)):eq("six")
	-- Since 7.0 the shadow goes with the last shadow block that uses it, and get_vsie_page() takes the only one.
	expect(faults(sim)):eq(n + (sim:kernel_since("7.0") and 13 or 2))
	expect(vm:stats()):fields{ gmap_shadow_sg_entry = sim:kernel_since("7.0") and 0 or 1 }
end)

scenario("vsie state: two vCPUs, each with its shadow block", options, function(sim)
	local nested, vcpu, _, vm = guest(sim)
	local other = vm:create_vcpu()
	expect(other:set_cr(1, vcpu:get_cr(1))):eq(0)
	local second = other:nested{ addr = nested.addr + 512 }
	for _ = 1, 3 do
		expect(nested:read(0x5000, 4)):eq("five")
		expect(second:read(0x6000, 3)):eq("six")
		expect(other:nested(nested):read(0x5000, 4)):eq("five")      -- another CPU's turn with the first one
	end
end)

-- --- mso, prefix --------------------------------------------------------------------------------------------

cases("vsie state: storage from mso on, and the prefix with it", options, {
	{ "mso 0",        0, 0 },       { "mso 3 MiB",         3 * MiB, 0 },
	{ "a prefix",     0, 0x8000 },  { "mso and a prefix",  3 * MiB, 0x8000 },
}, function(sim, case)
	local nested, vcpu, ram = guest(sim)
	if case[2] ~= 0 then
		expect(vcpu:map{ from = case[2], to = MiB, size = MiB }):eq(0)
	end
	nested:set{ mso = case[2], prefix = case[3] }
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:write(case[3] + 0x100, "lowcore")):is_true()
	expect(ram:read(MiB + case[3] + 0x100, 7)):eq("lowcore")
	expect(nested:read((1 << 63) | 1, 1).exception or "limit"):ne(nil)
	store_pte(vcpu, case[2] + case[3], 0x400)
	expect_validity(nested, PREFIX_VALIDITY)
end)

scenario("vsie state: nested guests at different places have their own translations", options, function(sim)
	local nested, vcpu, ram = guest(sim)
	local space = vcpu:address_space{ tables = MiB + 0x80000, size = "64K", type = "segment" }
	expect(vcpu:map{ from = MiB, to = MiB, size = MiB }):eq(0)
	expect(vcpu:map{ from = 4 * MiB, to = 4 * MiB, size = MiB }):eq(0)
	expect(vcpu:map{ from = 5 * MiB, to = MiB, size = MiB }):eq(0)      -- the same tables for both
	expect(space:map{ from = 0x4000, to = 0x5000 }):eq(0)
	ram:write(4 * MiB + 0x5000, "four")
	local second = vcpu:nested{ addr = nested.addr + 512, mso = 4 * MiB, gpsw_mask = 1 << 58 | 3 << 31, gcr1 = space.asce }
	nested:set{ gpsw_mask = 1 << 58 | 3 << 31, gcr1 = space.asce }
	for _ = 1, 2 do
		expect(nested:read(0x4000, 4)):eq("five")
		expect(second:read(0x4000, 4)):eq("four")
	end
end)
