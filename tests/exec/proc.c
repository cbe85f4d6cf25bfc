// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of /proc and /sys about the simulated machine: the frames of the program's pages and which of them are idle,
 * and the pool of huge pages, which this program wants to be of 8 pages.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "test.h"

#define HUGE (2UL << 20)

static uint64_t word(int fd, uint64_t index)
{
	uint64_t value;

	CHECK(pread(fd, &value, sizeof(value), (off_t)(index * sizeof(value))) == sizeof(value));
	return value;
}

static void idle(void)
{
	volatile char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int bitmap = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR), map = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry, pfn, bit;

	CHECK(bitmap >= 0 && map >= 0 && p != MAP_FAILED);
	p[0] = 1;
	entry = word(map, (uintptr_t)p / PAGE);
	pfn = entry & ((1UL << 55) - 1);
	bit = 1UL << pfn % 64;
	CHECK(entry >> 63 && pfn && !(word(map, (uintptr_t)p / PAGE + 1) >> 63));
	/* Pages come to the list of those that can be idle in batches of 31. */
	for (int i = 0; i < 64; i++) {
		char *more = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(more != MAP_FAILED);
		*more = 1;
	}
	CHECK(!(word(bitmap, pfn / 64) & bit));
	CHECK(pwrite(bitmap, &bit, sizeof(bit), (off_t)(pfn / 64 * sizeof(bit))) == sizeof(bit));
	CHECK(word(bitmap, pfn / 64) & bit);
	/* Another mapping is another translation: its use marks the entry. */
	CHECK(mremap((void *)p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE) == p + PAGE);
	p[PAGE] = 2;
	CHECK(!(word(bitmap, pfn / 64) & bit));
	FAILS(pread(bitmap, &bit, 4, 0), EINVAL);
	FAILS(pwrite(map, &bit, 8, 0), EBADF);
	CHECK(!close(bitmap) && !close(map));
}

/* The number in the line of /proc/meminfo that begins with name, or -1. */
static long meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	long value = -1;
	char line[100];

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			value = strtol(line + strlen(name), NULL, 10);
	fclose(f);
	return value;
}

static void pool(void)
{
	char *p, text[16] = "";
	int fd = open("/proc/sys/vm/nr_hugepages", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) == 2 && !strcmp(text, "8\n") && !close(fd));
	CHECK(meminfo("HugePages_Total:") == 8 && meminfo("HugePages_Free:") == 8 && meminfo("Hugepagesize:") == 2048);
	p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	CHECK(p != MAP_FAILED && meminfo("HugePages_Rsvd:") == 2);
	*p = 1;
	CHECK(meminfo("HugePages_Free:") == 7 && meminfo("HugePages_Rsvd:") == 1 && meminfo("HugePages_Surp:") == 0);
	CHECK(!munmap(p, 2 * HUGE) && meminfo("HugePages_Free:") == 8);
}

int main(void)
{
	idle();
	pool();
	return 0;
}
