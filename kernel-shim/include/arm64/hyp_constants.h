/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64's generated hyp_constants.h. It has sizes of structures of protected KVM, which is left out: code that reaches
 * one is refused by this name.
 */
#ifndef KSHIM_ARM64_HYP_CONSTANTS_H
#define KSHIM_ARM64_HYP_CONSTANTS_H

extern unsigned long size_of_protected_kvm;
#define STRUCT_HYP_PAGE_SIZE	size_of_protected_kvm
#define PKVM_HYP_VM_SIZE	size_of_protected_kvm
#define PKVM_HYP_VCPU_SIZE	size_of_protected_kvm

#endif
