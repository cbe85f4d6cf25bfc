-- SPDX-License-Identifier: GPL-2.0-only
-- The CPU model of a guest: KVM's facilities, and which of them the guest gets (KVM_S390_VM_CPU_MODEL).
local core, M = ...
local A, C, P, V = M.args, M.class, M.process, M.vm

local K = core.constants
local pack, unpack, rep, sub = string.pack, string.unpack, string.rep, string.sub
local type, next, rawget = type, next, rawget
local mtype = math.type
local concat = table.concat

local MASK_BYTES <const>, LIST_BYTES <const> = 2048, 2048
local PROCESSOR_BYTES <const> = 16 + LIST_BYTES			-- struct kvm_s390_vm_cpu_processor
local MACHINE_BYTES <const> = 16 + MASK_BYTES + LIST_BYTES	-- struct kvm_s390_vm_cpu_machine

-- KVM_GET_DEVICE_ATTR or KVM_SET_DEVICE_ATTR with data of any length. Returns the result, and the data afterwards.
local function attribute(s, cmd, attr, data)
	local addr = P.scratch(s.proc, 24 + #data)
	local rc = core.user_write(s.proc.pid, addr, pack("<I4I4i8i8", 0, K.KVM_S390_VM_CPU_MODEL, attr, addr + 24) .. data)
	if rc >= 0 then
		rc = P.ioctl(s.proc, s.fd, cmd, addr)
	end
	return rc, rc == 0 and core.user_read(s.proc.pid, addr + 24, #data) or nil
end

local function words(bytes)
	local out = {}
	for i = 1, #bytes // 8 do
		out[i] = unpack("<i8", bytes, 8 * i - 7)
	end
	return out
end

-- Facility n is bit n from the left.
local function bit(n)
	return n // 64 + 1, 1 << (63 - n % 64)
end

local function numbers(list)
	local out = {}
	for n = 0, 64 * #list - 1 do
		local word, mask = bit(n)
		if list[word] & mask ~= 0 then
			out[#out + 1] = n
		end
	end
	return out
end

local function get_processor(s)
	return attribute(s, K.KVM_GET_DEVICE_ATTR, K.KVM_S390_VM_CPU_PROCESSOR, rep("\0", PROCESSOR_BYTES))
end

C.methods(V.vm, {
	-- The facilities of the guest as a list of numbers, or -errno.
	get_cpu_facilities = function(s)
		local rc, model = get_processor(s)
		return rc < 0 and rc or numbers(words(sub(model, 17)))
	end,
	-- What the host has and KVM can give to guests, in the same form.
	get_host_facilities = function(s)
		local rc, model = attribute(s, K.KVM_GET_DEVICE_ATTR, K.KVM_S390_VM_CPU_MACHINE, rep("\0", MACHINE_BYTES))
		if rc < 0 then
			return rc
		end
		local mask, list = words(sub(model, 17, 16 + MASK_BYTES)), words(sub(model, 17 + MASK_BYTES))
		for i = 1, #list do
			list[i] = list[i] & mask[i]
		end
		return numbers(list)
	end,
	-- { [number] = boolean }: changes the guest's facilities. 0 or -errno.
	set_cpu_facilities = function(s, what, t)
		if type(t) ~= "table" then
			A.refuse(what, "a table: number of a facility = boolean", t)
		end
		local rc, model = get_processor(s)
		if rc < 0 then
			return rc
		end
		local list = words(sub(model, 17))
		for n in next, t, nil do
			if mtype(n) ~= "integer" or n < 0 or n >= 8 * LIST_BYTES then
				A.refuse(what, "numbers of facilities", n)
			end
			local word, mask = bit(n)
			local on = A.boolean(what .. ": " .. n, rawget(t, n))
			list[word] = on and list[word] | mask or list[word] & ~mask
		end
		for i = 1, #list do
			list[i] = pack("<i8", list[i])
		end
		return (attribute(s, K.KVM_SET_DEVICE_ATTR, K.KVM_S390_VM_CPU_PROCESSOR, sub(model, 1, 16) .. concat(list)))
	end,
})
