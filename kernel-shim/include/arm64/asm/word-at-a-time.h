/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/word-at-a-time.h without load_unaligned_zeropad(), which only CONFIG_DCACHE_WORD_ACCESS needs. */
#include <asm-generic/word-at-a-time.h>
