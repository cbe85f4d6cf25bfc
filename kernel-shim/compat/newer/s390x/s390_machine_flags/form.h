/* SPDX-License-Identifier: GPL-2.0-only */
/* What the machine has is asked by functions; no word of flags is left. */
#ifndef KSHIM_FORM_S390_MACHINE_FLAGS_H
#define KSHIM_FORM_S390_MACHINE_FLAGS_H

#include <asm/machine.h>

#define MACHINE_HAS_TLB_GUEST machine_has_tlb_guest()

#endif
