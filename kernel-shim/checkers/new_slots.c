// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which slots of a VM are new since a check looked at them last, so that a check of what has changed need not look into
 * each of thousands.
 *
 * Every change of a slot makes a new structure for it, so a slot is the same if its id had the same structure at the
 * last look. One that went and came back between two looks passes for the same; whole checks do not ask this file.
 */
#include <linux/kvm_host.h>
#include <kshim/checks.h>
#include "checkers.h"

#define ADDRESS_SPACES	ARRAY_SIZE(((struct kvm *)0)->__memslots)
#define FEW_SLOTS	64	/* of a VM; so few are looked at anyway, and need no record */

/* Of the VM that was looked at last. */
static struct {
	const struct kvm *kvm;
	unsigned long look;	/* its number; increases by 2 where a record of the last one does not count */
	struct {
		const struct kvm_memory_slot *slot;
		unsigned long look;
	} slot[ADDRESS_SPACES][KVM_MEM_SLOTS_NUM];
	struct kshim_new_slots new;
} seen;

static unsigned int nr_slots(struct kvm *kvm)
{
	unsigned int as_id, n = 0;
	struct rb_node *node;

	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++)
		for (node = rb_first(&__kvm_memslots(kvm, as_id)->gfn_tree); node && n <= FEW_SLOTS;
		     node = rb_next(node))
			n++;
	return n;
}

static void look_at(struct kvm_memory_slot *slot)
{
	typeof(&seen.slot[0][0]) s = &seen.slot[slot->as_id][slot->id];

	if (s->slot != slot || s->look != seen.look - 1) {
		if (seen.new.n < ARRAY_SIZE(seen.new.slot))
			seen.new.slot[seen.new.n++] = slot;
		else
			seen.new.known = false;
	}
	s->slot = slot;
	s->look = seen.look;
}

void kshim_look_at_slots(struct kvm *kvm)
{
	struct kvm_memory_slot *slot;
	unsigned int as_id;
	int bkt;

	seen.look += kvm == seen.kvm ? 1 : 2;
	seen.kvm = kvm;
	seen.new = (struct kshim_new_slots){ .known = nr_slots(kvm) > FEW_SLOTS };
	if (!seen.new.known)
		return;
	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		struct kvm_memslots *slots = __kvm_memslots(kvm, as_id);

		hash_for_each(slots->id_hash, bkt, slot, id_node[slots->node_idx])
			look_at(slot);
	}
}

void kshim_slots_are_same(struct kvm *kvm)
{
	if (seen.kvm == kvm && seen.new.known)
		seen.new.n = 0;
}

const struct kshim_new_slots *kshim_new_slots(const struct kvm *kvm)
{
	return seen.kvm == kvm && seen.new.known ? &seen.new : NULL;
}
