-- SPDX-License-Identifier: GPL-2.0-only
-- The IPTE interlock (ipte_lock() of gaccess.c): KVM does not begin to walk the guest's tables during an IPTE or IDTE
-- of the guest, and these wait while KVM walks (handle_ipte_interlock()). With the facility `siif` the lock counts, and
-- both sides share it. The check "ipte-lock" judges: nobody has it between two calls, and nobody takes it from a vCPU.

local MACHINES <const> = { {}, { siif = true } }
local options <const> = { arch = "s390x", facilities = MACHINES, covers = "gaccess.c: ipte_lock, ipte_unlock" }
local MiB <const> = 1 << 20
local OPERAND <const>, DATA <const>, GONE <const> = 0x20000, 0x40000000, 0x40010000

-- A guest whose vCPUs have one address space: DATA is the operand, GONE is what IPTE takes away.
local function guest(sim, n)
	local one, ram, vm, vmm = sim:guest()
	one:map{ from = DATA, to = OPERAND, size = "64K" }
	one:map{ from = GONE, to = 0x9000 }
	one:map{ from = 0, to = 0x8000 }
	local vcpus = { one }
	for i = 2, n do
		vcpus[i] = vm:create_vcpu()
		expect(vcpus[i]:set_cr(1, one:get_cr(1))):eq(0)
	end
	for _, vcpu in ipairs(vcpus) do
		expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	end
	local table_at = one:pte(GONE).gpa & ~0x7ff
	local function ipte(vcpu, times)
		return vcpu:ipte{ table = table_at, addr = GONE, times = times }
	end
	return vcpus, ram, ipte, vm, vmm
end

local function logical_read(vcpu, size)
	return vcpu:mem_op{ op = KVM_S390_MEMOP_LOGICAL_READ, gaddr = DATA, size = size }
end

scenario("IPTE interlock: an instruction of one vCPU", options, function(sim)
	local vcpus, _, ipte = guest(sim, 1)
	local one = vcpus[1]
	expect(one:read(GONE, 1)):eq("\0")
	expect(ipte(one)):is_true()
	expect(one:read(GONE, 1)):fields{ exception = { code = PGM_PAGE_TRANSLATION } }
	expect(one:idte{ asce = one:get_cr(1) }):is_true()
	expect(one:ptlb()):is_true()
	-- One that fails has no lock any more.
	expect(one:ipte{ table = 1 << 30, addr = GONE }):fields{ exception = { code = PGM_ADDRESSING } }
	expect(logical_read(one, 4)):eq("\0\0\0\0")
	expect(one:stats().instruction_ipte_interlock):eq(0)
end)

-- The operation is long, so that some of many meet it.
scenario("IPTE interlock: IPTE waits while KVM walks the guest's tables", options, function(sim)
	local vcpus, ram, ipte = guest(sim, 3)
	local there = ("there"):rep(0x10000 // 5)
	ram:write(OPERAND, there)
	sim:thread("guest", function()
		for _ = 1, 400 do
			expect(ipte(vcpus[1])):is_true()
		end
	end)
	for name, vcpu in pairs{ ["vmm, 1"] = vcpus[2], ["vmm, 2"] = vcpus[3] } do
		sim:thread(name, function()
			for _ = 1, 300 do
				expect(logical_read(vcpu, #there)):eq(there)
			end
		end)
	end
	sim:join()
	expect(vcpus[1]:read(GONE, 1)):fields{ exception = { code = PGM_PAGE_TRANSLATION } }
	expect(vcpus[1]:read(DATA, 5)):eq("there")
end)

-- KVM has the lock while a userfaultfd keeps it from the operand, so an IPTE that begins then must wait: what KVM has
-- translated stays true until it has used it. IPTEs go on all the time, so that KVM also finds one that has begun, and
-- waits for it. The time that the VMM spends before it gives the page is for an IPTE that does not wait; nothing
-- depends on it otherwise.
scenario("IPTE interlock: IPTE waits for an access of KVM that waits for the VMM", options, function(sim)
	local vcpus, ram, ipte, _, vmm = guest(sim, 2)
	local one, two = vcpus[1], vcpus[2]
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, OPERAND, 4096)):eq(0)
	local asked, held, trying, finished = false, false, false, false
	local turn, waited = 0, 0
	sim:thread("vmm, access", function()
		while not sim:stopping() do
			asked = true
			expect(logical_read(two, 4)):eq("page")
			while asked and not sim:stopping() do end
			expect(ram:madvise(OPERAND, 4096, MADV_DONTNEED)):eq(0)
		end
		finished = true
	end)
	sim:thread("vmm, memory", function()
		while not finished do
			if asked then
				expect(uffd:read()):fields{ address = ram.addr + OPERAND }
				turn = turn + 1
				held = true
				while not trying and not sim:stopping() do end
				for _ = 1, 300 do sim:stopping() end
				held = false
				expect(uffd:copy(ram, OPERAND, ("page"):rep(1024))):eq(4096)
				asked = false
			end
			sim:stopping()
		end
	end)
	sim:thread("guest", function()
		while not sim:stopping() do
			local began, now = held, turn
			trying = true
			-- It may meet several accesses.
			expect(ipte(one)):is_true()
			trying = false
			expect(began and held and turn == now):is_false()
			waited = one:stats().instruction_ipte_interlock
		end
	end)
	sim:join{ seconds = 0.1, at_least = function() return waited > 0 end }
	expect(waited):gt(0)
end)

-- IPTEs of two vCPUs share the lock, or have it one after the other, and KVM walks the tables for a third. The model
-- reports a walk that begins during one of them.
scenario("IPTE interlock: two vCPUs of the guest, and KVM", {
	arch = "s390x", facilities = MACHINES, timeout = 60,
}, function(sim)
	local vcpus, ram, ipte = guest(sim, 3)
	local done, walks = { 0, 0 }, 0
	ram:write(OPERAND, "there")
	for i = 1, 2 do
		sim:thread("guest, " .. i, function()
			while not sim:stopping() do
				expect(ipte(vcpus[i], 1000)):is_true()
				done[i] = done[i] + 1
			end
		end)
	end
	sim:thread("vmm", function()
		while not sim:stopping() do
			expect(logical_read(vcpus[3], 5)):eq("there")
			walks = walks + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function() return walks >= 50 and done[1] >= 20 and done[2] >= 20 end }
	expect(vcpus[3]:read(DATA, 5)):eq("there")
end)

-- While KVM has the lock, because its operand's page is missing, the VMM does something; then the guest's IPTE waits
-- until that page is there.
local function guest_waits(sim, vcpus, ram, ipte, vmm, meanwhile)
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING, OPERAND, 4096)):eq(0)
	local held, trying, given = false, false, false
	sim:thread("vmm, access", function()
		expect(logical_read(vcpus[2], 4)):eq("page")
	end)
	sim:thread("vmm, memory", function()
		expect(uffd:read()):fields{ address = ram.addr + OPERAND }
		meanwhile()
		held = true
		while not trying do sim:stopping() end
		for _ = 1, 1000 do sim:stopping() end
		given = true
		expect(uffd:copy(ram, OPERAND, ("page"):rep(1024))):eq(4096)
	end)
	sim:thread("guest", function()
		while not held do sim:stopping() end
		trying = true
		expect(ipte(vcpus[1])):is_true()
		expect(given):is_true()
	end)
	sim:join()
end

-- Two accesses of KVM have the lock, and one of them ends. The guest waits for the other one: kh counts.
scenario("IPTE interlock: two accesses of KVM share it", options, function(sim)
	local vcpus, ram, ipte, _, vmm = guest(sim, 3)
	ram:write(OPERAND + 0x1000, "there")
	guest_waits(sim, vcpus, ram, ipte, vmm, function()
		-- This one needs no page that is missing.
		expect(vcpus[3]:mem_op{ op = KVM_S390_MEMOP_LOGICAL_READ, gaddr = DATA + 0x1000, size = 5 }):eq("there")
	end)
end)

-- sca_switch_to_extended() takes the lock along while KVM has it, and KVM releases it in the new area.
scenario("IPTE interlock: the area is exchanged while KVM has it", {
	arch = "s390x", facilities = { { sigpif = true }, { sigpif = true, siif = true } },
}, function(sim)
	local vcpus, ram, ipte, vm, vmm = guest(sim, 2)
	guest_waits(sim, vcpus, ram, ipte, vmm, function()
		expect(vm:create_vcpu{ id = 64, lowcore = false }):ok()
	end)
	expect(ipte(vcpus[1])):is_true()
end)

-- --- nested guests: the lock of their area is their host's, which is the guest --------------------------------------

local ICPT_INST <const>, ECA_SII <const>, SCA <const> = 0x04, 0x1, 0x300000
-- The control's bits: k is the first one, kh ends with the first word.
local K <const>, KH_1 <const> = 1 << 63, 1 << 32

-- case[2]: the control before. case[3]: the machine's facility is guest-2's, too, and it uses it.
cases("IPTE interlock: guest-3's IPTE", { arch = "s390x", mmu = "vsie", facilities = MACHINES }, {
	{ "finds the lock free" },
	{ "finds it taken by guest-2", K },
	{ "finds it free, with the facility", nil, true },
	{ "finds it taken by guest-2, with the facility", K | KH_1, true },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" } }
	local before = string.pack("<i8", case[2] or 0)
	expect(vcpu:map{ from = 0, to = MiB, size = MiB }):eq(0)
	ram:write(SCA, before)
	local nested = vcpu:nested{ addr = 0x600000, scaol = SCA, eca = case[3] and ECA_SII or 0 }
	nested:expect_pin()
	local result = nested:insn{ text = 0xb2210012, length = 4, regs = { [1] = 0x8000, [2] = 0x5000 } }
	if case[2] then
		expect(result.interception):fields{ icptcode = ICPT_INST, ipa = 0xb221 }
		expect(ram:read(MiB + 0x8000 + 5 * 8, 8)):eq(("\0"):rep(8))
	else
		expect(result):eq(0)
		expect(ram:read(MiB + 0x8000 + 5 * 8, 8)):eq(string.pack("<i8", 0x400))
	end
	expect(ram:read(SCA, 8)):eq(before)
end)

scenario("IPTE interlock: guest-2 has the facility where the machine has it", {
	arch = "s390x", mmu = "vsie", facilities = MACHINES,
}, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:set_cpu_feat{ KVM_S390_VM_CPU_FEAT_SIIF }):eq(sim.facilities.siif and 0 or -EINVAL)
end)
