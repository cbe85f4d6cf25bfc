-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios of nested guests share, above all where Linux 7.0 differs: a VM has page tables of its own there.
local M = {}

-- How often SIE found no translation, for guest-2 or guest-3.
function M.faults(sim)
	return sim.inspect:counters().guest_faults
end

-- A number of shadow tables or pages in the statistics. 7.0 has the counters, but counts nothing (findings.md).
function M.counted(sim, n)
	return sim:kernel_since("7.0") and 0 or n
end

-- Guest-2 stores an entry into its own table. The VMM's stores are another matter (vsie-events.lua).
function M.store(vcpu, space, addr, raw, level)
	expect(vcpu:write(space:pte(addr, level).gpa, string.pack("<i8", raw))):is_true()
end

-- The same in the primary space.
function M.store_pte(vcpu, addr, raw)
	expect(vcpu:write(vcpu:pte(addr).gpa, string.pack("<i8", raw))):is_true()
end

-- KVM leaves the SIE instruction to user space.
function M.to_user_space(exit)
	expect(exit):fields{ reason = KVM_EXIT_S390_SIEIC, s390_sieic = { icptcode = 4, ipa = 0xb214 } }
end

-- Guest-3 reads a page that the VMM's tables protect for now: a zero page, or one that is shared until somebody stores
-- into it. _do_shadow_pte() of 7.0 mistakes it for read-only memory (findings.md), until somebody stores.
function M.read_shared(sim, nested, addr, data)
	local got = nested:read(addr, #data)
	if sim:kernel_since("7.0") then
		M.to_user_space(got)
	else
		expect(got):eq(data)
	end
end

-- Guest-3's access leads out of guest-2's slots: an interception, since 7.0 an exception of guest-2's (findings.md).
function M.addressing(sim, exit)
	if sim:kernel_since("7.0") then
		expect(exit.exception):fields{ code = PGM_ADDRESSING, teid = 0 }
	else
		expect(exit.interception):fields{ icptcode = 8, iprcc = PGM_ADDRESSING }
	end
end

return M
