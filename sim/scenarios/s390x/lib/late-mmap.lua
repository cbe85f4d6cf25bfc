-- SPDX-License-Identifier: GPL-2.0-only
-- What the scenarios of KVM_VM_S390_LATE_MMAP share.
local M = {}

-- Refuses page tables from before the switch. A kernel without the parameter always does.
function M.strict(sim)
	local rc = sim:set_module_param("kvm.late_mmap_strict", true)
	expect(rc == 0 or rc == -ENOENT):is_true()
end

return M
