// SPDX-License-Identifier: GPL-2.0-only
/* Translation by the host's tables, and its faults: not done yet. */
#include <kshim/arch.h>
#include <arm64/model.h>

bool kshim_arch_host_walk(struct mm_struct *mm, unsigned long addr, struct kshim_host_pte *out)
{
	model_unmodelled();
}

void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code)
{
	model_unmodelled();
}

bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user)
{
	model_unmodelled();
}
