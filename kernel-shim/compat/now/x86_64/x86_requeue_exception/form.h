/* SPDX-License-Identifier: GPL-2.0-only */
/* An exception that is queued again has an error code or not: two functions. */
#ifndef KSHIM_FORM_X86_REQUEUE_EXCEPTION_H
#define KSHIM_FORM_X86_REQUEUE_EXCEPTION_H

#include <linux/kvm_host.h>
#include "x86.h"

static inline void kshim_requeue_exception(struct kvm_vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code)
{
	if (has_error_code)
		kvm_requeue_exception_e(vcpu, vector, error_code);
	else
		kvm_requeue_exception(vcpu, vector);
}

#endif
