-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_CAP_COALESCED_MMIO (virt/kvm/coalesced_mmio.c): writes to a zone wait in a ring that the VMM reads at any time.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" } }
local x86 = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }
local ZONE <const> = 0xd0000000
local MAX <const> = 170		-- KVM_COALESCED_MMIO_MAX with pages of 4 KiB

local function guest(sim)
	local vcpu, _, vm = sim:guest()
	expect(vm:register_coalesced_mmio{ addr = ZONE, size = "4K" }):eq(0)
	return vcpu, vcpu:coalesced_ring(), vm
end

local function one(addr, data)
	return { phys_addr = addr, len = #data, pio = 0, data = data }
end

scenario("coalesced MMIO: writes do not exit, and wait in their order", options, function(sim)
	local vcpu, ring = guest(sim)
	expect(ring:take()):eq{}
	expect(vcpu:write(ZONE, "\1")):is_true()
	expect(vcpu:write(ZONE + 8, "12345678")):is_true()
	expect(vcpu:write(ZONE + 0xffe, "ab")):is_true()
	expect(ring:take()):eq{ one(ZONE, "\1"), one(ZONE + 8, "12345678"), one(ZONE + 0xffe, "ab") }
	expect(ring:take()):eq{}
end)

scenario("coalesced MMIO: reads exit, and so do writes beside the zone or across its end", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	expect(vcpu:read(ZONE, 4)):fields{ reason = KVM_EXIT_MMIO, mmio = { is_write = 0 } }
	expect(vcpu:write(ZONE + 0x1000, "x")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = ZONE + 0x1000 } }
	expect(vm:register_coalesced_mmio{ addr = ZONE + 0x2000, size = 6 }):eq(0)
	expect(vcpu:write(ZONE + 0x2000, "too long")):fields{ reason = KVM_EXIT_MMIO }
	expect(ring:take()):eq{}
end)

-- The emulator makes one access per page.
scenario("coalesced MMIO: the inner half of a write across the zone's first page boundary waits", x86, function(sim)
	local vcpu, ring = guest(sim)
	local exit = vcpu:write(ZONE - 4, "out, in.")
	expect(exit):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = ZONE - 4, data = "out," } }
	expect(exit:complete()):is_true()
	expect(ring:take()):eq{ one(ZONE, " in.") }
end)

-- Before 6.12 coalesced_mmio_has_room() took a remainder of an unsigned difference: only 85 writes fit, the next one
-- exits.
scenario("coalesced MMIO: with a full ring the write exits, and the ring takes more when the VMM has read",
	{ arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, kernel = "6.12" }, function(sim)
	local vcpu, ring = guest(sim)
	for i = 1, MAX - 1 do
		expect(vcpu:write(ZONE, string.char(i))):is_true()
	end
	expect(vcpu:write(ZONE, "!")):fields{ reason = KVM_EXIT_MMIO, mmio = { data = "!" } }
	local got = ring:take()
	expect(#got):eq(MAX - 1)
	expect(got[MAX - 1]):eq(one(ZONE, string.char(MAX - 1)))
	-- From the last entry around to the first.
	expect(vcpu:write(ZONE, "a")):is_true()
	expect(vcpu:write(ZONE, "b")):is_true()
	expect(ring:take()):eq{ one(ZONE, "a"), one(ZONE, "b") }
end)

-- insert >= KVM_COALESCED_MMIO_MAX: user space may have written anything there.
scenario("coalesced MMIO: an index that the VMM broke is not followed", options, function(sim)
	local vcpu, ring = guest(sim)
	expect(ring.mapping:write(4, string.pack("<I4", MAX))):eq(0)
	expect(vcpu:write(ZONE, "x")):fields{ reason = KVM_EXIT_MMIO }
	expect(ring.mapping:write(4, string.pack("<I4", 0xffffffff))):eq(0)
	expect(vcpu:write(ZONE, "y")):fields{ reason = KVM_EXIT_MMIO }
end)

scenario("coalesced MMIO: two zones share the ring; writes to an unregistered one exit again", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	expect(vm:register_coalesced_mmio{ addr = ZONE + 0x2000, size = "4K" }):eq(0)
	expect(vcpu:write(ZONE + 0x2000, "b")):is_true()
	expect(vcpu:write(ZONE, "a")):is_true()
	expect(vm:unregister_coalesced_mmio{ addr = ZONE, size = "4K" }):eq(0)
	expect(vcpu:write(ZONE, "c")):fields{ reason = KVM_EXIT_MMIO }
	expect(vcpu:write(ZONE + 0x2000, "d")):is_true()
	expect(ring:take()):eq{ one(ZONE + 0x2000, "b"), one(ZONE, "a"), one(ZONE + 0x2000, "d") }
end)

scenario("coalesced MMIO: all vCPUs have the same ring", options, function(sim)
	local vcpu, ring, vm = guest(sim)
	local second = vm:create_vcpu()
	local same = second:coalesced_ring()
	expect(vcpu:write(ZONE, "a")):is_true()
	expect(second:write(ZONE, "b")):is_true()
	expect(same:take()):eq{ one(ZONE, "a"), one(ZONE, "b") }
	expect(ring:take()):eq{}
end)

scenario("coalesced MMIO: a slot over the zone is memory again", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(vm:register_coalesced_mmio{ addr = "4M", size = "4K" }):eq(0)
	local ring = vcpu:coalesced_ring()
	expect(vcpu:write(0x400000, "mmio")):is_true()
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "4M", memory_size = "4K",
		userspace_addr = ram }):eq(0)
	expect(vcpu:write(0x400000, "memory")):is_true()
	expect(ram:read(0, 6)):eq("memory")
	expect(ring:take()):eq{ one(0x400000, "mmio") }
end)

cases("coalesced MMIO: registering", options, {
	{ "port I/O",          "register_coalesced_mmio",   { addr = 0x100, size = 8, pio = 1 },     0 },
	{ "pio is 2",          "register_coalesced_mmio",   { addr = ZONE, size = 8, pio = 2 },      -EINVAL },
	{ "the same again",    "register_coalesced_mmio",   { addr = ZONE, size = "4K" },            0 },
	{ "take away: pio 2",  "unregister_coalesced_mmio", { addr = ZONE, size = "4K", pio = 2 },   -EINVAL },
	{ "take away: no such zone", "unregister_coalesced_mmio", { addr = 0xe0000000, size = "4K" }, 0 },
}, function(sim, case)
	local _, _, vm = guest(sim)
	expect(vm[case[2]](vm, case[3])):eq(case[4])
end)
