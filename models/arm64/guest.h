/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to guest.c, insn.c and access.c: a guest that runs. */
#ifndef MODEL_ARM64_GUEST_H
#define MODEL_ARM64_GUEST_H

#include "model.h"

#define GUEST_INSN_BYTES 4

struct guest {
	struct arm64_vcpu *v;
	struct kvm_vcpu *vcpu;
	struct user_pt_regs *regs;	/* X0 to X30; PC and PSTATE are in ELR_EL2 and SPSR_EL2 */
	struct arm64_cpu *cpu;
	struct arm64_sysregs *sys;
};

/* Ends the access in an exception to EL1: fills ESR, FAR, ELR and SPSR of EL1. */
void guest_exception_to_el1(struct guest *g, u64 esr, u64 far);

/* --- insn.c: instructions that are no accesses, by their text --- */
bool guest_insn_valid(u32 text);
/*
 * Executes one, and advances PC. Returns false if it has taken an exception to EL2, with the registers for that filled.
 * An exception to EL1 ends the access.
 */
bool guest_insn(struct guest *g, u32 text);

#endif
