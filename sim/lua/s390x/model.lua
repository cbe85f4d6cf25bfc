-- SPDX-License-Identifier: GPL-2.0-only
-- The CPU model of a guest: KVM's facilities, and which of them the guest gets (KVM_S390_VM_CPU_MODEL).
local core, M = ...
local A, C, V, N = M.args, M.class, M.vm, M.kernel

local K = core.constants
local pack, unpack = string.pack, string.unpack
local type, next, rawget = type, next, rawget
local mtype = math.type
local concat = table.concat

local PROCESSOR <const>, MACHINE <const> = N.struct("kvm_s390_vm_cpu_processor"), N.struct("kvm_s390_vm_cpu_machine")

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
	return V.cpu_model(s, K.KVM_GET_DEVICE_ATTR, K.KVM_S390_VM_CPU_PROCESSOR, PROCESSOR:pack{})
end

C.methods(V.vm, {
	-- The facilities of the guest as a list of numbers, or -errno.
	get_cpu_facilities = function(s)
		local rc, model = get_processor(s)
		return rc < 0 and rc or numbers(words(PROCESSOR:get(model, "fac_list")))
	end,
	-- What the host has and KVM can give to guests, in the same form.
	get_host_facilities = function(s)
		local rc, model = V.cpu_model(s, K.KVM_GET_DEVICE_ATTR, K.KVM_S390_VM_CPU_MACHINE, MACHINE:pack{})
		if rc < 0 then
			return rc
		end
		local mask, list = words(MACHINE:get(model, "fac_mask")), words(MACHINE:get(model, "fac_list"))
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
		local list = words(PROCESSOR:get(model, "fac_list"))
		for n in next, t, nil do
			if mtype(n) ~= "integer" or n < 0 or n >= 64 * #list then
				A.refuse(what, "numbers of facilities", n)
			end
			local word, mask = bit(n)
			local on = A.boolean(what .. ": " .. n, rawget(t, n))
			list[word] = on and list[word] | mask or list[word] & ~mask
		end
		for i = 1, #list do
			list[i] = pack("<i8", list[i])
		end
		return (V.cpu_model(s, K.KVM_SET_DEVICE_ATTR, K.KVM_S390_VM_CPU_PROCESSOR,
			PROCESSOR:set(model, "fac_list", concat(list))))
	end,
})
