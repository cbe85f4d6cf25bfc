-- SPDX-License-Identifier: GPL-2.0-only
-- s390x guest state that the VMM sets: PSW, control and access registers, and DAT tables in guest memory.
local core, M = ...
local A, C, P, V, X, U = M.args, M.class, M.process, M.vm, M.exits, M.vcpu
local S = {}
M.state = S

local K = core.constants
local pack, unpack, rep = string.pack, string.unpack, string.rep
local concat, min = table.concat, math.min
local type = type

local SREGS <const> = M.kernel.struct("kvm_sregs")
local CRS <const>, ACRS <const> = "crs[0]", "acrs[0]"

local PAGE <const> = 4096

-- --- registers ---------------------------------------------------------------------------------------------

-- first: the first register of an array of struct kvm_sregs; n: which one.
local function set_register(s, first, n, value)
	local data = U.get_struct(s, K.KVM_GET_SREGS, SREGS)
	if type(data) ~= "string" then
		return data
	end
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_SREGS, SREGS:set(data, first, value, n * SREGS:length(first))))
end

local function get_register(s, first, n)
	local data = U.get_struct(s, K.KVM_GET_SREGS, SREGS)
	return type(data) == "string" and SREGS:get(data, first, n * SREGS:length(first)) or data
end

local function register(what, n)
	return A.int(what .. ": number", n, 0, 15)
end

local function get_cr(s, what, n)
	return get_register(s, CRS, register(what, n))
end

local function set_cr(s, what, n, value)
	return set_register(s, CRS, register(what, n), A.u64(what .. ": value", value))
end
S.set_cr = set_cr

local function get_ar(s, what, n)
	return get_register(s, ACRS, register(what, n))
end

local function set_ar(s, what, n, value)
	return set_register(s, ACRS, register(what, n), A.u32(what .. ": value", value))
end

-- --- the PSW -----------------------------------------------------------------------------------------------

local PSW_DAT <const>, PSW_KEY_SHIFT <const>, PSW_KEY <const> = 1 << 58, 52, 15 << 52
local PSW_PROBLEM <const>, PSW_AS <const> = 1 << 48, 3 << 46
local PSW_AMODE <const> = 3 << 31
local PSW_INTERRUPTS <const> = 1 << 57 | 1 << 56 | 1 << 50	-- I/O, external, machine check

local spaces_of_psw <const> = { primary = 0, ar = 1 << 46, secondary = 2 << 46, home = 3 << 46 }
local amodes <const> = { [24] = 0, [31] = 1 << 31, [64] = 3 << 31 }

local function amode(what, v)
	return amodes[v] or A.refuse(what, "24, 31 or 64", v)
end

local psw_schema = {
	mask = { A.u64 }, addr = { A.u64 }, dat = { A.boolean }, problem = { A.boolean }, amode = { amode },
	as = { function(what, v) return A.choice(what, v, spaces_of_psw) end },
	key = { function(what, v) return A.int(what, v, 0, 15) end }, enter = { A.boolean, true },
}

local function get_psw(s)
	local run = X.run_address(s)
	local first, bytes = X.RUN:part("psw_")
	local data = run < 0 and run or core.user_read(s.proc.pid, run + first, bytes)
	return type(data) == "string" and X.RUN:fields(data, "psw_", -first) or data
end

-- KVM takes the PSW from kvm_run when the vCPU enters the guest. So this enters once and executes nothing.
local function set_psw(s, what, t)
	local a = A.table(what, t, psw_schema)
	if s.job then
		A.fail("%s: an access of this vCPU has left to user space; abandon it first", what)
	end
	local now = get_psw(s)
	if type(now) ~= "table" then
		return now
	end
	local mask = a.mask or now.mask
	local function replace(bits, value)
		if value ~= nil then
			mask = mask & ~bits | value
		end
	end
	if a.dat ~= nil then
		replace(PSW_DAT, a.dat and PSW_DAT or 0)
	end
	if a.problem ~= nil then
		replace(PSW_PROBLEM, a.problem and PSW_PROBLEM or 0)
	end
	replace(PSW_AS, a.as)
	replace(PSW_AMODE, a.amode)
	replace(PSW_KEY, a.key and a.key << PSW_KEY_SHIFT)
	if a.enter and mask & PSW_INTERRUPTS ~= 0 then
		A.fail("%s: with interruptions enabled the vCPU would wait for one: enter = false", what)
	end
	local rc = P.put(s.proc, s.run, X.RUN, "psw_mask", mask)
	rc = rc < 0 and rc or P.put(s.proc, s.run, X.RUN, "psw_addr", a.addr or now.addr)
	if rc < 0 or not a.enter then
		return rc
	end
	return P.ioctl(s.proc, s.fd, K.KVM_RUN)
end

-- --- DAT tables --------------------------------------------------------------------------------------------

-- Levels: 1 page table, 2 segment table, 3, 4, 5 region-third, -second, -first table.
local SHIFT <const> = { 12, 20, 31, 42, 53 }
local ENTRIES <const> = { 256, 2048, 2048, 2048, 2048 }
local TOP_LEVEL <const> = { segment = 2, region3 = 3, region2 = 4, region1 = 5 }
local INVALID <const> = { 0x400, 0x20, 0x24, 0x28, 0x2c }	-- with the table type of the level
local LARGE <const>, PROTECTED <const>, IEP <const>, COMMON <const> = 0x400, 0x200, 0x100, 0x10
local ASCE_PRIVATE <const>, ASCE_REAL <const> = 0x100, 0x20
local ORIGIN <const>, PAGE_TABLE_ORIGIN <const> = -4096, -2048
local TABLES_BYTES <const> = 256 << 10

local Space = C.new("address space", { "asce" })

-- The VMM writes or reads an entry in guest memory through its own mapping.
local function host_address(vm, what, gpa)
	local addr = V.gpa_to_user(vm, gpa)
	if not addr then
		A.fail("%s: the tables at absolute address 0x%x are in no slot", what, gpa)
	end
	return addr
end

local function read_entry(space, what, gpa)
	local data = core.user_read(space.vm.proc.pid, host_address(space.vm, what, gpa), 8)
	if type(data) ~= "string" then
		A.fail("%s: the table at absolute address 0x%x cannot be read", what, gpa)
	end
	return (unpack("<i8", data))
end

local function write_memory(vm, what, gpa, data)
	if core.user_write(vm.proc.pid, host_address(vm, what, gpa), data) < 0 then
		A.fail("%s: the table at absolute address 0x%x cannot be written", what, gpa)
	end
end
S.write = write_memory

-- Default place of all tables of a VM: the end of slot 0.
local function default_pool(vm, what)
	if not vm.dat_pool then
		local k = vm.slots[0]
		if not k or k.npages * PAGE < TABLES_BYTES then
			A.fail("%s: tables: missing, and slot 0 has no room for %d bytes", what, TABLES_BYTES)
		end
		local stop = (k.base_gfn + k.npages) * PAGE
		vm.dat_pool = { next = stop - TABLES_BYTES, stop = stop }
	end
	return vm.dat_pool
end

local function take(pool, what, bytes, align)
	local at = (pool.next + align - 1) & -align
	if at + bytes > pool.stop then
		A.fail("%s: no room for another table (address_space: tables, size)", what)
	end
	pool.next = at + bytes
	return at
end

-- Takes room for another control block beside the VM's tables. Returns its absolute address.
function S.block(vm, what, bytes, align)
	return take(default_pool(vm, what), what, bytes, align)
end

local function new_table(space, what, level)
	local at = take(space.pool, what, ENTRIES[level] * 8, level == 1 and PAGE // 2 or PAGE)
	write_memory(space.vm, what, at, rep(pack("<i8", INVALID[level]), ENTRIES[level]))
	return at
end

local function table_place(what, v)
	local place = A.u64(what, v)
	if place & (PAGE - 1) ~= 0 then
		A.refuse(what, "a page-aligned absolute address", v)
	end
	return place
end

local space_schema = {
	type = { function(what, v) return A.choice(what, v, TOP_LEVEL) end, 3 }, private = { A.boolean, false },
	real = { A.boolean, false }, length = { function(what, v) return A.int(what, v, 0, 3) end, 3 },
	tables = { table_place }, size = { function(what, v) return A.int(what, v, PAGE, 1 << 30) end },
}

-- A new address space without any translation.
local function address_space(s, what, t)
	local a = A.table(what, t or {}, space_schema)
	if not a.tables then
		A.unused(what, a, { "size" }, "only with tables, whose room it is")
	end
	local space = { vm = s.vm, top = a.type }
	space.pool = a.tables and { next = a.tables, stop = a.tables + (a.size or TABLES_BYTES) } or
		default_pool(s.vm, what)
	space.root = new_table(space, what, a.type)
	space.asce = space.root | (a.type - 2) << 2 | a.length | (a.private and ASCE_PRIVATE or 0) |
		(a.real and ASCE_REAL or 0)
	return C.object(Space, space)
end

-- The absolute address of the entry for va at a level, or nil if a table above is missing.
local function find_entry(space, what, va, level, build)
	local at = space.root
	for l = space.top, level, -1 do
		at = at + ((va >> SHIFT[l]) & (ENTRIES[l] - 1)) * 8
		if l == level then
			return at
		end
		local entry = read_entry(space, what, at)
		if (l == 2 or l == 3) and entry & LARGE ~= 0 and entry & 0x20 == 0 then
			if build then
				A.fail("%s: 0x%x is already mapped by a large frame", what, va)
			end
			return nil
		end
		if entry & 0x20 ~= 0 then
			if not build then
				return nil
			end
			local below = new_table(space, what, l - 1)
			entry = below | (INVALID[l] & 0xc) | (l > 2 and 3 or 0)
			write_memory(space.vm, what, at, pack("<i8", entry))
		end
		at = entry & (l == 2 and PAGE_TABLE_ORIGIN or ORIGIN)
	end
end

local rights <const> = { r = PROTECTED, rw = 0 }
local map_schema = {
	from = { A.u64, A.required }, to = { A.u64, A.required }, size = { A.u64 },
	prot = { function(what, v) return A.choice(what, v, rights) end, 0 }, iep = { A.boolean, false },
	common = { A.boolean, false }, level = { function(what, v) return A.int(what, v, 1, 3) end, 1 },
}

-- Maps virtual addresses from `from` on to real (level 1) or absolute (levels 2 and 3) ones from `to` on. Returns 0.
local function map(space, what, t)
	local a = A.table(what, t, map_schema)
	local step = 1 << SHIFT[a.level]
	local size = a.size or step
	if (a.from | a.to | size) & (step - 1) ~= 0 or size <= 0 or size // step > 65536 then
		A.fail("%s: from, to and size must be multiples of 0x%x, and at most 65536 entries", what, step)
	end
	if space.top < 5 and (a.from | a.from + size - 1) >> (SHIFT[space.top] + 11) ~= 0 then
		A.fail("%s: from: this type of address space ends at 0x%x", what, 1 << (SHIFT[space.top] + 11))
	end
	if a.level > space.top or (a.common and a.level == 1) then
		A.fail("%s: level: no such entry in this type of address space", what)
	end
	local bits = a.prot | (a.iep and IEP or 0) | (a.common and COMMON or 0)
	if a.level > 1 then
		bits = bits | LARGE | (INVALID[a.level] & 0xc)
	end
	local off = 0
	while off < size do	-- all entries of one table at once: each write is a step, with its checks
		local va = a.from + off
		local n = min((size - off) // step, ENTRIES[a.level] - (va >> SHIFT[a.level]) % ENTRIES[a.level])
		local entries = {}
		for i = 1, n do
			entries[i] = pack("<i8", (a.to + off + (i - 1) * step) | bits)
		end
		write_memory(space.vm, what, find_entry(space, what, va, a.level, true), concat(entries))
		off = off + n * step
	end
	return 0
end

local function level_of(what, space, level)
	return level == nil and 1 or A.int(what .. ": level", level, 1, space.top)
end

-- The entry for va in memory, or nil if a table above is missing.
local function pte(space, what, va, level)
	local l = level_of(what, space, level)
	local at = find_entry(space, what, A.u64(what .. ": address", va), l)
	return at and { gpa = at, raw = read_entry(space, what, at), level = l } or nil
end

local function set_pte(space, what, va, raw, level)
	local at = find_entry(space, what, A.u64(what .. ": address", va), level_of(what, space, level), true)
	write_memory(space.vm, what, at, pack("<i8", A.u64(what .. ": entry", raw)))
	return 0
end

-- The space of the vCPU's own calls: a region-third table in CR1, made at first use.
local function primary(s, what)
	if not s.primary then
		local space = address_space(s, what, {})
		local rc = set_cr(s, what, 1, space.asce)
		if rc < 0 then
			A.fail("%s: CR1 cannot be set: %s", what, M.expect.repr(rc))
		end
		s.primary = space
	end
	return C.states[s.primary]
end

C.methods(Space, { map = map, pte = pte, set_pte = set_pte })

function U.exception(e)
	return { vector = e.code, code = e.code, teid = e.syndrome }
end

C.methods(U.vcpu, {
	get_cr = get_cr, set_cr = set_cr, get_ar = get_ar, set_ar = set_ar, get_psw = get_psw, set_psw = set_psw,
	address_space = address_space,
	map = function(s, what, t) return map(primary(s, what), what, t) end,
	pte = function(s, what, va, level) return pte(primary(s, what), what, va, level) end,
	set_pte = function(s, what, va, raw, level) return set_pte(primary(s, what), what, va, raw, level) end,
})
