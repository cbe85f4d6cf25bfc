/* SPDX-License-Identifier: GPL-2.0-only */
/* A register is read and written raw, or as its mode wants. CPUID follows CR4 when it is asked. */
#ifndef KSHIM_FORM_X86_REGS_HEADER_H
#define KSHIM_FORM_X86_REGS_HEADER_H

#include <linux/kvm_host.h>
#include "regs.h"

/* For TP_fast_assign() of arch/x86/kvm/trace.h, which defines it only where trace points are created. */
#define tracing_kvm_rip_read(vcpu)	kvm_rip_read(vcpu)

static inline unsigned long kshim_rax(struct kvm_vcpu *vcpu)
{
	return kvm_rax_read_raw(vcpu);
}

static inline void kshim_set_rax(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_rax_write_raw(vcpu, value);
}

static inline void kshim_set_rbx(struct kvm_vcpu *vcpu, unsigned long value)
{
	kvm_rbx_write_raw(vcpu, value);
}

/* For a vendor module that has set CR4. */
static inline void kshim_cpuid_depends_on_cr4(struct kvm_vcpu *vcpu)
{
	vcpu->arch.cpuid_dynamic_bits_dirty = true;
}

#endif
