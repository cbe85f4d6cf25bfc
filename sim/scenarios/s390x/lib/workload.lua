-- SPDX-License-Identifier: GPL-2.0-only
-- A workload of a vCPU whose prefix area is taken away meanwhile.
local M = {}

-- Runs the workload again while KVM_RUN fails with -EAGAIN. It may since 7.0, when the area goes while KVM marks it:
-- dat_set_prefix_notif_bit(), docs/findings.md.
function M.run(sim, vcpu, arguments)
	local done
	repeat
		done = vcpu:workload(arguments)
	until not sim:kernel_since("7.0") or type(done) == "number" or done.ret ~= -EAGAIN
	return done
end

return M
