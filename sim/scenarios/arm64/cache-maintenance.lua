-- SPDX-License-Identifier: GPL-2.0-only
-- Cache maintenance: what KVM cleans for a guest whose accesses go around the caches, and for its instructions.

local NOP <const> = "\x1f\x20\x03\xd5"

local machines <const> = { {}, { fwb = false }, { fwb = false, idc = false, dic = false }, { dic = false } }

scenario("arm64: a guest with stage 1 off sees what the VMM wrote before", { arch = "arm64", facilities = machines },
	function(sim)
	local vcpu, ram = sim:guest()

	-- Device accesses of the guest do not look into caches; KVM cleans a page when it maps it.
	ram:write(0x3000, "before..")
	expect(vcpu:read(0x3000, 8)):eq("before..")
	expect(vcpu:write(0x3008, "guest...")):is_true()
	expect(vcpu:read(0x3008, 8)):eq("guest...")
end)

scenario("arm64: a guest executes what the VMM wrote", { arch = "arm64", facilities = machines }, function(sim)
	local vcpu, ram = sim:guest()

	ram:write(0x3000, NOP)
	expect(vcpu:fetch(0x3000)):eq("\x1f")
	-- Read first: on a machine that needs it, the right to execute and the maintenance come with the fetch.
	ram:write(0x5000, NOP)
	expect(vcpu:read(0x5000, 4)):eq(NOP)
	expect(vcpu:fetch(0x5000)):eq("\x1f")
end)

scenario("arm64: pages that come back are cleaned again", { arch = "arm64", facilities = machines }, function(sim)
	local vcpu, ram = sim:guest()

	expect(vcpu:write(0x8000, "stays")):is_true()
	ram:write(0x3000, "first...")
	expect(vcpu:read(0x3000, 8)):eq("first...")
	ram:madvise(0x3000, "4K", MADV_DONTNEED)
	ram:write(0x3000, "second..")
	expect(vcpu:read(0x3000, 8)):eq("second..")
	expect(ram:migrate(ram:page(3))):eq(0)
	expect(vcpu:read(0x3000, 8)):eq("second..")
end)

scenario("arm64: turning the caches on traps until they are, and cleans memory", { arch = "arm64",
	facilities = { fwb = false } }, function(sim)
	local vcpu, ram = sim:guest()

	ram:write(0x3000, "before..")
	expect(vcpu:read(0x3000, 8)):eq("before..")
	local sctlr = vcpu:mrs("sctlr_el1")
	expect(vcpu:msr("sctlr_el1", sctlr | 1 << 2 | 1 << 12)):is_true()	-- C and I, not M
	expect(vcpu:mrs("sctlr_el1")):eq(sctlr | 1 << 2 | 1 << 12)
	expect(vcpu:get_sysreg("sctlr_el1")):eq(sctlr | 1 << 2 | 1 << 12)
	expect(vcpu:read(0x3000, 8)):eq("before..")
end)

scenario("arm64: the guest's maintenance by set and way is KVM's", { arch = "arm64", facilities = { fwb = false } },
	function(sim)
	local vcpu, ram = sim:guest()

	ram:write(0x3000, "before..")
	expect(vcpu:read(0x3000, 8)):eq("before..")
	expect(vcpu:dc("cisw", 0)):is_true()
	expect(vcpu:dc("isw", 0)):is_true()
	expect(vcpu:read(0x3000, 8)):eq("before..")
end)

-- The guest's SCTLR_EL1, with stage 1 and its caches on or off (M and C). KVM sees the write until caches are on.
local function caches(vcpu, on)
	local sctlr = vcpu:get_sysreg("sctlr_el1")
	expect(vcpu:msr("sctlr_el1", on and sctlr | 5 or sctlr & ~5)):is_true()
end

local cached <const> = { paging = true, map = {
	{ from = 0x40000000, to = 0x5000 }, { from = 0x50000000, to = 0x5000, attr = "noncacheable" },
} }

-- kvm_toggle_cache(), arch/arm64/kvm/mmu.c. What the guest wrote is in caches, and its next accesses go around them.
scenario("arm64: the guest turns its caches off, and KVM cleans all its memory", { arch = "arm64",
	facilities = { fwb = false } }, function(sim)
	local vcpu, ram = sim:guest(cached)

	expect(vcpu:write(0x40000000, "cached..")):is_true()
	caches(vcpu, false)
	expect(vcpu:read(0x5000, 8)):eq("cached..")
	expect(vcpu:write(0x5008, "around..")):is_true()
	caches(vcpu, true)
	expect(vcpu:read(0x40000008, 8)):eq("around..")
	expect(ram:read(0x5000, 16)):eq("cached..around..")
end)

-- kvm_set_way_flush(). KVM does it once, and then again after the guest has turned its caches on anew.
scenario("arm64: maintenance by set and way with caches on cleans all memory of the guest", { arch = "arm64",
	facilities = { fwb = false } }, function(sim)
	local vcpu = sim:guest(cached)

	for n = 1, 2 do
		caches(vcpu, false)
		caches(vcpu, true)
		local data = ("round %2d"):format(n)
		expect(vcpu:write(0x40000000, data)):is_true()
		expect(vcpu:dc("cisw", 0)):is_true()
		expect(vcpu:read(0x50000000, 8)):eq(data)
	end
end)

scenario("arm64: the guest's maintenance by address", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm = sim:guest{ paging = true, map = { { from = 0x40000000, to = 0x3000 } } }

	expect(vcpu:dc("civac", 0x40000000)):is_true()
	expect(sim.inspect:mapping(vm, 0x3000).present):is_true()
	expect(vcpu:ic("ivau", 0x40000000)):is_true()
	expect(vcpu:ic("iallu")):is_true()
	expect(vcpu:dc("cvac", 0x50000000)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR, far = 0x50000000 } }
	expect(ram:read(0x3000, 1)):eq("\0")
end)

scenario("arm64: maintenance of an address outside of memory does nothing", { arch = "arm64" }, function(sim)
	local vcpu = sim:guest()

	expect(vcpu:dc("cvac", 0x10000000)):is_true()
	expect(vcpu:read(0x10000000, 8)):fields{ reason = KVM_EXIT_MMIO }
end)
