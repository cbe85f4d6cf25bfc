// SPDX-License-Identifier: GPL-2.0-only
/* The check of a VM's memslot sets between two calls: docs/rules.md, M4. */
#include <linux/kvm_host.h>
#include <kshim/checks.h>
#include <kshim/form/generic_mmu_notifier.h>
#include <kshim/host.h>
#include <kshim/form/memslots_logging.h>
#include "checkers.h"

#define ADDRESS_SPACES	ARRAY_SIZE(((struct kvm *)0)->__memslots)
#define MAX_COUNTED	4	/* VMs whose sets need no walk while they are the same */

/* What the sets of a VM had when they were walked last. Every change of a slot makes a new generation. */
struct counted {
	const struct kvm *kvm;
	u64 generation[ADDRESS_SPACES];
	unsigned long npages[2];	/* in the slots of the VM, for each of the two sets */
	int logging[2];			/* slots that log dirty pages */
};

static int findings;
static bool quiet;	/* findings are only counted */
static struct counted all_counted[MAX_COUNTED];

#define finding(fmt, ...) \
	do { \
		findings++; \
		if (!quiet) \
			host_check("memslots", fmt, ##__VA_ARGS__); \
	} while (0)

static bool is_new(const struct kshim_new_slots *new, const struct kvm_memory_slot *slot)
{
	unsigned int i;

	for (i = 0; i < new->n; i++)
		if (new->slot[i] == slot)
			return true;
	return false;
}

/* With `new`, only the slots in it are compared with the other set, and the ids are not counted. */
static void check_slot_set(struct kvm *kvm, unsigned int as_id, unsigned int idx, unsigned long *npages, int *logging,
			   const struct kshim_new_slots *new)
{
	struct kvm_memslots *slots = &kvm->__memslots[as_id][idx];
	struct kvm_memslots *other = &kvm->__memslots[as_id][!idx];
	struct kvm_memory_slot *last = (struct kvm_memory_slot *)atomic_long_read(&slots->last_used_slot);
	struct kvm_memory_slot *slot;
	unsigned long tree_nodes = 0, hash_nodes = 0;
	bool last_seen = !last;
	struct rb_node *node;
	gfn_t end = 0;
	int bkt;

	for (node = rb_first(&slots->gfn_tree); node; node = rb_next(node)) {
		slot = container_of(node, struct kvm_memory_slot, gfn_node[slots->node_idx]);
		if (slot->base_gfn < end)
			finding("memslot sets: slot %d at gfn %llx overlaps its predecessor", slot->id, slot->base_gfn);
		end = slot->base_gfn + slot->npages;
		*npages += slot->npages;
		*logging += !!(slot->flags & KVM_MEM_LOG_DIRTY_PAGES);
		if (slot->flags & KVM_MEMSLOT_INVALID)
			finding("memslot sets: slot %d is marked invalid after the call", slot->id);
		if ((!new || is_new(new, slot)) && id_to_memslot(other, slot->id) != slot)
			finding("memslot sets: slot %d is not the same in both sets", slot->id);
		last_seen |= slot == last;
		tree_nodes++;
	}
	if (!last_seen)
		finding("memslot sets: last_used_slot of address space %u is not in its set", as_id);
	if (new)
		return;
	hash_for_each(slots->id_hash, bkt, slot, id_node[slots->node_idx])
		hash_nodes++;
	if (hash_nodes != tree_nodes)
		finding("memslot sets: %lu slots by id, %lu by gfn", hash_nodes, tree_nodes);
}

/* With `new`, only the sets in use are walked. */
static void walk_sets(struct kvm *kvm, struct counted *c, const struct kshim_new_slots *new)
{
	unsigned int as_id, idx;

	*c = (struct counted){ .kvm = kvm };
	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		c->generation[as_id] = __kvm_memslots(kvm, as_id)->generation;
		if (new) {
			idx = __kvm_memslots(kvm, as_id)->node_idx;
			check_slot_set(kvm, as_id, idx, &c->npages[0], &c->logging[0], new);
			continue;
		}
		for (idx = 0; idx < 2; idx++)
			check_slot_set(kvm, as_id, idx, &c->npages[idx], &c->logging[idx], NULL);
	}
}

static void check_counts(struct kvm *kvm, const struct counted *c)
{
	unsigned int as_id;
	int counted;

	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		u64 gen = __kvm_memslots(kvm, as_id)->generation;

		if (gen & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
			finding("memslots: an update of address space %u is still in progress", as_id);
		if (gen % kvm_arch_nr_memslot_as_ids(kvm) != as_id)
			finding("memslots: generation %llx does not belong to address space %u", gen, as_id);
	}
	if (c->npages[0] != kvm->nr_memslot_pages)
		finding("memslots: %lu pages in the slots, nr_memslot_pages says %lu", c->npages[0],
			kvm->nr_memslot_pages);
	if (kshim_logging_slots(kvm, &counted) && c->logging[0] != counted)
		finding("memslots: %d slots log dirty pages, nr_memslots_dirty_logging says %d", c->logging[0],
			counted);
	if (kvm->mn_active_invalidate_count)
		finding("memslots: %lu invalidations still active", kvm->mn_active_invalidate_count);
	if (kshim_invalidations(kvm))
		finding("memslots: mmu_invalidate_in_progress is %ld between two calls", kshim_invalidations(kvm));
}

static struct counted *counted_of(const struct kvm *kvm)
{
	static unsigned int next;
	unsigned int i;

	for (i = 0; i < MAX_COUNTED; i++) {
		if (all_counted[i].kvm == kvm)
			return &all_counted[i];
	}
	return &all_counted[next++ % MAX_COUNTED];
}

static bool is_same(struct kvm *kvm, const struct counted *c)
{
	unsigned int as_id;

	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		if (c->generation[as_id] != __kvm_memslots(kvm, as_id)->generation)
			return false;
	}
	return c->kvm == kvm;
}

static int check_sets(struct kvm *kvm, struct counted *c, const struct kshim_new_slots *new)
{
	findings = 0;
	walk_sets(kvm, c, new);
	check_counts(kvm, c);
	if (findings)
		c->kvm = NULL;
	return findings;
}

int kshim_check_memslots(struct kvm *kvm)
{
	kshim_look_at_slots(kvm);
	return check_sets(kvm, counted_of(kvm), NULL);
}

int kshim_check_memslots_changed(struct kvm *kvm)
{
	const struct kshim_new_slots *new;
	struct counted *c = counted_of(kvm);

	if (is_same(kvm, c)) {
		kshim_slots_are_same(kvm);
		findings = 0;
		check_counts(kvm, c);
		return findings;
	}
	kshim_look_at_slots(kvm);
	new = kshim_new_slots(kvm);
	if (new) {
		/* If something is wrong, the report is that of a whole check. */
		quiet = true;
		check_sets(kvm, c, new);
		quiet = false;
		if (!findings)
			return 0;
	}
	return check_sets(kvm, c, NULL);
}
