/* SPDX-License-Identifier: GPL-2.0-only */
/* What kshim/arch.h has of s390x alone. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#define KSHIM_ARCH_NAME "s390x"

#endif
