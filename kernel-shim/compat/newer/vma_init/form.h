/* SPDX-License-Identifier: GPL-2.0-only */
/* mmap_init() makes the cache of VMAs (mm/vma_init.c). */
#ifndef KSHIM_FORM_VMA_INIT_H
#define KSHIM_FORM_VMA_INIT_H

static inline void kshim_vma_caches_init(void)
{
}

#endif
