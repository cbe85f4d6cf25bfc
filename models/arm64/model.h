/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to the arm64 model, and for arch/arm64.
 *
 * A vCPU executes accesses. sim sets one (struct model_access) and calls the vCPU file's KVM_RUN. The real
 * __kvm_vcpu_run() calls __guest_enter(), which performs the access like the CPU and comes back with the same exception.
 */
#ifndef MODEL_ARM64_MODEL_H
#define MODEL_ARM64_MODEL_H

#include <linux/kvm_host.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include "common/access.h"
#include "common/counters.h"
#include "cpu.h"
#include "sysreg.h"

/* Ends the scenario: other architectures' models do what the calling function is for, arm64's does not yet. */
#define model_unmodelled() host_fatal(KVMSIM_REFUSED, NULL, 0, "%s() is not modelled on arm64", __func__)

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
	u64 exits;		/* vcpu->stat.exits after its last run */
	struct model_access access;
};

/* The vCPU that the calling native thread runs, or NULL. */
extern __thread struct arm64_vcpu *arm64_running;

/*
 * ERET to the guest of this vCPU, whose system registers are in the calling CPU: general registers are in *regs, PC and
 * PSTATE in ELR_EL2 and SPSR_EL2. Returns after the guest has taken an exception to EL2: ARM_EXCEPTION_TRAP or _IRQ (or
 * _IL: there was no guest to return to).
 *
 * A guest without an access, or whose access has ended, gives control back to user space: ARM_EXCEPTION_HYP_GONE, which
 * KVM does not act upon (KVM_EXIT_FAIL_ENTRY). No exception of an arm64 CPU does that without a setting of the VM's.
 */
u64 arm64_guest_run(struct kvm_vcpu *vcpu, struct user_pt_regs *regs);

/* --- xlate --- */
/*
 * One translation by this CPU, through its TLB, in the regime of a process (EL2&0) or of the guest (EL1&0). Call it
 * between kshim_hw_access_begin() and end. Returns false with *f filled.
 */
bool arm64_translate_host(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f);
bool arm64_translate_guest(u64 va, const struct arm64_access *a, u64 *pa, struct arm64_fault *f);

#endif
