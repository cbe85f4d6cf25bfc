// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork(2) as a test harness uses it: parent and child have a VM and memory each, and do not see each other's. A child
 * that calls exec(3) has a new machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

static char *ram;
static int kvm, vm, event;

static void child(int n)
{
	struct kvm_userspace_memory_region slot = { .slot = 1, .guest_phys_addr = 1 << 20, .memory_size = 16 * PAGE };
	char *more = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	eventfd_t value;

	CHECK(!strcmp(ram + PAGE, "parent"));
	sprintf(ram + PAGE, "child %d", n);
	strcpy(more, "more");
	slot.userspace_addr = (uintptr_t)more;
	/* This mm is the VM's own: in a child of the host's fork() KVM would refuse it with -EIO. */
	CHECK(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
	CHECK(ioctl(vm, KVM_CREATE_VCPU, n) >= 0);
	CHECK(!eventfd_read(event, &value) && value == 5);
	exit(n);
}

static int executed(void)
{
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	vm = ioctl(open("/dev/kvm", O_RDWR), KVM_CREATE_VM, 0);
	CHECK(vm >= 0 && ioctl(vm, KVM_CREATE_VCPU, 0) >= 0);
	return 7;
}

static void execs(void)
{
	pid_t pid = fork();
	int status;

	CHECK(pid >= 0);
	if (!pid) {
		execl("/proc/self/exe", "forking", "executed", NULL);
		exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int main(int argc, char **argv)
{
	struct kvm_userspace_memory_region slot = { .memory_size = 16 * PAGE };
	int status;

	if (argc > 1 && !strcmp(argv[1], "executed"))
		return executed();
	kvm = open("/dev/kvm", O_RDWR);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	event = eventfd(5, EFD_NONBLOCK);
	ram = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)ram;
	CHECK(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
	strcpy(ram + PAGE, "parent");
	for (int n = 0; n < 3; n++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (!pid)
			child(n);
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == n);
		CHECK(!strcmp(ram + PAGE, "parent"));
	}
	CHECK(ioctl(vm, KVM_CREATE_VCPU, 0) >= 0);
	CHECK(!system("exit 0"));
	execs();
	CHECK(ioctl(vm, KVM_CREATE_VCPU, 1) >= 0);
	return 0;
}
