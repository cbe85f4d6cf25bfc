-- SPDX-License-Identifier: GPL-2.0-only
-- The second address space of x86_64 (KVM_CAP_MULTI_ADDRESS_SPACE): its slots are what a vCPU in system-management mode
-- sees. The VMM puts it there with KVM_SET_VCPU_EVENTS (kvm_smm_changed(), arch/x86/kvm/x86.c).

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" } }

-- struct kvm_vcpu_events: flags at 20, smi.smm at 24.
local function set_smm(vcpu, on)
	local events = string.rep("\0", 20) .. string.pack("<I4", KVM_VCPUEVENT_VALID_SMM) .. string.char(on and 1 or 0)
	return vcpu:ioctl(KVM_SET_VCPU_EVENTS, events .. string.rep("\0", 64 - #events))
end

-- Two pieces of RAM at guest-physical 0: one for each space.
local function guest(sim)
	local vmm = sim:process()
	local ram, smram = vmm:mmap{ length = "2M", huge = false }, vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	local function set(space, flags, size)
		return vm:set_user_memory_region{ slot = 0, as_id = space, flags = flags or 0, guest_phys_addr = 0,
			memory_size = size or "2M", userspace_addr = space == 0 and ram or smram }
	end
	expect(vm:check_extension(KVM_CAP_MULTI_ADDRESS_SPACE)):eq(2)
	expect(set(0)):eq(0)
	expect(set(1)):eq(0)
	ram:write(0x1000, "usual")
	smram:write(0x1000, "other")
	return vm, vm:create_vcpu(), ram, smram, set
end

scenario("SMM: each mode has its own memory", options, function(sim)
	local _, vcpu, ram, smram = guest(sim)
	for _ = 1, 2 do
		expect(vcpu:read(0x1000, 5)):eq("usual")
		expect(set_smm(vcpu, true)):eq(0)
		expect(vcpu:read(0x1000, 5)):eq("other")
		expect(vcpu:write(0x2000, "SMM")):is_true()
		expect(set_smm(vcpu, false)):eq(0)
		expect(vcpu:read(0x2000, 1)):eq("\0")
	end
	expect(smram:read(0x2000, 3)):eq("SMM")
	expect(ram:read(0x2000, 3)):eq("\0\0\0")
end)

scenario("SMM: each space has its own dirty log", options, function(sim)
	local vm, vcpu, _, _, set = guest(sim)
	expect(set(1, KVM_MEM_LOG_DIRTY_PAGES)):eq(0)
	expect(vcpu:write(0x3000, "x")):is_true()
	expect(set_smm(vcpu, true)):eq(0)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0, as_id = 1 }:pages()):eq{ 5 }
	expect(vm:get_dirty_log{ slot = 0 }):eq(-ENOENT)
	expect(vcpu:write(0x5000, "x")):is_true()
	expect(vm:get_dirty_log{ slot = 0, as_id = 1 }:pages()):eq{ 5 }
end)

cases("SMM: an event reaches the space that no vCPU is in", options, {
	{ "MADV_DONTNEED", function(smram) return smram:madvise(0x1000, "4K", MADV_DONTNEED) end, "\0\0\0\0\0" },
	{ "moved",         function(smram) return smram:migrate(0x1000) end,                      "other" },
	{ "slot deleted",  function(_, set) return set(1, 0, 0) end },
}, function(sim, case)
	local vm, vcpu, _, smram, set = guest(sim)
	local second = vm:create_vcpu()
	expect(set_smm(second, true)):eq(0)
	for _, v in ipairs{ vcpu, second } do
		expect(v:read(0x1000, 5)):eq(v == vcpu and "usual" or "other")
	end
	expect(set_smm(second, false)):eq(0)
	expect(second:read(0x1000, 5)):eq("usual")
	expect(case[2](smram, set)):eq(0)
	expect(set_smm(second, true)):eq(0)
	if case[3] then
		expect(second:read(0x1000, 5)):eq(case[3])
	else
		expect(second:read(0x1000, 1)):fields{ reason = KVM_EXIT_MMIO }
	end
	expect(vcpu:read(0x1000, 5)):eq("usual")
end)
