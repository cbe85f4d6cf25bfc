/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of all architectures, for the table in checks.c. They are as struct kshim_check says. */
#ifndef KSHIM_CHECKERS_H
#define KSHIM_CHECKERS_H

struct kvm;

int kshim_check_memslots(struct kvm *kvm);
int kshim_check_memslots_changed(struct kvm *kvm);
int kshim_check_guest_mappings(struct kvm *kvm);
int kshim_check_guest_mappings_changed(struct kvm *kvm);

#endif
