// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleeps of the program. Virtual time passes with them, so that what the simulated kernel does at a time comes about.
 * Of sleeps that overlap each moment counts once. Those below SHORTEST are left out: programs with threads make many.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include "file.h"

#define NS 1000000000L
#define SHORTEST 1000000L	/* ns */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t passed;		/* host time up to which sleeps have counted; guarded by lock */

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * NS + t->tv_nsec;
}

static int64_t host_time(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ns_of(&now);
}

static void slept(int64_t from, int64_t to)
{
	int64_t ns;

	pthread_mutex_lock(&lock);
	ns = to - (from > passed ? from : passed);
	passed = to > passed ? to : passed;
	pthread_mutex_unlock(&lock);
	if (ns <= 0)
		return;
	exec_enter();
	exec_ops->advance_time((uint64_t)ns);
	exec_leave();
}

/* 0, or -1 and errno. */
static int sleep_for(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	static typeof(&clock_nanosleep) next;
	int64_t begin = host_time(CLOCK_MONOTONIC), now = flags & TIMER_ABSTIME ? host_time(clock) : 0, ns;
	struct timespec rest = {};
	int ret;

	if (!next)
		next = exec_next("clock_nanosleep");
	ret = (int)TOUCHING(time, sizeof(*time), false, -next(clock, flags, time, &rest));
	if (ret) {
		if (left && errno == EINTR && !(flags & TIMER_ABSTIME))
			*left = rest;
		return ret;
	}
	ns = ns_of(time) - now;
	if (exec_active() && ns >= SHORTEST)
		slept(begin, begin + ns);
	return 0;
}

EXPORT int nanosleep(const struct timespec *time, struct timespec *left)
{
	return sleep_for(CLOCK_REALTIME, 0, time, left);
}

/* Returns an error number and leaves errno alone. */
EXPORT int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *left)
{
	int saved = errno, ret = sleep_for(clock, flags, time, left) ? errno : 0;

	errno = saved;
	return ret;
}

EXPORT int usleep(useconds_t us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	return nanosleep(&t, NULL);
}

EXPORT unsigned int sleep(unsigned int seconds)
{
	struct timespec t = { seconds, 0 }, left = {};

	return nanosleep(&t, &left) ? (unsigned int)left.tv_sec : 0;
}
