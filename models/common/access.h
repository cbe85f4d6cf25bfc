/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The access that a vCPU executes, or a run of them, as the models of all architectures have it. models/<arch>/ has
 * arch_access.h, with what the architecture's instruction needs in addition, and access.c.
 */
#ifndef MODEL_COMMON_ACCESS_H
#define MODEL_COMMON_ACCESS_H

#include <linux/kvm_host.h>
#include <kshim/machine.h>

enum model_access_state {
	MODEL_IDLE,
	MODEL_PENDING,		/* to be executed */
	MODEL_DONE,
	MODEL_EXCEPTION,	/* ended in an exception of the guest */
	MODEL_ABORTED,		/* gave up: too many faults, or broken tables */
};

#include "arch_access.h"	/* struct model_access_arch */

/* Accesses of a workload before the processor takes interrupts again. */
#define MODEL_BURST 256
/* Most faults that one access may take before it counts as a livelock. */
#define MODEL_MAX_FAULTS 100000

/* A run of equal accesses inside one call, see vcpu_workload() of kshim/machine.h. */
struct model_workload {
	u64 left;		/* accesses that still follow the current one */
	u64 first, offset, stride, bytes;
	u64 done;
};

struct model_access {
	enum model_access_state state;
	struct kvmsim_access a;
	u32 faults;		/* of this access, or of a workload's current one */
	u32 all_faults;		/* since it was started, all accesses of a workload */
	struct model_workload workload;
	struct model_access_arch arch;
};

/* --- common/access.c --- */
/* Makes the workload's next access the current one, without its state. False: there is none. */
bool model_access_next(struct model_access *m);

/* The parts of an access, each within one page; len 0: there is none. */
struct model_piece {
	u64 addr, pa;
	unsigned int len;
};

/* All but pa, which are the architecture's to find. */
void model_access_split(const struct kvmsim_access *a, struct model_piece p[2]);
/* Moves the data of a READ, WRITE, FETCH or XCHG between memory and a->value. */
void model_access_perform(struct kvmsim_access *a, const struct model_piece p[2]);

/* --- <arch>/access.c --- */
/* NULL: the model can hold no more vCPUs. */
struct model_access *model_access_of(struct kvm_vcpu *vcpu);
/* Whether the vCPU can execute it now. */
bool model_access_valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a);
/* Makes *m, of which state and a are set and the rest is zero, what the vCPU executes next. */
void model_access_start(struct kvm_vcpu *vcpu, struct model_access *m);
/* KVM_RUN of the vCPU's file, in which the vCPU executes its access *m. */
long model_access_run(struct kvm_vcpu *vcpu, struct model_access *m, struct file *file);
/* What beside r->done an access shows that is over: in MODEL_DONE or MODEL_EXCEPTION. */
void model_access_result(const struct model_access *m, struct kvmsim_access_result *r);

#endif
