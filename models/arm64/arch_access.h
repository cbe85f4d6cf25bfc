/* SPDX-License-Identifier: GPL-2.0-only */
/* What an access of an arm64 processor has in addition to common/access.h. */
#ifndef MODEL_ARM64_ARCH_ACCESS_H
#define MODEL_ARM64_ARCH_ACCESS_H

/*
 * The instruction at PC: LDR, STR or SWP of X0 and [X1], or what KVMSIM_FETCH executes at its address, a NOP.
 * Instructions have four bytes, and are not fetched except by KVMSIM_FETCH.
 */
struct model_access_arch {
	u64 pc;			/* of the instruction: KVM has emulated it if PC is behind it */
	u64 pstate;		/* of the guest before an access in user mode */
	bool el2;		/* began while the guest believed to be in EL2 */
	u64 esr, far;		/* of the exception to EL1, or to the guest's EL2, in which it ended */
};

/* Accesses stay aligned if the first one and the stride are: with stage 1 off, memory is Device. */
#define model_workload_bytes(len, n) ((len) & ~((u64)(n) - 1))

/* mmu.c: take and release the lock of this CPU's TLB. Interrupts are off. */
void arm64_access_enter(void);
void arm64_access_leave(void);
#define model_access_enter arm64_access_enter
#define model_access_leave arm64_access_leave

#endif
