/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of kshim/arch.h that only arm64 has. */
#ifndef KSHIM_ARCH_DEFS_H
#define KSHIM_ARCH_DEFS_H

#define KSHIM_ARCH_NAME "arm64"

#endif
