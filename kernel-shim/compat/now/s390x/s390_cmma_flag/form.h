/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel knows from a flag of the machine whether there is collaborative memory management. */
#ifndef KSHIM_FORM_S390_CMMA_FLAG_H
#define KSHIM_FORM_S390_CMMA_FLAG_H

static inline void kshim_boot_cmma(void)
{
}

#endif
