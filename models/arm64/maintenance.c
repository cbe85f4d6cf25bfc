// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maintenance of TLBs and caches, and the barriers that it needs: TLBI, IC, DC, DSB, ISB.
 *
 * A TLBI is remembered and takes effect at a DSB that waits for it: DSB NSH for a local one, DSB ISH for each. Barriers
 * for stores alone wait for none (Arm ARM, B2.3.12 "Memory barriers", D8.17.4 "Ordering and completion of TLB
 * maintenance instructions"). Hardware may be faster, but must not be. Cache maintenance takes effect at once.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <kshim/insn.h>
#include "model.h"

/* --- TLBI --- */

/* Copies the operation's name out of "tlbi vae1is, %x0": the second word. */
static void operation(const char *insn, char *name, size_t bytes)
{
	size_t n;

	insn += strcspn(insn, " \t");
	insn += strspn(insn, " \t");
	n = strcspn(insn, " \t,\n;");
	if (n >= bytes)
		n = bytes - 1;
	memcpy(name, insn, n);
	name[n] = 0;
}

/* Executes it on the CPUs that it names. When a CPU's turn is over, it has ended the access that it was at. */
static void take_effect(struct arm64_cpu *self, const struct arm64_tlbi *op)
{
	unsigned int cpu, n = 0;

	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		struct arm64_cpu *c = &arm64_cpus[cpu];

		if (c != self && !op->broadcast)
			continue;
		host_lock(&c->lock);
		n += arm64_tlbi(&c->tlb, op);
		host_unlock(&c->lock);
	}
	model_count(tlb_flushed_entries, n);
}

static void decode(struct arm64_cpu *c, const char *name, u64 arg, bool el1, struct arm64_tlbi *op)
{
	const struct arm64_tlbi_state state = {
		.have = &arm64_have, .hcr = c->s2.hcr, .vmid = arm64_vmid(&arm64_have, &c->s2), .el1 = el1,
	};
	const char *error = arm64_tlbi_decode(name, arg, &state, op);

	if (error)
		host_fatal(KVMSIM_OOPS, NULL, 0, "undefined instruction: TLBI %s: %s", name, error);
	if (op->broadcast)
		model_count(tlbi_broadcast, 1);
	else
		model_count(tlbi_local, 1);
}

void kshim_tlbi(const char *insn, unsigned long arg)
{
	struct arm64_cpu *c;
	unsigned long flags;
	struct arm64_tlbi op;
	char name[16];

	local_irq_save(flags);
	c = arm64_this_cpu();
	operation(insn, name, sizeof(name));
	decode(c, name, arg, false, &op);
	/* Which regime it is for, and which VMID, must be settled. */
	arm64_need_sync(c, ARM64_CTX_HCR | (op.el2 || op.any_vmid ? 0 : ARM64_CTX_STAGE2), "TLBI");
	if (c->nr_pending == ARM64_PENDING_TLBIS) {
		take_effect(c, &c->pending[0]);
		memmove(&c->pending[0], &c->pending[1], --c->nr_pending * sizeof(op));
	}
	c->pending[c->nr_pending++] = op;
	local_irq_restore(flags);
}

void arm64_guest_tlbi(const char *name, u64 arg)
{
	struct arm64_cpu *c = arm64_this_cpu();
	struct arm64_tlbi op;

	decode(c, name, arg, true, &op);
	take_effect(c, &op);
}

/* --- barriers --- */

void kshim_dsb(const char *domain)
{
	struct arm64_cpu *c;
	unsigned int i, kept = 0;
	unsigned long flags;

	/* Orders the stores before it, of descriptors for example, with what other CPUs do afterwards. */
	smp_mb();
	local_irq_save(flags);
	c = arm64_this_cpu();
	for (i = 0; i < c->nr_pending; i++) {
		struct arm64_tlbi op = c->pending[i];

		if (arm64_dsb_waits(domain, &op))
			take_effect(c, &op);
		else
			c->pending[kept++] = op;
	}
	c->nr_pending = kept;
	local_irq_restore(flags);
}

void kshim_isb(void)
{
	barrier();
	arm64_isb();
}

/* --- caches --- */

struct arm64_caches arm64_caches;

/* The host allocates the array's pages when they are used. */
void arm64_caches_boot(void)
{
	arm64_caches.pages = KSHIM_RAM_MAX >> ARM64_CACHE_PAGE_BITS;
	arm64_caches.page = host_map(0, arm64_caches.pages * sizeof(*arm64_caches.page));
}

static bool physical(unsigned long addr, u64 *pa)
{
	*pa = __pa(addr);
	return addr >= PAGE_OFFSET && pfn_valid(PHYS_PFN(*pa));
}

void kshim_dc(const char *op, unsigned long addr)
{
	u64 pa;

	if (!physical(addr, &pa))
		return;
	model_count(dc_lines, 1);
	if (!strcmp(op, "cvau"))
		arm64_cache_clean_pou(&arm64_caches, pa);
	else
		arm64_cache_clean_poc(&arm64_caches, pa);
}

void kshim_ic(const char *insn, unsigned long operand)
{
	char name[16];
	u64 pa;

	operation(insn, name, sizeof(name));
	if (!strcmp(name, "ivau")) {
		if (physical(operand, &pa))
			arm64_icache_line(&arm64_caches, pa, arm64_have.idc);
	} else if (!strcmp(name, "iallu")) {
		model_count(ic_all, 1);
		arm64_icache_all(&arm64_caches, raw_smp_processor_id());
	} else if (!strcmp(name, "ialluis")) {
		model_count(ic_all, 1);
		arm64_icache_all(&arm64_caches, -1);
	} else {
		host_fatal(KVMSIM_OOPS, NULL, 0, "undefined instruction: IC %s", name);
	}
}

void arm64_host_wrote(const void *mem, u64 bytes)
{
	u64 pa;

	if (physical((unsigned long)mem, &pa))
		arm64_cache_write(&arm64_caches, pa, bytes, ARM64_NORMAL_WB);
}

void arm64_caches_accessed(const struct arm64_cpu *c, u64 addr, const struct arm64_access *a,
			   const struct arm64_xlat *x)
{
	u64 bytes = min_t(u64, a->bytes ?: 1, SZ_4K - (addr & (SZ_4K - 1)));

	/* Device memory is no memory that somebody else could have in a cache. */
	if (!pfn_valid(PHYS_PFN(x->pa)) || PageReserved(pfn_to_page(PHYS_PFN(x->pa))))
		return;
	if (a->fetch && arm64_icache_stale(&arm64_caches, c - arm64_cpus, &arm64_have, x->pa, bytes, x->memtype))
		host_check("caches", "the guest fetches an instruction from %llx (frame %llx), but it was written "
			   "after the last cache maintenance: the CPU may execute what was there before", addr,
			   x->pa >> PAGE_SHIFT);
	if (a->read && arm64_cache_stale(&arm64_caches, x->pa, bytes, x->memtype))
		host_check("caches", "the guest reads %llx (frame %llx) around the caches, but it was written after "
			   "the last DC CVAC or CIVAC: it may read what was there before", addr, x->pa >> PAGE_SHIFT);
	if (a->write)
		arm64_cache_write(&arm64_caches, x->pa, bytes, x->memtype);
}
