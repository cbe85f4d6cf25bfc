/* SPDX-License-Identifier: GPL-2.0-only */
/* Options of arm64 that differ from the configured kernel's. */
#include_next <generated/autoconf.h>

/* Strings are compared byte by byte: a word that leads into a page without memory would need an exception table. */
#undef CONFIG_DCACHE_WORD_ACCESS
