// SPDX-License-Identifier: GPL-2.0-only
/* As much virtual time passes as the program sleeps, by each call, also in a thread. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

#define MS 1000000L
#define NS 1000000000L

static int vm;

static uint64_t virtual_time(void)
{
	struct kvm_clock_data data = {};

	CHECK(!ioctl(vm, KVM_GET_CLOCK, &data));
	return data.clock;
}

#define SLEEPS(ns, call)						\
	do {								\
		uint64_t begin = virtual_time();			\
									\
		CHECK(!(call));						\
		CHECK(virtual_time() - begin >= (uint64_t)(ns));	\
	} while (0)

static void *all(void *arg)
{
	struct timespec t = { 0, 20 * MS }, *shared = arg;
	uint64_t before;

	SLEEPS(20 * MS, nanosleep(&t, NULL));
	SLEEPS(20 * MS, clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
	SLEEPS(20 * MS, usleep(20000));
	SLEEPS(1000 * MS, sleep(1));
	/* In simulated memory. */
	*shared = t;
	SLEEPS(20 * MS, nanosleep(shared, shared));
	/* On a busy host the moment may be past when the call begins. */
	do {
		before = virtual_time();
		CHECK(!clock_gettime(CLOCK_REALTIME, &t));
		t.tv_sec++;
		CHECK(!clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
	} while (virtual_time() - before < 500 * MS);
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR);
	struct timespec *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct itimerval often = { { 0, 100000 }, { 0, 100000 } }, never = {};
	struct timespec day = { 24 * 3600, 0 };
	pthread_t t;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	CHECK(vm >= 0);
	all(page);
	day.tv_nsec = NS;
	CHECK(nanosleep(&day, NULL) == -1 && errno == EINVAL);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &day, NULL) == EINVAL);
	FAILS(nanosleep((void *)page + PAGE * 1000, NULL), EFAULT);
	/* A signal ends it, and it says how much is left. The first signals may come before it on a busy host. */
	signal(SIGALRM, nothing);
	day.tv_nsec = 0;
	CHECK(!setitimer(ITIMER_REAL, &often, NULL));
	CHECK(nanosleep(&day, page) == -1 && errno == EINTR && page->tv_sec && page->tv_sec < day.tv_sec);
	CHECK(!setitimer(ITIMER_REAL, &never, NULL));
	CHECK(!pthread_create(&t, NULL, all, page) && !pthread_join(t, NULL));
	return 0;
}
