-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_GET_STATS_FD: the binary statistics of a VM or vCPU by name (api.rst 4.133).
local core, M = ...
local C, P, V, U = M.class, M.process, M.vm, M.vcpu

local K = core.constants
local unpack, match = string.unpack, string.match
local type = type

local DESC_BYTES <const> = 16	-- struct kvm_stats_desc without its name

-- The file itself.
local function get_stats_fd(s)
	local fd = P.ioctl(s.proc, s.fd, K.KVM_GET_STATS_FD)
	return fd < 0 and fd or P.fd_object(s.proc, fd, "stats")
end

local function read_all(file)
	local out = ""
	repeat
		local piece = file:read(4096)
		if type(piece) ~= "string" then
			return piece
		end
		out = out .. piece
	until #piece == 0
	return out
end

-- name -> value, or a list of values if the statistic has several.
local function stats(s)
	local file = get_stats_fd(s)
	if type(file) ~= "table" then
		return file
	end
	local data = read_all(file)
	file:close()
	if type(data) ~= "string" then
		return data
	end
	local _, name_size, count, _, descriptions, values = unpack("<I4I4I4I4I4I4", data)
	local out = {}
	for i = 0, count - 1 do
		local at = descriptions + i * (DESC_BYTES + name_size) + 1
		local _, _, size, offset = unpack("<I4i2I2I4", data, at)
		local name = match(data, "^[^\0]+", at + DESC_BYTES)
		if size == 1 then
			out[name] = unpack("<i8", data, values + offset + 1)
		else
			local list = {}
			for n = 1, size do
				list[n] = unpack("<i8", data, values + offset + 8 * n - 7)
			end
			out[name] = list
		end
	end
	return out
end

C.methods(V.vm, { stats = stats, get_stats_fd = get_stats_fd })
C.methods(U.vcpu, { stats = stats, get_stats_fd = get_stats_fd })
