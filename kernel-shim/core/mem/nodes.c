// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nodes of the machine: which frames each has, and in which order the zones of all are asked for memory.
 *
 * With CONFIG_NUMA there are two nodes. Each has half of the RAM that the machine boots with; what a scenario adds
 * belongs to the last one. CPUs with even numbers are on node 0, the others on node 1. Without CONFIG_NUMA node 0 has
 * everything. A node has one populated zone, so that the zonelists have one entry for each node: its own first.
 */
#include <linux/memory-tiers.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/vmstat.h>
#include <kshim/marks.h>
#include "mem_internal.h"

#define SPARE_BLOCKS 2	/* as many as a small scenario needs */

struct kshim_node kshim_nodes[KSHIM_NR_NODES];

FAITHFUL(node_states, "mm/page_alloc.c");
nodemask_t node_states[NR_NODE_STATES] __read_mostly = {
	[N_POSSIBLE] = { { [0] = (1UL << KSHIM_NR_NODES) - 1 } },
	[N_ONLINE] = { { [0] = (1UL << KSHIM_NR_NODES) - 1 } },
	[N_NORMAL_MEMORY] = { { [0] = (1UL << KSHIM_NR_NODES) - 1 } },
	[N_MEMORY] = { { [0] = (1UL << KSHIM_NR_NODES) - 1 } },
	[N_CPU] = { { [0] = (1UL << KSHIM_NR_NODES) - 1 } },
};

#ifdef CONFIG_NUMA
static struct pglist_data data_of_nodes[KSHIM_NR_NODES];

FAITHFUL(node_data, "mm/numa.c");
struct pglist_data *node_data[MAX_NUMNODES] = {
	[0] = &data_of_nodes[0],
	[KSHIM_NR_NODES - 1] = &data_of_nodes[KSHIM_NR_NODES - 1],
};
FAITHFUL(nr_node_ids, "mm/page_alloc.c");
unsigned int nr_node_ids __read_mostly = KSHIM_NR_NODES;
FAITHFUL(nr_online_nodes, "mm/page_alloc.c");
unsigned int nr_online_nodes __read_mostly = KSHIM_NR_NODES;
FAITHFUL(numa_node, "mm/page_alloc.c");
DEFINE_PER_CPU(int, numa_node);
FAITHFUL(vm_numa_stat_key, "mm/page_alloc.c");
DEFINE_STATIC_KEY_TRUE(vm_numa_stat_key);
FAITHFUL(node_reclaim_distance, "mm/page_alloc.c");
int node_reclaim_distance __read_mostly = RECLAIM_DISTANCE;
REDUCED(hashdist, "mm/mm_init.c", "off, as on a machine with one node: no dentry and no inode is in a hash table here");
int hashdist;
/* Whether reclaim may move pages to slower nodes instead. The rest of that file is refused. */
FAITHFUL(numa_demotion_enabled, "mm/memory-tiers.c");
bool numa_demotion_enabled;

/* Like the distances that firmware gives for two sockets. */
FAITHFUL(__node_distance, "mm/numa_memblks.c");
int __node_distance(int from, int to)
{
	return from == to ? LOCAL_DISTANCE : REMOTE_DISTANCE;
}

static void place_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		set_cpu_numa_node(cpu, cpu % KSHIM_NR_NODES);
}
#else
FAITHFUL(contig_page_data, "mm/memblock.c");
struct pglist_data contig_page_data;

static void place_cpus(void)
{
}
#endif

/* build_zonelists(): node nid, then those behind it, round to the one before it. */
static void fill_zonelist(struct zonelist *list, int nid, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		list->_zonerefs[i].zone = &NODE_DATA((nid + i) % KSHIM_NR_NODES)->node_zones[ZONE_NORMAL];
		list->_zonerefs[i].zone_idx = ZONE_NORMAL;
	}
}

static void boot_node(int nid, unsigned long start, unsigned long end)
{
	struct pglist_data *pgdat = NODE_DATA(nid);
	struct zone *zone = &pgdat->node_zones[ZONE_NORMAL];
	unsigned int order, list;

	pgdat->node_id = nid;
	pgdat->node_start_pfn = zone->zone_start_pfn = start;
	zone->zone_pgdat = pgdat;
	zone_set_nid(zone, nid);
	for (order = 0; order < NR_PAGE_ORDERS; order++)
		INIT_LIST_HEAD(&zone->free_area[order].free_list[MIGRATE_MOVABLE]);
	/* The second list, with CONFIG_NUMA, is for __GFP_THISNODE. */
	for (list = 0; list < MAX_ZONELISTS; list++)
		fill_zonelist(&pgdat->node_zonelists[list], nid, list == ZONELIST_FALLBACK ? KSHIM_NR_NODES : 1);
	kshim_nodes[nid] = (struct kshim_node){ .start = start, .end = start, .in_use_end = start };
	kshim_extend_node(nid, end);
}

void kshim_extend_node(int nid, unsigned long end)
{
	struct pglist_data *pgdat = NODE_DATA(nid);
	struct zone *zone = &pgdat->node_zones[ZONE_NORMAL];
	unsigned long more = end - kshim_nodes[nid].end;

	kshim_nodes[nid].end = end;
	pgdat->node_spanned_pages = pgdat->node_present_pages = end - pgdat->node_start_pfn;
	zone->spanned_pages = zone->present_pages = end - zone->zone_start_pfn;
	atomic_long_add(more, &zone->managed_pages);
	__mod_zone_page_state(zone, NR_FREE_PAGES, more);
}

void kshim_nodes_boot(unsigned long end)
{
	unsigned long start = ARCH_PFN_OFFSET, share = ALIGN((end - start) / KSHIM_NR_NODES, KSHIM_BLOCK_PAGES);
	int nid;

	for_each_online_node(nid) {
		boot_node(nid, start, nid == KSHIM_NR_NODES - 1 ? end : start + share);
		start += share;
	}
	place_cpus();
}

void kshim_nodes_prepare(void)
{
	int nid;

	host_lock(&kshim_pages_lock);
	for_each_online_node(nid)
		while (NODE_DATA(nid)->node_zones[ZONE_NORMAL].free_area[MAX_PAGE_ORDER].nr_free < SPARE_BLOCKS &&
		       kshim_bring_in_block(nid))
			;
	host_unlock(&kshim_pages_lock);
}

#ifdef CONFIG_NUMA
FAITHFUL(sum_zone_node_page_state, "mm/vmstat.c");
unsigned long sum_zone_node_page_state(int node, enum zone_stat_item item)
{
	return zone_page_state(&NODE_DATA(node)->node_zones[ZONE_NORMAL], item);
}

FAITHFUL(node_page_state_pages, "mm/vmstat.c");
unsigned long node_page_state_pages(struct pglist_data *pgdat, enum node_stat_item item)
{
	long x = atomic_long_read(&pgdat->vm_stat[item]);

	return x < 0 ? 0 : x;
}

FAITHFUL(node_page_state, "mm/vmstat.c");
unsigned long node_page_state(struct pglist_data *pgdat, enum node_stat_item item)
{
	VM_WARN_ON_ONCE(vmstat_item_in_bytes(item));
	return node_page_state_pages(pgdat, item);
}
#endif
