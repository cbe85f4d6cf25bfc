/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TLB of one vCPU. Entries stay until an architectural flush or a deterministic eviction removes them.
 *
 * Invariants (x86_tlb_validate): those of common/assoc.h, where the root tells entries apart; frames are aligned to the
 * entry's level; nobody writes through a dirty entry without the right to.
 *
 * Not locked: only the vCPU's own thread uses it, or a checker while no vCPU runs. Needs nothing of the kernel, so that
 * unit tests can use it.
 */
#ifndef MODEL_X86_64_TLB_H
#define MODEL_X86_64_TLB_H

#include "../common/assoc.h"

/* What the entry was made from; this decides what flushes it. */
enum x86_tlb_kind {
	TLB_LINEAR,	/* linear address to frame: guest paging combined with nested paging, or a shadow table */
	TLB_PHYSICAL,	/* guest-physical address to frame: nested paging while the guest has paging off */
};

enum tlb_rights {
	TLB_R = 1 << 0,
	TLB_W = 1 << 1,		/* all tables allow writing */
	TLB_X = 1 << 2,
	TLB_U = 1 << 3,		/* CPL 3 may use it */
	TLB_W_SUP = 1 << 4,	/* CPL 0 may write with CR0.WP clear */
	TLB_GLOBAL = 1 << 5,
};

#define TLB_PCID_MASK 0xfffULL
#define TLB_ANY_PCID (1ULL << 63)

struct x86_tlb_entry {
	ASSOC_ENTRY;		/* level: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB; kind: enum x86_tlb_kind */
	/*
	 * The key: physical address of the table root (EPT), or 0 where an ASID tags entries; plus, of a linear
	 * address, the PCID, or TLB_ANY_PCID (global entries of a guest with CR4.PCIDE).
	 */
	uint64_t root;
	uint64_t gfn;		/* guest frame of the first page */
	uint64_t pfn;		/* host frame of the first page */
	uint64_t raw;		/* the last-level table entry when the TLB was filled */
	uint8_t rights;		/* enum tlb_rights */
	uint8_t dirty;		/* a write needs no walk to set a dirty bit */
	uint8_t as_id;		/* KVM address space: 0, or 1 in SMM */
};

#define TLB_4K_ENTRIES 1536	/* like the second-level TLB of a Skylake server core */
#define TLB_LARGE_ENTRIES 64
#define TLB_ENTRIES (TLB_4K_ENTRIES + TLB_LARGE_ENTRIES)

struct x86_tlb {
	struct assoc assoc;
	struct x86_tlb_entry entry[TLB_ENTRIES];	/* 4 KiB pages first, then the large ones */
};

/* Loops over the valid entries of t, in the order of their indices i. The loop may drop the entry. */
#define x86_tlb_for_each(t, i)	assoc_for_each(&(t)->assoc, TLB_ENTRIES, i)

void x86_tlb_init(struct x86_tlb *t);
/* Returns the entry that translates addr, or NULL. */
struct x86_tlb_entry *x86_tlb_lookup(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t root, uint64_t addr);
/* Copies *e in (ignores next); replaces an entry for the same page. */
void x86_tlb_fill(struct x86_tlb *t, const struct x86_tlb_entry *e);

/* Each returns how many entries it removed. */
unsigned int x86_tlb_flush_all(struct x86_tlb *t);
unsigned int x86_tlb_flush_root(struct x86_tlb *t, uint64_t root);
unsigned int x86_tlb_flush_kind(struct x86_tlb *t, enum x86_tlb_kind kind);
unsigned int x86_tlb_flush_addr(struct x86_tlb *t, enum x86_tlb_kind kind, uint64_t addr);
/* Entries of linear addresses that a guest with PCIDs invalidates (SDM vol. 3, 5.10.4.1). */
struct x86_tlb_pcid {
	bool any;		/* whatever the PCID, else only pcid */
	uint16_t pcid;
	bool globals;		/* also global entries */
	bool one;		/* only those that translate addr */
	uint64_t addr;
};
unsigned int x86_tlb_flush_pcid(struct x86_tlb *t, const struct x86_tlb_pcid *which);

/* Returns NULL, or what is wrong. */
const char *x86_tlb_validate(const struct x86_tlb *t);

#endif
