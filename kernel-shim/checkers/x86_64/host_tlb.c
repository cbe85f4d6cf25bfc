// SPDX-License-Identifier: GPL-2.0-only
/* The check of the host's TLBs: an entry allows no more than its process's page tables do now. */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <x86_64/host_tlb.h>
#include "../../arch/x86_64/internal.h"
#include "checkers.h"

struct tlb_check {
	unsigned int cpu;
	int findings;
};

static void check_process(struct kshim_process *p, void *arg)
{
	struct tlb_check *c = arg;
	const struct x86_host_tlb_entry *e = per_cpu_ptr(&kshim_host_tlb, c->cpu)->entry;
	struct kshim_host_pte pte;
	unsigned int i;

	for (i = 0; i < X86_HOST_TLB_ENTRIES; i++, e++) {
		if (!p->mm || e->space != p->mm->context.ctx_id)
			continue;
		if (kshim_arch_host_walk(p->mm, e->page, &pte) && pte.present && pte.pfn == e->pfn &&
		    (!e->write || pte.writable))
			continue;
		c->findings++;
		host_about("the entry in the process's page tables", pte.entry);
		host_check("host-tlb",
			   "host TLB of CPU %u: address %llx of process %d still leads to frame %llx (%s), "
			   "which its page tables no longer allow: a flush is missing",
			   c->cpu, e->page, p->pid, e->pfn, e->write ? "writable" : "read-only");
	}
}

int kshim_check_host_tlb(void)
{
	struct tlb_check c = {};

	for_each_possible_cpu(c.cpu)
		kshim_process_for_each(check_process, &c);
	return c.findings;
}
