/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel did not know RESET DAT PROTECTION. */
#ifndef KSHIM_FORM_S390_RDP_H
#define KSHIM_FORM_S390_RDP_H

/* The flag of a machine with the facility 194, or 0. */
#define KSHIM_FLAG_RDP 0UL

#endif
