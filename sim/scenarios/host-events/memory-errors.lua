-- SPDX-License-Identifier: GPL-2.0-only
-- Errors of memory (CONFIG_MEMORY_FAILURE): MADV_HWPOISON, an error that the calling thread's own access has met;
-- errors that a patrol of the hardware finds; MADV_SOFT_OFFLINE. All mappings of all VMs go, and the VMM gets SIGBUS.

local options = {
	arch = { "x86_64", "arm64" }, mmu = { "ept", "npt", "shadow", "vhe" }, kernel = "6.12",
}
local PAGE <const>, HUGE <const> = 0x1000, 0x200000
local SMALL <const> = { length = "64K", huge = false }

local function sigbus(code, addr)
	return { signo = SIGBUS, code = code, addr = addr }
end

local function present(sim, vm, gpa)
	return sim.inspect:mapping(vm, gpa).present
end

-- The guest's access tells the VMM about a page with an error, each time it is tried, as on real kernels: SIGBUS, which
-- KVM_RUN ends for.
local function expect_error(vcpu, vmm, gpa, addr)
	expect(vcpu:read(gpa, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AR, addr))
	vcpu:abandon()
end

-- A second VM on the same memory.
local function second_vm(vmm, ram)
	local vm = vmm:open_kvm():create_vm()
	local region = { slot = 0, guest_phys_addr = "1M", memory_size = ram.length, userspace_addr = ram }
	expect(vm:set_user_memory_region(region)):eq(0)
	return vm, vm:create_vcpu()
end

scenario("hwpoison: an anonymous page, and two VMs that have it", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = "gone", [0x4000] = "stay" } }
	local other, other_vcpu = second_vm(vmm, ram)
	expect(vcpu:read(0x3000, 4)):eq("gone")
	expect(vcpu:read(0x4000, 4)):eq("stay")
	expect(other_vcpu:write(0x103000, "gone")):is_true()

	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AR, ram.addr + 0x3000))
	expect(vmm:take_signal()):is_nil()
	expect(present(sim, vm, 0x3000)):is_false()
	expect(present(sim, other, 0x103000)):is_false()
	expect(present(sim, vm, 0x4000)):is_true()

	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
	expect_error(other_vcpu, vmm, 0x103000, ram.addr + 0x3000)
	expect(ram:read(0x3000, 4)):eq(-EFAULT)
	expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AR, ram.addr + 0x3000))
	expect(vcpu:read(0x4000, 4)):eq("stay")

	-- the VMM gives the guest another page
	expect(ram:madvise(0x3000, PAGE, MADV_DONTNEED)):eq(0)
	expect(vcpu:write(0x3000, "new ")):is_true()
	expect(other_vcpu:read(0x103000, 4)):eq("new ")
	expect(vmm:take_signal()):is_nil()
end)

scenario("hwpoison: an access that was interrupted goes on with the new page", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = SMALL }
	expect(ram:write(0x3000, "old ")):eq(0)
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):fields{ signo = SIGBUS }
	expect(vcpu:write(0x3000, "new ")):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AR, ram.addr + 0x3000))
	expect(ram:madvise(0x3000, PAGE, MADV_DONTNEED)):eq(0)
	expect(vcpu:run()):is_true()
	expect(ram:read(0x3000, 4)):eq("new ")
end)

-- Nobody has read the page. Who wants to know of it early is told.
cases("memory error: found by the hardware, the VMM's policy", options, {
	{ "none",    nil,                   false },
	{ "default", "PR_MCE_KILL_DEFAULT", false },
	{ "late",    "PR_MCE_KILL_LATE",    false },
	{ "early",   "PR_MCE_KILL_EARLY",   true },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = "gone" } }
	local policies = { PR_MCE_KILL_DEFAULT = PR_MCE_KILL_DEFAULT, PR_MCE_KILL_LATE = PR_MCE_KILL_LATE,
		PR_MCE_KILL_EARLY = PR_MCE_KILL_EARLY }
	if case[2] then
		expect(vmm:mce_kill(policies[case[2]])):eq(0)
	end
	expect(vcpu:read(0x3000, 4)):eq("gone")
	expect(ram:memory_error(0x3000)):eq(0)
	if case[3] then
		expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AO, ram.addr + 0x3000))
	end
	expect(vmm:take_signal()):is_nil()
	expect(present(sim, vm, 0x3000)):is_false()
	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
end)

scenario("memory error: the policies that there are", options, function(sim)
	local vmm = sim:process()
	expect(vmm:mce_kill(3)):eq(-EINVAL)
	expect(vmm:mce_kill(PR_MCE_KILL_EARLY)):eq(0)
	expect(vmm:mce_kill(PR_MCE_KILL_DEFAULT)):eq(0)
end)

scenario("memory error: a page that nobody has yet, or that is gone", options, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16K", kind = "shmem" }
	expect(ram:memory_error(0)):eq(-ENOENT)
	expect(ram.file:memory_error(0x1000)):eq(-ENOENT)
	expect(ram:write(0x1000, "data")):eq(0)
	expect(ram.file:punch_hole(0x1000, PAGE)):eq(0)
	expect(ram.file:memory_error(0x1000)):eq(-ENOENT)
end)

-- Two VMMs share a file: only the one that asked for it is told early, both lose the page.
scenario("memory error: a page of a file that two VMMs have", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "64K", kind = "shmem" }, data = { [0x3000] = "gone" } }
	expect(vcpu:read(0x3000, 4)):eq("gone")
	local child = vmm:fork()
	local view = child:view(ram)
	local other, other_vcpu = second_vm(child, view)
	expect(other_vcpu:read(0x103000, 4)):eq("gone")
	expect(child:mce_kill(PR_MCE_KILL_EARLY)):eq(0)

	expect(ram.file:memory_error(0x3000)):eq(0)
	expect(vmm:take_signal()):is_nil()
	-- the other process handles its signals when it runs
	expect(view:read(0x4000, 4)):eq("\0\0\0\0")
	expect(child:take_signal()):eq(sigbus(BUS_MCEERR_AO, ram.addr + 0x3000))
	expect(present(sim, vm, 0x3000)):is_false()
	expect(present(sim, other, 0x103000)):is_false()
	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
	expect_error(other_vcpu, child, 0x103000, ram.addr + 0x3000)
	expect(view:read(0x3000, 4)):eq(-EFAULT)
	expect(child:take_signal()):eq(sigbus(BUS_MCEERR_AR, ram.addr + 0x3000))

	-- the page stays in the file until there is a hole
	expect(ram:madvise(0x3000, PAGE, MADV_DONTNEED)):eq(0)
	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
	expect(ram.file:punch_hole(0x3000, PAGE)):eq(0)
	expect(vcpu:write(0x3000, "new ")):is_true()
	-- the other process still has the entry that tells of the error
	expect_error(other_vcpu, child, 0x103000, ram.addr + 0x3000)
	expect(view:madvise(0x3000, PAGE, MADV_DONTNEED)):eq(0)
	expect(other_vcpu:read(0x103000, 4)):eq("new ")
	child:exit()
end)

cases("hwpoison: one page of a huge page", options, {
	{ "anonymous",           {} },
	{ "with logging",        { log = true } },
}, function(sim, case)
	local vcpu, ram, vm, vmm, slot = sim:guest{ ram = { length = "4M", huge = true },
		data = { [0x5000] = "gone", [0x6000] = "stay", [HUGE - PAGE] = "last" } }
	expect(vcpu:read(0x6000, 4)):eq("stay")
	expect(sim.inspect:mapping(vm, 0x6000).level):eq(2)
	if case[2].log then
		slot.flags = KVM_MEM_LOG_DIRTY_PAGES
		expect(vm:set_user_memory_region(slot)):eq(0)
		expect(vcpu:write(0x6000, "stay")):is_true()
	end
	expect(ram:madvise(0x5000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR }
	expect(present(sim, vm, 0x5000)):is_false()
	expect(ram:page(6)):fields{ mapped = true, huge = false }
	expect(vcpu:read(0x6000, 4)):eq("stay")
	expect(sim.inspect:mapping(vm, 0x6000).level):eq(1)
	expect(vcpu:read(HUGE - PAGE, 4)):eq("last")
	expect_error(vcpu, vmm, 0x5000, ram.addr + 0x5000)
	expect(vcpu:read(HUGE, 4)):eq("\0\0\0\0")
	if case[2].log then
		expect(vm:get_dirty_log{ slot = 0 }:pages()):contains(6)
	end
end)

-- A pinned huge page cannot be split. It stays mapped, and the next access meets the error.
scenario("hwpoison: a huge page that a device has pinned", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = { length = "4M", huge = true }, data = { [0x5000] = "bad " } }
	expect(vcpu:read(0x6000, 4)):eq("\0\0\0\0")
	expect(ram:pin(0x7000)):eq(0)
	expect(ram:madvise(0x5000, PAGE, MADV_HWPOISON)):eq(-EHWPOISON)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR }
	expect(ram:page(5)):fields{ mapped = true, huge = true }
	expect(ram:read(0x6000, 4)):eq("\0\0\0\0")
	expect(ram:read(0x5000, 4)):eq(-EFAULT)
	if sim.arch == "arm64" then
		-- Without firmware that tells of errors (APEI) that is an external abort, of the process or of the guest.
		expect(vmm:take_signal()):eq(sigbus(BUS_OBJERR, ram.addr + 0x5000))
		expect(vcpu:read(0x5000, 4).exception):fields{ ec = ESR_ELx_EC_DABT_CUR, fsc = ESR_ELx_FSC_EXTABT, far = 0x5000 }
	else
		expect(vmm:take_signal()):eq(sigbus(BUS_MCEERR_AR, ram.addr + 0x5000))
		expect_error(vcpu, vmm, 0x5000, ram.addr + 0x5000)
	end
	expect(vcpu:read(0x6000, 4)):eq("\0\0\0\0")
	expect(ram:unpin(0x7000)):eq(0)
end)

scenario("hwpoison: a page that KSM has merged", options, function(sim)
	local same <const> = ("k"):rep(PAGE)
	local vcpu, ram, vm, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = same, [0x4000] = same } }
	expect(vmm:ksm_merge(ram:page(3), ram:page(4))):eq(0)
	expect(vcpu:read(0x3000, 4)):eq("kkkk")
	expect(vcpu:read(0x4000, 4)):eq("kkkk")
	expect(ram:page(3)):eq(ram:page(4))
	expect(ram:memory_error(0x3000)):eq(0)
	-- KSM keeps what it knows of the page, as the kernel keeps the page
	sim:expect_report{ kind = "leak", match = "ksm_stable_node" }
	expect(present(sim, vm, 0x3000)):is_false()
	expect(present(sim, vm, 0x4000)):is_false()
	expect_error(vcpu, vmm, 0x3000, ram.addr + 0x3000)
	expect_error(vcpu, vmm, 0x4000, ram.addr + 0x4000)
end)

scenario("hwpoison: a read-only slot and a read-only mapping", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = SMALL, slot = { flags = KVM_MEM_READONLY },
		data = { [0x3000] = "rom " } }
	expect(vcpu:read(0x3000, 4)):eq("rom ")
	expect(ram:mprotect(0, "64K", "r")):eq(0)
	expect(vcpu:read(0x3000, 4)):eq("rom ")
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):fields{ signo = SIGBUS, code = BUS_MCEERR_AR }
	expect(present(sim, vm, 0x3000)):is_false()
	expect(vcpu:read(0x3000, 4)):fields{ ret = -EINTR, reason = KVM_EXIT_INTR }
	local signal = vmm:take_signal()
	expect(signal):fields{ signo = SIGBUS, code = BUS_MCEERR_AR }
	if sim.arch == "arm64" then
		expect(signal.addr):eq(ram.addr + 0x3000)
	else
		-- a kernel address, which stands for an error of the look-up (docs/findings.md)
		expect(signal.addr):gt(1 << 44)
	end
end)

-- What the kernel reads of such a page for an ioctl fails, without a signal.
scenario("hwpoison: an ioctl whose structure is in the page", options, function(sim)
	local _, ram, vm, vmm = sim:guest{ ram = SMALL,
		-- a slot that there is not
		data = { [0x3000] = string.pack("<I4", 9), [0x4000] = string.pack("<I4", 9) } }
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, ram.addr + 0x4000)):eq(-EINVAL)
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):fields{ signo = SIGBUS }
	expect(vm:ioctl(KVM_SET_USER_MEMORY_REGION, ram.addr + 0x3000)):eq(-EFAULT)
	expect(vmm:take_signal()):is_nil()
end)

cases("soft offline: the page moves, the guest does not notice", options, {
	{ "anonymous",     SMALL },
	{ "shared memory", { length = "64K", kind = "shmem" } },
	{ "huge",          { length = "4M", huge = true } },
}, function(sim, case)
	local vcpu, ram, vm, vmm = sim:guest{ ram = case[2], data = { [0x3000] = "data" } }
	expect(vcpu:read(0x3000, 4)):eq("data")
	local before = ram:page(3)
	expect(ram:madvise(0x3000, PAGE, MADV_SOFT_OFFLINE)):eq(0)
	expect(vmm:take_signal()):is_nil()
	expect(present(sim, vm, 0x3000)):is_false()
	expect(vcpu:read(0x3000, 4)):eq("data")
	expect(ram:page(3)):ne(before)
	expect(sim.inspect:mapping(vm, 0x3000).pfn):eq(ram:page(3).pfn)
	expect(vcpu:write(0x3000, "more")):is_true()
	expect(ram:read(0x3000, 4)):eq("more")
end)

scenario("soft offline: a pinned page stays", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = "data" } }
	expect(ram:pin(0x3000)):eq(0)
	local before = ram:page(3)
	expect(ram:madvise(0x3000, PAGE, MADV_SOFT_OFFLINE)):lt(0)
	expect(ram:page(3)):eq(before)
	expect(vcpu:read(0x3000, 4)):eq("data")
	expect(vmm:take_signal()):is_nil()
	expect(ram:unpin(0x3000)):eq(0)
end)

cases("hwpoison and soft offline: what madvise() refuses", options, {
	{ "hwpoison",     "MADV_HWPOISON" },
	{ "soft offline", "MADV_SOFT_OFFLINE" },
}, function(sim, case)
	local advice = case[2] == "MADV_HWPOISON" and MADV_HWPOISON or MADV_SOFT_OFFLINE
	local vmm = sim:process()
	local ram = vmm:mmap(SMALL)
	expect(ram:madvise(1, PAGE, advice)):eq(-EINVAL)
	expect(ram:madvise(0, 0, advice)):eq(0)
	expect(ram:munmap(0x3000, PAGE)):eq(0)
	expect(ram:madvise(0x3000, PAGE, advice)):eq(-EFAULT)
	expect(vmm:drop_capability(CAP_SYS_ADMIN)):eq(0)
	expect(ram:write(0, "data")):eq(0)
	expect(ram:madvise(0, PAGE, advice)):eq(-EPERM)
	expect(ram:read(0, 4)):eq("data")
end)

scenario("hwpoison: a second error in the same page", options, function(sim)
	local vcpu, ram, _, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = "gone" } }
	expect(vcpu:read(0x3000, 4)):eq("gone")
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(vmm:take_signal()):fields{ signo = SIGBUS }
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(-EFAULT)
	expect(ram:madvise(0x3000, PAGE, MADV_SOFT_OFFLINE)):eq(-EFAULT)
	expect(ram:memory_error(0x3000)):eq(-ENOENT)
	expect(vmm:take_signal()):is_nil()
end)

-- A page that is in use only in the swap cache, and one that is swapped out: the guest gets what the disk has.
scenario("memory error: after swapping in", options, function(sim)
	local vcpu, ram, vm, vmm = sim:guest{ ram = SMALL, data = { [0x3000] = "swap" } }
	expect(vcpu:read(0x3000, 4)):eq("swap")
	expect(ram:swap_out(0x3000, PAGE)):eq(0)
	expect(vcpu:read(0x3000, 4)):eq("swap")
	expect(ram:madvise(0x3000, PAGE, MADV_HWPOISON)):eq(0)
	expect(present(sim, vm, 0x3000)):is_false()
	expect(vcpu:read(0x4000, 4)):eq("\0\0\0\0")
	vmm:take_signal()
end)
