-- SPDX-License-Identifier: GPL-2.0-only
-- The monitor closes its userfaultfd while vCPUs fault. The release takes mmap_lock for writing, so a fault must let go
-- of it. If not, they wait for each other ("mm/userfaultfd: fix release hang over concurrent GUP", 6.15 and 6.12.y).

any_page_size()
local PAGE <const> = PAGE_SIZE

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, check = "end", kernel = "6.12",
}

cases("a userfaultfd is closed while vCPUs keep faulting", options, {
	{ "missing pages",     UFFDIO_REGISTER_MODE_MISSING, 0 },
	{ "write protection",  UFFDIO_REGISTER_MODE_WP,      UFFD_FEATURE_PAGEFAULT_FLAG_WP },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = 2048 * PAGE, huge = false } }
	local closed = 0
	for i = 1, 5 do
		local cpu = i == 1 and vcpu or vm:create_vcpu()
		sim:thread("vcpu" .. i, function()
			while not sim:stopping() do
				local done = cpu:workload{ op = "write", range = { 0, 2048 * PAGE }, stride = PAGE, count = 64 }
				expect(done):eq(64)
			end
		end)
	end
	sim:thread("monitor", function()
		while not sim:stopping() do
			ram:madvise(0, 2048 * PAGE, MADV_DONTNEED)
			local uffd = vmm:userfaultfd{ flags = O_NONBLOCK, features = case[3] }
			expect(uffd:register(ram, case[2])):eq(0)
			if case[3] ~= 0 then
				expect(uffd:writeprotect(ram)):eq(0)
			end
			uffd:read()
			expect(uffd:close()):eq(0)
			closed = closed + 1
		end
	end)
	sim:join{ seconds = 3, at_least = function() return closed > 0 end }
	expect(vcpu:write(PAGE, "after")):is_true()
	expect(ram:read(PAGE, 5)):eq("after")
end)
