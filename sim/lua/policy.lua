-- SPDX-License-Identifier: GPL-2.0-only
-- Memory policies of NUMA: from which nodes the pages of a task, of a range of addresses or of a file come. A result is
-- 0 or -errno, unless said otherwise; -ENOSYS with a kernel that is built without CONFIG_NUMA.
local core, M = ...
local A, C, P = M.args, M.class, M.process

local next = next
local syscall, event = core.syscall, core.event

-- What the kernel copies at most, and a few bits more for what it refuses.
local MAX_BITS <const> = 1 << 16

local function node_number(what, v)
	return A.int(what, v, 0, MAX_BITS - 1)
end

-- The nodes of a list as a mask of whole words, at least one.
local function mask_of(nodes, maxnode)
	local words = { 0 }
	for i = 1, (maxnode + 63) // 64 do
		words[i] = 0
	end
	for _, n in next, nodes, nil do
		for i = #words + 1, n // 64 + 1 do
			words[i] = 0
		end
		words[n // 64 + 1] = words[n // 64 + 1] | 1 << n % 64
	end
	local out = {}
	for i = 1, #words do
		out[i] = string.pack("=I8", words[i])
	end
	return table.concat(out)
end

local function nodes_of(mask)
	local out = {}
	for n = 0, #mask * 8 - 1 do
		if string.unpack("=I8", mask, n // 64 * 8 + 1) >> n % 64 & 1 == 1 then
			out[#out + 1] = n
		end
	end
	return out
end

-- Where the mask of the arguments is in the process's memory, and maxnode. Without nodes: no mask, that is NULL and 0.
-- The kernel's maxnode counts one bit more than the mask has.
local function put_mask(proc, what, a)
	if a.mask and a.nodes then
		A.fail("%s: nodes: not with mask, which is the address of the nodes", what)
	end
	local maxnode = a.maxnode or ((a.nodes or a.mask) and 65 or 0)
	if not a.nodes then
		return a.mask or 0, maxnode
	end
	local bytes = mask_of(a.nodes, maxnode)
	local addr = P.scratch(proc, #bytes)
	core.user_write(proc.pid, addr, bytes)
	return addr, maxnode
end

local mask_schema = {
	nodes = { function(what, v) return A.list(what, v, 64, node_number) end },
	maxnode = { A.u64 }, mask = { A.u64 },
}

local function schema(more)
	for k, rule in next, mask_schema, nil do
		more[k] = rule
	end
	return more
end

local task_schema = schema{ mode = { A.u32, A.required } }
local range_schema = schema{ mode = { A.u64, A.required }, flags = { A.u32, 0 }, offset = { A.u64 },
	length = { A.u64 } }
local get_schema = { addr = { A.u64, 0 }, flags = { A.u64, 0 }, maxnode = { A.u64, 65 }, mask = { A.u64 },
	mode = { A.u64 } }
local home_schema = { node = { A.u64, A.required }, flags = { A.u64, 0 }, offset = { A.u64 }, length = { A.u64 } }

local counts = { remote = core.NUMA_REMOTE, ["local"] = core.NUMA_LOCAL, failed = core.NUMA_FAILED,
	migrated = core.NUMA_MIGRATED }

C.methods(P.process, {
	set_mempolicy = function(s, what, t)
		local a = A.table(what, t, task_schema)
		local mask, maxnode = put_mask(s, what, a)
		return syscall(s.pid, core.SYS_SET_MEMPOLICY, a.mode, mask, maxnode)
	end,
	-- { mode, nodes }. With MPOL_F_NODE mode is a node. The addresses mask and mode take the place of memory that
	-- the language has for them, and are for what the kernel refuses.
	get_mempolicy = function(s, what, t)
		local a = A.table(what, t or {}, get_schema)
		local bytes = a.maxnode > 1 and a.maxnode <= MAX_BITS and (a.maxnode - 1 + 63) // 64 * 8 or 0
		local addr = P.scratch(s, 8 + bytes)
		local rc = syscall(s.pid, core.SYS_GET_MEMPOLICY, a.mode or addr, a.mask or addr + 8, a.maxnode, a.addr,
			a.flags)
		if rc < 0 then
			return rc
		end
		return {
			mode = string.unpack("=i4", (core.user_read(s.pid, addr, 4))),
			nodes = bytes > 0 and nodes_of((core.user_read(s.pid, addr + 8, bytes))) or {},
		}
	end,
	-- True if the scan was due.
	numa_scan = function(s)
		local rc = event(s.pid, core.EV_NUMA_SCAN)
		if rc < 0 then
			return rc
		end
		return rc == 1
	end,
	numa_faults = function(s)
		local out = {}
		for name, which in next, counts, nil do
			out[name] = event(s.pid, core.EV_NUMA_COUNT, which)
			if out[name] < 0 then
				return out[name]
			end
		end
		return out
	end,
})

C.methods(P.mapping, {
	mbind = function(s, what, t)
		local a = A.table(what, t, range_schema)
		local addr, length = P.range(s, what, a.offset, a.length)
		local mask, maxnode = put_mask(s.proc, what, a)
		return syscall(s.proc.pid, core.SYS_MBIND, addr, length, a.mode, mask, maxnode, a.flags)
	end,
	set_home_node = function(s, what, t)
		local a = A.table(what, t, home_schema)
		local addr, length = P.range(s, what, a.offset, a.length)
		return syscall(s.proc.pid, core.SYS_SET_HOME_NODE, addr, length, a.node, a.flags)
	end,
})
