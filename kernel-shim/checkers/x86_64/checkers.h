/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks that x86_64 adds, for the table in checks.c. They are as struct kshim_check says. */
#ifndef KSHIM_X86_CHECKERS_H
#define KSHIM_X86_CHECKERS_H

struct kvm;
struct kshim_guest_leaf;

int kshim_check_walk_caches(struct kvm *kvm);
int kshim_check_private_files(struct kvm *kvm);
int kshim_check_memory_type(struct kvm *kvm, const struct kshim_guest_leaf *leaf);
int kshim_check_shadow_pages(struct kvm *kvm);
int kshim_check_shadow_pages_changed(struct kvm *kvm);
int kshim_check_pfn_caches(struct kvm *kvm);
int kshim_check_noncoherent_dma(struct kvm *kvm);
int kshim_check_shadow_entries(void);
int kshim_check_host_tlb(void);

#endif
