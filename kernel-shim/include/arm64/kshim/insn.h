/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Privileged instructions of arm64, carried out by the model for the calling CPU. Functions with insn get the text of
 * an asm statement, which begins with the instruction's name, and the operand in a register, or 0
 * (kernel-shim/arch/arm64/instructions.list).
 */
#ifndef KSHIM_ARM64_INSN_H
#define KSHIM_ARM64_INSN_H

#include <linux/types.h>

/*
 * MRS and MSR on the register of this name, as an assembler knows it, or encoding, as sys_reg() makes it. The cache is
 * the call's own, and 0 at first. An unknown register, and a write to one that cannot be written, end the scenario with
 * its name.
 */
u64 kshim_mrs(u16 *cache, const char *name);
void kshim_msr(u16 *cache, const char *name, u64 val);
u64 kshim_mrs_s(u32 encoding, const char *name);
void kshim_msr_s(u32 encoding, const char *name, u64 val);
/* MSR with an immediate value, for a field of PSTATE: insn is all of it. */
void kshim_msr_insn(const char *insn, unsigned long operand);

/* "tlbi vae1is, %x0" and its argument. */
void kshim_tlbi(const char *insn, unsigned long arg);
/* "ic ialluis" */
void kshim_ic(const char *insn, unsigned long operand);
/* AT: op is its encoding, as sys_insn() makes it; the result is in PAR_EL1. */
void kshim_at(u32 op, u64 addr);
/* DSB and ISB. domain: "ish", "nshst", ... */
void kshim_dsb(const char *domain);
void kshim_isb(void);
void kshim_nop(const char *insn, unsigned long operand);

/* DC on the line with this address of the kernel's. op: "civac", "cvau", "cvac". */
void kshim_dc(const char *op, unsigned long addr);

#endif
