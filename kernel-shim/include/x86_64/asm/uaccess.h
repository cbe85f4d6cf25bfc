/* SPDX-License-Identifier: GPL-2.0-only */
/* What x86's asm/uaccess.h adds to the common one. */
#ifndef _ASM_X86_UACCESS_H
#define _ASM_X86_UACCESS_H

#include <linux/compiler.h>
#include <linux/types.h>

/* As in asm-generic/access_ok.h. A program in this process has memory above the simulated TASK_SIZE_MAX, too. */
extern unsigned long kshim_access_limit;
static inline int kshim_access_ok(const void __user *ptr, unsigned long size)
{
	unsigned long limit = kshim_access_limit;

	return size <= limit && (unsigned long)ptr <= limit - size;
}
#define __access_ok kshim_access_ok

#include_next <asm/uaccess.h>
#include <asm/asm.h>
#include <asm/smap.h>
#include <kshim/form/x86_uaccess_tlbflush.h>

/* There is no SMAP to switch off: only functions reach user memory. */
#define __uaccess_begin()		do { } while (0)
#define __uaccess_begin_nospec()	do { } while (0)
#define __uaccess_end()			do { } while (0)

/* Simulated RAM has no machine checks, and the caches in front of it need no flushing. */
static inline unsigned long __must_check copy_mc_to_kernel(void *to, const void *from, unsigned int len)
{
	memcpy(to, from, len);
	return 0;
}
#define copy_mc_to_kernel copy_mc_to_kernel

static inline unsigned long __must_check copy_mc_to_user(void __user *to, const void *from, unsigned int len)
{
	return kshim_copy_to_user(to, from, len);
}

static inline size_t copy_from_user_flushcache(void *to, const void __user *from, size_t size)
{
	return kshim_copy_from_user(to, from, size);
}

#endif
