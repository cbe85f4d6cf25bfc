/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of kshim/arch.h that only s390x has. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#define KSHIM_ARCH_NAME "s390x"

/* The smallest hugetlb page that is larger than a block of the page allocator. */
#define KSHIM_GIGANTIC_UNIT PUD_SIZE

/*
 * The entry of a system call (asm/syscall_wrapper.h), and the struct pt_regs with its arguments. The first one is taken
 * from orig_gpr2.
 */
#define KSHIM_SYSCALL_ENTRY(name) __s390x_sys_##name
#define KSHIM_SYSCALL_REGS(a, b, c, d, e) { .orig_gpr2 = a, .gprs = { [2] = a, [3] = b, [4] = c, [5] = d, [6] = e } }

#endif
