// SPDX-License-Identifier: GPL-2.0-only
/*
 * More threads than simulated CPUs: each has memory of its own and a part of a page that all share, while others take
 * that away; a VM of its own; and a userfaultfd whose pages another thread supplies. Threads that are cancelled.
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include "guest.h"

#define THREADS 20
#define PAGES 16

static char *shared;

static void *worker(void *arg)
{
	size_t id = (size_t)arg, len = PAGES * PAGE;
	unsigned int *mine = (unsigned int *)shared + id;

	for (unsigned int round = 1; round <= 20; round++) {
		char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < len; i += PAGE)
			p[i] = (char)id;
		CHECK(!mprotect(p, len, PROT_READ));
		for (size_t i = 0; i < len; i += PAGE)
			CHECK(p[i] == (char)id);
		++*mine;
		CHECK(!munmap(p, len));
		/* Takes the page from everybody, not what is in it. */
		if (round % 5 == 0)
			CHECK(!madvise(shared, PAGE, MADV_PAGEOUT) || errno == EINVAL);
		CHECK(*mine == round);
	}
	return NULL;
}

static void many_threads(void)
{
	pthread_t t[THREADS];

	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, worker, (void *)i));
	for (size_t i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	for (size_t i = 0; i < THREADS; i++)
		CHECK(((unsigned int *)shared)[i] == 20);
	CHECK(!munmap(shared, PAGE));
}

static void *supplier(void *arg)
{
	int uffd = (int)(intptr_t)arg;
	char *page = malloc(PAGE);

	for (int n = 0; n < PAGES; n++) {
		struct pollfd p = { .fd = uffd, .events = POLLIN };
		struct uffdio_copy copy = { .len = PAGE };
		struct uffd_msg m;

		CHECK(poll(&p, 1, 10000) == 1 && p.revents == POLLIN);
		CHECK(read(uffd, &m, sizeof(m)) == sizeof(m) && m.event == UFFD_EVENT_PAGEFAULT);
		copy.dst = m.arg.pagefault.address & -PAGE;
		copy.src = (uintptr_t)page;
		memset(page, 'a' + n, PAGE);
		CHECK(!ioctl(uffd, UFFDIO_COPY, &copy) && copy.copy == PAGE);
	}
	free(page);
	return NULL;
}

static void missing_pages(void)
{
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffd_msg m;
	pthread_t t;
	char *p;

	CHECK(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api));
	FAILS(read(uffd, &m, sizeof(m)), EAGAIN);
	p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)p;
	reg.range.len = PAGES * PAGE;
	CHECK(!ioctl(uffd, UFFDIO_REGISTER, &reg));
	CHECK(!pthread_create(&t, NULL, supplier, (void *)(intptr_t)uffd));
	for (int n = 0; n < PAGES; n++)
		CHECK(p[n * PAGE] == 'a' + n && p[n * PAGE + PAGE - 1] == 'a' + n);
	CHECK(!pthread_join(t, NULL) && !close(uffd) && !munmap(p, PAGES * PAGE));
}

/* Threads that each have a VM, and one that many change. */
static void *owner(void *arg)
{
	int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;
	struct kvm_userspace_memory_region slot = { .memory_size = PAGES * PAGE };
	char *ram = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(vm >= 0 && ram != MAP_FAILED);
	slot.userspace_addr = (uintptr_t)ram;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	for (int round = 0; round < 10; round++) {
		slot.memory_size = round % 2 ? 0 : PAGES * PAGE;
		CHECK(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
		ram[round * PAGE] = 1;
	}
	CHECK(vcpu >= 0 && !close(vcpu) && !close(vm) && !close(kvm) && !munmap(ram, PAGES * PAGE));
	return arg;
}

static void many_vms(void)
{
	pthread_t t[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, owner, NULL));
	for (size_t i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
}

static struct guest guest;
static int event;

static void *run_until_cancelled(void *arg)
{
	CHECK(!pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL));
	guest_thread(&guest);
	CHECK(!"KVM_RUN goes on when its thread is cancelled");
	return arg;
}

static void *read_until_cancelled(void *arg)
{
	eventfd_t value;

	CHECK(!eventfd_read(event, &value) && !"read() goes on when its thread is cancelled");
	return arg;
}

static void cancel(void *(*fn)(void *arg), int inside)
{
	pthread_t t;
	void *ret;

	CHECK(!pthread_create(&t, NULL, fn, NULL));
	if (inside && fn == run_until_cancelled)
		guest_counts(&guest);
	else if (inside)
		usleep(2000);
	CHECK(!pthread_cancel(t) && !pthread_join(t, &ret) && ret == PTHREAD_CANCELED);
}

/* Wherever the threads are. The machine goes on. */
static void cancelled(void)
{
	pthread_t t;
	void *ret;

	event = eventfd(0, 0);
	guest_make(&guest);
	for (int round = 0; round < 20; round++) {
		cancel(run_until_cancelled, round % 2);
		cancel(read_until_cancelled, round % 2);
	}
	CHECK(!pthread_create(&t, NULL, guest_thread, &guest));
	guest_counts(&guest);
	guest.ram[STOP] = 1;
	CHECK(!pthread_join(t, &ret) && !ret && !close(event));
}

static sem_t late;

static void *post_late(void *arg)
{
	usleep(50000);
	sem_post(&late);
	return arg;
}

/* Limits are longer than the program says. What is over is over. */
static void time_limits(void)
{
	struct timespec end = { 0 };
	pthread_t t;

	CHECK(!sem_init(&late, 0, 0));
	CHECK(sem_timedwait(&late, &end) == -1 && errno == ETIMEDOUT);
	CHECK(!pthread_create(&t, NULL, post_late, NULL));
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	CHECK(!sem_timedwait(&late, &end) && !pthread_join(t, NULL));
}

int main(void)
{
	many_threads();
	missing_pages();
	many_vms();
	cancelled();
	time_limits();
	return 0;
}
