/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The access that a vCPU executes, or a run of them, for the models of all architectures. models/<arch>/ has access.c,
 * and arch_access.h with what the architecture's instruction needs in addition.
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

/* An architecture whose translations need more than interrupts that are off defines both. */
#ifndef model_access_enter
#define model_access_enter() do { } while (0)
#define model_access_leave() do { } while (0)
#endif

/* Where a workload of accesses of n bytes within len wraps around, unless the architecture says something else. */
#ifndef model_workload_bytes
#define model_workload_bytes(len, n) ((len) - (n) + 1)
#endif

/* Accesses of a workload before the processor takes interrupts again. */
#define MODEL_BURST 256
/* An access that takes more faults than this counts as a livelock. */
#define MODEL_MAX_FAULTS 100000

/* A run of equal accesses inside one call, see vcpu_workload() of kshim/machine.h. */
struct model_workload {
	u64 left;		/* accesses that follow the current one */
	u64 first, offset, stride, bytes;
	u64 done;
};

struct model_access {
	enum model_access_state state;
	struct kvmsim_access a;
	u32 faults;		/* of this access, or of the workload's current one */
	u32 all_faults;		/* since the start, of all accesses of a workload */
	struct model_workload workload;
	struct model_access_arch arch;
};

/* --- common/access.c --- */
/* Makes the workload's next access the current one, without its state. Returns false if there is none. */
bool model_access_next(struct model_access *m);

/* The parts of an access, each within one page. len 0: no such part. */
struct model_piece {
	u64 addr, pa;
	unsigned int len;
};

/* Fills all fields except pa, which the architecture must find. */
void model_access_split(const struct kvmsim_access *a, struct model_piece p[2]);
/* Moves the data of a READ, WRITE, FETCH or XCHG between memory and a->value. */
void model_access_perform(struct kvmsim_access *a, const struct model_piece p[2]);

/* --- <arch>/access.c --- */
/* Returns NULL if the model has no room for another vCPU. */
struct model_access *model_access_of(struct kvm_vcpu *vcpu);
/* Returns whether the vCPU can execute it now. */
bool model_access_valid(struct kvm_vcpu *vcpu, const struct kvmsim_access *a);
/* Makes *m the vCPU's next instruction. Its state and a are set, the rest is zero. */
void model_access_start(struct kvm_vcpu *vcpu, struct model_access *m);
/* Runs KVM_RUN of the vCPU's file, in which the vCPU executes its access *m. */
long model_access_run(struct kvm_vcpu *vcpu, struct model_access *m, struct file *file);
/* Fills what an ended access (MODEL_DONE or MODEL_EXCEPTION) shows, except r->done. */
void model_access_result(const struct model_access *m, struct kvmsim_access_result *r);

#endif
