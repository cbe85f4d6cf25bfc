// SPDX-License-Identifier: GPL-2.0-only
/* For `kvmsim bench`: how often KVM's mmu_lock is taken, and what callgrind counts while it is held. */
#include <linux/kvm_host.h>
#include <trace/events/lock.h>
#include <kshim/measure.h>

const char *kshim_watched_lock;

static enum kvmsim_watch watch;
uint64_t kshim_nr_mmu_locks;

void kshim_watched_lock_taken(void)
{
	__atomic_fetch_add(&kshim_nr_mmu_locks, 1, __ATOMIC_RELAXED);
	if (watch == KVMSIM_WATCH_HELD)
		host_callgrind_toggle();
}

static void released(void *unused, struct lockdep_map *lock, unsigned long ip)
{
	if (watch == KVMSIM_WATCH_HELD && lock->name == kshim_watched_lock)
		host_callgrind_toggle();
}

/* All VMs' locks have one name, the text where they are initialised. */
long kshim_watch_mmu_lock(enum kvmsim_watch how)
{
	struct kvm *kvm = list_first_entry_or_null(&vm_list, struct kvm, vm_list);
	long ret = 0;

	kshim_lock_hook(KSHIM_HOOK_WATCH, how != KVMSIM_WATCH_OFF);
	kshim_watched_lock = how != KVMSIM_WATCH_OFF && kvm ? kvm->mmu_lock.dep_map.name : NULL;
	if (how == KVMSIM_WATCH_HELD && watch != how)
		ret = register_trace_lock_release(released, NULL);
	watch = how;
	return ret;
}

