// SPDX-License-Identifier: GPL-2.0-only
/* Initialises the nodes, their zones and the real mm code, in the order of start_kernel() and the initcalls. */
#include <linux/memblock.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/huge_mm.h>
#include <linux/init.h>
#include <linux/maple_tree.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/pagemap.h>
#include <linux/radix-tree.h>
#include <linux/rcupdate.h>
#include <linux/rmap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#include "internal.h"
#include <kshim/form/split_queue.h>
#include <kshim/form/swap_setup.h>
#include <kshim/form/zero_page.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/form/anon_orders.h>

FAITHFUL(zone_names, "mm/page_alloc.c");
char *const zone_names[MAX_NR_ZONES] = {
#ifdef CONFIG_ZONE_DMA
	[ZONE_DMA] = "DMA",
#endif
#ifdef CONFIG_ZONE_DMA32
	[ZONE_DMA32] = "DMA32",
#endif
	[ZONE_NORMAL] = "Normal",
	[ZONE_MOVABLE] = "Movable",
};

/*
 * Page lists and statistics have no per-cpu part here, but kernel code sums them up all the same. So these are zero,
 * but for events of NUMA, which nobody reads.
 */
static DEFINE_PER_CPU(struct per_cpu_pages, no_pageset);
static DEFINE_PER_CPU(struct per_cpu_zonestat, no_zonestats);
static DEFINE_PER_CPU(struct per_cpu_nodestat, no_nodestats);

FAITHFUL(vm_committed_as_batch, "mm/mm_init.c");
s32 vm_committed_as_batch = 32;

INERT_VOID(mm_compute_batch, "mm/mm_init.c", "the batch of a machine with little memory");

static void boot_zone(struct pglist_data *pgdat, enum zone_type type)
{
	struct zone *zone = &pgdat->node_zones[type];
	unsigned int order, mt;

	zone->name = zone_names[type];
	zone->zone_pgdat = pgdat;
	zone_set_nid(zone, pgdat->node_id);
	zone->per_cpu_pageset = &no_pageset;
	zone->per_cpu_zonestats = &no_zonestats;
	zone->contiguous = true;
	spin_lock_init(&zone->lock);
	zone_seqlock_init(zone);
	for (order = 0; order < NR_PAGE_ORDERS; order++)
		for (mt = 0; mt < MIGRATE_TYPES; mt++)
			if (type != ZONE_NORMAL || mt != MIGRATE_MOVABLE)
				INIT_LIST_HEAD(&zone->free_area[order].free_list[mt]);
}

static void boot_node(struct pglist_data *pgdat)
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		boot_zone(pgdat, i);
	pgdat->nr_zones = ZONE_NORMAL + 1;
	pgdat->per_cpu_nodestats = &no_nodestats;
	pgdat_kswapd_lock_init(pgdat);
	init_waitqueue_head(&pgdat->kswapd_wait);
	init_waitqueue_head(&pgdat->pfmemalloc_wait);
	for (i = 0; i < NR_VMSCAN_THROTTLE; i++)
		init_waitqueue_head(&pgdat->reclaim_wait[i]);
#ifdef CONFIG_COMPACTION
	init_waitqueue_head(&pgdat->kcompactd_wait);
#endif
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	kshim_init_split_queue(pgdat);
#endif
	lruvec_init(&pgdat->__lruvec);
}

/* What CONFIG_TRANSPARENT_HUGEPAGE_ALWAYS sets on a machine of any size, with or without sysfs. */
static void boot_thp(void)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	transparent_hugepage_flags = BIT(TRANSPARENT_HUGEPAGE_FLAG) | BIT(TRANSPARENT_HUGEPAGE_DEFRAG_REQ_MADV_FLAG) |
				     BIT(TRANSPARENT_HUGEPAGE_DEFRAG_KHUGEPAGED_FLAG) |
				     BIT(TRANSPARENT_HUGEPAGE_USE_ZERO_PAGE_FLAG);
	kshim_thp_choose_orders();
#endif
}

/* The initcalls that the mm needs, by level; the shim's linux/init.h turns each into a pointer. */
extern initcall_t __kshim_initcall_init_zero_pfn, __kshim_initcall_hugepage_init, __kshim_initcall_ksm_init,
		  __kshim_initcall_swap_init,
		  __kshim_initcall_swapfile_init, __kshim_initcall_init_user_reserve,
		  __kshim_initcall_init_admin_reserve, __kshim_initcall_userfaultfd_init,
		  __kshim_initcall_workingset_init, __kshim_initcall_memory_failure_init,
		  __kshim_initcall_max_swapfiles_check;

static int run_initcalls(void)
{
	static const struct {
		const char *name;
		initcall_t *call;
	} calls[] = {
#define CALL(fn) { #fn, &__kshim_initcall_##fn }
		KSHIM_ZERO_PAGE_CALL(CALL)
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
		CALL(hugepage_init),
#endif
#ifdef CONFIG_KSM
		CALL(ksm_init),
#endif
#ifdef CONFIG_SWAP
		KSHIM_SWAP_CALL(CALL)
		CALL(swapfile_init),
#endif
		CALL(init_user_reserve),
		CALL(init_admin_reserve),
		CALL(workingset_init),
#ifdef CONFIG_MEMORY_FAILURE
		CALL(memory_failure_init),
#endif
#ifdef CONFIG_USERFAULTFD
		CALL(userfaultfd_init),
#endif
#ifdef MAX_SWAPFILES_CHECK
		CALL(max_swapfiles_check),
#endif
#undef CALL
	};
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		ret = (*calls[i].call)();
		if (ret) {
			host_check("boot", "boot: %s failed with %d", calls[i].name, ret);
			return ret;
		}
	}
	return 0;
}

int kshim_mm_boot(void)
{
	int nid, ret;

	highest_memmap_pfn = max_pfn - 1;
	kshim_zero_page_boot(pfn_to_page(ARCH_PFN_OFFSET + KSHIM_ZERO_PFN));
	for_each_online_node(nid)
		boot_node(NODE_DATA(nid));
	check_highest_zone(ZONE_NORMAL);
	calculate_min_free_kbytes();
	setup_per_zone_wmarks();
	numa_policy_init();
	radix_tree_init();
	maple_tree_init();
	anon_vma_init();
	pagecache_init();
	kshim_swap_setup();
	/*
	 * The state that lru_cache_disable() sets. The real code then adds a page to its list at once, so reference
	 * counts are exact after every step.
	 */
	atomic_set(&lru_disable_count, 1);
	shmem_init();
	ret = run_initcalls();
	if (ret)
		return ret;
	if (kshim_zero_pfn() != ARCH_PFN_OFFSET + KSHIM_ZERO_PFN) {
		host_check("boot", "boot: the zero page is pfn %#lx instead of %#lx", kshim_zero_pfn(),
			   ARCH_PFN_OFFSET + KSHIM_ZERO_PFN);
		return -EINVAL;
	}
	boot_thp();
	numa_default_policy();
	/* The policy of boot is freed after a grace period. No scenario shall begin with one that is under way. */
	rcu_barrier();
	return 0;
}
