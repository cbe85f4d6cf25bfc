-- SPDX-License-Identifier: GPL-2.0-only
-- The guest's own tables on x86_64 and arm64 (stage 1), in words that hold for both. On arm64 hardware sets the access
-- flag and makes clean entries dirty (HA and HD of TCR_EL1), as processors do on x86_64.
local M = {}

M.arch = { "x86_64", "arm64" }
M.mmu = { "ept", "npt", "shadow", "vhe" }
M.options = { arch = M.arch, mmu = M.mmu }

local WRITE <const>, ACCESSED <const>, DIRTY <const> = 1, 2, 4
M.WRITE, M.ACCESSED, M.DIRTY = WRITE, ACCESSED, DIRTY

-- arm64: a page or table; not global, inner shareable, not executable, clean or read-only, accessed, dirty by hardware.
local VALID <const>, NG_SH_XN <const>, READ_ONLY <const>, AF <const> = 3, 1 << 11 | 3 << 8 | 3 << 53, 1 << 7, 1 << 10
local DBM <const> = 1 << 51

-- The entry of a page at `to`, with no mark or those of `bits`.
function M.entry(sim, to, bits)
	if sim.arch == "x86_64" then
		return to | 1 | (bits & WRITE ~= 0 and 2 or 0) | (bits & ACCESSED ~= 0 and 1 << 5 or 0) |
			(bits & DIRTY ~= 0 and 1 << 6 or 0)
	end
	return to | VALID | NG_SH_XN | (bits & WRITE ~= 0 and DBM or 0) | (bits & DIRTY ~= 0 and 0 or READ_ONLY) |
		(bits & ACCESSED ~= 0 and AF or 0)
end

-- For sim:guest(): `map` with its arguments made such that hardware sets the marks.
function M.layout(sim, layout)
	local out = {}
	for key, value in pairs(layout) do
		out[key] = value
	end
	if sim.arch == "arm64" then
		out.paging = { ha = true, hd = true }
		out.map = {}
		for i, m in ipairs(layout.map or {}) do
			out.map[i] = M.mapping(sim, m)
		end
	end
	return out
end

-- The same for vcpu:map().
function M.mapping(sim, m)
	local out = {}
	for key, value in pairs(m) do
		out[key] = value
	end
	if sim.arch == "arm64" then
		out.accessed = false
		if m.prot:find("w") then
			out.prot, out.dbm = m.prot:gsub("w", ""), true
		end
	end
	return out
end

-- The guest drops what its TLB has for one address, or everything.
function M.flush(sim, vcpu, va)
	if sim.arch == "x86_64" then
		expect(vcpu:invlpg(va)):is_true()
	else
		expect(vcpu:tlb_invalidate{ addr = va }):is_true()
	end
end

function M.flush_all(sim, vcpu)
	if sim.arch == "x86_64" then
		expect(vcpu:load_cr3(vcpu:get_sregs().cr3)):is_true()
	else
		expect(vcpu:tlb_invalidate()):is_true()
	end
end

-- The guest-physical address of the top table.
function M.root(sim, vcpu)
	if sim.arch == "x86_64" then
		return vcpu:get_sregs().cr3
	end
	return vcpu:get_sysreg("ttbr0_el1") & (1 << 48) - 1
end

-- The guest goes over to another top table, and drops what its TLB has of the first one.
function M.load_root(sim, vcpu, gpa)
	if sim.arch == "x86_64" then
		expect(vcpu:load_cr3(gpa)):is_true()
	else
		expect(vcpu:msr("ttbr0_el1", gpa)):is_true()
		M.flush_all(sim, vcpu)
	end
end

local ERROR <const> = { present = 1, write = 2, user = 4 }

-- What an access to va that the tables refuse gives. level: of the entry that is missing, from the page up; without it
-- the entry of the page is there, but not for this access. access: { write, user }.
function M.refused(sim, va, level, access)
	local write, user = access and access.write, access and access.user
	if sim.arch == "x86_64" then
		return { exception = { vector = 14, cr2 = va, error_code = (level and 0 or ERROR.present) |
			(write and ERROR.write or 0) | (user and ERROR.user or 0) } }
	end
	local fsc = level and ESR_ELx_FSC_FAULT | 4 - level or ESR_ELx_FSC_PERM | 3
	return { exception = { far = va, fsc = fsc, write = write or false, s1ptw = false,
		ec = user and ESR_ELx_EC_DABT_LOW or ESR_ELx_EC_DABT_CUR } }
end

return M
