/* SPDX-License-Identifier: GPL-2.0-only */
/* What common shim code asks of the architecture and of its hardware model. */
#ifndef KSHIM_ARCH_H
#define KSHIM_ARCH_H

#include <kshim/machine.h>
#include <kshim/arch_defs.h>

struct mm_struct;
struct kvm;
struct kvm_vcpu;
struct file;

/* NULL-terminated; the first is the default. */
extern const char *const kshim_arch_personalities[];
/* Registers and identification of one CPU, before any thread runs there; its per-cpu area must exist. */
void kshim_arch_boot_cpu(unsigned int cpu);
/* The rest, once, when all CPUs have been booted. 0 or -errno. */
int kshim_arch_boot(void);
/*
 * Loads KVM and the vendor module; personality as for kvmsim_machine_ops.kvm_load, NULL: the default. 0, -EINVAL (no such
 * personality), or what KVM's init returned.
 */
int kshim_arch_kvm_load(const char *personality);
/* task_size, mmap_base, top-down layout of a fresh mm. pgste: see process_create() of kshim/machine.h. */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste);

long kshim_arch_sys_munmap(unsigned long addr, unsigned long len);
long kshim_arch_sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot);
long kshim_arch_sys_mremap(unsigned long addr, unsigned long old_len, unsigned long new_len, unsigned long flags,
			   unsigned long new_addr);
long kshim_arch_sys_madvise(unsigned long addr, unsigned long len, int advice);
long kshim_arch_sys_mlock(unsigned long addr, unsigned long len);
long kshim_arch_sys_munlock(unsigned long addr, unsigned long len);
long kshim_arch_sys_eventfd2(unsigned int count, int flags);
long kshim_arch_sys_userfaultfd(int flags);

/* Supplied by the hardware model: registers its counters. */
void kshim_arch_register_counters(void);
/*
 * Compares the TLBs behind user accesses with the page tables: each entry that the tables no longer allow is a
 * KVMSIM_CHECK report. Call it while no other thread is in kernel code. Returns how many.
 */
int kshim_arch_check_host_tlb(void);

/*
 * One access of the processor to memory, for core/world/uaccess.c: what translate finds, and the tables, stay until end. The
 * caller neither sleeps nor takes locks in between.
 */
unsigned long kshim_arch_access_begin(void);
void kshim_arch_access_end(unsigned long flags);
/* The kernel address behind addr, or NULL: an exception, which *error_code describes to kshim_arch_user_fault(). */
void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code);
/* The exception's handler; user: the process did it, not the kernel. True: try again. */
bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user);
/*
 * For it: an access of the process's own (user) gets a signal, one of the kernel for it only fails; both return false.
 * done: what handle_mm_fault() could not do; out of memory has no signal; true when there was no error.
 */
bool kshim_fault_signal(bool user, int sig, int code, unsigned long addr);
bool kshim_fault_done(unsigned int fault, bool user, unsigned long addr);
/* What to do with one piece that lies within a page; returns false to end the whole access before it. */
typedef bool (*kshim_piece_fn)(void *mem, unsigned long done, unsigned long len, void *arg);
/*
 * Calls fn for each piece of the current process's addr..addr+n, inside an access of the processor; user: the process
 * does it, not the kernel. Returns the bytes that were not handled.
 */
unsigned long kshim_user_pieces(unsigned long addr, unsigned long n, bool write, bool user, kshim_piece_fn fn, void *arg);
/* Called on entry to a process and on return from it: this CPU leaves prev's address space for next's; NULL: none. */
void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next);

/* The current process in user mode; 0, or -EFAULT with *done bytes moved. */
int kshim_user_read(unsigned long addr, void *buf, unsigned long len, uint64_t *done);
int kshim_user_write(unsigned long addr, const void *buf, unsigned long len, uint64_t *done);

/*
 * One access, or with a == NULL the rest of one that left to user space; see kvmsim_machine_ops.vcpu_access. The current
 * task is in the vCPU's process. 0 with *r filled; -EINVAL: op, len or an address that the vCPU cannot reach, or
 * nothing to continue; -EBUSY: one has left and was not continued. r->ret is -ELOOP after a livelock or broken tables.
 */
int kshim_arch_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			   struct kvmsim_access_result *r);
int kshim_arch_vcpu_abandon(struct kvm_vcpu *vcpu);
int kshim_arch_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			     uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			     struct kvmsim_access_result *r);
/* addr: a guest-physical address, or with shadow paging the linear address that the current root translates. */
int kshim_arch_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out);
int kshim_arch_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out);

/* A guest translation that a CPU could use now: a leaf of KVM's tables, or a TLB entry. */
struct kshim_guest_leaf {
	const char *where;	/* for messages: "EPT", "TLB of vCPU 0"; valid during the callback */
	unsigned int as_id;
	uint64_t gfn;
	unsigned long pfn, npages;
	bool writable, executable, accessed, dirty;
	bool dirty_recorded;	/* outside of the dirty bitmap: KVM will report the page when it is asked for its log */
	uint64_t raw;
};

/* Every leaf of every valid root of the VM, MMIO entries excepted, and every TLB entry of vCPUs without a pending flush. */
void kshim_arch_for_each_leaf(struct kvm *kvm,
			      void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg);
/*
 * Reports cached entries of upper-level tables that no pending flush covers and that the tables no longer have.
 * Returns how many.
 */
int kshim_arch_check_walk_caches(struct kvm *kvm);

#endif
