/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel tells from a word of flags what the machine has. */
#ifndef KSHIM_FORM_S390_MACHINE_FLAGS_H
#define KSHIM_FORM_S390_MACHINE_FLAGS_H

/* What the oldest machine lacks: all that the kernel can do without when it changes page tables. */
#define KSHIM_OLD_MACHINE "idte=0,edat1=0,edat2=0,tlb_lc=0,fsi=0,nx=0,esop=0"

#endif
