/* SPDX-License-Identifier: GPL-2.0-only */
/* ksmd finds a merged page as a page. For kernel-shim/wrap/ksm.c, after mm/ksm.c. */
#ifndef KSHIM_FORM_KSM_FOLIO_H
#define KSHIM_FORM_KSM_FOLIO_H

/* Looks at the page of a node in the stable tree. A node whose page is gone leaves the tree and is freed. */
static inline void kshim_ksm_look(struct ksm_stable_node *node)
{
	struct page *page = get_ksm_page(node, GET_KSM_PAGE_NOLOCK);

	if (page)
		put_page(page);
}

#endif
