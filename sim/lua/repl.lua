-- SPDX-License-Identifier: GPL-2.0-only
-- The interactive mode: runs a line, completes a name, says what there is.
local core, M = ...
local A, C, E, S = M.args, M.class, M.expect, M.scenario

local load, next, rawget, type, xpcall = load, next, rawget, type, xpcall
local find, match, gmatch, sub = string.find, string.match, string.gmatch, string.sub
local concat, pack, sort = table.concat, table.pack, table.sort

local env

local HELP <const> = [[
sim                      the machine: vmm = sim:process()
sim.inspect              what KVM and the hardware have: sim.inspect:mapping(vm, 0x1000)
expect(value):eq(5)      a judgement
help(object)             what an object has
Tab completes, Ctrl-C gives up the line or ends what runs, Ctrl-D ends. docs/scenarios.md has all calls.]]

-- help(): the text; help(object): the names that it has.
local function help(...)
	local args = pack(...)
	if args.n == 0 then
		return core.note(HELP)
	end
	local names = C.names(args[1])
	if not names then
		A.fail("help: %s has no methods", A.describe(args[1]))
	end
	core.note(concat(names, " "))
end

local function begin(arch, mmu, facilities, params)
	env = M.new_env()
	M.running, M.interactive = true, true
	env.sim, env.help = S.new_sim(arch, mmu, facilities, params), help
end

-- Runs one line. Returns "more" if it is not yet a whole statement, else the text to print.
function M.repl(text, arch, mmu, facilities, params)
	if not env then
		begin(arch, mmu, facilities, params)
	end
	local chunk = load("return " .. text, "@repl", "t", env)
	local err
	if not chunk then
		chunk, err = load(text, "@repl", "t", env)
	end
	if not chunk then
		if find(err, "<eof>$") then
			return "more"
		end
		return err
	end
	local results = pack(xpcall(chunk, function(e)
		return S.message_of(e) or ""
	end))
	core.expectations_end()
	if not results[1] then
		return results[2]
	end
	local out = {}
	for i = 2, results.n do
		out[#out + 1] = E.repr(results[i])
	end
	return concat(out, "\t")
end

-- The names that may stand behind a value, or nil.
local function names_behind(value)
	return C.names(value) or type(value) == "table" and A.keys(value) or nil
end

-- Returns the ends that the text may have, sorted, one per line: "sim:pro" may go on with "cess".
function M.complete(text, arch, mmu, facilities, params)
	if not env then
		begin(arch, mmu, facilities, params)
	end
	local path, last = match(text, "([%a_][%w_.:]*[.:])([%w_]*)$")
	local value, names = env, nil
	if path then
		for name in gmatch(path, "([%w_]+)[.:]") do
			value = C.field(value, name)
		end
		names = names_behind(value)
	else
		last = match(text, "[%a_][%w_]*$")
		names = last and A.keys(env)
		for _, name in next, last and find(last, "^%u") and M.kernel.names() or {}, nil do
			names[#names + 1] = name
		end
	end
	local ends = {}
	for _, name in next, names or {}, nil do
		if type(name) == "string" and sub(name, 1, #last) == last then
			ends[#ends + 1] = sub(name, #last + 1)
		end
	end
	sort(ends)
	return concat(ends, "\n")
end
