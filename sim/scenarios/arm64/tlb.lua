-- SPDX-License-Identifier: GPL-2.0-only
-- TLBs of arm64: what a guest's own maintenance removes, what KVM's does, and what the hardware does with old entries.

local options = { arch = "arm64" }
local VA <const>, OTHER <const> = 0x40000000, 0x40001000

local function layout(paging)
	return {
		ram = { length = "4M" }, paging = paging or true, data = { [0x5000] = "five", [0x6000] = "six!" },
		map = { { from = VA, to = 0x5000, prot = "rw", global = paging and paging.global } },
	}
end

-- The guest lets VA lead elsewhere.
local function point(vcpu, to, va)
	local raw = vcpu:pte(va or VA).raw
	expect(vcpu:set_pte(va or VA, raw & ~0xfffffffff000 | to)):eq(0)
end

scenario("arm64 TLB: an entry stays until the guest invalidates it", options, function(sim)
	local vcpu = sim:guest(layout())

	expect(vcpu:read(VA, 4)):eq("five")
	point(vcpu, 0x6000)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:tlb_invalidate{ addr = OTHER }):is_true()
	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:tlb_invalidate{ addr = VA }):is_true()
	expect(vcpu:read(VA, 4)):eq("six!")
end)

cases("arm64 TLB: what removes an entry of the guest's", options, {
	{ "all, shared", "vmalle1is", nil, true }, { "all, local", "vmalle1", nil, true },
	{ "any ASID", "vaae1is", VA >> 12, true }, { "any ASID, leaf", "vaale1", VA >> 12, true },
	{ "address", "vae1is", VA >> 12, true }, { "address, another ASID", "vae1is", VA >> 12 | 7 << 48, false },
	{ "ASID", "aside1is", 0, true }, { "another ASID", "aside1is", 7 << 48, false },
	{ "another address", "vale1is", OTHER >> 12, false },
	{ "range", "rvae1is", VA >> 12 | 1 << 46, true },
	{ "another range", "rvae1is", VA - 0x2000 >> 12 | 1 << 46, false },
	{ "hint", "vale1is", VA >> 12 | 7 << 44, true }, { "wrong level", "vale1is", VA >> 12 | 6 << 44, false },
	{ "wrong granule", "vale1is", VA >> 12 | 11 << 44, false },
}, function(sim, row)
	local vcpu = sim:guest(layout())

	expect(vcpu:read(VA, 4)):eq("five")
	point(vcpu, 0x6000)
	expect(vcpu:tlbi(row[2], row[3])):is_true()
	expect(vcpu:read(VA, 4)):eq(row[4] and "six!" or "five")
end)

scenario("arm64 TLB: a table that goes needs more than the leaf's invalidation", options, function(sim)
	local vcpu = sim:guest(layout())

	expect(vcpu:read(VA, 4)):eq("five")
	expect(vcpu:set_pte(VA, 0, 2)):eq(0)
	expect(vcpu:tlbi("vale1is", VA >> 12)):is_true()
	expect(vcpu:read(VA, 4)):eq("five")	-- by the cached table descriptor
	expect(vcpu:tlbi("vae1is", VA >> 12)):is_true()
	expect(vcpu:read(VA, 4)):fields{ exception = { fsc = ESR_ELx_FSC_FAULT | 2 } }
end)

scenario("arm64 TLB: KVM's invalidation reaches the guest's entries", options, function(sim)
	local vcpu, ram = sim:guest(layout())

	expect(vcpu:read(VA, 4)):eq("five")
	expect(sim.inspect:tlb(vcpu, VA)):fields{ present = true, page = ram:page(5) }
	expect(ram:madvise(0x5000, "4K", MADV_DONTNEED)):eq(0)
	expect(vcpu:read(VA, 4)):eq("\0\0\0\0")
	expect(vcpu:write(VA, "anew")):is_true()
	expect(ram:read(0x5000, 4)):eq("anew")
end)

scenario("arm64 TLB: a slot that logs dirty pages catches the first write through an old entry", options, function(sim)
	local vcpu, _, vm, _, slot = sim:guest(layout())

	expect(vcpu:write(VA, "one")):is_true()
	slot.flags = KVM_MEM_LOG_DIRTY_PAGES
	expect(vm:set_user_memory_region(slot)):eq(0)
	expect(vcpu:read(VA, 3)):eq("one")
	expect(vm:get_dirty_log{ slot = 0 }:count()):eq(0)
	expect(vcpu:write(VA, "two")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq({ 5 })
	expect(vcpu:write(VA, "thr")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq({ 5 })
end)

-- How much counters have grown while fn ran.
local function count(sim, fn)
	local before = sim.inspect:counters()
	fn()
	local after, grown = sim.inspect:counters(), {}
	for name, value in pairs(after) do
		grown[name] = value - before[name]
	end
	return grown
end

scenario("arm64 TLB: what a guest invalidates for its CPU alone is broadcast, because it may run on others", options,
	function(sim)
	local vcpu = sim:guest(layout())

	expect(vcpu:read(VA, 4)):eq("five")
	expect(count(sim, function() vcpu:tlbi("vmalle1") end)):fields{ tlbi_local = 0, tlbi_broadcast = 1 }
end)

scenario("arm64 TLB: VMs have their own entries", options, function(sim)
	local one = sim:guest{ data = { [0x5000] = "one!" } }
	local two = sim:guest{ data = { [0x5000] = "two!" } }
	local function both()
		expect(one:read(0x5000, 4)):eq("one!")
		expect(two:read(0x5000, 4)):eq("two!")
	end

	both()
	expect(count(sim, both)):fields{ tlb_flushed_entries = 0, guest_faults = 0 }
end)

scenario("arm64 TLB: a vCPU does not find entries of another one of its VM on the same CPU", options, function(sim)
	local vcpu, ram, vm = sim:guest(layout())
	local other = vm:create_vcpu()

	expect(other:share_paging(vcpu)):eq(0)
	expect(vcpu:read(VA, 4)):eq("five")
	expect(count(sim, function() expect(other:read(VA, 4)):eq("five") end).tlbi_local):ge(1)
	-- As long as it stays, nothing is to be done.
	expect(count(sim, function() expect(other:read(VA, 4)):eq("five") end)):fields{ tlbi_local = 0 }
end)

scenario("arm64 TLB: maintenance costs what KVM says it does", options, function(sim)
	local vcpu, ram = sim:guest()
	local function drop()
		ram:madvise(0x5000, "4K", MADV_DONTNEED)
	end

	expect(vcpu:read(0x5000, 4)):eq("\0\0\0\0")
	-- A stage 2 entry and the combined one, with the table descriptors on the way.
	local first = count(sim, drop)
	expect(first.tlbi_broadcast):ge(2)
	expect(first.tlb_flushed_entries):ge(2)
	expect(sim.inspect:tlb(vcpu, 0x5000)):errno(ENOENT)
	-- Nothing is cached for it any more.
	expect(count(sim, drop).tlb_flushed_entries):eq(0)
end)

cases("arm64 AT: what the guest's tables say", options, {
	{ "read", "s1e1r", VA, false }, { "write", "s1e1w", VA, false }, { "EL0", "s1e0r", VA, false },
	{ "nothing there", "s1e1r", OTHER, true },
}, function(sim, row)
	local vcpu = sim:guest(layout())
	local par = vcpu:at(row[2], row[3])

	expect(par & 1):eq(row[4] and 1 or 0)
	if not row[4] then
		expect(par & 0xfffffffff000):eq(0x5000)
	end
end)

scenario("arm64 AT: stage 2 of the walk is KVM's to resolve", options, function(sim)
	local vcpu, ram = sim:guest(layout())

	-- The guest's tables leave stage 2.
	expect(ram:madvise(0, "4M", MADV_PAGEOUT)):eq(0)
	expect(vcpu:at("s1e1r", VA) & 0xfffffffff001):eq(0x5000)
end)
