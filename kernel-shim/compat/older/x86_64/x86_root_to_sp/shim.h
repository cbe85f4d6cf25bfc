/* SPDX-License-Identifier: GPL-2.0-only */
/* Every root had a page-table page of KVM, so a page and a root were looked up in the same way. */
#define root_to_sp(root)	to_shadow_page(root)
