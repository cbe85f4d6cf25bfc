-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_VM_S390_LATE_MMAP where page tables from before are refused: with kvm.late_mmap_strict, and on kernels whose page
-- tables have no room for PGSTEs. Late memory is mapped after the VM was created; early memory had a page table before.

local options = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP",
	covers = "docs/rules.md L2; api.rst KVM_CAP_S390_LATE_MMAP" }
local keys = { arch = "s390x", needs = "KVM_CAP_S390_LATE_MMAP", mmu = { "sie", "skf" }, covers = options.covers }
local MiB <const> = 1 << 20
local LATE <const> = KVM_VM_S390_LATE_MMAP
local ADDRESSING <const>, ACC_3 <const> = 5, 0x30
local REFUSED <const> = { exception = { code = ADDRESSING } }
-- Guest-physical: 2 MiB of early memory, all of it with page tables, then 2 MiB of late memory.
local EARLY <const>, LATER <const>, END <const> = 0, 2 * MiB, 4 * MiB

local strict <const> = require("late-mmap").strict

local function early_process(sim)
	strict(sim)
	local vmm = sim:process{ pgste = false }
	local early = vmm:mmap{ length = "2M", huge = false }
	for offset = 0, early.length - 1, MiB do
		early:write(offset + 0x5000, "early")
	end
	return vmm, early
end

local function slot(vm, number, gpa, ram, flags)
	expect(vm:set_user_memory_region{ slot = number, guest_phys_addr = gpa, memory_size = ram.length,
		userspace_addr = ram, flags = flags or 0 }):eq(0)
end

-- vcpu, early, late, vm, vmm. options: flags of the slots, cmma, vcpu as for create_vcpu.
local function guest(sim, t)
	t = t or {}
	local vmm, early = early_process(sim)
	local vm = vmm:open_kvm():create_vm{ type = LATE }
	if t.cmma then
		expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	end
	local late = vmm:mmap{ length = "2M", huge = false }
	late:write(0x5000, "late")
	late:write(MiB, "\0")	-- KVM_S390_SET_SKEYS wants a page table
	slot(vm, 0, EARLY, early, t.flags)
	slot(vm, 1, LATER, late, t.flags)
	return vm:create_vcpu(t.vcpu), early, late, vm, vmm
end

-- --- late memory is memory --------------------------------------------------------------------------------------

scenario("late mmap, strict: late memory can be used like any other", options, function(sim)
	local vcpu, _, late, vm = guest(sim)
	expect(vcpu:read(LATER + 0x5000, 4)):eq("late")
	expect(vcpu:write(LATER + 0x6000, "guest")):is_true()
	expect(late:read(0x6000, 5)):eq("guest")
	expect(vcpu:s390_vcpu_fault(LATER + 0x7000)):eq(0)
	expect(sim.inspect:mapping(vm, LATER + 0x7000)):fields{ present = true, page = late:page(7) }
	expect(late:swap_out(0x5000, "8K")):eq(0)
	expect(late:read(0x6000, 1)):eq("g")
	expect(late:migrate(0x6000)):eq(0)
	expect(vcpu:read(LATER + 0x5000, 4)):eq("late")
	expect(vcpu:mvpg(LATER + MiB, LATER + 0x6000)):is_true()
	expect(late:read(MiB, 5)):eq("guest")
end)

scenario("late mmap, strict: dirty log of late memory", options, function(sim)
	local vcpu, early, late, vm = guest(sim)
	expect(vcpu:write(LATER + 0x8000, "before")):is_true()
	slot(vm, 1, LATER, late, KVM_MEM_LOG_DIRTY_PAGES)
	slot(vm, 0, EARLY, early, KVM_MEM_LOG_DIRTY_PAGES)
	vm:get_dirty_log{ slot = 1 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
	expect(vcpu:write(LATER + 0x5000, "x")):is_true()
	expect(vcpu:write(LATER + MiB, "x")):is_true()
	-- What is refused is not dirty.
	expect(vcpu:write(EARLY + 0x5000, "x")):fields(REFUSED)
	expect(vm:get_dirty_log{ slot = 1 }:pages()):eq{ (LATER >> 12) + 5, (LATER + MiB) >> 12 }
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{}
end)

scenario("late mmap, strict: storage keys of late memory", keys, function(sim)
	local vcpu, _, late, vm = guest(sim)
	expect(vcpu:sske(LATER + 0x5000, ACC_3)):is_true()
	expect(vcpu:iske(LATER + 0x5000)):eq(ACC_3)
	expect(late:swap_out(0x5000, "4K")):eq(0)
	expect(vcpu:iske(LATER + 0x5000) & 0xf8):eq(ACC_3)
	expect(vcpu:rrbe(LATER + 0x5000)):ge(0)
	expect(vcpu:pfmf(LATER + 0x5000, 0x20040)):is_true()
	expect(vm:s390_set_skeys{ start_gfn = (LATER + MiB) >> 12, keys = "\x50\x60" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = (LATER + MiB) >> 12, count = 2 }):eq("\x50\x60")
	expect(vcpu:iske(LATER + 0x5000) & 0xf8):eq(0x40)
end)

scenario("late mmap, strict: CMMA of late memory", options, function(sim)
	local vcpu, _, late = guest(sim, { cmma = true })
	expect(vcpu:write(LATER + 0x5000, "unused")):is_true()
	expect(vcpu:essa(LATER + 0x5000, 2)):eq(0)
	expect(vcpu:essa(LATER + 0x5000, 0)):eq(4)
	expect(late:swap_out(0x5000, "4K")):eq(0)
	expect(vcpu:read(LATER + 0x5000, 6)):eq(("\0"):rep(6))
end)

-- --- early memory is refused, path by path ---------------------------------------------------------------------

scenario("late mmap, strict: a slot over early memory is accepted, the VMM keeps using the memory", options, function(sim)
	local vcpu, early = guest(sim)
	expect(early:read(0x5000, 5)):eq("early")
	early:write(0x5000, "again")
	early:write(0x9000, "new page")
	expect(early:swap_out(0x5000, "4K")):eq(0)
	expect(early:migrate(0x9000)):eq(0)
	expect(early:read(0x5000, 5)):eq("again")
	expect(early:read(0x9000, 8)):eq("new page")
	expect(vcpu:read(EARLY + 0x5000, 5)):fields(REFUSED)
end)

scenario("late mmap, strict: KVM_S390_VCPU_FAULT", options, function(sim)
	local vcpu, _, _, vm = guest(sim)
	expect(vcpu:s390_vcpu_fault(EARLY + 0x5000)):eq(-EFAULT)
	expect(vcpu:s390_vcpu_fault(EARLY + MiB)):eq(-EFAULT)
	expect(sim.inspect:mapping(vm, EARLY + 0x5000)):fields{ present = false }
	expect(vcpu:s390_vcpu_fault(LATER)):eq(0)
end)

cases("late mmap, strict: an addressing exception for the guest's", options, {
	{ "read",          function(vcpu, at) return vcpu:read(at, 5) end },
	{ "write",         function(vcpu, at) return vcpu:write(at, "guest") end },
	{ "fetch",         function(vcpu, at) return vcpu:fetch(at) end },
	{ "exchange",      function(vcpu, at) return vcpu:xchg(at, "12345678") end },
}, function(sim, case)
	local vcpu, early, _, vm = guest(sim)
	expect(case[2](vcpu, EARLY + 0x5000)):fields(REFUSED)
	-- No page is there in this segment, but its page table is.
	expect(case[2](vcpu, EARLY + 0x80000)):fields(REFUSED)
	expect(sim.inspect:mapping(vm, EARLY + 0x5000)):fields{ present = false }
	expect(early:read(0x5000, 5)):eq("early")
	expect(vcpu:read(LATER + 0x5000, 4)):eq("late")
end)

scenario("late mmap, strict: an access of the guest's with pfault", options, function(sim)
	local vcpu, _, _, vm = guest(sim)
	local flic = vm:create_device{ type = KVM_DEV_TYPE_FLIC }
	expect(flic:set_device_attr{ group = KVM_DEV_FLIC_APF_ENABLE }):eq(0)
	expect(vcpu:set_one_reg(KVM_REG_S390_PFTOKEN, 0x8000)):eq(0)
	expect(vcpu:read(EARLY + 0x5000, 5)):fields(REFUSED)
	expect(vcpu:read(LATER + 0x5000, 4)):eq("late")
end)

scenario("late mmap, strict: guest tables in early memory", options, function(sim)
	local vcpu = guest(sim)
	local space = vcpu:address_space{ tables = EARLY + MiB, size = 0x40000 }
	space:map{ from = 0x40000000, to = LATER + 0x5000 }
	space:map{ from = 0, to = LATER + MiB }		-- KVM looks at the opcode
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	expect(vcpu:read(0x40000000, 4)):fields(REFUSED)
end)

scenario("late mmap, strict: MVPG ends KVM_RUN", options, function(sim)
	local vcpu, early = guest(sim)
	expect(vcpu:mvpg(EARLY + 0x5000, LATER + 0x5000)):fields{ ret = -EFAULT }
	expect(vcpu:mvpg(LATER + 0x5000, EARLY + 0x5000)):fields{ ret = -EFAULT }
	expect(early:read(0x5000, 5)):eq("early")
	expect(vcpu:read(LATER + 0x5000, 4)):eq("late")
end)

scenario("late mmap, strict: without a usable prefix area the guest does not run", options, function(sim)
	local vcpu = guest(sim, { vcpu = { lowcore = false } })
	expect(vcpu:read(LATER + 0x5000, 4)):fields{ ret = -EFAULT }
	expect(vcpu:run()):fields{ ret = -EFAULT }
end)

local function ucontrol(sim)
	local vmm, early = early_process(sim)
	local vm = vmm:open_kvm():create_vm{ type = LATE | KVM_VM_S390_UCONTROL }
	local late = vmm:mmap{ length = "2M", huge = false }
	late:write(0x5000, "late")
	local vcpu = vm:create_vcpu{ lowcore = false }
	expect(vcpu:s390_ucas_map{ user_addr = late, vcpu_addr = 0, length = 2 * MiB }):eq(0)
	expect(vcpu:s390_ucas_map{ user_addr = early, vcpu_addr = 4 * MiB, length = 2 * MiB }):eq(0)
	return vcpu
end

scenario("late mmap, strict: a ucontrol VM leaves to user space", options, function(sim)
	local vcpu = ucontrol(sim)
	expect(vcpu:read(0x5000, 4)):eq("late")
	for _, at in ipairs{ 4 * MiB + 0x5000, 5 * MiB + 0x7000 } do
		expect(vcpu:write(at, "x")):fields{ ret = 0, reason = KVM_EXIT_S390_UCONTROL,
			s390_ucontrol = { trans_exc_code = at, pgm_code = 0x10 } }
		expect(vcpu:run()):fields{ reason = KVM_EXIT_S390_UCONTROL }
		expect(vcpu:abandon()):eq(0)
		expect(vcpu:s390_vcpu_fault(at)):eq(-EFAULT)
	end
	expect(vcpu:read(0x5000, 4)):eq("late")
end)

-- --- storage keys ------------------------------------------------------------------------------------------------

cases("late mmap, strict: an addressing exception for the guest's", keys, {
	{ "ISKE",                       function(vcpu, at) return vcpu:iske(at) end },
	{ "SSKE",                       function(vcpu, at) return vcpu:sske(at, ACC_3) end },
	{ "conditional SSKE",           function(vcpu, at) return vcpu:sske(at, ACC_3, { mr = true }) end },
	{ "RRBE",                       function(vcpu, at) return vcpu:rrbe(at) end },
	{ "PFMF with a key",            function(vcpu, at) return vcpu:pfmf(at, 0x20030) end },
	{ "PFMF with a key, a segment", function(vcpu, at) return vcpu:pfmf(at, 0x21030) end },
}, function(sim, case)
	local vcpu, early, _, vm = guest(sim)
	-- Keys are in use, with or without a page behind the address.
	expect(vcpu:iske(LATER + 0x5000)):ge(0)
	expect(case[2](vcpu, EARLY + 0x5000)):fields(REFUSED)
	expect(case[2](vcpu, EARLY + 0x80000)):fields(REFUSED)
	expect(early:read(0x5000, 5)):eq("early")
	expect(case[2](vcpu, LATER + 0x80000)):ne(REFUSED)
	expect(vm:s390_get_skeys{ start_gfn = EARLY >> 12, count = 1 }):eq(-EFAULT)
end)

scenario("late mmap, strict: KVM_S390_GET_SKEYS", options, function(sim)
	local _, _, _, vm = guest(sim)
	-- Nobody uses keys yet: there is nothing to ask for.
	expect(vm:s390_get_skeys{ start_gfn = (EARLY >> 12) + 5, count = 1 }):eq(KVM_S390_GET_SKEYS_NONE)
	expect(vm:s390_set_skeys{ start_gfn = (LATER >> 12) + 5, keys = "\x30" }):eq(0)
	expect(vm:s390_get_skeys{ start_gfn = (EARLY >> 12) + 5, count = 1 }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = (EARLY >> 12) + 0x80, count = 1 }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = (LATER >> 12) - 1, count = 7 }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = (LATER >> 12) + 5, count = 1 }):eq("\x30")
end)

-- A refused key is reported, both for a page and where there is none.
scenario("late mmap, strict: KVM_S390_SET_SKEYS", options, function(sim)
	local _, _, _, vm = guest(sim)
	expect(vm:s390_set_skeys{ start_gfn = (EARLY >> 12) + 5, keys = "\x30" }):eq(-EFAULT)
	expect(vm:s390_set_skeys{ start_gfn = (EARLY >> 12) + 0x80, keys = "\x30" }):eq(-EFAULT)
	local gfn = LATER >> 12
	expect(vm:s390_set_skeys{ start_gfn = gfn, keys = "\x10\x20" }):eq(0)
	expect(vm:s390_set_skeys{ start_gfn = gfn - 1, keys = "\x30\x40\x50" }):eq(-EFAULT)
	expect(vm:s390_get_skeys{ start_gfn = gfn, count = 2 }):eq("\x10\x20")
end)

cases("late mmap, strict: memory operations with a key", options, {
	{ "an absolute check",      KVM_S390_MEMOP_ABSOLUTE_READ,  KVM_S390_MEMOP_F_CHECK_ONLY, 3, -EFAULT },
	{ "an absolute check to write", KVM_S390_MEMOP_ABSOLUTE_WRITE, KVM_S390_MEMOP_F_CHECK_ONLY, 3, -EFAULT },
	{ "a check with key 0",     KVM_S390_MEMOP_ABSOLUTE_READ,  KVM_S390_MEMOP_F_CHECK_ONLY, 0, 0 },
	{ "a logical check",        KVM_S390_MEMOP_LOGICAL_READ,   KVM_S390_MEMOP_F_CHECK_ONLY, 3, -EFAULT },
	{ "a logical check to write", KVM_S390_MEMOP_LOGICAL_WRITE,  KVM_S390_MEMOP_F_CHECK_ONLY, 3, -EFAULT },
}, function(sim, case)
	local vcpu, _, _, vm = guest(sim)
	local fd = (case[2] == KVM_S390_MEMOP_LOGICAL_READ or case[2] == KVM_S390_MEMOP_LOGICAL_WRITE) and vcpu or vm
	expect(vm:s390_set_skeys{ start_gfn = (LATER >> 12) + 5, keys = "\x30" }):eq(0)
	local function check(at)
		return fd:mem_op{ op = case[2], gaddr = at, size = 4, key = case[4],
			flags = case[3] | KVM_S390_MEMOP_F_SKEY_PROTECTION }
	end
	expect(check(LATER + 0x5000)):eq(0)
	expect(check(EARLY + 0x5000)):eq(case[5])
end)

-- What KVM reads and writes for the guest goes through the process's addresses and needs no PGSTE.
scenario("late mmap, strict: KVM's own copies reach early memory", options, function(sim)
	local vcpu, early, _, vm = guest(sim)
	local op = { gaddr = EARLY + 0x5000, size = 5, key = 3, flags = KVM_S390_MEMOP_F_SKEY_PROTECTION }
	op.op = KVM_S390_MEMOP_ABSOLUTE_READ
	expect(vm:mem_op(op)):eq("early")
	op.op, op.data = KVM_S390_MEMOP_ABSOLUTE_WRITE, "wrote"
	expect(vm:mem_op(op)):eq(PGM_PROTECTION)
	op.key = 0
	expect(vm:mem_op(op)):eq(0)
	expect(early:read(0x5000, 5)):eq("wrote")
	-- So do TPROT, PFMF that clears, DIAGNOSE 0x10.
	expect(vcpu:tprot(EARLY + 0x5000, 0)):eq(0)
	expect(vcpu:pfmf(EARLY + 0x5000, 0x10000)):is_true()
	expect(early:read(0x5000, 5)):eq("\0\0\0\0\0")
	early:write(0x5000, "early")
	expect(vcpu:diag10(EARLY + 0x5000, EARLY + 0x5000)):is_true()
	expect(early:read(0x5000, 5)):eq("\0\0\0\0\0")
end)

-- --- CMMA --------------------------------------------------------------------------------------------------------

scenario("late mmap, strict: KVM_S390_GET_CMMA_BITS and SET_CMMA_BITS", options, function(sim)
	local _, early, late, vm = guest(sim, { cmma = true })
	local function peek(gpa)
		return vm:s390_get_cmma_bits{ start_gfn = gpa >> 12, count = 2, flags = KVM_S390_CMMA_PEEK }
	end
	for _, gpa in ipairs{ EARLY, LATER } do
		expect(vm:s390_set_cmma_bits{ start_gfn = (gpa >> 12) + 5, values = "\1\1" }):eq(0)
	end
	expect(peek(LATER + 0x5000)):fields{ count = 2, values = "\1\1" }
	expect(peek(EARLY + 0x5000)):fields{ count = 2, values = "\0\0" }
	-- An unused page would be dropped.
	expect(early:swap_out(0x5000, "4K")):eq(0)
	expect(early:read(0x5000, 5)):eq("early")
	expect(late:swap_out(0x5000, "4K")):eq(0)
	expect(late:read(0x5000, 4)):eq("\0\0\0\0")
end)

cases("late mmap, strict: ESSA", options, {
	{ "interpreted", false, REFUSED },
	{ "emulated in migration mode, indicates an exception", true, 0x10 },
}, function(sim, case)
	local vcpu, early, _, vm = guest(sim, { cmma = true, flags = KVM_MEM_LOG_DIRTY_PAGES, vcpu = { lowcore = false } })
	expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = LATER + MiB }):eq(0)
	expect(vcpu:essa(LATER + 0x5000, 0)):eq(0)
	if case[2] then
		expect(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }):eq(0)
		expect(vcpu:essa(LATER + 0x5000, 2)):eq(0)
	end
	local result = vcpu:essa(EARLY + 0x5000, 2)
	if case[2] then
		expect(result):eq(case[3])
	else
		expect(result):fields(case[3])
	end
	expect(early:swap_out(0x5000, "4K")):eq(0)
	expect(early:read(0x5000, 5)):eq("early")
end)
