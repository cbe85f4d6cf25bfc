// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the CPUs' TLBs: an entry says no more than the tables do now, and none outlives its address space. A CPU
 * has one TLB for processes, guests and guests of guests.
 */
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <asm/pgtable.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include "model.h"
#include "checkers.h"

struct tlb_check {
	unsigned int cpu;
	int findings;
};

/* Returns the first page of which an entry says more than the tables do now, or the page behind what it maps. */
static u64 wrong_page(const struct s390_tlb_entry *e, u64 asce)
{
	u64 page = e->page, end = page + (dat_frame_bytes(e->level) >> PAGE_SHIFT);
	struct dat_result r;

	/* The tables may have a large frame in parts by now. */
	for (; page < end; page += dat_frame_bytes(r.level) >> PAGE_SHIFT)
		if (s390_walk_host(asce, page << PAGE_SHIFT, DAT_FETCH, &r) ||
		    r.address >> PAGE_SHIFT != e->frame + (page - e->page) || (!e->protect && r.protect))
			return page;
	return end;
}

/* An entry must say no more than the tables below its ASCE do now. */
static void check_asce(struct tlb_check *c, u64 asce, const char *what, int pid)
{
	unsigned int i;
	u64 page;

	s390_tlb_for_each(&s390_cpus[c->cpu].tlb, i) {
		const struct s390_tlb_entry *e = &s390_cpus[c->cpu].tlb.entry[i];

		if (e->kind != TLB_HOST || e->asce != (asce & TLB_ASCE_MASK))
			continue;
		page = wrong_page(e, asce);
		if (page >= e->page + (dat_frame_bytes(e->level) >> PAGE_SHIFT))
			continue;
		c->findings++;
		host_about("the entry that it was formed from", __va(e->via[e->level]));
		host_check("tlb",
			   "TLB of CPU %u: %s address %llx of process %d still leads to frame %llx (%s), "
			   "which the tables no longer allow: a flush is missing",
			   c->cpu, what, page << PAGE_SHIFT, pid, e->frame + (page - e->page),
			   e->protect ? "read-only" : "writable");
	}
}

/* While flush_mm is set, a lazy flush is still to come: ptep_flush_lazy() of arch/s390/mm/pgtable.c. */
static void check_process(struct kshim_process *p, void *arg)
{
	if (p->mm && !p->mm->context.flush_mm)
		check_asce(arg, p->mm->context.asce, "user", p->pid);
}

static void check_space(const struct kshim_space *space, void *arg)
{
	if (!space->flush_pending)
		check_asce(arg, space->asce, space->nested ? "nested guest's" : "guest", space->pid);
}

struct asce_search {
	u64 asce;
	bool found;
};

static void find_process(struct kshim_process *p, void *arg)
{
	struct asce_search *s = arg;

	s->found |= p->mm && (p->mm->context.asce & TLB_ASCE_MASK) == s->asce;
}

static void find_space(const struct kshim_space *space, void *arg)
{
	struct asce_search *s = arg;

	s->found |= (space->asce & TLB_ASCE_MASK) == s->asce && !space->removed;
}

/* No entry may outlive the tables that it was formed from: they may become another address space's. */
static int check_dead_asces(unsigned int cpu)
{
	const struct s390_tlb *t = &s390_cpus[cpu].tlb;
	struct asce_search s = {.found = true};
	unsigned int i;

	s390_tlb_for_each(t, i) {
		const struct s390_tlb_entry *e = &t->entry[i];

		if ((e->kind == TLB_HOST ? e->asce : e->space) == s.asce)
			continue;
		s = (struct asce_search){.asce = e->kind == TLB_HOST ? e->asce : e->space};
		kshim_process_for_each(find_process, &s);
		kshim_each_space(find_space, &s);
		if (s.found)
			continue;
		host_check("tlb",
			   "TLB of CPU %u: address %llx leads to frame %llx by way of ASCE %llx, whose address space is "
			   "gone: a flush is missing", cpu, e->page << PAGE_SHIFT, e->frame, s.asce);
		return 1;
	}
	return 0;
}

int kshim_check_tlbs(void)
{
	struct tlb_check c = {};
	const char *wrong;

	for (c.cpu = 0; c.cpu < KVMSIM_MAX_CPUS; c.cpu++) {
		wrong = s390_tlb_validate(&s390_cpus[c.cpu].tlb);
		if (wrong) {
			c.findings++;
			host_check("tlb", "TLB of CPU %u: %s", c.cpu, wrong);
		}
		kshim_process_for_each(check_process, &c);
		kshim_each_space(check_space, &c);
		c.findings += check_dead_asces(c.cpu);
	}
	return c.findings;
}
