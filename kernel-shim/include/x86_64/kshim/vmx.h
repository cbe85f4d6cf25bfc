/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the real vmx.c that run (kernel-shim/wrap/x86_64/vmx.c): those of the page-modification log. The
 * model supplies the VMCS that they read and write.
 */
#ifndef KSHIM_VMX_H
#define KSHIM_VMX_H

#include <linux/kvm_host.h>

/* --- kernel-shim/wrap/x86_64/vmx.c --- */
/* vmx.c's part of a vCPU. */
struct vcpu_vmx;
/*
 * Allocates it, with a page for the log, like vmx_vcpu_create(). *log: the page, 512 entries of 8 bytes. Returns NULL
 * if there is no memory. The caller frees it with kshim_vmx_free().
 */
struct vcpu_vmx *kshim_vmx_alloc(u64 **log);
/* vmx: may be NULL. */
void kshim_vmx_free(struct vcpu_vmx *vmx);
/* vmx_flush_pml_buffer(): reports the pages of the log and empties it. */
void kshim_vmx_flush_log(struct kvm_vcpu *vcpu);
/* vmx_update_cpu_dirty_logging() */
void kshim_vmx_update_logging(struct kvm_vcpu *vcpu);

/* --- models/x86_64/pml.c --- */
struct vcpu_vmx *kshim_vmx_of(struct kvm_vcpu *vcpu);
/* VMREAD and VMWRITE of the VMCS of the vCPU that the calling CPU has loaded. field: enum vmcs_field. */
u64 kshim_vmread(unsigned long field);
void kshim_vmwrite(unsigned long field, u64 value);

#endif
