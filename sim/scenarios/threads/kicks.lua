-- SPDX-License-Identifier: GPL-2.0-only
-- Interrupts that make a vCPU leave guest mode. The model leaves for nothing else, and its checks judge: a vCPU that a
-- flush is requested of must get one (guest-entry).

local SECONDS <const> = 1
local SIZE <const> = 1 << 20

-- Reading the dirty log protects pages and flushes the vCPU's TLB. Nothing in the host is flushed then, so no other
-- interrupt comes.
scenario("a vCPU in guest mode is interrupted for each flush", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, check = "end", timeout = 60,
}, function(sim)
	local vcpu, _, vm = sim:guest{
		ram = { length = SIZE, huge = false }, slot = { flags = KVM_MEM_LOG_DIRTY_PAGES },
	}
	local logs = 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			vcpu:workload{ op = "write", range = { 0, SIZE }, count = 65536 }
		end
	end)
	sim:thread("log", function()
		while not sim:stopping() do
			vm:get_dirty_log{ slot = 0 }
			logs = logs + 1
		end
	end)
	sim:join{ seconds = SECONDS, at_least = function() return logs > 0 end }
end)
