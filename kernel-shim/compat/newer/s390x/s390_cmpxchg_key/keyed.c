// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses with a storage key to the guest's pages, at their addresses in the kernel: KVM has looked the page up before
 * (arch/s390/lib/uaccess.c, arch/s390/kvm/s390/gaccess.c). The block's key is all that can forbid them.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <kshim/insn.h>
#include <kshim/marks.h>
#include <s390x/model.h>
#include "../../../../arch/s390x/internal.h"

/* Key 0 is the kernel's own, and may be of memory that has no key here: the linear mapping has keys. */
static bool may_access(const void *mem, unsigned int key, bool write)
{
	return !key || skey_allows(key, skey_insert(&s390_skeys, s390_block(__pa(mem))), write,
				   (struct skey_overrides){});
}

static void accessed(const void *mem, bool write)
{
	if (virt_addr_valid(mem))
		skey_mark(&s390_skeys, s390_block(__pa(mem)), write);
}

bool kshim_mvcos(void *to, const void *from, unsigned long n, unsigned int to_key, unsigned int from_key)
{
	if (!may_access(from, from_key, false) || !may_access(to, to_key, true))
		return false;
	memcpy(to, from, n);
	accessed(from, false);
	accessed(to, true);
	return true;
}

static int cmpxchg_key(void *mem, void *prev, __uint128_t old, __uint128_t new, unsigned int key, int size)
{
	if (!may_access(mem, key, true)) {
		memset(prev, 0, size);
		return -EFAULT;
	}
	kshim_compare_and_swap(mem, prev, old, new, size);
	accessed(mem, true);
	return 0;
}

REDUCED(__cmpxchg_key1, "arch/s390/lib/uaccess.c", "a byte is swapped by itself and not in its word: never -EAGAIN");
int __cmpxchg_key1(void *address, unsigned char *uval, unsigned char old, unsigned char new, unsigned long key)
{
	return cmpxchg_key(address, uval, old, new, key, 1);
}

REDUCED(__cmpxchg_key2, "arch/s390/lib/uaccess.c",
	"two bytes are swapped by themselves and not in their word: never -EAGAIN");
int __cmpxchg_key2(void *address, unsigned short *uval, unsigned short old, unsigned short new, unsigned long key)
{
	return cmpxchg_key(address, uval, old, new, key, 2);
}

FAITHFUL(__cmpxchg_key4, "arch/s390/lib/uaccess.c");
int __cmpxchg_key4(void *address, unsigned int *uval, unsigned int old, unsigned int new, unsigned long key)
{
	return cmpxchg_key(address, uval, old, new, key, 4);
}

FAITHFUL(__cmpxchg_key8, "arch/s390/lib/uaccess.c");
int __cmpxchg_key8(void *address, unsigned long *uval, unsigned long old, unsigned long new, unsigned long key)
{
	return cmpxchg_key(address, uval, old, new, key, 8);
}

FAITHFUL(__cmpxchg_key16, "arch/s390/lib/uaccess.c");
int __cmpxchg_key16(void *address, __uint128_t *uval, __uint128_t old, __uint128_t new, unsigned long key)
{
	return cmpxchg_key(address, uval, old, new, key, 16);
}
