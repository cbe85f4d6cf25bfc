// SPDX-License-Identifier: GPL-2.0-only
/* x86_64 system call entry: puts the arguments where the kernel's __x64_sys_* wrappers expect them. */
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <kshim/arch.h>

/* The wrappers of arch/x86/include/asm/syscall_wrapper.h; their definitions are their only declarations. */
long __x64_sys_munmap(const struct pt_regs *regs);
long __x64_sys_mprotect(const struct pt_regs *regs);
long __x64_sys_mremap(const struct pt_regs *regs);
long __x64_sys_madvise(const struct pt_regs *regs);
long __x64_sys_mlock(const struct pt_regs *regs);
long __x64_sys_munlock(const struct pt_regs *regs);
long __x64_sys_eventfd2(const struct pt_regs *regs);
long __x64_sys_userfaultfd(const struct pt_regs *regs);

long kshim_arch_sys_munmap(unsigned long addr, unsigned long len)
{
	return __x64_sys_munmap(&(struct pt_regs){ .di = addr, .si = len });
}

long kshim_arch_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	return __x64_sys_mprotect(&(struct pt_regs){ .di = addr, .si = len, .dx = prot });
}

long kshim_arch_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
			   unsigned long new_addr)
{
	return __x64_sys_mremap(&(struct pt_regs){
		.di = addr, .si = old_len, .dx = new_len, .r10 = flags, .r8 = new_addr });
}

long kshim_arch_sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	return __x64_sys_madvise(&(struct pt_regs){ .di = addr, .si = len, .dx = advice });
}

long kshim_arch_sys_mlock(unsigned long addr, unsigned long len)
{
	return __x64_sys_mlock(&(struct pt_regs){ .di = addr, .si = len });
}

long kshim_arch_sys_munlock(unsigned long addr, unsigned long len)
{
	return __x64_sys_munlock(&(struct pt_regs){ .di = addr, .si = len });
}

long kshim_arch_sys_eventfd2(unsigned int count, int flags)
{
	return __x64_sys_eventfd2(&(struct pt_regs){ .di = count, .si = flags });
}

long kshim_arch_sys_userfaultfd(int flags)
{
	return __x64_sys_userfaultfd(&(struct pt_regs){ .di = flags });
}
