// SPDX-License-Identifier: GPL-2.0-only
/* A VMM's memory: mappings, a slot, what comes and goes below it, shared memory with holes, bad pointers. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "test.h"

#define MIB (1UL << 20)

static char *map(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void plain_memory(void)
{
	char *p = map(2 * MIB), *q;

	for (size_t i = 0; i < 2 * MIB; i += PAGE)
		CHECK(!p[i]);
	for (size_t i = 0; i < 2 * MIB; i += PAGE)
		p[i] = (char)(i / PAGE);
	CHECK(!munmap(p + PAGE, PAGE));
	CHECK(p[0] == 0 && p[2 * PAGE] == 2);
	q = mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(q == p + PAGE && !q[0]);
	CHECK(!madvise(p, 4 * PAGE, MADV_DONTNEED));
	CHECK(!p[3 * PAGE] && p[4 * PAGE] == 4);
	CHECK(!mprotect(p, PAGE, PROT_READ) && !p[0]);
	q = mremap(p + 8 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[0] == 8 && !q[PAGE]);
	CHECK(!munmap(p, 2 * MIB));
}

/* The simulated machine's pool, not the host's. */
static unsigned long huge_pages(const char *file)
{
	char path[100], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-2048kB/%s", file);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !close(fd));
	return strtoul(text, NULL, 10);
}

static void huge_memory(void)
{
	const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
	char *p = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, how | 21 << MAP_HUGE_SHIFT, -1, 0), *q;
	int fd = memfd_create("huge", MFD_HUGETLB);

	CHECK(p != MAP_FAILED && !((uintptr_t)p % (2 * MIB)));
	CHECK(huge_pages("nr_hugepages") == 2 && huge_pages("resv_hugepages") == 2);
	p[0] = 1;
	p[4 * MIB - 1] = 2;
	CHECK(p[0] == 1 && p[4 * MIB - 1] == 2 && !p[PAGE]);
	CHECK(huge_pages("free_hugepages") == 0 && huge_pages("surplus_hugepages") == 2);
	CHECK(munmap(p, PAGE) && errno == EINVAL);
	CHECK(!madvise(p, 2 * MIB, MADV_DONTNEED) && !p[0] && p[4 * MIB - 1] == 2);
	CHECK(!munmap(p, 4 * MIB) && huge_pages("nr_hugepages") == 0);
	CHECK(mmap(NULL, PAGE, PROT_READ, how | 12 << MAP_HUGE_SHIFT, -1, 0) == MAP_FAILED && errno == EINVAL);
	CHECK(fd >= 0 && !ftruncate(fd, 2 * MIB));
	p = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 2 * MIB, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	p[5 * PAGE] = 7;
	CHECK(q[5 * PAGE] == 7);
	CHECK(!munmap(p, 2 * MIB) && !munmap(q, 2 * MIB) && !close(fd));
}

static void a_slot(void)
{
	int kvm = open("/dev/kvm", O_RDWR), vm, vcpu, size;
	struct kvm_userspace_memory_region slot = { .memory_size = 2 * MIB };
	struct kvm_sregs sregs;
	struct kvm_run *run;
	char *ram = map(2 * MIB);

	CHECK(kvm >= 0 && ioctl(kvm, KVM_GET_API_VERSION, 0) == KVM_API_VERSION);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	CHECK(vm > kvm);
	slot.userspace_addr = (uintptr_t)ram;
	CHECK(!ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot));
	strcpy(ram + PAGE, "hello");
	CHECK(!strcmp(ram + PAGE, "hello"));
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	CHECK(vcpu > vm && size >= (int)PAGE);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	CHECK(run != MAP_FAILED);
	run->immediate_exit = 1;
	CHECK(!ioctl(vcpu, KVM_GET_SREGS, &sregs) && sregs.cs.selector == 0xf000);

	/* Bad arguments, and bad pointers: nothing there, read-only, the kernel's half of the addresses. */
	slot.memory_size = PAGE - 1;
	FAILS(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), EINVAL);
	FAILS(ioctl(vcpu, KVM_GET_SREGS, NULL), EFAULT);
	FAILS(ioctl(vcpu, KVM_GET_SREGS, (void *)0x10), EFAULT);
	FAILS(ioctl(vcpu, KVM_GET_SREGS, (void *)(1UL << 63)), EFAULT);
	FAILS(ioctl(vcpu, KVM_GET_SREGS, "a constant"), EFAULT);
	FAILS(ioctl(vm, KVM_SET_USER_MEMORY_REGION, (void *)((1UL << 47) - PAGE)), EFAULT);
	CHECK(!munmap(ram, 2 * MIB));
	FAILS(ioctl(vcpu, KVM_GET_SREGS, ram), EFAULT);
	CHECK(!close(vcpu) && !munmap(run, (size_t)size) && !close(vm) && !close(kvm));
	FAILS(ioctl(kvm, KVM_GET_API_VERSION, 0), EBADF);
}

/* A vCPU's dirty ring is kernel memory that the program maps: both see what the other one writes. */
static void dirty_ring(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DIRTY_LOG_RING, .args = { PAGE } };
	int kvm = open("/dev/kvm", O_RDWR), vm = ioctl(kvm, KVM_CREATE_VM, 0), vcpu;
	volatile struct kvm_dirty_gfn *ring;

	CHECK(!ioctl(vm, KVM_ENABLE_CAP, &cap));
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	ring = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, KVM_DIRTY_LOG_PAGE_OFFSET * PAGE);
	CHECK(ring != MAP_FAILED && !ring[0].flags);
	ring[0].flags = KVM_DIRTY_GFN_F_RESET;
	CHECK(ioctl(vm, KVM_RESET_DIRTY_RINGS, 0) == 1 && !ring[0].flags);
	CHECK(!munmap((void *)ring, PAGE) && !close(vcpu) && !close(vm) && !close(kvm));
}

static void shared_memory(void)
{
	int fd = memfd_create("shared", MFD_CLOEXEC);
	char *p, *q, text[8] = "";
	struct stat st;

	CHECK(fd >= 0 && !ftruncate(fd, 16 * PAGE) && !fstat(fd, &st));
	CHECK(st.st_size == 16 * (off_t)PAGE && S_ISREG(st.st_mode) && !st.st_blocks);
	p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED && p != q);
	strcpy(p + PAGE, "one");
	CHECK(!strcmp(q + PAGE, "one"));
	CHECK(pread(fd, text, 4, PAGE) == 4 && !strcmp(text, "one"));
	CHECK(pwrite(fd, "two", 4, 2 * PAGE) == 4 && !strcmp(q + 2 * PAGE, "two"));
	CHECK(lseek(fd, PAGE, SEEK_SET) == (off_t)PAGE && read(fd, text, 4) == 4 && !strcmp(text, "one"));
	CHECK(!fstat(fd, &st) && st.st_blocks == 2 * PAGE / 512);

	CHECK(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	CHECK(!q[PAGE] && !strcmp(q + 2 * PAGE, "two"));
	CHECK(!madvise(p + 2 * PAGE, PAGE, MADV_REMOVE) && !q[2 * PAGE]);
	strcpy(q + PAGE, "new");
	CHECK(!strcmp(p + PAGE, "new"));
	CHECK(!posix_fallocate(fd, 0, 16 * PAGE) && !fstat(fd, &st) && st.st_blocks == 16 * PAGE / 512);
	CHECK(!munmap(p, 16 * PAGE) && !munmap(q, 16 * PAGE) && !close(fd));
}

/* More pages than the window shows at once, in an order without neighbours. */
static void many_pages(void)
{
	const size_t pages = 26000;
	char *p = map(pages * PAGE);

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < pages; i++)
		*(unsigned int *)(p + i * 7919 % pages * PAGE) = (unsigned int)i;
	for (size_t i = 0; i < pages; i++)
		CHECK(*(unsigned int *)(p + i * 7919 % pages * PAGE) == (unsigned int)i);
	CHECK(!munmap(p, pages * PAGE));
}

int main(void)
{
	plain_memory();
	huge_memory();
	a_slot();
	dirty_ring();
	shared_memory();
	many_pages();
	return 0;
}
