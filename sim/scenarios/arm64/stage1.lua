-- SPDX-License-Identifier: GPL-2.0-only
-- The guest's own tables: stage 1 on top of stage 2, and the aborts that it takes itself.

local L3 <const>, L2 <const>, L1 <const>, L0 <const> = 3, 2, 1, 0
local TRANSLATION <const>, ACCESS <const>, PERMISSION <const> = ESR_ELx_FSC_FAULT, ESR_ELx_FSC_ACCESS, ESR_ELx_FSC_PERM

local function guest(sim, paging)
	return sim:guest{ ram = { length = "8M" }, paging = paging or true }
end

-- An abort of the guest in its own exception level.
local function abort(fsc, far, class)
	return { exception = { ec = class or ESR_ELx_EC_DABT_CUR, fsc = fsc, far = far, s1ptw = false } }
end

cases("arm64: stage 1 translates", { arch = "arm64" }, {
	{ "4K", "4K", 0x1000 }, { "16K", "16K", 0x4000 }, { "64K", "64K", 0x10000 },
}, function(sim, row)
	local vcpu, ram, vm = guest(sim, { granule = row[2] })
	local page = row[3]

	expect(vcpu:map{ from = 0x40000000, to = 2 * page, size = 2 * page, prot = "rw" }):eq(0)
	ram:write(2 * page, "physical")
	expect(vcpu:read(0x40000000, 8)):eq("physical")
	expect(vcpu:write(0x40000000 + page, "virtual!")):is_true()
	expect(ram:read(3 * page, 8)):eq("virtual!")
	expect(vcpu:read(0x40000000 + 2 * page, 8)):fields(abort(TRANSLATION | L3, 0x40000000 + 2 * page))
	-- Half of an access lies in the next page, which is not mapped.
	expect(vcpu:read(0x40000000 + 2 * page - 4, 8)):fields(abort(TRANSLATION | L3, 0x40000000 + 2 * page))
	expect(sim.inspect:mapping(vm, 2 * page).present):is_true()
end)

scenario("arm64: stage 1 faults say at which level", { arch = "arm64" }, function(sim)
	local vcpu = guest(sim)

	vcpu:map{ from = 0x40000000, to = 0x3000 }
	expect(vcpu:read(0x40001000, 8)):fields(abort(TRANSLATION | L3, 0x40001000))
	expect(vcpu:read(0x40200000, 8)):fields(abort(TRANSLATION | L2, 0x40200000))
	expect(vcpu:read(0x80000000, 8)):fields(abort(TRANSLATION | L1, 0x80000000))
	expect(vcpu:read(1 << 39, 8)):fields(abort(TRANSLATION | L0, 1 << 39))
	-- Neither half of the address space has it.
	expect(vcpu:read(1 << 48, 8)):fields(abort(TRANSLATION | L0, 1 << 48))
	expect(vcpu:write(0x40001000, "x").exception):fields{ write = true }
	expect(vcpu:read(0x40001000, 1).exception):fields{ write = false }
end)

cases("arm64: rights of stage 1", { arch = "arm64" }, {
	{ "r, kernel", "r", false, { read = true, user_read = false, write = false, fetch = false } },
	{ "rw, kernel", "rw", false, { read = true, user_read = false, write = true, fetch = false } },
	{ "rx, kernel", "rx", false, { read = true, user_read = false, write = false, fetch = true } },
	{ "r, user", "r", true, { read = true, user_read = true, write = false, fetch = false } },
	{ "rw, user", "rw", true, { read = true, user_read = true, write = true, fetch = false } },
	{ "rx, user", "rx", true, { read = true, user_read = true, write = false, fetch = true } },
	-- What EL0 may write EL1 does not execute.
	{ "rwx, user", "rwx", true, { read = true, user_read = true, write = true, fetch = false } },
	{ "rwx, kernel", "rwx", false, { read = true, user_read = false, write = true, fetch = true } },
}, function(sim, row)
	local vcpu, ram = guest(sim)
	local at <const>, want = 0x40000000, row[4]
	local function denied(class)
		return abort(PERMISSION | L3, at, class)
	end

	ram:write(0x3000, "content!")
	vcpu:map{ from = at, to = 0x3000, prot = row[2], user = row[3] }
	local checks = {
		{ want.read, vcpu:read(at, 8), "content!", denied() },
		{ want.user_read, vcpu:read(at, 8, { user = true }), "content!", denied(ESR_ELx_EC_DABT_LOW) },
		{ want.fetch, vcpu:fetch(at), "c", denied(ESR_ELx_EC_IABT_CUR) },
		{ want.write, vcpu:write(at, "written!"), true, denied() },
	}
	for _, c in ipairs(checks) do
		if c[1] then
			expect(c[2]):eq(c[3])
		else
			expect(c[2]):fields(c[4])
		end
	end
	expect(ram:read(0x3000, 8)):eq(want.write and "written!" or "content!")
end)

scenario("arm64: an access flag that is clear is a fault of the guest's, unless hardware sets it", { arch = "arm64" },
	function(sim)
	local vcpu = guest(sim)

	vcpu:map{ from = 0x40000000, to = 0x3000, accessed = false }
	expect(vcpu:read(0x40000000, 8)):fields(abort(ACCESS | L3, 0x40000000))
	expect(vcpu:pte(0x40000000)):fields{ accessed = false }

	local other = guest(sim, { ha = true })
	other:map{ from = 0x40000000, to = 0x3000, accessed = false }
	expect(other:read(0x40000000, 8)):eq(("\0"):rep(8))
	expect(other:pte(0x40000000)):fields{ accessed = true, dirty = false }
end)

scenario("arm64: hardware makes a page dirty that DBM marks", { arch = "arm64" }, function(sim)
	local vcpu = guest(sim, { ha = true, hd = true })

	vcpu:map{ from = 0x40000000, to = 0x3000, prot = "r", dbm = true }
	expect(vcpu:read(0x40000000, 8)):eq(("\0"):rep(8))
	expect(vcpu:pte(0x40000000)):fields{ writable = false, dbm = true }
	expect(vcpu:write(0x40000000, "dirty...")):is_true()
	expect(vcpu:pte(0x40000000)):fields{ writable = true, dbm = true }
end)

-- By the type of memory, which is Device without stage 1, and by SCTLR_EL1.A. An exchange and a fetch have their own.
scenario("arm64: alignment faults", { arch = "arm64" }, function(sim)
	local ALIGNMENT <const>, A <const> = 0x21, 1 << 1
	local vcpu, ram = sim:guest()
	local function fault(access, ...)
		expect(vcpu[access](vcpu, ...)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR, fsc = ALIGNMENT } }
	end

	expect(ram:write(0x3000, "aligned unaligned")):eq(0)
	fault("read", 0x3001, 4)
	fault("write", 0x3002, "xxxx")
	expect(vcpu:read(0x3002, 2)):eq("ig")
	expect(vcpu:fetch(0x3002)):fields{ exception = { ec = ESR_ELx_EC_PC_ALIGN } }
	expect(vcpu:set_paging{}):eq(0)
	vcpu:map{ from = 0x40000000, to = 0x3000, user = false }
	vcpu:map{ from = 0x50000000, to = 0x3000, attr = "device", user = false }
	expect(vcpu:read(0x40000003, 8)):eq("gned una")
	expect(vcpu:write(0x40000ffd, "out")):is_true()
	fault("read", 0x50000003, 8)
	expect(vcpu:set_sysreg("sctlr_el1", vcpu:get_sysreg("sctlr_el1") | A)):eq(0)
	fault("read", 0x40000003, 8)
	expect(vcpu:read(0x40000000, 8)):eq("aligned ")
	expect(ram:read(0x3000, 8)):eq("aligned ")
end)

scenario("arm64: blocks of stage 1", { arch = "arm64" }, function(sim)
	local vcpu, ram = guest(sim)

	vcpu:map{ from = 0x40000000, to = 0, size = "4M", level = 2 }
	ram:write(0x3ff008, "in a block")
	expect(vcpu:read(0x403ff008, 10)):eq("in a block")
	expect(vcpu:pte(0x40200000)):fields{ level = 2, address = 0x200000 }
	expect(vcpu:read(0x40400000, 8)):fields(abort(TRANSLATION | L2, 0x40400000))
end)

scenario("arm64: both halves of the address space", { arch = "arm64" }, function(sim)
	local vcpu, ram = guest(sim)

	vcpu:map{ from = 0xffff000000000000, to = 0x3000 }
	vcpu:map{ from = 0x0000000000000000, to = 0x4000 }
	expect(vcpu:write(0xffff000000000000, "kernel..")):is_true()
	expect(vcpu:write(0, "user....")):is_true()
	expect(ram:read(0x3000, 8)):eq("kernel..")
	expect(ram:read(0x4000, 8)):eq("user....")
	expect(vcpu:table_window() & 0xff):eq(0)
end)

scenario("arm64: the guest changes a descriptor, and sees it after a TLBI", { arch = "arm64" }, function(sim)
	local vcpu, ram = guest(sim)

	ram:write(0x3000, "three...")
	ram:write(0x4000, "four....")
	vcpu:map{ from = 0x40000000, to = 0x3000 }
	expect(vcpu:read(0x40000000, 8)):eq("three...")
	local at = vcpu:pte(0x40000000)
	expect(at):fields{ present = true, writable = true, user = true, executable = false, address = 0x3000, level = 1 }
	expect(vcpu:set_pte(0x40000000, 0)):eq(0)
	-- Until then the TLB has it.
	expect(vcpu:read(0x40000000, 8)):eq("three...")
	expect(vcpu:tlb_invalidate{ addr = 0x40000000 }):is_true()
	expect(vcpu:read(0x40000000, 8)):fields(abort(TRANSLATION | L3, 0x40000000))
	expect(vcpu:set_pte(0x40000000, at.raw & ~0xfffff000 | 0x4000)):eq(0)
	expect(vcpu:read(0x40000000, 8)):eq("four....")
end)

scenario("arm64: a table of the guest's that stage 2 lacks is a fault on a walk, which KVM resolves", { arch = "arm64" },
	function(sim)
	local vcpu, ram, vm = guest(sim, { tables = "4M" })

	vcpu:map{ from = 0x40000000, to = 0x3000 }
	expect(vcpu:write(0x40000000, "one.....")):is_true()
	-- The host takes the tables away; their contents come back from swap.
	expect(ram:swap_out("4M", "256K")):eq(0)
	expect(sim.inspect:mapping(vm, 0x400000).present):is_false()
	expect(vcpu:read(0x40000000, 8)):eq("one.....")
	expect(sim.inspect:mapping(vm, 0x400000).present):is_true()
end)

-- kvm_handle_guest_abort() (arch/arm64/kvm/mmu.c) gives the guest the address that it has no memory for, not the one
-- that it has used.
cases("arm64: stage 1 leads beyond the guest's physical addresses", {
	arch = "arm64", covers = "what KVM does today",
}, {
	{ "a read", "read", 8, ESR_ELx_EC_DABT_CUR }, { "a write", "write", "data....", ESR_ELx_EC_DABT_CUR },
	{ "a fetch", "fetch", nil, ESR_ELx_EC_IABT_CUR },
}, function(sim, row)
	local vcpu = guest(sim)

	vcpu:map{ from = 0x40000000, to = 1 << 41, prot = row[2] == "fetch" and "rx" or "rw", user = false }
	local exit = vcpu[row[2]](vcpu, 0x40000018, row[3])
	expect(exit):fields{ exception = { ec = row[4], fsc = ESR_ELx_FSC_EXTABT, far = 1 << 41 | 0x18 } }
end)

scenario("arm64: two vCPUs share tables", { arch = "arm64" }, function(sim)
	local vcpu, ram, vm = guest(sim)
	local other = vm:create_vcpu()

	vcpu:map{ from = 0x40000000, to = 0x3000 }
	expect(other:share_paging(vcpu)):eq(0)
	expect(vcpu:write(0x40000000, "from one")):is_true()
	expect(other:read(0x40000000, 8)):eq("from one")
	expect(ram:read(0x3000, 8)):eq("from one")
end)

cases("arm64: the guest's tables in a read-only slot", { arch = "arm64" }, {
	{ "nothing is to be changed in them", true, nil }, { "hardware cannot set the access flag there", false, true },
}, function(sim, row)
	local vcpu, ram, vm, _, slot = guest(sim, { ha = row[3] or false })

	vcpu:map{ from = 0x40000000, to = 0x3000, accessed = row[2] }
	ram:write(0x3000, "content!")
	expect(vm:set_user_memory_region{ slot = 0, memory_size = 0 }):eq(0)
	slot.flags = KVM_MEM_READONLY
	expect(vm:set_user_memory_region(slot)):eq(0)
	if row[2] then
		-- A fault on a walk: KVM maps the tables read-only.
		expect(vcpu:read(0x40000000, 8)):eq("content!")
		expect(vcpu:write(0x40000000, "device..")):fields{ reason = KVM_EXIT_MMIO, mmio = { phys_addr = 0x3000 } }
	else
		-- The CPU would have to write the descriptor: an external abort on a walk.
		expect(vcpu:read(0x40000000, 8)):fields{ exception = { ec = ESR_ELx_EC_DABT_CUR } }
	end
end)
