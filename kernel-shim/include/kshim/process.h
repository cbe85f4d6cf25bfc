/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated processes: an mm, a file table and one task per simulated CPU.
 *
 * Invariants (kshim_process_validate): a live process has an mm with mm_users >= 1; a task of it exists only for a CPU
 * that entered it, and its mm and files are the process's; pids are never reused.
 */
#ifndef KSHIM_PROCESS_H
#define KSHIM_PROCESS_H

#include <kshim/machine.h>

struct cred;
struct mm_struct;
struct files_struct;
struct task_struct;
struct kvm;
struct kvm_vcpu;
struct page;

struct kshim_process {
	int pid;
	struct mm_struct *mm;
	struct files_struct *files;
	const struct cred *cred;	/* of tasks still to come */
	struct mempolicy *policy;	/* the same */
	struct task_struct *task[KVMSIM_MAX_CPUS];
	struct list_head node;
	struct list_head pins;		/* struct kshim_pin, see core/world/mm_events.c */
	struct list_head guest_maps;	/* struct guest_map, see core/world/guest_map.c */
	/* The last signals that were handled but not taken: a ring that begins at first_signal. */
	struct kvmsim_signal signals[KVMSIM_MAX_SIGNALS];
	unsigned int first_signal, nr_signals;
};

/* Makes the calling thread run as the process; NULL if there is none. Pair with kshim_process_leave(). */
struct kshim_process *kshim_process_enter(int pid);
void kshim_process_leave(void);
/* Number of live processes. */
unsigned int kshim_process_count(void);
/* Calls fn for each live process, oldest first. */
void kshim_process_for_each(void (*fn)(struct kshim_process *p, void *arg), void *arg);
int kshim_process_validate(void);

int kshim_process_create(int pgste);
int kshim_process_fork(int pid);
int kshim_process_exit(int pid);
/*
 * These act on the current process: execve(2) of a program that may have PGSTEs, and the loss of a capability (CAP_*)
 * in this task and in the tasks and processes that it creates. 0 or -errno.
 */
int kshim_process_exec(bool pgste);
int kshim_process_drop_cap(unsigned int cap);
long kshim_process_mce_kill(unsigned long policy);
int kshim_process_setrlimit(unsigned int resource, unsigned long limit);
long kshim_process_set_mempolicy(int mode, unsigned long mask, unsigned long maxnode);
/*
 * Runs the current process's handlers on its way back to user mode: each signal is kept for
 * kshim_process_take_signal(). Returns false if there was none: restart_syscall() sets TIF_SIGPENDING without one.
 */
bool kshim_process_handle_signals(void);
/* Sends a signal to each other thread of the current process. Their number, or -EINVAL for a signal without handler. */
int kshim_process_kill(int sig);

/*
 * Whether a system call that returned *ret is executed again, like arch_do_signal_or_restart(): handlers have no
 * SA_RESTART. If not, *ret is what user mode sees.
 */
bool kshim_process_restarts(int64_t *ret);

/* Drops the long-term pins that the process still holds, and the pages of guests that are mapped for it. */
void kshim_release_pins(struct kshim_process *p);
void kshim_release_guest_maps(struct kshim_process *p);

int kshim_process_take_signal(int pid, struct kvmsim_signal *out);

int64_t kshim_syscall(int pid, enum kvmsim_sys nr, const uint64_t a[6]);
int64_t kshim_event(int pid, enum kvmsim_event ev, const uint64_t a[6]);
/* Maps the device memory on the host. */
int kshim_device_memory_boot(void);
/* Maps len bytes of it into the current process, at addr or, if that is 0, anywhere. The address, or -errno. */
long kshim_map_device_memory(unsigned long addr, unsigned long len, unsigned long prot);
/* Takes n frames of it that nobody else gets. The first one, or 0 if there are not so many. */
unsigned long kshim_take_device_frames(unsigned long n);
/* KVMSIM_EV_GUEST_*, of the current process. */
int64_t kshim_guest_map_event(struct kshim_process *p, enum kvmsim_event ev, const uint64_t a[6]);

/* The VM or vCPU behind a file descriptor of the current process, or NULL. The file table owns the reference. */
struct kvm *kshim_fd_to_vm(int fd);
struct kvm_vcpu *kshim_fd_to_vcpu(int fd, struct file **file);

int kshim_inspect_page(int pid, uint64_t addr, struct kvmsim_page *out);
int kshim_inspect_slots(int pid, int vm_fd, unsigned int as_id, struct kvmsim_slot *out, unsigned int max);
int kshim_inspect_generation(int pid, int vm_fd, unsigned int as_id, uint64_t *out);
int kshim_inspect_gfn_to_hva(int pid, int vm_fd, uint64_t gfn, uint64_t *out);
int kshim_inspect_gfn_to_pfn(int pid, int vm_fd, uint64_t gfn, uint64_t *out);

int64_t kshim_bench(enum kvmsim_bench what, int pid, int vm_fd, uint64_t gfn, uint64_t stride, uint64_t range,
		    uint64_t count);

#endif
