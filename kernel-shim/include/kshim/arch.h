/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel finds when it looks at the machine, as arch/ implements it: boot, address spaces, system calls and
 * the faults of user accesses. It may call the models; what those implement is in kshim/hw.h.
 */
#ifndef KSHIM_ARCH_H
#define KSHIM_ARCH_H

#include <kshim/machine.h>
#include <kshim/arch_defs.h>

struct mm_struct;
struct kvm;

/* NULL-terminated; the first is the default. */
extern const char *const kshim_arch_personalities[];
/* Returns the name of what can be added to the machine or removed from it, counted from 0, or NULL past the last. */
const char *kshim_arch_facility_name(unsigned int i);
/* Sets up registers and identification of one CPU. Its per-cpu area must exist, and no thread may run on it yet. */
void kshim_arch_boot_cpu(unsigned int cpu);
/* Does the rest, once, when all CPUs have been booted. 0 or -errno. */
int kshim_arch_boot(void);
/*
 * Loads KVM and the vendor module. personality: an index of the above. facilities: as in kvm_load() of
 * struct kvmsim_machine_ops. 0, -EINVAL (this machine cannot be built), or the result of KVM's init.
 */
int kshim_arch_kvm_load(unsigned int personality, const char *facilities);
/* Adds the sizes of huge pages that hugetlb has on this machine beside its default one. 0 or -errno. */
int kshim_arch_hugetlb_sizes(void);
/* Sets task_size, mmap_base and the top-down layout of a fresh mm. pgste: see process_create() of kshim/machine.h. */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste);

/*
 * Returns the kernel address behind addr, during an access. NULL: an exception; *error_code describes it to
 * kshim_arch_user_fault().
 */
void *kshim_arch_user_translate(struct mm_struct *mm, unsigned long addr, bool write, unsigned int *error_code);
/* Handles the exception. user: the process made the access, not the kernel. Returns true to try again. */
bool kshim_arch_user_fault(struct mm_struct *mm, unsigned long addr, unsigned int error_code, bool user);
/*
 * Tells what keeps state of memory's contents that len bytes at mem were written, by the process (user) or by the
 * kernel for it; during an access.
 */
#ifndef kshim_arch_user_wrote
#define kshim_arch_user_wrote(mem, len, user) do { } while (0)
#endif
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
unsigned long kshim_user_pieces(unsigned long addr, unsigned long n, bool write, bool user, kshim_piece_fn fn,
				void *arg);
/* One translation in a process's own page tables, found without kernel helpers that take locks or fault. */
struct kshim_host_pte {
	bool present;		/* a CPU could use it for a read */
	bool writable, dirty, young, swapped, huge;
	bool contiguous;	/* one of a group of entries that a TLB may hold as one (arm64) */
	bool no_access;		/* pte_protnone() */
	unsigned long pfn;
	const u64 *entry;	/* at which the walk ended, or NULL */
};
/* Reads the page tables of mm at addr. Returns true if there is an entry, present or not. out->entry is set anyway. */
bool kshim_arch_host_walk(struct mm_struct *mm, unsigned long addr, struct kshim_host_pte *out);
/* What a program in this process needs, or NULL if programs for this machine cannot run here. */
const struct kvmsim_exec_ops *kshim_arch_exec(void);
/* Switches this CPU from prev's address space to next's, on entering or leaving a process. Either may be NULL. */
void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next);

/* An access by the current process in user mode; 0, or -EFAULT with *done bytes moved. */
int kshim_user_read(unsigned long addr, void *buf, unsigned long len, uint64_t *done);
int kshim_user_write(unsigned long addr, const void *buf, unsigned long len, uint64_t *done);

#endif
