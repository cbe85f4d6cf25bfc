// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's half of core/world/uaccess.c: translation by the modelled CPU in the EL2&0 regime, with the tables
 * that switch_mm() has given it, and arch/arm64/mm/fault.c on an exception.
 */
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/swap.h>
#include <asm/esr.h>
#include <kshim/arch.h>
#include <kshim/form/softleaf.h>
#include <kshim/hw.h>
#include <arm64/model.h>
#include "internal.h"

/*
 * Walks the tables with plain loads to the entry that decides, present or not, and the size that it maps. Returns false
 * if there is no entry of a page or larger.
 */
static bool walk(struct mm_struct *mm, unsigned long addr, const u64 **where, u64 *entry, unsigned long *size)
{
	const u64 *table = (const u64 *)mm->pgd;
	int shift;

	for (shift = PGDIR_SHIFT; ; shift -= PAGE_SHIFT - 3) {
		*where = &table[(addr >> shift) & (PTRS_PER_PTE - 1)];
		*entry = READ_ONCE(**where);
		*size = 1UL << shift;
		if (shift == PAGE_SHIFT || (*entry & PMD_TYPE_MASK) != PMD_TYPE_TABLE)
			return *entry;
		table = __va(*entry & PTE_ADDR_LOW);
	}
}

/*
 * The access flag and dirty state of contiguous entries are those of the group: hardware sets them in any one of its
 * entries (contpte_ptep_get(), huge_ptep_get()).
 */
static void gather(const u64 *where, unsigned long size, struct kshim_host_pte *out)
{
	unsigned long n = size == PAGE_SIZE ? CONT_PTES : CONT_PMDS;
	const u64 *first = PTR_ALIGN_DOWN(where, n * sizeof(*where)), *p;

	for (p = first; p < first + n; p++) {
		out->dirty |= pte_dirty(__pte(READ_ONCE(*p)));
		out->young |= pte_young(__pte(READ_ONCE(*p)));
	}
}

bool kshim_arch_host_walk(struct mm_struct *mm, unsigned long addr, struct kshim_host_pte *out)
{
	unsigned long flags, size;
	u64 entry;
	bool found;
	pte_t pte;

	memset(out, 0, sizeof(*out));
	if (addr >= TASK_SIZE_MAX)
		return false;
	flags = kshim_hw_access_begin();
	found = walk(mm, addr, &out->entry, &entry, &size);
	if (found && pte_valid_cont(__pte(entry)))
		gather(out->entry, size, out);
	kshim_hw_access_end(flags);
	if (!found)
		return false;
	pte = __pte(entry);
	out->huge = size > PAGE_SIZE;
	out->present = pte_valid(pte);
	if (!out->present) {
		out->swapped = size == PAGE_SIZE && kshim_pte_is_swap(pte);
		return true;
	}
	out->writable = pte_write(pte);
	out->contiguous = pte_valid_cont(pte);
	out->dirty |= pte_dirty(pte);
	out->young |= pte_young(pte);
	out->pfn = pte_pfn(pte) + ((addr & (size - 1)) >> PAGE_SHIFT);
	return true;
}

/*
 * Kernel code uses LDTR and STTR, which have the rights of a process. The error code is the instruction specific
 * syndrome of the abort.
 */
void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code)
{
	struct arm64_access a = { .read = !write, .write = write, .user = true };
	struct arm64_fault f = {};
	u64 pa;

	*error_code = 0;
	if (arm64_translate_host(addr, &a, &pa, &f))
		return __va(pa);
	*error_code = arm64_iss(&f, &a);
	return NULL;
}

/* do_sea() changes nothing that could make the next try succeed. */
bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user)
{
	return kshim_user_fault(error_code, addr, error_code & ESR_ELx_WNR, user) &&
	       (error_code & ESR_ELx_FSC) != ESR_ELx_FSC_EXTABT;
}
