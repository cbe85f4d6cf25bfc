/* SPDX-License-Identifier: GPL-2.0-only */
/* The flags of a VMA are a number. */
#ifndef KSHIM_FORM_VMA_FLAGS_H
#define KSHIM_FORM_VMA_FLAGS_H

#include <linux/mm.h>

typedef unsigned long kshim_vma_flags;
#define KSHIM_NORESERVE		VM_NORESERVE

#endif
