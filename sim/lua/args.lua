-- SPDX-License-Identifier: GPL-2.0-only
-- Checking of arguments: every call of the scenario language names the argument that it refuses.
local core, M = ...
local A = {}
M.args = A

local K = core.constants
local type, error, next, tostring = type, error, next, tostring
local tointeger, mtype = math.tointeger, math.type
local fmt, find, match, sub, lower, byte = string.format, string.find, string.match, string.sub, string.lower,
	string.byte
local sort, concat = table.sort, table.concat
local rawget, getmetatable, setmetatable, select = rawget, getmetatable, setmetatable, select

local MAX_IO <const> = 64 << 20

-- Raises an error at the scenario's line.
function A.fail(...)
	error(core.where() .. ": " .. fmt(...), 0)
end
local fail = A.fail

-- "a page", "an exit"
function A.article(name)
	return (find(name, "^[aeio]") and "an " or "a ") .. name
end

-- Describes a wrong value in a few words.
function A.describe(v)
	local t = type(v)
	if t == "string" then
		if #v > 40 then
			return fmt("a string of %d bytes", #v)
		end
		return fmt("%q", v)
	elseif t == "number" then
		return mtype(v) == "integer" and fmt("%d", v) or fmt("%.17g", v)
	elseif t == "boolean" or t == "nil" then
		return tostring(v)
	end
	local missing = M.kernel and M.kernel.describe_absent(v)
	local name = M.class and M.class.name_of(v)
	return missing or A.article(name or t)
end
local describe = A.describe

local function refuse(what, expected, v)
	fail("%s: expected %s, got %s", what, expected, describe(v))
end
A.refuse = refuse

-- Refuses more arguments than the call looks at.
function A.surplus(what, most, ...)
	fail("%s: takes %s, got %d; the first too many is %s", what, most == 0 and "no arguments" or
		most == 1 and "1 argument" or fmt("at most %d arguments", most), select("#", ...),
		describe((select(most + 1, ...))))
end

-- Refuses arguments that make no sense together: each named one that is present, with the reason.
function A.unused(what, a, names, reason)
	for i = 1, #names do
		if a[names[i]] ~= nil then
			fail("%s: %s: %s", what, names[i], reason)
		end
	end
end

-- Edit distance of two short names.
local function distance(a, b)
	local row = {}
	for j = 0, #b do
		row[j] = j
	end
	for i = 1, #a do
		local diagonal = row[0]
		row[0] = i
		for j = 1, #b do
			local up = row[j]
			local cost = byte(a, i) == byte(b, j) and 0 or 1
			local best = diagonal + cost
			if up + 1 < best then best = up + 1 end
			if row[j - 1] + 1 < best then best = row[j - 1] + 1 end
			row[j], diagonal = best, up
		end
	end
	return row[#b]
end

-- The shortest candidate that begins with name, or nil. The candidates are sorted.
local function longer(name, candidates)
	local best
	for _, c in next, candidates, nil do
		if #name >= 4 and sub(c, 1, #name) == name and (not best or #c < #best) then
			best = c
		end
	end
	return best
end

-- " (did you mean 'x'?)" or, with few candidates and none similar, " (known: a, b)"; may be empty.
function A.suggest(name, candidates)
	if type(name) ~= "string" or #name > 64 then
		return ""
	end
	local best, best_distance
	sort(candidates)
	for _, c in next, candidates, nil do
		local d = distance(lower(name), lower(c))
		if not best or d < best_distance or (d == best_distance and c < best) then
			best, best_distance = c, d
		end
	end
	if best and best_distance > 1 + #name // 4 then
		best = longer(name, candidates)
	end
	if best then
		return fmt(" (did you mean '%s'?)", best)
	end
	if #candidates > 0 and #candidates <= 24 then
		return fmt(" (known: %s)", concat(candidates, ", "))
	end
	return ""
end

function A.keys(t)
	local names = {}
	for k in next, t, nil do
		if type(k) == "string" then
			names[#names + 1] = k
		end
	end
	return names
end

local unit <const> = { [""] = 0, K = 10, M = 20, G = 30, T = 40 }

-- A whole number, also as float or "64K"; nil if it is not one.
local function whole(v)
	if type(v) == "number" then
		return tointeger(v)
	end
	if type(v) ~= "string" or #v > 24 then
		return nil
	end
	local digits, u = match(v, "^(%d+)([KMGT]?)$")
	if not digits then
		digits, u = match(v, "^(0x%x+)([KMGT]?)$")
	end
	local n = digits and tointeger(digits + 0)
	if not n or n < 0 or n > (math.maxinteger >> unit[u]) then
		return nil
	end
	return n << unit[u]
end
A.whole = whole

-- Any 64-bit value: negative numbers have the same bits as the large unsigned ones.
function A.u64(what, v)
	local n = whole(v)
	if not n then
		refuse(what, 'a 64-bit number or a size such as "64K"', v)
	end
	return n
end

function A.int(what, v, lo, hi)
	local n = whole(v)
	if not n or n < lo or n > hi then
		refuse(what, fmt("a whole number from %d to %d", lo, hi), v)
	end
	return n
end
local int = A.int

function A.u32(what, v)
	return int(what, v, 0, 0xffffffff)
end

-- An offset or length inside an object of limit bytes.
function A.within(what, v, limit)
	local n = whole(v)
	if not n or n < 0 or n > limit then
		refuse(what, fmt("a size or offset from 0 to %d (the length of the mapping)", limit), v)
	end
	return n
end

function A.io_length(what, v)
	return int(what, v, 0, MAX_IO)
end

function A.string(what, v, max)
	if type(v) ~= "string" then
		refuse(what, "a string", v)
	end
	if #v > (max or MAX_IO) then
		refuse(what, fmt("a string of at most %d bytes", max or MAX_IO), v)
	end
	return v
end

function A.boolean(what, v)
	if type(v) ~= "boolean" then
		refuse(what, "true or false", v)
	end
	return v
end

-- A check of an argument that has a meaning only on one architecture.
function A.only(arch, check)
	return core.arch == arch and check or function(what) fail("%s: only on %s", what, arch) end
end

function A.func(what, v)
	if type(v) ~= "function" then
		refuse(what, "a function", v)
	end
	return v
end

function A.choice(what, v, choices)
	if type(v) ~= "string" or rawget(choices, v) == nil then
		local names = A.keys(choices)
		sort(names)
		refuse(what, "one of " .. concat(names, ", "), v)
	end
	return choices[v]
end

-- Makes each name of a list a choice that stands for itself. Returns choices.
function A.add_choices(choices, names)
	for i = 1, #names do
		choices[names[i]] = names[i]
	end
	return choices
end

local prot_bits <const> = { r = K.PROT_READ, w = K.PROT_WRITE, x = K.PROT_EXEC }

-- "rw", "none" or PROT_* bits
function A.prot(what, v)
	if type(v) == "string" then
		local bits = K.PROT_NONE
		if v == "none" then
			return bits
		end
		for i = 1, #v do
			local b = i <= 3 and prot_bits[sub(v, i, i)]
			if not b then
				refuse(what, '"r", "rw", "rwx", "none" or PROT_* bits', v)
			end
			bits = bits | b
		end
		return bits
	end
	return A.u32(what, v)
end

-- A plain list of at most max elements and nothing else; each becomes what check(what, element) returns.
function A.list(what, v, max, check)
	if type(v) ~= "table" or getmetatable(v) ~= nil or #v > max then
		refuse(what, fmt("a list of at most %d", max), v)
	end
	local out, n = {}, 0
	for _ in next, v, nil do
		n = n + 1
	end
	if n ~= #v then
		refuse(what, "a list without names and gaps", v)
	end
	for i = 1, n do
		out[i] = check(fmt("%s[%d]", what, i), rawget(v, i))
	end
	return out
end

-- A plain table with known keys. schema: key -> { checker(what, value), default }; default == A.required means that the
-- key must be present. Returns a new table with every key of the schema.
A.required = {}
-- The keys of a schema in a fixed order, so that of several mistakes the same one is always reported.
local orders = setmetatable({}, { __mode = "k" })
local function order_of(schema)
	local names = orders[schema]
	if not names then
		names = A.keys(schema)
		sort(names)
		orders[schema] = names
	end
	return names
end

function A.table(what, t, schema)
	if type(t) ~= "table" or getmetatable(t) ~= nil then
		refuse(what, "a table of named arguments", t)
	end
	local out, unknown, names = {}, nil, order_of(schema)
	for k in next, t, nil do
		if rawget(schema, k) == nil and
		   (unknown == nil or (type(k) == "string" and (type(unknown) ~= "string" or k < unknown))) then
			unknown = k
		end
	end
	if unknown ~= nil then
		fail("%s: unknown argument %s%s", what,
			type(unknown) == "string" and "'" .. sub(unknown, 1, 64) .. "'" or describe(unknown),
			A.suggest(unknown, A.keys(schema)))
	end
	for i = 1, #names do
		local k = names[i]
		local rule, v = schema[k], rawget(t, k)
		if v == nil then
			if rule[2] == A.required then
				fail("%s: %s: missing", what, k)
			end
			out[k] = rule[2]
		else
			out[k] = rule[1](what .. ": " .. k, v)
		end
	end
	return out
end
