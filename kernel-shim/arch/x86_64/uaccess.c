// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's half of core/world/uaccess.c: translation through the host TLB or, like the processor's walk, the
 * page tables of an mm, and the real fault path on a miss (arch/x86/mm/fault.c).
 *
 * Translation and copying happen with interrupts off, so neither the page nor the tables can go away meanwhile: code
 * that frees them flushes the TLB first, and that waits.
 */
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/uaccess.h>
#include <asm/trap_pf.h>
#include <kshim/form/softleaf.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <kshim/sched.h>
#include "internal.h"

/* An entry at which a walk ends: its value, where it is, and how much it maps. */
struct leaf {
	u64 *where;
	u64 value;
	unsigned long size;
};

/*
 * Walks the four levels with plain loads. Returns false if there is no page table. Else l is the entry that decides,
 * present or not, and *rights is the conjunction of the upper entries.
 */
static bool walk(struct mm_struct *mm, unsigned long addr, struct leaf *l, u64 *rights)
{
	u64 *table = (u64 *)mm->pgd;
	int shift;

	*rights = ~0ULL;
	for (shift = PGDIR_SHIFT; ; shift -= 9) {
		l->where = &table[(addr >> shift) & (PTRS_PER_PTE - 1)];
		l->value = READ_ONCE(*l->where);
		l->size = 1UL << shift;
		if (shift == PAGE_SHIFT || !(l->value & _PAGE_PRESENT) ||
		    ((l->value & _PAGE_PSE) && shift <= PUD_SHIFT))
			return shift <= PMD_SHIFT || l->value;
		*rights &= l->value;
		table = __va(l->value & PTE_PFN_MASK);
	}
}

static unsigned long leaf_pfn(const struct leaf *l, unsigned long addr)
{
	return ((l->value & PTE_PFN_MASK & ~(l->size - 1)) + (addr & (l->size - 1))) >> PAGE_SHIFT;
}

bool kshim_arch_host_walk(struct mm_struct *mm, unsigned long addr, struct kshim_host_pte *out)
{
	unsigned long flags;
	struct leaf l;
	bool found;
	u64 rights;
	pte_t pte;

	memset(out, 0, sizeof(*out));
	if (addr >= TASK_SIZE_MAX)
		return false;
	local_irq_save(flags);
	found = walk(mm, addr, &l, &rights) && l.value;
	local_irq_restore(flags);
	out->entry = l.where;
	if (!found)
		return false;
	pte = __pte(l.value);
	out->huge = l.size > PAGE_SIZE;
	out->present = l.value & _PAGE_PRESENT;
	if (!out->present) {
		out->swapped = l.size == PAGE_SIZE && kshim_pte_is_swap(pte);
		out->no_access = pte_protnone(pte);
		return true;
	}
	out->writable = l.value & rights & _PAGE_RW;
	out->dirty = l.value & _PAGE_DIRTY;
	out->young = l.value & _PAGE_ACCESSED;
	out->pfn = leaf_pfn(&l, addr);
	return true;
}

/* Translates like the processor in user mode, or in kernel mode with CR0.WP. NULL where it would raise #PF. */
void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code)
{
	void *p = kshim_host_tlb_lookup(mm, addr, write);
	u64 rights, want = _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0);
	struct leaf l;

	kshim_sched_point(KSHIM_PT_ACCESS, mm);
	*error_code = write ? X86_PF_WRITE : 0;
	if (p)
		return p;
	do {
		if (!walk(mm, addr, &l, &rights) || !(l.value & _PAGE_PRESENT))
			goto fault;
		if ((write && !(l.value & rights & _PAGE_RW)) || !(l.value & rights & _PAGE_USER)) {
			*error_code |= X86_PF_PROT;
			goto fault;
		}
		/* A locked read-modify-write, only if the entry is still the same. */
	} while ((l.value & want) != want && !try_cmpxchg64(l.where, &l.value, l.value | want));
	l.value |= want;
	kshim_host_tlb_fill(mm, addr, l.size, leaf_pfn(&l, addr),
			    (l.value & rights & _PAGE_RW) && (l.value & _PAGE_DIRTY));
	return __va(PFN_PHYS(leaf_pfn(&l, addr))) + offset_in_page(addr);
fault:
	kshim_host_tlb_drop(mm, addr);
	return NULL;
}

/* access_error() of arch/x86/mm/fault.c, for reads and writes of data. */
static bool access_error(unsigned int error_code, struct vm_area_struct *vma)
{
	if (error_code & X86_PF_WRITE)
		return !(vma->vm_flags & VM_WRITE);
	return (error_code & X86_PF_PROT) || !vma_is_accessible(vma);
}

/* do_user_addr_fault() of arch/x86/mm/fault.c. Returns true to try the access again. */
bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user)
{
	unsigned int flags = FAULT_FLAG_DEFAULT | (error_code & X86_PF_WRITE ? FAULT_FLAG_WRITE : 0) |
			     (user ? FAULT_FLAG_USER : 0);
	struct vm_area_struct *vma;
	vm_fault_t fault;

	if (faulthandler_disabled() || !mm)
		return false;
#ifdef CONFIG_PER_VMA_LOCK
	vma = user ? lock_vma_under_rcu(mm, addr) : NULL;
	if (vma) {
		if (access_error(error_code, vma)) {
			vma_end_read(vma);
			return kshim_fault_signal(user, SIGSEGV, SEGV_ACCERR, addr);
		}
		fault = handle_mm_fault(vma, addr, flags | FAULT_FLAG_VMA_LOCK, NULL);
		if (!(fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
			vma_end_read(vma);
		if (!(fault & VM_FAULT_RETRY))
			return kshim_fault_done(fault, user, addr);
		if (fault & VM_FAULT_MAJOR)
			flags |= FAULT_FLAG_TRIED;
		/* fault_signal_pending(), which needs registers */
		if (fatal_signal_pending(current) || signal_pending(current))
			return false;
	}
#endif
	for (;;) {
		vma = lock_mm_and_find_vma(mm, addr, NULL);
		if (!vma)
			return kshim_fault_signal(user, SIGSEGV, SEGV_MAPERR, addr);
		if (access_error(error_code, vma)) {
			mmap_read_unlock(mm);
			return kshim_fault_signal(user, SIGSEGV, SEGV_ACCERR, addr);
		}
		fault = handle_mm_fault(vma, addr, flags, NULL);
		if (fault & VM_FAULT_COMPLETED)
			return true;
		if (fault & VM_FAULT_RETRY) {
			if (fatal_signal_pending(current) || (user && signal_pending(current)))
				return false;
			flags |= FAULT_FLAG_TRIED;
			continue;
		}
		mmap_read_unlock(mm);
		return kshim_fault_done(fault, user, addr);
	}
}
