// SPDX-License-Identifier: GPL-2.0-only
/* Simulated processes: creation, fork, exec, exit, and the switch of a native thread into one. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/init_task.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/prctl.h>
#include <linux/sched/mm.h>
#include <linux/sched/numa_balancing.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/swap.h>
#include <kshim/form/init_cred.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include <kshim/vfs.h>
#include <kshim/arch.h>
#include "../../wrap/wrap.h"

static LIST_HEAD(processes);
static struct host_lock processes_lock;
static int last_pid;

static struct kshim_process *find_process(int pid)
{
	struct kshim_process *p, *found = NULL;

	host_lock(&processes_lock);
	list_for_each_entry(p, &processes, node) {
		if (p->pid == pid) {
			found = p;
			break;
		}
	}
	host_unlock(&processes_lock);
	return found;
}

static struct task_struct *new_task(struct kshim_process *p)
{
	struct task_struct *t = kshim_task_create("vmm", p->pid, p->mm, p->files);

	if (!t)
		return NULL;
	put_cred(t->real_cred);
	put_cred(t->cred);
	t->real_cred = get_cred(p->cred);
	t->cred = get_cred(p->cred);
	if (kshim_policy_give(t, p->policy)) {
		kshim_task_destroy(t);
		return NULL;
	}
	if (t->group_leader != t)
		mmget(p->mm);
	return t;
}

/* Every task gets mm, or none with NULL. Each has a reference of its own; the first one has the process's. */
static void tasks_set_mm(struct kshim_process *p, struct mm_struct *mm)
{
	struct task_struct *t;
	unsigned int cpu;

	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		t = p->task[cpu];
		if (!t)
			continue;
		if (mm && t->group_leader != t)
			mmget(mm);
		kshim_task_set_mm(t, mm);
		if (t->group_leader != t)
			mmput(p->mm);
	}
}

bool kshim_process_handle_signals(void)
{
	struct kshim_process *p = find_process(current->tgid);
	struct kvmsim_signal s;
	bool handled = false;

	while (kshim_take_signal(&s)) {
		handled = true;
		host_lock(&processes_lock);
		p->signals[(p->first_signal + p->nr_signals) % KVMSIM_MAX_SIGNALS] = s;
		if (p->nr_signals < KVMSIM_MAX_SIGNALS)
			p->nr_signals++;
		else
			p->first_signal++;
		host_unlock(&processes_lock);
	}
	return handled;
}

struct kshim_process *kshim_process_enter(int pid)
{
	struct kshim_process *p = find_process(pid);
	unsigned int cpu = raw_smp_processor_id();

	if (!p)
		return NULL;
	if (!p->task[cpu])
		smp_store_release(&p->task[cpu], new_task(p));	/* pairs with kshim_process_kill() */
	if (!p->task[cpu])
		return NULL;
	kshim_task_switch(p->task[cpu]);
	kshim_call_begins();
	if (signal_pending(current))
		kshim_process_handle_signals();
	kshim_host_signal_begin();
	return p;
}

bool kshim_process_restarts(int64_t *ret)
{
	bool handled;

	switch (*ret) {
	case -ERESTARTNOINTR:
		kshim_process_handle_signals();
		return true;
	case -ERESTARTSYS:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		handled = kshim_process_handle_signals();
		handled |= kshim_host_signal_end();
		*ret = -EINTR;
		return !handled;
	}
	return false;
}

/*
 * Like tgkill(2) for each other thread, but with the information of kill(2). A thread in user mode handles the signal
 * when kshim_process_enter() sees it.
 */
int kshim_process_kill(int sig)
{
	struct kshim_process *p = find_process(current->tgid);
	struct task_struct *t;
	unsigned int cpu;
	int n = 0;

	if (sig < 1 || !valid_signal(sig) || sig_kernel_only(sig))
		return -EINVAL;
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
		t = smp_load_acquire(&p->task[cpu]);	/* pairs with kshim_process_enter() */
		if (!t || t == current)
			continue;
		if (!send_sig_info(sig, SEND_SIG_NOINFO, t))
			n++;
	}
	return n;
}

int kshim_process_take_signal(int pid, struct kvmsim_signal *out)
{
	struct kshim_process *p = find_process(pid);
	int ret = 0;

	if (!p)
		return -ESRCH;
	host_lock(&processes_lock);
	if (p->nr_signals) {
		*out = p->signals[p->first_signal++ % KVMSIM_MAX_SIGNALS];
		p->nr_signals--;
		ret = 1;
	}
	host_unlock(&processes_lock);
	return ret;
}

/* Versions before 6.2 collect changes of the counters in the task and add them in do_exit() and exec_mmap(). */
static void sync_rss(void)
{
#ifdef SPLIT_RSS_COUNTING
	if (current->mm)
		sync_mm_rss(current->mm);
#endif
}

void kshim_process_leave(void)
{
	sync_rss();
	if (signal_pending(current))
		kshim_process_handle_signals();
	kshim_host_signal_end();
	kshim_syscall_exit();
	kshim_task_switch(NULL);
}

static struct kshim_process *new_process(void)
{
	struct kshim_process *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	INIT_LIST_HEAD(&p->pins);
	INIT_LIST_HEAD(&p->guest_maps);
	host_lock(&processes_lock);
	p->pid = ++last_pid;
	list_add_tail(&p->node, &processes);
	host_unlock(&processes_lock);
	return p;
}

static void free_process(struct kshim_process *p)
{
	if (p->cred)
		put_cred(p->cred);
	kshim_policy_put(p->policy);
	host_lock(&processes_lock);
	list_del(&p->node);
	host_unlock(&processes_lock);
	kfree(p);
}

int kshim_process_create(int pgste)
{
	struct kshim_process *p = new_process();

	if (!p)
		return -ENOMEM;
	p->mm = kshim_mm_alloc();
	p->files = kshim_files_create();
	if (!p->mm || !p->files) {
		if (p->mm)
			mmput(p->mm);
		if (p->files)
			kshim_files_put(p->files);
		free_process(p);
		return -ENOMEM;
	}
	p->cred = get_cred(kshim_init_cred());
	kshim_arch_init_mm(p->mm, pgste);
	return p->pid;
}

/* Like copy_mm() and copy_files() without CLONE_VM and CLONE_FILES. */
int kshim_process_fork(int pid)
{
	struct kshim_process *parent = kshim_process_enter(pid);
	struct kshim_process *child;
	int ret = -ENOMEM;

	if (!parent)
		return -ESRCH;
	child = new_process();
	if (!child)
		goto out;
	child->policy = kshim_policy_copy();
	if (IS_ERR(child->policy)) {
		child->policy = NULL;
		goto free;
	}
	child->mm = kshim_dup_mm(current, parent->mm);
	if (!child->mm)
		goto free;
	child->files = kshim_files_dup(parent->files);
	if (!child->files) {
		mmput(child->mm);
		goto free;
	}
	child->cred = get_current_cred();
	ret = child->pid;
	goto out;
free:
	free_process(child);
out:
	kshim_process_leave();
	return ret;
}

/*
 * Like do_exit(): exit_mm() first, then exit_files(). KVM's file release runs after the mm's users are gone, in the
 * same order as at the exit of a VMM on real hardware.
 */
int kshim_process_exit(int pid)
{
	struct kshim_process *p = kshim_process_enter(pid);
	unsigned int cpu;

	if (!p)
		return -ESRCH;
	kshim_release_pins(p);
	kshim_release_guest_maps(p);
	sync_rss();
	tasks_set_mm(p, NULL);
	mmput(p->mm);
	p->mm = NULL;
	kshim_files_put(p->files);
	p->files = NULL;
	kshim_process_leave();
	for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++)
		if (p->task[cpu])
			kshim_task_destroy(p->task[cpu]);
	free_process(p);
	return 0;
}

/*
 * Like begin_new_exec(): exec_mmap() with an mm that was made while the old one was current, then closes the
 * close-on-exec files. No other thread may be in the process. Tasks of other CPUs stay, as threads of the new program.
 */
int kshim_process_exec(bool pgste)
{
	struct kshim_process *p = find_process(current->tgid);
	struct mm_struct *old = p->mm, *mm = kshim_mm_alloc();

	if (!mm)
		return -ENOMEM;
	kshim_arch_init_mm(mm, pgste);
	kshim_release_pins(p);
	kshim_release_guest_maps(p);
	sync_rss();
	tasks_set_mm(p, mm);
	p->mm = mm;
	kshim_arch_switch_mm(old, mm);
	mmput(old);
	task_numa_free(current, false);
	do_close_on_exec(p->files);
	return 0;
}

/* Like capset(2), without the checks of the caller's rights. */
int kshim_process_drop_cap(unsigned int cap)
{
	struct kshim_process *p = find_process(current->tgid);
	struct cred *new;

	if (!cap_valid(cap))
		return -EINVAL;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	cap_lower(new->cap_effective, cap);
	cap_lower(new->cap_permitted, cap);
	cap_lower(new->cap_inheritable, cap);
	commit_creds(new);
	put_cred(p->cred);
	p->cred = get_current_cred();
	return 0;
}

/* PR_MCE_KILL_SET of prctl(2) in kernel/sys.c. */
long kshim_process_mce_kill(unsigned long policy)
{
	switch (policy) {
	case PR_MCE_KILL_EARLY:
		current->flags |= PF_MCE_PROCESS | PF_MCE_EARLY;
		return 0;
	case PR_MCE_KILL_LATE:
		current->flags |= PF_MCE_PROCESS;
		current->flags &= ~PF_MCE_EARLY;
		return 0;
	case PR_MCE_KILL_DEFAULT:
		current->flags &= ~(PF_MCE_PROCESS | PF_MCE_EARLY);
		return 0;
	}
	return -EINVAL;
}

/* Like setrlimit(2) with both limits alike, without the checks of the caller's rights. Others are not looked at. */
int kshim_process_setrlimit(unsigned int resource, unsigned long limit)
{
	struct rlimit *rlim = current->signal->rlim + resource;

	if (resource != RLIMIT_MEMLOCK && resource != RLIMIT_NOFILE)
		return -EINVAL;
	task_lock(current->group_leader);
	rlim->rlim_cur = rlim->rlim_max = limit;
	task_unlock(current->group_leader);
	return 0;
}

/* The policy is the current task's. Like its credentials, tasks that are created from now on take it over. */
long kshim_process_set_mempolicy(int mode, unsigned long mask, unsigned long maxnode)
{
	struct kshim_process *p = find_process(current->tgid);
	long ret = kshim_sys_set_mempolicy(mode, mask, maxnode);
	struct mempolicy *copy;

	if (ret)
		return ret;
	copy = kshim_policy_copy();
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	kshim_policy_put(p->policy);
	p->policy = copy;
	return 0;
}

unsigned int kshim_process_count(void)
{
	struct kshim_process *p;
	unsigned int n = 0;

	list_for_each_entry(p, &processes, node)
		n++;
	return n;
}

void kshim_process_for_each(void (*fn)(struct kshim_process *p, void *arg), void *arg)
{
	struct kshim_process *p;

	list_for_each_entry(p, &processes, node)
		fn(p, arg);
}

int kshim_process_validate(void)
{
	struct kshim_process *p;
	unsigned int cpu;
	int bad = 0;

	list_for_each_entry(p, &processes, node) {
		if (!p->mm || atomic_read(&p->mm->mm_users) < 1) {
			bad++;
			host_check("processes", "process %d has no live mm", p->pid);
		}
		for (cpu = 0; cpu < KVMSIM_MAX_CPUS; cpu++) {
			if (!p->task[cpu] || p->task[cpu]->mm == p->mm)
				continue;
			bad++;
			host_check("processes", "process %d: the task of CPU %u has another mm", p->pid, cpu);
		}
	}
	return bad;
}
