// SPDX-License-Identifier: GPL-2.0-only
/*
 * Native threads: a place to wait on a futex, one turn of a spin wait, the shim's own short lock, and a call on another
 * thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <kshim/host.h>
#include <kshim/machine.h>

void host_park(struct host_parker *p)
{
	/* Pairs with the release in host_unpark(). */
	while (!__atomic_exchange_n(&p->token, 0, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &p->token, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

bool host_park_for(struct host_parker *p, unsigned int microseconds)
{
	const struct timespec t = { .tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000L };

	/* Both pair with the release in host_unpark(). */
	if (__atomic_exchange_n(&p->token, 0, __ATOMIC_ACQUIRE))
		return true;
	syscall(SYS_futex, &p->token, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0);
	return __atomic_exchange_n(&p->token, 0, __ATOMIC_ACQUIRE);
}

void host_unpark(struct host_parker *p)
{
	/* Pairs with the exchange in host_park(). */
	__atomic_store_n(&p->token, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &p->token, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

struct start {
	void (*fn)(void *arg);
	void *arg;
};

static void *started(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	s.fn(s.arg);
	return NULL;
}

void host_thread_start(void (*fn)(void *arg), void *arg)
{
	struct start *s = malloc(sizeof(*s));
	pthread_t thread;
	int error = ENOMEM;

	if (s) {
		*s = (struct start){ fn, arg };
		error = pthread_create(&thread, NULL, started, s);
	}
	if (error)
		host_fatal(KVMSIM_BUG, NULL, 0, "the host has no thread for a work item (errno %d)", error);
	pthread_detach(thread);
}

void host_spin_wait(void)
{
	sched_yield();
}

void host_nap(unsigned int microseconds)
{
	const struct timespec t = { .tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000L };

	nanosleep(&t, NULL);
}

void host_lock(struct host_lock *l)
{
	/* Pairs with the release in host_unlock(). */
	while (__atomic_exchange_n(&l->v, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&l->v, __ATOMIC_RELAXED))
			sched_yield();
	}
}

void host_unlock(struct host_lock *l)
{
	/* Pairs with the exchange in host_lock(). */
	__atomic_store_n(&l->v, 0, __ATOMIC_RELEASE);
}

static void (*called)(void *pc);
static bool answered;

static void on_call(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	int saved = errno;

	called((void *)uc->uc_mcontext.gregs[REG_RIP]);
	/* Pairs with the loads in host_call_on_thread(): what fn wrote. */
	__atomic_store_n(&answered, true, __ATOMIC_RELEASE);
	errno = saved;
}

unsigned long host_thread_self(void)
{
	return pthread_self();
}

bool host_call_on_thread(unsigned long thread, void (*fn)(void *pc))
{
	struct sigaction sa = { .sa_sigaction = on_call, .sa_flags = SA_SIGINFO | SA_RESTART };
	unsigned int i;

	called = fn;
	__atomic_store_n(&answered, false, __ATOMIC_RELAXED);
	sigemptyset(&sa.sa_mask);
	sigaction(SIGUSR2, &sa, NULL);
	if (pthread_kill(thread, SIGUSR2))
		return false;
	/* Both loads pair with the release in on_call(). */
	for (i = 0; i < 500 && !__atomic_load_n(&answered, __ATOMIC_ACQUIRE); i++)
		host_nap(1000);
	return __atomic_load_n(&answered, __ATOMIC_ACQUIRE);
}
