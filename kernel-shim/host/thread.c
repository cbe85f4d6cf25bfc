// SPDX-License-Identifier: GPL-2.0-only
/* Native threads: a place to wait on a futex, one turn of a spin wait, and the shim's own short lock. */
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <kshim/host.h>

void host_park(struct host_parker *p)
{
	while (!__atomic_exchange_n(&p->token, 0, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &p->token, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

void host_unpark(struct host_parker *p)
{
	__atomic_store_n(&p->token, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &p->token, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
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
	while (__atomic_exchange_n(&l->v, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&l->v, __ATOMIC_RELAXED))
			sched_yield();
	}
}

void host_unlock(struct host_lock *l)
{
	__atomic_store_n(&l->v, 0, __ATOMIC_RELEASE);
}
