// SPDX-License-Identifier: GPL-2.0-only
/* Kernel half of the tests of guest code: a guest that runs what the other half gives it. */
#include <linux/kvm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <kshim/machine.h>
#include "ktest_guest_code.h"

static int pid, vm, vcpu;
static u64 ram, scratch;

static s64 call(enum kvmsim_sys nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	u64 args[6] = { a, b, c, d, e, f };

	return kvmsim_machine.syscall(pid, nr, args);
}

static s64 map(u64 bytes)
{
	return call(KVMSIM_SYS_MMAP, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static s64 ioctl_struct(int fd, u64 cmd, void *arg, u64 bytes, bool out)
{
	s64 rc = kvmsim_machine.user_write(pid, scratch, arg, bytes, NULL);

	if (!rc)
		rc = call(KVMSIM_SYS_IOCTL, fd, cmd, scratch, 0, 0, 0);
	if (rc >= 0 && out)
		rc = kvmsim_machine.user_read(pid, scratch, arg, bytes, NULL);
	return rc;
}

int ktest_gc_setup(void)
{
	struct kvm_userspace_memory_region slot = { .guest_phys_addr = GC_BASE, .memory_size = GC_BYTES };
	struct kvm_sregs sregs = {};
	s64 rc;

	pid = kvmsim_machine.process_create(0);
	ram = map(GC_BYTES);
	scratch = map(1 << 16);
	vm = call(KVMSIM_SYS_IOCTL, call(KVMSIM_SYS_OPEN_KVM, 0, 0, 0, 0, 0, 0), KVM_CREATE_VM, 0, 0, 0, 0);
	slot.userspace_addr = ram;
	rc = ioctl_struct(vm, KVM_SET_USER_MEMORY_REGION, &slot, sizeof(slot), false);
	if (rc < 0)
		return rc;
	vcpu = call(KVMSIM_SYS_IOCTL, vm, KVM_CREATE_VCPU, 0, 0, 0, 0);
	rc = ioctl_struct(vcpu, KVM_GET_SREGS, &sregs, sizeof(sregs), true);
	if (rc < 0)
		return rc;
	sregs.cr4 |= X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
	return ioctl_struct(vcpu, KVM_SET_SREGS, &sregs, sizeof(sregs), false);
}

int ktest_gc_run(const uint8_t *code, unsigned int bytes, struct gc_state *s, uint8_t *data, uint8_t *stack)
{
	struct kvmsim_access a = { .op = KVMSIM_CODE, .len = 1 };
	struct kvmsim_access_result r;
	struct kvm_regs regs = {
		.rax = s->gpr[0], .rcx = s->gpr[1], .rdx = s->gpr[2], .rbx = s->gpr[3], .rsp = s->gpr[4],
		.rbp = s->gpr[5], .rsi = s->gpr[6], .rdi = s->gpr[7], .r8 = s->gpr[8], .r9 = s->gpr[9],
		.r10 = s->gpr[10], .r11 = s->gpr[11], .r12 = s->gpr[12], .r13 = s->gpr[13], .r14 = s->gpr[14],
		.r15 = s->gpr[15], .rip = s->rip, .rflags = s->rflags,
	};
	struct kvm_fpu fpu = {};
	s64 rc;

	kvmsim_machine.user_write(pid, ram + GC_CODE - GC_BASE, code, bytes, NULL);
	kvmsim_machine.user_write(pid, ram + GC_DATA - GC_BASE, data, GC_DATA_BYTES, NULL);
	kvmsim_machine.user_write(pid, ram + GC_STACK - GC_BASE - GC_STACK_BYTES, stack, GC_STACK_BYTES, NULL);
	memcpy(fpu.xmm, s->xmm, sizeof(fpu.xmm));
	fpu.fcw = 0x37f;
	fpu.mxcsr = 0x1f80;
	rc = ioctl_struct(vcpu, KVM_SET_REGS, &regs, sizeof(regs), false);
	if (!rc)
		rc = ioctl_struct(vcpu, KVM_SET_FPU, &fpu, sizeof(fpu), false);
	if (rc)
		return rc;
	rc = kvmsim_machine.vcpu_access(pid, vcpu, &a, &r);
	if (rc || r.ret)
		return rc ?: r.ret;
	kvmsim_machine.vcpu_abandon(pid, vcpu);
	rc = ioctl_struct(vcpu, KVM_GET_REGS, &regs, sizeof(regs), true);
	if (!rc)
		rc = ioctl_struct(vcpu, KVM_GET_FPU, &fpu, sizeof(fpu), true);
	if (rc)
		return rc;
	*s = (struct gc_state){
		.gpr = { regs.rax, regs.rcx, regs.rdx, regs.rbx, regs.rsp, regs.rbp, regs.rsi, regs.rdi, regs.r8,
			 regs.r9, regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15 },
		.rip = regs.rip, .rflags = regs.rflags,
	};
	memcpy(s->xmm, fpu.xmm, sizeof(fpu.xmm));
	kvmsim_machine.user_read(pid, ram + GC_DATA - GC_BASE, data, GC_DATA_BYTES, NULL);
	kvmsim_machine.user_read(pid, ram + GC_STACK - GC_BASE - GC_STACK_BYTES, stack, GC_STACK_BYTES, NULL);
	return r.exit_reason;
}

int ktest_gc_hlt(void)
{
	return KVM_EXIT_HLT;
}
