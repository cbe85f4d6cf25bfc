/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-table walks of an x86-64 processor: EPT, and the IA-32e and PAE formats (which NPT and shadow tables share),
 * alone or for guest tables that are walked through nested ones. Intel SDM vol. 3, 5.3 to 5.7 and 30.3; AMD APM vol. 2,
 * 15.25.
 *
 * A walk may begin at a table that a paging-structure cache leads to (SDM vol. 3, 4.10.3 and 29.4.2; APM vol. 2,
 * 5.5.2). Such an entry is used whatever the tables say now, until a flush drops it, or a fault at one of its
 * addresses.
 *
 * Needs nothing of the kernel except the three functions at the end, which unit tests can supply.
 */
#ifndef MODEL_X86_64_WALK_H
#define MODEL_X86_64_WALK_H

#include <kshim/types.h>

enum walk_format {
	WALK_EPT,	/* levels 4 or 5 */
	WALK_IA32E,	/* levels 4 or 5, 8-byte entries */
	WALK_PAE,	/* levels 3, 8-byte entries, 4 top entries without rights */
};

enum walk_access {
	WALK_READ = 1 << 0,
	WALK_WRITE = 1 << 1,
	WALK_FETCH = 1 << 2,
	WALK_USER = 1 << 3,	/* CPL 3; ignored by EPT */
};

/* A table entry that leads to another table, as a walk found it. */
struct walk_cache_entry {
	uint64_t prefix;	/* of its addresses: address >> (12 + 9 * (level - 1)) */
	uint64_t tag;		/* of the tables, see struct walk_tables */
	uint64_t entry;
	uint8_t level;		/* of the table that holds the entry; 0: nothing cached here */
	uint8_t rights;		/* enum tlb_rights: what the entry and those above it allow */
};

#define WALK_CACHE_LEVELS 4	/* 2 to 5 */
#define WALK_CACHE_SIZE 16	/* entries per level, a power of two; direct-mapped by prefix */

/* The paging-structure caches of one vCPU. All zero: empty. */
struct walk_cache {
	struct walk_cache_entry entry[WALK_CACHE_LEVELS][WALK_CACHE_SIZE];
};

#define WALK_LOG_ENTRIES 512

/* A page-modification log (SDM vol. 3, 30.3.6). */
struct walk_log {
	uint64_t *entry;	/* its page: WALK_LOG_ENTRIES guest-physical addresses */
	uint16_t index;		/* of the next one, counting down; WALK_LOG_ENTRIES or more: full */
};

/* One set of tables and the control bits that govern its walk. */
struct walk_tables {
	enum walk_format format;
	unsigned int levels;
	uint64_t root;		/* physical (guest-physical for guest tables) address of the top table */
	unsigned int maxphyaddr;
	bool ad;		/* EPT: accessed and dirty bits enabled; the other formats always have them */
	bool nxe, wp, smep, smap;
	struct walk_cache *cache; /* NULL: each walk begins at the root */
	uint64_t tag;		/* tells these tables' cache entries from others */
	struct walk_log *log;	/* EPT: where addresses go whose dirty flag a walk sets, or NULL */
};

enum walk_status {
	WALK_OK,
	WALK_FAULT,		/* not present, or no right: #PF, nested page fault, EPT violation */
	WALK_RESERVED,		/* reserved bits: #PF with RSVD, EPT misconfiguration */
	WALK_BAD_MEMORY,	/* an entry lies outside of memory */
	WALK_LOG_FULL,		/* an accessed or dirty flag must be set, and the log is full: nothing was set */
	WALK_MACHINE_CHECK,	/* x86_translate(): the frame at r->pa has a memory error */
};

struct walk_result {
	enum walk_status status;
	bool nested;		/* the nested tables failed, not the guest's */
	bool guest_table;	/* with nested: while reading or marking a guest table entry */
	uint64_t fault_addr;	/* with nested: the guest-physical address that failed */
	unsigned int error_code;/* of a #PF: the low 5 bits */
	unsigned int present_rights; /* EPT: rights that the failing entry and its ancestors allow; 0: not present */

	uint64_t pa;		/* physical address that the walked address translates to */
	uint64_t gpa;		/* guest-physical address, if guest tables were walked through nested ones */
	unsigned int level;	/* of the translation: the smaller of the two page sizes */
	unsigned int rights;	/* enum tlb_rights */
	bool dirty;		/* every dirty bit that a write needs is set */
	uint64_t entry_pa;	/* physical address of the last-level (nested or only) entry, and that entry */
	uint64_t entry;
};

/* Walks one set of tables whose entries are read physically. */
void x86_walk(const struct walk_tables *t, uint64_t addr, unsigned int access, struct walk_result *r);
/*
 * Walks guest tables whose entries, and the final address, go through nested tables. Nested accesses to guest entries
 * count as writes if the nested tables keep dirty bits (SDM 30.3.5; APM 15.25.6).
 */
void x86_walk_2d(const struct walk_tables *guest, const struct walk_tables *nested, uint64_t addr,
		 unsigned int access, struct walk_result *r);

/* Flushes of a paging-structure cache: all entries, those of one tag, those that could be used for one address. */
void x86_walk_cache_flush(struct walk_cache *c);
void x86_walk_cache_flush_tag(struct walk_cache *c, uint64_t tag);
void x86_walk_cache_flush_addr(struct walk_cache *c, uint64_t tag, uint64_t addr);
/* Returns whether a walk of the tables as they are now leads to the same table, with no fewer rights. */
bool x86_walk_cache_current(const struct walk_tables *t, const struct walk_cache_entry *e);

/* Returns whether a translation with these rights (enum tlb_rights) permits the access, by the control bits. */
bool x86_walk_allowed(const struct walk_tables *t, unsigned int rights, unsigned int access);

/* Physical memory, supplied by the machine. read and cmpxchg return false if pa is outside of memory. */
bool x86_phys_read64(uint64_t pa, uint64_t *value);
/* Compares with *old; on a mismatch updates *old and sets *done to false. */
bool x86_phys_cmpxchg64(uint64_t pa, uint64_t *old, uint64_t new, bool *done);
/* Counts one entry read by a walk. */
void x86_walk_count(void);

#endif
