-- SPDX-License-Identifier: GPL-2.0-only
-- x86_64 guest state: CPUID, registers, segments, page tables, and the TLB that the guest empties.
local core, M = ...
local A, C, P, U, N, T = M.args, M.class, M.process, M.vcpu, M.kernel, M.tables

local K = core.constants
local char, sub, rep, find, fmt = string.char, string.sub, string.rep, string.find, string.format
local next, type = next, type

local REGS <const>, SREGS <const> = N.struct("kvm_regs"), N.struct("kvm_sregs")
local SEGMENT <const> = N.struct("kvm_segment")
local CPUID <const>, CPUID_ENTRY <const> = N.struct("kvm_cpuid2"), N.struct("kvm_cpuid_entry2")
local MSRS <const>, MSR_ENTRY <const> = N.struct("kvm_msrs"), N.struct("kvm_msr_entry")

local regs <const> = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12", "r13",
	"r14", "r15", "rip", "rflags" }
local sregs <const> = { "cr0", "cr2", "cr3", "cr4", "cr8", "efer", "apic_base" }
local segments <const> = { "cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt" }
local tables <const> = { "gdt", "idt" }
local segment_bytes <const> = { "type", "present", "dpl", "db", "s", "l", "g", "avl", "unusable" }

local CR0_PE <const>, CR0_WP <const>, CR0_PG <const> = 1, 1 << 16, 1 << 31
local CR4_PAE <const>, CR4_LA57 <const> = 1 << 5, 1 << 12
local EFER_LME <const>, EFER_LMA <const>, EFER_NX <const> = 1 << 8, 1 << 10, 1 << 11
local PTE_P <const>, PTE_W <const>, PTE_U <const>, PTE_PS <const>, PTE_NX <const> = 1, 2, 4, 1 << 7, 1 << 63
local PTE_A <const>, PTE_D <const>, PTE_G <const> = 1 << 5, 1 << 6, 1 << 8
local PTE_ADDR <const> = 0x000ffffffffff000
local PAGE <const> = 4096

-- Gives a new vCPU all that KVM supports, like VMMs with "-cpu host", unless the argument cpuid is false: without a
-- CPUID table the guest has no long mode, and 36 address bits.
function U.vcpu_created(s, a)
	if a.cpuid == false then
		return 0
	end
	local kvm = core.syscall(s.proc.pid, core.SYS_OPEN_KVM)
	if kvm < 0 then
		return kvm
	end
	local table_bytes <const> = K.KVM_MAX_CPUID_ENTRIES * CPUID_ENTRY:size()
	local rc, data = P.ioctl_struct(s.proc, kvm, K.KVM_GET_SUPPORTED_CPUID,
		CPUID:pack{ nent = K.KVM_MAX_CPUID_ENTRIES } .. rep("\0", table_bytes), CPUID:size() + table_bytes)
	core.syscall(s.proc.pid, core.SYS_CLOSE, kvm)
	if rc < 0 then
		return rc
	end
	local bytes = CPUID:size() + CPUID:get(data, "nent") * CPUID_ENTRY:size()
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_CPUID2, sub(data, 1, bytes)))
end

local function get_regs(s)
	local data = U.get_struct(s, K.KVM_GET_REGS, REGS)
	return type(data) == "string" and REGS:fields(data, "") or data
end

local regs_schema = {}
for _, name in next, regs, nil do
	regs_schema[name] = { A.u64 }
end

local function set_regs(s, what, t)
	local a = A.table(what, t, regs_schema)
	local data = U.get_struct(s, K.KVM_GET_REGS, REGS)
	if type(data) ~= "string" then
		return data
	end
	for name, value in next, a, nil do
		data = REGS:set(data, name, value)
	end
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_REGS, data))
end

local function get_sregs(s)
	local data = U.get_struct(s, K.KVM_GET_SREGS, SREGS)
	if type(data) ~= "string" then
		return data
	end
	local out = {}
	for _, name in next, sregs, nil do
		out[name] = SREGS:get(data, name)
	end
	for _, name in next, segments, nil do
		out[name] = SEGMENT:fields(data, "", SREGS:offset(name))
	end
	for _, name in next, tables, nil do
		out[name] = { base = SREGS:get(data, name .. ".base"), limit = SREGS:get(data, name .. ".limit") }
	end
	return out
end

local segment_schema = { base = { A.u64 }, limit = { A.u32 },
	selector = { function(what, v) return A.int(what, v, 0, 0xffff) end } }
for _, name in next, segment_bytes, nil do
	segment_schema[name] = { function(what, v) return A.int(what, v, 0, 255) end }
end
local function segment(what, t)
	return A.table(what, t, segment_schema)
end

local table_schema = { base = { A.u64 }, limit = { function(what, v) return A.int(what, v, 0, 0xffff) end } }
local function descriptor_table(what, t)
	return A.table(what, t, table_schema)
end

local sregs_schema = {}
for _, name in next, sregs, nil do
	sregs_schema[name] = { A.u64 }
end
for _, name in next, segments, nil do
	sregs_schema[name] = { segment }
end
for _, name in next, tables, nil do
	sregs_schema[name] = { descriptor_table }
end

-- Changes the given registers, keeps the rest.
local function change_sregs(s, a)
	local data = U.get_struct(s, K.KVM_GET_SREGS, SREGS)
	if type(data) ~= "string" then
		return data
	end
	for _, name in next, sregs, nil do
		if a[name] then
			data = SREGS:set(data, name, a[name])
		end
	end
	for _, name in next, segments, nil do
		for field, value in next, a[name] or {}, nil do
			data = SEGMENT:set(data, field, value, SREGS:offset(name))
		end
	end
	for _, name in next, tables, nil do
		for field, value in next, a[name] or {}, nil do
			data = SREGS:set(data, name .. "." .. field, value)
		end
	end
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_SREGS, data))
end

local function map_one(s, what, va, gpa, bits, level)
	local tbl = s.paging.root
	for l = s.paging.levels, level + 1, -1 do
		local at = tbl + ((va >> (12 + 9 * (l - 1))) & 511) * 8
		local entry = T.read(s, what, at)
		if entry & PTE_P == 0 then
			entry = T.new(s, what, PAGE) | PTE_P | PTE_W | PTE_U
			T.write(s, what, at, entry)
		elseif entry & PTE_PS ~= 0 then
			A.fail("%s: 0x%x is already mapped by a larger page", what, va)
		end
		tbl = entry & PTE_ADDR
	end
	T.write(s, what, tbl + ((va >> (12 + 9 * (level - 1))) & 511) * 8,
		gpa | bits | (level > 1 and PTE_PS or 0))
end

local paging_schema = {
	levels = { function(what, v) return A.int(what, v, 4, 5) end, 4 }, tables = { A.u64 },
	size = { function(what, v) return A.int(what, v, 8 * PAGE, 1 << 30) end, 64 * PAGE },
}

local flat <const> = { base = 0, limit = 0xffffffff, selector = 16, type = 3, present = 1, dpl = 0, db = 1, s = 1,
	l = 0, g = 1,
	avl = 0, unusable = 0 }
local code64 <const> = { base = 0, limit = 0xffffffff, selector = 8, type = 11, present = 1, dpl = 0, db = 0, s = 1,
	l = 1, g = 1,
	avl = 0, unusable = 0 }

local function enter_long_mode(s)
	local p = s.paging
	local rc = change_sregs(s, {
		cr3 = p.root, cr4 = CR4_PAE | (p.levels == 5 and CR4_LA57 or 0), efer = EFER_LME | EFER_LMA | EFER_NX,
		cr0 = CR0_PE | CR0_WP | CR0_PG | 0x30, cs = code64, ds = flat, es = flat, ss = flat,
	})
	p.active = p.active or rc == 0
	return rc
end

local function set_paging(s, what, t)
	local a = A.table(what, t or {}, paging_schema)
	local place = a.tables or T.place(s, what, a.size, 1)
	if place & (PAGE - 1) ~= 0 or place < 0 then
		A.fail("%s: tables: expected a page-aligned guest-physical address, got %s", what, A.describe(place))
	end
	s.paging = { levels = a.levels, root = place, next = place + PAGE, stop = place + (a.size & -PAGE),
		active = false }
	T.clear(s, what, place, s.paging.stop)
	for gpa = place, s.paging.stop - PAGE, PAGE do
		map_one(s, what, T.WINDOW + gpa, gpa, PTE_P | PTE_W | PTE_NX, 1)
	end
	return enter_long_mode(s)
end

local function right_bits(what, v)
	if type(v) ~= "string" or #v > 3 or find(v, "[^rwx]") or not find(v, "r") then
		A.refuse(what, '"r", "rw", "rx" or "rwx"', v)
	end
	return PTE_P | (find(v, "w") and PTE_W or 0) | (find(v, "x") and 0 or PTE_NX)
end

local map_schema = {
	from = { A.u64, A.required }, to = { A.u64, A.required }, size = { A.u64 },
		prot = { right_bits, PTE_P | PTE_W },
	user = { A.boolean, true }, level = { function(what, v) return A.int(what, v, 1, 3) end, 1 },
}

-- Maps guest-virtual addresses from `from` on to guest-physical ones from `to` on.
local function map(s, what, t)
	local a = A.table(what, t, map_schema)
	local step = PAGE << 9 * (a.level - 1)
	local size = a.size or step
	T.needs_paging(s, what)
	if (a.from | a.to | size) & (step - 1) ~= 0 or size <= 0 or size // step > 65536 then
		A.fail("%s: from, to and size must be multiples of 0x%x, and at most 65536 entries", what, step)
	end
	if a.to & ~PTE_ADDR ~= 0 then
		A.fail("%s: to: no guest-physical address: %s", what, A.describe(a.to))
	end
	for off = 0, size - step, step do
		map_one(s, what, a.from + off, a.to + off, a.prot | (a.user and PTE_U or 0), a.level)
	end
	return 0
end

-- Returns address (guest-physical) and value of the entry that maps va at this level, or nil if a table above is
-- missing.
local function find_entry(s, what, va, level)
	T.needs_paging(s, what)
	local tbl = s.paging.root
	for l = s.paging.levels, 1, -1 do
		local at = tbl + ((va >> (12 + 9 * (l - 1))) & 511) * 8
		local entry = T.read(s, what, at)
		if l == level or (not level and (l == 1 or (l <= 3 and entry & PTE_PS ~= 0))) then
			return at, entry, l
		end
		if entry & PTE_P == 0 or entry & PTE_PS ~= 0 then
			return nil
		end
		tbl = entry & PTE_ADDR
	end
end

-- The guest's entry for va in the VMM's view of memory, or nil: the last one, or that of a level.
local function pte(s, what, va, level)
	local at, raw, l = find_entry(s, what, A.u64(what .. ": address", va),
		level ~= nil and A.int(what .. ": level", level, 1, 5) or nil)
	return at and {
		gpa = at, raw = raw, level = l, present = raw & PTE_P ~= 0, writable = raw & PTE_W ~= 0,
		user = raw & PTE_U ~= 0, executable = raw & PTE_NX == 0, accessed = raw & PTE_A ~= 0,
		dirty = raw & PTE_D ~= 0, global = raw & PTE_G ~= 0, address = raw & PTE_ADDR,
	} or nil
end

-- The guest writes the entry, through its view of its own tables.
local function set_pte(s, what, va, raw, level)
	local at = find_entry(s, what, A.u64(what .. ": address", va),
		level ~= nil and A.int(what .. ": level", level, 1, 5) or nil)
	if not at then
		A.fail("%s: no table for 0x%x", what, va)
	end
	T.write(s, what, at, A.u64(what .. ": entry", raw))
	return 0
end

-- struct kvm_msrs with one entry.
local function one_msr(what, index, value)
	return MSRS:pack{ nmsrs = 1 } .. MSR_ENTRY:pack{ index = A.u32(what .. ": index", index), data = value }
end

-- Returns how many were accepted, 0 or 1, or -errno.
local function set_msr(s, what, index, value)
	return (P.ioctl_struct(s.proc, s.fd, K.KVM_SET_MSRS, one_msr(what, index, A.u64(what .. ": value", value))))
end

local function get_msr(s, what, index)
	local msrs = one_msr(what, index, 0)
	local rc, data = P.ioctl_struct(s.proc, s.fd, K.KVM_GET_MSRS, msrs, #msrs)
	if rc ~= 1 then
		return rc < 0 and rc or -K.EINVAL
	end
	return MSR_ENTRY:get(data, "data", MSRS:size())
end

U.set_regs = set_regs

function U.exception(e)
	return { vector = e.code, error_code = e.syndrome, cr2 = e.address }
end

U.host_map = C.new("host_map", {})

local function offset_of(what, offset)
	return A.int(what .. ": offset", offset or 0, 0, PAGE - 4)
end

C.methods(U.host_map, {
	read = function(s, what, offset)
		return core.event(s.proc.pid, core.EV_GUEST_MAP_READ, s.number, offset_of(what, offset))
	end,
	write = function(s, what, offset, value)
		return core.event(s.proc.pid, core.EV_GUEST_MAP_WRITE, s.number, offset_of(what, offset),
			A.u32(what .. ": value", value))
	end,
	unmap = function(s) return core.event(s.proc.pid, core.EV_GUEST_UNMAP, s.number) end,
})

-- kvm_vcpu_map(), as vendor modules call it for structures of nested guests.
local function host_map(s, what, gpa, access)
	local writable = A.choice(what .. ": access", access or "rw", { r = 0, rw = 1 })
	local number = core.event(s.proc.pid, core.EV_GUEST_MAP, s.fd, A.u64(what .. ": address", gpa), writable)
	return number < 0 and number or
		C.object(U.host_map, { proc = s.proc, number = number, label = fmt("%d", number) })
end

C.methods(U.vcpu, {
	host_map = host_map,
	invlpg = function(s, what, addr, flags)
		return U.access(s, core.TLBI, A.u64(what .. ": address", addr), 1, nil, U.user_flag(what, flags))
	end,
	-- INVPCID: type 0 to 3; the descriptor is at a guest-virtual address.
	invpcid = function(s, what, kind, addr, flags)
		return U.access(s, core.TLBI, A.u64(what .. ": descriptor", addr), 1,
			char(1 + A.int(what .. ": type", kind, 0, 254)), U.user_flag(what, flags))
	end,
	load_cr3 = function(s, what, value, flags)
		return U.access(s, core.SET_ROOT, A.u64(what .. ": value", value), 1, nil, U.user_flag(what, flags))
	end,
	get_msr = get_msr,
	set_msr = set_msr,
	get_regs = get_regs,
	set_regs = set_regs,
	get_sregs = get_sregs,
	set_sregs = function(s, what, t) return change_sregs(s, A.table(what, t, sregs_schema)) end,
	set_paging = set_paging,
	map = map,
	pte = pte,
	set_pte = set_pte,
	-- Guest-virtual address of the guest's view of its tables; add the guest-physical address.
	table_window = function() return T.WINDOW end,
	-- Uses another vCPU's tables in their present state.
	share_paging = function(s, what, other)
		local o = C.state(what .. ": vcpu", other, U.vcpu)
		if o.vm ~= s.vm or not o.paging then
			A.fail("%s: expected a vCPU of the same VM after set_paging", what)
		end
		s.paging = o.paging
		return enter_long_mode(s)
	end,
	-- Writes CR3 again, which empties the guest's TLB.
	reload_cr3 = function(s)
		local now = get_sregs(s)
		if type(now) ~= "table" then
			return now
		end
		local rc = change_sregs(s, { cr3 = 0 })
		return rc < 0 and rc or change_sregs(s, { cr3 = now.cr3 })
	end,
})
