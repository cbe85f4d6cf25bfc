/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one interface between sim/ (host TUs) and a flavour (libkvm-<arch>.so, kernel TUs).
 *
 * A flavour exports one symbol, `kvmsim_machine`. Everything else in it is hidden.
 *
 * Life cycle: the parent calls boot() once. A child of it calls kvm_load() once, with the personality. Each scenario
 * runs in a forked child of that world, or in that process itself. It calls begin() first, then creates processes and
 * makes system calls, guest accesses and host events. Between two calls that a scenario makes, sim calls step_end().
 * The world is never torn down: the child exits.
 *
 * Threads: boot() attaches the calling native thread as the task of simulated CPU 0. Every other native thread calls
 * thread_attach(cpu) before and thread_detach() after; two threads never share a CPU. All calls below may be made by
 * any attached thread unless said otherwise; the kernel code does its own locking.
 *
 * Results: a value >= 0, or -errno with the kernel's numbers.
 *
 * Words: an exception is what a CPU raises at an instruction, whatever its manual calls it. How a flavour fills the
 * fields whose meaning only its manual gives is in models/<arch>/access.c.
 */
#ifndef KSHIM_MACHINE_H
#define KSHIM_MACHINE_H

#include <kshim/types.h>

#define KVMSIM_MAX_CPUS 8
#define KVMSIM_MAX_SIGNALS 64

/* What went wrong inside the world. Kinds up to KVMSIM_LAST_FATAL never let the kernel code continue. */
enum kvmsim_report_kind {
	KVMSIM_BUG,		/* BUG(), BUG_ON, panic() */
	KVMSIM_OOPS,		/* bad pointer in kernel code */
	KVMSIM_REFUSED,		/* kernel code used a symbol that nobody models */
	KVMSIM_DEADLOCK,	/* no runnable thread, or a lock that will never be free */
	KVMSIM_OOM,		/* the simulated machine has no memory left and the caller may not fail */
	KVMSIM_LAST_FATAL = KVMSIM_OOM,
	KVMSIM_WARN,		/* WARN(), lockdep, RCU misuse, sleeping while atomic */
	KVMSIM_CHECK,		/* the checker found tables, TLBs or slots that disagree */
	KVMSIM_LEAK,		/* memory, a page, a pin or a file was left */
	KVMSIM_TIMEOUT,		/* where each thread is when the time is up */
	KVMSIM_NR_REPORTS
};

#define KVMSIM_MAX_FRAMES 48
#define KVMSIM_MAX_SUBJECTS 2

/* A word of simulated memory that a report is about. The scenario always has it at the same address. */
struct kvmsim_subject {
	const char *what;	/* "the entry of KVM's table", a constant */
	uint64_t addr;
	uint8_t bytes;		/* 4 or 8; 0: there is none */
	uint8_t count;		/* 1: it counts references */
};

#define KVMSIM_MAX_WATCHED 4
#define KVMSIM_CHANGE_FRAMES 24

/* A change of a watched word. */
struct kvmsim_change {
	uint64_t old, new;
	uint64_t call;		/* which call into the machine made it: the number of calls of step_end() before */
	uint32_t nr_frames;	/* return addresses, the first behind the store itself */
	void *frames[KVMSIM_CHANGE_FRAMES];
};

struct kvmsim_report {
	enum kvmsim_report_kind kind;
	const char *text;	/* one or more lines without the trailing newline */
	const char *check;	/* KVMSIM_CHECK: the id of the check, one of kvmsim_machine_ops.checks; else NULL */
	const char *file;	/* kernel file and line of the report itself, or NULL and 0 */
	int line;
	unsigned int nr_frames;	/* return addresses, innermost first; sim turns them into kernel file:line */
	void *frames[KVMSIM_MAX_FRAMES];
	struct kvmsim_subject subjects[KVMSIM_MAX_SUBJECTS];
};

/*
 * One recorded KVM trace event. entry has the fields of the event's TP_STRUCT__entry. It holds no pointer into the
 * world that recorded it, except to constants of the flavour.
 */
struct kvmsim_trace_event {
	uint64_t ns;		/* virtual time */
	int32_t pid;
	uint16_t cpu;
	uint16_t id;		/* which event; only the flavour knows */
	char comm[16];
	uint64_t entry[26];
};

/* Given by sim to boot(); called from any attached thread. */
struct kvmsim_host_ops {
	/* A report. For a fatal kind it must not return (it ends the scenario's process). */
	void (*report)(const struct kvmsim_report *r);
	/* One line of the kernel log, without newline; level 0..7 as in printk. */
	void (*log)(int level, const char *line);
	/* A trace event: only the first `bytes` bytes of *e are valid. NULL: no events are recorded. */
	void (*trace)(const struct kvmsim_trace_event *e, unsigned int bytes);
};

struct kvmsim_config {
	uint64_t ram_bytes;	/* simulated RAM, a multiple of 4 MiB, 64 MiB to 32 GiB; 0: 1 GiB */
	unsigned int nr_cpus;	/* simulated CPUs, 1..KVMSIM_MAX_CPUS; 0: 4 */
	uint8_t window;		/* 1: a program in this process is the simulated process: see struct kvmsim_exec_ops */
};

/* System calls and their arguments; addresses are user addresses of the calling process. */
enum kvmsim_sys {
	KVMSIM_SYS_MMAP,	/* addr, len, prot, flags, fd, offset (bytes) */
	KVMSIM_SYS_MUNMAP,	/* addr, len */
	KVMSIM_SYS_MPROTECT,	/* addr, len, prot */
	KVMSIM_SYS_MREMAP,	/* addr, old len, new len, flags, new addr */
	KVMSIM_SYS_MADVISE,	/* addr, len, advice */
	KVMSIM_SYS_MLOCK,	/* addr, len */
	KVMSIM_SYS_MUNLOCK,	/* addr, len */
	KVMSIM_SYS_OPEN_KVM,	/* -: opens /dev/kvm, returns an fd */
	KVMSIM_SYS_IOCTL,	/* fd, cmd, arg */
	KVMSIM_SYS_CLOSE,	/* fd */
	KVMSIM_SYS_FALLOCATE,	/* fd, mode, offset, len */
	KVMSIM_SYS_SHMEM,	/* size in bytes, MFD_HUGE* or 0: a new shared-memory file, like memfd_create(2) */
	KVMSIM_SYS_FTRUNCATE,	/* fd, len */
	KVMSIM_SYS_EVENTFD,	/* initial count, flags */
	KVMSIM_SYS_READ,	/* fd, addr, len */
	KVMSIM_SYS_WRITE,	/* fd, addr, len */
	KVMSIM_SYS_EXEC,	/* pgste (see process_create()): a new program in a new address space, like execve(2) */
	KVMSIM_SYS_DROP_CAP,	/* capability number: dropped from all of the task's sets, like capset(2) */
	KVMSIM_SYS_USERFAULTFD,	/* flags */
	KVMSIM_SYS_SETRLIMIT,	/* RLIMIT_MEMLOCK or RLIMIT_NOFILE, limit: both of the process, like setrlimit(2) */
	KVMSIM_SYS_MBIND,	/* addr, len, mode, mask (address), maxnode, flags; these four: -ENOSYS without NUMA */
	KVMSIM_SYS_SET_MEMPOLICY, /* mode, mask (address), maxnode */
	KVMSIM_SYS_GET_MEMPOLICY, /* mode (address), mask (address), maxnode, addr, flags */
	KVMSIM_SYS_SET_HOME_NODE, /* addr, len, node, flags: set_mempolicy_home_node(2) */
	KVMSIM_SYS_KILL,	/* signal: to each other thread of the process, like tgkill(2); the number of threads */
	KVMSIM_SYS_PREAD,	/* fd, addr, len, offset */
	KVMSIM_SYS_PWRITE,	/* fd, addr, len, offset */
	KVMSIM_SYS_LSEEK,	/* fd, offset, whence */
	KVMSIM_SYS_FSTAT,	/* fd, addr of the architecture's struct stat */
	KVMSIM_SYS_FCNTL,	/* fd, cmd, arg */
	KVMSIM_SYS_MCE_KILL,	/* policy: prctl(2) with PR_MCE_KILL, PR_MCE_KILL_SET, for this thread */
	KVMSIM_SYS_OPEN_PROC,	/* enum kvmsim_proc: opens that file of /proc or /sys, returns an fd; or -ENOENT */
	KVMSIM_NR_SYS
};

/* Files that a kernel may have: */
enum kvmsim_proc {
	KVMSIM_PROC_PAGEMAP,	/* /proc/self/pagemap */
	KVMSIM_PROC_PAGE_IDLE	/* /sys/kernel/mm/page_idle/bitmap */
};

/* Things that the host's mm does by itself. An event makes one happen now, at a user address of a process. */
enum kvmsim_event {
	KVMSIM_EV_MIGRATE,	/* addr: the page moves to a new frame (migrate_pages) */
	KVMSIM_EV_SWAP_OUT,	/* addr, len: reclaim (MADV_PAGEOUT's reclaim_pages) to boot's swap device */
	KVMSIM_EV_SPLIT_HUGE,	/* addr: split_huge_page of the folio there */
	KVMSIM_EV_COLLAPSE_HUGE,/* addr, len: as MADV_COLLAPSE */
	KVMSIM_EV_KHUGEPAGED,	/* no arguments: khugepaged looks at the next memory; the number of huge pages made */
	KVMSIM_EV_KSM_MERGE,	/* addr a, addr b: two equal pages become one KSM page */
	KVMSIM_EV_PFNMAP,	/* addr (0: anywhere), len, prot: maps device memory by remap_pfn_range; the address */
	KVMSIM_EV_AGE,		/* addr: folio_referenced; returns the number of references seen */
	KVMSIM_EV_PIN,		/* addr, write: pin_user_pages FOLL_LONGTERM of one page */
	KVMSIM_EV_UNPIN,	/* addr: undo one PIN at that address */
	/*
	 * A patrol of the hardware finds an uncorrected error in the frame of a page, which nobody reads meanwhile.
	 * What memory_failure() returns; -ENOENT if there is no page. Both: -ENOSYS without CONFIG_MEMORY_FAILURE.
	 */
	KVMSIM_EV_MEMORY_ERROR,	/* addr */
	KVMSIM_EV_FILE_MEMORY_ERROR, /* fd, offset */
	/*
	 * VM fd, gpa, length, user address or 0: a vendor module fills private memory before the guest starts, from
	 * that address or with zeroes. The number of pages, or -errno; -ENOSYS where only encrypted guests can do that.
	 */
	KVMSIM_EV_POPULATE,
	/*
	 * A vendor module maps a page of the guest for itself, as kvm_vcpu_map() does for structures of nested guests.
	 * The process keeps the mapping, by a number > 0, at most until it ends.
	 */
	KVMSIM_EV_GUEST_MAP,	/* vCPU fd, gpa, writable: the number, or -errno */
	KVMSIM_EV_GUEST_MAP_READ, /* number, offset in the page (a multiple of 4): the 4 bytes there */
	KVMSIM_EV_GUEST_MAP_WRITE, /* number, offset, 4 bytes */
	KVMSIM_EV_GUEST_UNMAP,	/* number: the page has been written to if it is mapped writable */
	KVMSIM_EV_DROP_SLAB,	/* no arguments: every shrinker frees what it can, like 2 in /proc/sys/vm/drop_caches */
	KVMSIM_EV_HUGETLB_COUNT, /* size (bytes, 0: the default one), enum kvmsim_hugetlb_count: pages, or -ENOENT */
	KVMSIM_EV_HUGETLB_SET,	/* size, KVMSIM_HUGETLB_PAGES or _OVERCOMMIT, pages: a write to sysfs; 0 or -errno */
	/* The bit of the page's frame in /sys/kernel/mm/page_idle/bitmap. Both: -EFAULT without a page, -ENOENT. */
	KVMSIM_EV_SET_IDLE,	/* addr: 0 */
	KVMSIM_EV_IS_IDLE,	/* addr: 0 or 1 */
	/* Both: -ENOSYS without CONFIG_NUMA_BALANCING. */
	KVMSIM_EV_NUMA_SCAN,	/* the scheduler's scan for NUMA hints of this process, if it is due: 1 or 0 */
	KVMSIM_EV_NUMA_COUNT,	/* enum kvmsim_numa_count: pages */
	KVMSIM_NR_EVENTS
};

/* What a task counts at its faults on NUMA hints, since a time of the scheduler's choice; the last one since ever. */
enum kvmsim_numa_count {
	KVMSIM_NUMA_REMOTE,	/* the page is on another node than the CPU */
	KVMSIM_NUMA_LOCAL,
	KVMSIM_NUMA_FAILED,	/* could not be moved */
	KVMSIM_NUMA_MIGRATED
};

/* The files of /sys/kernel/mm/hugepages/hugepages-*kB. */
enum kvmsim_hugetlb_count {
	KVMSIM_HUGETLB_PAGES, KVMSIM_HUGETLB_FREE, KVMSIM_HUGETLB_RESERVED, KVMSIM_HUGETLB_SURPLUS,
	KVMSIM_HUGETLB_OVERCOMMIT
};

enum kvmsim_access_op {
	KVMSIM_READ, KVMSIM_WRITE, KVMSIM_FETCH, KVMSIM_XCHG,
	KVMSIM_TLBI,		/* not an access: drops the TLB's translation of addr */
	KVMSIM_SET_ROOT,	/* not an access: loads addr into the register that designates the guest's tables */
	KVMSIM_INSN,		/* a modelled instruction, operands in registers; s390x: and addr times again */
	KVMSIM_CODE,		/* guest code from RIP on, which never is done: it ends when it leaves to user space */
};

/*
 * A flag for the op of an access or a workload, if the flavour has nested guests: the vCPU executes the instruction
 * that runs a guest, as its registers describe it, and that guest performs the access.
 */
#define KVMSIM_NESTED 0x80

/* One guest access: 1..8 bytes, executed as one instruction; may cross a page. */
struct kvmsim_access {
	uint8_t op;		/* enum kvmsim_access_op, optionally with KVMSIM_NESTED */
	uint8_t len;		/* 1, 2, 4 or 8; FETCH, TLBI, SET_ROOT, CODE: 1; INSN: 2, 4 or 6 */
	uint8_t user;		/* 1: in the guest's user mode */
	uint64_t addr;		/* guest-virtual address; guest-physical while the vCPU has paging off (the default) */
	/*
	 * WRITE, XCHG: the data, little-endian. READ, XCHG: the result. INSN: the instruction's text in the low len
	 * bytes, the first byte highest; the result is the condition code.
	 */
	uint64_t value;
};

/* An exception in which an instruction of the guest ended. */
struct kvmsim_exception {
	uint32_t code;		/* which one, by the architecture's number */
	uint64_t syndrome;	/* what the CPU says of its cause beside the code, or 0 */
	uint64_t address;	/* the guest-virtual address that it is about, as exactly as the CPU gives it, or 0 */
};

struct kvmsim_access_result {
	int64_t ret;		/* what the last KVM_RUN returned: 0, or -errno */
	int done;		/* 1: the instruction has completed; 0: KVM left to user space first, see kvm_run */
	uint32_t exit_reason;	/* kvm_run->exit_reason if !done; after a failed KVM_RUN maybe an earlier exit's */
	uint32_t faults;	/* how often this call entered KVM's fault handler */
	/*
	 * KVMSIM_NESTED and done: 1 if the nested guest ended for another reason than the access. The guest above it
	 * has the interception. An exception, if any, is the nested guest's.
	 */
	uint8_t intercepted;
	uint8_t has_exception;	/* 1: done, but the instruction ended in a guest exception and had no effect */
	struct kvmsim_exception exception;
	uint64_t value;		/* READ, XCHG, FETCH, INSN when done: the result; also if continued (a == NULL) */
};

/* What one process has at a user address. */
struct kvmsim_page {
	uint8_t mapped, writable, dirty, young, huge, swapped, zero, anon, ksm, exclusive, pfnmap;
	uint8_t contiguous;	/* arm64: a group of entries that a TLB may hold as one */
	uint8_t hint;		/* a NUMA hint: inaccessible until the next fault */
	uint8_t node;		/* NUMA node of the frame */
	uint64_t pfn;
	int64_t refcount, mapcount, pincount;
};

/* What KVM's tables have at a guest address. */
struct kvmsim_mapping {
	uint8_t present, writable, executable, accessed, dirty, mmio;
	uint8_t level;		/* 1 = the base page, 2 and 3 = the larger sizes, upwards */
	uint64_t pfn;		/* frame of the address itself, also inside a huge mapping */
	uint64_t raw;		/* the entry */
};

/* A signal that a handler of the process received. */
struct kvmsim_signal {
	int32_t signo, code;	/* SIGBUS, BUS_ADRERR, ...: the kernel's numbers */
	uint64_t addr;		/* si_addr of SIGBUS and SIGSEGV, else 0 */
};

struct kvmsim_slot {
	uint64_t base_gfn, npages, userspace_addr;
	uint32_t flags;
	uint16_t id, as_id;
};

/* A name of the kernel's interface, with its value in this kernel and on this architecture. */
struct kvmsim_constant {
	const char *name;
	uint64_t value;
	uint8_t absent;		/* 1: this kernel does not have the name; the value is 0 */
};

enum kvmsim_kind {
	KVMSIM_UNSIGNED, KVMSIM_SIGNED,	/* a number of 1, 2, 4 or 8 bytes */
	KVMSIM_BYTES,			/* an array or a structure */
};

/* Where a member of a structure of the kernel's interface is. The byte order is the host's. */
struct kvmsim_layout {
	const char *type;	/* "kvm_run" for struct kvm_run */
	const char *member;	/* "mmio.phys_addr", "args[0]"; NULL: the structure itself */
	uint32_t offset, size;	/* bytes */
	enum kvmsim_kind kind;
};

/*
 * For a program that runs in this process and is its one simulated process (sim/exec; kvmsim_config.window). Its user
 * addresses from start to end are host addresses, too: there a page of the host shows the simulated process's frame
 * once fault() has mapped it, until the kernel flushes it from the TLBs. All other host addresses are the program's own
 * memory. System calls take pointers to both.
 */
struct kvmsim_exec_ops {
	uint64_t start, end;
	/*
	 * The program touched addr, for reading or for writing, and the host has no such right there. 0: try again.
	 * -EFAULT: the access has failed, and take_signal() has the signal for it. -ESRCH.
	 */
	int (*fault)(int pid, uint64_t addr, int write);
	/*
	 * Declares that the program has several threads. Call it before the first of them is made. Threads that are
	 * not attached then count as running, so that no deadlock is seen where one of them can go on.
	 */
	void (*threads)(void);
	/*
	 * A thread, which is attached, is about to fork(2), while no other thread is in any call or comes into one
	 * before that has returned. Whoever touches the window until then has a fault. 0, or -EBUSY: work of the kernel
	 * sleeps, so that no child can have a copy.
	 */
	int (*forking)(void);
	/* In a child of fork(2), on its only thread, before any other call: the child is a machine of its own. */
	void (*forked)(void);
	/*
	 * Calls changed(arg, events) whenever the file wakes who waits for it, until unwatch(): call that before the fd
	 * is closed. Returns what poll(2) would say now (EPOLL*), or -EBADF, -ENOMEM, -ESRCH. changed runs inside the
	 * kernel, on any thread, and makes no calls.
	 */
	int (*watch)(int pid, int fd, void (*changed)(void *arg, int events), void *arg);
	void (*unwatch)(int pid, int fd);
	/* What poll(2) would say of the file now (EPOLL*), or -EBADF, -ESRCH. */
	int (*poll)(int pid, int fd);
	/*
	 * A signal of the host is for the calling thread, which is in one of the calls: what a signal interrupts ends,
	 * as KVM_RUN does with -EINTR. Call it in the signal's handler.
	 */
	void (*interrupt)(void);
	/*
	 * What a file below /sys/module has for "module.name", up to bytes - 1 of it, with a NUL. Its length, or
	 * -ENOENT, -EACCES (nobody can read it), or the parameter's own error.
	 */
	int (*read_param)(const char *name, char *text, unsigned int bytes);
	/* The instruction CPUID of the machine's processor: EAX, EBX, ECX, EDX. On any thread, also out of calls. */
	void (*cpuid)(uint32_t regs[4]);
};

/* Single functions for benches. */
enum kvmsim_bench { KVMSIM_BENCH_GFN_TO_MEMSLOT, KVMSIM_BENCH_GFN_TO_PFN };

struct kvmsim_machine_ops {
	const char *arch;		/* "x86_64" */
	const char *kernel_release;	/* "6.12.117" */
	unsigned int page_size;		/* bytes of a base page, of the host and in KVM's interface */
	const char *const *checks;	/* NULL-terminated: the ids of all checks that may report KVMSIM_CHECK */
	const char *const *personalities; /* kinds of its machine, NULL-terminated; the first is the default */
	/*
	 * The names that this program knows, also those that only another architecture or another kernel has, and the
	 * structures that this kernel has. A structure's entry without a member comes before its members; it may come
	 * several times. The last entry has no name or type.
	 */
	const struct kvmsim_constant *constants;
	const struct kvmsim_layout *layouts;

	/* NULL: programs for this machine cannot run in a process of the host. */
	const struct kvmsim_exec_ops *(*exec)(void);

	/* Boots mm and the shim; once per process, on the main thread. 0 or -errno. */
	int (*boot)(const struct kvmsim_config *c, const struct kvmsim_host_ops *h);
	/* Makes RAM larger, before kvm_load(). bytes: as in struct kvmsim_config. 0 or -errno. */
	int (*grow_ram)(uint64_t bytes);
	/*
	 * Loads KVM with one of the personalities (NULL: the default), once per process. facilities: NULL, or what the
	 * machine lacks (=0) or has in addition (=1), "name=0,name=1"; -EINVAL if the flavour has none. A name is one
	 * of facility_name(i), which is NULL past the last, or a number. 0 or -errno.
	 */
	int (*kvm_load)(const char *personality, const char *facilities);
	const char *(*facility_name)(unsigned int i);
	/*
	 * Declares that this process runs a scenario and will not fork. It may then have threads of its own, and memory
	 * that children would share.
	 */
	void (*begin)(void);

	int (*thread_attach)(unsigned int cpu);
	void (*thread_detach)(void);

	/*
	 * Sets a module parameter, "module.name", like a write to its file below /sys/module. Before kvm_load(): as
	 * when the module is loaded with it. 0, -ENOENT (no such parameter), -EACCES (it cannot change at run time), or
	 * the error of the parameter's own set function.
	 */
	int (*module_param)(const char *name, const char *value);

	/*
	 * Processes: pids are small positive numbers, never reused. pgste: 1 if the program's header asks for page
	 * tables with extensions for guests, 0 if not. A flavour without such tables ignores it.
	 */
	int (*process_create)(int pgste);
	int (*process_fork)(int pid);
	int (*process_exit)(int pid);	/* closes its files, drops its mm; -ESRCH */

	int64_t (*syscall)(int pid, enum kvmsim_sys nr, const uint64_t args[6]);
	/* Accesses by the process itself, in user mode. 0, or -EFAULT with *done bytes moved (done may be NULL). */
	int (*user_read)(int pid, uint64_t addr, void *buf, uint64_t len, uint64_t *done);
	int (*user_write)(int pid, uint64_t addr, const void *buf, uint64_t len, uint64_t *done);
	/*
	 * A process handles its signals when a call above or below returns to it. Takes the oldest handled signal that
	 * was not taken yet. 1, 0 if there is none, or -ESRCH. Only the latest KVMSIM_MAX_SIGNALS are kept.
	 */
	int (*take_signal)(int pid, struct kvmsim_signal *out);
	int64_t (*event)(int pid, enum kvmsim_event ev, const uint64_t args[6]);

	/*
	 * Runs one access on a vCPU through KVM_RUN until the instruction has completed or KVM leaves to user space. a
	 * == NULL continues an access that left to user space, after the caller filled kvm_run. a->value is updated
	 * when done. -EBADF: no vCPU fd; -EINVAL: bad len or op; -EBUSY: another access left to user space and was not
	 * continued.
	 */
	int (*vcpu_access)(int pid, int vcpu_fd, struct kvmsim_access *a, struct kvmsim_access_result *r);
	/* Drops an access that left to user space. */
	int (*vcpu_abandon)(int pid, int vcpu_fd);

	/*
	 * A hot loop without Lua: does count accesses of kind op, stride bytes apart, starting at addr and wrapping
	 * after len bytes. Stops at the first access that does not complete; *done counts those that did. Results as
	 * for vcpu_access.
	 */
	int (*vcpu_workload)(int pid, int vcpu_fd, enum kvmsim_access_op op, uint64_t addr, uint64_t len,
			     uint64_t stride, uint64_t count, uint64_t *done, struct kvmsim_access_result *r);

	/* Inspection; changes nothing. 0 or -errno. */
	int (*inspect_page)(int pid, uint64_t addr, struct kvmsim_page *out);
	int (*inspect_mapping)(int pid, int vcpu_fd, uint64_t gpa, struct kvmsim_mapping *out);
	int (*inspect_tlb)(int pid, int vcpu_fd, uint64_t addr, struct kvmsim_mapping *out);	/* -ENOENT: no entry */
	int (*inspect_slots)(int pid, int vm_fd, unsigned int as_id, struct kvmsim_slot *out, unsigned int max);
	int (*inspect_generation)(int pid, int vm_fd, unsigned int as_id, uint64_t *out);
	int (*inspect_gfn_to_hva)(int pid, int vm_fd, uint64_t gfn, uint64_t *out);	/* -EFAULT: error hva */
	int (*inspect_gfn_to_pfn)(int pid, int vm_fd, uint64_t gfn, uint64_t *out);	/* drops the reference */

	/*
	 * Calls one kernel function count times, starting at gfn, stride pages apart, wrapping after range pages.
	 * Returns how many calls found something.
	 */
	int64_t (*bench)(enum kvmsim_bench what, int pid, int vm_fd, uint64_t gfn, uint64_t stride, uint64_t range,
			 uint64_t count);

	/* Counters, in a fixed order; counter_name(i) is NULL past the last. They only grow. */
	const char *(*counter_name)(unsigned int i);
	uint64_t (*counter)(unsigned int i);

	/* Runs what is due: RCU callbacks, work items, and timers up to the current virtual time. */
	void (*step_end)(void);
	/* Runs the checker; each finding is a report. Returns how many. No other thread may be in a call. */
	int (*check)(void);
	/*
	 * Records the changes of the bytes at addr from now on; bytes: 4 or 8, aligned. Stores into their page become
	 * slow. A change that another thread makes during a store into the page may be missed. -EINVAL, -ENOSPC
	 * (KVMSIM_MAX_WATCHED), or -EOPNOTSUPP (under Valgrind and with ThreadSanitizer).
	 */
	int (*watch)(uint64_t addr, unsigned int bytes);
	/* Copies the last changes of a watched word, at most max, oldest first. Returns how many. */
	unsigned int (*watched)(uint64_t addr, struct kvmsim_change *out, unsigned int max);
	/* Reports what is left after the last process has exited. Returns how many. */
	int (*leak_check)(void);
	/*
	 * Prints an event as one line of ftrace's "trace" file, without newline, cut to `bytes` with its NUL. Works in
	 * any process in which boot() has run; changes nothing in the world.
	 */
	void (*trace_print)(const struct kvmsim_trace_event *e, char *text, unsigned int bytes);
	/*
	 * Adds counters of changes to table entries, for benches. Once per scenario process. Returns 0, -EOPNOTSUPP if
	 * the architecture has no events for them, or -ENOMEM.
	 */
	int (*count_enable)(void);
	/* Advances virtual time by ns nanoseconds and runs the timers that expire. */
	void (*advance_time)(uint64_t ns);
	/* need_resched() becomes true at every n-th point of a thread that holds KVM's mmu_lock; 0: never. */
	void (*preempt_every)(unsigned int points);
	/*
	 * Call it when the scenario's time is up. It reports (KVMSIM_TIMEOUT) the state of the machine, then for each
	 * attached thread what it does, which locks it holds, and its back trace. It takes none of the machine's locks,
	 * uses SIGUSR2, and takes at most 0.5 s per thread. Any thread may call it, also from a signal handler. The
	 * caller then ends the process.
	 */
	void (*timed_out)(void);
};

extern const struct kvmsim_machine_ops kvmsim_machine;

#endif
