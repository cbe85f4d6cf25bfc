/* SPDX-License-Identifier: GPL-2.0-only */
/* A processor may have EPT without execute-only entries. */
#ifndef KSHIM_FORM_X86_EPT_MASKS_H
#define KSHIM_FORM_X86_EPT_MASKS_H

#include <linux/kvm_host.h>
#include "mmu.h"

/* With execute-only entries. ad: with accessed and dirty bits. */
static inline void kshim_set_ept_masks(bool ad)
{
	kvm_mmu_set_ept_masks(ad, true);
}

#endif
