-- SPDX-License-Identifier: GPL-2.0-only
-- vCPU threads against what the VMM and the host's mm do meanwhile; the checks and sanitizers judge.

local options = { mmu = { "ept", "npt", "ept_rmap", "shadow", "sie", "old", "vhe" }, check = "end", timeout = 60 }
local SECONDS <const> = 1
local SIZE <const> = 4 << 20

local function guest(sim, flags)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = SIZE, huge = true }
	local vm = vmm:open_kvm():create_vm()
	local function slot(change)
		local r = { slot = 0, flags = flags, guest_phys_addr = 0, memory_size = SIZE,
			userspace_addr = ram.addr }
		for k, v in pairs(change or {}) do
			r[k] = v
		end
		return vm:set_user_memory_region(r)
	end
	expect(slot()):eq(0)
	return vmm, ram, vm, slot
end

-- A vCPU that writes through its part of memory, again and again.
local function writer(sim, vm, name, first)
	local vcpu = vm:create_vcpu()
	sim:thread(name, function()
		while not sim:stopping() do
			vcpu:workload{ op = "write", range = { first, SIZE // 2 }, count = 512 }
		end
	end)
	return vcpu
end

-- Without a VM. If another thread has locked a page when its swap entry is freed, the page stays in the swap cache.
scenario("pages that are written, dropped, moved and swapped out at once", options, function(sim)
	local PAGES <const> = 8
	local ram = sim:process():mmap{ length = PAGES * 4096, huge = false }
	local function each_page(name, fn)
		sim:thread(name, function()
			while not sim:stopping() do
				for page = 0, PAGES - 1 do
					fn(page * 4096)
				end
			end
		end)
	end
	each_page("write", function(offset) expect(ram:write(offset, "x")):eq(0) end)
	each_page("drop", function(offset) expect(ram:madvise(offset, "4K", MADV_DONTNEED)):eq(0) end)
	each_page("move", function(offset)
		ram:migrate(offset)
		ram:swap_out(offset)
	end)
	sim:join{ seconds = SECONDS }
end)

scenario("two vCPUs against dirty-log reads", options, function(sim)
	local _, ram, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	local a, b = vm:create_vcpu(), vm:create_vcpu()
	local seen = vm:get_dirty_log{ slot = 0 }
	local rounds = { 0, 0 }
	for i, vcpu in ipairs{ a, b } do
		sim:thread("vcpu " .. i, function()
			repeat
				for gpa = (i - 1) * 4096, SIZE - 1, 8192 do
					expect(vcpu:write(gpa, string.pack("<I8", rounds[i]))):is_true()
				end
				rounds[i] = rounds[i] + 1
			until sim:stopping()
		end)
	end
	sim:thread("log", function()
		while not sim:stopping() do
			seen:add(vm:get_dirty_log{ slot = 0 })
		end
	end)
	sim:join{ seconds = SECONDS }
	seen:add(vm:get_dirty_log{ slot = 0 })
	expect(seen:count()):eq(SIZE // 4096)
	expect(ram:read(0, 8)):eq(string.pack("<I8", rounds[1] - 1))
end)

scenario("two vCPUs against slots being deleted and made", options, function(sim)
	local _, ram, vm, slot = guest(sim, 0)
	sim:expect_report{ kind = "warn", match = "mmu.c", optional = true }	-- slot-changes.lua says when
	writer(sim, vm, "vcpu 0", 0)
	writer(sim, vm, "vcpu 1", SIZE // 2)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(slot{ memory_size = 0 }):eq(0)
			expect(slot()):eq(0)
			expect(slot{ flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
			expect(slot{ guest_phys_addr = SIZE }):eq(0)
			expect(slot{ guest_phys_addr = 0 }):eq(0)
			expect(slot()):eq(0)
		end
	end)
	sim:join{ seconds = SECONDS }
	local vcpu = vm:create_vcpu()
	expect(vcpu:write(0x1000, "still works")):is_true()
	expect(ram:read(0x1000, 11)):eq("still works")
end)

scenario("two vCPUs against DONTNEED, mprotect and munmap", options, function(sim)
	local vmm, ram, vm = guest(sim, 0)
	writer(sim, vm, "vcpu 0", 0)
	writer(sim, vm, "vcpu 1", SIZE // 2)
	sim:thread("host", function()
		while not sim:stopping() do
			expect(ram:madvise(0, "2M", MADV_DONTNEED)):eq(0)
			expect(ram:mprotect("1M", "1M", "r")):eq(0)
			expect(ram:mprotect("1M", "1M", "rw")):eq(0)
			expect(ram:madvise("2M", "64K", MADV_DONTNEED)):eq(0)
			expect(ram:munmap("3M", "64K")):eq(0)
			local again = vmm:mmap{
				addr = ram.addr + (3 << 20), length = "64K",
					flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			}
			expect(again):ok()
		end
	end)
	sim:join{ seconds = SECONDS }
end)

scenario("two vCPUs against migration, swap, splits and collapses", options, function(sim)
	local _, ram, vm = guest(sim, 0)
	writer(sim, vm, "vcpu 0", 0)
	writer(sim, vm, "vcpu 1", SIZE // 2)
	-- These may fail for good reasons while the page is in use; nothing may break.
	sim:thread("host", function()
		while not sim:stopping() do
			for offset = 0, SIZE - 1, SIZE // 16 do
				ram:migrate(offset)
			end
			ram:swap_out("2M", "256K")
			ram:split_huge(0)
			ram:collapse_huge(0)
		end
	end)
	sim:join{ seconds = SECONDS }
end)

scenario("two vCPUs against fork", options, function(sim)
	local vmm, _, vm = guest(sim, 0)
	writer(sim, vm, "vcpu 0", 0)
	writer(sim, vm, "vcpu 1", SIZE // 2)
	sim:thread("fork", function()
		while not sim:stopping() do
			expect(vmm:fork():exit()):eq(0)
		end
	end)
	sim:join{ seconds = SECONDS }
end)

scenario("two vCPUs, log reads, slot changes and host events together", options, function(sim)
	local _, ram, vm, slot = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	writer(sim, vm, "vcpu 0", 0)
	writer(sim, vm, "vcpu 1", SIZE // 2)
	sim:thread("log", function()
		while not sim:stopping() do
			vm:get_dirty_log{ slot = 0 }
		end
	end)
	sim:thread("slots", function()
		while not sim:stopping() do
			expect(slot{ flags = 0 }):eq(0)
			expect(slot{ flags = KVM_MEM_LOG_DIRTY_PAGES }):eq(0)
		end
	end)
	sim:thread("host", function()
		while not sim:stopping() do
			expect(ram:madvise(0, "1M", MADV_DONTNEED)):eq(0)
			ram:swap_out("1M", "64K")
			ram:migrate("2M")
		end
	end)
	sim:join{ seconds = SECONDS }
end)

-- Logs are taken all the time while each page is written once. No write may fall between two logs.
scenario("each page that two vCPUs write once is in one of the logs taken meanwhile", options, function(sim)
	local PAGES <const> = SIZE // 4096
	local _, _, vm = guest(sim, KVM_MEM_LOG_DIRTY_PAGES)
	local round, rounds, done = 0, 0, { 0, 0 }
	for i = 1, 2 do
		local vcpu = vm:create_vcpu()
		sim:thread("vcpu " .. i, function()
			while not sim:stopping() do
				if done[i] < round then
					local half = { (i - 1) * SIZE // 2, SIZE // 2 }
					expect(vcpu:workload{ op = "write", range = half, stride = "4K" }):eq(PAGES // 2)
					done[i] = done[i] + 1
				end
			end
		end)
	end
	sim:thread("log", function()
		while not sim:stopping() do
			local seen = vm:get_dirty_log{ slot = 0 }
			expect(seen:count()):eq(0)
			round = round + 1
			while not sim:stopping() and (done[1] < round or done[2] < round) do
				seen:add(vm:get_dirty_log{ slot = 0 })
			end
			if done[1] == round and done[2] == round then
				seen:add(vm:get_dirty_log{ slot = 0 })
				expect(seen:count()):eq(PAGES)
				rounds = rounds + 1
			end
		end
	end)
	sim:join{ seconds = SECONDS / 2, at_least = function() return rounds > 2 end }
end)
