-- SPDX-License-Identifier: GPL-2.0-only
-- The memory picture of kvmsim show: what slots, the host's page tables, KVM's tables and TLBs have, as text and as SVG.
--
-- A picture is a list of groups, one for each slot. A group has columns and runs: pages, one after the other, that are
-- alike in all columns. Frames of a run count up, or there are none.
local core, M = ...
local C, V = M.class, M.vm

local fmt, rep, gsub = string.format, string.rep, string.gsub
local concat = table.concat
local type, ipairs = type, ipairs
local max = math.max

local MOST_PAGES <const> = 1 << 18	-- of a slot; what is behind them is not looked at
local SPACES <const> = 2	-- address spaces that any architecture has

-- A cell: { kind, text without the frame, frame or nil }. kind gives the colour.
local NOTHING <const> = { kind = "none", text = "-" }
local NO_VMA <const> = { kind = "none", text = "no VMA" }

local function flags(t, ...)
	local list = {}
	for _, name in ipairs{ ... } do
		if t[name] then
			list[#list + 1] = name
		end
	end
	return #list > 0 and " " .. concat(list, " ") or ""
end

local function host_cell(pid, addr)
	local p = core.inspect_page(pid, addr)
	if type(p) ~= "table" then
		return NO_VMA
	elseif p.swapped then
		return { kind = "swapped", text = "swapped" }
	elseif not p.mapped then
		return NOTHING
	end
	return {
		kind = p.writable and "rw" or "r", frame = p.pfn,
		text = (p.writable and "rw" or "r-") .. flags(p, "dirty", "young", "huge", "zero", "ksm", "pfnmap"),
	}
end

local function table_cell(m)
	if type(m) ~= "table" then
		return NOTHING
	elseif m.mmio then
		return { kind = "mmio", text = "MMIO" }
	elseif not m.present then
		return NOTHING
	end
	return {
		kind = m.writable and "rw" or "r", frame = m.pfn,
		text = fmt("level %d %s%s%s", m.level, m.writable and "rw" or "r-", m.executable and "x" or "-",
			flags(m, "accessed", "dirty")),
	}
end

-- Whether the next page's cells go on where those of a run end.
local function goes_on(run, cells)
	for i, cell in ipairs(cells) do
		local first = run.cells[i]
		if first.text ~= cell.text or (first.frame and first.frame + run.pages ~= cell.frame) then
			return false
		end
	end
	return true
end

local function group_of(vm, slot, vcpus)
	local pid, runs = vm.proc.pid, {}
	local columns = { "host" }
	local pages = slot.npages < MOST_PAGES and slot.npages or MOST_PAGES
	if vcpus[1] then
		columns[2] = "KVM"
	end
	for _, vcpu in ipairs(vcpus) do
		columns[#columns + 1] = fmt("TLB of vCPU %d", vcpu.id)
	end
	local shift = V.page_shift()
	for i = 0, pages - 1 do
		local gpa = slot.base_gfn + i << shift
		local cells = { host_cell(pid, slot.userspace_addr + (i << shift)) }
		if vcpus[1] then
			cells[2] = table_cell(core.inspect_mapping(pid, vcpus[1].fd, gpa))
		end
		for _, vcpu in ipairs(vcpus) do
			cells[#cells + 1] = table_cell(core.inspect_tlb(pid, vcpu.fd, gpa))
		end
		local run = runs[#runs]
		if run and goes_on(run, cells) then
			run.pages = run.pages + 1
		else
			runs[#runs + 1] = { gfn = slot.base_gfn + i, pages = 1, cells = cells }
		end
	end
	return {
		title = fmt("slot %d of address space %d: gfn %x-%x at %x%s", slot.slot, slot.as_id, slot.base_gfn,
			slot.base_gfn + slot.npages - 1, slot.userspace_addr,
			slot.flags ~= 0 and fmt(", flags %x", slot.flags) or ""),
		columns = columns, runs = runs, left_out = slot.npages - pages,
	}
end

local function picture()
	local groups = {}
	for _, vm in ipairs(V.all) do
		local vcpus = {}
		for _, vcpu in ipairs(vm.vcpus) do
			vcpus[#vcpus + 1] = C.states[vcpu]
		end
		for as_id = 0, SPACES - 1 do
			local slots = core.inspect_slots(vm.proc.pid, vm.fd, as_id)
			for _, slot in ipairs(type(slots) == "table" and slots or {}) do
				local group = group_of(vm, slot, vcpus)
				group.vm = fmt("process %d, VM fd %d, generation %d", vm.proc.pid, vm.fd,
					core.inspect_generation(vm.proc.pid, vm.fd, as_id))
				groups[#groups + 1] = group
			end
		end
	end
	return groups
end

local function cell_text(run, cell)
	if not cell.frame then
		return cell.text
	elseif run.pages == 1 then
		return fmt("%x %s", cell.frame, cell.text)
	end
	return fmt("%x-%x %s", cell.frame, cell.frame + run.pages - 1, cell.text)
end

local function gfn_text(run)
	return run.pages == 1 and fmt("%x", run.gfn) or fmt("%x-%x", run.gfn, run.gfn + run.pages - 1)
end

-- The lines of a table in columns as wide as their widest cell.
local function lines_of(rows)
	local width, lines = {}, {}
	for _, row in ipairs(rows) do
		for i, text in ipairs(row) do
			width[i] = max(width[i] or 0, #text)
		end
	end
	for _, row in ipairs(rows) do
		local line = ""
		for i, text in ipairs(row) do
			line = line .. text .. (i < #row and rep(" ", width[i] - #text + 3) or "")
		end
		lines[#lines + 1] = "    " .. line
	end
	return lines
end

local function rows_of(group)
	local rows = { { "gfn" } }
	for _, column in ipairs(group.columns) do
		rows[1][#rows[1] + 1] = column
	end
	for _, run in ipairs(group.runs) do
		local row = { gfn_text(run) }
		for _, cell in ipairs(run.cells) do
			row[#row + 1] = cell_text(run, cell)
		end
		rows[#rows + 1] = row
	end
	return rows
end

local function as_text(groups)
	local out, vm = {}, nil
	for _, group in ipairs(groups) do
		if group.vm ~= vm then
			vm = group.vm
			out[#out + 1] = vm
		end
		out[#out + 1] = "  " .. group.title
		for _, line in ipairs(lines_of(rows_of(group))) do
			out[#out + 1] = line
		end
		if group.left_out > 0 then
			out[#out + 1] = fmt("    %d more pages were not looked at", group.left_out)
		end
	end
	if #groups == 0 then
		out[1] = "no VM has a slot"
	end
	return concat(out, "\n") .. "\n"
end

-- --- SVG ---------------------------------------------------------------------------------------------------

local LINE <const>, CHARACTER <const>, MARGIN <const> = 20, 7, 10
local COLOURS <const> = { none = "#f4f4f4", r = "#fff3b0", rw = "#bfe3c0", swapped = "#d7c7e8", mmio = "#c4dcf2" }
local WRONG <const> = "#d00000"	-- the border of a cell that has another frame than the host

local function escape(s)
	return (gsub(s, "[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ["\""] = "&quot;" }))
end

local function text_at(x, y, s, more)
	return fmt('<text x="%d" y="%d"%s>%s</text>', x, y, more or "", escape(s))
end

-- Adds a group below y. Returns where it ends: right and bottom.
local function draw_group(out, group, y)
	local rows, x, right = rows_of(group), {}, MARGIN
	for i = 1, #rows[1] do
		local width = 0
		for _, row in ipairs(rows) do
			width = max(width, #row[i])
		end
		x[i] = right
		right = right + (width + 2) * CHARACTER
	end
	x[#x + 1] = right
	out[#out + 1] = text_at(MARGIN, y + 14, group.title, ' font-weight="bold"')
	right = max(right, MARGIN + (#group.title + 2) * CHARACTER)
	for r, row in ipairs(rows) do
		y = y + LINE
		for i, text in ipairs(row) do
			local cell = r > 1 and i > 1 and group.runs[r - 1].cells[i - 1]
			local host = r > 1 and group.runs[r - 1].cells[1].frame
			if cell then
				out[#out + 1] = fmt('<rect x="%d" y="%d" width="%d" height="%d" fill="%s" stroke="%s"/>', x[i], y,
					x[i + 1] - x[i], LINE, COLOURS[cell.kind],
					cell.frame and cell.frame ~= host and WRONG or "#999999")
			end
			out[#out + 1] = text_at(x[i] + CHARACTER, y + 14, text)
		end
	end
	return right, y + LINE
end

local function as_svg(title, groups)
	local out, vm, y, width = {}, nil, MARGIN + LINE, MARGIN + #title * CHARACTER
	for _, group in ipairs(groups) do
		local right
		if group.vm ~= vm then
			vm = group.vm
			y = y + LINE
			out[#out + 1] = text_at(MARGIN, y + 14, vm)
			y = y + LINE
		end
		right, y = draw_group(out, group, y)
		y = y + LINE // 2
		width = max(width, right, MARGIN + #vm * CHARACTER)
	end
	return fmt('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
		.. 'font-family="monospace" font-size="12">\n<rect width="100%%" height="100%%" fill="white"/>\n%s\n%s\n</svg>\n',
		width + MARGIN, y + MARGIN, text_at(MARGIN, MARGIN + 14, title, ' font-weight="bold"'), concat(out, "\n"))
end

-- The picture of this moment as text and as SVG.
function M.show(title)
	local groups = picture()
	return title .. "\n" .. as_text(groups), as_svg(title, groups)
end
