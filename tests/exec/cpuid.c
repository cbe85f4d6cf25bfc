// SPDX-License-Identifier: GPL-2.0-only
/* cpuid VENDOR: CPUID is what KVM supports for a guest, in the first thread, in another one, and in a child. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "guest.h"

static const char *vendor;

static void *check(void *arg)
{
	struct { struct kvm_cpuid2 head; struct kvm_cpuid_entry2 entries[100]; } kvm = { .head = { .nent = 100 } };
	unsigned int r[4] = { 0 };
	char text[13] = "";

	CHECK(!ioctl(*(int *)arg, KVM_GET_SUPPORTED_CPUID, &kvm));
	__cpuid(0, r[0], r[1], r[2], r[3]);
	memcpy(text, &r[1], 4);
	memcpy(text + 4, &r[3], 4);
	memcpy(text + 8, &r[2], 4);
	if (strcmp(text, vendor))
		fprintf(stderr, "\"%s\" instead of \"%s\"\n", text, vendor);
	CHECK(!strcmp(text, vendor));
	__cpuid(0x80000001, r[0], r[1], r[2], r[3]);
	for (unsigned int i = 0; i < kvm.head.nent; i++)
		if (kvm.entries[i].function == 0x80000001)
			CHECK(!(kvm.entries[i].edx & ~r[3]) && r[3] & 1 << 29);
	return NULL;
}

int main(int argc, char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR), status;
	pthread_t t;
	pid_t pid;

	CHECK(argc == 2);
	vendor = argv[1];
	/* A processor that cannot do it leaves the program with the host's CPUID. */
	if (syscall(SYS_arch_prctl, 0x1012 /* ARCH_SET_CPUID */, 0)) {
		puts("skipped: CPUID cannot be intercepted on this host");
		return 0;
	}
	check(&kvm);
	CHECK(!pthread_create(&t, NULL, check, &kvm) && !pthread_join(t, NULL));
	pid = fork();
	if (!pid) {
		check(&kvm);
		exit(3);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	return 0;
}
