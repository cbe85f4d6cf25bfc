-- SPDX-License-Identifier: GPL-2.0-only
-- A slot that is deleted or moved while vCPUs run, with KVM_X86_QUIRK_SLOT_ZAP_ALL, which drops all tables, and without
-- (kvm_arch_flush_shadow_memslot(), arch/x86/kvm/mmu/mmu.c). The checks judge.

local SIZE <const> = 2 << 20
local FAR <const> = 1 << 30

cases("two vCPUs while a slot is", { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, kernel = "6.12", check = "end",
	timeout = 60 }, {
	{ "deleted, with the quirk",    true,  false },
	{ "deleted, without the quirk", false, false },
	{ "moved, with the quirk",      true,  true },
	{ "moved, without the quirk",   false, true },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 2 * SIZE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	if not case[2] then
		expect(vm:enable_cap{ cap = KVM_CAP_DISABLE_QUIRKS2, args = { KVM_X86_QUIRK_SLOT_ZAP_ALL } }):eq(0)
	end
	-- Slot 1 stays.
	local function set(slot, gpa, size)
		return vm:set_user_memory_region{ slot = slot, guest_phys_addr = gpa, memory_size = size,
			userspace_addr = ram.addr + slot * SIZE }
	end
	expect(set(0, 0, SIZE)):eq(0)
	expect(set(1, FAR, SIZE)):eq(0)
	local writes, rounds = { 0, 0 }, 0
	for i = 1, 2 do
		local vcpu = vm:create_vcpu()
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				vcpu:workload{ op = "write", range = { 0, SIZE }, stride = 4104, count = 64 }
				expect(vcpu:write(FAR + i * 4096, string.pack("<I8", writes[i] + 1))):is_true()
				writes[i] = writes[i] + 1
			end
		end)
	end
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(set(0, 0, 0)):eq(0)
			expect(set(0, 0, SIZE)):eq(0)
			if case[3] then
				expect(set(0, 4 * SIZE, SIZE)):eq(0)
				expect(set(0, 0, SIZE)):eq(0)
			end
			rounds = rounds + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return rounds > 1 and writes[1] > 1 and writes[2] > 1 end }
	for i = 1, 2 do
		expect(ram:read(SIZE + i * 4096, 8)):eq(string.pack("<I8", writes[i]))
	end
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "here")):is_true()
	expect(ram:read(0x1000, 4)):eq("here")
end)
