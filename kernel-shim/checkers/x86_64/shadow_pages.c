// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of what the memslots count for shadow pages, against the shadow pages that there are (account_shadowed() of
 * arch/x86/kvm/mmu/mmu.c):
 *   - gfn_write_track counts the shadow pages of the guest's upper-level tables at a gfn;
 *   - disallow_lpage counts all of the guest's tables in a large page, and 1 where the slot does not fill it;
 *   - indirect_shadow_pages counts them all.
 *
 * The sums of a slot are compared, with each count weighted by its place. So a pass over the counts and one over the
 * shadow pages are enough.
 */
#include <linux/hash.h>
#include <linux/kvm_host.h>
#include <kshim/form/x86_write_track.h>
#include <kshim/checks.h>
#include <kshim/host.h>
#include "mmu.h"
#include "mmu/mmu_internal.h"
#include "mmu/spte.h"
#include "checkers.h"

#define MIXED (1U << 31)	/* KVM_LPAGE_MIXED_FLAG, or never set */
#define LEVELS (KVM_MAX_HUGEPAGE_LEVEL + 1)

static int findings;

#define finding(fmt, ...) \
	do { \
		findings++; \
		host_check("shadow-pages", fmt, ##__VA_ARGS__); \
	} while (0)

/* For each level the sum over a slot. PG_LEVEL_4K: gfn_write_track; the larger ones: disallow_lpage. */
struct sums {
	u64 of[LEVELS];
};

static u64 weight(unsigned long index)
{
	return hash_64(index + 1, 64);
}

static unsigned long index_of(const struct kvm_memory_slot *slot, gfn_t gfn, int level)
{
	return gfn_to_index(gfn, slot->base_gfn, level);
}

/* Whether a shadow page stands for a table of the guest. */
static bool of_guest(const struct kvm_mmu_page *sp)
{
	return !sp->role.invalid && !sp->role.direct && !sp->role.passthrough;
}

static void sum_pages(struct kvm *kvm, const struct kvm_memory_slot *slot, struct sums *s)
{
	struct kvm_mmu_page *sp;
	int level;

	list_for_each_entry(sp, &kvm->arch.active_mmu_pages, link) {
		if (!of_guest(sp) || sp->role.smm != slot->as_id || sp->gfn - slot->base_gfn >= slot->npages)
			continue;
		if (sp->role.level > PG_LEVEL_4K)
			s->of[PG_LEVEL_4K] += weight(sp->gfn - slot->base_gfn);
		for (level = PG_LEVEL_2M; level <= KVM_MAX_HUGEPAGE_LEVEL; level++)
			s->of[level] += weight(index_of(slot, sp->gfn, level));
	}
}

/* kvm_alloc_memslot_metadata(): what large pages a slot disallows by where it is. */
static void sum_place(const struct kvm_memory_slot *slot, int level, u64 *sum)
{
	unsigned long pages = KVM_PAGES_PER_HPAGE(level), last, i;
	unsigned long user = slot->userspace_addr >> PAGE_SHIFT;
	gfn_t end = slot->base_gfn + slot->npages;

	last = index_of(slot, end - 1, level);
	if ((slot->base_gfn ^ user) & (pages - 1)) {
		for (i = 0; i <= last; i++)
			*sum += weight(i);
		return;
	}
	if (slot->base_gfn & (pages - 1))
		*sum += weight(0);
	if (end & (pages - 1) && (last || !(slot->base_gfn & (pages - 1))))
		*sum += weight(last);
}

static u64 sum_of_lpages(const struct kvm_memory_slot *slot, int level)
{
	const struct kvm_lpage_info *info = slot->arch.lpage_info[level - PG_LEVEL_2M];
	unsigned long i, n = index_of(slot, slot->base_gfn + slot->npages - 1, level) + 1;
	u64 sum = 0;

	for (i = 0; i < n; i++)
		sum += ((u32)info[i].disallow_lpage & ~MIXED) * weight(i);
	return sum;
}

#define CHUNK 512	/* pages; nearly all counts are 0 */

static u64 sum_of_tracks(const unsigned short *track, unsigned long n)
{
	unsigned long i, j;
	u64 sum = 0;

	for (i = 0; track && i < n; i += CHUNK) {
		unsigned long end = min(i + CHUNK, n);

		if (host_all_equal(&track[i], 0, (end - i) * sizeof(*track)))
			continue;
		for (j = i; j < end; j++)
			sum += track[j] * weight(j);
	}
	return sum;
}

static void check_slot(struct kvm *kvm, const struct kvm_memory_slot *slot, bool shadowed)
{
	struct sums want = {};
	int level;

	if (shadowed)
		sum_pages(kvm, slot, &want);
	if (sum_of_tracks(kshim_write_track(slot), slot->npages) != want.of[PG_LEVEL_4K])
		finding("slot %d: gfn_write_track does not count the shadow pages of the guest's upper-level tables",
			slot->id);
	for (level = PG_LEVEL_2M; level <= KVM_MAX_HUGEPAGE_LEVEL; level++) {
		sum_place(slot, level, &want.of[level]);
		if (sum_of_lpages(slot, level) != want.of[level])
			finding("slot %d: disallow_lpage of level %d does not count the shadow pages of guest tables",
				slot->id, level);
	}
}

/* Returns how many shadow pages stand for tables of the guest. */
static unsigned int count_pages(struct kvm *kvm)
{
	struct kvm_mmu_page *sp;
	unsigned int n = 0;

	list_for_each_entry(sp, &kvm->arch.active_mmu_pages, link)
		n += of_guest(sp);
	if (n != kvm->arch.indirect_shadow_pages)
		finding("indirect_shadow_pages is %u, but %u shadow pages stand for tables of the guest",
			kvm->arch.indirect_shadow_pages, n);
	return n;
}

static void check_slots(struct kvm *kvm, bool shadowed)
{
	struct kvm_memory_slot *slot;
	unsigned int as_id;
	int bkt;

	for (as_id = 0; as_id < kvm_arch_nr_memslot_as_ids(kvm); as_id++)
		kvm_for_each_memslot(slot, bkt, __kvm_memslots(kvm, as_id))
			check_slot(kvm, slot, shadowed);
}

/* new: the slots to look at, if nothing but these can have changed. */
static int check(struct kvm *kvm, const struct kshim_new_slots *new)
{
	/* Whether the VM that was checked last had shadow pages: their counts may have to go. */
	static const struct kvm *last;
	static bool last_shadowed;
	bool shadowed;
	unsigned int i;

	findings = 0;
	write_lock(&kvm->mmu_lock);
	shadowed = count_pages(kvm);
	if (new && !shadowed && last == kvm && !last_shadowed) {
		for (i = 0; i < new->n; i++)
			check_slot(kvm, new->slot[i], false);
	} else {
		check_slots(kvm, shadowed);
	}
	write_unlock(&kvm->mmu_lock);
	last = kvm;
	last_shadowed = shadowed;
	return findings;
}

int kshim_check_shadow_pages(struct kvm *kvm)
{
	return check(kvm, NULL);
}

int kshim_check_shadow_pages_changed(struct kvm *kvm)
{
	return check(kvm, kshim_new_slots(kvm));
}
