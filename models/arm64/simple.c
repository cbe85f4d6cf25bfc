// SPDX-License-Identifier: GPL-2.0-only
/*
 * What cpu.h and model.h promise, in its smallest form, until xlate and TLB are there: walks of 4 KiB tables from the top,
 * without a TLB, so that no maintenance is needed.
 */
#include <linux/mm.h>
#include <linux/smp.h>
#include <asm/kvm_arm.h>
#include <asm/kvm_pgtable.h>
#include <asm/sysreg.h>
#include <kshim/insn.h>
#include <kshim/mem.h>
#include "model.h"

struct arm64_cpu arm64_cpus[KVMSIM_MAX_CPUS];

struct arm64_cpu *arm64_this_cpu(void)
{
	return &arm64_cpus[raw_smp_processor_id()];
}

void arm64_write_reg(struct arm64_cpu *c, uint64_t *reg, uint64_t val)
{
	*reg = val;
}

void arm64_isb(void)
{
}

static bool fail(struct arm64_fault *f, unsigned int fsc, unsigned int level, const struct arm64_access *a, bool stage2,
		 u64 ipa)
{
	*f = (struct arm64_fault){ .failed = true, .fsc = fsc | level, .stage2 = stage2, .write = a->write && !a->at,
				   .ipa = ipa };
	return false;
}

/* Walks from table down; ok says which bits of the leaf forbid the access. */
static bool walk(u64 table, unsigned int level, unsigned int index_bits, u64 addr, const struct arm64_access *a, bool stage2,
		 bool hw, u64 *pa, struct arm64_fault *f)
{
	for (;; level++) {
		unsigned int shift = 12 + 9 * (3 - level);
		u64 *entry = (u64 *)__va(table) + ((addr >> shift) & ((1UL << index_bits) - 1));
		u64 desc = READ_ONCE(*entry), want;

		index_bits = 9;
		if (!(desc & 1) || (level == 3 && !(desc & 2)))
			return fail(f, ARM64_FSC_TRANSLATION, level, a, stage2, addr);
		if (level < 3 && desc & 2) {
			table = desc & GENMASK_ULL(47, 12);
			continue;
		}
		want = desc;
		if (!(desc & BIT(10))) {
			if (!hw)
				return fail(f, ARM64_FSC_ACCESS_FLAG, level, a, stage2, addr);
			want |= BIT(10);
		}
		if (stage2) {
			if ((a->read && !(desc & BIT(6))) || (a->write && !(desc & BIT(7))) || (a->fetch && desc & BIT_ULL(54)))
				return fail(f, ARM64_FSC_PERMISSION, level, a, stage2, addr);
		} else {
			if (a->user && !(desc & BIT(6)))
				return fail(f, ARM64_FSC_PERMISSION, level, a, stage2, addr);
			if (a->write && desc & BIT(7)) {
				if (!hw || !(desc & BIT_ULL(51)))
					return fail(f, ARM64_FSC_PERMISSION, level, a, stage2, addr);
				want &= ~BIT(7);
			}
		}
		if (want != desc && !try_cmpxchg64(entry, &desc, want)) {
			level--;
			continue;
		}
		*pa = (desc & GENMASK_ULL(47, 12) & ~((1UL << shift) - 1)) | (addr & ((1UL << shift) - 1));
		return true;
	}
}

bool arm64_translate_host(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f)
{
	struct arm64_cpu *c = arm64_this_cpu();

	return walk(c->el2.ttbr[0] & GENMASK_ULL(47, 12), 0, 9, va, a, false, arm64_have.dbm, pa, f);
}

bool arm64_translate_guest(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f)
{
	struct arm64_cpu *c = arm64_this_cpu();
	u64 sl0 = c->s2.vtcr >> 6 & 3, bits = 64 - (c->s2.vtcr & 0x3f);
	unsigned int level = 2 - sl0, top = bits - (12 + 9 * (3 - level));

	if (c->el1.sctlr & ARM64_SCTLR_M)
		model_unmodelled();
	if (va >> bits)
		return fail(f, ARM64_FSC_TRANSLATION, level, a, true, va);
	return walk(c->s2.vttbr & GENMASK_ULL(47, 1), level, top, va, a, true, c->s2.vtcr & VTCR_EL2_HA, pa, f);
}

void kshim_at(u32 op, u64 addr)
{
	arm64_this_cpu()->par_el1 = addr & GENMASK_ULL(47, 12);
}

void kshim_tlbi(const char *insn, unsigned long arg)
{
}

void kshim_ic(const char *insn, unsigned long operand)
{
}

void kshim_dc(const char *op, unsigned long addr)
{
}

void kshim_dsb(const char *domain)
{
	smp_mb();
}

void kshim_isb(void)
{
	arm64_isb();
}
