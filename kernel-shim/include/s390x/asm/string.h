/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/string.h: memory functions of the C library, and lib/string.c for strings, instead of inline assembler. */
#ifndef _S390_STRING_H_
#define _S390_STRING_H_

#include <linux/types.h>

#define __HAVE_ARCH_MEMCPY
#define __HAVE_ARCH_MEMMOVE
#define __HAVE_ARCH_MEMSET
#define __HAVE_ARCH_MEMCMP

void *memcpy(void *dest, const void *src, size_t n);
void *memmove(void *dest, const void *src, size_t n);
void *memset(void *s, int c, size_t n);
int memcmp(const void *s1, const void *s2, size_t n);

#endif
