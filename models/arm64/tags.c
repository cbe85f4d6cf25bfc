// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory tags; see tags.h. Arm ARM, D10 "The Memory Tagging Extension". A byte holds a tag, so that CPUs may store
 * different ones at once. The host allocates pages of the array when they are used.
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <asm/kvm_arm.h>
#include <asm/mte.h>
#include <asm/ptrace.h>
#include <asm/sysreg.h>
#include <kshim/form/mte_folio.h>
#include <kshim/host.h>
#include <kshim/mem.h>
#include "model.h"
#include "tags.h"

/* What a tag is before it is set, which the architecture leaves unknown. The array has the difference to it. */
#define NEVER_SET 0xb
#define TAGS (KSHIM_RAM_MAX / ARM64_TAG_BYTES)

/* Bits of TCR_EL1. */
#define TBI0 BIT(37)
#define TBI1 BIT(38)
#define TCMA0 BIT(57)
#define TCMA1 BIT(58)
/* SCTLR_EL1.TCF and TCF0. */
enum { TCF_NONE, TCF_SYNC, TCF_ASYNC };

static u8 *tags;

void arm64_tags_boot(void)
{
	tags = host_map(0, TAGS);
}

static u8 *tag_at(u64 pa)
{
	return pa < KSHIM_RAM_MAX ? &tags[pa / ARM64_TAG_BYTES] : NULL;
}

u8 arm64_load_tag(u64 pa)
{
	const u8 *tag = tag_at(pa);

	return tag ? __atomic_load_n(tag, __ATOMIC_RELAXED) ^ NEVER_SET : 0;
}

void arm64_store_tag(u64 pa, u8 value)
{
	u8 *tag = tag_at(pa);

	if (tag)
		__atomic_store_n(tag, (value & 0xf) ^ NEVER_SET, __ATOMIC_RELAXED);
}

bool arm64_tags_on(const struct arm64_cpu *c, bool user)
{
	return arm64_have.mte && c->s2.hcr & HCR_ATA && c->el1.sctlr & (user ? SCTLR_EL1_ATA0 : SCTLR_ELx_ATA);
}

/* Returns whether an access by this address is compared at all: D10.4.1 "Tag checked memory accesses". */
static bool is_checked(const struct arm64_cpu *c, u64 va, const struct arm64_access *a, const struct arm64_xlat *x)
{
	bool high = va & BIT(55);
	u8 tag = ARM64_TAG_OF(va);

	if (a->fetch || a->maintenance || a->tag || a->tco || x->memtype != ARM64_NORMAL_TAGGED)
		return false;
	if (!arm64_tags_on(c, a->user) || !(c->el1.tcr & (high ? TBI1 : TBI0)))
		return false;
	/* Tags that match everything, the one of addresses that have none. */
	return !(high ? tag == 0xf && c->el1.tcr & TCMA1 : !tag && c->el1.tcr & TCMA0);
}

static bool matches(u64 va, u64 pa, u64 bytes)
{
	u64 at;

	for (at = ALIGN_DOWN(pa, ARM64_TAG_BYTES); at < pa + bytes; at += ARM64_TAG_BYTES) {
		if (arm64_load_tag(at) != ARM64_TAG_OF(va))
			return false;
	}
	return true;
}

/* TFSR_EL1 or TFSRE0_EL1: TF1 is for addresses with bit 55. */
static void note_async_fault(bool user, bool high)
{
	struct arm64_sysregs *sys = &arm64_sysregs[raw_smp_processor_id()];

	*(user ? &sys->tfsre0_el1 : &sys->tfsr_el1) |= high ? SYS_TFSR_EL1_TF1 : SYS_TFSR_EL1_TF0;
}

bool arm64_tags_accessed(struct arm64_cpu *c, u64 va, const struct arm64_access *a, const struct arm64_xlat *x,
			 struct arm64_fault *f)
{
	u64 bytes = min_t(u64, a->bytes ?: 1, SZ_4K - (va & (SZ_4K - 1))), pfn = PHYS_PFN(x->pa);
	u64 sctlr = c->el1.sctlr;
	u64 tcf = a->user ? FIELD_GET(SCTLR_EL1_TCF0_MASK, sctlr) : FIELD_GET(SCTLR_EL1_TCF_MASK, sctlr);

	if (arm64_have.mte && c->s2.hcr & HCR_ATA && pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn)) &&
	    !kshim_page_mte_tagged(pfn_to_page(pfn)))
		host_check("tags", "the guest, which has tags, accesses %llx (frame %llx), whose tags have not been "
			   "set since it was allocated: they are those of whoever had it before", va, pfn);
	if (!is_checked(c, va, a, x) || tcf == TCF_NONE || matches(va, x->pa, bytes))
		return true;
	if (tcf == TCF_ASYNC) {
		note_async_fault(a->user, va & BIT(55));
		return true;
	}
	*f = (struct arm64_fault){ .failed = true, .fsc = ARM64_FSC_TAG, .write = a->write };
	return false;
}
