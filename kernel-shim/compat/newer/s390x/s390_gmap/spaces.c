// SPDX-License-Identifier: GPL-2.0-only
/* The guest address spaces of the VMs, for the checks. */
#include <kshim/form/s390_gmap.h>
#include <kshim/process.h>
#include "../../../../checkers/s390x/checkers.h"

struct owner {
	struct mm_struct *mm;
	int pid;
};

static void find_owner(struct kshim_process *p, void *arg)
{
	struct owner *o = arg;

	if (p->mm == o->mm)
		o->pid = p->pid;
}

int kshim_vm_pid(struct kvm *kvm)
{
	struct owner o = {.mm = kvm->mm};

	kshim_process_for_each(find_owner, &o);
	return o.pid;
}

bool kshim_is_ucontrol(struct kvm *kvm)
{
	return kvm_is_ucontrol(kvm);
}

/* A child is the shadow of a guest's own guest, or under ucontrol the space of a vCPU. */
static void each_of_vm(struct kvm *kvm, void (*fn)(const struct kshim_space *space, void *arg), void *arg)
{
	struct gmap *gmap = kvm->arch.gmap, *child;
	int pid = kshim_vm_pid(kvm);

	fn(&(struct kshim_space){.asce = gmap->asce.val, .pid = pid}, arg);
	list_for_each_entry(child, &gmap->children, list)
		fn(&(struct kshim_space){.asce = child->asce.val, .pid = pid, .nested = is_shadow(child)}, arg);
}

void kshim_each_space(void (*fn)(const struct kshim_space *space, void *arg), void *arg)
{
	struct kvm *kvm;

	list_for_each_entry(kvm, &vm_list, vm_list)
		each_of_vm(kvm, fn, arg);
}
