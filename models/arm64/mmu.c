// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPUs' address translation in simulated memory: the registers that govern it, and one access through the TLB.
 */
#include <linux/mm.h>
#include <linux/smp.h>
#include <kshim/checks.h>
#include <kshim/driver.h>
#include <kshim/hw.h>
#include <kshim/mem.h>
#include <kshim/memory_error.h>
#include <kshim/sched.h>
#include "model.h"
#include "tags.h"

struct arm64_cpu arm64_cpus[KVMSIM_MAX_CPUS];

struct arm64_cpu *arm64_this_cpu(void)
{
	return &arm64_cpus[raw_smp_processor_id()];
}

/* --- registers --- */

static bool inside(const uint64_t *reg, const void *object, size_t bytes)
{
	return (const char *)reg >= (const char *)object && (const char *)reg < (const char *)object + bytes;
}

void arm64_write_reg(struct arm64_cpu *c, uint64_t *reg, uint64_t val)
{
	if (*reg == val)
		return;
	*reg = val;
	if (reg == &c->s2.hcr)
		c->unsynchronized |= ARM64_CTX_HCR;
	else if (inside(reg, &c->s2, sizeof(c->s2)))
		c->unsynchronized |= ARM64_CTX_STAGE2;
	else if (inside(reg, &c->el1, sizeof(c->el1)))
		c->unsynchronized |= ARM64_CTX_EL1;
	else if (inside(reg, &c->el2, sizeof(c->el2)))
		c->unsynchronized |= ARM64_CTX_EL2;
}

void arm64_isb(void)
{
	arm64_this_cpu()->unsynchronized = 0;
}

void arm64_need_sync(struct arm64_cpu *c, unsigned int context, const char *what)
{
	unsigned int missing = c->unsynchronized & context;

	if (!missing)
		return;
	host_check("barriers", "CPU %ld: %s, but a write to %s has not been followed by an ISB", c - arm64_cpus, what,
		   missing & ARM64_CTX_HCR ? "HCR_EL2" : missing & ARM64_CTX_STAGE2 ? "VTTBR_EL2 or VTCR_EL2" :
		   missing & ARM64_CTX_EL1 ? "the guest's translation registers" : "the host's translation registers");
	c->unsynchronized &= ~missing;
}

/* --- memory --- */

/* Reports a frame that a descriptor leads to and that is not memory in use. */
static bool is_live(u64 pfn, const char *how, u64 addr)
{
	if (pfn >= KSHIM_RAM_MAX >> PAGE_SHIFT) {
		host_check("guest-access", "access to %llx: %s leads to frame %llx, outside of memory", addr, how, pfn);
		return false;
	}
	if (pfn_valid(pfn) && !page_ref_count(compound_head(pfn_to_page(pfn))) &&
	    !kshim_driver_frame(pfn)) {
		kshim_about_frame(pfn);
		host_check("guest-access", "access to %llx: %s leads to frame %llx, which is free", addr, how, pfn);
		return false;
	}
	return true;
}

static bool read_desc(void *ctx, uint64_t pa, uint64_t *desc)
{
	if (!pfn_valid(PHYS_PFN(pa)) || !is_live(PHYS_PFN(pa), "a descriptor of a table", pa))
		return false;
	model_count(walk_descriptors, 1);
	*desc = READ_ONCE(*(u64 *)__va(pa));
	return true;
}

/* Not the kernel's cmpxchg(), which is a point for a scheduler: the lock of the TLB is held. */
static bool cmpxchg_desc(void *ctx, uint64_t pa, uint64_t *old, uint64_t new, bool *done)
{
	*done = __atomic_compare_exchange_n((u64 *)__va(pa), (u64 *)old, new, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	return true;
}

const struct arm64_memory arm64_memory = { .read = read_desc, .cmpxchg = cmpxchg_desc };

struct arm64_mmu arm64_mmu_of(struct arm64_cpu *c, bool el2)
{
	return (struct arm64_mmu){
		.have = &arm64_have, .memory = &arm64_memory, .tlb = &c->tlb, .s1 = el2 ? &c->el2 : &c->el1,
		.s2 = &c->s2, .el2 = el2,
	};
}

/* --- one access --- */

void arm64_access_enter(void)
{
	struct arm64_cpu *c = arm64_this_cpu();

	kshim_sched_point(KSHIM_PT_ACCESS, c);
	host_lock(&c->lock);
	c->nr_filled = 0;
}

void arm64_access_leave(void)
{
	struct arm64_cpu *c = arm64_this_cpu();
	unsigned int n = c->nr_filled;

	host_unlock(&c->lock);
	if (n)
		arm64_check_filled(c);
}

static void note_filled(struct arm64_cpu *c, const struct arm64_xlat *x)
{
	unsigned int i;

	for (i = 0; i < x->nr_filled && c->nr_filled < ARM64_CPU_FILLS; i++)
		c->filled[c->nr_filled++] = x->filled[i];
}

static bool translate(struct arm64_cpu *c, bool el2, u64 va, const struct arm64_access *a, struct arm64_xlat *x)
{
	struct arm64_mmu m = arm64_mmu_of(c, el2);
	u64 evictions = c->tlb.assoc.evictions;
	bool ok = arm64_xlate(&m, va, a, x);

	note_filled(c, x);
	if (x->hit)
		model_count(tlb_hits, 1);
	else
		model_count(tlb_misses, 1);
	model_count(tlb_evictions, c->tlb.assoc.evictions - evictions);
	/* What has an uncorrectable error answers with an external abort, which is synchronous. */
	if (ok && (!is_live(PHYS_PFN(x->pa), x->hit ? "a TLB entry" : "the tables", va) ||
		   kshim_frame_has_error(PHYS_PFN(x->pa)))) {
		x->fault = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_EXTERNAL };
		return false;
	}
	return ok;
}

bool arm64_translate_host(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f)
{
	struct arm64_cpu *c = arm64_this_cpu();
	struct arm64_xlat x;
	bool ok;

	arm64_need_sync(c, ARM64_CTX_EL2, "an access to user memory");
	ok = translate(c, true, va, a, &x);
	*f = x.fault;
	*pa = x.pa;
	return ok;
}

bool arm64_translate_guest(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f)
{
	struct arm64_cpu *c = arm64_this_cpu();
	struct arm64_xlat x;
	bool ok = translate(c, false, va, a, &x) && arm64_tags_accessed(c, va, a, &x, &x.fault);

	if (ok)
		arm64_caches_accessed(c, va, a, &x);
	*f = x.fault;
	*pa = x.pa;
	return ok;
}
