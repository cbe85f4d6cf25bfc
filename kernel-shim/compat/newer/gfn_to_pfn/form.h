/* SPDX-License-Identifier: GPL-2.0-only */
/* A pfn comes with the page that has a reference. */
#ifndef KSHIM_FORM_GFN_TO_PFN_H
#define KSHIM_FORM_GFN_TO_PFN_H

#include <linux/kvm_host.h>

/* What keeps the page of a pfn. */
struct kshim_pfn_ref {
	struct page *page;
};

static inline kvm_pfn_t kshim_gfn_to_pfn(struct kvm *kvm, gfn_t gfn, struct kshim_pfn_ref *ref)
{
	bool writable;

	return __kvm_faultin_pfn(gfn_to_memslot(kvm, gfn), gfn, FOLL_WRITE, &writable, &ref->page);
}

/* For a pfn that is not an error. */
static inline void kshim_release_pfn(kvm_pfn_t pfn, struct kshim_pfn_ref *ref)
{
	kvm_release_page_clean(ref->page);
}

#endif
