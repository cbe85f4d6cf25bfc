-- SPDX-License-Identifier: GPL-2.0-only
-- The option params: parameters with which the kernel's modules, and the machine itself, are loaded.
local core, M = ...
local A = M.args
local S = {}
M.params = S

local type, rawget, next = type, rawget, next
local fmt, find, gmatch, sort, concat = string.format, string.find, string.gmatch, table.sort, table.concat

-- A parameter's value as text.
function S.value(what, v)
	if type(v) == "boolean" then
		return v and "Y" or "N"
	elseif type(v) ~= "string" then
		v = A.u64(what, v)
		return v < 0 and fmt("0x%x", v) or fmt("%d", v)
	end
	return A.string(what, v, 1000)
end

local function pair(what, name, v)
	if type(name) ~= "string" or not find(name, "^[%w_]+%.[%w_]+$") then
		A.refuse(what, 'names of parameters, as "kvm.tdp_mmu"', name)
	end
	what = fmt("%s: %s", what, name)
	local text = S.value(what, v)
	if text == "" or find(text, "[,%c]") then
		A.refuse(what, "a value without commas", v)
	end
	return name .. "=" .. text
end

local function whole_set(what, v)
	local out = {}
	if type(v) ~= "table" then
		A.refuse(what, "a table of parameters, or a list of such tables", v)
	end
	for name, value in next, v, nil do
		out[#out + 1] = pair(what, name, value)
	end
	sort(out)
	return concat(out, ",")
end

-- A table of parameters, or a list of such tables: one run each. Returns them as texts, "kvm.tdp_mmu=N,machine.cpus=2".
function S.texts(what, v)
	if type(v) == "table" and type(rawget(v, 1)) == "table" then
		return A.list(what, v, 16, whole_set)
	end
	return { whole_set(what, v) }
end

-- The parameters of such a text, as { name = text }.
function S.of(text)
	local out = {}
	for name, value in gmatch(text, "([^=,]+)=([^,]+)") do
		out[name] = value
	end
	return out
end
