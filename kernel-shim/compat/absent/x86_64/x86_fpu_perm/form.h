/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest may enable is known by its process: here, what every guest has. */
#ifndef KSHIM_FORM_X86_FPU_PERM_H
#define KSHIM_FORM_X86_FPU_PERM_H

#include <asm/fpu/types.h>

static inline void kshim_fpu_set_features(struct fpu_guest *gfpu, u64 features)
{
	gfpu->xfeatures = features;
}

static inline u64 kshim_fpu_permitted(const struct fpu_guest *gfpu)
{
	return gfpu->xfeatures;
}

#endif
