/* SPDX-License-Identifier: GPL-2.0-only */
/* The flags of a VMA are a bitmap. */
#ifndef KSHIM_FORM_VMA_FLAGS_H
#define KSHIM_FORM_VMA_FLAGS_H

#include <linux/mm.h>

typedef vma_flags_t kshim_vma_flags;
#define KSHIM_NORESERVE		mk_vma_flags(VMA_NORESERVE_BIT)

#endif
