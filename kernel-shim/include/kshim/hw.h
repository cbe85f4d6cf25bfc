/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a CPU does, as models/ implements it: guest accesses, counters, and what the tables and TLBs of a vCPU say. A
 * model knows no task and no mm; what the kernel finds when it looks at the machine is in kshim/arch.h.
 */
#ifndef KSHIM_HW_H
#define KSHIM_HW_H

#include <kshim/machine.h>

struct kvm;
struct kvm_vcpu;
struct file;

/* Registers the model's counters. Once, at boot. */
void kshim_hw_register_counters(void);

/*
 * These enclose one access of the calling CPU to memory. The tables, and what a translation finds in them, stay valid
 * until end. The caller neither sleeps nor takes locks in between. begin returns the flags for end.
 */
unsigned long kshim_hw_access_begin(void);
void kshim_hw_access_end(unsigned long flags);

/*
 * One access, or with a == NULL the rest of one that left to user space; see kvmsim_machine_ops.vcpu_access. The
 * current task must be in the vCPU's process. 0 with *r filled. -EINVAL: bad op or len, an address that the vCPU cannot
 * reach, or nothing to continue. -EBUSY: an access left to user space and was not continued. r->ret is -ELOOP after a
 * livelock or with broken tables.
 */
int kshim_hw_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			 struct kvmsim_access_result *r);
int kshim_hw_vcpu_abandon(struct kvm_vcpu *vcpu);
int kshim_hw_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			   uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			   struct kvmsim_access_result *r);

/* addr: a guest-physical address; with shadow paging, a linear address that the current root translates. */
int kshim_hw_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out);
int kshim_hw_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out);

/* A guest translation that a CPU could use now: a leaf of KVM's tables, or a TLB entry. */
struct kshim_guest_leaf {
	const char *where;	/* for messages: "EPT", "TLB of vCPU 0"; valid during the callback */
	unsigned int as_id;
	uint64_t gfn;
	unsigned long pfn, npages;
	bool writable, executable, accessed, dirty;
	bool dirty_recorded;	/* not in the dirty bitmap, but KVM will report the page when asked for its log */
	bool tlb;		/* an entry of a TLB */
	bool nested;		/* of a guest's guest: gfn is an address of its own, not one of the VM */
	uint64_t raw;
	const uint64_t *entry;	/* where the entry is; of a TLB entry where it was, or NULL: kshim_hw_entry_of() */
	struct kvm_vcpu *vcpu;	/* x86_64: of a TLB entry, else NULL; and the address that it translates */
	uint64_t addr;
};

/* Returns the table entry that a leaf is, or that decides now about the address of a TLB entry. NULL: there is none. */
const uint64_t *kshim_hw_entry_of(const struct kshim_guest_leaf *leaf);

/*
 * Calls fn for every leaf of every valid root of the VM except MMIO entries, and for every TLB entry of every vCPU
 * without a pending flush.
 */
void kshim_hw_visit_leaves(struct kvm *kvm,
			   void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg);

#endif
