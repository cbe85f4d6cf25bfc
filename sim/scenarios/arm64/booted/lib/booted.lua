-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios of this directory share: each answer is compared with that of a booted kernel (tests/booted).

local answers <const> = require("answers")

local B = { options = { arch = "arm64", before = "6.13" }, MiB = 1 << 20, PAGE = 4096, DEVICE = 0x10000000 }
local DATA <const> = "\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8"	-- what a device answers

function B.answer(name, value)
	value = tostring(value)
	expect{ name, value }:eq{ name, answers[name] }
end

-- The first n bytes of a number.
function B.bytes(value, n)
	return string.pack("<i8", value):sub(1, n)
end

function B.number(bytes)
	return (string.unpack("<i8", bytes .. ("\0"):rep(8 - #bytes)))
end

-- -errno, or 0 for an object.
function B.rc(v)
	return type(v) == "number" and v or 0
end

local function mmio(exit)
	local m = exit.mmio
	local s = ("mmio:%x,%d,%d"):format(m.phys_addr, m.len, m.is_write)
	if m.is_write == 0 then
		return s .. ";", exit:complete(DATA:sub(1, m.len))
	end
	local hex = m.data:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
	return s .. "," .. hex .. ";", exit:complete()
end

-- What an access ended in, as the program prints it: its exits, which are answered, and its end.
function B.text(result)
	local s = ""
	while type(result) == "table" and result.ret == 0 and result.reason == KVM_EXIT_MMIO and not result.exception do
		local part
		part, result = mmio(result)
		s = s .. part
	end
	if type(result) == "string" then
		return s .. ("ok:%x"):format(B.number(result))
	elseif type(result) ~= "table" then
		return s .. "ok"
	elseif result.exception then
		local e = result.exception
		return s .. ("exc:ec=%x,fsc=%x,far=%x"):format(e.ec, e.esr & 63, e.far)
	elseif result.ret < 0 then
		return s .. "ret:" .. result.ret
	elseif result.reason == KVM_EXIT_ARM_NISV then
		local n = result.arm_nisv
		return s .. ("nisv:isv=%d,ipa=%x"):format(n.esr_iss & ESR_ELx_ISV ~= 0 and 1 or 0, n.fault_ipa)
	elseif result.reason == KVM_EXIT_SYSTEM_EVENT then
		return s .. "event:" .. result.system_event.type
	end
	return s .. "exit:" .. result.reason
end

function B.read(name, vcpu, addr, n)
	B.answer(name, B.text(vcpu:read(addr, n or 8)))
end

function B.write(name, vcpu, addr, value, n)
	B.answer(name, B.text(vcpu:write(addr, B.bytes(value, n or 8))))
end

function B.region(vm, slot, flags, gpa, size, addr)
	return vm:ioctl(KVM_SET_USER_MEMORY_REGION, string.pack("<I4I4i8i8i8", slot, flags, gpa, size, addr))
end

-- A VM with memory at 0.
function B.vm(sim, size, flags)
	local vmm = sim:process()
	local ram, vm = vmm:mmap{ length = size, huge = false }, vmm:open_kvm():create_vm()
	expect(B.region(vm, 0, flags or 0, 0, size, ram.addr)):eq(0)
	return vm, ram, vmm
end

return B
