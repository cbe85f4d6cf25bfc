// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors: one number space with the host's, poll(2) and epoll(2) of both, the host's calls on mapped memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "test.h"

static void numbers(void)
{
	int host = open("/dev/null", O_RDWR), event = eventfd(0, 0), kvm = open("/dev/kvm", O_RDWR);
	int more = open("/dev/null", O_RDWR), copy, high, many[300];

	CHECK(host > 2 && event == host + 1 && kvm == event + 1 && more == kvm + 1);
	copy = dup(event);
	high = fcntl(event, F_DUPFD, 200);
	CHECK(copy == more + 1 && high == 200);
	CHECK(!eventfd_write(copy, 3) && !close(copy));
	/* The freed number goes to whoever opens next, on either side. */
	CHECK(open("/dev/null", O_RDWR) == copy && !close(copy) && eventfd(0, 0) == copy && !close(copy));
	/* Numbers that host files have taken are no simulated file's. */
	for (int i = 0; i < 300; i++)
		many[i] = open("/dev/null", O_RDWR);
	copy = eventfd(7, EFD_NONBLOCK);
	CHECK(copy == many[299] + 1);
	for (int i = 0; i < 300; i++)
		CHECK(!close(many[i]));
	CHECK(!close(copy) && !close(high) && !close(kvm) && !close(event) && !close(host) && !close(more));
	FAILS(close(kvm), EBADF);
}

static int readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}

static void *write_later(void *fd)
{
	usleep(20000);
	CHECK(!eventfd_write((int)(intptr_t)fd, 1));
	return NULL;
}

static void polling(void)
{
	int event = eventfd(0, EFD_NONBLOCK), pipes[2], epoll = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = 1 };
	eventfd_t n;
	pthread_t t;

	CHECK(!pipe(pipes) && !readable(event) && !readable(pipes[0]));
	CHECK(!eventfd_write(event, 2) && readable(event));
	CHECK(!eventfd_read(event, &n) && n == 2 && !readable(event));
	FAILS(eventfd_read(event, &n), EAGAIN);
	CHECK(!epoll_ctl(epoll, EPOLL_CTL_ADD, event, &e));
	e.data.u32 = 2;
	CHECK(!epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &e));
	CHECK(epoll_wait(epoll, &e, 1, 0) == 0);
	CHECK(!pthread_create(&t, NULL, write_later, (void *)(intptr_t)event));
	CHECK(epoll_wait(epoll, &e, 1, 10000) == 1 && e.data.u32 == 1);
	CHECK(!pthread_join(t, NULL) && !eventfd_read(event, &n) && n == 1);
	CHECK(write(pipes[1], "x", 1) == 1 && epoll_wait(epoll, &e, 1, 10000) == 1 && e.data.u32 == 2);
	CHECK(!close(event) && !close(epoll) && !close(pipes[0]) && !close(pipes[1]));
	event = eventfd(5, 0);
	CHECK(readable(event) && !close(event));
}

/* Pages that nobody has touched yet, so that the host's kernel finds nothing mapped. */
static void host_calls(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v[2] = { { p + 2 * PAGE, 4 }, { p + 3 * PAGE, 4 } };
	char name[] = "/tmp/kvmsim-exec-XXXXXX";
	int pipes[2], fd = mkstemp(name);
	struct stat *st = (struct stat *)(p + 7 * PAGE);
	FILE *f;

	CHECK(!pipe(pipes) && fd >= 0 && !unlink(name));
	CHECK(write(pipes[1], p, 16) == 16 && read(pipes[0], p + PAGE - 8, 16) == 16);
	CHECK(write(pipes[1], "12345678", 8) == 8 && readv(pipes[0], v, 2) == 8 && !strncmp(p + 3 * PAGE, "5678", 4));
	CHECK(pwrite(fd, p + 3 * PAGE, 4, 0) == 4 && pread(fd, p + 4 * PAGE, 4, 0) == 4);
	CHECK(!memcmp(p + 4 * PAGE, "5678", 4) && !fstat(fd, st) && st->st_size == 4);
	CHECK(!mprotect(p, PAGE, PROT_READ));
	CHECK(write(pipes[1], "x", 1) == 1);
	FAILS(read(pipes[0], p, 1), EFAULT);
	CHECK(!munmap(p, PAGE));
	FAILS(write(pipes[1], p, 1), EFAULT);
	f = fopen("/proc/self/status", "r");
	CHECK(f && fread(p + 5 * PAGE, 1, 8, f) == 8 && !memcmp(p + 5 * PAGE, "Name:", 5) && !fclose(f));
	CHECK(!munmap(p + PAGE, 7 * PAGE) && !close(fd) && !close(pipes[0]) && !close(pipes[1]));
}

int main(void)
{
	numbers();
	polling();
	host_calls();
	return 0;
}
