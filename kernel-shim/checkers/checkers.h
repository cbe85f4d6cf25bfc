/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks of all architectures, for the table in checks.c. They are as struct kshim_check says. */
#ifndef KSHIM_CHECKERS_H
#define KSHIM_CHECKERS_H

struct kvm;

int kshim_check_memslots(struct kvm *kvm);
int kshim_check_memslots_changed(struct kvm *kvm);
int kshim_check_guest_mappings(struct kvm *kvm);
int kshim_check_guest_mappings_changed(struct kvm *kvm);

/* The memslots check says that the VM's slots may have changed since the last check, or that none has. */
void kshim_look_at_slots(struct kvm *kvm);
void kshim_slots_are_same(struct kvm *kvm);

#endif
