-- SPDX-License-Identifier: GPL-2.0-only
-- What the host does to memory of the guest: MMU notifiers.

local ALL <const> = { "ept", "npt", "shadow", "sie", "vhe" }

cases("host: munmap of what the guest uses", { mmu = ALL }, {
	{ "4K", 4096 }, { "2M", 2 << 20 }, { "16M", 16 << 20 },
}, function(sim, case)
	local vcpu, ram = sim:guest{ ram = { length = "16M" } }

	vcpu:workload{ op = "write", range = { 0, 16 << 20 } }
	sim:measure("page", case[2] >> 12, function()
		assert(ram:munmap(0, case[2]) == 0)
	end)
end)

cases("host: mprotect of what the guest uses", { mmu = ALL }, { { "4K", 4096 }, { "16M", 16 << 20 } },
	function(sim, case)
		local vcpu, ram = sim:guest{ ram = { length = "16M" } }

		vcpu:workload{ op = "write", range = { 0, 16 << 20 } }
		sim:measure("page", case[2] >> 12, function()
			assert(ram:mprotect(0, case[2], "r") == 0)
		end)
	end)

scenario("host: pages are aged", { mmu = ALL, check = "end" }, function(sim)
	local vcpu, ram = sim:guest{ ram = { length = "1M" } }

	vcpu:workload{ op = "write", range = { 0, 1 << 20 } }
	sim:measure("page", 256, function()
		for page = 0, 255 do
			ram:age(page << 12)
		end
	end)
end)
