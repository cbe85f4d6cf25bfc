/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/word-at-a-time.h for a little-endian host: strscpy() and others look for the first byte of a word. */
#ifndef _S390_WORD_AT_A_TIME_H
#define _S390_WORD_AT_A_TIME_H

#include <asm-generic/word-at-a-time.h>

/* Reads a word that may reach beyond the page of its first byte: behind each page is another one. */
static inline unsigned long load_unaligned_zeropad(const void *addr)
{
	unsigned long data;

	__builtin_memcpy(&data, addr, sizeof(data));
	return data;
}

#endif
