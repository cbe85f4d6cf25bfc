/* SPDX-License-Identifier: GPL-2.0-only */
/* A guest that counts until it is told to stop, for test programs in whose threads it runs. */
#ifndef TESTS_EXEC_GUEST_H
#define TESTS_EXEC_GUEST_H

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

#define COUNTER 0x3000		/* 32 bits */
#define STOP 0x4000		/* a byte */

struct guest {
	char *ram;
	int vm, vcpu;
	struct kvm_run *run;
};

/* Real mode. */
static inline void guest_make(struct guest *g)
{
	static const unsigned char code[] = {
		0x66, 0xff, 0x06, 0x00, 0x30,		/* again: incl COUNTER */
		0x80, 0x3e, 0x00, 0x40, 0x00,		/* cmpb $0, STOP */
		0x74, 0xf4,				/* je again */
		0xf4,					/* hlt */
	};
	struct kvm_userspace_memory_region slot = { .memory_size = 16 * PAGE };
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	int kvm = open("/dev/kvm", O_RDWR), size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_sregs sregs;

	g->vm = ioctl(kvm, KVM_CREATE_VM, 0);
	g->ram = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)g->ram;
	CHECK(g->vm >= 0 && g->ram != MAP_FAILED && !ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &slot));
	memcpy(g->ram + 0x1000, code, sizeof(code));
	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	g->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	CHECK(g->vcpu >= 0 && g->run != MAP_FAILED && !ioctl(g->vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = sregs.cs.selector = sregs.ds.base = sregs.ds.selector = 0;
	CHECK(!ioctl(g->vcpu, KVM_SET_SREGS, &sregs) && !ioctl(g->vcpu, KVM_SET_REGS, &regs) && !close(kvm));
}

static inline uint32_t guest_count(const struct guest *g)
{
	return __atomic_load_n((uint32_t *)(g->ram + COUNTER), __ATOMIC_SEQ_CST);
}

/* Returns when the guest has counted on. */
static inline void guest_counts(const struct guest *g)
{
	uint32_t before = guest_count(g);

	while (guest_count(g) == before)
		usleep(1000);
}

/* For pthread_create(). Returns the errno of KVM_RUN; 0: the guest was told to stop. */
static inline void *guest_thread(void *arg)
{
	struct guest *g = arg;
	int ret = ioctl(g->vcpu, KVM_RUN, 0);

	if (!ret)
		CHECK(g->run->exit_reason == KVM_EXIT_HLT);
	return (void *)(intptr_t)(ret ? errno : 0);
}

#endif
