-- SPDX-License-Identifier: GPL-2.0-only
-- Structures that the calls of the scenario language both write and read: their bytes are where KVM's interface has
-- them. The numbers here are those of the interface, which never change.
local options <const> = { arch = "x86_64" }

local function new_vcpu(sim)
	return sim:process():open_kvm():create_vm():create_vcpu()
end

-- The bytes of a structure that an ioctl fills.
local function read(vcpu, cmd)
	local rc, bytes = vcpu:ioctl(cmd, ("\0"):rep(cmd >> 16 & 0x3fff), cmd >> 16 & 0x3fff)
	expect(rc):eq(0)
	return bytes
end

scenario("struct kvm_regs", options, function(sim)
	local order <const> = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12",
		"r13", "r14", "r15", "rip", "rflags" }
	local vcpu, values, bytes = new_vcpu(sim), {}, ""
	for i, name in ipairs(order) do
		values[name] = 2 + (i << 60 | i)
		bytes = bytes .. string.pack("<i8", values[name])
	end
	bytes, values.rflags = bytes:sub(1, -9) .. string.pack("<i8", 0x46), 0x46
	expect(vcpu:set_regs(values)):eq(0)
	expect(read(vcpu, KVM_GET_REGS)):eq(bytes)
	expect(vcpu:get_regs()):eq(values)
	expect(vcpu:set_regs{ rbx = 7 }):eq(0)
	expect(read(vcpu, KVM_GET_REGS)):eq(bytes:sub(1, 8) .. string.pack("<i8", 7) .. bytes:sub(17))
end)

-- Offset and format in struct kvm_segment, and a value.
cases("struct kvm_segment", options, {
	{ "base", "<i8", 0, 0x123456789000 }, { "limit", "<I4", 8, 0xfedcb }, { "selector", "<I2", 12, 0x1238 },
	{ "type", "B", 14, 3 }, { "present", "B", 15, 1 }, { "dpl", "B", 16, 3 }, { "db", "B", 17, 1 },
	{ "s", "B", 18, 1 }, { "l", "B", 19, 1 }, { "g", "B", 20, 1 }, { "avl", "B", 21, 1 },
	{ "unusable", "B", 22, 1 },
}, function(sim, row)
	local field <const>, format <const>, offset <const>, value <const> = table.unpack(row)
	local vcpu = new_vcpu(sim)
	for i, name in ipairs{ "cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt" } do
		local zero = { base = 0, limit = 0, selector = 0, type = 0, present = 0, dpl = 0, db = 0, s = 0, l = 0,
			g = 0, avl = 0, unusable = 0 }
		expect(vcpu:set_sregs{ [name] = zero }):eq(0)
		-- CS.L needs a vCPU in 64-bit mode.
		local refused = name == "cs" and field == "l"
		expect(vcpu:set_sregs{ [name] = { [field] = value } }):eq(refused and -EINVAL or 0)
		zero[field] = refused and 0 or value
		expect(vcpu:get_sregs()[name]):eq(zero)
		local bytes = read(vcpu, KVM_GET_SREGS):sub(24 * (i - 1) + 1, 24 * i)
		expect(string.unpack(format, bytes, offset + 1)):eq(zero[field])
		expect(bytes:sub(1, offset) .. bytes:sub(offset + 1 + string.packsize(format))):eq(
			("\0"):rep(24 - string.packsize(format)))
	end
end)

cases("struct kvm_sregs", options, {
	{ "cr0", 224, 0x10 }, { "cr2", 232, 0x123456000 }, { "cr3", 240, 0x7000 }, { "cr4", 248, 0x20 },
	{ "cr8", 256, 5 }, { "efer", 264, 0x800 }, { "apic_base", 272, 0xfee00900 },
}, function(sim, row)
	local vcpu = new_vcpu(sim)
	expect(vcpu:set_sregs{ [row[1]] = row[3] }):eq(0)
	expect(string.unpack("<i8", read(vcpu, KVM_GET_SREGS), row[2] + 1)):eq(row[3])
	expect(vcpu:get_sregs()[row[1]]):eq(row[3])
end)

-- A member that no other scenario sets.
local prefault <const> = { mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY" }
scenario("struct kvm_pre_fault_memory: flags", prefault, function(sim)
	local vcpu = sim:guest()
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "4K", flags = 1 }):eq(-EINVAL)
	expect(vcpu:pre_fault_memory{ gpa = 0, size = "4K" }):eq(0)
end)

-- KVM says writeable even of an address that it cannot translate.
scenario("struct kvm_translation", { mmu = { "ept", "npt", "shadow" } }, function(sim)
	local vcpu = sim:guest{ paging = true, map = { { from = 0x10000, to = 0x3000 } } }
	expect(vcpu:translate(0x10123)):eq{ physical_address = 0x3123, valid = 1, writeable = 1, usermode = 0 }
	expect(vcpu:translate(0x11000)):fields{ valid = 0, writeable = 1, usermode = 0 }
end)
