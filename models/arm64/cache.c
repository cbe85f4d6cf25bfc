// SPDX-License-Identifier: GPL-2.0-only
/* What caches can hide; see cache.h. */
#include "cache.h"

static uint64_t get(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void set(uint64_t *word, uint64_t bits)
{
	if (~get(word) & bits)
		__atomic_fetch_or(word, bits, __ATOMIC_RELAXED);
}

static void clear(uint64_t *word, uint64_t bits)
{
	if (get(word) & bits)
		__atomic_fetch_and(word, ~bits, __ATOMIC_RELAXED);
}

/* The lines of *pa..*pa+*len in its first page; goes on to the next. Returns the page, or NULL outside of memory. */
static struct arm64_cache_page *next_page(const struct arm64_caches *c, uint64_t *pa, uint64_t *len, uint64_t *lines)
{
	uint64_t page = *pa >> ARM64_CACHE_PAGE_BITS, bytes = 1U << ARM64_CACHE_PAGE_BITS;
	uint64_t offset = *pa & (bytes - 1), n = bytes - offset;
	unsigned int first = offset / ARM64_CACHE_LINE, last;

	if (*len < n)
		n = *len;
	last = (offset + n - 1) / ARM64_CACHE_LINE;
	*lines = ~0ULL >> (63 - (last - first)) << first;
	*pa += n;
	*len -= n;
	return page < c->pages ? &c->page[page] : NULL;
}

void arm64_cache_write(struct arm64_caches *c, uint64_t pa, uint64_t len, enum arm64_memtype type)
{
	struct arm64_cache_page *p;
	uint64_t lines;

	while (len) {
		p = next_page(c, &pa, &len, &lines);
		if (!p)
			return;
		if (type > ARM64_NORMAL_NC) {
			clear(&p->poc, lines);
			clear(&p->pou, lines);
		}
		clear(&p->fresh, lines);
		__atomic_store_n(&p->changed, get(&c->clock), __ATOMIC_RELAXED);
	}
}

static struct arm64_cache_page *line_of(const struct arm64_caches *c, uint64_t pa, uint64_t *line)
{
	uint64_t len = 1;

	return next_page(c, &pa, &len, line);
}

void arm64_cache_clean_pou(struct arm64_caches *c, uint64_t pa)
{
	uint64_t line;
	struct arm64_cache_page *p = line_of(c, pa, &line);

	if (!p || (get(&p->pou) & line))
		return;
	/* Until now a fetch could only get the old instruction. */
	__atomic_store_n(&p->changed, get(&c->clock), __ATOMIC_RELAXED);
	set(&p->pou, line);
}

void arm64_cache_clean_poc(struct arm64_caches *c, uint64_t pa)
{
	uint64_t line;
	struct arm64_cache_page *p = line_of(c, pa, &line);

	arm64_cache_clean_pou(c, pa);
	if (p)
		set(&p->poc, line);
}

void arm64_icache_line(struct arm64_caches *c, uint64_t pa, bool idc)
{
	uint64_t line;
	struct arm64_cache_page *p = line_of(c, pa, &line);

	if (p && (idc || (get(&p->pou) & line)))
		set(&p->fresh, line);
}

void arm64_icache_all(struct arm64_caches *c, int cpu)
{
	uint64_t now = __atomic_add_fetch(&c->clock, 1, __ATOMIC_RELAXED);
	int i;

	for (i = 0; i < ARM64_CACHE_CPUS; i++) {
		if (cpu < 0 || i == cpu)
			__atomic_store_n(&c->emptied[i], now, __ATOMIC_RELAXED);
	}
}

bool arm64_cache_stale(const struct arm64_caches *c, uint64_t pa, uint64_t len, enum arm64_memtype type)
{
	const struct arm64_cache_page *p;
	uint64_t lines;

	while (len && type <= ARM64_NORMAL_NC) {
		p = next_page(c, &pa, &len, &lines);
		if (!p)
			return false;
		if (lines & ~get(&p->poc))
			return true;
	}
	return false;
}

bool arm64_icache_stale(const struct arm64_caches *c, unsigned int cpu, const struct arm64_features *have, uint64_t pa,
			uint64_t len, enum arm64_memtype type)
{
	const struct arm64_cache_page *p;
	uint64_t lines;

	if (arm64_cache_stale(c, pa, len, type))
		return true;
	while (len) {
		p = next_page(c, &pa, &len, &lines);
		if (!p)
			return false;
		if (!have->idc && (lines & ~get(&p->pou)))
			return true;
		if (!have->dic && (lines & ~get(&p->fresh)) && get(&c->emptied[cpu]) <= get(&p->changed))
			return true;
	}
	return false;
}
