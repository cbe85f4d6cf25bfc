// SPDX-License-Identifier: GPL-2.0-only
/* arm64 system call entry: puts the arguments where the kernel's __arm64_sys_* wrappers expect them. */
#include <linux/ptrace.h>
#include <linux/types.h>
#include <kshim/arch.h>

/* The wrappers of arch/arm64/include/asm/syscall_wrapper.h; their definitions are their only declarations. */
long __arm64_sys_munmap(const struct pt_regs *regs);
long __arm64_sys_mprotect(const struct pt_regs *regs);
long __arm64_sys_mremap(const struct pt_regs *regs);
long __arm64_sys_madvise(const struct pt_regs *regs);
long __arm64_sys_mlock(const struct pt_regs *regs);
long __arm64_sys_munlock(const struct pt_regs *regs);
long __arm64_sys_eventfd2(const struct pt_regs *regs);
long __arm64_sys_userfaultfd(const struct pt_regs *regs);

/* A system call with these arguments, which are in x0 to x5. */
#define ARGUMENTS(...) (&(struct pt_regs){ .regs = { __VA_ARGS__ } })

long kshim_arch_sys_munmap(unsigned long addr, unsigned long len)
{
	return __arm64_sys_munmap(ARGUMENTS(addr, len));
}

long kshim_arch_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	return __arm64_sys_mprotect(ARGUMENTS(addr, len, prot));
}

long kshim_arch_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
			   unsigned long new_addr)
{
	return __arm64_sys_mremap(ARGUMENTS(addr, old_len, new_len, flags, new_addr));
}

long kshim_arch_sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	return __arm64_sys_madvise(ARGUMENTS(addr, len, advice));
}

long kshim_arch_sys_mlock(unsigned long addr, unsigned long len)
{
	return __arm64_sys_mlock(ARGUMENTS(addr, len));
}

long kshim_arch_sys_munlock(unsigned long addr, unsigned long len)
{
	return __arm64_sys_munlock(ARGUMENTS(addr, len));
}

long kshim_arch_sys_eventfd2(unsigned int count, int flags)
{
	return __arm64_sys_eventfd2(ARGUMENTS(count, flags));
}

long kshim_arch_sys_userfaultfd(int flags)
{
	return __arm64_sys_userfaultfd(ARGUMENTS(flags));
}
