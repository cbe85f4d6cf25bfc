/* SPDX-License-Identifier: GPL-2.0-only */
/* s390's asm/runtime-const.h without patched code: such constants are variables. */
#include <asm-generic/runtime-const.h>
