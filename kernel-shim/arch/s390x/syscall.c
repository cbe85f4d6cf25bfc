// SPDX-License-Identifier: GPL-2.0-only
/* s390x system call entry: puts the arguments where the kernel's __s390x_sys_* wrappers expect them. */
#include <linux/ptrace.h>
#include <linux/types.h>
#include <kshim/arch.h>

/* The wrappers of arch/s390/include/asm/syscall_wrapper.h; their definitions are their only declarations. */
long __s390x_sys_munmap(struct pt_regs *regs);
long __s390x_sys_mprotect(struct pt_regs *regs);
long __s390x_sys_mremap(struct pt_regs *regs);
long __s390x_sys_madvise(struct pt_regs *regs);
long __s390x_sys_mlock(struct pt_regs *regs);
long __s390x_sys_munlock(struct pt_regs *regs);
long __s390x_sys_eventfd2(struct pt_regs *regs);
long __s390x_sys_userfaultfd(struct pt_regs *regs);

/* Arguments are in registers 2 to 6; the first is taken from orig_gpr2. */
static struct pt_regs arguments(unsigned long a, unsigned long b, unsigned long c, unsigned long d, unsigned long e)
{
	return (struct pt_regs){ .orig_gpr2 = a, .gprs = { [2] = a, [3] = b, [4] = c, [5] = d, [6] = e } };
}

long kshim_arch_sys_munmap(unsigned long addr, unsigned long len)
{
	struct pt_regs regs = arguments(addr, len, 0, 0, 0);

	return __s390x_sys_munmap(&regs);
}

long kshim_arch_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	struct pt_regs regs = arguments(addr, len, prot, 0, 0);

	return __s390x_sys_mprotect(&regs);
}

long kshim_arch_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
			   unsigned long new_addr)
{
	struct pt_regs regs = arguments(addr, old_len, new_len, flags, new_addr);

	return __s390x_sys_mremap(&regs);
}

long kshim_arch_sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	struct pt_regs regs = arguments(addr, len, advice, 0, 0);

	return __s390x_sys_madvise(&regs);
}

long kshim_arch_sys_mlock(unsigned long addr, unsigned long len)
{
	struct pt_regs regs = arguments(addr, len, 0, 0, 0);

	return __s390x_sys_mlock(&regs);
}

long kshim_arch_sys_munlock(unsigned long addr, unsigned long len)
{
	struct pt_regs regs = arguments(addr, len, 0, 0, 0);

	return __s390x_sys_munlock(&regs);
}

long kshim_arch_sys_eventfd2(unsigned int count, int flags)
{
	struct pt_regs regs = arguments(count, flags, 0, 0, 0);

	return __s390x_sys_eventfd2(&regs);
}

long kshim_arch_sys_userfaultfd(int flags)
{
	struct pt_regs regs = arguments(flags, 0, 0, 0, 0);

	return __s390x_sys_userfaultfd(&regs);
}
