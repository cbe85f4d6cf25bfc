// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks: creation as a copy of init_task at boot (kernel/fork.c: copy_process() without memory, files and scheduling),
 * the task list, pids, and the checks at a return to user mode.
 *
 * The shim holds one reference on every task until kshim_task_reap() finds that it is the last one.
 */
#include <linux/cred.h>
#include <linux/init_task.h>
#include <linux/sched/cputime.h>
#include <linux/lockdep.h>
#include <linux/mempolicy.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/preempt.h>
#include <linux/sched/numa_balancing.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/syscalls.h>
#include <linux/utsname.h>
#include <linux/user_namespace.h>
#include <generated/utsrelease.h>
#include <kshim/form/blocked_lock.h>
#include <kshim/form/detach_pids.h>
#include <kshim/form/init_cred.h>
#include <kshim/form/ns_ref.h>
#include <kshim/form/nsproxy_refcount.h>
#include <kshim/vfs.h>
#include "internal.h"

REDUCED(init_stack, "-", "never used: native threads have stacks of their own");
unsigned long init_stack[THREAD_SIZE / sizeof(unsigned long)];
REDUCED(__top_init_kernel_stack, "-", "never used: native threads have stacks of their own");
unsigned long __top_init_kernel_stack[sizeof(struct pt_regs) / sizeof(unsigned long)];
REDUCED(init_uts_ns, "init/version-timestamp.c", "no version string and no host name");
struct uts_namespace init_uts_ns = {
	.ns = { KSHIM_NS_REF(2) },
	.name = { .sysname = "Linux", .nodename = "kvmsim", .release = UTS_RELEASE },
	.user_ns = &init_user_ns,
};
REDUCED(init_nsproxy, "kernel/nsproxy.c", "the initial pid namespace only");
struct nsproxy init_nsproxy = {
	.count = KSHIM_NSPROXY_COUNT(1),
	.uts_ns = &init_uts_ns,
	.pid_ns_for_children = &init_pid_ns,
};

static LIST_HEAD(tasks);	/* struct kshim_task, guarded by lock */
static LIST_HEAD(dead);		/* destroyed, still referenced; guarded by lock */
static struct host_lock lock;
static struct kshim_task init_half;
static struct kmem_cache *task_cache;
static struct task_struct pattern;	/* init_task at boot; later its own thread writes to it */
static DEFINE_MUTEX(create_lock);	/* the first task of a process becomes its leader */

void kshim_task_for_each(void (*fn)(struct task_struct *t, void *arg), void *arg)
{
	struct kshim_task *k;

	host_lock(&lock);
	list_for_each_entry(k, &tasks, node)
		fn(k->task, arg);
	host_unlock(&lock);
}

static void link_half(struct kshim_task *k, struct task_struct *t)
{
	k->task = t;
	t->worker_private = k;
	host_lock(&lock);
	list_add_tail(&k->node, &tasks);
	host_unlock(&lock);
}

static struct task_struct *leader_of(int tgid)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->tgid == tgid)
			return p;
	return NULL;
}

static struct signal_struct *new_signal(void)
{
	struct signal_struct *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	refcount_set(&s->sigcnt, 1);
	atomic_set(&s->live, 1);
	s->thread_head = (struct list_head)LIST_HEAD_INIT(s->thread_head);
	init_waitqueue_head(&s->wait_chldexit);
	init_sigpending(&s->shared_pending);
	INIT_HLIST_HEAD(&s->multiprocess);
	seqlock_init(&s->stats_lock);
	prev_cputime_init(&s->prev_cputime);
	memcpy(s->rlim, init_task.signal->rlim, sizeof(s->rlim));
	s->rlim[RLIMIT_MEMLOCK].rlim_cur = s->rlim[RLIMIT_MEMLOCK].rlim_max = RLIM_INFINITY;
	mutex_init(&s->cred_guard_mutex);
	init_rwsem(&s->exec_update_lock);
	return s;
}

static struct sighand_struct *new_sighand(void)
{
	struct sighand_struct *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return NULL;
	kshim_init_sighand(s);
	return s;
}

/* Resets what copy_process() does not copy from the parent. */
static void reset_task(struct task_struct *t, const char *comm, unsigned int flags)
{
	refcount_set(&t->usage, 1);
	refcount_set(&t->rcu_users, 1);
	refcount_set(&t->stack_refcount, 1);
	t->flags = flags;
	t->__state = TASK_RUNNING;
	t->cpus_ptr = &t->cpus_mask;
	strscpy_pad(t->comm, comm, sizeof(t->comm));
	spin_lock_init(&t->alloc_lock);
	raw_spin_lock_init(&t->pi_lock);
	kshim_init_blocked_lock(t);
	init_sigpending(&t->pending);
	INIT_LIST_HEAD(&t->tasks);
	INIT_LIST_HEAD(&t->thread_node);
	INIT_LIST_HEAD(&t->ptraced);
	INIT_LIST_HEAD(&t->ptrace_entry);
	INIT_LIST_HEAD(&t->children);
	INIT_LIST_HEAD(&t->sibling);
	INIT_LIST_HEAD(&t->rcu_node_entry);
	t->mm = t->active_mm = NULL;
	t->files = NULL;
	t->fs = init_task.fs;
	t->group_leader = t;
	t->rcu_read_lock_nesting = 0;
	t->set_child_tid = t->clear_child_tid = NULL;
	t->task_works = NULL;
	t->thread_info.flags = 0;
#ifdef CONFIG_PREEMPT_NOTIFIERS
	INIT_HLIST_HEAD(&t->preempt_notifiers);
#endif
	lockdep_init_task(t);
	t->softirqs_enabled = 1;
	t->softirq_context = 0;
}

struct task_struct *kshim_task_new(const char *comm, int pid, unsigned int flags)
{
	struct kshim_task *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct task_struct *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

	if (!k || !t) {
		kfree(k);
		if (t)
			kmem_cache_free(task_cache, t);
		return NULL;
	}
	memcpy(t, &pattern, sizeof(*t));
	reset_task(t, comm, flags);
	t->pid = t->tgid = pid;
	t->thread_pid = &init_struct_pid;
	get_cred(kshim_init_cred());
	get_cred(kshim_init_cred());
	/*
	 * Pairs with the READ_ONCE() in owner_on_cpu(), with which a lock's waiter looks at the lock's owner. In the
	 * kernel the first context switch gives that order.
	 */
	smp_store_release(&t->on_cpu, 0);
	link_half(k, t);
	return t;
}

static void drop_signal(struct task_struct *t)
{
	if (t->signal == init_task.signal)
		return;
	kshim_flush_signals(t, refcount_read(&t->signal->sigcnt) == 1);
	if (refcount_dec_and_test(&t->signal->sigcnt)) {
		kfree(t->signal);
		kfree(t->sighand);
	}
}

static void free_task_memory(struct task_struct *t)
{
	struct kshim_task *k = kshim_task_of(t);

	task_numa_free(t, true);
	drop_signal(t);
	put_cred(t->real_cred);
	put_cred(t->cred);
	kmem_cache_free(task_cache, t);
	kfree(k);
}

/*
 * pid: the process (thread group id). The first task of a process has that number; a later one on CPU n > 0 gets pid +
 * 65536 * (n + 1). NULL: no memory.
 */
struct task_struct *kshim_task_create(const char *comm, int pid, struct mm_struct *mm, struct files_struct *files)
{
	struct task_struct *t = kshim_task_new(comm, pid, 0);
	struct task_struct *leader;
	pid_t tid;

	if (!t)
		return NULL;
	mutex_lock(&create_lock);
	rcu_read_lock();
	leader = leader_of(pid);
	rcu_read_unlock();
	t->mm = t->active_mm = mm;
	t->files = files;
	kshim_numa_task_new(t, leader);
	t->pid = tid = leader ? pid + 65536 * (kshim_cpu->id + 1) : pid;
	t->thread_pid = NULL;
	if (leader) {
		t->signal = leader->signal;
		t->sighand = leader->sighand;
	} else {
		t->signal = new_signal();
		t->sighand = new_sighand();
	}
	if (t->signal && t->sighand)
		t->thread_pid = alloc_pid(&init_pid_ns, &tid, 1);
	if (IS_ERR_OR_NULL(t->thread_pid))
		goto no_memory;

	write_lock_irq(&tasklist_lock);
	t->real_parent = t->parent = &init_task;
	attach_pid(t, PIDTYPE_PID);
	if (leader) {
		t->group_leader = leader;
		refcount_inc(&t->signal->sigcnt);
		atomic_inc(&t->signal->live);
		t->signal->nr_threads++;
	} else {
		t->signal->nr_threads = 1;
		t->signal->pids[PIDTYPE_TGID] = t->thread_pid;
		t->signal->pids[PIDTYPE_PGID] = t->thread_pid;
		t->signal->pids[PIDTYPE_SID] = t->thread_pid;
		attach_pid(t, PIDTYPE_TGID);
		attach_pid(t, PIDTYPE_PGID);
		attach_pid(t, PIDTYPE_SID);
		list_add_tail_rcu(&t->tasks, &init_task.tasks);
	}
	list_add_tail_rcu(&t->thread_node, &t->signal->thread_head);
	nr_threads++;
	write_unlock_irq(&tasklist_lock);
	mutex_unlock(&create_lock);
	return t;

no_memory:
	mutex_unlock(&create_lock);
	if (!leader) {
		kfree(t->signal);
		kfree(t->sighand);
	}
	t->signal = init_task.signal;
	t->thread_pid = &init_struct_pid;
	host_lock(&lock);
	list_del(&kshim_task_of(t)->node);
	host_unlock(&lock);
	free_task_memory(t);
	return NULL;
}

void kshim_task_set_mm(struct task_struct *t, struct mm_struct *mm)
{
	task_lock(t);
	t->mm = t->active_mm = mm;
	task_unlock(t);
}

/*
 * Like release_task(). The structure is freed when nobody refers to it any more. Its pid's number is not used again.
 * Destroy the tasks of a process together: the group leader goes first.
 */
void kshim_task_destroy(struct task_struct *t)
{
	struct kshim_task *k = kshim_task_of(t);
	struct kshim_pids pids = {};
	enum pid_type type;

	WARN(t == current, "task %s/%d destroys itself\n", t->comm, t->pid);
	if (t->lockdep_depth) {
		debug_show_held_locks(t);
		host_report(KVMSIM_WARN, NULL, 0, "%s/%d is destroyed while it holds %d locks", t->comm, t->pid,
			    t->lockdep_depth);
	}
	mpol_put_task_policy(t);
	t->exit_state = EXIT_DEAD;
	WRITE_ONCE(t->__state, TASK_DEAD);
	t->files = NULL;
	if (t->thread_pid != &init_struct_pid) {
		write_lock_irq(&tasklist_lock);
		for (type = 0; type < PIDTYPE_MAX; type++)
			if (type == PIDTYPE_PID || t->group_leader == t)
				kshim_detach_pid(&pids, t, type);
		if (t->group_leader == t)
			list_del_rcu(&t->tasks);
		list_del_rcu(&t->thread_node);
		nr_threads--;
		write_unlock_irq(&tasklist_lock);
		kshim_free_pids(&pids);
	}
	host_lock(&lock);
	list_move_tail(&k->node, &dead);
	host_unlock(&lock);
}

void kshim_task_reap(void)
{
	struct kshim_task *k, *next;
	LIST_HEAD(gone);

	host_lock(&lock);
	list_for_each_entry_safe(k, next, &dead, node)
		if (refcount_read(&k->task->usage) == 1)
			list_move_tail(&k->node, &gone);
	host_unlock(&lock);
	if (list_empty(&gone))
		return;
	synchronize_rcu();
	list_for_each_entry_safe(k, next, &gone, node)
		free_task_memory(k->task);
}

void kshim_user_return(void)
{
	kshim_lockdep_return();
	if (preempt_count() || irqs_disabled() || rcu_preempt_depth())
		host_report(KVMSIM_WARN, NULL, 0,
			    "%s/%d leaves the kernel with preempt count %#x, interrupts %s, RCU nesting %d",
			    current->comm, current->pid, preempt_count(), irqs_disabled() ? "off" : "on",
			    rcu_preempt_depth());
	if (current->__state != TASK_RUNNING)
		host_report(KVMSIM_WARN, NULL, 0, "%s/%d leaves the kernel in task state %#x", current->comm,
			    current->pid, current->__state);
	clear_tsk_need_resched(current);
}

int kshim_task_validate(void)
{
	struct kshim_task *k;
	struct kshim_cpu *c;
	int bad = 0;

	host_lock(&lock);
	list_for_each_entry(k, &tasks, node)
		bad += kshim_task_of(k->task) != k || !refcount_read(&k->task->usage) ||
		       (k->no_thread && k->parked) || k->task->exit_state;
	list_for_each_entry(k, &dead, node)
		bad += !k->task->exit_state || k->parked;
	host_unlock(&lock);
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++)
		bad += (c->holder && c->holder->exit_state) || c->irq->lockdep_depth || c->softirq->lockdep_depth;
	if (bad)
		host_check("scheduling", "tasks: %d are inconsistent", bad);
	return bad;
}

/*
 * The machine's own tasks: idle tasks, interrupts, hotplug callbacks. Process pids are below 65536 and never meet
 * these.
 */
int kshim_task_boot(void)
{
	char name[TASK_COMM_LEN];
	struct kshim_cpu *c;

	/* fork_init(). kmalloc() would align to 8 KiB and give each of many tasks a red zone of that size. */
	task_cache = kmem_cache_create("task_struct", sizeof(struct task_struct), L1_CACHE_BYTES,
				       SLAB_PANIC | SLAB_ACCOUNT, NULL);
	lockdep_init_task(&init_task);
	memcpy(&pattern, &init_task, sizeof(pattern));
	pid_idr_init();
	kshim_set_pid_max(PID_MAX_LIMIT);
	/* As if init and kthreadd were running: processes that come and go never leave the namespace empty. */
	init_pid_ns.pid_allocated += 4;
	init_half.permanent = true;
	link_half(&init_half, &init_task);
	for (c = kshim_cpus; c < kshim_cpus + kshim_nr_cpus; c++) {
		snprintf(name, sizeof(name), "swapper/%u", c->id);
		c->idle = c->id ? kshim_task_new(name, 0, PF_KTHREAD) : &init_task;
		snprintf(name, sizeof(name), "irq/%u", c->id);
		c->irq = kshim_task_new(name, 0, PF_KTHREAD);
		snprintf(name, sizeof(name), "ksoftirqd/%u", c->id);
		c->softirq = kshim_task_new(name, 0, PF_KTHREAD);
		snprintf(name, sizeof(name), "cpuhp/%u", c->id);
		c->hotplug = kshim_task_new(name, 0, PF_KTHREAD);
		if (!c->idle || !c->irq || !c->softirq || !c->hotplug)
			return -ENOMEM;
	}
	return 0;
}
