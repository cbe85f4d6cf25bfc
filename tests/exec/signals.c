// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses that fail: number, code and address of the signal, and that the program goes on after its handler. Signals
 * that come while a thread waits in the simulated kernel. With an argument only what a program sees on the host, too.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

static sigjmp_buf back;
static int number, code;
static char *addr;

static void handler(int sig, siginfo_t *si, void *context)
{
	(void)context;
	number = sig;
	code = si->si_code;
	addr = si->si_addr;
	siglongjmp(back, 1);
}

#define SIGNAL(access, sig, si_code, at)						\
	do {										\
		number = 0;								\
		if (!sigsetjmp(back, 1))						\
			(void)(access);							\
		CHECK(number == (sig) && (!(sig) || (code == (si_code) && addr == (char *)(at))));	\
	} while (0)

static void *all(void *arg)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *f;
	volatile char *v = p;
	int fd = memfd_create("file", 0);

	v[0] = 1;
	CHECK(!mprotect(p, PAGE, PROT_READ) && !munmap(p + PAGE, PAGE) && !mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	SIGNAL(v[5] = 1, SIGSEGV, SEGV_ACCERR, v + 5);
	SIGNAL(v[5], 0, 0, NULL);
	SIGNAL(v[PAGE + 1], SIGSEGV, SEGV_MAPERR, v + PAGE + 1);
	SIGNAL(v[2 * PAGE] = 1, 0, 0, NULL);
	SIGNAL(v[3 * PAGE], SIGSEGV, SEGV_ACCERR, v + 3 * PAGE);

	CHECK(!ftruncate(fd, PAGE));
	f = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	v = f;
	SIGNAL(v[0] = 1, 0, 0, NULL);
	SIGNAL(v[PAGE], SIGBUS, BUS_ADRERR, v + PAGE);
	CHECK(!ftruncate(fd, 0));
	SIGNAL(v[0], SIGBUS, BUS_ADRERR, v);

	/* Memory of the host's has the same handler. */
	SIGNAL(*(volatile char *)8, SIGSEGV, SEGV_MAPERR, 8);
	CHECK(!munmap(p, 4 * PAGE) && !munmap(f, 2 * PAGE) && !close(fd));
	return arg;
}

static int event, handled, reads;

static void count(int sig)
{
	(void)sig;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

/* Returns the errno of a read(2) that waits. */
static void *reader(void *arg)
{
	eventfd_t value;
	ssize_t n = read(event, &value, sizeof(value));

	(void)arg;
	CHECK(n == sizeof(value) || n == -1);
	__atomic_fetch_add(&reads, 1, __ATOMIC_SEQ_CST);
	return (void *)(intptr_t)(n < 0 ? errno : 0);
}

/* Sends signals until the read is over, or, if handlers restart it, until three are handled; then ends it. */
static void interrupt(int flags, int error)
{
	struct sigaction act = { .sa_handler = count, .sa_flags = flags }, old;
	void *result;
	pthread_t t;

	event = eventfd(0, 0);
	handled = reads = 0;
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	CHECK(!sigaction(SIGUSR1, NULL, &old) && old.sa_handler == count && old.sa_flags == flags);
	CHECK(!pthread_create(&t, NULL, reader, NULL));
	while (!__atomic_load_n(&reads, __ATOMIC_SEQ_CST) && (!(flags & SA_RESTART) || handled < 3)) {
		usleep(20000);
		CHECK(!pthread_kill(t, SIGUSR1));
	}
	if (!error)
		CHECK(!reads && !eventfd_write(event, 1));
	CHECK(!pthread_join(t, &result) && (intptr_t)result == error && handled && !close(event));
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO }, old;
	sigset_t every;
	pthread_t t;

	CHECK(!sigaction(SIGSEGV, &act, &old) && old.sa_handler == SIG_DFL);
	CHECK(!sigaction(SIGBUS, &act, NULL));
	CHECK(!sigaction(SIGSEGV, NULL, &old) && old.sa_sigaction == handler);
	all(NULL);
	if (argc > 1)
		return strcmp(argv[1], "host") != 0;
	/* A page fault is no signal to a program that blocks all of them. */
	sigfillset(&every);
	CHECK(!sigprocmask(SIG_BLOCK, &every, NULL));
	all(NULL);
	CHECK(!pthread_create(&t, NULL, all, NULL) && !pthread_join(t, NULL));
	all(NULL);
	CHECK(!sigprocmask(SIG_UNBLOCK, &every, NULL));
	interrupt(0, EINTR);
	interrupt(SA_RESTART, 0);
	return 0;
}
