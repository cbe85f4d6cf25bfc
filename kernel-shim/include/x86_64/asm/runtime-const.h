/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/runtime-const.h without patched code: such constants are variables. */
#include <asm-generic/runtime-const.h>
