/* SPDX-License-Identifier: GPL-2.0-only */
/* The huge zero page was a page, not a folio. */
#define is_huge_zero_folio(folio)	is_huge_zero_page(&(folio)->page)
