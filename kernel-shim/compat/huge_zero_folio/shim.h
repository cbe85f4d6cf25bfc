/* SPDX-License-Identifier: GPL-2.0-only */
/* The huge zero page was known as a page. */
#define is_huge_zero_folio(folio)	is_huge_zero_page(&(folio)->page)
