-- SPDX-License-Identifier: GPL-2.0-only
-- The dirty log of one slot, from KVM_GET_DIRTY_LOG: a set of guest frames.
local _, M = ...
local A, C = M.args, M.class
local D = {}
M.dirty = D

local fmt, byte, char = string.format, string.byte, string.char
local concat = table.concat

D.dirty = C.new("dirty log", { "slot", "base_gfn", "npages" })
D.dirty.repr = function(s)
	return fmt("dirty log of slot %d with %d of %d pages", s.slot, s.count, s.npages)
end

local function set(s, index)
	if not s.bits[index] then
		s.bits[index] = true
		s.count = s.count + 1
	end
end

-- bitmap: the bytes from the kernel, bit 0 of byte 0 first.
function D.new(slot, base_gfn, npages, bitmap)
	local s = { slot = slot, base_gfn = base_gfn, npages = npages, bits = {}, count = 0 }
	for i = 1, #bitmap do
		local b = byte(bitmap, i)
		if b ~= 0 then
			for bit = 0, 7 do
				local index = (i - 1) * 8 + bit
				if b & (1 << bit) ~= 0 and index < npages then
					set(s, index)
				end
			end
		end
	end
	return C.object(D.dirty, s)
end

-- The bitmap's bytes from page first (a multiple of 8) on, in whole 64-bit words.
function D.bitmap(s, first, npages)
	local out, n = {}, 0
	for word = 0, (npages + 63) // 64 - 1 do
		for b = 0, 7 do
			local v = 0
			for bit = 0, 7 do
				if s.bits[first + word * 64 + b * 8 + bit] then
					v = v | 1 << bit
				end
			end
			n = n + 1
			out[n] = char(v)
		end
	end
	return concat(out)
end

C.methods(D.dirty, {
	test = function(s, what, gfn)
		return s.bits[A.u64(what .. ": gfn", gfn) - s.base_gfn] == true
	end,
	count = function(s)
		return s.count
	end,
	-- Frame numbers, ascending.
	pages = function(s)
		local out, n = {}, 0
		for i = 0, s.npages - 1 do
			if s.bits[i] then
				n = n + 1
				out[n] = s.base_gfn + i
			end
		end
		return out
	end,
	add = function(s, what, other)
		local o = C.state(what .. ": other", other, D.dirty)
		if o.base_gfn ~= s.base_gfn or o.npages ~= s.npages then
			A.fail("%s: other: a log of another slot", what)
		end
		for i = 0, s.npages - 1 do
			if o.bits[i] then
				set(s, i)
			end
		end
		return s.self
	end,
})
