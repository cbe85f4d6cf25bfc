/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/local.h: local_t is an atomic_long_t. */
#include <asm-generic/local.h>
