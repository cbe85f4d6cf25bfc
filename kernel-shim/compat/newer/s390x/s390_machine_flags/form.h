/* SPDX-License-Identifier: GPL-2.0-only */
/* What the machine has is asked by functions; no word of flags is left. */
#ifndef KSHIM_FORM_S390_MACHINE_FLAGS_H
#define KSHIM_FORM_S390_MACHINE_FLAGS_H

#include <asm/machine.h>

#define MACHINE_HAS_TLB_GUEST machine_has_tlb_guest()

/* What the oldest machine lacks: all that the kernel can do without when it changes page tables. IDTE it needs. */
#define KSHIM_OLD_MACHINE "edat1=0,edat2=0,tlb_lc=0,fsi=0,nx=0,esop=0"

#endif
