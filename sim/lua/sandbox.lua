-- SPDX-License-Identifier: GPL-2.0-only
-- The environment of a scenario file: Lua's pure libraries, made deterministic, and the names of the scenario language.
local core, M = ...
local A, C, E, S, N = M.args, M.class, M.expect, M.scenario, M.kernel
local show = E.show

local G = _G
local type, next, getmetatable, setmetatable, rawget, select = type, next, getmetatable, setmetatable, rawget, select
local pcall = pcall
local fmt, find = string.format, string.find
local pack, unpack = table.pack, table.unpack
local randomseed = math.randomseed
local K = core.constants

local function copy(t, without)
	local out = {}
	for k, v in next, t, nil do
		if not (without and without[k]) then
			out[k] = v
		end
	end
	return out
end

-- Order of iteration: numbers, strings, the rest; the order of hashes depends on addresses.
local function ordered_pairs(t)
	if type(t) ~= "table" then
		A.fail("pairs: expected a table, got %s", A.describe(t))
	end
	local keys, i = E.sorted_keys(t), 0
	return function()
		local k, v
		repeat
			i = i + 1
			k = keys[i]
			v = k ~= nil and rawget(t, k)
		until k == nil or v ~= nil
		return k, v
	end, t, nil
end

local function ordered_next(t, k)
	if type(t) ~= "table" then
		A.fail("next: expected a table, got %s", A.describe(t))
	end
	local keys, take = E.sorted_keys(t), k == nil
	for i = 1, #keys do
		if take then
			return keys[i], rawget(t, keys[i])
		end
		take = keys[i] == k
	end
	return nil
end

-- fn(...), a function of Lua itself. Its errors appear at the scenario's line.
local function checked(fn, ...)
	local ok, result = pcall(fn, ...)
	return ok and result or A.fail("%s", result)
end

local function format(f, ...)
	local args = pack(...)
	if type(f) == "string" and find(f, "%%[-+ #0-9.]*p") then
		A.fail("string.format: %%p: scenarios cannot see addresses")
	end
	for i = 1, args.n do
		local t = type(args[i])
		if t ~= "number" and t ~= "string" and t ~= "nil" and t ~= "boolean" then
			args[i] = show(args[i])
		end
	end
	return checked(fmt, f, unpack(args, 1, args.n))
end

local function safe_setmetatable(t, mt)
	if type(mt) == "table" and rawget(mt, "__gc") ~= nil then
		A.fail("setmetatable: __gc is not allowed: it would run at an unpredictable time")
	end
	if C.states[t] then
		A.fail("setmetatable: %s cannot be written to", A.article(C.name_of(t)))
	end
	return checked(setmetatable, t, mt)
end

local function safe_getmetatable(v)
	if type(v) == "string" then
		return nil
	end
	return getmetatable(v)
end

-- A library's functions, which missing constants pass through while a file is read.
local function library(t, without)
	local out = copy(t, without)
	for name, v in next, out, nil do
		out[name] = type(v) == "function" and N.carrying(v) or v
	end
	return out
end

local string_names = library(G.string, { dump = true })
string_names.format = N.carrying(format)
-- Methods of strings ("x"):rep(3) come from the same table.
getmetatable("").__index = string_names

local math_names = library(G.math)
math_names.randomseed = function(a, b)
	randomseed(A.u64("math.randomseed: seed", a), b and A.u64("math.randomseed: second seed", b) or 0)
end

local base = {
	assert = G.assert, error = G.error, ipairs = G.ipairs, pcall = G.pcall, xpcall = G.xpcall,
		rawequal = G.rawequal,
	rawget = G.rawget, rawlen = G.rawlen, rawset = G.rawset, select = select, tonumber = G.tonumber, type = type,
	_VERSION = G._VERSION, next = ordered_next, pairs = ordered_pairs, tostring = show,
		setmetatable = safe_setmetatable,
	getmetatable = safe_getmetatable, print = function(...) core.note(E.printable(...)) end,
	expect = E.expect, scenario = S.scenario, cases = S.cases, any_page_size = S.any_page_size, io = G.io, os = G.os,
}

local function unknown(_, k)
	if type(k) == "string" and find(k, "^%u") then
		A.fail("unknown name '%s'%s", k, A.suggest(k, N.names()))
	end
	return nil
end

-- A new set of globals for one file.
function M.new_env()
	local env = copy(base)
	env.string, env.math = string_names, math_names
	env.table, env.utf8, env.coroutine = copy(G.table), copy(G.utf8), copy(G.coroutine)
	env._G = env
	return setmetatable(env, {
		__index = function(t, k)
			return rawget(K, k) or N.absent(k) or unknown(t, k)
		end,
		__metatable = "globals",
	})
end

local function load_chunk(text, chunk_name, env)
	local chunk, err = G.load(text, chunk_name, "t", env)
	if not chunk then
		G.error(err, 0)
	end
	return chunk
end

-- require(name) in a scenario file: returns what lib/NAME.lua beside it returns. The file shares its globals.
local function loader(dir, env)
	local loaded = {}
	return function(name, ...)
		if select("#", ...) > 0 then
			A.surplus("require", 1, name, ...)
		end
		if not find(A.string("require: name", name), "^[%w_-]+$") then
			A.fail("require: '%s': letters, digits, - and _ only: it names a file in lib", name)
		end
		if loaded[name] == false then
			A.fail("require: '%s' requires itself", name)
		end
		if loaded[name] == nil then
			local path = dir .. "lib/" .. name .. ".lua"
			local text, err = core.read_file(path)
			if not text then
				A.fail("require: %s: %s", path, err)
			end
			loaded[name] = false		-- not yet
			local value = load_chunk(text, "@" .. path, env)()
			loaded[name] = value == nil and true or value
		end
		return loaded[name]
	end
end

-- Runs the text of a scenario file, which registers its scenarios.
function M.run_file(text, chunk_name)
	local env = M.new_env()
	env.require = loader(chunk_name:match("^@(.*/)") or "", env)
	local ok, err = pcall(load_chunk(text, chunk_name, env))
	if not ok then
		G.error(E.message(err), 0)
	end
end
