-- SPDX-License-Identifier: GPL-2.0-only
-- Structures that the calls of the scenario language both write and read: their bytes are where KVM's interface and the
-- SIE instruction have them. The numbers here never change.
local options <const> = { arch = "s390x" }

-- The bytes of a structure that an ioctl fills.
local function read(vcpu, cmd)
	local rc, bytes = vcpu:ioctl(cmd, ("\0"):rep(cmd >> 16 & 0x3fff), cmd >> 16 & 0x3fff)
	expect(rc):eq(0)
	return bytes
end

scenario("struct kvm_regs", options, function(sim)
	local vcpu, values, bytes = sim:guest(), {}, ""
	for n = 0, 15 do
		values[n] = n << 60 | n + 1
		bytes = bytes .. string.pack("<i8", values[n])
	end
	expect(vcpu:set_regs(values)):eq(0)
	expect(read(vcpu, KVM_GET_REGS)):eq(bytes)
	expect(vcpu:get_regs()):eq(values)
end)

scenario("struct kvm_sregs", options, function(sim)
	local vcpu = sim:guest()
	for n = 0, 15 do
		local before = read(vcpu, KVM_GET_SREGS)
		expect(vcpu:set_ar(n, 0x12345678 + n)):eq(0)
		expect(vcpu:get_ar(n)):eq(0x12345678 + n)
		local after = before:sub(1, 4 * n) .. string.pack("<I4", 0x12345678 + n) .. before:sub(4 * n + 5)
		expect(read(vcpu, KVM_GET_SREGS)):eq(after)
		expect(vcpu:set_cr(n, n << 56 | 0x40)):eq(0)
		expect(vcpu:get_cr(n)):eq(n << 56 | 0x40)
		expect(read(vcpu, KVM_GET_SREGS)):eq(
			after:sub(1, 64 + 8 * n) .. string.pack("<i8", n << 56 | 0x40) .. after:sub(73 + 8 * n))
	end
end)

scenario("struct kvm_run: the PSW", options, function(sim)
	local vcpu = sim:guest()
	expect(vcpu:set_psw{ addr = 0x12340, amode = 64 }):ok()
	local psw, bytes = vcpu:get_psw(), vcpu:mmap{ length = "4K" }:read(32, 16)
	expect(psw.addr):eq(0x12340)
	expect(bytes):eq(string.pack("<i8i8", psw.mask, psw.addr))
end)

scenario("struct kvm_s390_sie_block", { mmu = "vsie" }, function(sim)
	local fields <const> = {
		prefix = { 0x04, "<I4" }, cpuflags = { 0x00, "<I4" }, svcc = { 0x40, "<I4" }, lctl = { 0x44, "<I2" },
		icpua = { 0x46, "<i2" }, ictl = { 0x48, "<I4" }, eca = { 0x4c, "<I4" }, icptcode = { 0x50, "B" },
		icptstatus = { 0x51, "B" }, ihcpu = { 0x52, "<I2" }, ipa = { 0x56, "<I2" }, ipb = { 0x58, "<I4" },
		scaoh = { 0x5c, "<I4" }, fpf = { 0x60, "B" }, ecb = { 0x61, "B" }, ecb2 = { 0x62, "B" },
		ecb3 = { 0x63, "B" }, scaol = { 0x64, "<I4" }, mso = { 0x80, "<i8" }, msl = { 0x88, "<i8" },
		gpsw_mask = { 0x90, "<i8" }, gpsw_addr = { 0x98, "<i8" }, gg14 = { 0xa0, "<i8" },
		gg15 = { 0xa8, "<i8" }, mcic = { 0xc0, "<i8" }, pgmilc = { 0xcc, "<I2" },
		iprcc = { 0xce, "<I2" }, crycbd = { 0xfc, "<I4" }, gbea = { 0x180, "<i8" },
		sdnxo = { 0x190, "<i8" }, fac = { 0x1a0, "<I4" }, ecd = { 0x1c8, "<I4" },
		itdba = { 0x1e8, "<i8" }, riccbd = { 0x1f0, "<i8" }, gvrd = { 0x1f8, "<i8" },
	}
	for n = 0, 15 do
		fields["gcr" .. n] = { 0x100 + 8 * n, "<i8" }
	end
	local vcpu, ram = sim:guest()
	local nested = vcpu:nested()
	local values, bytes = {}, {}
	for i = 1, 512 do
		bytes[i] = "\0"
	end
	for name, field in pairs(fields) do
		local text = name == "prefix" and string.pack("<I4", 0x12344000 & 0x7fffe000) or
			string.pack("<i8", 0x7172737475767778 + field[1]):sub(1, string.packsize(field[2]))
		values[name] = string.unpack(field[2], text)
		for i = 1, #text do
			bytes[field[1] + i] = text:sub(i, i)
		end
	end
	expect(nested:set(values)):eq(0)
	expect(nested:get()):eq(values)
	expect(ram:read(nested.addr, 512)):eq(table.concat(bytes))
	expect(nested:set{ cpuflags = 0x80000000, icpua = -1 }):eq(0)
	expect(nested:get()):fields{ cpuflags = 0x80000000, icpua = -1 }
end)

-- With KVM_CREATE_DEVICE_TEST nothing is created. A VM has one floating interrupt controller.
scenario("struct kvm_create_device: flags", options, function(sim)
	local vm = sim:process():open_kvm():create_vm()
	expect(vm:create_device{ type = KVM_DEV_TYPE_FLIC, flags = 1 }):ok()
	expect(vm:create_device{ type = KVM_DEV_TYPE_FLIC }):ok()
	expect(vm:create_device{ type = KVM_DEV_TYPE_FLIC }):eq(-EINVAL)
end)
