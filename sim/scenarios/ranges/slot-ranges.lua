-- SPDX-License-Identifier: GPL-2.0-only
-- A slot that is deleted, moved, or filled ahead, next to others: only its own pages change
-- (kvm_arch_flush_shadow_memslot(), kvm_mmu_zap_memslot(), arch/x86/kvm/mmu/mmu.c; KVM_PRE_FAULT_MEMORY).

local layouts = require("layouts")
local x86_mmu = { "ept", "npt", "shadow" }
local arch, mmu = { "x86_64", "arm64" }, { "ept", "npt", "shadow", "vhe" }
local PAGE <const>, FAR <const> = 4096, 1 << 31

local function quirk_off(vm)
	expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
end

local function outside(sim)
	return sim.arch == "s390x" and { exception = { vector = 5 } } or { reason = KVM_EXIT_MMIO }
end

-- The slot's pages are gone, the others' are there. With the quirk, or on s390x, KVM may drop more.
local function judge(g, watched, exact)
	for _, p in ipairs(watched) do
		local own = p >= 0 and p < g.pages
		if own or exact then
			expect(g.mapping(p).present):eq(not own)
		end
	end
	for _, p in ipairs(watched) do
		if p >= 0 and p < g.pages then
			expect(g.vcpu:read(g.at(p), 1)):fields(outside(g.sim))
			g.vcpu:abandon()
		else
			expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
		end
	end
end

-- Every page of the slot has been mapped, in as many tables as there are.
local function deletion(sim, row, setup, huge)
	local g = layouts.guest(sim, row, { setup = setup, huge = huge, beside = huge and 512 or nil })
	local watched = layouts.watch(g, 0, g.pages)
	for p = 0, g.pages - 1 do
		if p % 37 == 0 then
			watched[#watched + 1] = p
		end
	end
	layouts.fill(g, watched)
	g.slot.memory_size = 0
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	judge(g, watched, setup ~= nil)
	g.slot.memory_size = g.pages * PAGE
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	for _, p in ipairs(watched) do
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
	end
end

cases("an odd slot is deleted", { arch = arch, mmu = mmu }, layouts.x86, function(sim, row)
	deletion(sim, row)
end)

cases("an odd slot is deleted on s390", { arch = "s390x", mmu = { "sie", "old" } }, layouts.s390, function(sim, row)
	deletion(sim, row)
end)

cases("an odd slot is deleted, without the quirk", { arch = "x86_64", mmu = x86_mmu, kernel = "6.12" }, layouts.x86,
	function(sim, row)
	deletion(sim, row, quirk_off)
end)

cases("an odd slot with huge mappings is deleted, without the quirk", {
	arch = "x86_64", mmu = { "ept", "npt" }, kernel = "6.12",
}, { layouts.x86[5], layouts.x86[6], layouts.x86[8], layouts.x86[9] }, function(sim, row)
	deletion(sim, row, quirk_off, true)
end)

local function move(sim, row, setup)
	local g = layouts.guest(sim, row, { setup = setup })
	local watched = layouts.watch(g, 0, g.pages)
	layouts.fill(g, watched)
	local here = g.slot.guest_phys_addr
	g.slot.guest_phys_addr = FAR
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	judge(g, watched, setup ~= nil)
	if not row.wide or sim.mmu ~= "shadow" then
		expect(g.vcpu:read(FAR, 9)):eq(layouts.data(0))
		expect(g.vcpu:read(FAR + (g.pages - 1) * PAGE, 9)):eq(layouts.data(g.pages - 1))
		expect(g.vcpu:read(FAR + g.pages * PAGE, 1)):fields(outside(sim))
		g.vcpu:abandon()
	end
	g.slot.guest_phys_addr = here
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	for _, p in ipairs(watched) do
		expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
	end
end

cases("an odd slot is moved", { arch = arch, mmu = mmu }, layouts.x86, function(sim, row)
	move(sim, row)
end)

cases("an odd slot is moved, without the quirk", { arch = "x86_64", mmu = x86_mmu, kernel = "6.12" }, layouts.x86,
	function(sim, row)
	move(sim, row, quirk_off)
end)

-- One page further: old and new range overlap. The slot behind makes room.
cases("an odd slot is moved by a page", { arch = arch, mmu = { "ept", "npt", "vhe" } }, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row)
	if g.high == g.pages then	-- it ends at the highest frame
		g.slot.guest_phys_addr = g.slot.guest_phys_addr + PAGE
		expect(g.vm:set_user_memory_region(g.slot)):eq(sim.arch == "arm64" and -EFAULT or -EINVAL)
		expect(g.vcpu:write(g.at(g.pages - 1), "last")):is_true()
		return
	end
	expect(g.vm:set_user_memory_region{ slot = 3, memory_size = 0 }):eq(0)
	local watched = {}
	for _, p in ipairs(layouts.watch(g, 0, g.pages)) do
		if p < g.pages then
			watched[#watched + 1] = p
		end
	end
	layouts.fill(g, watched)
	g.slot.guest_phys_addr = g.slot.guest_phys_addr + PAGE
	expect(g.vm:set_user_memory_region(g.slot)):eq(0)
	for _, p in ipairs(watched) do
		if p >= 0 then
			expect(g.vcpu:read(g.at(p + 1), 9)):eq(layouts.data(p))
		else
			expect(g.vcpu:read(g.at(p), 9)):eq(layouts.data(p))
		end
	end
	expect(g.vcpu:read(g.at(0), 1)):fields{ reason = KVM_EXIT_MMIO }
end)

cases("an odd slot is filled ahead", { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY" },
	layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row)
	for _, range in ipairs(layouts.ranges(g)) do
		local a, b = range[1], range[2]
		expect(g.ram:madvise(0, g.ram.length, MADV_DONTNEED)):eq(0)
		local left = b - a
		local gpa = g.at(a)
		while left > 0 do
			local rc, rest = g.vcpu:pre_fault_memory{ gpa = gpa, size = left * PAGE }
			expect(rc):eq(0)
			gpa, left = rest.gpa, rest.size // PAGE
		end
		expect(gpa):eq(g.at(b))
		for _, p in ipairs(layouts.watch(g, a, b)) do
			expect(g.mapping(p).present):eq(p >= a and p < b)
		end
	end
end)

-- It stops at the slot's end, and says how far it came.
cases("filling ahead past the end of an odd slot", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY",
}, layouts.x86, function(sim, row)
	local g = layouts.guest(sim, row)
	if g.high > g.pages then
		expect(g.vm:set_user_memory_region{ slot = 3, memory_size = 0 }):eq(0)
		local rc, rest = g.vcpu:pre_fault_memory{ gpa = g.at(g.pages - 1), size = 3 * PAGE }
		expect(rc):eq(0)
		expect(rest):eq{ gpa = g.at(g.pages), size = 2 * PAGE }
	end
	expect(g.vcpu:pre_fault_memory{ gpa = g.at(g.pages), size = PAGE }):eq(-ENOENT)
	expect(g.mapping(g.pages).present):is_false()
end)
