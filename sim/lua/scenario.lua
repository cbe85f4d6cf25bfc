-- SPDX-License-Identifier: GPL-2.0-only
-- scenario() and cases() register scenarios; sim is what a running scenario gets; and the code that runs one.
local core, M = ...
local K = core.constants
local A, C, E, P, N, U = M.args, M.class, M.expect, M.process, M.kernel, M.params
local S = {}
M.scenario = S

local type, xpcall, error, rawget, load = type, xpcall, error, rawget, load
local fmt, find, match, gmatch = string.format, string.find, string.match, string.gmatch
local randomseed = math.randomseed
local tointeger = math.tointeger
local mtype = math.type
local next, select, sort = next, select, table.sort
local pack, concat = table.pack, table.concat

local USUAL_RAM <const>, MOST_RAM <const> = 1 << 30, 32 << 30

-- In order of the file; read by plan.c. names has the same entries.
M.list = {}
local names = {}

-- Whether the scenarios that are registered now hold for every size of the machine's pages.
local any_page = false

-- What a scenario may name: choices for A.choice(), and by architecture the names of its facilities, if it has any.
local arches, personalities, facilities_of = {}, {}, {}
for _, machine in next, M.machines, nil do
	arches[machine.arch] = machine.arch
	A.add_choices(personalities, machine.personalities)
	if #machine.facilities > 0 then
		facilities_of[machine.arch] = A.add_choices({}, machine.facilities)
	end
end

local check_when = { step = false, ["end"] = true }

-- A name or a list of names, each as check(what, name) returns it.
local function list_of(check)
	return function(what, v)
		local out = A.list(what, type(v) == "string" and { v } or v, 16, check)
		return #out > 0 and out or A.refuse(what, "a list of names", v)
	end
end

local function one_of(choices)
	return function(what, v) return A.choice(what, v, choices) end
end

-- The name of a capability, for which KVM_CHECK_EXTENSION of /dev/kvm decides, or of another constant, which the kernel
-- defines or not.
local function feature(what, v)
	local name = A.string(what, v, 100)
	if not N.is_known(name) then
		A.refuse(what, "the name of a capability, KVM_CAP_..., or of another constant", name)
	end
	return name
end

local function version(what, v)
	if type(v) ~= "string" or not find(v, "^%d+%.%d+$") then
		A.refuse(what, 'a version as "6.12"', v)
	end
	return v
end

local function seconds(what, v)
	if type(v) ~= "number" or not (v > 0 and v <= 3600) then
		A.refuse(what, "0 to 3600 seconds", v)
	end
	return v
end

-- The difference of one machine from the usual one as text for the flavour, which has the facilities `known`.
local function difference(what, v, known)
	local names, out = {}, {}
	for name in next, v, nil do
		if mtype(name) ~= "integer" and type(name) ~= "string" then
			A.refuse(what, "names or numbers of facilities", name)
		end
		names[#names + 1] = type(name) == "string" and A.choice(what, name, known) or fmt("%d", name)
		out[names[#names]] = A.boolean(fmt("%s: %s", what, names[#names]), rawget(v, name)) and "1" or "0"
	end
	sort(names)
	for i, name in next, names, nil do
		names[i] = name .. "=" .. out[name]
	end
	return concat(names, ",")
end

-- The facilities that a scenario for these architectures may name. A scenario with facilities has one architecture.
local function known_facilities(what, names)
	local known = names and #names == 1 and facilities_of[names[1]]
	if not known then
		local having = A.keys(facilities_of)
		sort(having)
		A.fail("%s: facilities: only with arch = \"%s\"", what, concat(having, '" or "'))
	end
	return known
end

-- A table of facilities, or a list of such tables: one run each. Returns their differences.
local function differences(what, v, names)
	local known = known_facilities(what, names)
	what = what .. ": facilities"
	if type(v) ~= "table" then
		A.refuse(what, "a table of facilities, or a list of such tables", v)
	end
	if type(rawget(v, 1)) ~= "table" then
		return { difference(what, v, known) }
	end
	return A.list(what, v, 16, function(name, set)
		return type(set) == "table" and difference(name, set, known) or
			A.refuse(name, "a table of facilities", set)
	end)
end

local function ram_size(what, v)
	local bytes = A.u64(what, v)
	if bytes < USUAL_RAM or bytes > MOST_RAM or bytes % (4 << 20) ~= 0 then
		A.refuse(what, "1G to 32G of RAM, a multiple of 4M", v)
	end
	return bytes
end

local options_schema = {
	arch = { list_of(one_of(arches)) }, mmu = { list_of(one_of(personalities)) },
	facilities = { function(_, v) return v end }, params = { U.texts },
	covers = { function(what, v) return A.string(what, v, 200) end },
	needs = { list_of(feature) }, kernel = { version }, before = { version },
	timeout = { seconds }, ram = { ram_size },
	check = { function(what, v) return A.choice(what, v, check_when) end, false },
}

local function check_name(what, name)
	A.string(what, name, 200)
	if name == "" or find(name, "[%c#]") or find(name, "^%s") or find(name, "%s$") then
		A.refuse(what, "a name: one line, without # and blanks around it", name)
	end
	return name
end

local function register(what, name, options, fn, argument)
	local line = tointeger(match(core.where(), ":(%d+)$")) or 0
	if names[name] then
		A.fail("%s: there is already a scenario '%s' at line %d", what, name, names[name].line)
	end
	if #M.list >= 20000 then
		A.fail("%s: more than 20000 scenarios in a file", what)
	end
	local o = A.table(what, options, options_schema)
	names[name] = {
		name = name, line = line, fn = fn, argument = argument, arch = o.arch, mmu = o.mmu,
		facilities = o.facilities ~= nil and differences(what, o.facilities, o.arch) or nil,
		covers = o.covers, needs = o.needs, kernel = o.kernel, before = o.before, timeout = o.timeout,
		check_end = o.check, ram = o.ram, params = o.params, any_page = any_page,
	}
	M.list[#M.list + 1] = names[name]
end

-- Refuses to register now, because it would never run.
local function while_reading(what)
	if M.running then
		A.fail("%s: only while a file is read: %s", what, M.interactive and
			"here one world runs already, and sim is in it; type what the function does" or
			"a scenario cannot make another one")
	end
end

-- scenario(name, [options,] function(sim))
function S.scenario(name, options, fn, ...)
	while_reading("scenario")
	if fn == nil then
		options, fn = {}, options
	end
	if select("#", ...) > 0 then
		A.surplus("scenario", 3, name, options, fn, ...)
	end
	check_name("scenario: name", name)
	register("scenario", name, options, A.func("scenario: function", fn))
end

-- cases(name, [options,] rows, function(sim, row)): one scenario for each row { "what", ... }
function S.cases(name, options, rows, fn, ...)
	while_reading("cases")
	if fn == nil then
		options, rows, fn = {}, options, rows
	end
	if select("#", ...) > 0 then
		A.surplus("cases", 4, name, options, rows, fn, ...)
	end
	check_name("cases: name", name)
	A.func("cases: function", fn)
	if type(rows) ~= "table" or #rows == 0 then
		A.refuse("cases: rows", "a list of rows", rows)
	end
	for i = 1, #rows do
		local row = rawget(rows, i)
		if type(row) ~= "table" then
			A.refuse(fmt("cases: row %d", i), "a table", row)
		end
		local row_name = check_name(fmt("cases: row %d: name", i), rawget(row, 1))
		register("cases", name .. ": " .. row_name, options, fn, row)
	end
end

-- any_page_size(): the scenarios of this file, from here on, count in PAGE_SIZE. Others are for pages of 4 KiB.
function S.any_page_size()
	while_reading("any_page_size")
	any_page = true
end

-- --- sim ---------------------------------------------------------------------------------------------------

local sim = C.new("sim", { "arch", "mmu", "facilities", "params", "inspect" })
local threads = {}
local most_threads = core.MAX_CPUS - 1
local at_least		-- what threads still have to do when their time is over; nil: nothing

-- What sim:expect_report{ kind } may be -> { kind, id of the check or nil }. "check" alone is any check.
local function expect_kind(what, v)
	local kinds = {}
	for _, name in next, { "bug", "oops", "refused", "deadlock", "oom", "warn", "check", "leak" } do
		kinds[name] = { name }
	end
	for _, id in next, core.checks() do
		kinds["check:" .. id] = { "check", id }
	end
	return A.choice(what, v, kinds)
end
local report_schema = { kind = { expect_kind, A.required },
	match = { function(what, v) return A.string(what, v, 250) end, "" }, optional = { A.boolean, false } }
local join_schema = { seconds = { seconds }, at_least = { A.func } }

local function message_of(err)
	if err == E.marker then
		return nil
	end
	return E.message(err)
end

local function join(_, what, t)
	local a = A.table(what, t or {}, join_schema)
	if a.at_least and not a.seconds then
		A.fail("%s: at_least needs seconds", what)
	end
	local functions = {}
	for i = 1, #threads do
		local thread = threads[i]
		functions[i] = function()
			local ok, err = xpcall(thread.fn, function(e)
				local text = message_of(e)
				if text then
					core.fail(core.traceback("thread '" .. thread.name .. "': " .. text))
				end
				return E.marker
			end)
			if not ok then
				error(err, 0)
			end
		end
	end
	threads = {}
	if #functions == 0 then
		return
	end
	at_least = a.at_least
	if at_least then
		core.count_expectation()
	end
	local bad, err = core.join(functions, a.seconds or 0)
	local missing = at_least
	at_least = nil
	if bad and missing then
		core.note(what .. ": at_least was not reached")
	end
	if bad then
		error(err, 0)
	end
	core.check()
end

local function stopping()
	local stop, failed = core.stopping()
	local more = at_least		-- another thread may find it done at any time
	if not stop or more and not failed and not more() then
		return false
	end
	at_least = nil
	return true
end

-- Runs fn, which does n operations. `kvmsim bench` measures it, once in a scenario.
local function measure(_, what, unit, n, fn)
	A.string(what .. ": unit", unit)
	A.int(what .. ": operations", n, 1, 1 << 40)
	A.func(what .. ": function", fn)
	core.measure_begin()
	fn()
	if not core.measure_end(unit, n) then
		A.fail("%s: only one part of a scenario can be measured", what)
	end
end

C.methods(sim, {
	process = function(_, what, t)
		return P.create(A.table(what, t or {}, P.program_schema).pgste)
	end,
	guest = function(_, what, t) return M.guest.guest(what, t) end,
	log = function(_, _, ...) core.note(E.printable(...)) end,
	-- Like a write to /sys/module/MODULE/parameters/NAME.
	set_module_param = function(_, what, name, value)
		A.string(what .. ": name", name, 100)
		return core.module_param(name, U.value(what .. ": value", value))
	end,
	kernel_since = function(_, what, v) return not core.older_than(version(what, v)) end,
	kernel_has = function(_, what, name) return N.has(what .. ": name", name) end,
	advance_time = function(_, what, ns) core.advance_time(A.int(what .. ": ns", ns, 0, 1 << 60)) end,
	preempt_every = function(_, what, n) core.preempt_every(A.int(what .. ": points", n, 0, 1000000)) end,
	check = function() return core.check() end,
	measure = measure,
	expect_report = function(_, what, t)
		local a = A.table(what, t, report_schema)
		if not core.expect_report(a.kind[1], a.match, a.kind[2], a.optional) then
			A.fail("%s: at most 32 at a time", what)
		end
		if not a.optional then
			core.count_expectation()
		end
	end,
	thread = function(_, what, name, fn)
		check_name(what .. ": name", name)
		A.func(what .. ": function", fn)
		if #threads >= most_threads then
			A.fail("%s: at most %d threads: each has a simulated CPU of its own", what, most_threads)
		end
		threads[#threads + 1] = { name = name, fn = fn }
	end,
	join = join,
	stopping = stopping,
})

-- mmu: the personality; facilities: what differs from the usual machine, "idte=0,rdp=1"; params: one of U.texts().
local function new_sim(arch, mmu, facilities, params)
	local changed = {}
	for name, value in gmatch(facilities, "([^=,]+)=(%d)") do
		changed[tointeger(name) or name] = value == "1"
	end
	randomseed(1, 0)
	return C.object(sim, { arch = arch, mmu = mmu, facilities = changed, params = U.of(params),
		inspect = M.inspect.object })
end

-- Runs fn. An error becomes the scenario's failure. Lua does not call the handler when it is out of memory.
local function protected(fn, ...)
	local ok, err = xpcall(fn, function(e)
		local text = message_of(e)
		if text and not core.failed() then
			core.fail(core.traceback(text))
		elseif text then
			core.note(text)
		end
		return E.marker
	end, ...)
	if not ok and err ~= E.marker then
		core.fail(message_of(err))
	end
	return ok
end

-- The first name of the list that stands for what this kernel lacks, or nil.
local function missing(needs)
	local process = P.create()
	local kvm = process:open_kvm()
	local name
	for i = 1, needs and #needs or 0 do
		local value = rawget(K, needs[i])
		if not value or find(needs[i], "^KVM_CAP_") and kvm:check_extension(value) == 0 then
			name = needs[i]
			break
		end
	end
	P.exit_all()
	return name
end

-- Runs the scenario of that name; the child's main calls it. The result then says what went wrong. The file was read
-- with the constants of arch, the list of scenarios was made with those of maybe another one.
function M.run(scenario_name, arch, mmu, facilities, params)
	local entry = names[scenario_name]
	if not entry then
		core.fail(fmt("with the constants of %s the file has no scenario '%s'", core.kernel, scenario_name))
		return
	end
	M.running = true
	local name = entry.needs and missing(entry.needs)
	if name then
		core.skip("needs " .. name)
		return
	end
	if not entry.any_page and core.page_size() ~= 4096 then
		core.skip(fmt("counts in pages of 4 KiB, the machine's have %d", core.page_size() >> 10))
		return
	end
	local object = new_sim(arch, mmu, facilities, params)
	most_threads = (tointeger(object.params["machine.cpus"]) or core.MAX_CPUS) - 1
	local ok = protected(entry.fn, object, entry.argument)
	if ok and #threads > 0 then
		ok = protected(join, nil, "sim:join")
	end
	if ok and not core.failed() then
		protected(function()
			core.check()
			P.exit_all()
			if not core.measures() then	-- the probes that count kernel events stay
				core.leak_check()
			end
			core.expect_end()
		end)
	end
	if ok and not core.failed() then
		core.expectations_end()
	end
end

-- For the interactive mode.
S.new_sim, S.message_of = new_sim, message_of
