-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_SET_VAPIC_ADDR: a word of guest memory in which the guest sets its task priority, and KVM says what is pending.
-- KVM keeps where the word is (gfn_to_hva_cache): slots that come and go, words at the borders of pages and slots.

local options <const> = { mmu = { "ept", "shadow" } }
local SET_VAPIC_ADDR <const> = 0x4008ae93
local RAM <const>, WORD <const> = 0x10000, 0x3000

-- A VM with KVM's own APICs, with its memory in two slots: of the first 64 KiB and of what follows.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * RAM, huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:create_irqchip()):eq(0)
	local function set(slot, size, from)
		return vm:set_user_memory_region{ slot = slot, guest_phys_addr = slot * RAM, memory_size = size,
			userspace_addr = (from or ram).addr + slot * RAM }
	end
	expect(set(0, RAM)):eq(0)
	expect(set(1, RAM)):eq(0)
	return vm:create_vcpu(), ram, set, vmm, vm
end

-- Tells KVM of the word.
local function vapic(vcpu, gpa)
	return vcpu:ioctl(SET_VAPIC_ADDR, string.pack("<I8", gpa))
end

-- What CR8 is after the guest has set its priority in the word and left.
local function priority(vcpu, ram, gpa, value)
	ram:write(gpa, string.char(value))
	expect(vcpu:read(RAM + 0x8000, 1)):eq("\0")
	return vcpu:get_sregs().cr8
end

cases("the priority in guest memory is the APIC's", options, {
	{ "a word",                         WORD },
	{ "of which the page has a part",   WORD - 2 },
	{ "in two slots",                   RAM - 3 },
	{ "at the end of a slot",           RAM - 4 },
	{ "at the begin of a slot",         RAM },
	{ "beyond all slots",               2 * RAM, -EINVAL },
	{ "of which a part is",             2 * RAM - 1, -EINVAL },
	{ "that wraps",                     -2, -EINVAL },
}, function(sim, row)
	local vcpu, ram = guest(sim)
	expect(vapic(vcpu, row[2])):eq(row[3] or 0)
	if row[3] then
		return
	end
	ram:write(row[2], "\0\0\0\0")
	expect(priority(vcpu, ram, row[2], 0x50)):eq(5)
	expect(priority(vcpu, ram, row[2], 0xf0)):eq(15)
	expect(vapic(vcpu, 0)):eq(0)
	expect(priority(vcpu, ram, row[2], 0x20)):eq(15)
end)

cases("a slot goes, and comes with other memory", options, {
	{ "a word",                       WORD },
	{ "of which the page has a part", WORD - 2 },
}, function(sim, row)
	local at <const> = row[2]
	local vcpu, ram, set, vmm = guest(sim)
	local other = vmm:mmap{ length = RAM, huge = false }
	other:write(at, "\x90\0\0\0")
	expect(vapic(vcpu, at)):eq(0)
	expect(priority(vcpu, ram, at, 0x30)):eq(3)
	expect(set(0, 0)):eq(0)
	expect(priority(vcpu, ram, at, 0x40)):eq(3)
	expect(priority(vcpu, ram, at, 0x50)):eq(3)
	expect(set(0, RAM, other)):eq(0)
	expect(priority(vcpu, ram, at, 0x60)):eq(9)		-- that memory is not the guest's any more
	expect(priority(vcpu, other, at, 0x70)):eq(7)
end)

-- With the APIC on, KVM writes the highest vector that waits, here one that the guest does not let in.
cases("what KVM writes there is in the log of dirty pages", options, {
	{ "a word",                       WORD,     { 3 } },
	{ "of which the page has a part", WORD - 2, { 2, 3 } },
}, function(sim, row)
	local at <const> = row[2]
	local vcpu, ram, _, _, vm = guest(sim)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = RAM, userspace_addr = ram,
		flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
	expect(vcpu:write(0xfee000f0, string.pack("<I4", 0x1ff))):is_true()
	expect(vapic(vcpu, at)):eq(0)
	expect(vcpu:read(RAM + 0x8000, 1)):eq("\0")
	vm:get_dirty_log{ slot = 0 }
	expect(vm:ioctl(KVM_SIGNAL_MSI, string.pack("<I4I4I4I4", 0xfee00000, 0, 0x51, 0) .. ("\0"):rep(16))):eq(1)
	expect(vcpu:read(RAM + 0x8000, 1)):eq("\0")
	expect(ram:read(at, 4)):eq("\0\0\0\x51")
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq(row[3])
end)
