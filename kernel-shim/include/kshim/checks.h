/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The checks of a machine's state. Each has an id that stands in its reports ("check:memslots") and by which a scenario
 * expects them. The tables are kernel-shim/checkers/checks.c and kernel-shim/checkers/<arch>/checks.c; docs/checks.md
 * says what each check finds.
 */
#ifndef KSHIM_CHECKS_H
#define KSHIM_CHECKS_H

#include <linux/types.h>

struct kvm;
struct kvm_memory_slot;
struct kshim_guest_leaf;

enum kshim_check_when {
	KSHIM_CHECK_IN_USE,	/* when code uses the state: kshim_check_all() does not call it */
	KSHIM_CHECK_FIRST,	/* before those of the VMs */
	KSHIM_CHECK_VM,		/* for each VM, with its slots_lock held */
	/*
	 * The same, with the mmap_lock of the VM's process held for reading. Not for a VM with a finding of
	 * KSHIM_CHECK_VM, because each entry would follow from that, or whose process is gone.
	 */
	KSHIM_CHECK_VM_MEMORY,
	KSHIM_CHECK_LEAF,	/* for each leaf that kshim_hw_visit_leaves() visits, with those of VM_MEMORY */
	KSHIM_CHECK_LAST,	/* after those of the VMs */
};

struct kshim_check {
	const char *id;
	enum kshim_check_when when;
	/* Reports each finding with host_check() and returns how many there are. `vm` is for the two kinds of VMs. */
	int (*machine)(void);
	int (*vm)(struct kvm *kvm);
	int (*leaf)(struct kvm *kvm, const struct kshim_guest_leaf *leaf);
	/* The same as `machine` and `vm`, of what has changed since the last check; NULL if that does the whole. */
	int (*machine_changed)(void);
	int (*vm_changed)(struct kvm *kvm);
};

/* Supplied by kernel-shim/checkers/<arch>; the last id is NULL. */
extern const struct kshim_check kshim_arch_checks[];

/* The ids of all checks, NULL-terminated; filled in by kshim_checks_boot(). */
extern const char *kshim_check_ids[];
void kshim_checks_boot(void);
/* Makes the checks of one leaf. Returns the number of findings. */
int kshim_check_leaf(struct kvm *kvm, const struct kshim_guest_leaf *leaf);
/*
 * Makes all checks. No other thread may be in kernel code. Returns the number of findings. whole: of everything, and
 * not only of what has changed since the last time. What a check of the changes does not see, a whole one finds later.
 */
int kshim_check_all(bool whole);
/* checkers/new_slots.c: the slots of a VM that are new since the memslots check before. */
struct kshim_new_slots {
	bool known;		/* else any may be new */
	unsigned int n;
	struct kvm_memory_slot *slot[8];
};
/* Returns NULL if any slot may be new. The caller holds the VM's slots_lock, and the memslots check has been made. */
const struct kshim_new_slots *kshim_new_slots(const struct kvm *kvm);
/* core/mem/changed.c: kshim_mem_validate() of what was allocated and freed. */
int kshim_mem_validate_changed(void);
/* Says that the next report of the calling thread is about the references of a frame, which is memory: host_about(). */
void kshim_about_frame(unsigned long pfn);

#endif
