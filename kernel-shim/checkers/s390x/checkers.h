/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks that s390x adds, for the table in checks.c. They are as struct kshim_check says. */
#ifndef KSHIM_S390_CHECKERS_H
#define KSHIM_S390_CHECKERS_H

struct kvm;

int kshim_check_gmap(struct kvm *kvm);
int kshim_check_tlbs(void);
int kshim_check_shadow_gmaps(void);
int kshim_check_pgstes(void);

#endif
