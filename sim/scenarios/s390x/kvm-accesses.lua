-- SPDX-License-Identifier: GPL-2.0-only
-- What KVM by itself reads and writes in a guest's memory: KVM_S390_STORE_STATUS, the opcode behind a fault, parameters
-- and operands of instructions that it emulates (gaccess.c, below memory operations).

local options = { arch = "s390x", covers = "gaccess.c: access_guest_real, kvm_s390_check_low_addr_prot_real" }
local MiB <const> = 1 << 20
local PROTECTION <const>, ADDRESSING <const>, SPECIFICATION <const> = 4, 5, 6
local TEID_LA <const>, TEID_STORE <const>, TEID_FETCH <const>, TEID_IEP <const> = 0x80, 0x400, 0x800, 0x84
local CR0_LAP <const>, CR0_IEP <const> = 1 << 28, 1 << 20
local NOADDR <const>, PREFIXED <const> = -1, -2
-- Offsets in the lowcore.
local ARCHMODE <const>, FPREGS <const>, GPREGS <const> = 163, 0x1200, 0x1280
local PREFIX <const>, AREGS <const>, CREGS <const> = 0x1318, 0x1340, 0x1380

-- Memory from 0 on, with the prefix area at 1 MiB.
local function guest(sim)
	local vcpu, ram, vm, vmm = sim:guest{ vcpu = { lowcore = false } }
	expect(vcpu:s390_interrupt{ type = KVM_S390_SIGP_SET_PREFIX, parm = MiB }):eq(0)
	return vcpu, ram, vm, vmm
end

local function u64(ram, at)
	return (string.unpack("<i8", ram:read(at, 8)))
end

-- --- KVM_S390_STORE_STATUS -------------------------------------------------------------------------------------

cases("store status", options, {
	{ "at absolute 0",     NOADDR,                 0,            0 },
	{ "at the prefix",     PREFIXED,               MiB,          MiB },
	{ "somewhere",         0x40000 + FPREGS,       0x40000,      nil },
	{ "across pages",      0x42e00 + FPREGS,       0x42e00,      nil },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:set_regs{ [0] = 0x1111, [7] = 7 << 60, [15] = 0xffff }):eq(0)
	expect(vcpu:set_cr(3, 0x33330000)):eq(0)
	expect(vcpu:set_ar(5, 0x555)):eq(0)
	expect(vcpu:read(0x5000, 1)):eq("\0")
	local before = ram:read(0x30000, 0x1000)
	expect(vcpu:ioctl(KVM_S390_STORE_STATUS, case[2])):eq(0)
	local at = case[3]
	expect(u64(ram, at + GPREGS)):eq(0x1111)
	expect(u64(ram, at + GPREGS + 7 * 8)):eq(7 << 60)
	expect(u64(ram, at + GPREGS + 15 * 8)):eq(0xffff)
	expect(u64(ram, at + CREGS + 3 * 8)):eq(0x33330000)
	expect(string.unpack("<I4", ram:read(at + AREGS + 5 * 4, 4))):eq(0x555)
	expect(string.unpack("<I4", ram:read(at + PREFIX, 4))):eq(MiB)
	if case[4] then
		expect(ram:read(case[4] + ARCHMODE, 1)):eq("\1")
	end
	expect(ram:read(0x30000, 0x1000)):eq(before)
end)

cases("store status: no memory there", options, {
	{ "no slot",       4 * MiB + FPREGS, function() end },
	{ "half of it",    2 * MiB - 0x40,   function() end },
	{ "the VMM's page is gone", NOADDR,  function(ram) expect(ram:munmap(0, "4K")):eq(0) end },
	{ "the page at the prefix", PREFIXED, function(ram) expect(ram:munmap(MiB, "4K")):eq(0) end },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(vcpu:read(0x5000, 1)):eq("\0")
	case[3](ram)
	expect(vcpu:ioctl(KVM_S390_STORE_STATUS, case[2])):eq(-EFAULT)
end)

scenario("store status: is recorded as a write", options, function(sim)
	local vcpu, ram, vm = guest(sim)
	expect(vcpu:read(0x5000, 1)):eq("\0")
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram,
		flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
	vm:get_dirty_log{ slot = 0 }
	expect(vcpu:ioctl(KVM_S390_STORE_STATUS, 0x40000 + FPREGS)):eq(0)
	expect(vm:get_dirty_log{ slot = 0 }:pages()):eq{ 0x41 }
end)

-- --- the opcode behind a fault ---------------------------------------------------------------------------------

-- vcpu_post_run_addressing_exception() fetches it like the guest; if that ends in an exception, that one comes instead.
local function dat_guest(sim, code)
	local vcpu, ram = sim:guest()
	if code then
		code.from, code.to = 0, 0x8000
		vcpu:map(code)
	end
	vcpu:map{ from = 0x40000000, to = 4 * MiB }
	vcpu:map{ from = 0x40001000, to = 0x9000 }
	expect(vcpu:set_psw{ dat = true, amode = 64 }):eq(0)
	return vcpu, ram
end

scenario("the opcode behind a fault: can be fetched", options, function(sim)
	local vcpu = dat_guest(sim, {})
	expect(vcpu:read(0x40000000, 1)):fields{ exception = { code = ADDRESSING } }
end)

scenario("the opcode behind a fault: is not mapped by the guest", options, function(sim)
	local vcpu = dat_guest(sim)
	expect(vcpu:read(0x40000000, 1)):fields{ exception = { code = PGM_SEGMENT_TRANSLATION, teid = TEID_FETCH } }
end)

scenario("the opcode behind a fault: the guest may not execute it", options, function(sim)
	local vcpu = dat_guest(sim, { iep = true })
	expect(vcpu:read(0x40000000, 1)):fields{ exception = { code = ADDRESSING } }
	expect(vcpu:set_cr(0, vcpu:get_cr(0) | CR0_IEP)):eq(0)
	expect(vcpu:read(0x40000000, 1)):fields{ exception = { code = PROTECTION, teid = TEID_FETCH | TEID_IEP } }
	expect(vcpu:read(0x40001000, 1)):eq("\0")
end)

-- --- low-address protection of what KVM clears ------------------------------------------------------------------

local function test_block(vcpu, at)
	return vcpu:insn{ text = 0xb22c0002, length = 4, regs = { [0] = 1, [2] = at } }
end
local function pfmf(vcpu, at)
	return vcpu:pfmf(at, 0x10000)
end

cases("low-address protection", options, {
	{ "PFMF that clears", pfmf }, { "TEST BLOCK", test_block },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	ram:write(0x5000, "not clear")
	ram:write(MiB + 0x800, "prefix")
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(vcpu:set_cr(0, vcpu:get_cr(0) | CR0_LAP)):eq(0)
	for _, at in ipairs{ 0, 0x1000 } do
		expect(case[2](vcpu, at)):fields{ exception = { code = PROTECTION, teid = at | TEID_STORE | TEID_LA } }
	end
	expect(ram:read(MiB + 0x800, 6)):eq("prefix")
	expect(case[2](vcpu, 0x5000)):ok()
	expect(ram:read(0x5000, 9)):eq(("\0"):rep(9))
	expect(vcpu:set_cr(0, vcpu:get_cr(0) & ~CR0_LAP)):eq(0)
	-- Real 0 is at the prefix.
	expect(case[2](vcpu, 0)):ok()
	expect(ram:read(MiB + 0x800, 6)):eq(("\0"):rep(6))
end)

scenario("TEST BLOCK: a usable block is cleared", options, function(sim)
	local vcpu, ram = guest(sim)
	ram:write(0x5ffb, "to be")
	expect(vcpu:set_psw{ amode = 64 }):eq(0)
	expect(test_block(vcpu, 0x5123)):eq(0)
	expect(vcpu:get_regs()[0]):eq(0)
	expect(ram:read(0x5ffb, 5)):eq("\0\0\0\0\0")
	expect(test_block(vcpu, 2 * MiB)):fields{ exception = { code = ADDRESSING } }
	expect(ram:munmap(0x6000, "4K")):eq(0)
	expect(test_block(vcpu, 0x6000)):fields{ ret = -EFAULT }
end)

-- --- operands of instructions that KVM emulates -------------------------------------------------------------------

-- The operand is at the address in register 1. key: the PSW's access key.
local function operand(vcpu, opcode, at, key)
	expect(vcpu:set_psw{ amode = 64, key = key or 0 }):eq(0)
	return vcpu:insn{ text = opcode << 16 | 0x1000, length = 4, regs = { [1] = at } }
end
local SPX <const>, STPX <const>, STAP <const>, STIDP <const> = 0xb210, 0xb211, 0xb212, 0xb202

scenario("operands: SET PREFIX and STORE PREFIX", options, function(sim)
	local vcpu, ram = guest(sim)
	expect(operand(vcpu, STPX, 0x5000)):eq(0)
	expect(string.unpack("<I4", ram:read(0x5000, 4))):eq(MiB)
	ram:write(0x5004, string.pack("<I4", 0x10000))
	expect(operand(vcpu, SPX, 0x5004)):eq(0)
	expect(operand(vcpu, STPX, 0x5008)):eq(0)
	expect(string.unpack("<I4", ram:read(0x5008, 4))):eq(0x10000)
	-- Real 0 is at the new prefix.
	ram:write(0x10000 + 0x400, "prefix")
	expect(vcpu:set_psw{ amode = 64, key = 0 }):eq(0)
	expect(vcpu:mem_op{ op = KVM_S390_MEMOP_LOGICAL_READ, gaddr = 0x400, size = 6 }):eq("prefix")
	-- No memory for the new prefix area.
	ram:write(0x5004, string.pack("<I4", 0x40000000))
	expect(operand(vcpu, SPX, 0x5004)):fields{ exception = { code = ADDRESSING } }
end)

cases("operands", options, {
	{ "SPX", SPX, 4 }, { "STPX", STPX, 4, true }, { "STAP", STAP, 2, true }, { "STIDP", STIDP, 8, true },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	local _, opcode, size, store = table.unpack(case, 1, 4)
	expect(operand(vcpu, opcode, 0x5000 + size // 2)):fields{ exception = { code = SPECIFICATION } }
	expect(operand(vcpu, opcode, 4 * MiB)):fields{ exception = { code = ADDRESSING } }
	ram:write(0x5000, ("\xa5"):rep(16))
	-- The operand's key, which the guest has not.
	expect(vcpu:sske(0x5000, 0x38)):is_true()
	expect(operand(vcpu, opcode, 0x5000, 5)):fields{ exception = { code = PROTECTION } }
	expect(ram:read(0x5000, 16)):eq(("\xa5"):rep(16))
	if store then
		expect(operand(vcpu, opcode, 0x5000, 3)):eq(0)
		expect(ram:read(0x5000, size)):ne(("\xa5"):rep(size))
		expect(ram:read(0x5000 + size, 16 - size)):eq(("\xa5"):rep(16 - size))
	end
end)

-- --- storage keys where no page table is ------------------------------------------------------------------------

scenario("storage keys: set for memory that lies far from all other mappings", options, function(sim)
	local _, _, vm, vmm = guest(sim)
	local far = vmm:mmap{ addr = 1 << 41, length = "2M", flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED }
	expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = 16 * MiB, memory_size = "2M",
		userspace_addr = far }):eq(0)
	expect(vm:s390_set_skeys{ start_gfn = 0x1000, keys = "\0\0" }):eq(0)
	expect(far:page(0).mapped):is_false()
	expect(vm:s390_get_skeys{ start_gfn = 0x1000, count = 2 }):eq("\0\0")
	-- The first key brings in a page and is lost, see findings.md; since 7.0 a key needs no page.
	expect(vm:s390_set_skeys{ start_gfn = 0x1000, keys = "\x30\x40" }):eq(0)
	expect(far:page(0).mapped):eq(not sim:kernel_since("7.0"))
	expect(vm:s390_get_skeys{ start_gfn = 0x1000, count = 2 }:byte(2)):eq(0x40)
end)

-- Since 7.0 the key is in the VM's own tables. case[3]: the result then.
cases("storage keys: instructions on a hole in the VMM's memory", options, {
	{ "ISKE", function(vcpu) return vcpu:iske(0x6000) end,          0 },
	{ "RRBE", function(vcpu) return vcpu:rrbe(0x6000) end,          0 },
	{ "SSKE", function(vcpu) return vcpu:sske(0x6000, 0x30) end,    true },
	{ "PFMF", function(vcpu) return vcpu:pfmf(0x6000, 0x20030) end, true },
}, function(sim, case)
	local vcpu, ram = guest(sim)
	expect(ram:munmap(0x6000, "4K")):eq(0)
	local result = case[2](vcpu)
	if sim:kernel_since("7.0") then
		expect(result):eq(case[3])
	else
		expect(result):fields{ exception = { code = ADDRESSING } }
	end
end)

cases("storage keys and CMMA: invalid buffers", options, {
	{ "GET_SKEYS", KVM_S390_GET_SKEYS, string.pack("<i8i8i8I4", 0, 1, 0, 0) .. ("\0"):rep(36) },
	{ "SET_SKEYS", KVM_S390_SET_SKEYS, string.pack("<i8i8i8I4", 0, 1, 0, 0) .. ("\0"):rep(36) },
	{ "GET_CMMA_BITS", KVM_S390_GET_CMMA_BITS, string.pack("<i8I4I4i8i8", 0, 1, KVM_S390_CMMA_PEEK, 0, 0) },
	{ "SET_CMMA_BITS", KVM_S390_SET_CMMA_BITS, string.pack("<i8I4I4i8i8", 0, 1, 0, -1, 0) },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "2M", huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "2M", userspace_addr = ram }):eq(0)
	ram:write(0, "x")
	expect(vm:s390_set_skeys{ start_gfn = 0, keys = "\x10" }):eq(0)
	expect(vm:s390_set_cmma_bits{ start_gfn = 0, values = "\1" }):eq(0)
	expect(vm:ioctl(case[2], case[3])):eq(-EFAULT)
	expect(vm:ioctl(case[2], 0)):eq(-EFAULT)
end)
