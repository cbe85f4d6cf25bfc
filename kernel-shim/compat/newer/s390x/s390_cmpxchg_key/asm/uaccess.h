/* SPDX-License-Identifier: GPL-2.0-only */
/* The shim's asm/uaccess.h with compare-and-exchange by key at an address of the kernel. */
#ifndef KSHIM_S390_KEYED_UACCESS_H
#define KSHIM_S390_KEYED_UACCESS_H

#include_next <asm/uaccess.h>

int __cmpxchg_key1(void *address, unsigned char *uval, unsigned char old, unsigned char new, unsigned long key);
int __cmpxchg_key2(void *address, unsigned short *uval, unsigned short old, unsigned short new, unsigned long key);
int __cmpxchg_key4(void *address, unsigned int *uval, unsigned int old, unsigned int new, unsigned long key);
int __cmpxchg_key8(void *address, unsigned long *uval, unsigned long old, unsigned long new, unsigned long key);
int __cmpxchg_key16(void *address, __uint128_t *uval, __uint128_t old, __uint128_t new, unsigned long key);

#endif
