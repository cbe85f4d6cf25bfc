// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of what a guest can reach: compares KVM's tables and the modelled TLBs with an independent view of it.
 *
 * The view is computed from the memslots (by a scan of all of them, not with KVM's look-ups), the VMAs and the host's
 * page tables. Rules, for every leaf entry and every TLB entry that no pending flush covers:
 *   - its gfn lies in a valid slot, and the host maps that page now, at the frame in the entry;
 *   - it is writable only if the slot, the VMA and the host's entry are writable;
 *   - it is writable in a slot that logs dirty pages only if the page is already reported dirty;
 *   - a private gfn is mapped from the guest_memfd's page cache, and only from there, without a memory error;
 *   - of a guest's guest, whose addresses the guest's own tables translate: all this holds for some gfn.
 *
 * Missing entries are always allowed; extra ones never.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sort.h>
#include <kshim/form/guest_memfd.h>
#include <kshim/arch.h>
#include <kshim/checks.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/memory_error.h>
#include <kshim/process.h>
#include "checkers.h"

static int findings;

/* About a leaf, and the host's entry for it, or NULL. */
#define finding(leaf, host, fmt, ...) \
	do { \
		findings++; \
		host_about("the entry in KVM's tables", kshim_hw_entry_of(leaf)); \
		host_about("the entry in the process's page tables", host); \
		host_check("guest-mappings", fmt, ##__VA_ARGS__); \
	} while (0)

#define ADDRESS_SPACES	ARRAY_SIZE(((struct kvm *)0)->__memslots)
#define MAX_SCANS	16	/* look-ups without the index, because few of them cost less than to make it */

/* The slots of the VM that was asked for last, in the order of their gfns. They are complete unless .kvm is NULL. */
static struct {
	const struct kvm *kvm;
	u64 generation[ADDRESS_SPACES];
	unsigned int scans;		/* since the VM has these generations */
	unsigned int nr[ADDRESS_SPACES];
	struct kvm_memory_slot *slot[ADDRESS_SPACES][KVM_MEM_SLOTS_NUM];
} by_gfn;

static int compare_gfns(const void *a, const void *b)
{
	const struct kvm_memory_slot *const *s = a, *const *t = b;

	return (*s)->base_gfn < (*t)->base_gfn ? -1 : (*s)->base_gfn > (*t)->base_gfn;
}

/* From the id hash, so as not to depend on the gfn tree, which may be broken. */
static void make_index(struct kvm *kvm)
{
	unsigned int as_id, n;
	struct kvm_memory_slot *slot;
	int bkt;

	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		n = 0;
		hash_for_each(__kvm_memslots(kvm, as_id)->id_hash, bkt, slot,
			      id_node[__kvm_memslots(kvm, as_id)->node_idx]) {
			if (n < KVM_MEM_SLOTS_NUM)
				by_gfn.slot[as_id][n++] = slot;
		}
		sort(by_gfn.slot[as_id], n, sizeof(slot), compare_gfns, NULL);
		by_gfn.nr[as_id] = n;
	}
	by_gfn.kvm = kvm;
}

static struct kvm_memory_slot *scan(struct kvm *kvm, unsigned int as_id, gfn_t gfn)
{
	struct kvm_memory_slot *slot;
	int bkt;

	hash_for_each(__kvm_memslots(kvm, as_id)->id_hash, bkt, slot,
		      id_node[__kvm_memslots(kvm, as_id)->node_idx]) {
		if (gfn >= slot->base_gfn && gfn < slot->base_gfn + slot->npages)
			return slot;
	}
	return NULL;
}

static struct kvm_memory_slot *look_up(unsigned int as_id, gfn_t gfn)
{
	unsigned int low = 0, high = by_gfn.nr[as_id];

	while (low < high) {
		unsigned int mid = (low + high) / 2;
		struct kvm_memory_slot *slot = by_gfn.slot[as_id][mid];

		if (gfn < slot->base_gfn)
			high = mid;
		else if (gfn >= slot->base_gfn + slot->npages)
			low = mid + 1;
		else
			return slot;
	}
	return NULL;
}

/* Forgets the index if it is not of these generations of this VM. */
static void prepare_index(struct kvm *kvm, bool anew)
{
	static const struct kvm *last;
	unsigned int as_id;

	anew |= last != kvm;
	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++) {
		anew |= by_gfn.generation[as_id] != __kvm_memslots(kvm, as_id)->generation;
		by_gfn.generation[as_id] = __kvm_memslots(kvm, as_id)->generation;
	}
	last = kvm;
	if (anew) {
		by_gfn.kvm = NULL;
		by_gfn.scans = 0;
	}
}

/* Finds a slot by brute force over the id hash, or in the index of what such a scan found. */
static struct kvm_memory_slot *slot_of(struct kvm *kvm, unsigned int as_id, gfn_t gfn)
{
	if (!by_gfn.kvm && by_gfn.scans++ >= MAX_SCANS)
		make_index(kvm);
	return by_gfn.kvm ? look_up(as_id, gfn) : scan(kvm, as_id, gfn);
}

/* Finds the frame that a guest_memfd holds for gfn. Returns false if its page cache has none. */
static bool gmem_frame(struct kvm_memory_slot *slot, gfn_t gfn, unsigned long *pfn)
{
	pgoff_t index;
	struct file *file = kshim_gmem_file(slot, &index);
	struct folio *folio;

	if (!file)
		return false;
	index += gfn - slot->base_gfn;
	folio = filemap_get_folio(file_inode(file)->i_mapping, index);
	if (IS_ERR(folio))
		return false;
	*pfn = page_to_pfn(folio_file_page(folio, index));
	folio_put(folio);
	return true;
}

static void check_private(const struct kshim_guest_leaf *leaf, struct kvm_memory_slot *slot, gfn_t gfn,
			  unsigned long pfn)
{
	unsigned long frame;

	if (!gmem_frame(slot, gfn, &frame))
		finding(leaf, NULL, "%s maps gfn %llx, which its guest_memfd does not hold", leaf->where, gfn);
	else if (frame != pfn)
		finding(leaf, NULL, "%s maps gfn %llx to pfn %lx, its guest_memfd holds pfn %lx", leaf->where, gfn,
			pfn, frame);
	else if (kshim_frame_has_error(pfn))
		finding(leaf, NULL, "%s maps gfn %llx to pfn %lx, which has a memory error", leaf->where, gfn, pfn);
}

static void check_logged(const struct kshim_guest_leaf *leaf, struct kvm_memory_slot *slot, gfn_t gfn, unsigned long n)
{
	for (; n--; gfn++) {
		if (test_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap))
			continue;
		finding(leaf, NULL,
			"%s maps gfn %llx writable, but slot %d logs dirty pages and does not have it in its bitmap",
			leaf->where, gfn, slot->id);
		return;
	}
}

/* Judges leaf from its page i on, as far as one slot, one VMA and one host entry reach. Returns the number of pages. */
static unsigned long check_pages(struct kvm *kvm, const struct kshim_guest_leaf *leaf, unsigned long i)
{
	gfn_t gfn = leaf->gfn + i;
	unsigned long pfn = leaf->pfn + i, n = leaf->npages - i, addr;
	struct kvm_memory_slot *slot = slot_of(kvm, leaf->as_id, gfn);
	struct vm_area_struct *vma;
	struct kshim_host_pte host;

	if (!slot || slot->flags & KVM_MEMSLOT_INVALID) {
		finding(leaf, NULL, "%s maps gfn %llx, which no slot has", leaf->where, gfn);
		return n;
	}
	n = kshim_any_private(kvm) ? 1 : min(n, (unsigned long)(slot->base_gfn + slot->npages - gfn));
	if (leaf->writable && slot->flags & KVM_MEM_READONLY)
		finding(leaf, NULL, "%s maps gfn %llx writable, but slot %d is read-only", leaf->where, gfn,
			slot->id);
	if (kshim_gfn_is_gmem(kvm, slot, gfn)) {
		n = 1;
		check_private(leaf, slot, gfn, pfn);
		goto logged;
	}
	addr = slot->userspace_addr + ((gfn - slot->base_gfn) << PAGE_SHIFT);
	vma = vma_lookup(kvm->mm, addr);
	if (!vma) {
		kshim_arch_host_walk(kvm->mm, addr, &host);
		finding(leaf, host.entry, "%s maps gfn %llx, but the process has nothing at %lx", leaf->where, gfn,
			addr);
		return n;
	}
	if (!kshim_arch_host_walk(kvm->mm, addr, &host) || !host.present) {
		finding(leaf, host.entry, "%s maps gfn %llx to pfn %lx, but the process has no page at %lx",
			leaf->where, gfn, pfn, addr);
		return n;
	}
	n = min(n, host.huge ? (PMD_SIZE - (addr & ~PMD_MASK)) >> PAGE_SHIFT : 1);
	n = min(n, (vma->vm_end - addr) >> PAGE_SHIFT);
	if (host.pfn != pfn)
		finding(leaf, host.entry, "%s maps gfn %llx to pfn %lx, but the process has pfn %lx at %lx",
			leaf->where, gfn, pfn, host.pfn, addr);
	if (leaf->writable && !(vma->vm_flags & VM_WRITE))
		finding(leaf, host.entry, "%s maps gfn %llx writable, but the process may not write at %lx",
			leaf->where, gfn, addr);
	else if (leaf->writable && !host.writable)
		finding(leaf, host.entry, "%s maps gfn %llx writable, but the host's entry at %lx is read-only",
			leaf->where, gfn, addr);
logged:
	/* With rings the bitmap has only what no vCPU writes. */
	if (leaf->writable && !leaf->dirty_recorded && slot->flags & KVM_MEM_LOG_DIRTY_PAGES && slot->dirty_bitmap &&
	    !kvm->dirty_ring_size)
		check_logged(leaf, slot, gfn, n);
	return n;
}

/*
 * Whether the VM has the frame at gfn of a slot. *reachable: and the leaf's rights, too. The guest may have changed its
 * tables since the leaf was made from them, so any gfn will do.
 */
static bool has_frame(struct kvm *kvm, const struct kshim_guest_leaf *leaf, struct kvm_memory_slot *slot, gfn_t gfn,
		      unsigned long pfn, bool *reachable)
{
	unsigned long addr = slot->userspace_addr + ((gfn - slot->base_gfn) << PAGE_SHIFT), frame;
	struct vm_area_struct *vma = vma_lookup(kvm->mm, addr);
	struct kshim_host_pte host;
	bool writable;

	*reachable = false;
	if (kshim_gfn_is_gmem(kvm, slot, gfn)) {
		if (!gmem_frame(slot, gfn, &frame) || frame != pfn)
			return false;
		writable = true;
	} else {
		if (!vma || !kshim_arch_host_walk(kvm->mm, addr, &host) || !host.present || host.pfn != pfn)
			return false;
		writable = host.writable && vma->vm_flags & VM_WRITE;
	}
	writable &= !(slot->flags & KVM_MEM_READONLY);
	if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES && slot->dirty_bitmap && !kvm->dirty_ring_size)
		writable &= test_bit_le(gfn - slot->base_gfn, slot->dirty_bitmap);
	*reachable = writable || !leaf->writable;
	return true;
}

/* Where frames of guests' guests were found last, by the low bits of their numbers, and the last of all: guesses. */
static gfn_t guesses[4096], last_guess;

static bool is_at(struct kvm *kvm, const struct kshim_guest_leaf *leaf, gfn_t gfn, unsigned long pfn)
{
	struct kvm_memory_slot *slot = slot_of(kvm, 0, gfn);
	bool reachable;

	return slot && !(slot->flags & KVM_MEMSLOT_INVALID) && has_frame(kvm, leaf, slot, gfn, pfn, &reachable) &&
	       reachable;
}

static void check_nested_page(struct kvm *kvm, const struct kshim_guest_leaf *leaf, unsigned long i)
{
	unsigned long pfn = leaf->pfn + i;
	gfn_t *guess = &guesses[pfn % ARRAY_SIZE(guesses)], gfn;
	struct kvm_memory_slot *slot;
	bool reachable, found = false;
	int bkt;

	gfn = is_at(kvm, leaf, *guess, pfn) ? *guess : last_guess + 1;
	*guess = last_guess = gfn;
	if (is_at(kvm, leaf, gfn, pfn))
		return;
	hash_for_each(__kvm_memslots(kvm, 0)->id_hash, bkt, slot, id_node[__kvm_memslots(kvm, 0)->node_idx]) {
		if (slot->flags & KVM_MEMSLOT_INVALID)
			continue;
		for (gfn = slot->base_gfn; gfn < slot->base_gfn + slot->npages; gfn++) {
			found |= has_frame(kvm, leaf, slot, gfn, pfn, &reachable);
			if (!reachable)
				continue;
			*guess = last_guess = gfn;
			return;
		}
	}
	finding(leaf, NULL, "%s maps frame %lx%s for address %llx of a guest's guest, %s", leaf->where, pfn,
		leaf->writable ? " writable" : "", (leaf->gfn + i) << PAGE_SHIFT,
		found ? "but the VM may not write to it, or has not reported it dirty" :
			"but the VM has that frame at no address");
}

static void check_leaf(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg)
{
	int before = findings;
	unsigned long i;

	findings += kshim_check_leaf(kvm, leaf);
	/* One finding is enough for a whole huge page. */
	for (i = 0; i < leaf->npages && findings == before;) {
		if (leaf->nested)
			check_nested_page(kvm, leaf, i++);
		else
			i += check_pages(kvm, leaf, i);
	}
}

static int check(struct kvm *kvm, bool whole)
{
	prepare_index(kvm, whole);
	findings = 0;
	kshim_hw_visit_leaves(kvm, check_leaf, NULL);
	return findings;
}

int kshim_check_guest_mappings(struct kvm *kvm)
{
	return check(kvm, true);
}

/* All entries, because the host's tables may be what has changed; but the slots are looked up in an earlier index. */
int kshim_check_guest_mappings_changed(struct kvm *kvm)
{
	return check(kvm, false);
}
