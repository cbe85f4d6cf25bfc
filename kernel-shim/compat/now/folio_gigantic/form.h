/* SPDX-License-Identifier: GPL-2.0-only */
/* The option for gigantic pages, for mm/hugetlb.c on every architecture: kernel-shim/kbuild/common.dirs. */
#undef CONFIG_CONTIG_ALLOC
#define CONFIG_CONTIG_ALLOC 1
