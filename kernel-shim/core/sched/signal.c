// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals of simulated tasks: their handlers, and how a scenario sees what is pending (kernel/signal.c does the rest).
 *
 * No signal is ever delivered to code: kshim_process_leave() takes them with kshim_take_signal() and keeps what they
 * said.
 */
#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include <kshim/machine.h>
#include <kshim/form/dequeue_current.h>
#include <kshim/task.h>
#include <kshim/vfs.h>
#include "internal.h"

/* The user address that stands for every signal handler; it is never called. */
#define HANDLER ((__sighandler_t)0x1000)

void kshim_init_sighand(struct sighand_struct *sighand)
{
	int sig;

	refcount_set(&sighand->count, 1);
	spin_lock_init(&sighand->siglock);
	init_waitqueue_head(&sighand->signalfd_wqh);
	for (sig = 1; sig <= _NSIG; sig++) {
		if (!sig_kernel_only(sig))
			sighand->action[sig - 1].sa.sa_handler = HANDLER;
	}
}

void kshim_flush_signals(struct task_struct *t, bool shared)
{
	unsigned long flags;

	if (!lock_task_sighand(t, &flags))
		return;
	flush_sigqueue(&t->pending);
	if (shared)
		flush_sigqueue(&t->signal->shared_pending);
	clear_tsk_thread_flag(t, TIF_SIGPENDING);
	unlock_task_sighand(t, &flags);
}

static __thread bool interrupted;

void kshim_host_signal(void)
{
	struct task_struct *t = current;

	interrupted = true;
	if (!t || !t->mm)
		return;
	set_tsk_thread_flag(t, TIF_SIGPENDING);
	host_unpark(&kshim_task_of(t)->parker);
}

void kshim_host_signal_begin(void)
{
	if (interrupted)
		set_thread_flag(TIF_SIGPENDING);
}

bool kshim_host_signal_end(void)
{
	bool was = interrupted;

	interrupted = false;
	return was;
}

int kshim_take_signal(struct kvmsim_signal *out)
{
	enum pid_type type;
	kernel_siginfo_t info;
	int sig;

	clear_siginfo(&info);
	spin_lock_irq(&current->sighand->siglock);
	sig = dequeue_signal(&current->blocked, &info, &type);
	spin_unlock_irq(&current->sighand->siglock);
	*out = (struct kvmsim_signal){
		.signo = sig,
		.code = info.si_code,
		.addr = sig == SIGBUS || sig == SIGSEGV ? (unsigned long)info.si_addr : 0,
	};
	return sig;
}
