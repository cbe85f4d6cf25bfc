// SPDX-License-Identifier: GPL-2.0-only
/* A VM with code of a guest: exits, memory that both sides see, what the VMM takes away, a signal that ends KVM_RUN. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

#define RAM (64 * PAGE)
#define CODE 0x1000
#define DATA 0x3000
#define LOOP 0x5000

/* Real mode: a byte to a port, a word to memory, a byte to where no memory is, the end. */
static const unsigned char code[] = {
	0x00, 0xd8,			/* add %bl, %al */
	0xba, 0xf8, 0x03,		/* mov $0x3f8, %dx */
	0xee,				/* out %al, (%dx) */
	0xa3, 0x00, 0x30,		/* mov %ax, DATA */
	0x8b, 0x0e, 0x00, 0x30,		/* mov DATA, %cx */
	0xb8, 0x00, 0xf0,		/* mov $0xf000, %ax */
	0x8e, 0xd8,			/* mov %ax, %ds */
	0x88, 0x0e, 0x00, 0x80,		/* mov %cl, 0x8000: 0xf8000 */
	0xf4,				/* hlt */
};
static const unsigned char loop[] = { 0xff, 0x06, 0x00, 0x30, 0xeb, 0xfa };	/* incw DATA; jmp back */

static char *ram;
static int vm, vcpu;
static struct kvm_run *run;

static void set_start(uint64_t rip)
{
	struct kvm_regs regs = { .rip = rip, .rax = 2, .rbx = 3, .rflags = 2 };
	struct kvm_sregs sregs;

	CHECK(!ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = sregs.cs.selector = sregs.ds.base = sregs.ds.selector = 0;
	CHECK(!ioctl(vcpu, KVM_SET_SREGS, &sregs) && !ioctl(vcpu, KVM_SET_REGS, &regs));
}

static void make_vm(void)
{
	struct kvm_userspace_memory_region slot = { .memory_size = RAM, .flags = KVM_MEM_LOG_DIRTY_PAGES };
	int kvm = open("/dev/kvm", O_RDWR), size;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)ram;
	CHECK(vm >= 0 && ram != MAP_FAILED && !ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
	memcpy(ram + CODE, code, sizeof(code));
	memcpy(ram + LOOP, loop, sizeof(loop));
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	CHECK(vcpu >= 0 && run != MAP_FAILED);
}

static void exits(void)
{
	uint64_t bitmap = 0;
	struct kvm_dirty_log log = { .dirty_bitmap = &bitmap };
	char *again;

	set_start(CODE);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && run->exit_reason == KVM_EXIT_IO);
	CHECK(run->io.port == 0x3f8 && run->io.size == 1 && ((char *)run)[run->io.data_offset] == 5);
	CHECK(!ram[DATA]);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && run->exit_reason == KVM_EXIT_MMIO);
	CHECK(run->mmio.phys_addr == 0xf8000 && run->mmio.is_write && run->mmio.len == 1 && run->mmio.data[0] == 5);
	CHECK(ram[DATA] == 5);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && run->exit_reason == KVM_EXIT_HLT);
	/* KVM maps the page of the code for writing, too, and counts it. */
	CHECK(!ioctl(vm, KVM_GET_DIRTY_LOG, &log) && (bitmap & ~(1UL << CODE / PAGE)) == 1UL << DATA / PAGE);
	/* The guest's page goes away below it: it reads its code's page again, and gets a new page for its data. */
	CHECK(!madvise(ram + DATA, PAGE, MADV_DONTNEED) && !ram[DATA]);
	set_start(CODE);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && !ioctl(vcpu, KVM_RUN, 0) && ram[DATA] == 5);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && run->exit_reason == KVM_EXIT_HLT);
	CHECK(!munmap(ram + DATA, PAGE));
	set_start(CODE);
	CHECK(!ioctl(vcpu, KVM_RUN, 0));
	FAILS(ioctl(vcpu, KVM_RUN, 0), EFAULT);
	again = mmap(ram + DATA, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(again == ram + DATA);
	CHECK(!ioctl(vcpu, KVM_RUN, 0) && ram[DATA] == 5);
}

static void nothing(int sig)
{
	(void)sig;
}

static void *runs(void *arg)
{
	errno = 0;
	CHECK(ioctl(vcpu, KVM_RUN, 0) == -1 && errno == EINTR && run->exit_reason == KVM_EXIT_INTR);
	__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* The guest counts for ever; both sides see the counter, also when its page is another one. */
static void a_signal(void)
{
	struct sigaction act = { .sa_handler = nothing };
	volatile uint16_t *counter = (uint16_t *)(ram + DATA);
	uint16_t before;
	int ended = 0;
	pthread_t t;

	CHECK(!sigaction(SIGUSR1, &act, NULL));
	set_start(LOOP);
	CHECK(!pthread_create(&t, NULL, runs, &ended));
	for (int round = 0; round < 3; round++) {
		before = *counter;
		while (*counter == before)
			usleep(1000);
		CHECK(!madvise(ram + DATA, PAGE, MADV_DONTNEED));
	}
	while (!__atomic_load_n(&ended, __ATOMIC_SEQ_CST)) {
		CHECK(!pthread_kill(t, SIGUSR1));
		usleep(10000);
	}
	CHECK(!pthread_join(t, NULL));
}

/* The same with a signal that is blocked outside of KVM_RUN and has no handler: the program waits for it afterwards. */
static void a_masked_signal(void)
{
	struct {
		struct kvm_signal_mask head;
		uint64_t set;
	} __attribute__((packed)) mask = { .head.len = 8 };
	sigset_t usr2;
	int sig = 0;

	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	CHECK(!pthread_sigmask(SIG_BLOCK, &usr2, NULL));
	CHECK(!ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask));
	FAILS(ioctl(vm, KVM_SET_SIGNAL_MASK, &mask), ENOTTY);
	FAILS(ioctl(vcpu, KVM_SET_SIGNAL_MASK, (void *)8), EFAULT);
	mask.head.len = 7;
	FAILS(ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask), EINVAL);
	set_start(LOOP);
	CHECK(!pthread_kill(pthread_self(), SIGUSR2));
	FAILS(ioctl(vcpu, KVM_RUN, 0), EINTR);
	CHECK(run->exit_reason == KVM_EXIT_INTR);
	FAILS(ioctl(vcpu, KVM_RUN, 0), EINTR);
	CHECK(!sigwait(&usr2, &sig) && sig == SIGUSR2);
	CHECK(!ioctl(vcpu, KVM_SET_SIGNAL_MASK, NULL));
}

int main(void)
{
	make_vm();
	exits();
	a_signal();
	a_masked_signal();
	return 0;
}
