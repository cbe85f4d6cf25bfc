-- SPDX-License-Identifier: GPL-2.0-only
-- As a booted kernel answers: faults of the guest's stage 1, tables in read-only, missing and unmapped memory, tags.

local B = require("booted")
local answer, MiB <const>, GiB <const>, PAGE <const> = B.answer, B.MiB, 1 << 30, B.PAGE

-- Descriptors: a block of Normal memory, young and inner shareable; a table or page.
local BLOCK <const>, TABLE <const>, YOUNG <const> = 0x701, 3, 0x400
local READ_ONLY <const>, USER <const>, PXN <const> = 2 << 6, 1 << 6, 1 << 53

scenario("booted kernel: stage 1", B.options, function(sim)
	local vm, ram, vmm = B.vm(sim, 4 * MiB)
	local ro = vmm:mmap{ length = 2 * PAGE }
	local vcpu = vm:create_vcpu()
	local function table_at(mapping, at, ...)
		for i, entry in ipairs{ ... } do
			mapping:write(at + (i - 1) * 8, B.bytes(entry, 8))
		end
	end
	local function read(name, addr) B.read("s1." .. name, vcpu, addr) end
	local function write(name, addr, n) B.write("s1." .. name, vcpu, addr, 0x55, n) end
	local function fetch(name, addr) answer("s1." .. name, B.text(vcpu:fetch(addr))) end

	expect(B.region(vm, 5, KVM_MEM_READONLY, 0x20000000, 2 * PAGE, ro.addr)):eq(0)
	-- Level 1: an entry for each GiB.
	table_at(ram, 0x10000, BLOCK, 0x40000000 | BLOCK, 0x18000000 | TABLE, 0, BLOCK | READ_ONLY, BLOCK & ~YOUNG,
		0x20000000 | TABLE, 1 << 41 | BLOCK, BLOCK | PXN, BLOCK | USER, 0x11000 | TABLE, 0x0c000000 | TABLE, 1 << 40 | TABLE)
	table_at(ro, 0, BLOCK, 0x200000 | BLOCK & ~YOUNG)
	table_at(ram, 0x11000, 0x12000 | TABLE)
	table_at(ram, 0x12000, 0x5000 | BLOCK | TABLE, 0x6000 | (BLOCK | TABLE) & ~YOUNG, 0x7000 | BLOCK,
		B.DEVICE | BLOCK | TABLE)
	for name, value in pairs{ mair_el1 = 0xff, ttbr0_el1 = 0x10000,
		tcr_el1 = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5 << 32,
		sctlr_el1 = vcpu:get_sysreg("sctlr_el1") | 1 | 1 << 2 | 1 << 12 } do
		expect(vcpu:set_sysreg(name, value)):eq(0)
	end

	read("identity", 0x5000)
	write("identity-write", 0x5000)
	read("table-outside", 2 * GiB)
	read("invalid", 3 * GiB)
	read("ro-read", 4 * GiB + 0x5000)
	write("ro-write", 4 * GiB + 0x5000)
	read("no-af", 5 * GiB)
	read("table-in-ro", 6 * GiB + 0x5000)
	write("table-in-ro-write", 6 * GiB + 0x5008)
	read("table-in-ro-no-af", 6 * GiB + 2 * MiB)
	read("beyond-ipa", 7 * GiB)
	write("user-page-write", 9 * GiB + 0x5010)
	read("page", 10 * GiB + 8)
	read("page-no-af", 10 * GiB + 0x1000)
	read("page-reserved", 10 * GiB + 0x2000)
	read("page-mmio", 10 * GiB + 0x3010)
	write("page-mmio-write", 10 * GiB + 0x3010, 4)
	read("page-none", 10 * GiB + 0x4000)
	read("l2-none", 10 * GiB + 2 * MiB)
	read("table-hole", 11 * GiB)
	read("table-beyond-ipa", 12 * GiB)
	read("va-39", 1 << 39)
	read("va-noncanonical", 1 << 60)
	read("ttbr1", 0xffffff8000000000)
	read("unaligned", 0x5003)
	answer("s1.swp", B.text(vcpu:xchg(0x5000, B.bytes(9, 8))))
	fetch("fetch-pxn", 8 * GiB + 0x5000)
	fetch("fetch-none", 3 * GiB)
	fetch("fetch-unaligned", 0x5002)
	answer("s1.par-ok", ("%x"):format(vcpu:at("s1e1r", 4 * GiB + 0x5000) & 0xfffffffff000))
	answer("s1.par-fail", ("%x"):format(vcpu:at("s1e1r", 3 * GiB) & 0x7f))
	ram:munmap(0x12000, PAGE)
	read("table-unmapped", 10 * GiB)
end)

local tagged <const> = { arch = "arm64", before = "6.13", facilities = { mte = true } }

scenario("booted kernel: KVM_ARM_MTE_COPY_TAGS", tagged, function(sim)
	local vm, ram, vmm = B.vm(sim, 64 * PAGE)
	local buffer = vmm:mmap{ length = PAGE }
	local TAGS <const> = PAGE // 16
	local function copy(gpa, length, flags, t)
		t = t or {}
		return vm:ioctl(KVM_ARM_MTE_COPY_TAGS, string.pack("<i8i8i8i8i8i8", gpa, length, t.addr or buffer.addr, flags,
			t.reserved or 0, 0))
	end
	local function enable()
		return vm:enable_cap{ cap = KVM_CAP_ARM_MTE }
	end

	answer("mte.cap", vm:check_extension(KVM_CAP_ARM_MTE))
	answer("mte.copy-off", copy(2 * PAGE, PAGE, 1))
	answer("mte.on", enable())
	answer("mte.again", enable())
	local vcpu = vm:create_vcpu()
	answer("mte.after-vcpu", enable())
	buffer:write(0, ("\9"):rep(TAGS))
	answer("mte.from", copy(2 * PAGE, PAGE, 1))
	answer("mte.tag0", buffer:read(0, 1):byte())
	for i = 0, TAGS - 1 do
		buffer:write(i, string.char(i * 3 + 0x30 & 0xff))
	end
	answer("mte.to", copy(2 * PAGE, PAGE, 0))
	buffer:write(0, ("\xee"):rep(TAGS))
	answer("mte.back", copy(2 * PAGE, PAGE, 1))
	-- What the tags are is not compared: QEMU 7.2 reads 10 and 13 by turns, whatever was stored.
	expect(buffer:read(1, 1)):eq("\3")
	-- SCTLR_EL1.ATA is clear.
	answer("mte.ldg", ("ok:%x"):format(vcpu:ldg(2 * PAGE + 16)))
	answer("mte.half", copy(2 * PAGE, PAGE // 2, 1))
	answer("mte.unaligned", copy(PAGE // 2, PAGE, 1))
	answer("mte.beyond", copy(64 * PAGE, PAGE, 1))
	answer("mte.flags", copy(0, PAGE, 2))
	answer("mte.reserved", copy(0, PAGE, 1, { reserved = 1 }))
	answer("mte.fault", copy(0, PAGE, 1, { addr = 8 }))
	answer("mte.empty", copy(0, 0, 1, { addr = 8 }))
	answer("mte.long", copy(0, 1 << 31, 1))
	expect(B.region(vm, 0, KVM_MEM_LOG_DIRTY_PAGES, 0, 64 * PAGE, ram.addr)):eq(0)
	answer("mte.to-logging", copy(0, PAGE, 0))
	answer("mte.from-logging", copy(0, PAGE, 1))
	vm, ram, vmm = B.vm(sim, 64 * PAGE)
	answer("mte.on-shm", enable())
	answer("mte.slot-shm", B.region(vm, 1, 0, 0x20000000, 16 * PAGE,
		vmm:mmap{ length = 16 * PAGE, kind = "shmem" }.addr))
end)
