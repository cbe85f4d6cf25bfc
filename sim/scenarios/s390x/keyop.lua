-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_S390_KEYOP: the VMM reads, sets or resets the storage key of one of the guest's pages, with the result of the
-- guest's own instruction (kvm_s390_keyop(), dat_*_storage_key()).

local options = { arch = "s390x", mmu = { "sie", "skf" }, needs = "KVM_CAP_S390_KEYOP" }
local ISKE <const>, SSKE <const>, RRBE <const> = KVM_S390_KEYOP_ISKE, KVM_S390_KEYOP_SSKE, KVM_S390_KEYOP_RRBE
local REFERENCE <const>, CHANGE <const> = 4, 2
local AT <const> = 0x5000

local function op(vm, operation, key, addr)
	return vm:s390_keyop{ guest_addr = addr or AT, operation = operation, key = key }
end

-- The guest uses keys, and has the page.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest()
	expect(vcpu:write(AT, "page")):is_true()
	expect(vcpu:sske(AT, 0x38)):is_true()
	return vcpu, ram, vm, vmm
end

scenario("key operation: the guest's instructions and the VMM's operations see one key", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(op(vm, ISKE)):eq(0x38)
	expect(op(vm, SSKE, 0x50)):eq(0x38)
	expect(vcpu:iske(AT)):eq(0x50)
	expect(vcpu:write(AT, "x")):is_true()
	expect(op(vm, ISKE)):eq(0x50 | REFERENCE | CHANGE)
	expect(op(vm, RRBE)):eq(REFERENCE | CHANGE)
	expect(op(vm, RRBE)):eq(CHANGE)
	expect(vcpu:iske(AT)):eq(0x50 | CHANGE)
	expect(vcpu:rrbe(AT)):eq(1)
	expect(vm:s390_get_skeys{ start_gfn = AT >> 12, count = 1 }:byte()):eq(op(vm, ISKE))
end)

scenario("key operation: the address need not be a page's first", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(op(vm, SSKE, 0x40, AT + 0xfff)):eq(0x38)
	expect(vcpu:iske(AT)):eq(0x40)
	expect(op(vm, ISKE, 0, AT + 0x1000)):eq(0)
end)

scenario("key operation: on a page that is swapped out, whose key comes back with it", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(ram:swap_out(AT, "4K")):eq(0)
	expect(op(vm, ISKE) & 0xf8):eq(0x38)
	expect(op(vm, SSKE, 0x60)):eq(0x38)
	expect(op(vm, ISKE)):eq(0x60)
	expect(vcpu:read(AT, 4)):eq("page")
	expect(vcpu:iske(AT)):eq(0x60 | REFERENCE)
	expect(op(vm, RRBE)):eq(REFERENCE)
end)

scenario("key operation: on a page that nobody has touched", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(op(vm, ISKE, 0, 0x100000)):eq(0)
	expect(op(vm, RRBE, 0, 0x100000)):eq(0)
	expect(op(vm, SSKE, 0x70, 0x100000)):eq(0)
	expect(ram:page(0x100).mapped):is_false()
	expect(vcpu:read(0x100000, 1)):eq("\0")
	expect(vcpu:iske(0x100000)):eq(0x70 | REFERENCE)
end)

scenario("key operation: the key protects", options, function(sim)
	local vcpu, _, vm = guest(sim)
	expect(op(vm, SSKE, 0x38)):eq(0x38)
	expect(vcpu:set_psw{ key = 4 }):eq(0)
	expect(vcpu:read(AT, 1).exception):fields{ code = PGM_PROTECTION }
	expect(op(vm, SSKE, 0x40)):ge(0)
	expect(vcpu:read(AT, 4)):eq("page")
end)

cases("key operation: refused", options, {
	{ "ISKE outside of the slots", ISKE, 0x40000000, -EFAULT },
	{ "SSKE outside of the slots", SSKE, 0x40000000, -EFAULT },
	{ "RRBE outside of the slots", RRBE, 0x40000000, -EFAULT },
	{ "the end of all addresses",  ISKE, -4096,      -EFAULT },
	{ "operation 0",               0,    AT,         -EINVAL },
	{ "operation 4",               4,    AT,         -EINVAL },
}, function(sim, case)
	local _, _, vm = guest(sim)
	expect(op(vm, case[2], 0, case[3])):eq(case[4])
end)

scenario("key operation: without the structure", options, function(sim)
	local _, _, vm = guest(sim)
	expect(vm:ioctl(KVM_S390_KEYOP, 0)):eq(-EFAULT)
end)

-- The operation does not turn keys on (gmap_enable_skeys()): the one in the PGSTE is lost when the page comes.
scenario("key operation: before the guest uses keys they stay with the page only", options, function(sim)
	local vcpu, ram, vm = sim:guest()
	expect(op(vm, SSKE, 0x30)):eq(0)
	expect(op(vm, ISKE)):eq(0x30)
	expect(vm:s390_get_skeys{ start_gfn = AT >> 12, count = 1 }):eq(KVM_S390_GET_SKEYS_NONE)
	ram:write(AT, "page")
	expect(vcpu:read(AT, 4)):eq("page")
	expect(op(vm, ISKE) & 0xf8):eq(0)
end)

scenario("key operation: on huge pages, and on a part that was split off", { arch = "s390x", mmu = "hpage",
	needs = "KVM_CAP_S390_KEYOP" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", hugetlb = true }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:enable_cap{ cap = KVM_CAP_S390_HPAGE_1M }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "4M", userspace_addr = ram }):eq(0)
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(AT, "huge")):is_true()
	expect(vcpu:sske(AT, 0x38)):is_true()
	expect(sim.inspect:mapping(vm, AT)):fields{ level = 2 }
	expect(op(vm, ISKE)):eq(0x38)
	expect(op(vm, SSKE, 0x50)):eq(0x38)
	expect(vcpu:iske(AT)):eq(0x50)
	expect(vcpu:read(AT, 4)):eq("huge")
	expect(op(vm, RRBE)):eq(REFERENCE)
	expect(sim.inspect:mapping(vm, AT)):fields{ level = 2 }
end)
