/* SPDX-License-Identifier: GPL-2.0-only */
/* All VMs had one format of MMIO entries. */
#define kshim_is_mmio_spte(kvm, spte) is_mmio_spte(spte)
