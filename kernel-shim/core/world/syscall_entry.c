// SPDX-License-Identifier: GPL-2.0-only
/* System calls by their entries in the kernel, which take the arguments from the registers of the process. */
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <kshim/arch.h>
#include "syscall_entry.h"

/* The kernel's definition of an entry is its only declaration; some architectures' have a const there. */
#define CALL(name, a, b, c, d, e) ({							\
	extern long KSHIM_SYSCALL_ENTRY(name)(struct pt_regs *regs);			\
											\
	KSHIM_SYSCALL_ENTRY(name)(&(struct pt_regs)KSHIM_SYSCALL_REGS(a, b, c, d, e));	\
})

long kshim_sys_munmap(unsigned long addr, unsigned long len)
{
	return CALL(munmap, addr, len, 0, 0, 0);
}

long kshim_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	return CALL(mprotect, addr, len, prot, 0, 0);
}

long kshim_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
		      unsigned long new_addr)
{
	return CALL(mremap, addr, old_len, new_len, flags, new_addr);
}

long kshim_sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	return CALL(madvise, addr, len, advice, 0, 0);
}

long kshim_sys_mlock(unsigned long addr, unsigned long len)
{
	return CALL(mlock, addr, len, 0, 0, 0);
}

long kshim_sys_munlock(unsigned long addr, unsigned long len)
{
	return CALL(munlock, addr, len, 0, 0, 0);
}

long kshim_sys_eventfd2(unsigned int count, int flags)
{
	return CALL(eventfd2, count, flags, 0, 0, 0);
}

long kshim_sys_userfaultfd(int flags)
{
	return CALL(userfaultfd, flags, 0, 0, 0, 0);
}

long kshim_sys_lseek(unsigned int fd, long offset, unsigned int whence)
{
	return CALL(lseek, fd, offset, whence, 0, 0);
}

long kshim_sys_newfstat(unsigned int fd, unsigned long statbuf)
{
	return CALL(newfstat, fd, statbuf, 0, 0, 0);
}

long kshim_sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	return CALL(fcntl, fd, cmd, arg, 0, 0);
}
