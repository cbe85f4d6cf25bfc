-- SPDX-License-Identifier: GPL-2.0-only
-- Read-only slots, by what an arm64 guest does otherwise than one of x86_64: exchanges without a syndrome, fetches, tables
-- with each granule, accesses across the end of the slot. readonly/mappings.lua has what both do alike.

local options <const> = { arch = "arm64", covers = "docs/rules.md R2" }
local ROM <const>, SIZE <const>, VA <const> = 0x400000, 0x400000, 0x40000000

-- Slot 0: 2 MiB of ordinary memory at 0, with the guest's tables. Slot 1: 4 MiB at 4 MiB, read-only.
local function guest(sim, paging)
	local vcpu, _, vm, vmm = sim:guest()
	local rom = vmm:mmap{ length = SIZE, huge = false }
	expect(vm:set_user_memory_region{ slot = 1, flags = KVM_MEM_READONLY, guest_phys_addr = ROM, memory_size = SIZE,
		userspace_addr = rom }):eq(0)
	expect(rom:write(0x1000, "host-rom")):eq(0)
	if paging then
		expect(vcpu:set_paging(paging)):eq(0)
	end
	return vcpu, rom, vm, vmm
end

-- An exchange reads and writes at once, so the guest's mapping stays readable and its memory as it is.
for _, row in ipairs{ { "1 byte", "x" }, { "4 bytes", "xxxx" }, { "8 bytes", "xxxxxxxx" } } do
	scenario("arm64: an exchange in a read-only slot has no syndrome: " .. row[1], options, function(sim)
		local vcpu, rom, vm = guest(sim, {})
		vcpu:map{ from = VA, to = ROM, size = "64K" }
		for _ = 1, 2 do
			expect(vcpu:xchg(VA + 0x1000, row[2])):fields{ ret = -ENOSYS }
			vcpu:abandon()
			expect(vcpu:read(VA + 0x1000, 8)):eq("host-rom")
			expect(sim.inspect:mapping(vm, ROM + 0x1000)):fields{ present = true, writable = false }
		end
		expect(vm:enable_cap{ cap = KVM_CAP_ARM_NISV_TO_USER }):eq(0)
		local exit = vcpu:xchg(VA + 0x1000, row[2])
		expect(exit):fields{ ret = 0, reason = KVM_EXIT_ARM_NISV, arm_nisv = { fault_ipa = ROM + 0x1000 } }
		expect(rom:read(0x1000, 8)):eq("host-rom")
	end)
end

scenario("arm64: the guest executes what is in a read-only slot", options, function(sim)
	local vcpu, rom, vm = guest(sim)
	expect(rom:write(0x1ffc, "\x1f\x20\x03\xd5\x1f\x20\x03\xd5")):eq(0)
	expect(vcpu:fetch(ROM + 0x1ffc)):eq("\x1f")
	expect(vcpu:fetch(ROM + 0x2000)):eq("\x1f")
	expect(sim.inspect:mapping(vm, ROM + 0x2000)):fields{ present = true, writable = false, executable = true }
	expect(vcpu:write(ROM + 0x2000, "code")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = ROM + 0x2000 } }
	vcpu:abandon()
	expect(vcpu:fetch(ROM + 0x2000)):eq("\x1f")
end)

-- The VMM sees the physical address. The guest's own rights come first.
cases("arm64: a read-only slot under the guest's own tables", options, {
	{ "pages of 4 KiB", "4K", 1 }, { "a block of 2 MiB", "4K", 2 }, { "pages of 16 KiB", "16K", 1 },
	{ "pages of 64 KiB", "64K", 1 },
}, function(sim, row)
	local vcpu, rom, vm = guest(sim, { granule = row[2] })
	local size <const> = row[3] == 2 and 2 << 20 or 64 << 10
	vcpu:map{ from = VA, to = ROM, size = size, level = row[3] }
	expect(vcpu:read(VA + 0x1000, 8)):eq("host-rom")
	for _ = 1, 2 do
		expect(vcpu:write(VA + 0x1000, "data")):fields{ reason = KVM_EXIT_MMIO,
			mmio = { phys_addr = ROM + 0x1000, len = 4, is_write = 1, data = "data" } }
		expect(vcpu:abandon()):eq(0)
		expect(vcpu:read(VA + 0x1000, 8)):eq("host-rom")
	end
	vcpu:map{ from = VA + (1 << 30), to = ROM, size = size, level = row[3], prot = "r" }
	expect(vcpu:write(VA + (1 << 30) + 0x1000, "data")):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR } }
	expect(rom:read(0x1000, 8)):eq("host-rom")
	expect(sim.inspect:mapping(vm, ROM + 0x1000)):fields{ present = true, writable = false }
end)

-- Nothing, the read-only slot, an ordinary one behind it.
scenario("arm64: what lies on both sides of the end of a read-only slot", options, function(sim)
	local vcpu, rom, vm, vmm = guest(sim)
	local behind, border <const> = vmm:mmap{ length = "64K", huge = false }, ROM + SIZE
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = border, memory_size = "64K",
		userspace_addr = behind }):eq(0)
	expect(rom:write(SIZE - 4, "host")):eq(0)
	expect(vcpu:write(border, "data")):is_true()
	expect(behind:read(0, 4)):eq("data")
	expect(vcpu:write(border - 4, "lost")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = border - 4, len = 4 } }
	vcpu:abandon()
	expect(vcpu:read(border - 4, 4)):eq("host")
	expect(vcpu:read(border, 4)):eq("data")
	expect(vcpu:read(ROM - 8, 4)):fields{ ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = ROM - 8 } }
end)
