/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/local64.h: local64_t is a local_t. */
#include <asm-generic/local64.h>
