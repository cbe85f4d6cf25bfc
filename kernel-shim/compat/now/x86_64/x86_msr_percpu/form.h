/* SPDX-License-Identifier: GPL-2.0-only */
/* Others expect this from asm/msr.h. */
#include <linux/percpu.h>
