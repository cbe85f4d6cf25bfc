-- SPDX-License-Identifier: GPL-2.0-only
-- A guest's own page tables in guest memory, for architectures where a vCPU has them (vcpu:set_paging()). The VMM builds
-- them; once s.paging.active is true the guest changes them itself, as KVM expects.
local core, M = ...
local A, V = M.args, M.vm
local T = {}
M.tables = T

local pack, unpack, rep = string.pack, string.unpack, string.rep
local type = type
local PIECE <const> = 4096	-- what one write clears

T.WINDOW = 0xffff888000000000	-- guest-virtual: where the guest sees its own tables

local function vmm_address(s, what, gpa)
	local addr = V.gpa_to_user(s.vm, gpa)
	if not addr then
		A.fail("%s: the page tables at guest-physical 0x%x are in no slot", what, gpa)
	end
	return addr
end

local function vmm_write(s, what, gpa, data)
	if core.user_write(s.proc.pid, vmm_address(s, what, gpa), data) < 0 then
		A.fail("%s: the page tables at guest-physical 0x%x cannot be written", what, gpa)
	end
end

-- The VMM reads an entry.
function T.read(s, what, gpa)
	local data = core.user_read(s.proc.pid, vmm_address(s, what, gpa), 8)
	if type(data) ~= "string" then
		A.fail("%s: the page tables at guest-physical 0x%x cannot be read", what, gpa)
	end
	return (unpack("<i8", data))
end

-- The VMM, or the guest if it uses the tables already, writes an entry.
function T.write(s, what, gpa, value)
	if not s.paging.active then
		vmm_write(s, what, gpa, pack("<i8", value))
	elseif s.class.methods.write(s.self, T.WINDOW + gpa, pack("<i8", value)) ~= true then
		A.fail("%s: the guest could not write its page table entry at guest-physical 0x%x", what, gpa)
	end
end

-- Default place of tables: the end of slot 0. The result is a multiple of align.
function T.place(s, what, size, align)
	local k = s.vm.slots[0]
	if not k or k.npages << V.page_shift() < size then
		A.fail("%s: tables: missing, and slot 0 has no room for %d bytes", what, size)
	end
	return (k.base_gfn + k.npages << V.page_shift()) - size & -align
end

-- The VMM empties the pages from place up to stop.
function T.clear(s, what, place, stop)
	for gpa = place, stop - PIECE, PIECE do
		vmm_write(s, what, gpa, rep("\0", PIECE))
	end
end

-- Takes one more table of that many bytes from those that are left.
function T.new(s, what, bytes)
	local p = s.paging
	if p.next + bytes > p.stop then
		A.fail("%s: no room for another page table (set_paging: size)", what)
	end
	p.next = p.next + bytes
	return p.next - bytes
end

-- Returns s.paging.
function T.needs_paging(s, what)
	if not s.paging then
		A.fail("%s: set_paging comes first", what)
	end
	return s.paging
end
