/* SPDX-License-Identifier: GPL-2.0-only */
/* What the allocators (page_alloc.c, slab.c, vmalloc.c, percpu.c, vmstat.c) share among themselves. */
#ifndef KSHIM_CORE_MEM_INTERNAL_H
#define KSHIM_CORE_MEM_INTERNAL_H

#include <linux/types.h>
#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <kshim/arch_defs.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/track.h>

#define KSHIM_REDZONE	0xcc	/* SLUB_RED_ACTIVE: never changes between objects */
#define KSHIM_FREED	0x6b	/* POISON_FREE */
#define KSHIM_FRESH	0x5a	/* POISON_INUSE: allocated, not initialised */
#define KSHIM_PAGE_FREED 0xaa	/* PAGE_POISON */

enum kshim_page_state {
	KSHIM_PAGE_IS_FREE,	/* on a free list, or never touched */
	KSHIM_PAGE_IS_USED,	/* handed out */
	KSHIM_PAGE_IS_SLAB,	/* handed out to slab.c */
	KSHIM_PAGE_IS_LARGE,	/* head of a kmalloc() that was too big for a cache */
	KSHIM_PAGE_IS_TAIL,	/* the rest of it */
	KSHIM_PAGE_IS_OFF,	/* reserved, or taken off the buddy lists (hardware poison, bad page) */
};

/*
 * The shim's record of one page frame, which the kernel cannot reach. All zero for a frame never handed out. epoch: of
 * the allocation. touched: the frame has been handed out once, so its contents are checked when it is free.
 */
struct kshim_page_info {
	const void *alloc_ip, *free_ip;	/* who allocated it and who freed it last */
	union {
		struct kshim_slab *slab;	/* KSHIM_PAGE_IS_SLAB */
		unsigned long bytes;		/* KSHIM_PAGE_IS_LARGE: the size asked for */
	};
	u32 epoch;
	u8 state, touched;
};

extern struct kshim_page_info *kshim_page_info;
struct kshim_mem_counts {
	u64 pages_total;			/* 4 KiB */
	u64 vmalloc_pages, vmalloc_areas;	/* now */
};
extern struct kshim_mem_counts kshim_mem_counts;
extern u32 kshim_mem_epoch;

static inline bool kshim_is_ram(const void *p)
{
	return (unsigned long)p - KSHIM_RAM_BASE < kshim_mem_counts.pages_total << PAGE_SHIFT;
}

/* The record of the frame that holds p; p must be in RAM. */
static inline struct kshim_page_info *kshim_info_of(const void *p)
{
	return &kshim_page_info[((unsigned long)p - KSHIM_RAM_BASE) >> PAGE_SHIFT];
}

static inline struct kshim_page_info *kshim_pfn_info(unsigned long pfn)
{
	return &kshim_page_info[pfn - ARCH_PFN_OFFSET];
}

/* --- nodes.c: where the RAM of the NUMA nodes is --- */
#define KSHIM_NR_NODES		(MAX_NUMNODES > 1 ? 2 : 1)
#define KSHIM_BLOCK_PAGES	(1UL << MAX_PAGE_ORDER)
/*
 * The frames of a node, as pfns: from start on, before end. Those from in_use_end on were never in use, but for the
 * gigantic frames there; their struct pages are not initialised. in_use_end only grows, up to the first such frame.
 * gigantic: a bit for each KSHIM_GIGANTIC_UNIT of RAM in a gigantic frame that is in use. sealed: for those that were,
 * and that nobody may touch since.
 */
#define KSHIM_GIGANTIC_UNITS	(KSHIM_RAM_MAX / KSHIM_GIGANTIC_UNIT)
struct kshim_node {
	unsigned long start, end, in_use_end;
	DECLARE_BITMAP(gigantic, KSHIM_GIGANTIC_UNITS);
	DECLARE_BITMAP(sealed, KSHIM_GIGANTIC_UNITS);
};
extern struct kshim_node kshim_nodes[KSHIM_NR_NODES];
/* Gives the nodes all frames before end, and sets up what the allocator needs of their zones. Once, at boot. */
void kshim_nodes_boot(unsigned long end);
/*
 * Brings so much RAM into use that small scenarios need no more. Each starts in a process that is forked after this,
 * and so shares what is written here.
 */
void kshim_nodes_prepare(void);
/* Gives a node the frames up to end, which belong to no other one. */
void kshim_extend_node(int nid, unsigned long end);

/* --- page_alloc.c, for gigantic.c --- */
/* Guards free lists, in_use_end and gigantic of each node, and page states. */
extern struct host_lock kshim_pages_lock;
/* Puts a node's next block on the free list. Returns false if all of its RAM is in use, or all before 2 GiB in use. */
bool kshim_bring_in_block(int nid);
/* Initialises the struct pages of frames of a node. */
void kshim_init_pages(int nid, unsigned long pfn, unsigned long frames);
/*
 * Checks a frame that leaves (or stays on) the free list: nobody may have written to it since it was freed. Reports it
 * and returns false if somebody has.
 */
bool kshim_check_freed_contents(struct page *page);
void kshim_set_page_state(struct page *page, unsigned int order, u8 state, const void *ip);
bool kshim_above_watermark(struct zone *zone, gfp_t gfp, unsigned int order);

/* --- gigantic.c: frames of one or more KSHIM_GIGANTIC_UNIT --- */
/*
 * Returns a frame of this order, without a reference and with its contents undefined, or NULL. It is a
 * compound page with __GFP_COMP. For kernel callers; the arguments are those of kshim_alloc_pages_node().
 */
struct page *kshim_alloc_gigantic(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip);
/* Makes a freed frame RAM that was never in use, and takes all access to it. With kshim_pages_lock held. */
void kshim_unuse_gigantic(struct page *page, unsigned int order);
/* Gives access to the unit around a frame that comes into use. With kshim_pages_lock held. */
void kshim_unseal_gigantic(struct kshim_node *node, unsigned long pfn);
/* Returns whether a frame of RAM is a part of a gigantic one in use. */
bool kshim_in_gigantic(const struct kshim_node *node, unsigned long pfn);
/* Returns the first one from pfn on that is, or the node's end. */
unsigned long kshim_next_gigantic(const struct kshim_node *node, unsigned long pfn);
/*
 * folio_zero_user(), which mm/hugetlb.c and fs/hugetlbfs/inode.c call by this name: a gigantic frame that is zero
 * because the host has no memory for it is not written.
 */
void kshim_folio_zero_user(struct folio *folio, unsigned long addr_hint);
void folio_zero_user(struct folio *folio, unsigned long addr_hint);	/* since 6.12 */
/* Returns how many frames of 4 KiB were never in use. */
unsigned long kshim_never_in_use(const struct kshim_node *node);

/* Returns whether kshim_fail_alloc wants this allocation to fail. */
bool kshim_should_fail(gfp_t gfp);

/*
 * For kernel callers: checks the context and counts for kshim_fail_alloc. nid: the node to ask first, NUMA_NO_NODE for
 * this CPU's. nodes: those that may be asked; NULL: all.
 */
struct page *kshim_alloc_pages_node(gfp_t gfp, unsigned int order, int nid, nodemask_t *nodes, const void *ip);
/* Fills the empty entries of an array from the first on. Returns how many are full then. */
unsigned long kshim_alloc_pages_array(gfp_t gfp, int nid, nodemask_t *nodes, int nr_pages, struct page **array,
				      const void *ip);
/* For slabs; their objects were checked and counted already. The pages are of this CPU's node, if it has some left. */
struct page *kshim_get_pages(gfp_t gfp, unsigned int order, const void *ip);
void kshim_free_page(struct page *page, unsigned int order, const void *ip);

/* What the kernel's functions do whose arguments depend on its version (compat/<form>/slab_sheaves). */
bool kshim_slab_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t size, void **p, const void *ip);
void *kshim_krealloc(const void *p, size_t new_size, gfp_t gfp, const void *ip);
void *kshim_vrealloc(const void *p, size_t size, gfp_t gfp, const void *ip);
/* Returns whether page lies in a block on a free list. */
bool kshim_page_is_free(const struct page *page);

/* --- compat/<form>/folio_large_mapcount: what each kernel keeps in the tails of a compound page --- */
/* Returns what tail of the compound page at head still holds when it is freed, or NULL. */
const char *kshim_bad_tail(const struct page *head, const struct page *tail);
/* Clears the flags that the compound page at head has in its second page. */
void kshim_clear_second(struct page *head);

/* Zeroed records that never move. Sizes are rounded up to powers of two; free needs the size again. Never NULL. */
void *kshim_meta_alloc(size_t bytes);
void kshim_meta_free(void *p, size_t bytes);

/* Returns the first byte of p..p+n that is not c, or NULL. Reads closed memory without a checker report. */
const u8 *kshim_find_other(const void *p, u8 c, size_t n);
/* Reads a byte of closed memory. */
u8 kshim_peek(const u8 *p);

/* Reports a misuse as a finding of the check "memory", with up to two return addresses (or NULL) as frames. */
#define kshim_mem_problem(ip1, ip2, fmt, ...) do {					\
	const void *const addrs__[2] = { (ip1), (ip2) };				\
	host_check_frames("memory", addrs__, 2, fmt, ##__VA_ARGS__);			\
} while (0)

/* Reports that a red zone before or after the `bytes` of object was written to. bad: the first byte that differs. */
void kshim_out_of_bounds(const char *name, const void *object, unsigned long bytes, const u8 *bad, const void *alloc_ip,
			 const void *free_ip);

/* Collects leaks by (name, allocating function) and reports each group once. */
struct kshim_leaks;
#define KSHIM_LEAKED_PAGE "page"
void kshim_leak_add(struct kshim_leaks *l, const char *name, const void *ip, unsigned long bytes, const void *p);

void kshim_percpu_boot(unsigned int nr_cpus);
void kshim_pages_boot(u64 ram_bytes);
void kshim_slab_boot(void);

/*
 * changed.c: what was allocated and freed since it was last checked. Tells it of a block that was freed, with
 * kshim_pages_lock held.
 */
void kshim_pages_changed(struct page *page, unsigned int order);
/* Everything was checked. */
void kshim_changed_forget(void);

int kshim_pages_validate(void);
int kshim_slab_validate(void);
int kshim_vmalloc_validate(void);
int kshim_percpu_validate(void);

void kshim_pages_leaks(struct kshim_leaks *l, u32 epoch);
/* Before the search: what memory_failure() has allocated for a page that it keeps is no leak. */
void kshim_keep_error_records(void);
void kshim_slab_leaks(struct kshim_leaks *l, u32 epoch);
void kshim_vmalloc_leaks(struct kshim_leaks *l, u32 epoch);
void kshim_percpu_leaks(struct kshim_leaks *l, u32 epoch);

/* Registers what gives pages back when no block is left, and returns how many. Once, at boot. */
void kshim_set_reclaim(unsigned long (*reclaim)(void));

#endif
