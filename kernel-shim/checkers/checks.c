// SPDX-License-Identifier: GPL-2.0-only
/* The table of the checks that all architectures have, and the order in which checks are made. */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/checks.h>
#include <kshim/mem.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include <kshim/vfio.h>
#include "checkers.h"

#define MAX_CHECKS 32

static const struct kshim_check checks[] = {
	{ "processes", KSHIM_CHECK_FIRST, .machine = kshim_process_validate },
	{ "memslots", KSHIM_CHECK_VM, .vm = kshim_check_memslots, .vm_changed = kshim_check_memslots_changed },
	{ "guest-mappings", KSHIM_CHECK_VM_MEMORY, .vm = kshim_check_guest_mappings,
	  .vm_changed = kshim_check_guest_mappings_changed },
	{ "memory", KSHIM_CHECK_LAST, .machine = kshim_mem_validate, .machine_changed = kshim_mem_validate_changed },
	{ "scheduling", KSHIM_CHECK_LAST, .machine = kshim_sched_validate },
	{ "vfio", KSHIM_CHECK_LAST, .machine = kshim_vfio_validate },
	{ "boot", KSHIM_CHECK_IN_USE },
	{ "livelock", KSHIM_CHECK_IN_USE },
	{ "driver-memory", KSHIM_CHECK_IN_USE },
	{}
};
static const struct kshim_check *const tables[] = { checks, kshim_arch_checks };

const char *kshim_check_ids[MAX_CHECKS + 1];
static const struct kshim_check *leaf_checks[MAX_CHECKS];
static unsigned int nr_leaf_checks;

/* Calls the body for each check, those of all architectures first. */
#define for_each_check(c, t) \
	for ((t) = 0; (t) < ARRAY_SIZE(tables); (t)++) \
		for ((c) = tables[t]; (c)->id; (c)++)

void kshim_checks_boot(void)
{
	const struct kshim_check *c;
	unsigned int t, n = 0;

	for_each_check(c, t) {
		BUG_ON(n == MAX_CHECKS);
		kshim_check_ids[n++] = c->id;
		if (c->when == KSHIM_CHECK_LEAF)
			leaf_checks[nr_leaf_checks++] = c;
	}
}

int kshim_check_leaf(struct kvm *kvm, const struct kshim_guest_leaf *leaf)
{
	unsigned int i;
	int findings = 0;

	for (i = 0; i < nr_leaf_checks; i++)
		findings += leaf_checks[i]->leaf(kvm, leaf);
	return findings;
}

static int check_machine(enum kshim_check_when when, bool whole)
{
	const struct kshim_check *c;
	unsigned int t;
	int findings = 0;

	for_each_check(c, t)
		if (c->when == when)
			findings += !whole && c->machine_changed ? c->machine_changed() : c->machine();
	return findings;
}

static int check_vm(struct kvm *kvm, enum kshim_check_when when, bool whole)
{
	const struct kshim_check *c;
	unsigned int t;
	int findings = 0;

	for_each_check(c, t)
		if (c->when == when)
			findings += !whole && c->vm_changed ? c->vm_changed(kvm) : c->vm(kvm);
	return findings;
}

static int check_vm_locked(struct kvm *kvm, bool whole)
{
	int findings;

	mutex_lock(&kvm->slots_lock);
	findings = check_vm(kvm, KSHIM_CHECK_VM, whole);
	if (!findings && atomic_read(&kvm->mm->mm_users) > 0) {
		mmap_read_lock(kvm->mm);
		findings = check_vm(kvm, KSHIM_CHECK_VM_MEMORY, whole);
		mmap_read_unlock(kvm->mm);
	}
	mutex_unlock(&kvm->slots_lock);
	return findings;
}

int kshim_check_all(bool whole)
{
	int findings = check_machine(KSHIM_CHECK_FIRST, whole);
	struct kvm *kvm;

	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list)
		findings += check_vm_locked(kvm, whole);
	mutex_unlock(&kvm_lock);
	return findings + check_machine(KSHIM_CHECK_LAST, whole);
}
