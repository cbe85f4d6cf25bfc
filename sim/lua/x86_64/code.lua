-- SPDX-License-Identifier: GPL-2.0-only
-- Guest code: vcpu:run_code().
local core, M = ...
local A, C, U, V = M.args, M.class, M.vcpu, M.vm

local find, gsub, char, sub = string.find, string.gsub, string.char, string.sub
local tonumber, type, next = tonumber, type, next

-- "48 8b 03  # mov rax, [rbx]", one or more lines: the bytes. A # begins a comment.
local function hex(what, v)
	A.string(what, v, 1 << 16)
	local text = gsub(gsub(v, "#[^\n]*", ""), "%s+", "")
	if find(text, "%X") or #text % 2 ~= 0 then
		A.fail('%s: expected pairs of hexadecimal digits, and comments from # to the end of a line', what)
	end
	return (gsub(text, "..", function(pair) return char(tonumber(pair, 16)) end))
end

local function registers(what, v)
	if type(v) ~= "table" then
		A.refuse(what, "a table of registers", v)
	end
	return v
end

local schema = {
	at = { A.u64 }, hex = { hex }, code = { function(what, v) return A.string(what, v, 1 << 20) end },
	rip = { A.u64 }, regs = { registers },
}

-- Writes the code into guest memory, through the VMM's view of it.
local function put(s, what, at, code)
	local addr = V.gpa_to_user(s.vm, at)
	local last = #code > 0 and V.gpa_to_user(s.vm, at + #code - 1)
	if not addr or not last or last - addr ~= #code - 1 then
		A.fail("%s: at: guest-physical 0x%x is in no slot, or not all of the code", what, at)
	end
	local rc = core.user_write(s.proc.pid, addr, code)
	if rc < 0 then
		A.fail("%s: at: the code cannot be written to guest-physical 0x%x", what, at)
	end
end

-- The code ends with an exit: returns it. vcpu:run() and exit:complete() let it go on.
local function run_code(s, what, t)
	local a = A.table(what, t, schema)
	if a.code and a.hex then
		A.fail("%s: code and hex exclude each other", what)
	end
	local code = a.code or a.hex
	if (code ~= nil) ~= (a.at ~= nil) then
		A.fail("%s: expected at with code or hex, and not without", what)
	end
	if a.regs and a.regs.rip then
		A.fail("%s: regs.rip: rip says where the code begins", what)
	end
	U.settle(s)
	if code then
		put(s, what, a.at, code)
	end
	local regs = {}
	for k, v in next, a.regs or {}, nil do
		regs[k] = v
	end
	regs.rip = a.rip or a.at
	if next(regs) ~= nil then
		local rc = U.set_regs(s, what .. ": regs", regs)
		if rc < 0 then
			return rc
		end
	end
	return U.code(s)
end

C.methods(U.vcpu, { run_code = run_code })
