/* SPDX-License-Identifier: GPL-2.0-only */
/* The format of MMIO entries is a property of the VM. */
#define kshim_is_mmio_spte(kvm, spte) is_mmio_spte(kvm, spte)
