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

/* Ends the access in an exception to EL1: fills ESR, FAR, ELR and SPSR of EL1. Refused for a guest in its own EL2. */
void guest_exception_to_el1(struct guest *g, u64 esr, u64 far);

/* Takes the abort of an access that failed, to EL1 or to EL2. Returns false if to EL2. */
bool guest_abort(struct guest *g, const struct arm64_fault *f, const struct arm64_access *access, u64 far);

/* --- insn.c: instructions that are no accesses, by their text --- */
bool guest_insn_valid(u32 text);
/*
 * Executes one, and advances PC. Returns false if it has taken an exception to EL2, with the registers for that filled.
 * An exception to EL1 ends the access.
 */
bool guest_insn(struct guest *g, u32 text);
/* An instruction that is UNDEFINED: ends the access in that exception. Returns true. */
bool guest_undefined(struct guest *g);

/* --- insn_tag.c: STG and LDG, by their text, on a machine with memory tags --- */
bool guest_tag_insn(struct guest *g, u32 text, bool store);

/* --- insn_sys.c: the same for system instructions --- */
bool guest_sys_valid(u32 text);
bool guest_sys(struct guest *g, u32 text);

/* --- nested.c: the guest believes to be in EL2, on a machine with nv2 --- */
/* Whether it does now. Refuses what nv2 would need in addition. */
bool guest_in_el2(const struct guest *g);
/* Whether this system instruction, as sys_reg() encodes it, is one of EL2 and traps. Refuses its registers. */
bool guest_traps_to_el2(const struct guest *g, u32 encoding);

#endif
