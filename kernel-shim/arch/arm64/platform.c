// SPDX-License-Identifier: GPL-2.0-only
/* The rest of the platform: pages, caches, the layout of a process. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <asm/cache.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <kshim/arch.h>
#include <kshim/marks.h>

FAITHFUL(swapper_pg_dir, "-");
pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);

REDUCED(cache_line_size, "arch/arm64/kernel/cacheinfo.c", "64 bytes on every machine");
int cache_line_size(void)
{
	return 64;
}

FAITHFUL(clear_page, "arch/arm64/lib/clear_page.S:__pi_clear_page");
void clear_page(void *to)
{
	memset(to, 0, PAGE_SIZE);
}

FAITHFUL(copy_page, "arch/arm64/lib/copy_page.S:__pi_copy_page");
void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}

/* RAM is one piece that begins at 0. */
FAITHFUL(pfn_is_map_memory, "arch/arm64/mm/init.c");
int pfn_is_map_memory(unsigned long pfn)
{
	return pfn < max_mapnr;
}

/* Like setup_new_exec() and arch_pick_mmap_layout() for a 64-bit program without randomization. */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste)
{
	struct rlimit stack = { .rlim_cur = 8UL << 20, .rlim_max = RLIM_INFINITY };

	mm->task_size = TASK_SIZE_MAX;
	arch_pick_mmap_layout(mm, &stack);
}
