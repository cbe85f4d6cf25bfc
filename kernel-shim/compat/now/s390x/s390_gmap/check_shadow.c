// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of shadow gmaps, the tables that KVM makes for the guests of a guest (arch/s390/mm/gmap.c).
 *
 * Rules, for each valid entry of a shadow:
 *
 *  - a page's: the guest's own tables, read through the parent gmap, translate the address to a page that the parent
 *    has at the entry's frame; it allows stores only if the guest's tables and the parent do;
 *  - a table's: the guest's entry is valid, and designates the table that the shadow was made from;
 *  - the pages that any of this was read from, and the shadowed page, are marked in their PGSTEs, so that changes are
 *    notified (ptep_notify()). The shadow's reverse map leads from each to the entry. Tables are read-only in the
 *    parent.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/radix-tree.h>
#include <asm/gmap.h>
#include <asm/pgtable.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <s390x/model.h>
#include "../../../../checkers/s390x/checkers.h"

/* The lowest bits of a reverse map's address in gmap.c, by the table whose entry it leads to. */
static const unsigned int rmap_kind[DAT_NR_LEVELS] = {
	[DAT_REGION1] = 5, [DAT_REGION2] = 4, [DAT_REGION3] = 3, [DAT_SEGMENT] = 2, [DAT_PAGE] = 1,
};
/* page->index of a shadow table that stands for a large frame of the guest, or for real space. */
#define FAKE_TABLE 1UL

struct shadow {
	struct gmap *sg;
	int pid, findings;
};

#define finding(s, addr, fmt, ...) \
	do { \
		(s)->findings++; \
		host_check("shadow-gmap", "shadow gmap (guest's ASCE %lx, process %d) at %llx: " fmt, \
			   (s)->sg->orig_asce, (s)->pid, (u64)(addr), ##__VA_ARGS__); \
	} while (0)

static unsigned int shift_of(enum dat_level level)
{
	return level == DAT_PAGE ? PAGE_SHIFT : 20 + 11 * level;
}

static int read_guest_entry(void *ctx, uint64_t address, uint64_t *entry)
{
	struct shadow *s = ctx;
	struct dat_result r;

	if (s390_walk_host(s->sg->parent->asce, address, DAT_FETCH, &r))
		return -1;
	*entry = READ_ONCE(*(u64 *)__va(r.address));
	return 0;
}

/* The guest's own translation of an address. */
static void walk_guest(struct shadow *s, u64 addr, struct dat_result *r)
{
	struct dat_space space = {
		.asce = s->sg->orig_asce,
		.edat1 = s->sg->edat_level >= 1,
		.edat2 = s->sg->edat_level >= 2,
		.read = read_guest_entry,
		.ctx = s,
	};

	s390_walk(&space, addr, DAT_FETCH, r);
}

static bool has_rmap(struct shadow *s, unsigned long vmaddr, unsigned long raddr)
{
	struct gmap_rmap *rmap;

	gmap_for_each_rmap(rmap, radix_tree_lookup(&s->sg->host_to_rmap, vmaddr >> PAGE_SHIFT)) {
		if (rmap->raddr == raddr)
			return true;
	}
	return false;
}

/*
 * Finds the parent's page at absolute, on which the shadow's entry of a level for addr depends. marked: checks only the
 * mark, as for the uppermost table, which has no reverse map. Returns false, after a report, if there is no such page.
 */
static bool check_source(struct shadow *s, u64 addr, enum dat_level level, u64 absolute, bool marked,
			 struct dat_result *r)
{
	u64 raddr = (addr & (-1ULL << shift_of(level))) | rmap_kind[level];
	unsigned long vmaddr = __gmap_translate(s->sg->parent, absolute);
	const u64 *pte;

	if (s390_walk_host(s->sg->parent->asce, absolute, DAT_FETCH, r) || IS_ERR_VALUE(vmaddr)) {
		finding(s, addr, "the guest has no page at %llx any more", absolute);
		return false;
	}
	if (r->level != DAT_PAGE) {
		finding(s, addr, "the guest's page at %llx is part of a large one, which has no PGSTE", absolute);
		return false;
	}
	pte = __va(r->via[DAT_PAGE]);
	if (!(READ_ONCE(pte[PTRS_PER_PTE]) & PGSTE_VSIE_BIT))
		finding(s, addr, "a change of the guest's page at %llx would not be notified: PGSTE without VSIE bit",
			absolute);
	if (!marked && !has_rmap(s, vmaddr, raddr))
		finding(s, addr, "no reverse map leads here from the guest's page at %llx", absolute);
	return true;
}

static void check_table_page(struct shadow *s, u64 addr, enum dat_level of, u64 absolute, bool top)
{
	struct dat_result r;

	if (check_source(s, addr, of, absolute, top, &r) && !r.protect)
		finding(s, addr, "the guest's table at %llx is not protected against its stores", absolute);
}

/* Checks the entry of a level that designates the shadow table at pa. */
static void check_table(struct shadow *s, u64 addr, enum dat_level level, u64 pa)
{
	unsigned long index = pfn_to_page(PHYS_PFN(pa))->index;
	u64 origin_mask = level == DAT_SEGMENT ? _SEGMENT_ENTRY_ORIGIN : _REGION_ENTRY_ORIGIN;
	struct dat_result g;
	unsigned int i;

	/* Its pages are checked instead. */
	if (index & FAKE_TABLE)
		return;
	walk_guest(s, addr, &g);
	/* Tables below this one need not be there: the walk may have ended at one of them. */
	if (g.via[level] == DAT_NO_ENTRY) {
		finding(s, addr, "it has a table, the guest's tables end above it (%#x)", g.code);
		return;
	}
	if (read_guest_entry(s, g.via[level], &g.entry) || g.entry & DAT_ENTRY_I) {
		finding(s, addr, "it has a table, the guest's entry at %llx is invalid", g.via[level]);
		return;
	}
	if ((g.entry & origin_mask) != index)
		finding(s, addr, "it has a table made from that at %lx, the guest's entry at %llx designates %llx",
			index, g.via[level], g.entry & origin_mask);
	/* For other tables, the entry that designates them has the reverse map. */
	if (level == (s->sg->orig_asce & DAT_ASCE_DT) >> 2)
		check_table_page(s, addr, level, g.via[level], true);
	if (level == DAT_SEGMENT) {
		check_table_page(s, addr, level, index, false);
		return;
	}
	for (i = (g.entry & DAT_ENTRY_TF) >> 6; i <= (g.entry & DAT_ENTRY_TL); i++)
		check_table_page(s, addr, level, index + i * PAGE_SIZE, false);
}

static void check_page(struct shadow *s, u64 addr, u64 pte, bool protect)
{
	struct dat_result g, r;

	walk_guest(s, addr, &g);
	if (g.code) {
		finding(s, addr, "it leads to frame %llx, the guest's tables lead nowhere (%#x)", pte >> PAGE_SHIFT,
			g.code);
		return;
	}
	if (!check_source(s, addr, DAT_PAGE, g.address, false, &r))
		return;
	if (r.address >> PAGE_SHIFT != pte >> PAGE_SHIFT)
		finding(s, addr, "it leads to frame %llx, the guest's page at %llx is frame %llx", pte >> PAGE_SHIFT,
			g.address, r.address >> PAGE_SHIFT);
	if (!protect && g.protect)
		finding(s, addr, "it is writable, the guest's tables protect it");
	if (!protect && r.protect)
		finding(s, addr, "it is writable, the guest's page at %llx is read-only", g.address);
}

static void visit(struct shadow *s, const u64 *table, enum dat_level level, u64 addr, bool protect)
{
	unsigned int i, n = level == DAT_PAGE ? PTRS_PER_PTE : _CRST_ENTRIES;
	enum dat_level below = level == DAT_SEGMENT ? DAT_PAGE : level - 1;

	model_for_each_valid(table, n, i, level == DAT_PAGE ? _PAGE_INVALID : _REGION_ENTRY_INVALID) {
		u64 at = addr + ((u64)i << shift_of(level)), entry = READ_ONCE(table[i]);
		bool p = protect || entry & _PAGE_PROTECT;
		u64 next = entry & (level == DAT_SEGMENT ? _SEGMENT_ENTRY_ORIGIN : _REGION_ENTRY_ORIGIN);

		if (s->findings)
			return;
		if (level == DAT_PAGE) {
			check_page(s, at, entry, p);
			continue;
		}
		check_table(s, at, level, next);
		visit(s, __va(next), below, at, p);
	}
}

static int check_shadow(struct gmap *sg, int pid)
{
	struct shadow s = {.sg = sg, .pid = pid};

	if (sg->removed || !sg->initialized)
		return 0;
	/* One finding is enough for a whole shadow. */
	visit(&s, (const u64 *)sg->table, (sg->asce & _ASCE_TYPE_MASK) >> 2, 0, false);
	return s.findings;
}

static void check_process(struct kshim_process *p, void *arg)
{
	struct gmap *gmap, *sg;
	int *findings = arg;

	if (!p->mm)
		return;
	rcu_read_lock();
	list_for_each_entry_rcu(gmap, &p->mm->context.gmap_list, list) {
		list_for_each_entry(sg, &gmap->children, list)
			*findings += check_shadow(sg, p->pid);
	}
	rcu_read_unlock();
}

int kshim_check_shadow_gmaps(void)
{
	int findings = 0;

	kshim_process_for_each(check_process, &findings);
	return findings;
}
