-- SPDX-License-Identifier: GPL-2.0-only
-- What the VMM learns about accesses that fail. Its own accesses get a signal. Accesses that KVM makes for it get an
-- errno of KVM_RUN or of the ioctl (arch/x86/mm/fault.c: bad_area(), do_sigbus(); mm/gup.c sends none).

local options = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" } }

scenario("signals: the VMM's own access beyond the end of a truncated file raises SIGBUS", options, function(sim)
	local _, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(ram.file:ftruncate(0x4000)):eq(0)
	expect(ram:read(0x5010, 4)):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGBUS, code = BUS_ADRERR, addr = ram.addr + 0x5010 }
	expect(ram:write(0x6000, "x")):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGBUS, code = BUS_ADRERR, addr = ram.addr + 0x6000 }
	expect(vmm:take_signal()):is_nil()
	expect(ram:read(0x3000, 1)):eq("\0")
	expect(vmm:take_signal()):is_nil()
end)

scenario("signals: the guest's access there is KVM_RUN's EFAULT, and no signal", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = { kind = "shmem" } }
	expect(vcpu:write(0x5000, "gone")):is_true()
	expect(ram.file:ftruncate(0x4000)):eq(0)
	expect(vcpu:read(0x5000, 4)):fields{ ret = -EFAULT }
	expect(vcpu:write(0x5000, "x")):fields{ ret = -EFAULT }
	expect(vmm:take_signal()):is_nil()
end)

cases("signals: a forbidden access of the VMM raises SIGSEGV", options, {
	{ "a read where nothing is mapped", function(ram) ram:munmap(0x1000, "4K") end, "read", SEGV_MAPERR },
	{ "a write where nothing is mapped", function(ram) ram:munmap(0x1000, "4K") end, "write", SEGV_MAPERR },
	{ "a write to memory for reading", function(ram) ram:mprotect(0x1000, "4K", "r") end, "write", SEGV_ACCERR },
	{ "a read of memory for nothing", function(ram) ram:mprotect(0x1000, "4K", "none") end, "read", SEGV_ACCERR },
}, function(sim, case)
	local vcpu, ram, _, vmm = sim:guest()
	ram:write(0x1000, "page")
	case[2](ram)
	expect(ram[case[3]](ram, 0x1000, case[3] == "read" and 4 or "x")):eq(-EFAULT)
	expect(vmm:take_signal()):eq{ signo = SIGSEGV, code = case[4], addr = ram.addr + 0x1000 }
	expect(vcpu[case[3]](vcpu, 0x1000, case[3] == "read" and 4 or "x")):fields{ ret = -EFAULT }
	expect(vmm:take_signal()):is_nil()
end)

scenario("signals: the address is that of the first byte that the access could not reach", options, function(sim)
	local _, ram, _, vmm = sim:guest()
	expect(ram:munmap(0x2000, "4K")):eq(0)
	expect(ram:write(0x1ff0, ("x"):rep(32))):eq(-EFAULT)
	expect(vmm:take_signal()):fields{ signo = SIGSEGV, addr = ram.addr + 0x2000 }
	expect(ram:read(0x1ff0, 16)):eq(("x"):rep(16))
end)

scenario("signals: an ioctl with a bad pointer is EFAULT, and no signal", options, function(sim)
	local _, _, vm, vmm = sim:guest()
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, 0x1000)):eq(-EFAULT)
	expect(vmm:take_signal()):is_nil()
end)

scenario("signals: each process gets its own, in their order", options, function(sim)
	local _, ram, _, vmm = sim:guest()
	expect(ram:munmap(0, "64K")):eq(0)
	local child = vmm:fork()
	local view = child:view(ram)
	ram:read(0x1000, 1)
	view:read(0x2000, 1)
	ram:read(0x3000, 1)
	expect(vmm:take_signal().addr):eq(ram.addr + 0x1000)
	expect(child:take_signal().addr):eq(ram.addr + 0x2000)
	expect(child:take_signal()):is_nil()
	expect(vmm:take_signal().addr):eq(ram.addr + 0x3000)
	expect(vmm:take_signal()):is_nil()
end)

-- A handler runs before the next system call: the signal is no longer pending when KVM_RUN looks.
scenario("signals: a handled signal does not interrupt KVM_RUN", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	expect(ram:munmap(0x8000, "4K")):eq(0)
	expect(ram:read(0x8000, 1)):eq(-EFAULT)
	expect(vcpu:write(0x1000, "goes on")):is_true()
	expect(vmm:take_signal()):fields{ signo = SIGSEGV }
end)

-- The vCPU's thread is in KVM_RUN nearly all the time. The interrupted access goes on with the next KVM_RUN, unless a
-- signal ends that one too.
scenario("signals: KVM_RUN ends with EINTR when another thread sends one", {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, check = "end",
}, function(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local interrupted = 0
	sim:thread("vcpu", function()
		while not sim:stopping() do
			local done = vcpu:workload{ op = "write", range = { 0, "64K" }, stride = "4K", count = 100000 }
			if type(done) == "number" then
				expect(done):eq(100000)
			else
				expect(done):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
				expect(done.done):lt(100000)
				interrupted = interrupted + 1
				done = vcpu:run()
				while done ~= true do
					expect(done):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
					done = vcpu:run()
				end
			end
		end
	end)
	sim:thread("signals", function()
		while not sim:stopping() do
			expect(vmm:kill(SIGUSR1)):ge(1)
		end
	end)
	sim:join{ seconds = 1, at_least = function() return interrupted > 0 end }
	expect(vmm:take_signal()):eq{ signo = SIGUSR1, code = SI_USER, addr = 0 }
	expect(vcpu:write(0x1000, "on")):is_true()
	expect(ram:read(0x1000, 2)):eq("on")
end)

scenario("signals: a process of one thread has no other to send one to", options, function(sim)
	local vmm = sim:process()
	expect(vmm:kill(SIGUSR1)):eq(0)
	expect(vmm:kill(0)):eq(-EINVAL)
	expect(vmm:kill(9)):eq(-EINVAL)
	expect(vmm:kill(65)):eq(-EINVAL)
	expect(vmm:take_signal()):is_nil()
end)

-- Memory whose pages a monitor has to bring.
local long = { arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, check = "end" }
local function missing(sim)
	local vcpu, ram, _, vmm = sim:guest()
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	return vcpu, ram, uffd, vmm
end

-- Since 6.2 (FOLL_INTERRUPTIBLE).
scenario("signals: a vCPU that waits for a missing page comes back, and waits again", {
	arch = "x86_64", mmu = { "ept", "npt", "shadow" }, check = "end", kernel = "6.2",
}, function(sim)
	local vcpu, ram, uffd, vmm = missing(sim)
	sim:thread("vcpu", function()
		expect(vcpu:read(0x1000, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
		expect(vcpu:run()):eq("data")
	end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(vmm:kill(SIGUSR1)):ge(1)
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(uffd:copy(ram, 0x1000, "data" .. ("\0"):rep(4092))):eq(4096)
	end)
	sim:join()
	expect(vmm:take_signal()):fields{ signo = SIGUSR1 }
end)

scenario("signals: the VMM's own access that waits for a missing page goes on waiting", long, function(sim)
	local _, ram, uffd, vmm = missing(sim)
	sim:thread("reader", function()
		expect(ram:read(0x1000, 4)):eq("data")
	end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(vmm:kill(SIGUSR1)):ge(1)
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(uffd:copy(ram, 0x1000, "data" .. ("\0"):rep(4092))):eq(4096)
	end)
	sim:join()
	expect(vmm:take_signal()):fields{ signo = SIGUSR1 }
end)

scenario("signals: pre-fault of missing pages ends with what it has done", { arch = "x86_64", mmu = { "ept", "npt" },
	needs = "KVM_CAP_PRE_FAULT_MEMORY", check = "end" }, function(sim)
	local vcpu, ram, uffd, vmm = missing(sim)
	sim:thread("pre-fault", function()
		local rc, left = vcpu:pre_fault_memory{ gpa = 0x1000, size = "16K" }
		expect(rc):eq(0)
		expect(left):eq{ gpa = 0x2000, size = 0x3000 }
		expect(vcpu:pre_fault_memory(left)):eq(-EINTR)
	end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(uffd:copy(ram, 0x1000, ("\0"):rep(4096))):eq(4096)
		expect(uffd:read()):fields{ address = ram.addr + 0x2000 }
		expect(vmm:kill(SIGUSR1)):ge(1)
		expect(uffd:read()):fields{ address = ram.addr + 0x2000 }
		expect(vmm:kill(SIGUSR1)):ge(1)
	end)
	sim:join()
end)

-- Its faults are not FOLL_INTERRUPTIBLE (faultin_page_range(), mm/gup.c).
scenario("signals: MADV_POPULATE_READ of a missing page is not interrupted", long, function(sim)
	local _, ram, uffd, vmm = missing(sim)
	sim:thread("populate", function()
		expect(ram:madvise(0x1000, "4K", MADV_POPULATE_READ)):eq(0)
	end)
	sim:thread("monitor", function()
		expect(uffd:read()):fields{ address = ram.addr + 0x1000 }
		expect(vmm:kill(SIGUSR1)):ge(1)
		expect(uffd:copy(ram, 0x1000, "data" .. ("\0"):rep(4092))):eq(4096)
	end)
	sim:join()
	expect(ram:read(0x1000, 4)):eq("data")
end)
