-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios of nested guests share where Linux 7.0 differs: a VM has tables of its own there.
local M = {}

-- Guest-2 stores an entry of its tables. (Since 7.0 nobody notices a store of the VMM's.)
function M.store(vcpu, space, addr, raw, level)
	expect(vcpu:write(space:pte(addr, level or 1).gpa, string.pack("<i8", raw))):is_true()
end

-- The same in the primary space.
function M.store_pte(vcpu, addr, raw)
	expect(vcpu:write(vcpu:pte(addr).gpa, string.pack("<i8", raw))):is_true()
end

-- Since 7.0 guest-3 cannot read what guest-2's tables allow it to write while the VMM has it for reading only: KVM hands
-- the SIE instruction to the VMM (findings.md). Makes memory the VMM's own and writable, with its contents.
function M.own(sim, ram, from, length)
	for at = from, sim:kernel_since("7.0") and from + length - 1 or from - 1, 4096 do
		ram:write(at, ram:read(at, 1))
	end
end

-- Expects that of a page which the VMM has for reading only, where at is in ram; then makes it writable.
function M.refused(sim, vcpu, nested, addr, ram, at)
	if sim:kernel_since("7.0") then
		expect(nested:read(addr, 1)):fields{ reason = KVM_EXIT_S390_SIEIC, s390_sieic = { icptcode = 4, ipa = 0xb214 } }
		expect(vcpu:abandon()):eq(0)
		M.own(sim, ram, at, 1)
	end
end

-- Expects what guest-3's access outside of guest-2's memory gives: an interception, since 7.0 an exception of guest-2's
-- (findings.md).
function M.addressing(sim, exit)
	if sim:kernel_since("7.0") then
		expect(exit.exception):fields{ code = PGM_ADDRESSING }
	else
		expect(exit.interception):fields{ icptcode = 8, iprcc = PGM_ADDRESSING }
	end
end

-- Whether KVM counts the tables of shadows (gmap_shadow_pg_entry and the like); since 7.0 nothing does.
function M.counts(sim)
	return not sim:kernel_since("7.0")
end

return M
