-- SPDX-License-Identifier: GPL-2.0-only
-- Guest code that writes to a read-only slot: instructions that read and write, string instructions, exchanges, and
-- operands across the slot's borders. KVM emulates each. What is read comes from memory, what is written leaves as
-- MMIO, and the memory stays as it is.

local options = { arch = "x86_64", mmu = { "ept", "npt", "shadow" }, covers = "docs/rules.md R2" }
local CODE <const>, DATA <const>, STACK <const> = 0x1000, 0x8000, 0x9000
local ROM <const>, SIZE <const> = 0x200000, 0x10000
local AT <const> = ROM + 0x2000
local OLD <const> = 0x8877665544332211

-- Ordinary memory up to ROM and again behind it. The operand at AT is OLD.
local function guest(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4M", huge = false }
	local rom = vmm:mmap{ length = SIZE, huge = false }
	local vm = vmm:open_kvm():create_vm()
	expect(vm:set_user_memory_region{ slot = 0, memory_size = ROM, userspace_addr = ram }):eq(0)
	expect(vm:set_user_memory_region{ slot = 1, flags = KVM_MEM_READONLY, guest_phys_addr = ROM, memory_size = SIZE,
		userspace_addr = rom }):eq(0)
	expect(vm:set_user_memory_region{ slot = 2, guest_phys_addr = ROM + SIZE, memory_size = "64K",
		userspace_addr = ram.addr + ROM }):eq(0)
	expect(rom:write(AT - ROM, string.pack("<i8", OLD))):eq(0)
	return vm:create_vcpu(), rom, ram, vm
end

local function store(gpa, len, value)
	local data = string.pack("<i8", value):sub(1, len)
	return { ret = 0, reason = KVM_EXIT_MMIO, mmio = { phys_addr = gpa, len = len, is_write = 1, data = data } }
end

-- The instruction's bytes, registers before, and what it writes: bytes and value. after: registers when it is complete.
-- flags: bits of RFLAGS, 0x40 is ZF, and 0x1 CF.
cases("read-only slot, guest code: an instruction that reads and writes", options, {
	{ "add, 4 bytes",             "01 03",       { rax = 0x01010101 },  4, 0x45342312 },
	{ "lock add, 4 bytes",        "f0 01 03",    { rax = 0x01010101 },  4, 0x45342312 },
	{ "or, 1 byte",               "08 03",       { rax = 0xf0 },        1, 0xf1 },
	{ "lock or, 1 byte",          "f0 08 03",    { rax = 0xf0 },        1, 0xf1 },
	{ "and, 2 bytes",             "66 21 03",    { rax = 0x0f0f },      2, 0x0201 },
	{ "sub to 0, 8 bytes",        "48 29 03",    { rax = OLD },         8, 0, flags = 0x40 },
	{ "lock xor, a constant",     "f0 48 83 33 ff", {},                 8, ~OLD },
	{ "adc with carry",           "f9 11 03",    { rax = 0 },           4, 0x44332212 },
	{ "inc",                      "ff 03",       {},                    4, 0x44332212 },
	{ "lock dec, 8 bytes",        "f0 48 ff 0b", {},                    8, OLD - 1 },
	{ "not, 1 byte",              "f6 13",       {},                    1, 0xee },
	{ "neg",                      "f7 1b",       {},                    4, 0xbbccddef, flags = 1 },
	{ "shl",                      "c1 23 04",    {},                    4, 0x43322110 },
	{ "bts",                      "0f ab 03",    { rax = 1 },           4, 0x44332213 },
	{ "lock btr",                 "f0 0f b3 03", { rax = 4 },           4, 0x44332201, flags = 1 },
	{ "xadd",                     "0f c1 03",    { rax = 0x01010101 },  4, 0x45342312,
		after = { rax = 0x44332211 } },
	{ "lock xadd, 8 bytes",       "f0 48 0f c1 03", { rax = 1 },        8, OLD + 1, after = { rax = OLD } },
	{ "xchg, 1 byte",             "86 03",       { rax = 0xab },        1, 0xab, after = { rax = 0x11 } },
	{ "xchg, 2 bytes",            "66 87 03",    { rax = 0xabcd },      2, 0xabcd, after = { rax = 0x2211 } },
	{ "xchg, 4 bytes",            "87 03",       { rax = 0xabcdef01 },  4, 0xabcdef01,
		after = { rax = 0x44332211 } },
	{ "xchg, 8 bytes",            "48 87 03",    { rax = 0xabcdef01 },  8, 0xabcdef01, after = { rax = OLD } },
	{ "cmpxchg, equal",           "0f b1 0b",    { rax = 0x44332211, rcx = 0xdeadbeef }, 4, 0xdeadbeef,
		flags = 0x40 },
	{ "cmpxchg, not equal",       "0f b1 0b",    { rax = 0, rcx = 0xdeadbeef }, 4, 0x44332211, flags = 1,
		after = { rax = 0x44332211 } },
	{ "lock cmpxchg, 8 bytes",    "f0 48 0f b1 0b", { rax = OLD, rcx = 7 }, 8, 7, flags = 0x40 },
	{ "setc",                     "f9 0f 92 03", {},                    1, 1 },
	{ "push",                     "50",          { rax = 0x1234, rsp = AT + 8 }, 8, 0x1234, after = { rsp = AT } },
	{ "call",                     "e8 00 00 00 00", { rsp = AT + 8 },   8, CODE + 5, after = { rsp = AT } },
	{ "pop to memory",            "8f 03",       { rsp = STACK },       8, 0x5555, after = { rsp = STACK + 8 } },
}, function(sim, case)
	local vcpu, rom, ram, vm = guest(sim)
	expect(ram:write(STACK, string.pack("<i8", 0x5555))):eq(0)
	expect(vcpu:read(AT, 8)):eq(string.pack("<i8", OLD))
	local regs = { rbx = AT }
	for name, value in pairs(case[3]) do
		regs[name] = value
	end
	local exit = vcpu:run_code{ at = CODE, regs = regs, hex = case[2] .. " f4" }
	expect(exit):fields(store(AT, case[4], case[5]))
	exit = exit:complete()
	expect(exit):fields{ reason = KVM_EXIT_HLT }
	local after = vcpu:get_regs()
	expect(after):fields(case.after or {})
	if case.flags then
		expect(after.rflags & 0x41):eq(case.flags)
	end
	expect(rom:read(AT - ROM, 8)):eq(string.pack("<i8", OLD))
	expect(sim.inspect:mapping(vm, AT)):fields{ present = true, writable = false, mmio = false }
end)

cases("read-only slot, guest code: CMPXCHG8B", options, {
	{ "equal",                 "0f c7 0b",    true },
	{ "equal, locked",         "f0 0f c7 0b", true },
	{ "not equal",             "0f c7 0b",    false },
	{ "not equal, locked",     "f0 0f c7 0b", false },
}, function(sim, case)
	local vcpu, rom = guest(sim)
	-- [rsi] is the operand: the new value is in ECX:EBX
	local code = case[2]:gsub("0b$", "0e")
	local exit = vcpu:run_code{ at = CODE, hex = code .. " f4", regs = { rsi = AT, rcx = 0x12345678,
		rbx = 0x9abcdef0, rdx = 0x88776655, rax = case[3] and 0x44332211 or 0 } }
	expect(exit):fields(store(AT, 8, case[3] and 0x123456789abcdef0 or OLD))
	expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
	local after = vcpu:get_regs()
	expect(after):fields{ rax = 0x44332211, rdx = 0x88776655 }
	expect(after.rflags & 0x40):eq(case[3] and 0x40 or 0)
	expect(rom:read(AT - ROM, 8)):eq(string.pack("<i8", OLD))
end)

-- KVM's emulator does not have it.
cases("read-only slot, guest code: CMPXCHG16B", options, {
	{ "plain",  "48 0f c7 0e" },
	{ "locked", "f0 48 0f c7 0e" },
}, function(sim, case)
	local vcpu, rom = guest(sim)
	local exit = vcpu:run_code{ at = CODE, hex = case[2] .. " f4", regs = { rsi = AT, rax = OLD } }
	expect(exit):fields{ reason = KVM_EXIT_INTERNAL_ERROR, internal = { suberror = KVM_INTERNAL_ERROR_EMULATION } }
	expect(vcpu:get_regs().rip):eq(CODE)
	expect(rom:read(AT - ROM, 8)):eq(string.pack("<i8", OLD))
end)

-- Each element leaves by itself.
cases("read-only slot, guest code: string instructions that store", options, {
	{ "movsb",      "f3 a4",    1 },
	{ "movsw",      "f3 66 a5", 2 },
	{ "movsd",      "f3 a5",    4 },
	{ "movsq",      "f3 48 a5", 8 },
	{ "stosb",      "f3 aa",    1, fill = true },
	{ "stosq",      "f3 48 ab", 8, fill = true },
}, function(sim, case)
	local vcpu, rom, ram = guest(sim)
	local data, len = "abcdefghijklmnopqrstuvwx", case[3]
	expect(ram:write(DATA, data)):eq(0)
	local exit = vcpu:run_code{ at = CODE, hex = case[2] .. " f4",
		regs = { rsi = DATA, rdi = AT, rcx = 3, rax = 0x3837363534333231 } }
	for i = 0, 2 do
		local piece = case.fill and ("12345678"):sub(1, len) or data:sub(i * len + 1, (i + 1) * len)
		expect(exit):fields{ reason = KVM_EXIT_MMIO,
			mmio = { phys_addr = AT + i * len, len = len, is_write = 1, data = piece } }
		exit = exit:complete()
	end
	expect(exit):fields{ reason = KVM_EXIT_HLT }
	expect(vcpu:get_regs()):fields{ rcx = 0, rdi = AT + 3 * len, rsi = case.fill and DATA or DATA + 3 * len }
	expect(rom:read(AT - ROM, 8)):eq(string.pack("<i8", OLD))
end)

scenario("read-only slot, guest code: string instructions that read it do not leave", options, function(sim)
	local vcpu, _, ram = guest(sim)
	expect(vcpu:run_code{ at = CODE, regs = { rsi = AT, rdi = DATA, rcx = 8 }, hex = "f3 a4 f4" })
		:fields{ reason = KVM_EXIT_HLT }
	expect(ram:read(DATA, 8)):eq(string.pack("<i8", OLD))
	-- repe cmpsb, and repne scasb for the byte 44
	expect(vcpu:run_code{ at = CODE, regs = { rsi = AT, rdi = DATA, rcx = 8 }, hex = "f3 a6 f4" })
		:fields{ reason = KVM_EXIT_HLT }
	expect(vcpu:get_regs()):fields{ rcx = 0, rdi = DATA + 8 }
	expect(vcpu:run_code{ at = CODE, regs = { rdi = AT, rcx = 8, rax = 0x44 }, hex = "f2 ae f4" })
		:fields{ reason = KVM_EXIT_HLT }
	expect(vcpu:get_regs()):fields{ rcx = 4, rdi = AT + 4 }
end)

-- From ordinary memory into the slot, and out of it: the elements in memory are stored, those in the slot leave.
cases("read-only slot, guest code: a string across a border", options, {
	{ "into the slot",   ROM - 3,        { 3, 4, 5 } },
	{ "out of the slot", ROM + SIZE - 3, { 0, 1, 2 } },
}, function(sim, case)
	local vcpu, rom, ram = guest(sim)
	expect(ram:write(DATA, "abcdef")):eq(0)
	local exit = vcpu:run_code{ at = CODE, regs = { rsi = DATA, rdi = case[2], rcx = 6 }, hex = "f3 a4 f4" }
	for _, i in ipairs(case[3]) do
		expect(exit):fields(store(case[2] + i, 1, ("abcdef"):byte(i + 1)))
		exit = exit:complete()
	end
	expect(exit):fields{ reason = KVM_EXIT_HLT }
	expect(vcpu:get_regs()):fields{ rcx = 0, rdi = case[2] + 6 }
	if case[2] < ROM then
		expect(ram:read(ROM - 3, 3)):eq("abc")
	else
		expect(ram:read(ROM, 3)):eq("def")
	end
	expect(rom:read(0, 3)):eq("\0\0\0")
	expect(rom:read(SIZE - 3, 3)):eq("\0\0\0")
end)

-- Four of eight bytes on each side. The ordinary memory gets its half at once, the slot's half leaves.
cases("read-only slot, guest code: one operand across a border", options, {
	{ "mov, into the slot",        "48 89 03",    ROM - 4,        0x1111111122222222 },
	{ "add, into the slot",        "48 01 03",    ROM - 4,        0x1111111122222222 },
	{ "mov, out of the slot",      "48 89 03",    ROM + SIZE - 4, 0x1111111122222222 },
	{ "add, out of the slot",      "48 01 03",    ROM + SIZE - 4, 0x1111111122222222 },
}, function(sim, case)
	local vcpu, rom, ram = guest(sim)
	local into = case[3] < ROM
	local exit = vcpu:run_code{ at = CODE, regs = { rbx = case[3], rax = case[4] }, hex = case[2] .. " f4" }
	expect(exit):fields(store(into and ROM or case[3], 4, into and 0x11111111 or 0x22222222))
	expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
	expect(ram:read(into and ROM - 4 or ROM, 4)):eq(into and "\x22\x22\x22\x22" or "\x11\x11\x11\x11")
	expect(rom:read(into and 0 or SIZE - 4, 4)):eq("\0\0\0\0")
end)

-- What is locked, across two pages: KVM makes it a plain store ("emulating exchange as write").
cases("read-only slot, guest code: a locked operand across a border", options, {
	{ "xchg, into the slot",          "48 87 03",       ROM - 4 },
	{ "lock add, into the slot",      "f0 48 01 03",    ROM - 4 },
	{ "xchg, out of the slot",        "48 87 03",       ROM + SIZE - 4 },
	{ "lock add, out of the slot",    "f0 48 01 03",    ROM + SIZE - 4 },
	{ "cmpxchg8b, into the slot",     "f0 0f c7 0e",    ROM - 4,        wide = true },
	{ "cmpxchg8b, out of the slot",   "f0 0f c7 0e",    ROM + SIZE - 4, wide = true },
}, function(sim, case)
	local vcpu, rom, ram = guest(sim)
	local into = case[3] < ROM
	local regs = case.wide and { rsi = case[3], rax = 0, rdx = 0, rcx = 0x11111111, rbx = 0x22222222 } or
		{ rbx = case[3], rax = 0x1111111122222222 }
	local exit = vcpu:run_code{ at = CODE, regs = regs, hex = case[2] .. " f4" }
	expect(exit):fields(store(into and ROM or case[3], 4, into and 0x11111111 or 0x22222222))
	expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
	expect(ram:read(into and ROM - 4 or ROM, 4)):eq(into and "\x22\x22\x22\x22" or "\x11\x11\x11\x11")
	expect(rom:read(into and 0 or SIZE - 4, 4)):eq("\0\0\0\0")
end)

-- The code itself lies in the slot, and writes to itself.
scenario("read-only slot, guest code: code in the slot runs, and cannot change itself", options, function(sim)
	local vcpu, rom = guest(sim)
	-- incb [rip + 1]; nop; hlt
	expect(rom:write(0x5000, "\xfe\x05\1\0\0\0\x90\x90\xf4")):eq(0)
	local exit = vcpu:run_code{ rip = ROM + 0x5000 }
	expect(exit):fields(store(ROM + 0x5007, 1, 0x91))
	expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
	expect(rom:read(0x5007, 1)):eq("\x90")
end)

-- A write that the VMM does not complete is made again, with what memory holds then.
scenario("read-only slot, guest code: the VMM changes the slot between read and write", options, function(sim)
	local vcpu, rom, _, vm = guest(sim)
	local exit = vcpu:run_code{ at = CODE, regs = { rbx = AT }, hex = "ff 03 ff 03 f4" }
	expect(exit):fields(store(AT, 4, 0x44332212))
	-- the VMM lets it through, like a flash chip
	expect(rom:write(AT - ROM, exit.mmio.data)):eq(0)
	exit = exit:complete()
	expect(exit):fields(store(AT, 4, 0x44332213))
	expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
	local writable = { slot = 1, guest_phys_addr = ROM, memory_size = SIZE, userspace_addr = rom }
	expect(vm:set_user_memory_region(writable)):eq(0)
	expect(exit:complete()):fields{ reason = KVM_EXIT_HLT }
	expect(rom:read(AT - ROM, 4)):eq("\x12\x22\x33\x44")
	expect(vcpu:run_code{ at = CODE, regs = { rbx = AT }, hex = "ff 03 f4" }):fields{ reason = KVM_EXIT_HLT }
	expect(rom:read(AT - ROM, 4)):eq("\x13\x22\x33\x44")
end)
