/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What s390's asm/uaccess.h adds to the common one: accesses with a storage key, and compare-and-exchange of user
 * memory.
 */
#ifndef __S390_UACCESS_H
#define __S390_UACCESS_H

#include_next <asm/uaccess.h>
#include <asm/facility.h>

/* Return the number of bytes that were not moved: all from the first page that key (0..15) may not access. */
unsigned long __must_check _copy_from_user_key(void *to, const void __user *from, unsigned long n, unsigned long key);
unsigned long __must_check _copy_to_user_key(void __user *to, const void *from, unsigned long n, unsigned long key);

static __always_inline unsigned long __must_check
copy_from_user_key(void *to, const void __user *from, unsigned long n, unsigned long key)
{
	return check_copy_size(to, n, false) ? _copy_from_user_key(to, from, n, key) : n;
}

static __always_inline unsigned long __must_check
copy_to_user_key(void __user *to, const void *from, unsigned long n, unsigned long key)
{
	return check_copy_size(from, n, true) ? _copy_to_user_key(to, from, n, key) : n;
}

/*
 * Compares the size (1, 2, 4, 8 or 16) aligned bytes at p with old and stores new if they are equal. *prev is what was
 * there. 0, or -EFAULT if there is no memory that key may store to.
 */
int kshim_cmpxchg_user_key(void __user *p, void *prev, __uint128_t old, __uint128_t new, unsigned long key, int size);

#define cmpxchg_user_key(ptr, uval, old, new, key)				\
({										\
	BUILD_BUG_ON(sizeof(*(ptr)) != sizeof(*(uval)));			\
	might_fault();								\
	kshim_cmpxchg_user_key((void __user *)(ptr), (uval), (old), (new), (key), sizeof(*(ptr))); \
})

#endif
