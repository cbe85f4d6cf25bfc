-- SPDX-License-Identifier: GPL-2.0-only
-- sim:guest(): the usual machine of a scenario from one table: a VMM with memory, a VM, a slot over it, a vCPU.
local core, M = ...
local A, P = M.args, M.process
local K = core.constants
local G = {}
M.guest = G

local type, next = type, next

local function copy(what, t)
	if type(t) ~= "table" then
		A.refuse(what, "a table", t)
	end
	local out = {}
	for k, v in next, t, nil do
		out[k] = v
	end
	return out
end

local function paging(what, v)
	return v == true and {} or copy(what, v)
end

local function list(what, v)
	return A.list(what, v, 65536, copy)
end

local schema = {
	ram = { copy, {} }, slot = { copy, {} }, vm = { copy, {} }, vcpu = { copy, {} }, paging = { paging },
	map = { list, {} }, data = { copy, {} },
}

-- Returns the result of a step that must work.
local function must(what, step, result)
	if type(result) == "number" and result < 0 then
		A.fail("%s: %s: %s%s", what, step, M.expect.repr(result), result == -K.ENOMEM and
			": the machine has 1 GiB of RAM, for everything" or "")
	end
	return result
end

-- vcpu, ram, vm, vmm, slot: what scenarios use most comes first.
function G.guest(what, t)
	local a = A.table(what, t or {}, schema)
	local m, s = copy(what, a.ram), copy(what, a.slot)
	m.length = m.length or 512 * core.page_size()
	if m.huge == nil and m.kind == nil and not m.hugetlb then
		m.huge = false
	end
	local vmm = P.create()
	local ram = must(what, "ram", vmm:mmap(m))
	local vm = must(what, "vm", vmm:open_kvm():create_vm(a.vm))
	s.slot, s.guest_phys_addr, s.memory_size = s.slot or 0, s.guest_phys_addr or 0, s.memory_size or ram.length
	A.unused(what .. ": slot", s, { "userspace_addr" }, "the slot is in ram: offset says where")
	s.userspace_addr, s.offset = ram.addr + A.u64(what .. ": slot: offset", s.offset or 0), nil
	must(what, "slot", vm:set_user_memory_region(s))
	local vcpu = must(what, "vcpu", vm:create_vcpu(a.vcpu))
	if a.paging then
		must(what, "paging", vcpu:set_paging(a.paging))
	end
	for i = 1, #a.map do
		vcpu:map(a.map[i])
	end
	for offset, text in next, a.data, nil do
		must(what, "data", ram:write(offset, text))
	end
	return vcpu, ram, vm, vmm, s
end
