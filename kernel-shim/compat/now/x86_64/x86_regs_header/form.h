/* SPDX-License-Identifier: GPL-2.0-only */
/* A register is read and written whole, whatever the mode. CPUID follows CR4 at once. */
#ifndef KSHIM_FORM_X86_REGS_HEADER_H
#define KSHIM_FORM_X86_REGS_HEADER_H

#include <linux/kvm_host.h>
#include "kvm_cache_regs.h"
#include "cpuid.h"

static inline unsigned long kshim_rax(struct kvm_vcpu *vcpu)
{
	return kvm_rax_read(vcpu);
}

static inline void kshim_set_rax(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_rax_write(vcpu, value);
}

static inline void kshim_set_rbx(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_rbx_write(vcpu, value);
}

/* For a vendor module that has set CR4. */
static inline void kshim_cpuid_depends_on_cr4(struct kvm_vcpu *vcpu)
{
	kvm_update_cpuid_runtime(vcpu);
}

#endif
