// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page statistics, exact at every moment: no per-cpu differences (mm/vmstat.c in the kernel).
 *
 * The functions that the kernel has for contexts with and without interrupts are the same here.
 *
 * Unlike other atomics, the counters are not scheduling points, so they may change under a struct host_lock.
 */
#include <linux/mm.h>
#include <linux/vmstat.h>
#include <kshim/marks.h>

FAITHFUL(vm_zone_stat, "mm/vmstat.c");
atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS] __cacheline_aligned_in_smp;
FAITHFUL(vm_node_stat, "mm/vmstat.c");
atomic_long_t vm_node_stat[NR_VM_NODE_STAT_ITEMS] __cacheline_aligned_in_smp;

static void zone_add(struct zone *zone, enum zone_stat_item item, long delta)
{
	__atomic_fetch_add(&zone->vm_stat[item].counter, delta, __ATOMIC_RELAXED);
	__atomic_fetch_add(&vm_zone_stat[item].counter, delta, __ATOMIC_RELAXED);
}

/* Byte counters are kept in pages. A node's are only asked for in pages anyway (node_page_state_pages). */
static void node_add(struct pglist_data *pgdat, enum node_stat_item item, long delta)
{
	if (vmstat_item_in_bytes(item)) {
		VM_WARN_ON_ONCE(delta & (PAGE_SIZE - 1));
		delta >>= PAGE_SHIFT;
	}
	__atomic_fetch_add(&pgdat->vm_stat[item].counter, delta, __ATOMIC_RELAXED);
	__atomic_fetch_add(&vm_node_stat[item].counter, delta, __ATOMIC_RELAXED);
}

FAITHFUL(__mod_zone_page_state, "mm/vmstat.c");
void __mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta)
{
	zone_add(zone, item, delta);
}

FAITHFUL(mod_zone_page_state, "mm/vmstat.c mm/vmstat.c:mod_zone_state");
void mod_zone_page_state(struct zone *zone, enum zone_stat_item item, long delta) __alias(__mod_zone_page_state);

FAITHFUL(__inc_zone_page_state, "mm/vmstat.c mm/vmstat.c:__inc_zone_state");
void __inc_zone_page_state(struct page *page, enum zone_stat_item item)
{
	zone_add(page_zone(page), item, 1);
}

FAITHFUL(inc_zone_page_state, "mm/vmstat.c");
void inc_zone_page_state(struct page *page, enum zone_stat_item item) __alias(__inc_zone_page_state);

FAITHFUL(__dec_zone_page_state, "mm/vmstat.c mm/vmstat.c:__dec_zone_state");
void __dec_zone_page_state(struct page *page, enum zone_stat_item item)
{
	zone_add(page_zone(page), item, -1);
}

FAITHFUL(dec_zone_page_state, "mm/vmstat.c");
void dec_zone_page_state(struct page *page, enum zone_stat_item item) __alias(__dec_zone_page_state);

FAITHFUL(__mod_node_page_state, "mm/vmstat.c");
void __mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, long delta)
{
	node_add(pgdat, item, delta);
}

FAITHFUL(mod_node_page_state, "mm/vmstat.c mm/vmstat.c:mod_node_state");
void mod_node_page_state(struct pglist_data *pgdat, enum node_stat_item item, long delta)
	__alias(__mod_node_page_state);

FAITHFUL(inc_node_state, "mm/vmstat.c");
void inc_node_state(struct pglist_data *pgdat, enum node_stat_item item)
{
	node_add(pgdat, item, 1);
}

FAITHFUL(__inc_node_page_state, "mm/vmstat.c mm/vmstat.c:__inc_node_state");
void __inc_node_page_state(struct page *page, enum node_stat_item item)
{
	node_add(page_pgdat(page), item, 1);
}

FAITHFUL(inc_node_page_state, "mm/vmstat.c");
void inc_node_page_state(struct page *page, enum node_stat_item item) __alias(__inc_node_page_state);

FAITHFUL(__dec_node_page_state, "mm/vmstat.c mm/vmstat.c:__dec_node_state");
void __dec_node_page_state(struct page *page, enum node_stat_item item)
{
	node_add(page_pgdat(page), item, -1);
}

FAITHFUL(dec_node_page_state, "mm/vmstat.c");
void dec_node_page_state(struct page *page, enum node_stat_item item) __alias(__dec_node_page_state);
