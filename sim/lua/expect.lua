-- SPDX-License-Identifier: GPL-2.0-only
-- expect(): how results are judged and values printed.
local core, M = ...
local A, C, N = M.args, M.class, M.kernel
local E = {}
M.expect = E

local type, error, next, tostring, getmetatable, rawget, rawequal, select = type, error, next, tostring, getmetatable,
	rawget, rawequal, select
local fmt, gsub, find, sub, byte = string.format, string.gsub, string.find, string.sub, string.byte
local mtype = math.type
local sort, concat = table.sort, table.concat
local exit_names, errno_names = {}, {}
for name, value in next, core.constants, nil do
	if sub(name, 1, 1) == "E" then
		if find(name, "^[%u%d]+$") and (errno_names[value] or name) >= name then	-- EAGAIN, not EWOULDBLOCK
			errno_names[value] = name
		end
	elseif sub(name, 1, 9) == "KVM_EXIT_" and not find(name, "_IO_") then
		exit_names[value] = name
	end
end

local function number_repr(v)
	if v ~= v then
		return "nan"	-- whatever its sign
	end
	if mtype(v) == "float" then
		return fmt("%.17g", v)
	end
	if v < 0 and v >= -4095 and errno_names[-v] then
		return fmt("-%s (%d)", errno_names[-v], v)
	end
	if v >= 4096 or v < -4095 then
		return fmt("0x%x (%d)", v, v)
	end
	return fmt("%d", v)
end

local function string_repr(s)
	local cut = #s > 64
	local text = gsub(cut and sub(s, 1, 64) or s, '[%c"\\\128-\255]', function(c)
		return fmt("\\x%02x", byte(c))
	end)
	return '"' .. text .. '"' .. (cut and fmt(" (%d bytes)", #s) or "")
end

-- tostring() without addresses.
function E.show(v)
	local t = type(v)
	if t == "table" then
		local mt = getmetatable(v)
		if mt == nil or (type(mt) == "table" and rawget(mt, "__tostring") == nil) then
			return "table"
		end
	elseif t == "function" or t == "thread" or t == "userdata" then
		return t
	end
	return tostring(v)
end

-- Makes text fit for a C string and a line: escapes control characters except tab and newline.
local function line_of(text)
	return (gsub(text, "[\0-\8\11-\31\127]", function(c)
		return fmt("\\x%02x", byte(c))
	end))
end

-- The values as print() shows them.
function E.printable(...)
	local out = {}
	for i = 1, select("#", ...) do
		out[i] = E.show((select(i, ...)))
	end
	return line_of(concat(out, "\t"))
end

local function key_order(a, b)
	local ta, tb = type(a), type(b)
	if ta ~= tb then
		return ta < tb
	end
	if ta == "number" or ta == "string" then
		return a < b
	end
	return false
end

-- The keys of a table in an order that does not depend on hashes.
function E.sorted_keys(t)
	local keys, other = {}, {}
	for k in next, t, nil do
		local list = (type(k) == "number" or type(k) == "string") and keys or other
		list[#list + 1] = k
	end
	sort(keys, key_order)
	for i = 1, #other do
		keys[#keys + 1] = other[i]
	end
	return keys
end

local function repr(v, depth)
	local t = type(v)
	depth = depth or 0
	if t == "number" then
		return number_repr(v)
	elseif t == "string" then
		return string_repr(v)
	elseif t == "nil" or t == "boolean" then
		return tostring(v)
	elseif t ~= "table" then
		return t
	end
	local s = C.states[v]
	if s then
		if s.class.repr then
			return s.class.repr(s, depth)
		end
		return tostring(v)
	end
	if depth >= 3 then
		return "{...}"
	end
	local parts, n = {}, 0
	for _, k in next, E.sorted_keys(v), nil do
		n = n + 1
		if n > 16 then
			parts[n] = "..."
			break
		end
		local value = repr(rawget(v, k), depth + 1)
		if k == "reason" and exit_names[rawget(v, k)] then
			value = exit_names[rawget(v, k)]
		end
		if type(k) == "number" then
			parts[n] = value
		else
			parts[n] = (type(k) == "string" and k or "[" .. repr(k, 3) .. "]") .. "=" .. value
		end
	end
	return "{" .. concat(parts, ", ") .. "}"
end
E.repr = repr

-- The message of an error value.
function E.message(err)
	return line_of(type(err) == "string" and err or "error value: " .. repr(err))
end
E.exit_names = exit_names

local function plain(t)
	return type(t) == "table" and C.states[t] == nil
end

-- Deep for plain tables (a cycle counts as different); objects compare by the rule of their class.
local function same(a, b, depth)
	if rawequal(a, b) or a == b then
		return true
	end
	if not plain(a) or not plain(b) or depth > 20 then
		local sa, sb = C.states[a], C.states[b]
		return sa ~= nil and sb ~= nil and sa.class == sb.class and sa.class.same ~= nil
			and sa.class.same(sa, sb)
	end
	for k, v in next, a, nil do
		if not same(v, rawget(b, k), depth + 1) then
			return false
		end
	end
	for k in next, b, nil do
		if rawget(a, k) == nil then
			return false
		end
	end
	return true
end
local function equal(a, b)
	local missing = N.describe_absent(a) or N.describe_absent(b)
	if missing then
		A.fail("expect: expected a value, got %s", missing)
	end
	if a == nil or b == nil then
		return a == b
	end
	return same(a, b, 0)
end

-- Ends the scenario (or the thread) that expected something else. The scenario has failed, whoever catches the error.
E.marker = {}
local function failed(rule, expected, got, note)
	local text = fmt("%s: expect():%s\n  expected: %s\n  got:      %s", core.where(), rule, expected, got)
	if note then
		text = text .. "\n  " .. note
	end
	core.fail(text)
	error(E.marker, 0)
end

local expectation = C.new("expectation")
expectation.quiet = true	-- not in the trace

-- A rule holds. An expectation that is never judged is an error at the scenario's end (lua_expect.c).
local function judged(s)
	if s.place then
		core.judged(s.place)
		s.place = nil
	end
	return s.self
end

local function errno_value(what, v)
	local n = A.int(what, v, -4095, 4095)
	return n > 0 and -n or n
end

local function ordered(s, what, limit, ok, sign)
	if type(limit) ~= "number" then
		A.refuse(what, "a number", limit)
	end
	if type(s.value) ~= "number" or not ok(s.value, limit) then
		failed(sub(what, 13), sign .. " " .. repr(limit), repr(s.value))
	end
	return judged(s)
end

-- The value of key k of an object or plain table, or nil.
local function field_of(v, k)
	local s = C.states[v]
	if not s then
		return rawget(v, k)
	end
	if s.class.public[k] then
		return s[k]
	end
	return nil
end

local function check_fields(value, wanted, path)
	for _, k in next, E.sorted_keys(wanted), nil do
		local want = rawget(wanted, k)
		local got = field_of(value, k)
		local name = path .. tostring(k)
		if plain(want) and type(got) == "table" then
			check_fields(got, want, name .. ".")
		elseif not equal(got, want) then
			local function show(v)
				return k == "reason" and exit_names[v] or repr(v)
			end
			failed("fields", name .. " = " .. show(want), name .. " = " .. show(got), "in " .. repr(value))
		end
	end
end

C.methods(expectation, {
	eq = function(s, _, want)
		if not equal(s.value, want) then
			failed("eq", repr(want), repr(s.value))
		end
		return judged(s)
	end,
	ne = function(s, _, other)
		if equal(s.value, other) then
			failed("ne", "anything but " .. repr(other), repr(s.value))
		end
		return judged(s)
	end,
	ok = function(s)
		local v = s.value
		local st = type(v) == "table" and C.states[v]
		if not (v == true or (type(v) == "number" and v >= 0) or (st and st.class.name ~= "exit")) then
			failed("ok", "a result >= 0 (no error)", repr(v))
		end
		return judged(s)
	end,
	errno = function(s, what, want)
		local n = errno_value(what, want)
		if s.value ~= n then
			failed("errno", repr(n), repr(s.value))
		end
		return judged(s)
	end,
	lt = function(s, what, v) return ordered(s, what, v, function(a, b) return a < b end, "<") end,
	le = function(s, what, v) return ordered(s, what, v, function(a, b) return a <= b end, "<=") end,
	gt = function(s, what, v) return ordered(s, what, v, function(a, b) return a > b end, ">") end,
	ge = function(s, what, v) return ordered(s, what, v, function(a, b) return a >= b end, ">=") end,
	is_true = function(s)
		if s.value ~= true then
			failed("is_true", "true", repr(s.value))
		end
		return judged(s)
	end,
	is_false = function(s)
		if s.value ~= false then
			failed("is_false", "false", repr(s.value))
		end
		return judged(s)
	end,
	is_nil = function(s)
		if s.value ~= nil then
			failed("is_nil", "nil", repr(s.value))
		end
		return judged(s)
	end,
	contains = function(s, what, want)
		local v = s.value
		if type(v) == "string" then
			if not find(v, A.string(what, want), 1, true) then
				failed("contains", "a string with " .. repr(want) .. " in it", repr(v))
			end
			return judged(s)
		end
		if plain(v) then
			for _, item in next, v, nil do
				if equal(item, want) then
					return judged(s)
				end
			end
		end
		failed("contains", "a list with " .. repr(want) .. " in it", repr(v))
	end,
	fields = function(s, what, wanted)
		if not plain(wanted) then
			A.refuse(what, "a table of fields", wanted)
		end
		if type(s.value) ~= "table" then
			failed("fields", "an object or table with " .. repr(wanted), repr(s.value))
		end
		check_fields(s.value, wanted, "")
		return judged(s)
	end,
})

-- If a call returns several values, the first one counts.
function E.expect(value)
	if not M.running then
		A.fail("expect: only while a scenario runs, and this is the reading of its file")
	end
	return C.object(expectation, { value = value, place = core.expecting() })
end
