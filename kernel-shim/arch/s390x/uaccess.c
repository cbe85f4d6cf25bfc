// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's half of core/world/uaccess.c: translation by the modelled CPU with the mm's ASCE, and
 * arch/s390/mm/fault.c on an exception. Also accesses with a storage key.
 */
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <linux/uaccess.h>
#include <linux/kvm_host.h>
#include <kshim/arch.h>
#include <kshim/form/softleaf.h>
#include <kshim/hw.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <s390x/model.h>
#include "internal.h"

#define ERROR_WRITE 0x10000	/* added to the code of the program interruption */

bool kshim_arch_host_walk(struct mm_struct *mm, unsigned long addr, struct kshim_host_pte *out)
{
	unsigned long flags;
	struct dat_result r;

	memset(out, 0, sizeof(*out));
	flags = kshim_hw_access_begin();
	s390_walk_host(mm->context.asce, addr, DAT_FETCH, &r);
	kshim_hw_access_end(flags);
	if (!r.looked)
		return false;
	if (r.via[r.level] != DAT_NO_ENTRY)
		out->entry = __va(r.via[r.level]);
	if (r.level == DAT_SEGMENT) {
		pmd_t pmd = __pmd(r.entry);

		out->huge = pmd_leaf(pmd);
		if (!out->huge)
			return false;
		out->present = pmd_present(pmd);
		out->writable = pmd_write(pmd);
		out->dirty = pmd_dirty(pmd);
		out->young = pmd_young(pmd);
		out->pfn = pmd_pfn(pmd) + ((addr & ~HPAGE_MASK) >> PAGE_SHIFT);
	} else if (r.level == DAT_REGION3) {
		pud_t pud = __pud(r.entry);

		out->huge = pud_leaf(pud);
		if (!out->huge)
			return false;
		out->present = pud_present(pud);
		out->writable = pud_write(pud);
		out->dirty = pud_val(pud) & _REGION3_ENTRY_DIRTY;
		out->young = pud_val(pud) & _REGION3_ENTRY_YOUNG;
		out->pfn = pud_pfn(pud) + ((addr & ~PUD_MASK) >> PAGE_SHIFT);
	} else if (r.level == DAT_PAGE) {
		pte_t pte = __pte(r.entry);

		if (pte_none(pte))
			return false;
		out->present = pte_present(pte);
		if (!out->present) {
			out->swapped = kshim_pte_is_swap(pte);
			return true;
		}
		out->writable = pte_write(pte);
		out->dirty = pte_dirty(pte);
		out->young = pte_young(pte);
		out->pfn = pte_pfn(pte);
	} else {
		return false;
	}
	return true;
}

void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code)
{
	u64 pa;
	int code = s390_translate(mm->context.asce, addr, write, &pa);

	*error_code = code | (write ? ERROR_WRITE : 0);
	if (code)
		return NULL;
	skey_mark(&s390_skeys, s390_block(pa), write);
	return __va(pa);
}

bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user)
{
	return kshim_user_fault(error_code & ~ERROR_WRITE, addr, error_code & ERROR_WRITE, user);
}

/* Pieces of an access with a storage key; it ends at the first page that the key may not access. */
struct keyed {
	u8 key;
	bool write;
	kshim_piece_fn fn;
	void *arg;
};

static bool keyed_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	struct keyed *k = arg;

	if (!skey_allows(k->key, skey_insert(&s390_skeys, s390_block(__pa(mem))), k->write, (struct skey_overrides){}))
		return false;
	return k->fn(mem, done, len, k->arg);
}

static unsigned long keyed_pieces(unsigned long addr, unsigned long n, bool write, u8 key, kshim_piece_fn fn, void *arg)
{
	struct keyed k = { .key = key, .write = write, .fn = fn, .arg = arg };

	return kshim_user_pieces(addr, n, write, false, keyed_piece, &k);
}

static bool read_piece(void *mem, unsigned long done, unsigned long len, void *to)
{
	memcpy(to + done, mem, len);
	return true;
}

static bool write_piece(void *mem, unsigned long done, unsigned long len, void *from)
{
	memcpy(mem, from + done, len);
	return true;
}

FAITHFUL(_copy_from_user_key, "arch/s390/lib/uaccess.c arch/s390/lib/uaccess.c:raw_copy_from_user_key");
unsigned long _copy_from_user_key(void *to, const void __user *from, unsigned long n, unsigned long key)
{
	unsigned long left;

	might_fault();
	left = keyed_pieces((unsigned long)from, n, false, key, read_piece, to);
	if (left)
		memset(to + n - left, 0, left);
	return left;
}

FAITHFUL(_copy_to_user_key, "arch/s390/lib/uaccess.c arch/s390/lib/uaccess.c:raw_copy_to_user_key");
unsigned long _copy_to_user_key(void __user *to, const void *from, unsigned long n, unsigned long key)
{
	might_fault();
	return keyed_pieces((unsigned long)to, n, true, key, write_piece, (void *)from);
}

static __uint128_t cmpxchg16(void *mem, __uint128_t old, __uint128_t new)
{
	u64 low = old, high = old >> 64;

	__asm__ volatile("lock cmpxchg16b %0"
			 : "+m"(*(__uint128_t *)mem), "+a"(low), "+d"(high)
			 : "b"((u64)new), "c"((u64)(new >> 64))
			 : "memory", "cc");
	return (__uint128_t)high << 64 | low;
}

void kshim_compare_and_swap(void *mem, void *prev, __uint128_t old, __uint128_t new, int size)
{
	__uint128_t seen;

	switch (size) {
	case 1:
		seen = cmpxchg((u8 *)mem, (u8)old, (u8)new);
		break;
	case 2:
		seen = cmpxchg((u16 *)mem, (u16)old, (u16)new);
		break;
	case 4:
		seen = cmpxchg((u32 *)mem, (u32)old, (u32)new);
		break;
	case 8:
		seen = cmpxchg((u64 *)mem, (u64)old, (u64)new);
		break;
	default:
		seen = cmpxchg16(mem, old, new);
	}
	memcpy(prev, &seen, size);
}

struct cmpxchg_args {
	__uint128_t old, new, seen;
};

static bool cmpxchg_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	struct cmpxchg_args *a = arg;

	kshim_compare_and_swap(mem, &a->seen, a->old, a->new, len);
	return true;
}

REDUCED(kshim_cmpxchg_user_key, "arch/s390/include/asm/uaccess.h:__cmpxchg_user_key",
	"1 and 2 bytes are swapped by themselves and not in their word: never -EAGAIN");
int kshim_cmpxchg_user_key(void __user *p, void *prev, __uint128_t old, __uint128_t new, unsigned long key, int size)
{
	struct cmpxchg_args a = { .old = old, .new = new };
	unsigned long left = keyed_pieces((unsigned long)p, size, true, key, cmpxchg_piece, &a);

	memcpy(prev, &a.seen, size);
	return left ? -EFAULT : 0;
}
