// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork(2), and SIGSTOP with SIGCONT, while other threads run a guest, wait in the simulated kernel, or touch memory.
 * The child has the calling thread only, and memory of its own; the other threads do not notice.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include "guest.h"

#define FORKS 5

static struct guest guest;
static int event;
static volatile int done;
static unsigned int *touched;

static void *reader(void *arg)
{
	eventfd_t value = 0;

	(void)arg;
	return (void *)(intptr_t)(eventfd_read(event, &value) ? errno : (int)value);
}

static void *toucher(void *arg)
{
	while (!done)
		for (size_t i = 0; i < 8; i++)
			__atomic_fetch_add(&touched[i * PAGE / sizeof(*touched)], 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void child(int n)
{
	uint32_t before = guest_count(&guest);
	unsigned int was = *touched;
	struct guest own;
	pthread_t t;
	void *ret;

	/* The threads that ran here are not in the child. */
	usleep(20000);
	CHECK(guest_count(&guest) == before && *touched == was);
	guest_make(&own);
	CHECK(!pthread_create(&t, NULL, guest_thread, &own));
	guest_counts(&own);
	own.ram[STOP] = 1;
	CHECK(!pthread_join(t, &ret) && !ret);
	/* The guest that a thread of the parent ran goes on here as well. */
	CHECK(!pthread_create(&t, NULL, guest_thread, &guest));
	guest_counts(&guest);
	guest.ram[STOP] = 1;
	CHECK(!pthread_join(t, &ret) && !ret && !eventfd_write(event, 1));
	exit(n);
}

static void forks(void)
{
	int status;

	for (int n = 0; n < FORKS; n++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			child(n);
		guest_counts(&guest);
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == n);
		guest_counts(&guest);
	}
}

static void stops(void)
{
	pid_t pid = getpid(), other = fork();

	if (!other)
		for (;;) {
			usleep(10000);
			kill(pid, SIGCONT);
		}
	for (int n = 0; n < FORKS; n++) {
		CHECK(!kill(pid, SIGSTOP));
		guest_counts(&guest);
	}
	CHECK(!kill(other, SIGKILL) && waitpid(other, NULL, 0) == other);
}

int main(void)
{
	pthread_t runner, waiter, worker;
	void *ret;

	guest_make(&guest);
	event = eventfd(0, 0);
	touched = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(event >= 0 && touched != MAP_FAILED && !pthread_create(&runner, NULL, guest_thread, &guest));
	CHECK(!pthread_create(&waiter, NULL, reader, NULL) && !pthread_create(&worker, NULL, toucher, NULL));
	guest_counts(&guest);
	forks();
	stops();
	CHECK(!eventfd_write(event, 7) && !pthread_join(waiter, &ret) && (intptr_t)ret == 7);
	guest.ram[STOP] = 1;
	done = 1;
	CHECK(!pthread_join(runner, &ret) && !ret && !pthread_join(worker, NULL));
	return 0;
}
