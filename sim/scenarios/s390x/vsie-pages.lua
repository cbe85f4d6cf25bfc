-- SPDX-License-Identifier: GPL-2.0-only
-- Guest-3's pages as KVM's own tables have them when a shadow is made from them (_do_shadow_pte() of 7.0; earlier
-- kernels have no such tables): pages that KVM has not mapped yet, and those that the VMM's tables protect for now.

local options = { arch = "s390x", mmu = "vsie" }
local late <const> = { arch = "s390x", mmu = "vsie", check = "end" }

local lib <const> = require("nested")
local MiB <const> = 1 << 20
local ASCE_REAL <const> = 0x20

-- Guest-3's first MiB is guest-2's second one, and 0x5000 is for reading only.
local function guest(sim, flags, kind)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "8M", kind = kind }, slot = { flags = flags },
		vm = { cpu_feat = "host" }, data = { [MiB] = "prefix area", [MiB + 0x5000] = "five", [MiB + 0x6000] = "six" } }
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	expect(vcpu:set_pte(0x5000, MiB + 0x5000 | 0x200)):eq(0)
	local nested = vcpu:nested{ addr = 0x600000 }
	nested:expect_pin()
	return nested, vcpu, ram, vm, vmm
end

-- Where guest-2's table protects it and the old entry is empty, the new one has neither protection nor a dirty bit:
-- newpte.h.p &= ptep_h->h.p (findings.md).
local function expect_lost(sim)
	if sim:kernel_since("7.0") then
		sim:expect_report{ kind = "check:gmap", match = "allows stores, but is not dirty: they would get lost" }
	end
end

scenario("vsie pages: what guest-3 has only read is in the dirty log since 7.0", late, function(sim)
	local nested, vcpu, _, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	vm:get_dirty_log{ slot = 0 }
	expect(nested:read(0x5000, 4)):eq("five")
	expect_lost(sim)
	sim:check()
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):eq(sim:kernel_since("7.0"))
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_true()
	expect(nested:read(0x5000, 4)):eq("Five")
end)

scenario("vsie pages: guest-2 writes what guest-3 has read, and reclaim knows before 7.0", late, function(sim)
	local nested, vcpu, ram = guest(sim)
	-- Now the page and its place in the swap space are the same.
	expect(ram:swap_out(MiB + 0x5000, "4K")):eq(0)
	expect(nested:read(0x5000, 4)):eq("five")
	expect_lost(sim)
	sim:check()
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(ram:read(MiB + 0x5000, 4)):eq("Five")
	expect(ram:swap_out(MiB + 0x5000, "4K")):eq(0)
	expect(vcpu:read(MiB + 0x5000, 4)):eq(sim:kernel_since("7.0") and "five" or "Five")
end)

scenario("vsie pages: with the page in KVM's tables, the dirty log knows", options, function(sim)
	local nested, vcpu, _, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:read(MiB + 0x5000, 4)):eq("five")
	expect(nested:read(0x5000, 4)):eq("five")
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_false()
	expect(vcpu:write(MiB + 0x5000, "F")):is_true()
	expect(vm:get_dirty_log{ slot = 0 }:test(0x105)):is_true()
	expect(nested:read(0x5000, 4)):eq("Five")
end)

-- --- ageing ---------------------------------------------------------------------------------------------------

-- gmap_clear_young_pte() of 7.0 protects the VM's entry and tells no shadow. When guest-2 reads the page, the entry is
-- valid and protected, and KVM_GET_DIRTY_LOG changes neither; so pte_needs_unshadow() sees no reason (findings.md).
cases("vsie pages: guest-3 writes on after ageing, and the dirty log knows", late, {
	{ "each time",                             function() end, true },
	{ "each time before 7.0, if guest-2 reads", function(vcpu) expect(vcpu:read(MiB + 0x6000, 3)):eq("Six") end },
}, function(sim, case)
	local nested, vcpu, ram, vm, vmm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	local function logged()
		return vm:get_dirty_log{ slot = 0 }:test(0x106)
	end
	expect(nested:write(0x6000, "S")):is_true()
	expect(ram:age(MiB + 0x6000)):ge(1)
	case[2](vcpu)
	expect(logged()):is_true()
	local n = lib.faults(sim)
	expect(nested:write(0x6000, "s")):is_true()
	local notices = case[3] or not sim:kernel_since("7.0")
	expect(lib.faults(sim)):eq(notices and n + 1 or n)
	expect(logged()):eq(notices)
	expect(ram:read(MiB + 0x6000, 3)):eq("six")
	if not notices then
		sim:expect_report{ kind = "check:shadow-gmap", match = "it is writable, the guest's page at 106000 is read-only" }
		sim:check()
		vmm:exit()
	end
end)

-- The VM's entry is invalid then: dat_set_storage_key() and others leave the key in the PGSTE, and the frame has the old
-- one, with which the shadow goes on.
cases("vsie pages: after ageing guest-3's page has the key that is set now, before 7.0, by", options, {
	{ "KVM_S390_SET_SKEYS", function(_, vm) expect(vm:s390_set_skeys{ start_gfn = 0x106, keys = "\x30" }):eq(0) end },
	{ "guest-2's SSKE",     function(vcpu) expect(vcpu:sske(MiB + 0x6000, 0x30)):is_true() end },
}, function(sim, case)
	local nested, vcpu, ram, vm = guest(sim)
	expect(vcpu:sske(MiB + 0x6000, 0x40)):is_true()
	nested:set{ gpsw_mask = 3 << 31 | 4 << 52 }
	expect(nested:write(0x6000, "S")):is_true()
	expect(ram:age(MiB + 0x6000)):ge(1)
	case[2](vcpu, vm)
	local exit = nested:write(0x6000, "s")
	if sim:kernel_since("7.0") then
		expect(exit):is_true()
		-- It comes with guest-2's access.
		expect(vcpu:write(MiB + 0x6001, "I")):is_true()
		exit = nested:write(0x6000, "x")
	end
	expect(exit.nested_exception):fields{ code = PGM_PROTECTION }
end)

scenario("vsie pages: after ageing guest-3's store is in the change bit before 7.0", options, function(sim)
	local nested, vcpu, ram = guest(sim)
	expect(vcpu:sske(MiB + 0x6000, 0)):is_true()
	expect(nested:write(0x6000, "S")):is_true()
	expect(vcpu:iske(MiB + 0x6000) & 2):eq(2)
	expect(ram:age(MiB + 0x6000)):ge(1)
	expect(vcpu:sske(MiB + 0x6000, 0)):is_true()
	expect(nested:write(0x6000, "s")):is_true()
	expect(vcpu:iske(MiB + 0x6000) & 2):eq(sim:kernel_since("7.0") and 0 or 2)
end)

-- --- what the VMM's tables protect for now --------------------------------------------------------------------

-- walk_guest_tables() of 7.0 asks for the page of a real space as for reading, whatever the access. So not even a store
-- brings in a page that KVM may write: each ends in user space, as in vsie-events.lua.
cases("vsie pages: guest-3 in real space stores into", options, {
	{ "a zero page",            function(ram) expect(ram:read(0x8000, 1)):eq("\0") end },
	{ "memory without a page",  function() end },
	{ "a page that is shared after a fork", function(ram, vmm)
		ram:write(0x8000, "shared")
		vmm:fork()
		ram:write(0, "prefix area")
		ram:write(0x600000, ram:read(0x600000, 1))
	end },
}, function(sim, case)
	local nested, vcpu, ram, _, vmm = guest(sim)
	ram:write(0, "prefix area")
	expect(vcpu:set_cr(1, ASCE_REAL)):eq(0)
	case[2](ram, vmm)
	if sim:kernel_since("7.0") then
		for _ = 1, 2 do
			lib.to_user_space(nested:write(0x8000, "x"))
		end
		expect(vcpu:write(0x8000, "y")):is_true()
	end
	expect(nested:write(0x8000, "x")):is_true()
	expect(ram:read(0x8000, 1)):eq("x")
	nested:expect_pin()
end)
