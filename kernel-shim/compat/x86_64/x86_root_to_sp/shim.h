/* SPDX-License-Identifier: GPL-2.0-only */
/* Every root had a page-table page of KVM's, so that a page and a root were looked up alike. */
#define root_to_sp(root)	to_shadow_page(root)
