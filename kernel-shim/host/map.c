// SPDX-License-Identifier: GPL-2.0-only
/* Address space from the host for simulated memory, and the list of fixed places that an oops report may name. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/platform/x86.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include "report.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define MAX_REGIONS 32
#define SMALLEST_RAM (64ul << 20)

/* The same in every run, so their addresses may be printed. Filled at boot, before the first fork. */
static struct region {
	unsigned long start, end;
} regions[MAX_REGIONS];
static unsigned int nr_regions;

void host_add_fixed(unsigned long addr, unsigned long bytes)
{
	if (nr_regions < MAX_REGIONS)
		regions[nr_regions++] = (struct region){ addr, addr + bytes };
}

static void *map(unsigned long addr, unsigned long bytes, int sharing)
{
	int flags = sharing | MAP_ANONYMOUS | MAP_NORESERVE | (addr ? MAP_FIXED_NOREPLACE : 0);
	void *p = mmap((void *)addr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (p == MAP_FAILED || (addr && p != (void *)addr))
		host_fatal(KVMSIM_OOM, NULL, 0, "the host cannot map %lu bytes of address space%s (errno %d)", bytes,
			   addr ? " at the place of simulated memory" : "", errno);
	/* RAM: one host fault for each huge page of the simulated machine. The answer only affects speed. */
	if (bytes >= SMALLEST_RAM)
		madvise(p, bytes, MADV_HUGEPAGE);
	if (addr)
		host_add_fixed(addr, bytes);
	return p;
}

void *host_map(unsigned long addr, unsigned long bytes)
{
	return map(addr, bytes, MAP_PRIVATE);
}

void *host_map_shared(unsigned long addr, unsigned long bytes)
{
	return map(addr, bytes, MAP_SHARED);
}

/* An old length of 0 makes a second mapping of the same pages (mremap(2)). */
void host_alias(void *to, void *page, unsigned long bytes)
{
	if (mremap(page, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		host_fatal(KVMSIM_BUG, NULL, 0, "host_alias of %lu bytes: errno %d", bytes, errno);
}

void host_unmap(void *p, unsigned long bytes)
{
	unsigned int i;

	if (munmap(p, bytes))
		host_fatal(KVMSIM_BUG, NULL, 0, "host_unmap of %lu bytes: errno %d", bytes, errno);
	for (i = 0; i < nr_regions; i++) {
		if (regions[i].start == (unsigned long)p)
			regions[i] = regions[--nr_regions];
	}
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

typedef unsigned long vector __attribute__((vector_size(32), aligned(1), may_alias));

/* Not memcmp(): in this object that is the kernel's, which compares word by word. */
static inline __attribute__((always_inline)) bool all_equal(const void *p, unsigned char c, unsigned long bytes)
{
	const unsigned char *b = p, *end = b + bytes;
	unsigned long word = 0x0101010101010101ul * c;
	const vector want = { word, word, word, word };

	while (end - b >= 32) {
		const unsigned char *stop = end - b >= 512 ? b + 512 : end - 31;
		vector other = { 0 };

		for (; b < stop; b += 32)
			other |= *(const vector *)b ^ want;
		if (other[0] | other[1] | other[2] | other[3])
			return false;
	}
	for (; b < end; b++)
		if (*b != c)
			return false;
	return true;
}

__attribute__((target("avx2"))) static bool all_equal_avx2(const void *p, unsigned char c, unsigned long bytes)
{
	return all_equal(p, c, bytes);
}

static bool has_avx2;

/* Uses the C library: the only CPUID in a flavour is the model's. */
__attribute__((constructor)) static void look_for_avx2(void)
{
	has_avx2 = CPU_FEATURE_ACTIVE(AVX2);
}

/* The checker passes some 0.4 MiB through this after each step. */
bool host_all_equal(const void *p, unsigned char c, unsigned long bytes)
{
	if (SANITIZED)
		return false;	/* a checker would report the access: let the caller look */
	return has_avx2 ? all_equal_avx2(p, c, bytes) : all_equal(p, c, bytes);
}

void host_discard(void *p, unsigned long bytes)
{
	if (madvise(p, bytes, MADV_DONTNEED))
		host_fatal(KVMSIM_BUG, NULL, 0, "host_discard of %lu bytes: errno %d", bytes, errno);
}

void host_protect_none(void *p, unsigned long bytes)
{
	if (mprotect(p, bytes, PROT_NONE))
		host_fatal(KVMSIM_BUG, NULL, 0, "host_protect_none of %lu bytes: errno %d", bytes, errno);
}

void host_protect_rw(void *p, unsigned long bytes)
{
	if (mprotect(p, bytes, PROT_READ | PROT_WRITE))
		host_fatal(KVMSIM_BUG, NULL, 0, "host_protect_rw of %lu bytes: errno %d", bytes, errno);
}

bool host_is_fixed(unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < nr_regions; i++) {
		if (addr >= regions[i].start && addr < regions[i].end)
			return true;
	}
	return false;
}
