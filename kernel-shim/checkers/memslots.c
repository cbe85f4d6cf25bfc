// SPDX-License-Identifier: GPL-2.0-only
/* The check of a VM's memslot sets between two calls: docs/rules.md, M4. */
#include <linux/kvm_host.h>
#include <kshim/form/generic_mmu_notifier.h>
#include <kshim/host.h>
#include <kshim/form/memslots_logging.h>
#include "checkers.h"

static int findings;

#define finding(fmt, ...) \
	do { \
		findings++; \
		host_check("memslots", fmt, ##__VA_ARGS__); \
	} while (0)

static void check_slot_set(struct kvm *kvm, unsigned int as_id, unsigned int idx, unsigned long *npages, int *logging)
{
	struct kvm_memslots *slots = &kvm->__memslots[as_id][idx];
	struct kvm_memslots *other = &kvm->__memslots[as_id][!idx];
	struct kvm_memory_slot *last = (struct kvm_memory_slot *)atomic_long_read(&slots->last_used_slot);
	struct kvm_memory_slot *slot, *twin;
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
		twin = id_to_memslot(other, slot->id);
		if (twin != slot)
			finding("memslot sets: slot %d is not the same in both sets", slot->id);
		last_seen |= slot == last;
		tree_nodes++;
	}
	hash_for_each(slots->id_hash, bkt, slot, id_node[slots->node_idx])
		hash_nodes++;
	if (hash_nodes != tree_nodes)
		finding("memslot sets: %lu slots by id, %lu by gfn", hash_nodes, tree_nodes);
	if (!last_seen)
		finding("memslot sets: last_used_slot of address space %u is not in its set", as_id);
}

int kshim_check_memslots(struct kvm *kvm)
{
	unsigned long npages[2] = {};
	int logging[2] = {}, counted;
	unsigned int as_id, idx;

	findings = 0;
	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		u64 gen = __kvm_memslots(kvm, as_id)->generation;

		if (gen & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS)
			finding("memslots: an update of address space %u is still in progress", as_id);
		if (gen % kvm_arch_nr_memslot_as_ids(kvm) != as_id)
			finding("memslots: generation %llx does not belong to address space %u", gen, as_id);
		for (idx = 0; idx < 2; idx++)
			check_slot_set(kvm, as_id, idx, &npages[idx], &logging[idx]);
	}
	if (npages[0] != kvm->nr_memslot_pages)
		finding("memslots: %lu pages in the slots, nr_memslot_pages says %lu", npages[0],
			kvm->nr_memslot_pages);
	if (kshim_logging_slots(kvm, &counted) && logging[0] != counted)
		finding("memslots: %d slots log dirty pages, nr_memslots_dirty_logging says %d", logging[0], counted);
	if (kvm->mn_active_invalidate_count)
		finding("memslots: %lu invalidations still active", kvm->mn_active_invalidate_count);
	if (kshim_invalidations(kvm))
		finding("memslots: mmu_invalidate_in_progress is %ld between two calls", kshim_invalidations(kvm));
	return findings;
}
