-- SPDX-License-Identifier: GPL-2.0-only
-- Objects of the scenario language: the scenario has an empty proxy, and cannot reach the state.
local core, M = ...
local A = M.args
local C = {}
M.class = C

local setmetatable, type, next, select, tostring, rawget = setmetatable, type, next, select, tostring, rawget
local concat, sort = table.concat, table.sort
local max = math.max
local pack, unpack = table.pack, table.unpack

-- proxy -> state
local states = setmetatable({}, { __mode = "k" })
C.states = states

-- The class name of an object, or nil.
function C.name_of(v)
	local s = type(v) == "table" and states[v]
	return s and s.class.name
end

-- The state of v, which must be an object of one of the classes.
function C.state(what, v, ...)
	local s = type(v) == "table" and states[v]
	local names = {}
	for i = 1, select("#", ...) do
		local cls = select(i, ...)
		if s and s.class == cls then
			return s
		end
		names[i] = A.article(cls.name)
	end
	A.refuse(what, concat(names, " or "), v)
end

-- The files of other architectures do not run here. They run once with shadows of everything when a method is missing,
-- only to learn what they define. M.foreign has them as { arch, chunk }, in the order of loading.
local names_elsewhere

-- t as a foreign file sees it: what it writes does not reach t.
local function shadow(t, own)
	return setmetatable(own or {}, { __index = t })
end

-- The modules for the foreign files of one architecture, which note their methods in `found`: class -> name -> arch.
local function foreign_modules(arch, found)
	local class = shadow(C, { methods = function(cls, list)
		found[cls] = found[cls] or {}
		for name in next, list, nil do
			found[cls][name] = found[cls][name] or arch
		end
	end })
	return setmetatable({ class = class }, { __index = function(modules, name)
		local module = M[name]
		modules[name] = type(module) == "table" and shadow(module) or module
		return modules[name]
	end })
end

local function learn_elsewhere()
	local found, modules = {}, {}
	-- Their constants are not here: any number does.
	local primitives = shadow(core, { constants = setmetatable({}, { __index = function() return 0 end }) })
	for _, file in next, M.foreign, nil do
		modules[file.arch] = modules[file.arch] or foreign_modules(file.arch, found)
		file.chunk(primitives, modules[file.arch])
	end
	return found
end

-- The architecture whose files give the class a method of that name, or nil.
local function elsewhere(cls, name)
	names_elsewhere = names_elsewhere or learn_elsewhere()
	return names_elsewhere[cls] and names_elsewhere[cls][name]
end

-- A class. public: which keys of the state the scenario may read.
function C.new(name, public)
	local cls = { name = name, methods = {}, public = {} }
	for _, k in next, public or {}, nil do
		cls.public[k] = true
	end
	cls.mt = {
		__name = name,
		__metatable = name,
		__tostring = function(o)
			local s = states[o]
			return s and s.label and name .. " " .. s.label or name
		end,
		__index = function(o, k)
			local m = cls.methods[k]
			if m then
				return m
			end
			local s = states[o]
			if s and cls.public[k] then
				return s[k]
			end
			local arch = elsewhere(cls, k)
			if arch then
				A.fail("%s has no '%s' on %s, only on %s", A.article(name), k, core.arch, arch)
			end
			local known = A.keys(cls.methods)
			for p in next, cls.public, nil do
				known[#known + 1] = p
			end
			A.fail("%s has no %s%s", A.article(name), type(k) == "string" and "'" .. k .. "'" or A.describe(k),
				A.suggest(k, known))
		end,
		__newindex = function(_, k)
			A.fail("%s cannot be written to (%s)", A.article(name), A.describe(k))
		end,
	}
	return cls
end

-- The names of the methods and readable fields of an object, sorted, or nil if v is none.
function C.names(v)
	local s = type(v) == "table" and states[v]
	if not s then
		return nil
	end
	local names = A.keys(s.class.methods)
	for name in next, s.class.public, nil do
		names[#names + 1] = name
	end
	sort(names)
	return names
end

-- The field of an object or a table, without an error if there is none.
function C.field(v, name)
	local s = type(v) == "table" and states[v]
	if s then
		return s.class.public[name] and s[name] or nil
	end
	return type(v) == "table" and rawget(v, name) or nil
end

-- A new object; state becomes its state.
function C.object(cls, state)
	local o = setmetatable({}, cls.mt)
	state.class, state.self = cls, o
	states[o] = state
	return o
end

local function log_call(what, name, args, ...)
	local list = {}
	for i = 1, args.n do
		list[i] = M.expect.repr(args[i])
	end
	list[1] = M.kernel.name_of_first(name, args[1]) or list[1]
	list[2] = M.kernel.members_of_argument(name, args[1], args[2]) or list[2]
	local results = {}
	for i = 1, select("#", ...) do
		local v = select(i, ...)
		results[i] = M.kernel.members_of_argument(name, args[1], v) or M.expect.repr(v)
	end
	core.step(core.where() .. ": " .. what .. "(" .. concat(list, ", ") .. ") = " .. concat(results, ", "))
	return ...
end

-- fn(state, what, ...) as a method. what is the call's name for messages. More arguments than fn takes are an error.
local function method(cls, name, fn)
	local what = cls.name .. ":" .. name
	local most = max(core.parameters(fn) - 2, 0)
	local quiet = cls.quiet
	return function(self, ...)
		local s = type(self) == "table" and states[self]
		if not s or s.class ~= cls then
			A.fail("%s: call it as object:%s(...)", what, name)
		end
		if select("#", ...) > most then
			A.surplus(what, most, ...)
		end
		if not quiet then
			return log_call(what, name, pack(...), fn(s, what, ...))
		end
		return fn(s, what, ...)
	end
end

-- Adds methods to a class.
function C.methods(cls, list)
	for name, fn in next, list, nil do
		cls.methods[name] = method(cls, name, fn)
	end
end
