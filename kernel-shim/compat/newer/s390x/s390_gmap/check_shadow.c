// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of shadow gmaps, the tables that KVM makes for the guests of a guest (arch/s390/kvm/s390/gaccess.c).
 *
 * Rules, for each valid entry of a shadow:
 *
 *  - one that maps: the guest's own tables, read through the parent gmap, translate the address to a page that the
 *    parent has at the entry's frame; it allows stores only if the guest's tables and the parent do, and if KVM would
 *    hear that the parent no longer does (vsie_gmem);
 *  - any: the guest's entry at the same level is valid, unless one above maps a large frame;
 *  - the pages that any of this was read from, and the shadowed page, are marked in the parent, so that KVM hears of
 *    changes (pte_needs_unshadow()). The shadow's reverse map leads from each to what must be cleared: from a guest's
 *    table to the entry above it. Tables are read-only in the parent.
 *
 * What ageing has made invalid still counts: KVM uses the frame again without a look at the host, and a store into it
 * is recorded already.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/radix-tree.h>
#include <kshim/form/s390_gmap.h>
#include <kshim/host.h>
#include <s390x/model.h>
#include "../../../../checkers/s390x/checkers.h"

struct shadow {
	struct gmap *sg;
	int pid, findings;
};

/* A page of the guest as the parent has it. */
struct source {
	u64 frame;
	bool protect;
	bool aged;	/* protected by gmap_clear_young_pte(), which tells no shadow; folio and entry stay dirty */
	bool marked;
	bool memory;	/* marked as storage of the guest's guest, not only as a table */
	enum dat_level level;
};

#define finding(s, addr, fmt, ...) \
	do { \
		(s)->findings++; \
		host_check("shadow-gmap", "shadow gmap (guest's ASCE %lx, process %d) at %llx: " fmt, \
			   (s)->sg->guest_asce.val, (s)->pid, (u64)(addr), ##__VA_ARGS__); \
	} while (0)

static unsigned int shift_of(enum dat_level level)
{
	return level == DAT_PAGE ? PAGE_SHIFT : 20 + 11 * level;
}

/* Returns false if the parent has no page at absolute. */
static bool find_source(struct shadow *s, u64 absolute, struct source *source)
{
	struct dat_result r;
	union crste crste;
	union pte pte;

	s390_walk_host(s->sg->parent->asce.val, absolute, DAT_FETCH, &r);
	if (!r.looked)
		return false;
	pte.val = crste.val = r.entry;
	source->level = r.level;
	if (r.level == DAT_PAGE) {
		union pgste *pgste = pgste_of(__va(r.via[DAT_PAGE]));

		*source = (struct source){pte.h.pfra, pte.h.p, pte.h.i && pte.s.w && pte.s.sd, pgste->vsie_notif,
					  pgste->vsie_gmem, DAT_PAGE};
		return pte.s.pr;
	}
	*source = (struct source){large_crste_to_phys(crste, absolute >> PAGE_SHIFT) >> PAGE_SHIFT, crste.h.p,
				  crste.h.i && crste.s.fc1.w && crste.s.fc1.sd, crste.s.fc1.vsie_notif,
				  crste.s.fc1.vsie_notif, r.level};
	return r.level <= DAT_REGION3 && crste.h.fc && crste.s.fc1.pr;
}

static int read_guest_entry(void *ctx, uint64_t address, uint64_t *entry)
{
	struct source source;

	if (!find_source(ctx, address, &source))
		return -1;
	*entry = READ_ONCE(*(u64 *)__va((source.frame << PAGE_SHIFT) + (address & ~PAGE_MASK)));
	return 0;
}

/* The guest's own translation of an address. */
static void walk_guest(struct shadow *s, u64 addr, struct dat_result *r)
{
	struct dat_space space = {
		.asce = s->sg->guest_asce.val,
		.edat1 = s->sg->edat_level >= 1,
		.edat2 = s->sg->edat_level >= 2,
		.read = read_guest_entry,
		.ctx = s,
	};

	s390_walk(&space, addr, DAT_FETCH, r);
}

static bool has_rmap(struct shadow *s, gfn_t gfn, gfn_t r_gfn, int level)
{
	struct vsie_rmap *rmap = radix_tree_lookup(&s->sg->host_to_rmap, gfn);

	for (; rmap; rmap = rmap->next)
		if (rmap->r_gfn == r_gfn && rmap->level == level)
			return true;
	return false;
}

/* The kernel's number of a level, which an rmap has. */
static int table_type(enum dat_level level)
{
	return level == DAT_PAGE ? TABLE_TYPE_PAGE_TABLE : (int)level;
}

/* Checks the guest's page at absolute, on which the shadow's entry of a level for addr depends. */
static bool check_source(struct shadow *s, u64 addr, enum dat_level level, u64 absolute, bool rmap,
			 struct source *source)
{
	gfn_t r_gfn = (addr & (-1ULL << shift_of(level))) >> PAGE_SHIFT, gfn;

	if (!find_source(s, absolute, source)) {
		finding(s, addr, "the guest has no page at %llx any more", absolute);
		return false;
	}
	if (!source->marked)
		finding(s, addr, "a change of the guest's page at %llx would not be noticed: no mark (vsie_notif)",
			absolute);
	gfn = (absolute & (-1ULL << shift_of(source->level))) >> PAGE_SHIFT;
	if (rmap && !has_rmap(s, gfn, r_gfn, table_type(level)))
		finding(s, addr, "no reverse map leads here from the guest's page at %llx", absolute);
	return true;
}

/* Checks the guest's own entry for the shadow's valid entry of this level: below a large frame there is none. */
static void check_guest_entry(struct shadow *s, u64 addr, enum dat_level level)
{
	enum dat_level above = level == DAT_PAGE ? DAT_SEGMENT : level + 1, top = s->sg->guest_asce.dt;
	struct source source;
	struct dat_result g;
	u64 entry;

	if (s->sg->guest_asce.r)
		return;
	walk_guest(s, addr, &g);
	if (g.via[level] == DAT_NO_ENTRY) {
		if (g.code)
			finding(s, addr, "there is an entry of level %d, the guest's tables end above it (%#x)",
				table_type(level), g.code);
		return;
	}
	if (read_guest_entry(s, g.via[level], &entry) || entry & (level == DAT_PAGE ? DAT_PTE_I : DAT_ENTRY_I)) {
		finding(s, addr, "there is an entry of level %d, the guest's entry at %llx is invalid",
			table_type(level), g.via[level]);
		return;
	}
	/* For the uppermost table KVM compares with the ASCE instead. */
	if (check_source(s, addr, above, g.via[level], level != top, &source) && !source.protect)
		finding(s, addr, "the guest's table at %llx is not protected against its stores", g.via[level]);
}

/* A part of what an entry maps: the frame, where the guest's tables have absolute. */
static void check_frame(struct shadow *s, u64 addr, u64 absolute, const struct source *source, u64 frame, bool protect)
{
	if (source->frame != frame)
		finding(s, addr, "it leads to frame %llx, the guest's page at %llx is frame %llx", frame, absolute,
			source->frame);
	if (!protect && source->protect && !source->aged)
		finding(s, addr, "it is writable, the guest's page at %llx is read-only", absolute);
	if (!protect && !source->memory)
		finding(s, addr, "it would stay writable if the guest's page at %llx got read-only: no vsie_gmem",
			absolute);
}

/* An entry of this level maps the frame, which the parent may have in smaller parts. */
static void check_leaf(struct shadow *s, u64 addr, enum dat_level level, u64 frame, bool protect)
{
	u64 offset, size = 1ULL << shift_of(level);
	struct source source;
	struct dat_result g;

	walk_guest(s, addr, &g);
	if (g.code) {
		finding(s, addr, "it leads to frame %llx, the guest's tables lead nowhere (%#x)", frame, g.code);
		return;
	}
	if (!protect && g.protect)
		finding(s, addr, "it is writable, the guest's tables protect it");
	for (offset = 0; offset < size && !s->findings; offset += 1ULL << shift_of(source.level)) {
		if (!check_source(s, addr, level, g.address + offset, true, &source) || s->findings)
			return;
		check_frame(s, addr, g.address + offset, &source, frame + (offset >> PAGE_SHIFT), protect);
	}
}

static void visit(struct shadow *s, const u64 *table, enum dat_level level, u64 addr, bool protect)
{
	unsigned int i, n = level == DAT_PAGE ? _PAGE_ENTRIES : _CRST_ENTRIES;

	model_for_each_valid(table, n, i, level == DAT_PAGE ? DAT_PTE_I : DAT_ENTRY_I) {
		u64 at = addr + ((u64)i << shift_of(level)), entry = READ_ONCE(table[i]);
		bool p = protect || entry & DAT_ENTRY_P;

		check_guest_entry(s, at, level);
		if (s->findings)
			return;
		if (level == DAT_PAGE || (level <= DAT_REGION3 && entry & DAT_ENTRY_FC))
			check_leaf(s, at, level, (entry & (-1ULL << shift_of(level))) >> PAGE_SHIFT, p);
		else if (level == DAT_SEGMENT)
			visit(s, __va(entry & _SEGMENT_ENTRY_ORIGIN), DAT_PAGE, at, p);
		else
			visit(s, __va(entry & _REGION_ENTRY_ORIGIN), level - 1, at, p);
		if (s->findings)
			return;
	}
}

/* One finding is enough for a whole shadow. */
static int check_shadow(struct gmap *sg, int pid)
{
	struct shadow s = {.sg = sg, .pid = pid};

	visit(&s, (const u64 *)dereference_asce(sg->asce), sg->asce.dt, 0, false);
	return s.findings;
}

int kshim_check_shadow_gmaps(void)
{
	struct gmap *child;
	struct kvm *kvm;
	int findings = 0;

	list_for_each_entry(kvm, &vm_list, vm_list)
		list_for_each_entry(child, &kvm->arch.gmap->children, list)
			if (is_shadow(child))
				findings += check_shadow(child, kshim_vm_pid(kvm));
	return findings;
}
