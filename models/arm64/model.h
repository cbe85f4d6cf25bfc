/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to the arm64 model, and for arch/arm64.
 *
 * A vCPU executes accesses. sim sets one (struct model_access) and calls the vCPU file's KVM_RUN. The real
 * __kvm_vcpu_run() calls __guest_enter(), which performs the access like the CPU and returns with the same exception.
 */
#ifndef MODEL_ARM64_MODEL_H
#define MODEL_ARM64_MODEL_H

#include <linux/kvm_host.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include "common/access.h"
#include "common/counters.h"
#include "cache.h"
#include "cpu.h"
#include "sysreg.h"

/* --- features.c --- */
/*
 * Adds to the machine's features or removes from them: "name=1" or "name=0", separated by commas. 0, or -EINVAL after a
 * report. The CPUs' registers stay as they are.
 */
int arm64_change_features(const char *changes);
/* Returns the name of feature i, counted from 0, or NULL past the last. */
const char *arm64_feature_name(unsigned int i);

/* --- guest.c, access.c --- */
/* The model's record of a vCPU. It is free if vcpu is NULL. */
struct arm64_vcpu {
	struct kvm_vcpu *vcpu;
	u64 exits;		/* vcpu->stat.exits when the model saw it last */
	struct model_access access;
};

/* Returns the record of a vCPU, or NULL if there are too many. */
struct arm64_vcpu *arm64_vcpu_of(struct kvm_vcpu *vcpu);

/*
 * ERET to the guest of this vCPU, whose system registers are in the calling CPU: general registers are in *regs, PC and
 * PSTATE in ELR_EL2 and SPSR_EL2. Returns after the guest has taken an exception to EL2: ARM_EXCEPTION_TRAP or _IRQ (or
 * _IL: there was no guest to return to).
 *
 * A guest without an access, or whose access has ended, gives control back to user space: ARM_EXCEPTION_HYP_GONE, which
 * KVM does not act upon (KVM_EXIT_FAIL_ENTRY). No exception of an arm64 CPU does that without a setting of the VM's.
 */
u64 arm64_guest_run(struct kvm_vcpu *vcpu, struct user_pt_regs *regs);

/* --- mmu.c: what walk.c, tlb.c and xlate.c are with this machine's memory and CPUs --- */
extern const struct arm64_memory arm64_memory;
/* A CPU's regime as its registers have it now. */
struct arm64_mmu arm64_mmu_of(struct arm64_cpu *c, bool el2);
/* Reports a use, what, of registers (enum arm64_context) whose last write no ISB has followed. */
void arm64_need_sync(struct arm64_cpu *c, unsigned int context, const char *what);
/*
 * One translation by this CPU, through its TLB, in the regime of a process (EL2&0) or of the guest (EL1&0). Call it
 * between kshim_hw_access_begin() and end. Returns false with *f filled.
 */
bool arm64_translate_host(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f);
bool arm64_translate_guest(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f);

/* --- at.c --- */
/* AT by its encoding, as sys_insn() makes it: sets PAR_EL1, and *f if it failed. false: no such instruction. */
bool arm64_at(u32 op, u64 addr, struct arm64_fault *f);

/* --- conflicts.c: break-before-make --- */
/* Compares what this CPU's last access has filled with all TLBs. Not during an access. */
void arm64_check_filled(struct arm64_cpu *c);
#define ARM64_NO_VMID 0x10000U	/* of a process */
/*
 * Reports entries of all TLBs that were made from the tables beginning at root, of a process or as stage 2 of a VM with
 * that VMID, and that the descriptors there no longer say. What was made for a VM that is gone stays in TLBs, under its
 * VMID, and means nothing, even if another VM has its frames now. Reports broken TLBs. Both return the number of
 * findings. No other thread may be in kernel code.
 */
int arm64_check_tables(u64 root, unsigned int vmid);
int arm64_check_tlbs(void);

/* --- inspect.c --- */
/* Stage 2 number i of a VM: 0 is its own, the others are for guests of its guests. NULL: there are no more. */
struct kvm_s2_mmu *arm64_s2_mmu(struct kvm *kvm, unsigned int i);
/* Its tables as a vCPU has them in VTTBR_EL2. Returns false if there are none. */
bool arm64_s2_mmu_tables(const struct kvm_s2_mmu *mmu, struct arm64_tables *t);
/* arm64_check_tables() for each stage 2 of a VM. */
int arm64_check_vm(struct kvm *kvm);

/* --- maintenance.c --- */
extern struct arm64_caches arm64_caches;
/* Gives the machine the state of its cache lines. Once. */
void arm64_caches_boot(void);
/* The host has written to memory, by its cacheable mapping. */
void arm64_host_wrote(const void *mem, u64 bytes);
/* What an access of a guest does to that state, and what it may get to see: reports an older value. */
void arm64_caches_accessed(const struct arm64_cpu *c, u64 addr, const struct arm64_access *a,
			   const struct arm64_xlat *x);
/* A TLBI that a guest executes and KVM does not trap; takes effect at once. Not during an access. */
void arm64_guest_tlbi(const char *name, u64 arg);

#endif
