-- SPDX-License-Identifier: GPL-2.0-only
-- One more slot beside a hundred: what the checks of a step see of it, which do not look at all slots then.

local SLOTS <const> = 100
local AREA <const> = 2 << 20
local TAIL <const> = SLOTS * AREA

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" } }

-- A hundred slots that fill a large page each, at even addresses. They show the same RAM.
local function many(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = AREA * 2, huge = false }
	local vm = vmm:open_kvm():create_vm()
	for i = 0, SLOTS - 1 do
		expect(vm:set_user_memory_region{
			slot = i, guest_phys_addr = i * AREA, memory_size = AREA, userspace_addr = ram.addr,
		}):eq(0)
	end
	return vm, ram
end

local function region(ram, changes)
	local r = { slot = SLOTS, guest_phys_addr = TAIL + AREA // 2, memory_size = AREA, userspace_addr = ram.addr + AREA // 2 }
	for k, v in pairs(changes or {}) do
		r[k] = v
	end
	return r
end

scenario("many slots: one that begins and ends within a large page", options, function(sim)
	local vm, ram = many(sim)
	local vcpu = vm:create_vcpu()
	expect(vm:set_user_memory_region(region(ram))):eq(0)
	expect(vcpu:write(TAIL + AREA // 2, "first")):is_true()
	expect(vcpu:write(TAIL + AREA, "later")):is_true()
	expect(vcpu:read(AREA // 2, 5)):eq("first")
	expect(ram:read(AREA, 5)):eq("later")
end)

scenario("many slots: one moves, gets a log, and goes", options, function(sim)
	local vm, ram = many(sim)
	local vcpu = vm:create_vcpu()
	expect(vm:set_user_memory_region(region(ram))):eq(0)
	expect(vm:set_user_memory_region(region(ram, { guest_phys_addr = TAIL + AREA * 3 // 2 }))):eq(0)
	expect(vcpu:write(TAIL + AREA * 3 // 2, "moved")):is_true()
	expect(vm:set_user_memory_region(region(ram, {
		guest_phys_addr = TAIL + AREA * 3 // 2, flags = KVM_MEM_LOG_DIRTY_PAGES,
	}))):eq(0)
	expect(vcpu:write(TAIL + AREA * 2, "noted")):is_true()
	expect(vm:get_dirty_log{ slot = SLOTS }:pages()):eq({ (TAIL + AREA * 2) >> 12 })
	expect(vm:set_user_memory_region(region(ram, { memory_size = 0 }))):eq(0)
	expect(vm:set_user_memory_region(region(ram))):eq(0)
	expect(vcpu:read(TAIL + AREA // 2, 5)):eq("moved")
end)
