-- SPDX-License-Identifier: GPL-2.0-only
-- The kernel's interface as the flavour exports it: constants by name, structures by the names of their members.
local core, M = ...
local A, C = M.args, M.class
local N = {}
M.kernel = N

local K, absent = core.constants, core.absent
local setmetatable, next, rawget, select, type = setmetatable, next, rawget, select, type
local fmt, rep, sub, find = string.format, string.rep, string.sub, string.find
local kind_of = math.type
local concat, sort = table.concat, table.sort
local pack, unpack = string.pack, string.unpack

-- --- constants ---------------------------------------------------------------------------------------------

local function lacks(name)
	return fmt("%s: %s does not have this constant", name, core.kernel)
end

-- The language's own use of a name that the kernel lacks. rawget(K, name) is nil instead.
setmetatable(K, { __index = function(_, name) A.fail("%s", lacks(name)) end })

-- Calls whose first argument is shown by name in the steps, and which names may be meant. An ioctl's number has its type
-- in the second byte, KVM's or userfaultfd's.
local meant = {
	ioctl = function(name, value)
		local kind = value >> 8 & 0xff
		return kind == 0xae and find(name, "^KVM_") or kind == 0xaa and find(name, "^UFFDIO_")
	end,
	check_extension = function(name) return find(name, "^KVM_CAP_") end,
}
local names_of = {}	-- for each of these calls, value -> name; of several the first in the alphabet

-- The name of the first argument of a call, or nil.
function N.name_of_first(call, value)
	local fits, names = meant[call], names_of[call]
	if not fits then
		return nil
	end
	if not names then
		names = {}
		for name, v in next, K, nil do
			if kind_of(v) == "integer" and fits(name, v) and (not names[v] or name < names[v]) then
				names[v] = name
			end
		end
		names_of[call] = names
	end
	return names[value]
end

-- What a file gets for a name that this kernel lacks while it is read: the file may have scenarios that this kernel
-- skips. Calculating with it and library functions give the same again. Calls and expectations refuse it.
local Absent = C.new("absent constant")
local objects = {}

local function is_absent(v)
	local s = C.states[v]
	return s and s.class == Absent
end

local function carry(a, b)
	return is_absent(a) and a or b
end
for _, op in next, { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat",
	"unm", "bnot", "len" }, nil do
	Absent.mt["__" .. op] = carry
end

-- A few words about a value that stands for a missing constant, else nil.
function N.describe_absent(v)
	return is_absent(v) and fmt("%s, which %s does not have", C.states[v].label, core.kernel) or nil
end

-- For a name that only other kernels or architectures have: an object while a file is read, else an error. Returns nil
-- for any other name.
function N.absent(name)
	if not absent[name] then
		return nil
	end
	if M.running then
		A.fail("%s", lacks(name))
	end
	objects[name] = objects[name] or C.object(Absent, { label = name })
	return objects[name]
end

-- fn, a function of a library, for the reading of files: with a missing constant among its arguments it returns that.
function N.carrying(fn)
	return function(...)
		for i = 1, M.running and 0 or select("#", ...) do
			local v = select(i, ...)
			if is_absent(v) then
				return v
			end
		end
		return fn(...)
	end
end

function N.is_known(name)
	return rawget(K, name) ~= nil or absent[name] == true
end

-- Whether this kernel has the constant of that name, on this architecture.
function N.has(what, name)
	if not N.is_known(A.string(what, name, 100)) then
		A.refuse(what, "the name of a constant", name)
	end
	return rawget(K, name) ~= nil
end

-- All names, with a value or without.
function N.names()
	local out = A.keys(K)
	for name in next, absent, nil do
		out[#out + 1] = name
	end
	return out
end

-- --- structures --------------------------------------------------------------------------------------------

local formats <const> = {
	unsigned = { [1] = "B", [2] = "<I2", [4] = "<I4", [8] = "<i8" },
	signed = { [1] = "b", [2] = "<i2", [4] = "<i4", [8] = "<i8" },
}

local Struct = {}
Struct.__index = Struct

-- struct NAME of the kernel's interface. Whether the kernel has it matters at the first use.
function N.struct(name)
	return setmetatable({ name = name }, Struct)
end

-- Asks the flavour. Returns the members; each gets the formats to read and to write it, unless it is bytes.
local function load(s)
	local bytes, members = core.layout(s.name)
	if not bytes then
		A.fail("struct %s: %s does not have this structure", s.name, core.kernel)
	end
	for _, m in next, members, nil do
		if m.kind ~= "bytes" then
			m.read, m.write = formats[m.kind][m.size], formats.unsigned[m.size]
			m.mask = m.size < 8 and (1 << 8 * m.size) - 1 or -1
		end
	end
	s.bytes, s.members = bytes, members
	return members
end

local function member(s, name)
	return (s.members or load(s))[name] or
		A.fail("struct %s: %s has no member '%s' in it", s.name, core.kernel, name)
end

function Struct:size()
	if not self.bytes then
		load(self)
	end
	return self.bytes
end

function Struct:offset(name)
	return member(self, name).offset
end

-- Bytes of a member.
function Struct:length(name)
	return member(self, name).size
end

function Struct:has(name)
	self:size()
	return self.members[name] ~= nil
end

-- Refuses a value that does not fit a member, which is a number. Returns the value as a number.
function Struct:check(what, name, v)
	local m = member(self, name)
	local bits = 8 * m.size
	if bits == 64 then
		return A.u64(what, v)
	elseif m.kind == "signed" then
		return A.int(what, v, -(1 << bits - 1), (1 << bits - 1) - 1)
	end
	return A.int(what, v, 0, (1 << bits) - 1)
end

-- The bytes of a member with a value: a number, of which the low bits count; for arrays and structures a string, which
-- is filled up with zeroes.
function Struct:encode(name, value)
	local m = member(self, name)
	if m.write then
		return pack(m.write, value & m.mask)
	end
	return sub(value, 1, m.size) .. rep("\0", m.size - #value)
end

-- A member of the structure that begins at offset `at` of data.
function Struct:get(data, name, at)
	local m = member(self, name)
	local first = (at or 0) + m.offset + 1
	if m.read then
		return (unpack(m.read, data, first))
	end
	return sub(data, first, first + m.size - 1)
end

-- data with another value of a member of the structure at offset `at`.
function Struct:set(data, name, value, at)
	local first = (at or 0) + member(self, name).offset
	local piece = self:encode(name, value)
	return sub(data, 1, first) .. piece .. sub(data, first + #piece + 1)
end

-- The structure's bytes. Members that are not in values are filled with zeroes, or with the byte `fill`.
function Struct:pack(values, fill)
	local data = rep(fill or "\0", self:size())
	for name, value in next, values, nil do
		data = self:set(data, name, value)
	end
	return data
end

-- All members whose names begin with prefix, as a table with the rest of the names; at: as in get().
function Struct:fields(data, prefix, at)
	self:size()
	local out = {}
	for name in next, self.members, nil do
		if sub(name, 1, #prefix) == prefix then
			out[sub(name, #prefix + 1)] = self:get(data, name, at)
		end
	end
	return out
end

-- Offset and length of the part that has all members whose names begin with prefix.
function Struct:part(prefix)
	local first, stop = self:size(), 0
	for name, m in next, self.members, nil do
		if sub(name, 1, #prefix) == prefix then
			first = m.offset < first and m.offset or first
			stop = m.offset + m.size > stop and m.offset + m.size or stop
		end
	end
	return first, stop - first
end

-- --- steps -------------------------------------------------------------------------------------------------

-- The structures that ioctls take, for the steps; what is not here is shown as bytes.
local taken <const> = {
	KVM_SET_USER_MEMORY_REGION = "kvm_userspace_memory_region",
	KVM_SET_USER_MEMORY_REGION2 = "kvm_userspace_memory_region2",
	KVM_GET_DIRTY_LOG = "kvm_dirty_log",
	KVM_CLEAR_DIRTY_LOG = "kvm_clear_dirty_log",
	KVM_ENABLE_CAP = "kvm_enable_cap",
	KVM_CREATE_GUEST_MEMFD = "kvm_create_guest_memfd",
	KVM_SET_MEMORY_ATTRIBUTES = "kvm_memory_attributes",
	KVM_PRE_FAULT_MEMORY = "kvm_pre_fault_memory",
	KVM_REGISTER_COALESCED_MMIO = "kvm_coalesced_mmio_zone",
	KVM_UNREGISTER_COALESCED_MMIO = "kvm_coalesced_mmio_zone",
	KVM_IOEVENTFD = "kvm_ioeventfd",
	KVM_TRANSLATE = "kvm_translation",
	KVM_CREATE_DEVICE = "kvm_create_device",
	KVM_SET_DEVICE_ATTR = "kvm_device_attr",
	KVM_GET_DEVICE_ATTR = "kvm_device_attr",
	KVM_HAS_DEVICE_ATTR = "kvm_device_attr",
	KVM_SET_ONE_REG = "kvm_one_reg",
	KVM_GET_ONE_REG = "kvm_one_reg",
	KVM_SET_REGS = "kvm_regs",
	KVM_GET_REGS = "kvm_regs",
	KVM_SET_SREGS = "kvm_sregs",
	KVM_GET_SREGS = "kvm_sregs",
	KVM_ARM_MTE_COPY_TAGS = "kvm_arm_copy_mte_tags",
	KVM_ARM_VCPU_INIT = "kvm_vcpu_init",
	KVM_ARM_PREFERRED_TARGET = "kvm_vcpu_init",
	KVM_S390_MEM_OP = "kvm_s390_mem_op",
	KVM_S390_UCAS_MAP = "kvm_s390_ucas_mapping",
	KVM_S390_UCAS_UNMAP = "kvm_s390_ucas_mapping",
	KVM_S390_GET_SKEYS = "kvm_s390_skeys",
	KVM_S390_SET_SKEYS = "kvm_s390_skeys",
	KVM_S390_KEYOP = "kvm_s390_keyop",
	KVM_S390_GET_CMMA_BITS = "kvm_s390_cmma_log",
	KVM_S390_SET_CMMA_BITS = "kvm_s390_cmma_log",
	KVM_S390_INTERRUPT = "kvm_s390_interrupt",
	UFFDIO_API = "uffdio_api",
	UFFDIO_REGISTER = "uffdio_register",
	UFFDIO_UNREGISTER = "uffdio_range",
	UFFDIO_WAKE = "uffdio_range",
	UFFDIO_COPY = "uffdio_copy",
	UFFDIO_ZEROPAGE = "uffdio_zeropage",
	UFFDIO_WRITEPROTECT = "uffdio_writeprotect",
	UFFDIO_CONTINUE = "uffdio_continue",
	UFFDIO_POISON = "uffdio_poison",
	UFFDIO_MOVE = "uffdio_move",
}

-- The members that the flavour knows of the structure of a raw ioctl, in the order of their offsets: { slot = 1, ... }.
-- nil: it is no such call, or data has another length.
function N.members_of_argument(call, cmd, data)
	local name = call == "ioctl" and type(data) == "string" and taken[N.name_of_first(call, cmd)]
	if not name then
		return nil
	end
	local bytes, members = core.layout(name)
	if bytes ~= #data then
		return nil
	end
	local names, s, out = A.keys(members), N.struct(name), {}
	sort(names, function(a, b) return members[a].offset < members[b].offset end)
	for i, member_name in next, names, nil do
		out[i] = fmt("%s = %s", member_name, M.expect.repr(s:get(data, member_name)))
	end
	return "{ " .. concat(out, ", ") .. " }"
end
