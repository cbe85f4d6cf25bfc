// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vmalloc area: every area is host memory of its own at a fixed range of addresses, with a hole behind it
 * (mm/vmalloc.c in the kernel).
 *
 * Addresses are handed out upwards and wrap around late, so a freed area stays a hole and touching it is an oops. A
 * host gives a process some 65000 mappings, and each hole separates two of them. So only the first HOLES_MAX live areas
 * have a hole, which leaves room for 32764 memslots.
 *
 * A page of an area becomes a frame of RAM when somebody asks for its struct page: both addresses are then the same
 * memory. That takes a shared mapping, which never merges with its neighbours and which only a process that will not
 * fork can have. So only areas made since kshim_vmalloc_share() that have a hole are shared. A shared mapping costs
 * several times a private one, so __vmalloc(), __vcalloc() and kvmalloc() make private ones: they make the many arrays
 * of memslots.
 *
 * Invariants (kshim_vmalloc_validate): areas lie in the tree by address, do not overlap, keep their holes free; bytes
 * between the size asked for and the end of the last page hold KSHIM_REDZONE.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>
#include <kshim/boot.h>
#include "mem_internal.h"

#define CALLER __builtin_return_address(0)
#define HOLES_MAX 8192

struct area {
	struct rb_node node;		/* by start */
	unsigned long start, bytes;	/* bytes: as asked for */
	unsigned long hole;		/* behind the last page, bytes */
	const void *ip;
	u32 epoch;
	bool shared;			/* its pages can also be frames of simulated RAM */
	struct page **pages;		/* pages that are frames, since vmalloc_to_page(); or NULL */
};

static struct rb_root areas;
static struct host_lock lock;
static unsigned long next_start = KSHIM_VMALLOC_BASE;
static bool may_share;

static unsigned long area_end(const struct area *a)
{
	return a->start + PAGE_ALIGN(a->bytes);
}

static unsigned long area_pages(const struct area *a)
{
	return PAGE_ALIGN(a->bytes) >> PAGE_SHIFT;
}

static unsigned long hole_end(const struct area *a)
{
	return area_end(a) + a->hole;
}

/* Returns the area with the lowest start >= addr, or NULL. */
static struct area *area_at_or_after(unsigned long addr)
{
	struct rb_node *n = areas.rb_node;
	struct area *best = NULL;

	while (n) {
		struct area *a = rb_entry(n, struct area, node);

		if (a->start >= addr) {
			best = a;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return best;
}

static struct area *prev_area(struct area *a)
{
	struct rb_node *n = a ? rb_prev(&a->node) : rb_last(&areas);

	return n ? rb_entry(n, struct area, node) : NULL;
}

/* First fit for bytes, a hole included, from addr upwards. Returns 0 if there is no room. */
static unsigned long find_room(unsigned long addr, unsigned long bytes, unsigned long align)
{
	struct area *a = area_at_or_after(addr), *before = prev_area(a);

	if (before)
		addr = max(addr, hole_end(before));
	for (;; a = area_at_or_after(a->start + 1)) {
		addr = ALIGN(addr, align);
		if (addr + bytes > KSHIM_VMALLOC_END)
			return 0;
		if (!a || addr + bytes <= a->start)
			return addr;
		addr = hole_end(a);
	}
}

static void insert_area(struct area *a)
{
	struct rb_node **link = &areas.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = a->start < rb_entry(parent, struct area, node)->start ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&a->node, parent, link);
	rb_insert_color(&a->node, &areas);
}

static void put_pages_of(struct area *a);

/* With a window whoever maps a page sees RAM's file: the pages are frames from the beginning. False: no memory. */
static bool take_frames(struct area *a, gfp_t gfp)
{
	unsigned long i;

	a->pages = kshim_meta_alloc(area_pages(a) * sizeof(*a->pages));
	for (i = 0; i < area_pages(a); i++) {
		a->pages[i] = alloc_page(gfp | __GFP_ZERO);
		if (!a->pages[i])
			return false;
		host_show_frame((void *)a->start + i * PAGE_SIZE, page_address(a->pages[i]));
	}
	return true;
}

void kshim_vmalloc_forked(void)
{
	struct rb_node *n;
	unsigned long i;

	for (n = rb_first(&areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node);

		for (i = 0; a->pages && i < area_pages(a); i++)
			host_show_frame((void *)a->start + i * PAGE_SIZE, page_address(a->pages[i]));
	}
}

/* share: its pages may become frames of RAM. */
static void *do_vmalloc(unsigned long size, unsigned long align, gfp_t gfp, bool share, const void *ip)
{
	unsigned long bytes = PAGE_ALIGN(size), start;
	struct area *a;
	void *p;

	might_alloc(gfp);
	if (WARN_ON_ONCE(!size))
		return NULL;
	if (size >> PAGE_SHIFT > totalram_pages()) {
		warn_alloc(gfp, NULL, "vmalloc error: size %lu, exceeds total pages", size);
		return NULL;
	}
	if (kshim_should_fail(gfp))
		return NULL;
	align = max(align, PAGE_SIZE);
	a = kshim_meta_alloc(sizeof(*a));
	a->bytes = size;
	a->ip = ip;
	a->epoch = kshim_mem_epoch;
	host_lock(&lock);
	a->hole = kshim_mem_counts.vmalloc_areas < HOLES_MAX ? PAGE_SIZE : 0;
	start = find_room(next_start, bytes + a->hole, align) ?: find_room(KSHIM_VMALLOC_BASE, bytes + a->hole, align);
	if (start) {
		a->start = start;
		insert_area(a);
		next_start = hole_end(a);
		kshim_mem_counts.vmalloc_areas++;
		kshim_mem_counts.vmalloc_pages += bytes >> PAGE_SHIFT;
	}
	a->shared = share && may_share && a->hole;
	p = !start ? NULL : a->shared ? host_map_shared(start, bytes) : host_map(start, bytes);
	host_unlock(&lock);
	if (!start) {
		kshim_meta_free(a, sizeof(*a));
		warn_alloc(gfp, NULL, "vmalloc error: size %lu, vm_struct allocation failed", size);
		return NULL;
	}
	if (a->shared && host_window.end && !take_frames(a, gfp)) {
		memset(p + size, KSHIM_REDZONE, bytes - size);
		vfree_atomic(p);
		return NULL;
	}
	memset(p + size, KSHIM_REDZONE, bytes - size);
	kshim_track_open(p, bytes);
	kshim_track_close(p + size, bytes - size);
	if (!(gfp & __GFP_ZERO))
		kshim_track_undefined(p, size);
	return p;
}

REDUCED(__vmalloc_node_range_noprof, "mm/vmalloc.c",
	"zeroed memory of the host: limited by the size of RAM, but uses none of it");
void *__vmalloc_node_range_noprof(unsigned long size, unsigned long align, unsigned long start, unsigned long end,
				  gfp_t gfp, pgprot_t prot, unsigned long vm_flags, int node, const void *caller)
{
	return do_vmalloc(size, align, gfp, false, caller);
}

REDUCED(__vmalloc_node_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *__vmalloc_node_noprof(unsigned long size, unsigned long align, gfp_t gfp, int node, const void *caller)
{
	return do_vmalloc(size, align, gfp, false, caller);
}

REDUCED(__vmalloc_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *__vmalloc_noprof(unsigned long size, gfp_t gfp)
{
	return do_vmalloc(size, 1, gfp, false, CALLER);
}

REDUCED(vmalloc_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *vmalloc_noprof(unsigned long size)
{
	return do_vmalloc(size, 1, GFP_KERNEL, true, CALLER);
}

REDUCED(vmalloc_huge_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *vmalloc_huge_noprof(unsigned long size, gfp_t gfp)
{
	return do_vmalloc(size, 1, gfp, false, CALLER);
}

REDUCED(vzalloc_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *vzalloc_noprof(unsigned long size)
{
	return do_vmalloc(size, 1, GFP_KERNEL | __GFP_ZERO, true, CALLER);
}

REDUCED(vmalloc_node_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *vmalloc_node_noprof(unsigned long size, int node)
{
	return do_vmalloc(size, 1, GFP_KERNEL, true, CALLER);
}

REDUCED(vzalloc_node_noprof, "mm/vmalloc.c", "like __vmalloc_node_range_noprof");
void *vzalloc_node_noprof(unsigned long size, int node)
{
	return do_vmalloc(size, 1, GFP_KERNEL | __GFP_ZERO, true, CALLER);
}

static int check_tail(const struct area *a)
{
	unsigned long room = area_end(a) - a->start - a->bytes;
	void *tail = (void *)a->start + a->bytes;
	const u8 *bad;

	bad = kshim_find_other(tail, KSHIM_REDZONE, room);
	if (bad)
		kshim_out_of_bounds("vmalloc area", (void *)a->start, a->bytes, bad, a->ip, NULL);
	return bad != NULL;
}

/* A page that somebody else still refers to stays, as in the kernel. */
static void put_pages_of(struct area *a)
{
	unsigned long i;

	for (i = 0; a->pages && i < area_pages(a); i++)
		if (a->pages[i])
			__free_page(a->pages[i]);
	if (a->pages)
		kshim_meta_free(a->pages, area_pages(a) * sizeof(*a->pages));
}

static void do_vfree(const void *addr, const void *ip)
{
	struct area *a;

	if (!addr)
		return;
	host_lock(&lock);
	a = area_at_or_after((unsigned long)addr);
	if (!a || a->start != (unsigned long)addr) {
		host_unlock(&lock);
		kshim_mem_problem(ip, NULL,
				  "vfree: the pointer is not to the start of a vmalloc area, or was freed before");
		return;
	}
	rb_erase(&a->node, &areas);
	kshim_mem_counts.vmalloc_areas--;
	kshim_mem_counts.vmalloc_pages -= PAGE_ALIGN(a->bytes) >> PAGE_SHIFT;
	check_tail(a);
	kshim_track_open(addr, PAGE_ALIGN(a->bytes));
	host_unmap((void *)addr, PAGE_ALIGN(a->bytes));
	host_unlock(&lock);
	put_pages_of(a);
	kshim_meta_free(a, sizeof(*a));
}

void kshim_vmalloc_share(void)
{
	may_share = true;
}

REDUCED(vmalloc_to_page, "mm/vmalloc.c",
	"areas of __vmalloc() and kvmalloc(), made before KVM was loaded, or when 8192 others lived, end the scenario");
struct page *vmalloc_to_page(const void *addr)
{
	struct page *new = alloc_page(GFP_ATOMIC | __GFP_NOFAIL), **page;
	struct area *a;

	host_lock(&lock);
	a = prev_area(area_at_or_after((unsigned long)addr + 1));
	if (!a || (unsigned long)addr >= area_end(a)) {
		host_unlock(&lock);
		__free_page(new);
		return NULL;
	}
	if (!a->shared)
		host_fatal(KVMSIM_REFUSED, NULL, 0,
			   "vmalloc_to_page: the pages of the area at %#lx are not in simulated RAM", a->start);
	if (!a->pages)
		a->pages = kshim_meta_alloc(area_pages(a) * sizeof(*a->pages));
	page = &a->pages[((unsigned long)addr - a->start) >> PAGE_SHIFT];
	if (!*page) {
		host_alias(page_address(new), (void *)((unsigned long)addr & PAGE_MASK), PAGE_SIZE);
		*page = new;
		new = NULL;
	}
	host_unlock(&lock);
	if (new)
		__free_page(new);
	return *page;
}

FAITHFUL(vfree, "mm/vmalloc.c");
void vfree(const void *addr)
{
	if (in_interrupt()) {	/* an RCU callback, such as free_fdtable_rcu() */
		vfree_atomic(addr);
		return;
	}
	might_sleep();
	do_vfree(addr, CALLER);
}

FAITHFUL(vfree_atomic, "mm/vmalloc.c");
void vfree_atomic(const void *addr)
{
	do_vfree(addr, CALLER);
}

FAITHFUL(is_vmalloc_addr, "mm/vmalloc.c");
bool is_vmalloc_addr(const void *x)
{
	return (unsigned long)x - KSHIM_VMALLOC_BASE < KSHIM_VMALLOC_SIZE;
}

FAITHFUL(is_vmalloc_or_module_addr, "mm/vmalloc.c");
int is_vmalloc_or_module_addr(const void *x)
{
	return is_vmalloc_addr(x);
}

/* Bytes asked for of the area that begins at addr; 0 if none does. */
static unsigned long area_bytes(const void *addr)
{
	unsigned long bytes = 0;
	struct area *a;

	host_lock(&lock);
	a = area_at_or_after((unsigned long)addr);
	if (a && a->start == (unsigned long)addr)
		bytes = a->bytes;
	host_unlock(&lock);
	return bytes;
}

void *kshim_vrealloc(const void *p, size_t size, gfp_t flags, const void *ip)
{
	size_t old = p ? area_bytes(p) : 0;
	void *n;

	if (!size) {
		vfree(p);
		return NULL;
	}
	if (WARN(p && !old, "Trying to vrealloc() nonexistent vm area (%p)\n", p))
		return NULL;
	if (old == size)
		return (void *)p;
	n = do_vmalloc(size, 1, flags, false, ip);
	if (n && p) {
		memcpy(n, p, min(old, size));
		vfree(p);
	}
	return n;
}

INERT_VOID(vm_unmap_aliases, "mm/vmalloc.c", "there are no lazily freed mappings");

FAITHFUL(vmalloc_nr_pages, "mm/vmalloc.c");
unsigned long vmalloc_nr_pages(void)
{
	return kshim_mem_counts.vmalloc_pages;
}

FAITHFUL(vmalloc_dump_obj, "mm/vmalloc.c");
bool vmalloc_dump_obj(void *object)
{
	struct area *a;
	bool found;

	host_lock(&lock);
	a = prev_area(area_at_or_after((unsigned long)object + 1));
	found = a && (unsigned long)object < area_end(a);
	host_unlock(&lock);
	if (found)
		pr_cont(" %lu-page vmalloc region starting at %#lx allocated at %pS\n", PFN_UP(a->bytes), a->start,
			a->ip);
	return found;
}

int kshim_vmalloc_validate(void)
{
	unsigned long end = KSHIM_VMALLOC_BASE;
	struct rb_node *n;
	int problems = 0;

	for (n = rb_first(&areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node);

		if (a->start < end || hole_end(a) > KSHIM_VMALLOC_END) {
			kshim_mem_problem(a->ip, NULL, "vmalloc areas overlap at %#lx", a->start);
			return problems + 1;
		}
		problems += check_tail(a);
		end = hole_end(a);
	}
	return problems;
}

void kshim_vmalloc_leaks(struct kshim_leaks *l, u32 epoch)
{
	struct rb_node *n;

	for (n = rb_first(&areas); n; n = rb_next(n)) {
		struct area *a = rb_entry(n, struct area, node);

		if (a->epoch >= epoch)
			kshim_leak_add(l, "vmalloc area", a->ip, a->bytes, (void *)a->start);
	}
}
