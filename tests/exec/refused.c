// SPDX-License-Identifier: GPL-2.0-only
/* refused CASE: asks for something that cannot be right in the simulator, or exits as the case says. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include "guest.h"

#define RAM 0x101000000000UL	/* KSHIM_RAM_BASE */
#define FREED 0xaa		/* KSHIM_PAGE_FREED */

static char *page;

static int new_vm(void)
{
	return ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
}

static void slot_of_malloc(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = PAGE };

	slot.userspace_addr = (uintptr_t)aligned_alloc(PAGE, PAGE);
	ioctl(new_vm(), KVM_SET_USER_MEMORY_REGION, &slot);
}

static void dup_over(void)
{
	dup2(0, new_vm());
}

static void map_over(void)
{
	mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, open("/proc/self/exe", O_RDONLY), 0);
}

static void map_outside(void)
{
	void *stack = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	mmap(stack, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, memfd_create("file", 0), 0);
}

static void lock_all(void)
{
	mlockall(MCL_CURRENT);
}

static void by_number(void)
{
	syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void run_code(void)
{
	memset(page, 0xc3, PAGE);
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	((void (*)(void))page)();
}

static void *nothing(void *arg)
{
	return arg;
}

static void seals(void)
{
	memfd_create("file", MFD_ALLOW_SEALING);
}

/* x87: fldz */
static void guest_code(void)
{
	struct guest g;

	guest_make(&g);
	memcpy(g.ram + 0x1000, "\xd9\xee\xf4", 3);
	ioctl(g.vcpu, KVM_RUN, 0);
}

/* Writes into simulated RAM where the simulated kernel has nothing: a page that was freed. */
static unsigned char *write_freed(void)
{
	unsigned char *p, *last = (unsigned char *)RAM + (64UL << 20);

	*page = 1;
	munmap(page, PAGE);
	for (p = (unsigned char *)RAM; p < last; p += PAGE)
		if (p[0] == FREED && !memcmp(p, p + 1, PAGE - 1))
			break;
	CHECK(p < last);
	p[100] = 1;
	return &p[100];
}

static void stray_write(void)
{
	write_freed();
}

/* The page is as it was at the end, so only a check before the slot is deleted can find it. */
static void write_undone(void)
{
	struct kvm_userspace_memory_region slot = { .slot = 0 };
	int vm = new_vm();
	unsigned char *p = write_freed();

	ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot);
	*p = FREED;
}

static void write_undone_with_threads(void)
{
	pthread_t t;

	pthread_create(&t, NULL, nothing, NULL);
	pthread_join(t, NULL);
	write_undone();
}

static void fails(void)
{
	stray_write();
	exit(3);
}

static void plain_exit(void)
{
	_exit(4);
}

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	{ "slot-of-malloc", slot_of_malloc }, { "dup-over", dup_over }, { "map-over", map_over },
	{ "map-outside", map_outside }, { "lock-all", lock_all }, { "by-number", by_number }, { "run-code", run_code },
	{ "seals", seals }, { "guest-code", guest_code }, { "stray-write", stray_write },
	{ "write-undone", write_undone }, { "write-undone-with-threads", write_undone_with_threads },
	{ "fails", fails }, { "exit-4", plain_exit },
};

int main(int argc, char **argv)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; argc == 2 && i < sizeof(cases) / sizeof(*cases); i++) {
		if (!strcmp(argv[1], cases[i].name)) {
			printf("begun\n");
			cases[i].fn();
			return 0;
		}
	}
	return 99;
}
