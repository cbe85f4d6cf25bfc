/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One simulated CPU: the system registers that the hardware itself acts on, its TLB, and what it has begun but not
 * completed: TLB maintenance before a DSB, register writes before an ISB.
 *
 * The model owns these registers; arch/arm64/sysreg.c keeps all others and gives names and encodings to both. A CPU's
 * registers are its own thread's. Its TLB, and the list of pending operations, are under its lock.
 *
 * Needs nothing of the kernel, so that unit tests can use it, except the lock.
 */
#ifndef MODEL_ARM64_CPU_H
#define MODEL_ARM64_CPU_H

#include <kshim/host.h>
#include <kshim/machine.h>
#include "tlb.h"
#include "tlbi.h"
#include "walk.h"
#include "xlate.h"

/* Registers whose writes wait for a context synchronization event: bits of struct arm64_cpu.unsynchronized. */
enum arm64_context {
	ARM64_CTX_HCR = 1 << 0,
	ARM64_CTX_STAGE2 = 1 << 1,	/* VTTBR_EL2, VTCR_EL2 */
	ARM64_CTX_EL1 = 1 << 2,		/* SCTLR, TCR, MAIR, TTBRn of EL1 */
	ARM64_CTX_EL2 = 1 << 3,		/* the same of EL2 */
};

/* Two pages of an access, each with the entries of one translation. */
#define ARM64_CPU_FILLS (2 * ARM64_XLAT_FILLS)

/* TLBIs between two DSBs that the CPU remembers. With more, the oldest one takes effect. */
#define ARM64_PENDING_TLBIS 64

struct arm64_cpu {
	/*
	 * Stage 1. el2 is what kernel code at EL2 with E2H reaches by the names sctlr_el1, tcr_el1, ttbr0_el1 ..., and
	 * el1 what it reaches by the _EL12 encodings.
	 */
	struct arm64_regime el1, el2;
	/* Stage 2 and the choice of the regime. */
	struct arm64_stage2_regs s2;	/* HCR_EL2, VTCR_EL2, VTTBR_EL2 */
	/* What an exception to EL2, and AT, report. Those of EL1 are not here: KVM injects the guest's exceptions. */
	uint64_t esr_el2, far_el2, hpfar_el2, par_el1;

	unsigned int unsynchronized;	/* enum arm64_context */

	struct host_lock lock;
	struct arm64_tlb tlb;
	struct arm64_tlbi pending[ARM64_PENDING_TLBIS];
	unsigned int nr_pending;
	/* Entries of the TLB that the access in progress has filled; after it, they are compared with other CPUs'. */
	uint16_t filled[ARM64_CPU_FILLS];
	unsigned int nr_filled;
};

extern struct arm64_cpu arm64_cpus[KVMSIM_MAX_CPUS];
/* What the machine has. Set it before CPUs boot; zero until then. */
extern struct arm64_features arm64_have;

/* The calling thread's CPU. */
struct arm64_cpu *arm64_this_cpu(void);

/* MSR to one of the registers above: reg points into *c. */
void arm64_write_reg(struct arm64_cpu *c, uint64_t *reg, uint64_t val);

/* ISB, or another context synchronization event (exception entry and return). The instructions are in kshim/insn.h. */
void arm64_isb(void);

#endif
