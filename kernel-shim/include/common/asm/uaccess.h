/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/uaccess.h: accesses of kernel code to the memory of the current process.
 *
 * User addresses are not host addresses. The functions below walk the process's page tables like the CPU and take the
 * real page-fault path on a miss. They give up (and return "not done") if that fails or if faulthandler_disabled()
 * forbids it. They do not check access_ok(): their callers do so where the kernel's callers do. Supplied per
 * architecture.
 */
#ifndef _ASM_UACCESS_H
#define _ASM_UACCESS_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/instrumented.h>
#include <linux/kasan-checks.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/string.h>
#include <asm/extable.h>
#include <asm/page.h>
#include <asm/processor.h>
#include <asm-generic/access_ok.h>

/* Return the number of bytes that were not moved. An aligned 1, 2, 4 or 8 bytes move in one piece. */
unsigned long kshim_copy_from_user(void *to, const void __user *from, unsigned long n);
unsigned long kshim_copy_to_user(void __user *to, const void *from, unsigned long n);
unsigned long kshim_clear_user(void __user *to, unsigned long n);
/* size: 1, 2, 4 or 8. Returns 0: swapped; 1: there was another value, now in *old; -EFAULT. */
int kshim_cmpxchg_user(void __user *p, void *old, u64 new, unsigned int size);
/* Copies between kernel addresses that may be bad. 0, or -EFAULT with nothing written. */
int kshim_copy_nofault(void *to, const void *from, unsigned long n);

#define raw_copy_from_user(to, from, n)	kshim_copy_from_user(to, from, n)
#define raw_copy_to_user(to, from, n)	kshim_copy_to_user(to, from, n)

static inline unsigned long __must_check __clear_user(void __user *to, unsigned long n)
{
	might_fault();
	return kshim_clear_user(to, n);
}

static inline unsigned long __must_check clear_user(void __user *to, unsigned long n)
{
	return access_ok(to, n) ? __clear_user(to, n) : n;
}

/* Reads *ptr into x (0 on failure); evaluates to 0 or -EFAULT. */
#define __kshim_get_user(x, ptr)						\
({										\
	__unqual_scalar_typeof(*(ptr)) __gu_val = (__unqual_scalar_typeof(*(ptr)))0; \
	int __gu_err = kshim_copy_from_user((void *)&__gu_val, (ptr), sizeof(__gu_val)) ? -EFAULT : 0; \
	(x) = (__force __typeof__(*(ptr)))__gu_val;				\
	__gu_err;								\
})

#define __kshim_put_user(x, ptr)						\
({										\
	__unqual_scalar_typeof(*(ptr)) __pu_val = (x);				\
	kshim_copy_to_user((ptr), (const void *)&__pu_val, sizeof(__pu_val)) ? -EFAULT : 0; \
})

#define __get_user(x, ptr)							\
({										\
	might_fault();								\
	__kshim_get_user(x, ptr);						\
})

#define __put_user(x, ptr)							\
({										\
	might_fault();								\
	__kshim_put_user(x, ptr);						\
})

#define get_user(x, ptr)							\
({										\
	const void __user *__gu_ptr = (ptr);					\
	might_fault();								\
	access_ok(__gu_ptr, sizeof(*(ptr))) ?					\
		__kshim_get_user(x, (__typeof__(*(ptr)) __user *)__gu_ptr) :	\
		((x) = (__typeof__(*(ptr)))0, -EFAULT);				\
})

#define put_user(x, ptr)							\
({										\
	void __user *__pu_ptr = (void __user *)(ptr);				\
	__typeof__(*(ptr)) __pu_x = (x);					\
	might_fault();								\
	access_ok(__pu_ptr, sizeof(*(ptr))) ?					\
		__kshim_put_user(__pu_x, (__typeof__(*(ptr)) __user *)__pu_ptr) : -EFAULT; \
})

static __must_check __always_inline bool user_access_begin(const void __user *ptr, size_t len)
{
	return access_ok(ptr, len);
}
#define user_access_begin(ptr, len)	user_access_begin(ptr, len)
#define user_access_end()		do { } while (0)
#define user_access_save()		0UL
#define user_access_restore(flags)	do { (void)(flags); } while (0)

#define unsafe_get_user(x, ptr, label)						\
do {										\
	if (unlikely(__kshim_get_user(x, ptr)))					\
		goto label;							\
} while (0)

#define unsafe_put_user(x, ptr, label)						\
do {										\
	if (unlikely(__kshim_put_user(x, ptr)))					\
		goto label;							\
} while (0)

#define unsafe_copy_to_user(dst, src, len, label)				\
do {										\
	if (unlikely(kshim_copy_to_user((dst), (src), (len))))			\
		goto label;							\
} while (0)

/* Evaluates to whether it swapped; jumps to label on a fault. */
#define unsafe_try_cmpxchg_user(ptr, oldp, nval, label)				\
({										\
	int __uc_ret = kshim_cmpxchg_user((ptr), (oldp), (u64)(nval), sizeof(*(ptr))); \
	if (unlikely(__uc_ret < 0))						\
		goto label;							\
	!__uc_ret;								\
})

/* 0: swapped; 1: not swapped; -EFAULT. The label is for a fixup, which is not needed here. */
#define __try_cmpxchg_user(ptr, oldp, nval, label)				\
	kshim_cmpxchg_user((ptr), (oldp), (u64)(nval), sizeof(*(ptr)))

#define __get_kernel_nofault(dst, src, type, label)				\
do {										\
	if (unlikely(kshim_copy_nofault((dst), (src), sizeof(type))))		\
		goto label;							\
} while (0)

#define __put_kernel_nofault(dst, src, type, label) __get_kernel_nofault(dst, src, type, label)

long strncpy_from_user(char *dst, const char __user *src, long count);
long strnlen_user(const char __user *str, long n);

#endif
