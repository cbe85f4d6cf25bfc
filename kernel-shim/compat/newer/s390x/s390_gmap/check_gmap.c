// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks of a VM's page tables (arch/s390/kvm/gmap) that slots and VMAs cannot give: what the bits of an entry say of
 * each other, holes outside of the slots, large frames that may be there, and marks that KVM needs to hear of changes.
 *
 * Rules, between two calls:
 *
 *  - an entry has its table's type;
 *  - an entry that the CPU may use is present in KVM's eyes, and one that allows stores is dirty, else writes get lost;
 *  - a large frame is one that the VM may have, inside of one slot;
 *  - an entry that leads nowhere is empty inside of a slot, except for the mark of a storage key that was set
 *    (_PAGE_SD), and a hole (an addressing exception) outside;
 *  - nobody holds the lock of a PGSTE (PCL);
 *  - both pages of a vCPU's prefix area are mapped writable and marked, so that KVM hears of changes, unless it is
 *    going to look for them (KVM_REQ_REFRESH_GUEST_PREFIX);
 *  - the space of a vCPU under ucontrol owns no page tables.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <kshim/form/s390_gmap.h>
#include <kshim/host.h>
#include <s390x/guest.h>
#include "../../../../checkers/s390x/checkers.h"

struct check {
	struct kvm *kvm;
	struct gmap *gmap;
	u64 in_slots; /* pages that are no holes */
	int findings;
};

#define finding(c, gfn, fmt, ...) \
	do { \
		(c)->findings++; \
		host_check("gmap", "gmap at %llx: " fmt, (u64)(gfn) << PAGE_SHIFT, ##__VA_ARGS__); \
	} while (0)

static unsigned int shift_of(enum dat_level level)
{
	return level == DAT_PAGE ? 0 : 8 + 11 * level;
}

/* Returns whether every page of the range is in a slot. */
static bool in_slots(struct check *c, gfn_t gfn, u64 npages)
{
	struct kvm_memory_slot *slot;
	gfn_t end = gfn + npages;

	for (; gfn < end; gfn = slot->base_gfn + slot->npages) {
		slot = gfn_to_memslot(c->kvm, gfn);
		if (!slot)
			return false;
	}
	return true;
}

static bool in_one_slot(struct check *c, gfn_t gfn, u64 npages)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(c->kvm, gfn);

	return slot && gfn + npages <= slot->base_gfn + slot->npages;
}

static bool may_be_large(struct check *c, enum dat_level level)
{
	return test_bit(level == DAT_SEGMENT ? GMAP_FLAG_ALLOW_HPAGE_1M : GMAP_FLAG_ALLOW_HPAGE_2G, &c->gmap->flags);
}

/* An entry that leads nowhere, and is no hole. Under ucontrol there are no holes. */
static void check_empty(struct check *c, gfn_t gfn, u64 npages, u64 entry, u64 empty)
{
	if (entry != empty)
		finding(c, gfn, "an entry that leads nowhere is %016llx, neither empty nor a hole", entry);
	else if (!is_ucontrol(c->gmap) && !in_slots(c, gfn, npages))
		finding(c, gfn, "%llu pages are open for faults, but not all are in slots", npages);
	c->in_slots += npages;
}

/* What the bits of a present entry say of each other. */
static void check_bits(struct check *c, gfn_t gfn, u64 entry, bool invalid, bool protect, bool writable, bool dirty)
{
	if (invalid)
		return;
	if (!protect && !dirty)
		finding(c, gfn, "entry %016llx allows stores, but is not dirty: they would get lost", entry);
	else if (!protect && !writable)
		finding(c, gfn, "entry %016llx allows stores, but KVM has the page as read-only", entry);
}

static void check_page(struct check *c, gfn_t gfn, union pte pte)
{
	if (!pte.s.pr && pte.h.i) {
		check_empty(c, gfn, 1, pte.val & ~_PAGE_SD, _PTE_EMPTY.val);
		return;
	}
	c->in_slots++;
	if (!pte.s.pr)
		finding(c, gfn, "entry %016lx is valid, but not present for KVM", pte.val);
	check_bits(c, gfn, pte.val, pte.h.i, pte.h.p, pte.s.w, pte.s.d);
}

static void check_page_table(struct check *c, const struct page_table *table, gfn_t gfn)
{
	u64 hole = _PTE_TOK(_DAT_TOKEN_PIC, PGM_ADDRESSING).val;
	unsigned int i;

	i = model_skip_entries((const u64 *)table->pgstes, _PAGE_ENTRIES, 0, DAT_PGSTE_PCL, 0);
	if (i < _PAGE_ENTRIES)
		finding(c, gfn + i, "the PGSTE's lock is held: %016lx", table->pgstes[i].val);
	for (i = 0; i < _PAGE_ENTRIES && !c->findings; i++)
		if (table->ptes[i].val != hole)
			check_page(c, gfn + i, READ_ONCE(table->ptes[i]));
}

static void check_large(struct check *c, gfn_t gfn, union crste crste, enum dat_level level)
{
	u64 npages = 1ULL << shift_of(level);

	c->in_slots += npages;
	if (level > DAT_REGION3 || !may_be_large(c, level))
		finding(c, gfn, "entry %016lx maps a large frame, which this VM may not have", crste.val);
	else if (!in_one_slot(c, gfn, npages))
		finding(c, gfn, "entry %016lx maps a large frame, which is not inside of one slot", crste.val);
	else if (!crste.s.fc1.pr)
		finding(c, gfn, "entry %016lx maps a large frame, but is not present for KVM", crste.val);
	check_bits(c, gfn, crste.val, crste.h.i, crste.h.p, crste.s.fc1.w, crste.s.fc1.d);
}

static void check_table(struct check *c, const struct crst_table *table, enum dat_level level, gfn_t gfn)
{
	const u64 *entries = (const u64 *)table->crstes;
	u64 hole = _CRSTE_HOLE(level).val, npages = 1ULL << shift_of(level);
	unsigned int i;

	for (i = model_skip_entries(entries, _CRST_ENTRIES, 0, ~0ULL, hole); i < _CRST_ENTRIES && !c->findings;
	     i = model_skip_entries(entries, _CRST_ENTRIES, i + 1, ~0ULL, hole)) {
		union crste crste = READ_ONCE(table->crstes[i]);
		gfn_t at = gfn + i * npages;

		if (crste.h.tt != level)
			finding(c, at, "entry %016lx has the type of another table", crste.val);
		else if (crste.h.fc)
			check_large(c, at, crste, level);
		else if (crste.h.i)
			check_empty(c, at, npages, crste.val, _CRSTE_EMPTY(level).val);
		else if (level == DAT_SEGMENT)
			check_page_table(c, dereference_pmd(crste.pmd), at);
		else
			check_table(c, dereference_crste(crste), level - 1, at);
	}
}

static void check_holes(struct check *c)
{
	struct kvm_memory_slot *slot;
	u64 npages = 0;
	int bkt;

	kvm_for_each_memslot(slot, bkt, kvm_memslots(c->kvm))
		npages += slot->npages;
	if (c->findings || is_ucontrol(c->gmap) || npages == c->in_slots)
		return;
	c->findings++;
	host_check("gmap", "gmap: the slots have %llu pages, but %llu are no holes", npages, c->in_slots);
}

/* Returns whether the page is mapped for stores, and KVM hears of changes. */
static bool prefix_page_is_marked(struct check *c, gfn_t gfn)
{
	struct dat_result r;

	if (s390_walk_host(c->gmap->asce.val, gfn << PAGE_SHIFT, DAT_STORE, &r))
		return false;
	if (r.level != DAT_PAGE)
		return ((union crste){.val = r.entry}).s.fc1.prefix_notif;
	return pgste_of(__va(r.via[DAT_PAGE]))->prefix_notif;
}

static void check_prefix(struct check *c, struct kvm_vcpu *vcpu)
{
	gfn_t gfn = kvm_s390_get_prefix(vcpu) >> PAGE_SHIFT;
	unsigned int i;

	if (kvm_test_request(KVM_REQ_REFRESH_GUEST_PREFIX, vcpu))
		return;
	for (i = 0; i < 2; i++)
		if (!prefix_page_is_marked(c, gfn + i))
			finding(c, gfn + i, "page %u of the prefix area of vCPU %d is not mapped or not marked", i,
				vcpu->vcpu_id);
}

static void check_child(struct check *c, const struct gmap *child)
{
	if (is_shadow((struct gmap *)child) || !owns_page_tables((struct gmap *)child))
		return;
	c->findings++;
	host_check("gmap", "gmap: the space of a vCPU owns the page tables, which are the VM's");
}

int kshim_check_gmap(struct kvm *kvm)
{
	struct check c = {.kvm = kvm, .gmap = kvm->arch.gmap};
	struct kvm_vcpu *vcpu;
	struct gmap *child;
	unsigned long n;

	check_table(&c, dereference_asce(c.gmap->asce), c.gmap->asce.dt, 0);
	check_holes(&c);
	kvm_for_each_vcpu(n, vcpu, kvm)
		if (!kvm_is_ucontrol(kvm))
			check_prefix(&c, vcpu);
	list_for_each_entry(child, &c.gmap->children, list)
		check_child(&c, child);
	return c.findings;
}
