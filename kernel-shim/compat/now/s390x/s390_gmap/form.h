/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests use page tables of the process, with PGSTEs, below upper tables of their own (arch/s390/mm/gmap.c). */
#ifndef KSHIM_FORM_S390_GMAP_H
#define KSHIM_FORM_S390_GMAP_H

#include <linux/mm.h>
#include <asm/gmap.h>
#include <asm/pgtable.h>
#include "kvm-s390.h"

/* kvm_s390_init() refuses hpage together with nested. */
#define KSHIM_HPAGE_PARAMETERS "kvm.hpage=1"
#define KSHIM_NESTED_PARAMETERS "kvm.nested=1"

/* Lets a new process have guests: gives it page tables with PGSTEs. */
static inline void kshim_allow_guests(struct mm_struct *mm)
{
	mm->context.alloc_pgste = 1;
}

static inline u64 kshim_gmap_asce(const struct gmap *gmap)
{
	return gmap->asce;
}

/* Returns whether a lazy flush is still to come: ptep_flush_lazy() of arch/s390/mm/pgtable.c. */
static inline bool kshim_gmap_flush_pending(const struct gmap *gmap)
{
	return gmap->mm->context.flush_mm;
}

/* The kernel's own bits of an entry that maps a page, or else a large frame. */
static inline bool kshim_gmap_accessed(u64 entry, bool page)
{
	return entry & (page ? _PAGE_YOUNG : _SEGMENT_ENTRY_YOUNG);
}

static inline bool kshim_gmap_dirty(u64 entry, bool page)
{
	return entry & (page ? _PAGE_DIRTY : _SEGMENT_ENTRY_DIRTY);
}

/* Returns whether kvm_arch_sync_dirty_log() will find the page's writes recorded. */
static inline bool kshim_gmap_recorded(const u64 *entry, bool page)
{
	return page ? READ_ONCE(entry[PTRS_PER_PTE]) & PGSTE_UC_BIT : READ_ONCE(*entry) & _SEGMENT_ENTRY_GMAP_UC;
}

#endif
