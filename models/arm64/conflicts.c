// SPDX-License-Identifier: GPL-2.0-only
/*
 * Break-before-make in a machine with several CPUs: what an access has filled into its CPU's TLB is compared with what
 * all TLBs hold. Both are valid at one time, so between their descriptors there was no completed TLB maintenance.
 */
#include <linux/mm.h>
#include <kshim/hw.h>
#include "bbm.h"
#include "model.h"

static const char *regime(const struct arm64_tlb_entry *e)
{
	return e->kind == ARM64_TLB_EL2 ? "process" : "guest";
}

static void report(const struct arm64_tlb_entry *new, enum arm64_bbm what, unsigned int cpu, u64 old_desc, u64 old_pa)
{
	const struct arm64_tlb_stage *s = new->kind == ARM64_TLB_EL2 ? &new->s1 : &new->s2;

	host_about("that descriptor", __va(s->desc_pa));
	host_check("break-before-make",
		   "break-before-make: %s address %llx now has descriptor %llx (frame %llx, level %u), but the TLB of "
		   "CPU %u still has %llx (%llx) for it, with another %s: TLB maintenance between the two is missing",
		   regime(new), new->kind == ARM64_TLB_EL2 ? new->page << 12 : new->ipa, s->desc,
		   new->pa >> PAGE_SHIFT, s->level, cpu, old_desc, old_pa >> PAGE_SHIFT, arm64_bbm_name(what));
}

/* Returns whether something conflicts with *new. */
static bool check_entries(const struct arm64_tlb_entry *new, const struct arm64_cpu *other)
{
	u64 where = arm64_tlb_where(new);
	enum arm64_bbm what;
	unsigned int i;

	arm64_tlb_for_each(&other->tlb, i) {
		const struct arm64_tlb_entry *e = &other->tlb.entry[i];

		if (arm64_bbm_apart(where, other->tlb.where[i]))
			continue;
		what = arm64_bbm_conflict(new, e, arm64_have.bbml2);
		if (what == ARM64_BBM_SAME)
			continue;
		report(new, what, other - arm64_cpus, e->kind == ARM64_TLB_EL2 ? e->s1.desc : e->s2.desc, e->pa);
		return true;
	}
	arm64_tlb_for_each_table(&other->tlb, i) {
		const struct arm64_tlb_table *t = &other->tlb.table[i];

		what = arm64_bbm_conflict_table(new, t, arm64_have.bbml2);
		if (what == ARM64_BBM_SAME)
			continue;
		report(new, what, other - arm64_cpus, t->desc, t->table);
		return true;
	}
	return false;
}

/* Table descriptors have the same place in each TLB. */
static void check_tables(const struct arm64_cpu *c, const struct arm64_cpu *other)
{
	unsigned int i;

	arm64_tlb_for_each_table(&c->tlb, i) {
		const struct arm64_tlb_table *a = &c->tlb.table[i], *b = &other->tlb.table[i];

		if (!b->valid || arm64_bbm_conflict_tables(a, b) == ARM64_BBM_SAME)
			continue;
		host_check("break-before-make",
			   "break-before-make: the tables for %llx and following addresses are in frame %llx for CPU "
			   "%ld and in frame %llx for CPU %ld: TLB maintenance between the two is missing",
			   a->prefix << a->shift, a->table >> PAGE_SHIFT, c - arm64_cpus, b->table >> PAGE_SHIFT,
			   other - arm64_cpus);
		return;
	}
}

/* The entries are looked at under both CPUs' locks, because TLB maintenance may have removed them since. */
static void check_against(const struct arm64_cpu *c, const struct arm64_cpu *other)
{
	unsigned int i;

	for (i = 0; i < c->nr_filled; i++) {
		const struct arm64_tlb_entry *new = &c->tlb.entry[c->filled[i]];

		if (!model_bit(c->tlb.assoc.valid, c->filled[i]))
			continue;
		if (check_entries(new, other))
			return;
	}
	if (c != other)
		check_tables(c, other);
}

static void lock_both(struct arm64_cpu *a, struct arm64_cpu *b)
{
	struct arm64_cpu *first = a < b ? a : b, *second = a < b ? b : a;

	host_lock(&first->lock);
	if (first != second)
		host_lock(&second->lock);
}

static struct arm64_bbm_seen seen;

/*
 * Leaves those that must be compared. Of a guest, the stage 2 entries are enough: a combined entry says the same as the
 * one that it was made with.
 */
static void select_new(struct arm64_cpu *c)
{
	unsigned int i, n = 0;

	host_lock(&c->lock);
	for (i = 0; i < c->nr_filled; i++) {
		const struct arm64_tlb_entry *e = &c->tlb.entry[c->filled[i]];

		if (model_bit(c->tlb.assoc.valid, c->filled[i]) && e->kind != ARM64_TLB_EL1 &&
		    !arm64_bbm_seen(&seen, e))
			c->filled[n++] = c->filled[i];
	}
	c->nr_filled = n;
	host_unlock(&c->lock);
}

void arm64_check_filled(struct arm64_cpu *c)
{
	struct arm64_cpu *other;

	select_new(c);
	if (!c->nr_filled)
		return;
	for (other = arm64_cpus; other < arm64_cpus + KVMSIM_MAX_CPUS; other++) {
		lock_both(c, other);
		check_against(c, other);
		if (c != other)
			host_unlock(&other->lock);
		host_unlock(&c->lock);
	}
}

/* --- what TLBs hold, and tables no longer say --- */

struct stale {
	const struct arm64_cpu *cpu;
	u64 root;
	unsigned int vmid;	/* or ARM64_NO_VMID */
	bool el2;
	int findings;
};

static bool is_now(u64 desc_pa, u64 *now)
{
	*now = 0;
	if (!pfn_valid(PHYS_PFN(desc_pa)))
		return false;
	*now = READ_ONCE(*(u64 *)__va(desc_pa));
	return true;
}

#define STALE "TLB of CPU %ld: %llx has descriptor %llx of level %u, which is %llx now (another %s): " \
	"TLB maintenance is missing"

static void stale(struct stale *s, u64 desc_pa, u64 addr, unsigned int level, u64 was, u64 now, enum arm64_bbm what)
{
	s->findings++;
	host_about("that descriptor", pfn_valid(PHYS_PFN(desc_pa)) ? __va(desc_pa) : NULL);
	if (s->el2)
		host_check("host-tlb", STALE, s->cpu - arm64_cpus, addr, was, level, now, arm64_bbm_name(what));
	else
		host_check("tlb", STALE, s->cpu - arm64_cpus, addr, was, level, now, arm64_bbm_name(what));
}

static bool is_of(const struct stale *s, u64 tag)
{
	return s->el2 || arm64_tag_vmid(tag) == s->vmid;
}

static void check_cpu(struct stale *s)
{
	const struct arm64_tlb *t = &s->cpu->tlb;
	enum arm64_bbm what;
	unsigned int i;
	u64 now;

	arm64_tlb_for_each(t, i) {
		const struct arm64_tlb_entry *e = &t->entry[i];
		const struct arm64_tlb_stage *stage = s->el2 ? &e->s1 : &e->s2;

		if (s->el2 != (e->kind == ARM64_TLB_EL2) || !is_of(s, e->tag) || stage->root != s->root ||
		    stage->level == ARM64_NO_LEVEL)
			continue;
		is_now(stage->desc_pa, &now);
		what = arm64_bbm_compare(stage, !s->el2, now);
		if (what != ARM64_BBM_SAME)
			stale(s, stage->desc_pa, s->el2 ? e->page << 12 : e->ipa, stage->level, stage->desc,
			      now, what);
	}
	arm64_tlb_for_each_table(t, i) {
		const struct arm64_tlb_table *e = &t->table[i];

		if (e->kind != (s->el2 ? ARM64_TLB_EL2 : ARM64_TLB_IPA) || !is_of(s, e->tag) || e->root != s->root)
			continue;
		is_now(e->desc_pa, &now);
		what = arm64_bbm_compare_table(e, now);
		if (what != ARM64_BBM_SAME)
			stale(s, e->desc_pa, e->prefix << e->shift, e->level, e->desc, now, what);
	}
}

int arm64_check_tables(u64 root, unsigned int vmid)
{
	struct stale s = { .root = root, .vmid = vmid, .el2 = vmid == ARM64_NO_VMID };

	for (s.cpu = arm64_cpus; s.cpu < arm64_cpus + KVMSIM_MAX_CPUS; s.cpu++)
		check_cpu(&s);
	return s.findings;
}

int arm64_check_tlbs(void)
{
	const char *wrong;
	int n = 0, cpu;

	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		wrong = arm64_tlb_validate(&arm64_cpus[cpu].tlb);
		if (!wrong)
			continue;
		n++;
		host_check("host-tlb", "TLB of CPU %d: %s", cpu, wrong);
	}
	return n;
}
