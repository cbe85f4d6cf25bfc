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

/* The unsigned type that has the size of x. READ_ONCE() has checked that there is one. */
#define __kshim_word(x) typeof(_Generic((char (*)[sizeof(x)])0,		\
	char (*)[1]: (unsigned char)0, char (*)[2]: (unsigned short)0,	\
	char (*)[4]: 0U, char (*)[8]: 0UL))

#define __READ_ONCE(x)							\
({									\
	union {								\
		__kshim_word(x) word;					\
		__unqual_scalar_typeof(x) value;			\
	} __once = { __atomic_load_n((const volatile __kshim_word(x) *)&(x), __ATOMIC_ACQUIRE) }; \
									\
	__once.value;							\
})
#endif

#include <asm-generic/rwonce.h>

#endif
