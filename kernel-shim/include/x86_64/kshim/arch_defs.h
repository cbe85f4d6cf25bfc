/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of kshim/arch.h that only x86_64 has. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#define KSHIM_ARCH_NAME "x86_64"

/* The smallest hugetlb page that is larger than a block of the page allocator. */
#define KSHIM_GIGANTIC_UNIT PUD_SIZE

/* The entry of a system call (asm/syscall_wrapper.h), and the struct pt_regs with its arguments. */
#define KSHIM_SYSCALL_ENTRY(name) __x64_sys_##name
#define KSHIM_SYSCALL_REGS(a, b, c, d, e) { .di = a, .si = b, .dx = c, .r10 = d, .r8 = e }

/* kshim_arch_user_wrote() of kshim/arch.h is the checkers'. */
void x86_host_wrote(const void *mem);
#define kshim_arch_user_wrote(mem, len, user) do { if (user) x86_host_wrote(mem); } while (0)

#endif
