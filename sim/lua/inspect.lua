-- SPDX-License-Identifier: GPL-2.0-only
-- sim.inspect: inspection of KVM and mm. A scenario that uses it cannot run on a real kernel.
local core, M = ...
local A, C, P, V, U = M.args, M.class, M.process, M.vm, M.vcpu
local I = {}
M.inspect = I

local type = type

local inspect = C.new("inspect")

-- A vCPU, or a VM's first one.
local function vcpu_of(what, v)
	local s = C.state(what .. ": vm", v, U.vcpu, V.vm)
	if s.class == U.vcpu then
		return s
	end
	if not s.vcpus[1] then
		A.fail("%s: vm: it has no vCPU yet", what)
	end
	return C.states[s.vcpus[1]]
end

local function entry(s, fn, addr)
	local m = fn(s.proc.pid, s.fd, addr)
	if type(m) == "table" then
		if m.present then
			m.page = C.object(P.page, { pfn = m.pfn })
		else
			m.pfn = nil
		end
	end
	return m
end

local function as_number(what, v)
	return A.int(what .. ": as_id", v or 0, 0, 0xffff)
end

local function with_vm(fn)
	return function(_, what, vm, number)
		local s = C.state(what .. ": vm", vm, V.vm)
		return fn(s.proc.pid, s.fd, A.u64(what .. ": gfn", number))
	end
end

C.methods(inspect, {
	mapping = function(_, what, v, gpa)
		return entry(vcpu_of(what, v), core.inspect_mapping, A.u64(what .. ": gpa", gpa))
	end,
	tlb = function(_, what, v, addr)
		return entry(C.state(what .. ": vcpu", v, U.vcpu), core.inspect_tlb, A.u64(what .. ": address", addr))
	end,
	page = function(_, what, ram, n)
		C.state(what .. ": mapping", ram, P.mapping)
		return ram:page(n)
	end,
	slots = function(_, what, vm, as_id)
		local s = C.state(what .. ": vm", vm, V.vm)
		return core.inspect_slots(s.proc.pid, s.fd, as_number(what, as_id))
	end,
	generation = function(_, what, vm, as_id)
		local s = C.state(what .. ": vm", vm, V.vm)
		return core.inspect_generation(s.proc.pid, s.fd, as_number(what, as_id))
	end,
	gfn_to_hva = with_vm(core.inspect_gfn_to_hva),
	gfn_to_pfn = with_vm(core.inspect_gfn_to_pfn),
	counters = function() return core.inspect_counters() end,
})

I.object = C.object(inspect, {})
