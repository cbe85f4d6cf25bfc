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
/* Sets up registers and identification of one CPU. Its per-cpu area must exist, and no thread may run on it yet. */
void kshim_arch_boot_cpu(unsigned int cpu);
/* Does the rest, once, when all CPUs have been booted. 0 or -errno. */
int kshim_arch_boot(void);
/*
 * Loads KVM and the vendor module. personality: as for kvmsim_machine_ops.kvm_load; NULL: the default. 0, -EINVAL (no
 * such personality), or the result of KVM's init.
 */
int kshim_arch_kvm_load(const char *personality);
/* Sets task_size, mmap_base and the top-down layout of a fresh mm. pgste: see process_create() of kshim/machine.h. */
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

/* Registers the hardware model's counters; supplied by the model. */
void kshim_arch_register_counters(void);
/*
 * These enclose one access of the processor to memory (core/world/uaccess.c). The tables, and what translate finds in them,
 * stay valid until end. The caller neither sleeps nor takes locks in between.
 */
unsigned long kshim_arch_access_begin(void);
void kshim_arch_access_end(unsigned long flags);
/* Returns the kernel address behind addr. NULL: an exception; *error_code describes it to kshim_arch_user_fault(). */
void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code);
/* Handles the exception. user: the process made the access, not the kernel. Returns true to try again. */
bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user);
/*
 * Helpers for it. On an error, an access by the process itself (user) gets a signal, one by the kernel only fails; both
 * functions return false then. kshim_fault_done() takes the result of handle_mm_fault() and returns true if that has no
 * error. Out of memory has no signal.
 */
bool kshim_fault_signal(bool user, int sig, int code, unsigned long addr);
bool kshim_fault_done(unsigned int fault, bool user, unsigned long addr);
/* Handles one piece that lies within a page. Returns false to end the whole access before this piece. */
typedef bool (*kshim_piece_fn)(void *mem, unsigned long done, unsigned long len, void *arg);
/*
 * Calls fn for each piece of addr..addr+n of the current process, inside an access of the processor. user: the process
 * makes the access, not the kernel. Returns the number of bytes that were not handled.
 */
unsigned long kshim_user_pieces(unsigned long addr, unsigned long n, bool write, bool user, kshim_piece_fn fn, void *arg);
/* Switches this CPU from prev's address space to next's, on entering or leaving a process. Either may be NULL. */
void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next);

/* An access by the current process in user mode; 0, or -EFAULT with *done bytes moved. */
int kshim_user_read(unsigned long addr, void *buf, unsigned long len, uint64_t *done);
int kshim_user_write(unsigned long addr, const void *buf, unsigned long len, uint64_t *done);

/*
 * One access, or with a == NULL the rest of one that left to user space; see kvmsim_machine_ops.vcpu_access. The
 * current task must be in the vCPU's process. 0 with *r filled. -EINVAL: bad op or len, an address that the vCPU cannot
 * reach, or nothing to continue. -EBUSY: an access left to user space and was not continued. r->ret is -ELOOP after a
 * livelock or with broken tables.
 */
int kshim_arch_vcpu_access(struct kvm_vcpu *vcpu, struct file *file, struct kvmsim_access *a,
			   struct kvmsim_access_result *r);
int kshim_arch_vcpu_abandon(struct kvm_vcpu *vcpu);
int kshim_arch_vcpu_workload(struct kvm_vcpu *vcpu, struct file *file, enum kvmsim_access_op op, uint64_t addr,
			     uint64_t len, uint64_t stride, uint64_t count, uint64_t *done,
			     struct kvmsim_access_result *r);
/* addr: a guest-physical address; with shadow paging, a linear address that the current root translates. */
int kshim_arch_inspect_mapping(struct kvm_vcpu *vcpu, uint64_t gpa, struct kvmsim_mapping *out);
int kshim_arch_inspect_tlb(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out);

/* A guest translation that a CPU could use now: a leaf of KVM's tables, or a TLB entry. */
struct kshim_guest_leaf {
	const char *where;	/* for messages: "EPT", "TLB of vCPU 0"; valid during the callback */
	unsigned int as_id;
	uint64_t gfn;
	unsigned long pfn, npages;
	bool writable, executable, accessed, dirty;
	bool dirty_recorded;	/* not in the dirty bitmap, but KVM will report the page when asked for its log */
	uint64_t raw;
};

/*
 * Calls fn for every leaf of every valid root of the VM except MMIO entries, and for every TLB entry of every vCPU
 * without a pending flush.
 */
void kshim_arch_for_each_leaf(struct kvm *kvm,
			      void (*fn)(struct kvm *kvm, const struct kshim_guest_leaf *leaf, void *arg), void *arg);
#endif
