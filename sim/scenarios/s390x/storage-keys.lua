-- SPDX-License-Identifier: GPL-2.0-only
-- Storage keys of guest pages: KVM_S390_{GET,SET}_SKEYS, the key in the PGSTE while the page is away, enabling keys.

local options = { arch = "s390x", mmu = { "sie", "old" } }

local KVM_S390_GET_SKEYS <const>, KVM_S390_SET_SKEYS <const> = 0x4040aeb2, 0x4040aeb3
local KVM_S390_GET_SKEYS_NONE <const> = 1
local ACC_3 <const>, FETCH <const>, REFERENCE <const>, CHANGE <const> = 0x30, 0x08, 0x04, 0x02

local function keys_ioctl(vm, buf, cmd, gfn, count)
	return vm:ioctl(cmd, string.pack("<i8i8i8I4", gfn, count, buf.addr, 0) .. ("\0"):rep(36))
end

local function get_keys(vm, buf, gfn, count)
	local rc = keys_ioctl(vm, buf, KVM_S390_GET_SKEYS, gfn, count)
	return rc == 0 and { buf:read(0, count):byte(1, count) } or rc
end

local function set_keys(vm, buf, gfn, keys)
	buf:write(0, string.char(table.unpack(keys)))
	return keys_ioctl(vm, buf, KVM_S390_SET_SKEYS, gfn, #keys)
end

-- The slot's pages from 0x40 on; the first four belong to the guest.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	for i = 0, 3 do
		expect(vcpu:write(0x40000 + i * 4096, ("page %d"):format(i))):is_true()
	end
	return vcpu, ram, vm, vmm:mmap{ length = "4K" }, vmm
end

scenario("storage keys: none until somebody uses them", options, function(sim)
	local _, _, vm, buf = guest(sim)
	expect(get_keys(vm, buf, 0x40, 4)):eq(KVM_S390_GET_SKEYS_NONE)
end)

scenario("storage keys: what is set is read, on pages that are there and on others", options, function(sim)
	local _, _, vm, buf = guest(sim)
	local keys = { ACC_3, ACC_3 | FETCH, 0, 0xf0, ACC_3 | CHANGE, 0x90 }
	expect(set_keys(vm, buf, 0x40, keys)):eq(0)
	local got = get_keys(vm, buf, 0x40, 6)
	for i, key in ipairs(keys) do
		expect(got[i] & 0xf8):eq(key & 0xf8)
	end
end)

scenario("storage keys: the guest's accesses set reference and change", options, function(sim)
	local vcpu, _, vm, buf = guest(sim)
	expect(set_keys(vm, buf, 0x40, { ACC_3, ACC_3, ACC_3 })):eq(0)
	expect(vcpu:read(0x40000, 4)):eq("page")
	expect(vcpu:write(0x41000, "x")):is_true()
	expect(get_keys(vm, buf, 0x40, 3)):eq{ ACC_3 | REFERENCE, ACC_3 | REFERENCE | CHANGE, ACC_3 }
end)

cases("storage keys: stay with the page through", options, {
	{ "swap",      function(_, ram) expect(ram:madvise(0x40000, "4K", MADV_PAGEOUT)):eq(0) end },
	{ "migration", function(_, ram) expect(ram:migrate(0x40000)):eq(0) end },
	{ "mprotect",  function(_, ram)
		expect(ram:mprotect(0x40000, "4K", "none")):eq(0)
		expect(ram:mprotect(0x40000, "4K", "rw")):eq(0)
	end },
}, function(sim, case)
	local vcpu, ram, vm, buf, vmm = guest(sim)
	expect(set_keys(vm, buf, 0x40, { ACC_3 | FETCH })):eq(0)
	expect(vcpu:write(0x40000, "page 0")):is_true()
	case[2](vmm, ram)
	expect(get_keys(vm, buf, 0x40, 1)[1] & (0xf8 | CHANGE)):eq(ACC_3 | FETCH | CHANGE)
	expect(vcpu:read(0x40000, 6)):eq("page 0")
	expect(get_keys(vm, buf, 0x40, 1)):eq{ ACC_3 | FETCH | CHANGE | REFERENCE }
end)

scenario("storage keys: enabling them ends the sharing of zero pages and by KSM", options, function(sim)
	local vcpu, ram, vm, buf, vmm = guest(sim)
	expect(vcpu:read(0x50000, 1)):eq("\0")
	-- Before 6.10 keys do not matter: no process with a VM has zero pages (mm_forbids_zeropage()).
	expect(ram:page(0x50)):fields{ zero = sim:kernel_since("6.10") }
	ram:write(0x40000, "the same")
	ram:write(0x41000, "the same")
	expect(vmm:ksm_merge(ram:page(0x40), ram:page(0x41))):eq(0)
	expect(set_keys(vm, buf, 0x42, { ACC_3 })):eq(0)
	expect(ram:page(0x50).zero):eq(false)
	expect(ram:page(0x40).ksm):eq(false)
	expect(vcpu:read(0x40000, 8)):eq("the same")
	expect(vcpu:read(0x50000, 1)):eq("\0")
	expect(ram:page(0x50).zero):eq(false)
	-- "Note that nothing currently hinders user space from re-enabling it" (__s390_disable_cow_sharing()).
	expect(vmm:ksm_merge(ram:page(0x40), ram:page(0x41))):eq(0)
end)

cases("storage keys: refused", options, {
	{ "no pages",                0x40, 0,       -EINVAL },
	{ "more than the limit",     0x40, 1048577, -EINVAL },
	{ "pages outside of slots",  0x300, 1,      -EFAULT },
}, function(sim, case)
	local _, _, vm, buf = guest(sim)
	expect(set_keys(vm, buf, 0x40, { 0 })):eq(0)
	expect(keys_ioctl(vm, buf, KVM_S390_GET_SKEYS, case[2], case[3])):eq(case[4])
end)

-- Since 7.0 the keys of all pages are cleared, one after the other, and the loop gives mmu_lock up where need_resched()
-- says so (dat_reset_skeys()). The frames had keys of another VM, so a page that is left out shows.
cases("keys come into use, and the loop gives way", { arch = "s390x", kernel = "7.0", check = "end" }, {
	{ "never", 0 }, { "after each page", 1 }, { "now and then", 7 },
}, function(sim, case)
	local PAGES <const> = 512
	local function guest(key)
		local vmm = sim:process()
		local ram = vmm:mmap{ length = "2M", huge = false }
		local vm = vmm:open_kvm():create_vm()
		expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
		local vcpu = vm:create_vcpu{ lowcore = false }
		expect(vcpu:workload{ op = "write", range = { 0, "2M" }, stride = "4K" }):eq(PAGES)
		local locks = sim.inspect:counters().locks
		sim:preempt_every(case[2])
		expect(vm:s390_set_skeys{ start_gfn = 0, keys = key }):eq(0)
		sim:preempt_every(0)
		return vm, vmm, sim.inspect:counters().locks - locks
	end
	local _, first = guest(("\x50"):rep(PAGES))
	expect(first:exit()):eq(0)
	local vm, _, locks = guest("\x30")
	expect(vm:s390_get_skeys{ start_gfn = 0, count = PAGES }):eq("\x30" .. ("\0"):rep(PAGES - 1))
	-- To give way is to take the lock once more.
	if case[2] == 1 then
		expect(locks):gt(PAGES)
	else
		expect(locks):gt(0)
	end
end)
