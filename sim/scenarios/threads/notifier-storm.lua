-- SPDX-License-Identifier: GPL-2.0-only
-- MMU notifiers without a pause: several threads of the VMM take memory away, beside and under the pages that vCPUs
-- use, while slots come and go. Every fault gets through in the end, and every range that was begun is ended.

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, check = "end", timeout = 60 }
local SIZE <const>, HALF <const>, PAGE <const> = 4 << 20, 2 << 20, 4096

cases("notifier storm: three threads invalidate", options, {
	{ "pages that no vCPU uses", HALF,
		function(ram, offset) return ram:madvise(offset, HALF, MADV_DONTNEED) end },
	{ "the pages that the vCPUs use", 0, function(ram, offset) return ram:madvise(offset, HALF, MADV_DONTNEED) end },
	{ "the rights of these pages", 0, function(ram, offset, i)
		local page = offset + i * PAGE
		expect(ram:mprotect(page, PAGE, "r")):eq(0)
		return ram:mprotect(page, PAGE, "rw")
	end, true },
	{ "each page that there is", 0, function(ram, offset) return ram:madvise(offset, SIZE, MADV_DONTNEED) end },
}, function(sim, case)
	local vcpu, ram, vm = sim:guest{ ram = { length = SIZE, huge = false } }
	local faults, changes, storms = { 0, 0 }, 0, { 0, 0, 0 }
	for i, each in ipairs{ vcpu, vm:create_vcpu() } do
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				for page = 8, 23 do
					-- A page whose rights are gone for a moment is -EFAULT.
					local done = each:write(page * PAGE + i * 64, "guest")
					if done ~= true then
						expect(case[4]):is_true()
						expect(done):fields{ ret = -EFAULT }
					end
				end
				faults[i] = faults[i] + 1
			end
		end)
	end
	for i = 1, 3 do
		sim:thread("storm " .. i, function()
			while not sim:stopping() do
				expect(case[3](ram, case[2], 7 + i)):eq(0)
				storms[i] = storms[i] + 1
			end
		end)
	end
	-- kvm_swap_active_memslots() waits until no range is being invalidated.
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(vm:set_user_memory_region{ slot = 1, guest_phys_addr = "64M", memory_size = "64K",
				userspace_addr = ram.addr }):eq(0)
			expect(vm:set_user_memory_region{ slot = 1, memory_size = 0 }):eq(0)
			changes = changes + 1
		end
	end)
	sim:join{ seconds = 0.2, at_least = function()
		return faults[1] > 0 and faults[2] > 0 and storms[1] > 0 and storms[2] > 0 and storms[3] > 0
	end }
	expect(ram:write(8 * PAGE, "ends")):eq(0)
	expect(vcpu:read(8 * PAGE, 4)):eq("ends")
end)
