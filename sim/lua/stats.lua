-- SPDX-License-Identifier: GPL-2.0-only
-- KVM_GET_STATS_FD: the binary statistics of a VM or vCPU by name (api.rst 4.133).
local core, M = ...
local C, P, V, U, N = M.class, M.process, M.vm, M.vcpu, M.kernel

local K = core.constants
local unpack, match = string.unpack, string.match
local type = type

local HEADER <const>, DESC <const> = N.struct("kvm_stats_header"), N.struct("kvm_stats_desc")

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
	local header = HEADER:fields(data, "")
	local step, values = DESC:offset("name[0]") + header.name_size, header.data_offset
	local out = {}
	for i = 0, header.num_desc - 1 do
		local at = header.desc_offset + i * step
		local size, offset = DESC:get(data, "size", at), DESC:get(data, "offset", at)
		local name = match(data, "^[^\0]+", at + DESC:offset("name[0]") + 1)
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
