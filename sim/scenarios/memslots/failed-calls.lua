-- SPDX-License-Identifier: GPL-2.0-only
-- What the kernel leaves in kvm_run, and in the structure of an ioctl, when a call fails.

local KVM_GET_MSR_INDEX_LIST <const> = 0xc004ae02
local IMMEDIATE_EXIT <const> = 1	-- offset in struct kvm_run

scenario("KVM_RUN fails: the reason is the one in kvm_run", { mmu = { "ept", "npt", "shadow", "vhe" } }, function(sim)
	local vcpu, ram = sim:guest()
	ram:munmap(0x1000, "4K")
	expect(vcpu:read(0x1000, 1)):fields{ ret = -EFAULT, reason = KVM_EXIT_UNKNOWN }
end)

-- KVM_RUN returns before it looks at the guest, and leaves exit_reason alone.
scenario("KVM_RUN fails at once: there was no exit yet", { mmu = { "ept", "sie", "vhe" } }, function(sim)
	local vcpu = sim:guest()
	vcpu:mmap{ length = "4K" }:write(IMMEDIATE_EXIT, "\1")
	expect(vcpu:read(0, 1)):fields{ ret = -EINTR, reason = KVM_EXIT_UNKNOWN }
end)

scenario("KVM_RUN fails at once: the reason is the last exit's, without its data", {
	mmu = { "ept", "npt", "shadow", "vhe" },
}, function(sim)
	local vcpu = sim:guest()
	expect(vcpu:write(0x80000000, "lost")):fields{ ret = 0, reason = KVM_EXIT_MMIO }
	vcpu:mmap{ length = "4K" }:write(IMMEDIATE_EXIT, "\1")
	local exit = vcpu:run()
	expect(exit):fields{ ret = -EINTR, reason = KVM_EXIT_MMIO }
	expect(exit.mmio):is_nil()
end)

scenario("no KVM_RUN, no reason", { mmu = { "ept", "sie", "vhe" } }, function(sim)
	local vcpu = sim:guest()
	vcpu:close()
	expect(vcpu:read(0, 1).ret):eq(-EBADF)
	expect(vcpu:read(0, 1).reason):is_nil()
end)

scenario("an ioctl fails and says how much there is", { arch = "x86_64" }, function(sim)
	local kvm = sim:process():open_kvm()
	local rc, out = kvm:ioctl(KVM_GET_MSR_INDEX_LIST, ("\0"):rep(4), 4)
	expect(rc):eq(-E2BIG)
	expect(string.unpack("<I4", out)):gt(0)
end)

scenario("pre-fault: what is left of the range", {
	arch = "x86_64", mmu = { "ept", "npt" }, needs = "KVM_CAP_PRE_FAULT_MEMORY",
}, function(sim)
	local vcpu = sim:guest()
	local rc, left = vcpu:pre_fault_memory{ gpa = 0x1fe000, size = 0x4000 }
	expect(rc):eq(0)
	expect(left):eq{ gpa = 0x200000, size = 0x2000 }
	rc, left = vcpu:pre_fault_memory{ gpa = 0x200000, size = 0x2000 }
	expect(rc):lt(0)
	expect(left):eq{ gpa = 0x200000, size = 0x2000 }
end)

-- mfill_atomic() stops at a page that is present; UFFDIO_COPY returns -EAGAIN for the rest.
scenario("userfaultfd: a copy that stops half-way has both results", { mmu = { "ept", "sie", "vhe" } }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "16K" }
	ram:write(0x1000, "there")
	local uffd = vmm:userfaultfd()
	expect(uffd:register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	local done, rc = uffd:copy(ram, 0, ("x"):rep(8192))
	expect(done):eq(4096)
	expect(rc):eq(-EAGAIN)
	done, rc = uffd:copy(ram, 0x2000, ("x"):rep(4096))
	expect(done):eq(4096)
	expect(rc):eq(0)
end)
