/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of address spaces was the same for every VM. */
#define kvm_arch_nr_memslot_as_ids(kvm)	KVM_ADDRESS_SPACE_NUM
