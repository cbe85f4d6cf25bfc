/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/word-at-a-time.h for a little-endian host: strscpy() and others look for the first byte of a word. */
#ifndef _S390_WORD_AT_A_TIME_H
#define _S390_WORD_AT_A_TIME_H

#include <asm-generic/word-at-a-time.h>

/*
 * Reads a word that may reach beyond the object and the page of its first byte: behind each page is another one. The
 * kernel's own is an instruction, which no sanitizer sees either.
 */
static __no_sanitize_address __no_sanitize_thread __maybe_unused unsigned long load_unaligned_zeropad(const void *addr)
{
	unsigned long data;

	__builtin_memcpy(&data, addr, sizeof(data));
	return data;
}

#endif
