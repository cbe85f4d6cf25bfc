/* SPDX-License-Identifier: GPL-2.0-only */
/* Each VM had a TDP MMU or not. */
#define kshim_has_tdp_mmu(kvm) is_tdp_mmu_enabled(kvm)
