-- SPDX-License-Identifier: GPL-2.0-only
-- The machines, for the option facilities, that the kernel runs on.
local M = {}

-- Leaves out those without IDTE where KVM_S390_KEYOP is defined: Linux 7.0 needs it.
function M.possible(list)
	local out = {}
	for _, machine in ipairs(list) do
		if machine.idte ~= false or type(KVM_S390_KEYOP) ~= "number" then
			out[#out + 1] = machine
		end
	end
	return out
end

return M
