/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls of the current process, each by its entry in the kernel. Results are the kernel's: a value or -errno. */
#ifndef KSHIM_SYSCALL_ENTRY_H
#define KSHIM_SYSCALL_ENTRY_H

long kshim_sys_munmap(unsigned long addr, unsigned long len);
long kshim_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot);
long kshim_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
		      unsigned long new_addr);
long kshim_sys_madvise(unsigned long addr, unsigned long len, int advice);
long kshim_sys_mlock(unsigned long addr, unsigned long len);
long kshim_sys_munlock(unsigned long addr, unsigned long len);
long kshim_sys_eventfd2(unsigned int count, int flags);
long kshim_sys_userfaultfd(int flags);
long kshim_sys_lseek(unsigned int fd, long offset, unsigned int whence);
long kshim_sys_newfstat(unsigned int fd, unsigned long statbuf);
long kshim_sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg);

#endif
