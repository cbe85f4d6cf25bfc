// SPDX-License-Identifier: GPL-2.0-only
/* Dynamic address translation of z/Architecture; see walk.h. */
#include "walk.h"

#define INDEX_BITS 11	/* of region and segment tables */
#define PX_BITS 8	/* of page tables */

/* The lowest bit of the address that indexes the table of a level. */
static unsigned int shift_of(enum dat_level level)
{
	return level == DAT_PAGE ? 12 : 20 + INDEX_BITS * level;
}

static unsigned int index_of(uint64_t addr, enum dat_level level)
{
	return (addr >> shift_of(level)) & ((1U << (level == DAT_PAGE ? PX_BITS : INDEX_BITS)) - 1);
}

/* The leftmost two bits of an index; they are compared with table offset and table length. */
static unsigned int index_quarter(uint64_t addr, enum dat_level level)
{
	return index_of(addr, level) >> (INDEX_BITS - 2);
}

uint64_t dat_frame_bytes(enum dat_level level)
{
	switch (level) {
	case DAT_PAGE:
		return 1ULL << 12;
	case DAT_SEGMENT:
		return 1ULL << 20;
	case DAT_REGION3:
		return 1ULL << 31;
	default:
		return 0;
	}
}

static int translation_exception(enum dat_level level)
{
	static const int code[] = {
		[DAT_PAGE] = PGM_CODE_PAGE_TRANSLATION,
		[DAT_SEGMENT] = PGM_CODE_SEGMENT_TRANSLATION,
		[DAT_REGION3] = PGM_CODE_REGION_THIRD_TRANSLATION,
		[DAT_REGION2] = PGM_CODE_REGION_SECOND_TRANSLATION,
		[DAT_REGION1] = PGM_CODE_REGION_FIRST_TRANSLATION,
	};

	return code[level];
}

static enum dat_level below(enum dat_level level)
{
	return level == DAT_SEGMENT ? DAT_PAGE : level - 1;
}

static bool large_frame(const struct dat_space *s, enum dat_level level, uint64_t entry)
{
	return (entry & DAT_ENTRY_FC) && ((level == DAT_SEGMENT && s->edat1) || (level == DAT_REGION3 && s->edat2));
}

/* Returns what is wrong with this entry of this level, or 0. */
static int check_entry(const struct dat_space *s, enum dat_level level, uint64_t entry)
{
	if (level == DAT_PAGE) {
		if (entry & DAT_PTE_I)
			return PGM_CODE_PAGE_TRANSLATION;
		return entry & DAT_PTE_Z ? PGM_CODE_TRANSLATION_SPECIFICATION : 0;
	}
	if (entry & DAT_ENTRY_I)
		return translation_exception(level);
	if ((entry & DAT_ENTRY_TT) >> 2 != level)
		return PGM_CODE_TRANSLATION_SPECIFICATION;
	/* A private space cannot use a common segment or region. */
	if ((entry & DAT_ENTRY_CS) && (s->asce & DAT_ASCE_P) &&
	    (level == DAT_SEGMENT || (level == DAT_REGION3 && s->edat2)))
		return PGM_CODE_TRANSLATION_SPECIFICATION;
	return 0;
}

/* Returns the origin of the table that an entry designates, or -1 if that table has no entry for addr. */
static uint64_t next_table(enum dat_level level, uint64_t entry, uint64_t addr)
{
	unsigned int quarter;

	if (level == DAT_SEGMENT)
		return entry & ~0x7ffULL;
	quarter = index_quarter(addr, below(level));
	if (quarter < (entry & DAT_ENTRY_TF) >> 6 || quarter > (entry & DAT_ENTRY_TL))
		return -1;
	return entry & ~0xfffULL;
}

/* Returns the level of the table that the ASCE designates; or sets *code to a program-interruption code. */
static enum dat_level top_level(const struct dat_space *s, uint64_t addr, int *code)
{
	enum dat_level top = (s->asce & DAT_ASCE_DT) >> 2;

	*code = 0;
	if (top != DAT_REGION1 && addr >> shift_of(top + 1))
		*code = PGM_CODE_ASCE_TYPE;
	else if (index_quarter(addr, top) > (s->asce & DAT_ASCE_TL))
		*code = translation_exception(top);
	return top;
}

static void walk_tables(const struct dat_space *s, uint64_t addr, struct dat_result *r)
{
	uint64_t table = s->asce & DAT_ASCE_ORIGIN, where, bytes;
	enum dat_level level = top_level(s, addr, &r->code);

	if (r->code)
		return;
	for (;; level = below(level)) {
		where = table + 8 * index_of(addr, level);
		r->level = level;
		r->code = s->read(s->ctx, where, &r->entry);
		if (r->code)
			return;
		r->looked = true;
		r->via[level] = where;
		r->code = check_entry(s, level, r->entry);
		if (r->code)
			return;
		/* Region-table entries have a protection bit only with EDAT-1. */
		if ((r->entry & DAT_ENTRY_P) && (s->edat1 || level == DAT_SEGMENT || level == DAT_PAGE))
			r->protect = true;
		if (level == DAT_PAGE || large_frame(s, level, r->entry))
			break;
		table = next_table(level, r->entry, addr);
		if (table == -1ULL) {
			r->code = translation_exception(below(level));
			return;
		}
	}
	r->iep = s->iep && (r->entry & DAT_ENTRY_IEP);
	bytes = dat_frame_bytes(level);
	r->address = (r->entry & ~(bytes - 1)) | (addr & (bytes - 1));
}

void s390_walk(const struct dat_space *s, uint64_t addr, enum dat_access access, struct dat_result *r)
{
	__builtin_memset(r, 0, sizeof(*r));
	__builtin_memset(r->via, 0xff, sizeof(r->via));
	r->level = DAT_PAGE;
	if (s->asce & DAT_ASCE_R)
		r->address = addr;
	else
		walk_tables(s, addr, r);
	if (!r->code && ((access == DAT_STORE && r->protect) || (access == DAT_IFETCH && r->iep)))
		r->code = PGM_CODE_PROTECTION;
}
