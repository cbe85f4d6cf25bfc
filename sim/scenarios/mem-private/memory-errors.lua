-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_MEM_PRIVATE: a page of the file has an error of memory. It stays private, and is -EHWPOISON, until it is shared.

local options = { arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_MEM_PRIVATE", covers = "api.rst 4.144" }
local ENABLE <const>, SUCCEEDS <const> = KVM_MEM_PRIVATE_ENABLE, KVM_MEM_PRIVATE_EXIT_SUCCEEDS
local PAGE <const>, BASE <const>, SIZE <const> = 0x1000, 0x200000, 0x10000
-- memory_failure() takes MF_DELAYED of guest_memfd for a failure (docs/findings.md).
local HANDLED <const> = -EBUSY

local function machine(sim, flags, type)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = SIZE, huge = false }
	local vm = vmm:open_kvm():create_vm{ type = type or KVM_X86_SW_PROTECTED_VM }
	expect(vm:enable_cap{ cap = KVM_CAP_MEM_PRIVATE, args = { ENABLE | flags } }):eq(0)
	local m = { vmm = vmm, ram = ram, vm = vm }
	m.fd = vm:create_guest_memfd{ size = SIZE, flags = GUEST_MEMFD_FLAG_EXPLICIT }
	function m.slot(gpa)
		expect(vm:set_user_memory_region_ext{ slot = 0, flags = KVM_MEM_PRIVATE, guest_phys_addr = gpa,
			memory_size = SIZE, userspace_addr = ram, private_fd = m.fd }):eq(0)
	end
	function m.private(offset, length)
		expect(m.fd:fallocate{ mode = FALLOC_FL_KEEP_SIZE, offset = offset, length = length }):eq(0)
	end
	m.slot(BASE)
	m.vcpu = vm:create_vcpu()
	return m
end

local function error_exit(ret, flags)
	return { ret = ret, reason = KVM_EXIT_MEMORY_ERROR,
		memory_error = { flags = flags, padding = 0, gpa = BASE + 0x3000, size = PAGE } }
end

cases("KVM_MEM_PRIVATE: a private page with a memory error", options, {
	{ "KVM_RUN fails",    0 },
	{ "KVM_RUN succeeds", SUCCEEDS },
}, function(sim, case)
	local m = machine(sim, case[2])
	m.private(0, SIZE)
	expect(m.vcpu:write(BASE + 0x3000, "gone")):is_true()
	expect(m.vcpu:write(BASE + 0x4000, "stay")):is_true()
	expect(m.fd:memory_error(0x3000)):eq(HANDLED)
	expect(sim.inspect:mapping(m.vm, BASE + 0x3000).present):is_false()
	-- in both cases: a conversion does not help here as it does for an access of the wrong kind
	for _ = 1, 2 do
		expect(m.vcpu:read(BASE + 0x3000, 4)):fields(error_exit(-EHWPOISON, KVM_MEMORY_ERROR_FLAG_PRIVATE))
		m.vcpu:abandon()
	end
	m.private(0x3000, PAGE)
	expect(m.vcpu:write(BASE + 0x3000, "new ")):fields(error_exit(-EHWPOISON, KVM_MEMORY_ERROR_FLAG_PRIVATE))
	-- shared, and private again: another page
	expect(m.fd:punch_hole(0x3000, PAGE)):eq(0)
	m.private(0x3000, PAGE)
	expect(m.vcpu:run()):is_true()
	expect(m.vcpu:read(BASE + 0x3000, 8)):eq("new \0\0\0\0")
	expect(m.vcpu:read(BASE + 0x4000, 4)):eq("stay")
end)

cases("KVM_MEM_PRIVATE: a guest of the default type and a private page with a memory error", options, {
	{ "KVM_RUN fails",    0,        -EFAULT },
	{ "KVM_RUN succeeds", SUCCEEDS, 0 },
}, function(sim, case)
	local m = machine(sim, case[2], KVM_X86_DEFAULT_VM)
	m.private(0x3000, PAGE)
	expect(m.fd:memory_error(0x3000)):eq(HANDLED)
	expect(m.vcpu:write(BASE + 0x3000, "shared")):fields(error_exit(case[3], 0))
	expect(m.fd:punch_hole(0x3000, PAGE)):eq(0)
	expect(m.vcpu:run()):is_true()
	expect(m.ram:read(0x3000, 6)):eq("shared")
end)

scenario("KVM_MEM_PRIVATE: a slot takes over a page with a memory error", options, function(sim)
	local m = machine(sim, 0)
	m.private(0x3000, PAGE)
	expect(m.fd:memory_error(0x3000)):eq(HANDLED)
	expect(m.vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	m.slot(BASE)
	expect(m.vcpu:read(BASE + 0x3000, 4)):fields(error_exit(-EHWPOISON, KVM_MEMORY_ERROR_FLAG_PRIVATE))
	m.vcpu:abandon()
	expect(m.fd:punch_hole(0x3000, PAGE)):eq(0)
	expect(m.vcpu:read(BASE + 0x3000, 4)):eq("\0\0\0\0")
end)

-- The VMM's memory of the slot: an error there is as in every other VM.
scenario("KVM_MEM_PRIVATE: shared memory with an error", options, function(sim)
	local m = machine(sim, 0)
	expect(m.vcpu:write(BASE + 0x3000, "gone")):is_true()
	expect(m.ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(m.vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR, addr = m.ram.addr + 0x3000 }
	expect(m.vcpu:read(BASE + 0x3000, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	expect(m.vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR, addr = m.ram.addr + 0x3000 }
	m.private(0x3000, PAGE)
	m.vcpu:abandon()
	expect(m.vcpu:read(BASE + 0x3000, 4)):eq("\0\0\0\0")
end)
