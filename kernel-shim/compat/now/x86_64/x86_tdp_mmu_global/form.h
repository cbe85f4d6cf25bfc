/* SPDX-License-Identifier: GPL-2.0-only */
/* The TDP MMU is for all VMs or for none. */
#define kshim_has_tdp_mmu(kvm) tdp_mmu_enabled
