-- SPDX-License-Identifier: GPL-2.0-only
-- The rings that KVM shares with the VMM through the vCPU's fd: dirty frames, coalesced MMIO.
local core, M = ...
local A, C, P, U, N = M.args, M.class, M.process, M.vcpu, M.kernel

local K = core.constants
local sub = string.sub
local concat, min = table.concat, math.min
local type = type

local page_size <const> = core.page_size
local DIRTY <const>, RING <const> = N.struct("kvm_dirty_gfn"), N.struct("kvm_coalesced_mmio_ring")
local COALESCED <const> = N.struct("kvm_coalesced_mmio")

local dirty_ring = C.new("ring", { "mapping", "entries" })
local coalesced_ring = C.new("coalesced ring", { "mapping" })

local function shared_pages(s, what, page, bytes)
	return P.mmap_fd(s, what, { length = (bytes + page_size() - 1) & -page_size(), offset = page * page_size() })
end

local function dirty(s, what, entries)
	local n = A.int(what .. ": entries", entries, 1, 1 << 20)
	local mapping = shared_pages(s, what, K.KVM_DIRTY_LOG_PAGE_OFFSET, n * DIRTY:size())
	if type(mapping) ~= "table" then
		return mapping
	end
	return C.object(dirty_ring, { proc = s.proc, mapping = mapping, addr = mapping.addr, entries = n, next = 0 })
end

-- Takes the dirty entries from the next one, at most to the end of the ring, and leaves them to KVM_RESET_DIRTY_RINGS.
local function collect_run(s, out, max)
	local at = s.next % s.entries
	local addr, n = s.addr + at * DIRTY:size(), min(s.entries - at, max)
	local data = core.user_read(s.proc.pid, addr, n * DIRTY:size())
	if type(data) ~= "string" then
		return data
	end
	local done = {}
	for i = 0, n - 1 do
		local entry = DIRTY:fields(data, "", i * DIRTY:size())
		if entry.flags ~= K.KVM_DIRTY_GFN_F_DIRTY then
			break
		end
		out[#out + 1] = { slot = entry.slot & 0xffff, as_id = entry.slot >> 16, offset = entry.offset }
		entry.flags = K.KVM_DIRTY_GFN_F_RESET
		done[#done + 1] = DIRTY:pack(entry)
	end
	s.next = s.next + #done
	return core.user_write(s.proc.pid, addr, concat(done))
end

-- Takes the dirty entries in order, at most max of them (api.rst 8.29).
local function collect(s, what, max)
	local out, n = {}, max == nil and s.entries or A.int(what .. ": max", max, 0, s.entries)
	repeat
		local before = #out
		local rc = collect_run(s, out, n - before)
		if rc < 0 then
			return rc
		end
	until #out == n or #out == before
	return out
end

local function coalesced(s, what)
	local page = P.ioctl(s.proc, s.vm.fd, K.KVM_CHECK_EXTENSION, K.KVM_CAP_COALESCED_MMIO)
	local mapping = page < 0 and page or shared_pages(s, what, page, page_size())
	if type(mapping) ~= "table" then
		return mapping
	end
	return C.object(coalesced_ring, { proc = s.proc, mapping = mapping, addr = mapping.addr })
end

-- Takes all waiting writes, in order.
local function take(s)
	local ring = core.user_read(s.proc.pid, s.addr, page_size())
	if type(ring) ~= "string" then
		return ring
	end
	local first, last, out = RING:get(ring, "first"), RING:get(ring, "last"), {}
	local begin, bytes = RING:offset("coalesced_mmio[0]"), RING:length("coalesced_mmio[0]")
	while first ~= last do
		local entry = COALESCED:fields(ring, "", begin + first * bytes)
		entry.data = sub(entry.data, 1, entry.len)
		out[#out + 1] = entry
		first = (first + 1) % ((page_size() - begin) // bytes)
	end
	P.put(s.proc, s.addr, RING, "first", first)
	return out
end

C.methods(dirty_ring, { collect = collect })
C.methods(coalesced_ring, { take = take })
C.methods(U.vcpu, { dirty_ring = dirty, coalesced_ring = coalesced })
