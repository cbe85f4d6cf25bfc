/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of kshim/arch.h that only arm64 has. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#define KSHIM_ARCH_NAME "arm64"

/* The smallest hugetlb page that is larger than a block of the page allocator: 32 MiB with pages of 4 KiB. */
#define KSHIM_GIGANTIC_UNIT CONT_PMD_SIZE

/*
 * The entry of a system call (asm/syscall_wrapper.h), and the struct pt_regs with its arguments. Newer kernels take the
 * first one from orig_x0.
 */
#define KSHIM_SYSCALL_ENTRY(name) __arm64_sys_##name
#define KSHIM_SYSCALL_REGS(a, b, c, d, e) { .regs = { a, b, c, d, e }, .orig_x0 = a }

/* kshim_arch_user_wrote() of kshim/arch.h is the model's. */
void arm64_host_wrote(const void *mem, uint64_t bytes);
#define kshim_arch_user_wrote(mem, len, user) arm64_host_wrote(mem, len)

#endif
