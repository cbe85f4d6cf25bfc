/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What caches can hide from a CPU that does not look into them: data written through a cacheable mapping from a
 * Non-cacheable access, and new instructions from a fetch. Arm ARM, D7.5 "Cache support", B2.7.4.2 "Concurrent
 * modification and execution of instructions".
 *
 * Memory itself is always current; per cache line the state says whether real hardware could show something older. A
 * line is not known to be clean until it is cleaned: whoever had the page before may have written it. Not modelled:
 * cacheable reads of what was written around the caches, and lines that an eviction cleans by chance.
 *
 * Threads of several CPUs use it at once; each word is accessed atomically. Needs nothing of the kernel, so that unit
 * tests can use it.
 */
#ifndef MODEL_ARM64_CACHE_H
#define MODEL_ARM64_CACHE_H

#include "walk.h"

#define ARM64_CACHE_LINE 64
#define ARM64_CACHE_CPUS 8
#define ARM64_CACHE_PAGE_BITS 12	/* log2 of the bytes that struct arm64_cache_page is about */

/* The lines of 4 KiB, a bit for each. All zero: nothing is known. */
struct arm64_cache_page {
	uint64_t poc;		/* clean to the Point of Coherency: what Non-cacheable accesses see */
	uint64_t pou;		/* clean to the Point of Unification: what instruction fetches see */
	uint64_t fresh;		/* no instruction cache has an older copy, because of IC IVAU */
	uint64_t changed;	/* clock when an instruction cache could last have fetched something that is old now */
};

struct arm64_caches {
	struct arm64_cache_page *page;
	uint64_t pages;
	uint64_t clock;			/* counts IC IALLU */
	uint64_t emptied[ARM64_CACHE_CPUS];	/* clock when the CPU's instruction cache was emptied */
};

/* A write to pa..pa+len. Cacheable or not, instruction caches do not notice it. */
void arm64_cache_write(struct arm64_caches *c, uint64_t pa, uint64_t len, enum arm64_memtype type);
/* DC CVAC, CIVAC, IVAC; and DC CVAU: of the line of pa. */
void arm64_cache_clean_poc(struct arm64_caches *c, uint64_t pa);
void arm64_cache_clean_pou(struct arm64_caches *c, uint64_t pa);
/* IC IVAU on the line of pa. idc: CTR_EL0.IDC: data need not be cleaned before. */
void arm64_icache_line(struct arm64_caches *c, uint64_t pa, bool idc);
/* IC IALLU of one CPU, or with cpu < 0 IC IALLUIS. */
void arm64_icache_all(struct arm64_caches *c, int cpu);

/* Returns whether a read by this type of memory could get something older than memory has. */
bool arm64_cache_stale(const struct arm64_caches *c, uint64_t pa, uint64_t len, enum arm64_memtype type);
/* Returns whether a fetch by this CPU could. */
bool arm64_icache_stale(const struct arm64_caches *c, unsigned int cpu, const struct arm64_features *have, uint64_t pa,
			uint64_t len, enum arm64_memtype type);

#endif
