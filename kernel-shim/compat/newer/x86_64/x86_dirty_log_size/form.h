/* SPDX-License-Identifier: GPL-2.0-only */
/* The size of the processor's dirty log belongs to the VM. */
#ifndef KSHIM_FORM_X86_DIRTY_LOG_SIZE_H
#define KSHIM_FORM_X86_DIRTY_LOG_SIZE_H

#include <linux/kvm_host.h>

static inline void kshim_ops_have_dirty_log(struct kvm_x86_ops *ops, int entries)
{
}

static inline void kshim_vm_has_dirty_log(struct kvm *kvm, int entries)
{
	kvm->arch.cpu_dirty_log_size = entries;
}

#endif
