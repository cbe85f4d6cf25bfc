// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to user addresses, by kernel code and by the process itself: translation through the host TLB or the page
 * tables of current->mm as the processor walks them, and the real fault path on a miss (arch/x86/mm/fault.c).
 *
 * Translation and copying happen with interrupts off, so that neither the page nor the tables can go away meanwhile:
 * who frees them flushes the TLB first, and that waits.
 */
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/swapops.h>
#include <linux/uaccess.h>
#include <asm/trap_pf.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <kshim/sched.h>
#include "internal.h"

/* More faults than this in a row for one page are no progress. */
#define MAX_FAULTS 100000

/* An entry at which a walk ends: its value, where it is, and how much it maps. */
struct leaf {
	u64 *where;
	u64 value;
	unsigned long size;
};

/*
 * Walks the four levels with plain loads. False: no page table. True: l is the entry, present or not, that decides.
 * *rights is the conjunction of the upper entries.
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
	if (!found)
		return false;
	pte = __pte(l.value);
	out->huge = l.size > PAGE_SIZE;
	out->present = l.value & _PAGE_PRESENT;
	if (!out->present) {
		out->swapped = l.size == PAGE_SIZE && is_swap_pte(pte) && !non_swap_entry(pte_to_swp_entry(pte));
		return true;
	}
	out->writable = l.value & rights & _PAGE_RW;
	out->dirty = l.value & _PAGE_DIRTY;
	out->young = l.value & _PAGE_ACCESSED;
	out->pfn = leaf_pfn(&l, addr);
	return true;
}

/* As the processor in user mode, or in kernel mode with CR0.WP: NULL where it would raise #PF. Interrupts are off. */
static void *translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code)
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
		/* Locked read-modify-write, and only if the entry is still the same. */
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

/* bad_area() and do_sigbus() there: the process's own accesses get a signal, those of the kernel for it only fail. */
static bool fault_signal(bool user, int sig, int code, unsigned long addr)
{
	if (user)
		force_sig_fault(sig, code, (void __user *)addr);
	return false;
}

/* What handle_mm_fault() could not do; out of memory has no signal. True when there was no error. */
static bool fault_done(vm_fault_t fault, bool user, unsigned long addr)
{
	if (!(fault & VM_FAULT_ERROR))
		return true;
	if (fault & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE)) {
		if (user)
			force_sig_mceerr(BUS_MCEERR_AR, (void __user *)addr,
					 fault & VM_FAULT_HWPOISON_LARGE ? HPAGE_SHIFT : PAGE_SHIFT);
	} else if (fault & VM_FAULT_SIGBUS) {
		fault_signal(user, SIGBUS, BUS_ADRERR, addr);
	} else if (fault & VM_FAULT_SIGSEGV) {
		fault_signal(user, SIGSEGV, SEGV_MAPERR, addr);
	}
	return false;
}

/* do_user_addr_fault() of arch/x86/mm/fault.c: true when the access is to be tried again. */
static bool handle_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user)
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
			return fault_signal(user, SIGSEGV, SEGV_ACCERR, addr);
		}
		fault = handle_mm_fault(vma, addr, flags | FAULT_FLAG_VMA_LOCK, NULL);
		if (!(fault & (VM_FAULT_RETRY | VM_FAULT_COMPLETED)))
			vma_end_read(vma);
		if (!(fault & VM_FAULT_RETRY))
			return fault_done(fault, user, addr);
		if (fault & VM_FAULT_MAJOR)
			flags |= FAULT_FLAG_TRIED;
		/* fault_signal_pending(), which wants registers */
		if (fatal_signal_pending(current) || signal_pending(current))
			return false;
	}
#endif
	for (;;) {
		vma = lock_mm_and_find_vma(mm, addr, NULL);
		if (!vma)
			return fault_signal(user, SIGSEGV, SEGV_MAPERR, addr);
		if (access_error(error_code, vma)) {
			mmap_read_unlock(mm);
			return fault_signal(user, SIGSEGV, SEGV_ACCERR, addr);
		}
		fault = handle_mm_fault(vma, addr, flags, NULL);
		if (fault & VM_FAULT_COMPLETED)
			return true;
		if (fault & VM_FAULT_RETRY) {
			if (fatal_signal_pending(current))
				return false;
			flags |= FAULT_FLAG_TRIED;
			continue;
		}
		mmap_read_unlock(mm);
		return fault_done(fault, user, addr);
	}
}

/* What to do with one piece that lies within a page. */
typedef void (*piece_fn)(void *mem, unsigned long done, unsigned long len, void *arg);

/* Calls fn for each piece of [addr, addr + n) with interrupts off. Returns the bytes that were not handled. */
static unsigned long for_each_piece(unsigned long addr, unsigned long n, bool write, bool user, piece_fn fn, void *arg)
{
	struct mm_struct *mm = current->mm;
	unsigned long done = 0, faults = 0, flags, len;
	unsigned int error_code;
	void *mem;

	if (!mm)
		return n;
	while (done < n && addr + done < TASK_SIZE_MAX) {
		len = min(n - done, PAGE_SIZE - offset_in_page(addr + done));
		local_irq_save(flags);
		mem = translate(mm, addr + done, write, &error_code);
		if (mem)
			fn(mem, done, len, arg);
		local_irq_restore(flags);
		if (mem) {
			done += len;
			faults = 0;
			continue;
		}
		if (++faults > MAX_FAULTS) {
			host_report(KVMSIM_CHECK, NULL, 0, "livelock: no progress after %d faults at user address %lx",
				    MAX_FAULTS, addr + done);
			break;
		}
		if (!handle_fault(mm, addr + done, error_code, user))
			return n - done;
	}
	if (done < n && addr + done >= TASK_SIZE_MAX)
		fault_signal(user, SIGSEGV, SEGV_MAPERR, addr + done);
	return n - done;
}

/* Aligned 1, 2, 4 or 8 bytes move in one piece, as one instruction does. */
static void move(void *to, const void *from, unsigned long len)
{
	unsigned long both = (unsigned long)to | (unsigned long)from;

	if (len == 8 && !(both & 7))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(u64 *)from));
	else if (len == 4 && !(both & 3))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(u32 *)from));
	else if (len == 2 && !(both & 1))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(u16 *)from));
	else
		memcpy(to, from, len);
}

static void read_piece(void *mem, unsigned long done, unsigned long len, void *to)
{
	move(to + done, mem, len);
}

static void write_piece(void *mem, unsigned long done, unsigned long len, void *from)
{
	move(mem, from + done, len);
}

static void clear_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	memset(mem, 0, len);
}

FAITHFUL(kshim_copy_from_user);
unsigned long kshim_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	return for_each_piece((unsigned long)from, n, false, false, read_piece, to);
}

FAITHFUL(kshim_copy_to_user);
unsigned long kshim_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	return for_each_piece((unsigned long)to, n, true, false, write_piece, (void *)from);
}

FAITHFUL(kshim_clear_user);
unsigned long kshim_clear_user(void __user *to, unsigned long n)
{
	return for_each_piece((unsigned long)to, n, true, false, clear_piece, NULL);
}

struct cmpxchg_args {
	void *old;
	u64 new;
	bool swapped;
};

static void cmpxchg_piece(void *mem, unsigned long done, unsigned long len, void *arg)
{
	struct cmpxchg_args *a = arg;

	switch (len) {
	case 1:
		a->swapped = try_cmpxchg((u8 *)mem, (u8 *)a->old, (u8)a->new);
		break;
	case 2:
		a->swapped = try_cmpxchg((u16 *)mem, (u16 *)a->old, (u16)a->new);
		break;
	case 4:
		a->swapped = try_cmpxchg((u32 *)mem, (u32 *)a->old, (u32)a->new);
		break;
	case 8:
		a->swapped = try_cmpxchg((u64 *)mem, (u64 *)a->old, a->new);
		break;
	}
}

/* Callers pass an aligned address: one piece. */
REDUCED(kshim_cmpxchg_user, "an address that is not aligned to its size fails with -EFAULT");
int kshim_cmpxchg_user(void __user *p, void *old, u64 new, unsigned int size)
{
	struct cmpxchg_args a = { .old = old, .new = new };

	if (!IS_ALIGNED((unsigned long)p, size))
		return -EFAULT;
	if (for_each_piece((unsigned long)p, size, true, false, cmpxchg_piece, &a))
		return -EFAULT;
	return !a.swapped;
}

REDUCED(kshim_copy_nofault, "an address that is bad is only found by range: simulated RAM is always mapped");
int kshim_copy_nofault(void *to, const void *from, unsigned long n)
{
	if ((unsigned long)to < PAGE_OFFSET || (unsigned long)from < PAGE_OFFSET)
		return -EFAULT;
	memcpy(to, from, n);
	return 0;
}

int kshim_user_read(unsigned long addr, void *buf, unsigned long len, uint64_t *done)
{
	unsigned long left = for_each_piece(addr, len, false, true, read_piece, buf);

	*done = len - left;
	return left ? -EFAULT : 0;
}

int kshim_user_write(unsigned long addr, const void *buf, unsigned long len, uint64_t *done)
{
	unsigned long left = for_each_piece(addr, len, true, true, write_piece, (void *)buf);

	*done = len - left;
	return left ? -EFAULT : 0;
}
