// SPDX-License-Identifier: GPL-2.0-only
/* The guest address spaces of the processes, for the checks. */
#include <linux/kvm_host.h>
#include <linux/rculist.h>
#include <kshim/form/s390_gmap.h>
#include <kshim/process.h>
#include "../../../../checkers/s390x/checkers.h"

struct each {
	void (*fn)(const struct kshim_space *space, void *arg);
	void *arg;
};

static void each_gmap(struct kshim_process *p, void *arg)
{
	struct each *e = arg;
	struct gmap *gmap, *sg;

	if (!p->mm)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(gmap, &p->mm->context.gmap_list, list) {
		e->fn(&(struct kshim_space){.asce = gmap->asce, .pid = p->pid,
					    .flush_pending = kshim_gmap_flush_pending(gmap)}, e->arg);
		/* Shadows are notified before, and flush at once. */
		list_for_each_entry(sg, &gmap->children, list)
			e->fn(&(struct kshim_space){.asce = sg->asce, .pid = p->pid, .nested = true,
						    .removed = sg->removed}, e->arg);
	}
	rcu_read_unlock();
}

void kshim_each_space(void (*fn)(const struct kshim_space *space, void *arg), void *arg)
{
	struct each e = {.fn = fn, .arg = arg};

	kshim_process_for_each(each_gmap, &e);
}
