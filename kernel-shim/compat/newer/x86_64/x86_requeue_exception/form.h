/* SPDX-License-Identifier: GPL-2.0-only */
/* An exception that is queued again: one function, with or without an error code. */
#ifndef KSHIM_FORM_X86_REQUEUE_EXCEPTION_H
#define KSHIM_FORM_X86_REQUEUE_EXCEPTION_H

#include <linux/kvm_host.h>
#include "x86.h"

static inline void kshim_requeue_exception(struct kvm_vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code)
{
	kvm_requeue_exception(vcpu, vector, has_error_code, error_code);
}

#endif
