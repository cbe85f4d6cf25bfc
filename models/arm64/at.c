// SPDX-License-Identifier: GPL-2.0-only
/* AT, address translation instructions: Arm ARM, C5.4 and "PAR_EL1, Physical Address Register". */
#include <linux/irqflags.h>
#include <asm/sysreg.h>
#include <kshim/hw.h>
#include <kshim/host.h>
#include <kshim/insn.h>
#include "model.h"

/* Fields of PAR_EL1. */
#define PAR_F BIT_ULL(0)
#define PAR_FST_SHIFT 1
#define PAR_PTW BIT_ULL(8)
#define PAR_S BIT_ULL(9)
#define PAR_RES1 BIT_ULL(11)
#define PAR_SH_SHIFT 7
#define PAR_ATTR_SHIFT 56

struct at {
	bool el2;
	struct arm64_access a;
};

static bool decode(u32 op, const struct arm64_cpu *c, struct at *at)
{
	bool host = c->s2.hcr & ARM64_HCR_TGE;

	*at = (struct at){ .a = { .at = true, .read = true, .stage1_only = true } };
	switch (op) {
	case OP_AT_S1E1WP:
	case OP_AT_S1E1W:
		at->a.read = false;
		at->a.write = true;
		at->a.pan = op == OP_AT_S1E1WP;
		at->el2 = host;
		return true;
	case OP_AT_S1E1RP:
	case OP_AT_S1E1R:
		at->a.pan = op == OP_AT_S1E1RP;
		at->el2 = host;
		return true;
	case OP_AT_S1E0W:
	case OP_AT_S1E0R:
		at->a.user = true;
		at->a.write = op == OP_AT_S1E0W;
		at->a.read = !at->a.write;
		at->el2 = host;
		return true;
	case OP_AT_S1E2W:
	case OP_AT_S1E2R:
		at->a.write = op == OP_AT_S1E2W;
		at->a.read = !at->a.write;
		at->el2 = true;
		return true;
	case OP_AT_S12E1R:
	case OP_AT_S12E1W:
	case OP_AT_S12E0R:
	case OP_AT_S12E0W:
		at->a.stage1_only = false;
		at->a.user = op == OP_AT_S12E0R || op == OP_AT_S12E0W;
		at->a.write = op == OP_AT_S12E1W || op == OP_AT_S12E0W;
		at->a.read = !at->a.write;
		return true;
	default:
		return false;
	}
}

static u64 attributes(enum arm64_memtype type)
{
	static const u8 attr[] = { 0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xff, 0xf0 };
	u64 shareability = type < ARM64_NORMAL_WT ? 2 : 3;	/* outer, else inner */

	return (u64)attr[type] << PAR_ATTR_SHIFT | shareability << PAR_SH_SHIFT;
}

bool arm64_at(u32 op, u64 addr, struct arm64_fault *f)
{
	struct arm64_cpu *c;
	struct arm64_mmu m;
	struct arm64_xlat x;
	unsigned long flags;
	struct at at;

	flags = kshim_hw_access_begin();
	c = arm64_this_cpu();
	if (!decode(op, c, &at)) {
		kshim_hw_access_end(flags);
		return false;
	}
	arm64_need_sync(c, ARM64_CTX_HCR | (at.el2 ? ARM64_CTX_EL2 : ARM64_CTX_EL1 | ARM64_CTX_STAGE2), "AT");
	m = arm64_mmu_of(c, at.el2);
	if (arm64_xlate(&m, addr, &at.a, &x))
		c->par_el1 = PAR_RES1 | (x.pa & GENMASK_ULL(47, 12)) | attributes(x.memtype);
	else
		c->par_el1 = PAR_RES1 | PAR_F | (u64)x.fault.fsc << PAR_FST_SHIFT | (x.fault.s1ptw ? PAR_PTW : 0) |
			     (x.fault.stage2 ? PAR_S : 0);
	kshim_hw_access_end(flags);
	*f = x.fault;
	return true;
}

void kshim_at(u32 op, u64 addr)
{
	struct arm64_fault f;

	if (!arm64_at(op, addr, &f))
		host_fatal(KVMSIM_REFUSED, NULL, 0, "AT with encoding %x is not modelled", op);
}
