-- SPDX-License-Identifier: GPL-2.0-only
-- vCPUs in nested guests, in threads, against the host's memory events, guest-2's changes of its tables, and requests
-- that kick them. The checks, lockdep and sanitizers judge.

local options = { arch = "s390x", mmu = "vsie", check = "end", timeout = 60 }

local MiB <const> = 1 << 20
local SECONDS <const> = 1
local PAGE_TRANSLATION <const> = 0x11

-- Guest-3's two MiB are guest-2's second and third. n vCPUs, each with its own state description.
local function guest(sim, n, flags)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" }, slot = { flags = flags } }
	ram:write(MiB, ("x"):rep(2 * MiB))      -- no zero pages: vsie-pages.lua
	local space = vcpu:address_space{ type = "region3" }
	expect(space:map{ from = 0, to = MiB, size = 2 * MiB }):eq(0)
	local nested = {}
	for i = 1, n do
		local v = i == 1 and vcpu or vm:create_vcpu()
		expect(v:set_cr(1, space.asce)):eq(0)
		nested[i] = v:nested{ addr = 0x700000 + 512 * i, prefix = 0x10000 * i }
	end
	nested[1]:expect_pin()
	return nested, space, ram, vm, vcpu, vmm
end

-- Whether the nested guest just has to go on. 6.1 tells guest-2 when the host had to do something: an interception
-- without an action, and guest-2 executes SIE again. Later kernels set guest-2's PSW back to SIE (vsie_run()). Since 7.0
-- KVM_RUN returns -EAGAIN when guest-2's prefix area goes while it is marked (dat_set_prefix_notif_bit(), findings.md).
local function goes_on(sim, done)
	if done == true or type(done) == "number" then
		return false
	elseif sim:kernel_since("7.0") then
		return done.ret == -EAGAIN
	end
	return not sim:kernel_since("6.12") and done.interception and done.interception.icptcode == 0
end

local function run(sim, nested, method, ...)
	local done
	repeat
		done = nested[method](nested, ...)
	until not goes_on(sim, done)
	return done
end

-- A nested guest that writes to its half of the second MiB, until the threads stop.
local function writer(sim, nested, i)
	sim:thread("nested " .. i, function()
		while not sim:stopping() do
			expect(run(sim, nested[i], "workload", { op = "write", range = { MiB + (i - 1) * 0x80000, 0x80000 }, count = 512 })):eq(512)
		end
	end)
end

local function again_and_again(sim, name, fn)
	sim:thread(name, function()
		local n = 0
		repeat
			fn(n)
			n = n + 1
		until sim:stopping()
	end)
end

local function expect_alive(ram, nested)
	expect(nested:write(MiB, "alive")):is_true()
	expect(ram:read(2 * MiB, 5)):eq("alive")
end

cases("vsie threads: nested guests against", options, {
	{ "MADV_DONTNEED of their memory", function(ram) ram:madvise(2 * MiB, MiB, MADV_DONTNEED) end },
	{ "reclaim",   function(ram) ram:swap_out(MiB, 2 * MiB) end },
	{ "migration", function(ram, n) ram:migrate(2 * MiB + n % 256 * 4096) end },
	{ "mprotect",  function(ram)
		ram:mprotect(2 * MiB, 0x40000, "none")
		ram:mprotect(2 * MiB, 0x40000, "rw")
	end },
	{ "their prefix areas going", function(ram) ram:madvise(MiB + 0x10000, 0x20000, MADV_DONTNEED) end },
	{ "migration of guest-2's tables", function(ram, n, space)
		ram:migrate(space:pte(n % 2 * MiB, 1 + n % 3).gpa & ~0xfff)
	end },
}, function(sim, case)
	local nested, space, ram = guest(sim, 2)
	for i = 1, 2 do
		local n = nested[i]
		sim:thread("nested " .. i, function()
			while not sim:stopping() do
				local done = run(sim, n, "workload", { op = "write", range = { MiB + (i - 1) * 0x80000, 0x80000 }, count = 512 })
				-- While it is PROT_NONE there is no memory.
				if case[1] ~= "mprotect" then
					expect(done):eq(512)
				end
			end
		end)
	end
	again_and_again(sim, "host", function(n) case[2](ram, n, space) end)
	sim:join{ seconds = SECONDS }
	expect_alive(ram, nested[1])
end)

scenario("vsie threads: guest-2 changes tables that are in use", options, function(sim)
	local nested, space, ram, vm = guest(sim, 2)
	local other = vm:create_vcpu()
	writer(sim, nested, 1)
	sim:thread("nested 2", function()
		while not sim:stopping() do
			local exit = run(sim, nested[2], "workload", { op = "read", range = { MiB + 0x80000, 0x80000 }, count = 512 })
			if exit ~= 512 then
				expect(exit.exception.code):eq(PAGE_TRANSLATION)
			end
		end
	end)
	again_and_again(sim, "guest-2", function(n)
		local va = MiB + 0x80000 + n % 128 * 4096
		local pte = space:pte(va)
		expect(other:ipte{ table = pte.gpa & ~0x7ff, addr = va }):is_true()
		expect(other:write(pte.gpa, ("<i8"):pack(pte.raw))):is_true()
	end)
	sim:join{ seconds = SECONDS }
	expect_alive(ram, nested[1])
	expect(nested[2]:workload{ op = "write", range = { MiB + 0x80000, 0x80000 } }):eq(128)
end)

scenario("vsie threads: shadows come and go", options, function(sim)
	local nested, space, ram, vm = guest(sim, 2)
	local other = vm:create_vcpu()
	writer(sim, nested, 1)
	writer(sim, nested, 2)
	local unused = space:pte(0, 3).gpa ~ 0x800
	again_and_again(sim, "guest-2", function()
		expect(other:write(unused, ("<i8"):pack(0x24))):is_true()
	end)
	sim:join{ seconds = SECONDS }
	expect_alive(ram, nested[1])
end)

scenario("vsie threads: two vCPUs with one state description", options, function(sim)
	local nested, _, ram, vm, vcpu = guest(sim, 1)
	local other = vm:create_vcpu()
	expect(other:set_cr(1, vcpu:get_cr(1))):eq(0)
	local same = { nested[1], other:nested(nested[1]) }
	local done = { 0, 0 }
	for i = 1, 2 do
		sim:thread("nested " .. i, function()
			while not sim:stopping() do
				local n = same[i]:workload{ op = "write", range = { MiB, MiB }, count = 256 }
				-- While the other one has it, SIE does nothing.
				done[i] = done[i] + (n == 256 and 1 or 0)
			end
		end)
	end
	sim:join{ seconds = SECONDS, at_least = function() return done[1] + done[2] > 0 end }
	expect_alive(ram, nested[1])
end)

scenario("vsie threads: dirty logging under nested guests", options, function(sim)
	local nested, _, ram, vm = guest(sim, 2, KVM_MEM_LOG_DIRTY_PAGES)
	local seen = vm:get_dirty_log{ slot = 0 }
	local rounds = { 0, 0 }
	for i = 1, 2 do
		sim:thread("nested " .. i, function()
			repeat
				for page = 0, 63 do
					expect(run(sim, nested[i], "write", MiB + (page * 2 + i - 1) * 4096, ("<i8"):pack(rounds[i]))):is_true()
				end
				rounds[i] = rounds[i] + 1
			until sim:stopping()
		end)
	end
	again_and_again(sim, "log", function() seen:add(vm:get_dirty_log{ slot = 0 }) end)
	sim:join{ seconds = SECONDS }
	seen:add(vm:get_dirty_log{ slot = 0 })
	for page = 0, 127 do
		expect(seen:test(0x200 + page)):is_true()
	end
	expect(ram:read(2 * MiB, 8)):eq(("<i8"):pack(rounds[1] - 1))
end)

-- Each stops all vCPUs, in a nested guest or not (kvm_s390_vsie_kick()).
cases("vsie threads: kicked out of nested guests by", options, {
	{ "migration mode", function(vm)
		expect(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_START }):eq(0)
		expect(vm:set_device_attr{ group = KVM_S390_VM_MIGRATION, attr = KVM_S390_VM_MIGRATION_STOP }):eq(0)
	end },
	{ "guest-2's prefix area going", function(_, ram) expect(ram:madvise(0, "8K", MADV_DONTNEED)):eq(0) end },
}, function(sim, case)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "8M", huge = false }
	local vm = vmm:open_kvm():create_vm{ cpu_feat = "host" }
	expect(vm:set_user_memory_region{ slot = 0, memory_size = "8M", flags = KVM_MEM_LOG_DIRTY_PAGES,
		userspace_addr = ram }):eq(0)
	expect(vm:set_device_attr{ group = KVM_S390_VM_MEM_CTRL, attr = KVM_S390_VM_MEM_ENABLE_CMMA }):eq(0)
	local space
	local nested = {}
	for i = 1, 2 do
		local vcpu = vm:create_vcpu{ lowcore = false }
		space = space or vcpu:address_space{ type = "region3" }
		expect(vcpu:set_cr(1, space.asce)):eq(0)
		nested[i] = vcpu:nested{ addr = 0x700000 + 512 * i, prefix = 0x10000 * i }
	end
	expect(space:map{ from = 0, to = MiB, size = 2 * MiB }):eq(0)
	nested[1]:expect_pin()
	writer(sim, nested, 1)
	writer(sim, nested, 2)
	again_and_again(sim, "vmm", function() case[2](vm, ram) end)
	sim:join{ seconds = SECONDS }
	expect_alive(ram, nested[1])
end)

-- --- signals ------------------------------------------------------------------------------------------------

-- Whether a signal looks to guest-2 like an interception without an action. Where KVM sets guest-2's PSW back to SIE,
-- the next KVM_RUN goes on; do_vsie_run() of 7.0 returns -EINTR, for which vsie_run() does not (findings.md).
local function signal_intercepts(sim)
	return sim:kernel_since("7.0") or not sim:kernel_since("6.12")
end

scenario("vsie threads: signals end KVM_RUN in a nested guest", options, function(sim)
	local nested, _, ram, _, vcpu, vmm = guest(sim, 1)
	local ended, intercepted = 0, 0
	sim:thread("nested", function()
		while not sim:stopping() do
			local done = run(sim, nested[1], "workload", { op = "write", range = { MiB, MiB }, count = 4096 })
			while done ~= 4096 and done ~= true do
				if done.interception then
					expect(done.interception):fields{ icptcode = 0 }
					intercepted = intercepted + 1
					break
				end
				expect(done):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
				ended = ended + 1
				done = vcpu:run()
			end
		end
	end)
	again_and_again(sim, "signals", function() vmm:kill(SIGUSR1) end)
	sim:join{ seconds = SECONDS, at_least = function()
		return ended > 0 and (intercepted > 0 or not signal_intercepts(sim))
	end }
	expect(intercepted > 0):eq(signal_intercepts(sim))
	expect(vmm:take_signal()):fields{ signo = SIGUSR1 }
	expect_alive(ram, nested[1])
end)

-- Guest-2's page table maps its own page as guest-3's prefix area, where SIE must be able to store: KVM protects the
-- page for one purpose and opens it for the other. Since 7.0 map_prefix() fails each time before anybody looks for
-- signals.
scenario("vsie threads: a signal ends SIE that makes no progress before 7.0", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { length = "8M" }, vm = { cpu_feat = "host" },
		data = { [2 * MiB] = "x" } }
	local space = vcpu:address_space{ type = "region3" }
	expect(space:map{ from = 0, to = MiB, size = MiB }):eq(0)
	expect(space:map{ from = MiB, to = 2 * MiB, size = MiB }):eq(0)
	expect(vcpu:set_cr(1, space.asce)):eq(0)
	local nested = vcpu:nested{ addr = 0x700000 }
	nested:expect_pin()
	local pte = space:pte(0)
	expect(vcpu:write(pte.gpa, ("<i8"):pack(pte.gpa & ~0xfff))):is_true()
	local done
	-- Waits until KVM has flushed n more entries, or has come back.
	local function turns(n)
		local function count()
			local c = sim.inspect:counters()
			return c.ipte_global + c.ipte_local + c.crdte + c.csp
		end
		local goal = count() + n
		while count() < goal and not done and not sim:stopping() do
		end
	end
	sim:thread("nested", function() done = nested:read(MiB, 1) end)
	sim:thread("vmm", function()
		turns(20)
		expect(vmm:kill(SIGUSR1)):ge(1)
		turns(500)
		if sim:kernel_since("7.0") then
			expect(done):is_nil()
		else
			expect(done):fields{ ret = -EINTR }
		end
		space:set_pte(0, pte.raw)
	end)
	sim:join()
	expect(done):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	local again = vcpu:run()
	if signal_intercepts(sim) then
		expect(again.interception):fields{ icptcode = 0 }
	else
		expect(again):eq("x")
	end
	expect(vmm:take_signal()):fields{ signo = SIGUSR1 }
	expect_alive(ram, nested)
end)
