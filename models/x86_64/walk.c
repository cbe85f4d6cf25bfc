// SPDX-License-Identifier: GPL-2.0-only
/* Page-table walks of an x86-64 processor; see walk.h. */
#include "walk.h"
#include "tlb.h"

#define BIT64(n) (1UL << (n))
#define MASK64(hi, lo) ((~0UL >> (63 - (hi))) & (~0UL << (lo)))

#define PTE_P BIT64(0)
#define PTE_W BIT64(1)
#define PTE_U BIT64(2)
#define PTE_A BIT64(5)
#define PTE_D BIT64(6)
#define PTE_PS BIT64(7)
#define PTE_G BIT64(8)
#define PTE_NX BIT64(63)

#define EPT_R BIT64(0)
#define EPT_W BIT64(1)
#define EPT_X BIT64(2)
#define EPT_RWX (EPT_R | EPT_W | EPT_X)
#define EPT_PS BIT64(7)
#define EPT_A BIT64(8)
#define EPT_D BIT64(9)

#define PF_P BIT64(0)
#define PF_W BIT64(1)
#define PF_U BIT64(2)
#define PF_RSVD BIT64(3)
#define PF_I BIT64(4)

#define TABLE_MASK MASK64(51, 12)

static uint64_t page_bytes(unsigned int level)
{
	return BIT64(12 + 9 * (level - 1));
}

static inline uint64_t entry_address(const struct walk_tables *t, uint64_t table, unsigned int level, uint64_t addr)
{
	unsigned int bits = t->format == WALK_PAE && level == 3 ? 2 : 9;

	if (t->format == WALK_PAE && level == 3)
		table &= MASK64(51, 5);
	else
		table &= TABLE_MASK;
	return table + 8 * ((addr >> (12 + 9 * (level - 1))) & (BIT64(bits) - 1));
}

static inline bool is_leaf(const struct walk_tables *t, uint64_t e, unsigned int level)
{
	if (level == 1)
		return true;
	/* A set PS bit at a level without large pages is reserved, see has_reserved(). */
	return (e & PTE_PS) && level <= (t->format == WALK_PAE ? 2 : 3);
}

/* Address bits of a leaf below its page size must be clear; PAT (bit 12 of a large page) is not an address bit. */
static uint64_t reserved_low(const struct walk_tables *t, unsigned int level)
{
	uint64_t low = level == 1 ? 0 : MASK64(12 + 9 * (level - 1) - 1, 12);

	return t->format == WALK_EPT ? low : low & ~BIT64(12);
}

static bool ept_misconfigured(const struct walk_tables *t, uint64_t e, unsigned int level)
{
	unsigned int memtype = (e >> 3) & 7;

	if ((e & EPT_W) && !(e & EPT_R))
		return true;
	if (e & MASK64(51, t->maxphyaddr))
		return true;
	if (!is_leaf(t, e, level))
		return level >= 4 ? e & MASK64(7, 3) : e & MASK64(6, 3);
	return memtype == 2 || memtype == 3 || memtype == 7 || (e & reserved_low(t, level));
}

static inline bool has_reserved(const struct walk_tables *t, uint64_t e, unsigned int level)
{
	if (t->format == WALK_EPT)
		return ept_misconfigured(t, e, level);
	if (e & MASK64(51, t->maxphyaddr))
		return true;
	if (t->format == WALK_PAE && level == 3)
		return e & (MASK64(8, 5) | MASK64(2, 1) | MASK64(63, 52));
	if (t->format == WALK_PAE && (e & MASK64(62, 52)))
		return true;
	if ((e & PTE_NX) && !t->nxe)
		return true;
	if ((e & PTE_PS) && level > 3)
		return true;
	return is_leaf(t, e, level) && (e & reserved_low(t, level));
}

/* Rights of one entry by itself, in the terms of the TLB. */
static inline unsigned int entry_rights(const struct walk_tables *t, uint64_t e, unsigned int level)
{
	if (t->format == WALK_EPT)
		return (e & EPT_R ? TLB_R : 0) | (e & EPT_W ? TLB_W | TLB_W_SUP : 0) | (e & EPT_X ? TLB_X : 0) | TLB_U;
	if (t->format == WALK_PAE && level == 3)
		return TLB_R | TLB_W | TLB_W_SUP | TLB_X | TLB_U;
	return TLB_R | TLB_W_SUP | (e & PTE_W ? TLB_W : 0) | (e & PTE_U ? TLB_U : 0) |
	       ((e & PTE_NX) && t->nxe ? 0 : TLB_X);
}

bool x86_walk_allowed(const struct walk_tables *t, unsigned int rights, unsigned int access)
{
	bool user = (access & WALK_USER) && t->format != WALK_EPT;

	if ((access & WALK_READ) && !(rights & TLB_R))
		return false;
	if ((access & WALK_FETCH) && !(rights & TLB_X))
		return false;
	if (user && !(rights & TLB_U))
		return false;
	if ((access & WALK_WRITE) && !(rights & (user || t->wp || t->format == WALK_EPT ? TLB_W : TLB_W_SUP)))
		return false;
	if (t->format != WALK_EPT && !user && (rights & TLB_U)) {
		if ((access & WALK_FETCH) && t->smep)
			return false;
		if (!(access & WALK_FETCH) && t->smap)
			return false;
	}
	return true;
}

static unsigned int page_fault_code(const struct walk_tables *t, unsigned int access, bool present, bool reserved)
{
	return (present ? PF_P : 0) | (access & WALK_WRITE ? PF_W : 0) | (access & WALK_USER ? PF_U : 0) |
	       (reserved ? PF_RSVD : 0) | ((access & WALK_FETCH) && (t->nxe || t->smep) ? PF_I : 0);
}

static bool fail(struct walk_result *r, enum walk_status status)
{
	r->status = status;
	return false;
}

/* Finds the physical address of an entry of the guest's tables, for nested walks. */
static bool locate(const struct walk_tables *nested, uint64_t *where, struct walk_result *r)
{
	unsigned int access = WALK_READ | WALK_USER;
	struct walk_result n;

	if (!nested)
		return true;
	if (nested->format != WALK_EPT || nested->ad)
		access |= WALK_WRITE;
	x86_walk(nested, *where, access, &n);
	if (n.status != WALK_OK) {
		n.nested = true;
		n.guest_table = true;
		n.fault_addr = *where;
		*r = n;
		return false;
	}
	*where = n.pa;
	return true;
}

/*
 * Sets the accessed bit, and for a write the dirty bit of a leaf, as a locked read-modify-write. The log is examined
 * before, and gets addr after the dirty flag has changed from 0 to 1 (SDM vol. 3, 30.3.6).
 */
static bool mark(const struct walk_tables *t, uint64_t where, uint64_t addr, uint64_t *e, bool leaf, bool write,
		 bool *again, struct walk_result *r)
{
	uint64_t want = t->format == WALK_EPT ? EPT_A : PTE_A;
	bool done, dirties;

	*again = false;
	if (t->format == WALK_EPT && !t->ad)
		return true;
	if (leaf && write)
		want |= t->format == WALK_EPT ? EPT_D : PTE_D;
	if ((*e & want) == want)
		return true;
	if (t->log && t->log->index >= WALK_LOG_ENTRIES)
		return fail(r, WALK_LOG_FULL);
	dirties = (want & EPT_D) && !(*e & EPT_D);
	if (!x86_phys_cmpxchg64(where, e, *e | want, &done))
		return fail(r, WALK_BAD_MEMORY);
	if (done)
		*e |= want;
	if (done && dirties && t->log)
		t->log->entry[t->log->index--] = addr & ~MASK64(11, 0);
	*again = !done;
	return true;
}

/* Walks one level. *table becomes the next table. If the leaf was reached, r->level is set. */
static bool walk_level(const struct walk_tables *t, const struct walk_tables *nested, uint64_t addr,
		       unsigned int access, unsigned int level, uint64_t *table, unsigned int *rights,
		       struct walk_result *r)
{
	uint64_t where = entry_address(t, *table, level, addr), e, dirty_bit = t->format == WALK_EPT ? EPT_D : PTE_D;
	unsigned int here;
	bool present, leaf, again;

	if (!locate(nested, &where, r))
		return false;
	do {
		x86_walk_count();
		if (!x86_phys_read64(where, &e))
			return fail(r, WALK_BAD_MEMORY);
		r->entry_pa = where;
		r->entry = e;
		present = t->format == WALK_EPT ? e & EPT_RWX : e & PTE_P;
		if (!present) {
			r->present_rights = 0;
			r->error_code = page_fault_code(t, access, false, false);
			return fail(r, WALK_FAULT);
		}
		if (has_reserved(t, e, level)) {
			r->error_code = page_fault_code(t, access, true, true);
			return fail(r, WALK_RESERVED);
		}
		here = *rights & entry_rights(t, e, level);
		leaf = is_leaf(t, e, level);
		if (leaf && !x86_walk_allowed(t, here, access)) {
			r->present_rights = here & (TLB_R | TLB_W | TLB_X);
			r->error_code = page_fault_code(t, access, true, false);
			return fail(r, WALK_FAULT);
		}
		/* PAE's four top entries have no accessed bit. */
		again = false;
		if (!(t->format == WALK_PAE && level == 3) &&
		    !mark(t, where, addr, &e, leaf, access & WALK_WRITE, &again, r))
			return false;
	} while (again);

	*rights = here;
	r->entry = e;
	r->level = leaf ? level : 0;
	*table = e;
	if (leaf) {
		r->rights = here | (t->format != WALK_EPT && (e & PTE_G) ? TLB_GLOBAL : 0);
		r->dirty = (e & dirty_bit) || (t->format == WALK_EPT && !t->ad);
		r->pa = (e & TABLE_MASK & ~(page_bytes(level) - 1)) | (addr & (page_bytes(level) - 1));
	}
	return true;
}

#define ALL_RIGHTS (TLB_R | TLB_W | TLB_W_SUP | TLB_X | TLB_U)

static inline uint64_t cache_prefix(uint64_t addr, unsigned int level)
{
	return addr >> (12 + 9 * (level - 1));
}

static inline struct walk_cache_entry *cache_slot(struct walk_cache *c, uint64_t addr, unsigned int level)
{
	return &c->entry[level - 2][cache_prefix(addr, level) & (WALK_CACHE_SIZE - 1)];
}

static inline bool cache_holds(const struct walk_cache_entry *e, uint64_t tag, uint64_t addr, unsigned int level)
{
	return e->level == level && e->tag == tag && e->prefix == cache_prefix(addr, level);
}

/* Returns the entry nearest to the leaf, or NULL. */
static struct walk_cache_entry *cache_lookup(const struct walk_tables *t, uint64_t addr)
{
	unsigned int level;

	for (level = 2; t->cache && level <= t->levels; level++) {
		struct walk_cache_entry *e = cache_slot(t->cache, addr, level);

		if (cache_holds(e, t->tag, addr, level))
			return e;
	}
	return NULL;
}

/* The four entries at the top of PAE tables are not cached: a processor may hold them in registers. */
static void cache_fill(const struct walk_tables *t, uint64_t addr, unsigned int level, uint64_t entry,
		       unsigned int rights)
{
	if (!t->cache || (t->format == WALK_PAE && level == 3))
		return;
	*cache_slot(t->cache, addr, level) = (struct walk_cache_entry){
		.prefix = cache_prefix(addr, level), .tag = t->tag, .entry = entry, .level = level, .rights = rights,
	};
}

void x86_walk_cache_flush(struct walk_cache *c)
{
	__builtin_memset(c, 0, sizeof(*c));
}

void x86_walk_cache_flush_tag(struct walk_cache *c, uint64_t tag)
{
	struct walk_cache_entry *e = &c->entry[0][0], *end = e + WALK_CACHE_LEVELS * WALK_CACHE_SIZE;

	for (; e < end; e++)
		if (e->tag == tag)
			e->level = 0;
}

void x86_walk_cache_flush_addr(struct walk_cache *c, uint64_t tag, uint64_t addr)
{
	unsigned int level;

	for (level = 2; level < 2 + WALK_CACHE_LEVELS; level++) {
		struct walk_cache_entry *e = cache_slot(c, addr, level);

		if (cache_holds(e, tag, addr, level))
			e->level = 0;
	}
}

bool x86_walk_cache_current(const struct walk_tables *t, const struct walk_cache_entry *c)
{
	unsigned int rights = ALL_RIGHTS, level;
	uint64_t addr = c->prefix << (12 + 9 * (c->level - 1)), e = t->root;

	for (level = t->levels; level >= c->level; level--) {
		if (!x86_phys_read64(entry_address(t, e, level, addr), &e))
			return false;
		if (!(t->format == WALK_EPT ? e & EPT_RWX : e & PTE_P) || is_leaf(t, e, level))
			return false;
		rights &= entry_rights(t, e, level);
	}
	return !((e ^ c->entry) & TABLE_MASK) && !(c->rights & ~rights);
}

/* "With 4-level EPT, bits 51:48 of the guest-physical address must all be zero" (SDM vol. 3, 31.3.2). */
static bool above_tables(const struct walk_tables *t, uint64_t addr)
{
	return t->format == WALK_EPT && t->levels == 4 && (addr & MASK64(51, 48));
}

static bool walk(const struct walk_tables *t, const struct walk_tables *nested, uint64_t addr, unsigned int access,
		 struct walk_result *r)
{
	const struct walk_cache_entry *cached = cache_lookup(t, addr);
	unsigned int rights = cached ? cached->rights : ALL_RIGHTS;
	uint64_t table = cached ? cached->entry : t->root;
	unsigned int level;

	__builtin_memset(r, 0, sizeof(*r));
	if (above_tables(t, addr))
		return fail(r, WALK_FAULT);
	for (level = cached ? cached->level - 1U : t->levels; level; level--) {
		if (!walk_level(t, nested, addr, access, level, &table, &rights, r)) {
			/* A fault also drops what was used for its address (SDM 4.10.4.1, 29.4.3.1). */
			if (t->cache)
				x86_walk_cache_flush_addr(t->cache, t->tag, addr);
			return false;
		}
		if (r->level)
			break;
		cache_fill(t, addr, level, table, rights);
	}
	return true;
}

void x86_walk(const struct walk_tables *t, uint64_t addr, unsigned int access, struct walk_result *r)
{
	walk(t, NULL, addr, access, r);
}

void x86_walk_2d(const struct walk_tables *guest, const struct walk_tables *nested, uint64_t addr,
		 unsigned int access, struct walk_result *r)
{
	struct walk_result n;

	if (!walk(guest, nested, addr, access, r))
		return;
	x86_walk(nested, r->pa, (access & ~WALK_USER) | WALK_USER, &n);
	if (n.status != WALK_OK) {
		n.nested = true;
		n.fault_addr = r->pa;
		*r = n;
		return;
	}
	r->gpa = r->pa;
	r->pa = n.pa;
	r->level = r->level < n.level ? r->level : n.level;
	r->entry = n.entry;
	r->entry_pa = n.entry_pa;
	/* The nested tables have no user bit of the guest, and no CR0.WP. */
	r->rights = (r->rights & (n.rights | TLB_U | TLB_GLOBAL)) & ~(n.rights & TLB_W ? 0 : TLB_W | TLB_W_SUP);
	r->dirty = r->dirty && n.dirty;
}
