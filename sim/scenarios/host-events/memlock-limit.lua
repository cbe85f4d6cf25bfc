-- SPDX-License-Identifier: GPL-2.0-only
-- RLIMIT_MEMLOCK: how much memory a process may lock. mlock() shows it without KVM.

local function process(sim, bytes)
	local vmm = sim:process()
	expect(vmm:setrlimit(RLIMIT_MEMLOCK, bytes)):eq(0)
	return vmm, vmm:mmap{ length = "64K" }
end

scenario("RLIMIT_MEMLOCK: nothing is limited with CAP_IPC_LOCK", function(sim)
	local vmm, ram = process(sim, "4K")
	expect(ram:mlock(0, "64K")):eq(0)
	expect(ram:munlock(0, "64K")):eq(0)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(ram:mlock(0, "8K")):eq(-ENOMEM)
	expect(ram:mlock(0, "4K")):eq(0)
end)

scenario("RLIMIT_MEMLOCK: all that is locked counts, until it is unlocked", function(sim)
	local vmm, ram = process(sim, "8K")
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(ram:mlock(0, "4K")):eq(0)
	expect(ram:mlock("8K", "8K")):eq(-ENOMEM)
	expect(ram:mlock("8K", "4K")):eq(0)
	expect(ram:mlock("32K", "4K")):eq(-ENOMEM)
	expect(ram:munlock(0, "4K")):eq(0)
	expect(ram:mlock("32K", "4K")):eq(0)
end)

scenario("RLIMIT_MEMLOCK: a limit of 0 permits nothing, and other limits cannot be set", function(sim)
	local vmm, ram = process(sim, 0)
	expect(vmm:drop_capability(CAP_IPC_LOCK)):eq(0)
	expect(ram:mlock(0, "4K")):eq(-EPERM)
	expect(vmm:setrlimit(RLIMIT_MEMLOCK + 1, 0)):eq(-EINVAL)
end)
