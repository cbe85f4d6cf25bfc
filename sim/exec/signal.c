// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's handlers of signals.
 *
 * Those of the simulator's own signals are kept here, and fault.c calls them. Other signals come to the host's handler:
 * outside of the simulator that calls the program's at once. Inside, the simulated kernel hears of the signal, so that
 * KVM_RUN and other waits end, and the signal is sent again when the thread is outside.
 *
 * OUST is a signal of this library's own, which takes a thread out of the simulator for a fork() of another thread.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "signal.h"

static struct sigaction actions[NSIG];	/* the program's */

#define OUST SIGRTMAX

static const char oust_mark;	/* its address says that an OUST is ours */
static __thread unsigned int ousted;	/* OUST signals since the last call began */
static __thread unsigned int ousted_lately; /* calls from the last one on that an OUST may still interrupt */

#define MOST_LATE 16	/* signals of one thread that wait; the host keeps one of each, too */

static __thread unsigned int nr_late;
static __thread siginfo_t late[MOST_LATE];
static __thread bool any_late;		/* since the last call began */
static __thread bool all_restart;	/* since the last call began: each late signal's handler has SA_RESTART */

/* The first four are the simulator's faults, too; exec_faults_begin() has its handler for them. */
static bool is_kept(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE || sig == SIGILL || sig == OUST ||
	       (sig == SIGTRAP && exec_reaching);
}

int exec_real_sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	static int (*next)(int sig, const struct sigaction *act, struct sigaction *old);

	if (!next)
		next = exec_next("sigaction");
	return next(sig, act, old);
}

static void on_signal(int sig, siginfo_t *si, void *context);

/* The host's kernel ends a process whose blocked SIGSEGV is due. */
static void leave_kept(sigset_t *set)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (is_kept(sig))
			sigdelset(set, sig);
}

/* Installs the host's handler for the program's action. */
static int install(int sig, const struct sigaction *act)
{
	struct sigaction ours = *act;

	if (act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN) {
		ours.sa_sigaction = on_signal;
		ours.sa_flags |= SA_SIGINFO;
		leave_kept(&ours.sa_mask);
	}
	return exec_real_sigaction(sig, &ours, NULL);
}

static void on_signal(int sig, siginfo_t *si, void *context)
{
	const struct sigaction *act = &actions[sig];

	if (sig == OUST && si->si_code == SI_QUEUE && si->si_value.sival_ptr == &oust_mark) {
		__atomic_fetch_add(&ousted, 1, __ATOMIC_RELAXED);
		ousted_lately = 2;	/* this one may be over but for its end */
		exec_program->interrupt();
	} else if (exec_in_simulator()) {
		if (act->sa_flags & SA_RESETHAND)
			install(sig, act);	/* its turn is still to come */
		if (nr_late < MOST_LATE)
			late[nr_late++] = *si;
		any_late = true;
		all_restart &= !!(act->sa_flags & SA_RESTART);
		exec_program->interrupt();
	} else if (act->sa_handler == SIG_DFL) {
		signal_default(sig);
	} else if (act->sa_flags & SA_SIGINFO) {
		act->sa_sigaction(sig, si, context);
	} else {
		act->sa_handler(sig);
	}
}

uint64_t exec_signals_catch(uint64_t mask)
{
	const struct sigaction ours = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	uint64_t blocked = 0;

	exec_host(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &blocked, sizeof(blocked));
	for (int sig = 1; sig < NSIG; sig++) {
		if (is_kept(sig))
			mask &= ~(1UL << (sig - 1));
		else if (blocked & ~mask & 1UL << (sig - 1) && actions[sig].sa_handler == SIG_DFL)
			exec_real_sigaction(sig, &ours, NULL);
	}
	return mask;
}

void exec_signals_begin(void)
{
	all_restart = true;
	any_late = false;
	ousted = 0;
	if (ousted_lately)
		ousted_lately--;
}

bool exec_signals_oust(int tid)
{
	siginfo_t si = { .si_signo = OUST, .si_code = SI_QUEUE };

	si.si_value.sival_ptr = (void *)&oust_mark;
	return !exec_host(SYS_rt_tgsigqueueinfo, getpid(), tid, OUST, &si);
}

/* A real-time signal is queued as often as it was sent. */
void exec_signals_ousted(unsigned int n)
{
	while (__atomic_load_n(&ousted, __ATOMIC_RELAXED) < n)
		exec_host(SYS_sched_yield);
}

bool exec_signals_only_ousted(void)
{
	return ousted_lately && !any_late;
}

void exec_oust_begin(void)
{
	const struct sigaction act = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	exec_real_sigaction(OUST, &act, NULL);
}

/* The host may give a signal's information only to the process itself. */
bool exec_signals_late(void)
{
	bool any = nr_late;

	while (nr_late) {
		siginfo_t si = late[--nr_late];

		exec_host(SYS_rt_tgsigqueueinfo, getpid(), exec_host(SYS_gettid), si.si_signo, &si);
	}
	return any && all_restart;
}

EXPORT int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction was;

	if (!exec_active() || sig < 1 || sig >= NSIG)
		return exec_real_sigaction(sig, act, old);
	was = actions[sig];
	if (act) {
		actions[sig] = *act;
		if (!is_kept(sig) && install(sig, act)) {
			actions[sig] = was;
			return -1;
		}
	}
	if (old)
		*old = was;
	return 0;
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	return sigaction(sig, &act, &old) ? SIG_ERR : old.sa_handler;
}

void exec_program_action(int sig, struct sigaction *act)
{
	*act = actions[sig];
	if (act->sa_flags & SA_RESETHAND)
		actions[sig] = (struct sigaction){ .sa_handler = SIG_DFL };
}

void signal_default(int sig)
{
	const struct sigaction act = { .sa_handler = SIG_DFL };

	exec_real_sigaction(sig, &act, NULL);
	exec_host(SYS_tgkill, getpid(), exec_host(SYS_gettid), sig);
}

static int set_mask(int how, const sigset_t *set, sigset_t *old)
{
	static int (*next)(int how, const sigset_t *set, sigset_t *old);
	sigset_t without;

	if (!next)
		next = exec_next("pthread_sigmask");
	if (!set || how == SIG_UNBLOCK || !exec_ops)
		return next(how, set, old);
	without = *set;
	leave_kept(&without);
	return next(how, &without, old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return set_mask(how, set, old);
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	int ret = set_mask(how, set, old);

	if (!ret)
		return 0;
	errno = ret;
	return -1;
}

void exec_block(const sigset_t *set, sigset_t *old)
{
	set_mask(SIG_BLOCK, set, old);
}

void exec_unblock(const sigset_t *old)
{
	set_mask(SIG_SETMASK, old, NULL);
}
