/* SPDX-License-Identifier: GPL-2.0-only */
/* Others expect this from asm/uaccess.h. */
#include <asm/tlbflush.h>
