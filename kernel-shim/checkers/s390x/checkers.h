/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks that s390x adds, for the table in checks.c. They are as struct kshim_check says. */
#ifndef KSHIM_S390_CHECKERS_H
#define KSHIM_S390_CHECKERS_H

#include <linux/types.h>

struct kvm;
struct mm_struct;

int kshim_check_gmap(struct kvm *kvm);
int kshim_check_tlbs(void);
int kshim_check_shadow_gmaps(void);
int kshim_check_pgstes(void);

/* --- compat/<form>/s390x/pgtable_whole_pages --- */
struct kshim_pgste_check {
	struct mm_struct *mm;
	int pid;
	bool of_gmap;	/* now in the gmap's tables */
	int *findings;
};
/* Checks what the kernel says of the two halves of the page with the process's page table for addr. */
void kshim_check_tracking(struct kshim_pgste_check *c, const u64 *table, u64 addr);

#endif
