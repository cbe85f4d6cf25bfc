/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/runtime-const.h without patched code: such constants are variables. */
#include <asm-generic/runtime-const.h>
