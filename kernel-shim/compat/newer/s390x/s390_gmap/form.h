/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM has page tables of its own, which KVM fills (arch/s390/kvm/gmap). Processes' tables know nothing of guests. */
#ifndef KSHIM_FORM_S390_GMAP_H
#define KSHIM_FORM_S390_GMAP_H

#include <linux/kvm_host.h>
#include <linux/mm.h>
#include "s390.h"

#define KSHIM_HPAGE_PARAMETERS "kvm.hpage=1 kvm.hpage_2g=1"
#define KSHIM_NESTED_PARAMETERS "kvm.nested=1 kvm.hpage=1 kvm.hpage_2g=1"

/* Lets a new process have guests: each may. */
static inline void kshim_allow_guests(struct mm_struct *mm)
{
}

static inline u64 kshim_gmap_asce(const struct gmap *gmap)
{
	return gmap->asce.val;
}

/* Returns whether a lazy flush is still to come: KVM flushes at once. */
static inline bool kshim_gmap_flush_pending(const struct gmap *gmap)
{
	return false;
}

/* The kernel's own bits of an entry that maps a page, or else a large frame. */
static inline bool kshim_gmap_accessed(u64 entry, bool page)
{
	return page ? ((union pte){.val = entry}).s.y : ((union crste){.val = entry}).s.fc1.y;
}

static inline bool kshim_gmap_dirty(u64 entry, bool page)
{
	return page ? ((union pte){.val = entry}).s.d : ((union crste){.val = entry}).s.fc1.d;
}

/* Returns whether kvm_arch_sync_dirty_log() will find the page's writes recorded: gmap_sync_dirty_log(). */
static inline bool kshim_gmap_recorded(const u64 *entry, bool page)
{
	union crste crste = {.val = READ_ONCE(*entry)};
	union pte pte = {.val = crste.val};

	return page ? pte.s.pr && (!pte.h.p || pte.s.sd) : crste.h.fc && (!crste.h.p || crste.s.fc1.sd);
}

#endif
