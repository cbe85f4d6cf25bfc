/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * asm/rwonce.h: under ThreadSanitizer READ_ONCE() is one acquiring load. It stands for the order that the kernel gets
 * from address dependencies (rcu_dereference()). Volatile accesses elsewhere go through host/tsan.c. That can only look
 * at the variable just before the access, so it may miss the write that the access itself sees.
 */
#ifndef _ASM_RWONCE_H
#define _ASM_RWONCE_H

#if defined(__SANITIZE_THREAD__) && !defined(__ASSEMBLY__)
#include <linux/compiler_types.h>

static __always_inline void __kshim_read_once(const volatile void *p, void *to, unsigned long size)
{
	switch (size) {
	case 1:
		*(unsigned char *)to = __atomic_load_n((const volatile unsigned char *)p, __ATOMIC_ACQUIRE);
		break;
	case 2:
		*(unsigned short *)to = __atomic_load_n((const volatile unsigned short *)p, __ATOMIC_ACQUIRE);
		break;
	case 4:
		*(unsigned int *)to = __atomic_load_n((const volatile unsigned int *)p, __ATOMIC_ACQUIRE);
		break;
	default:
		*(unsigned long *)to = __atomic_load_n((const volatile unsigned long *)p, __ATOMIC_ACQUIRE);
	}
}

#define __READ_ONCE(x)							\
({									\
	union {								\
		__unqual_scalar_typeof(x) value;			\
		char bytes[1];						\
	} __once;							\
									\
	__kshim_read_once(&(x), __once.bytes, sizeof(x));		\
	__once.value;							\
})
#endif

#include <asm-generic/rwonce.h>

#endif
