/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks that s390x adds. They are as struct kshim_check says. Their table, and what depends on who has the guests'
 * page tables, is in compat/<form>/s390x/s390_gmap.
 */
#ifndef KSHIM_S390_CHECKERS_H
#define KSHIM_S390_CHECKERS_H

#include <linux/types.h>

struct kvm;
struct mm_struct;

int kshim_check_gmap(struct kvm *kvm);
int kshim_check_ipte_lock(struct kvm *kvm);
int kshim_check_sca(struct kvm *kvm);
int kshim_check_tlbs(void);
int kshim_check_shadow_gmaps(void);
int kshim_check_pgstes(void);

/* --- compat/<form>/s390x/s390_gmap --- */
/* An address space that SIE runs with. */
struct kshim_space {
	u64 asce;
	int pid;	/* of the VM's process */
	bool nested;	/* of a guest's own guest */
	bool removed;	/* only its memory is left */
	bool flush_pending;	/* the TLBs may have more than the tables until a lazy flush */
};
void kshim_each_space(void (*fn)(const struct kshim_space *space, void *arg), void *arg);
/* The process of a VM with its own tables; only in the form "newer". */
int kshim_vm_pid(struct kvm *kvm);
/* Whether user space controls the VM's memory and control blocks (KVM_VM_S390_UCONTROL). */
bool kshim_is_ucontrol(struct kvm *kvm);

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
