/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel tried at boot whether there is collaborative memory management. */
#ifndef KSHIM_FORM_S390_CMMA_FLAG_H
#define KSHIM_FORM_S390_CMMA_FLAG_H

#include <asm/setup.h>

static inline void kshim_boot_cmma(void)
{
	cmma_init();
}

#endif
