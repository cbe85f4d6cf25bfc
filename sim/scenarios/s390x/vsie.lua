-- SPDX-License-Identifier: GPL-2.0-only
-- Guests of guests: a vCPU of guest-2 executes SIE, and KVM interprets it (vsie.c) with shadow tables that it makes from
-- guest-2's own. Guest-3's storage lies in guest-2's primary space, from the state description's mso on.

local options = { arch = "s390x", mmu = "vsie" }

local MiB <const>, GiB <const> = 1 << 20, 1 << 30
local ICPT_INST <const>, ICPT_PROGI <const>, ICPT_WAIT <const>, ICPT_STOP <const> = 0x04, 0x08, 0x1c, 0x28
local PROTECTION <const>, ADDRESSING <const>, SPECIFICATION <const> = 0x04, 0x05, 0x06
local SEGMENT <const>, PAGE_TRANSLATION <const>, ASCE_TYPE <const>, REGION3 <const> = 0x10, 0x11, 0x38, 0x3b
local TEID_STORE <const>, TEID_FETCH <const>, TEID_DAT <const> = 0x400, 0x800, 0x4
local CPUSTAT_ZARCH <const>, CPUSTAT_STOP_INT <const> = 0x800, 0x04000000

-- 6.12 keeps a reference to the page of each state description where physical and virtual addresses differ (the scenario
-- "the page of the state description stays pinned").
local function expect_pin(sim, ram, nested)
	local before = ram:page(nested.addr >> 12).refcount
	nested:sie()
	if ram:page(nested.addr >> 12).refcount > before then
		sim:expect_report{ kind = "leak", match = "leak: 1 x page, 4096 bytes" }
	end
end

-- Guest-3's first MiB is guest-2's second one.
local function guest(sim, fields)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" },
		data = { [MiB + 0x5000] = "five", [MiB + 0x6000] = "six" } }
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	local nested = vcpu:nested(fields)
	expect_pin(sim, ram, nested)
	return nested, vcpu, ram, vm, vmm, slot
end

scenario("vsie: guest-3, guest-2 and the VMM see one memory", options, function(sim)
	local nested, vcpu, ram = guest(sim)
	expect(nested:read(0x5000, 4)):eq("five")
	expect(nested:write(0x5004, "FIVE")):is_true()
	expect(vcpu:read(MiB + 0x5000, 8)):eq("fiveFIVE")
	expect(ram:read(MiB + 0x5000, 8)):eq("fiveFIVE")
	expect(vcpu:write(MiB + 0x6000, "SIX")):is_true()
	expect(nested:read(0x6000, 3)):eq("SIX")
	expect(nested:xchg(0x6000, "six!")):eq("SIX\0")
	ram:write(MiB + 0x6000, "seven")
	expect(nested:read(0x6000, 5)):eq("seven")
	expect(nested:fetch(0x5000)):eq("f")
	expect(nested:write(0x5ffc, "12345678")):is_true()
	expect(ram:read(MiB + 0x5ffc, 8)):eq("12345678")
end)

scenario("vsie: the shadow is made once, its pages as they are needed", options, function(sim)
	local nested, _, _, vm = guest(sim)
	expect(nested:workload{ op = "read", range = { 0, "64K" } }):eq(16)
	local before = vm:stats()
	expect(nested:workload{ op = "write", range = { 0, "128K" }, count = 64 }):eq(64)
	local after = vm:stats()
	expect(after.gmap_shadow_create):eq(before.gmap_shadow_create)
	expect(after.gmap_shadow_reuse):gt(before.gmap_shadow_reuse)
	expect(after.gmap_shadow_pg_entry - before.gmap_shadow_pg_entry):eq(16)
	expect(after.gmap_shadow_sg_entry):eq(before.gmap_shadow_sg_entry)
end)
