// SPDX-License-Identifier: GPL-2.0-only
/* The rest of the platform: pages, caches, the layout of a process. */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <asm/barrier.h>
#include <asm/cache.h>
#include <asm/cacheflush.h>
#include <asm/cpufeature.h>
#include <asm/fpsimd.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/spectre.h>
#include <asm/vectors.h>
#include <kshim/insn.h>
#include <kshim/arch.h>
#include <kshim/marks.h>
#include <kshim/task.h>
#include <arm64/model.h>

FAITHFUL(swapper_pg_dir, "-");
pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);
FAITHFUL(reserved_pg_dir, "-");
pgd_t reserved_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);

REDUCED(cache_line_size, "arch/arm64/kernel/cacheinfo.c", "64 bytes on every machine");
int cache_line_size(void)
{
	return 64;
}

FAITHFUL(clear_page, "arch/arm64/lib/clear_page.S:__pi_clear_page");
void clear_page(void *to)
{
	memset(to, 0, PAGE_SIZE);
	arm64_host_wrote(to, PAGE_SIZE);
}

FAITHFUL(copy_page, "arch/arm64/lib/copy_page.S:__pi_copy_page");
void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
	arm64_host_wrote(to, PAGE_SIZE);
}

/* RAM is one piece that begins at 0. */
FAITHFUL(pfn_is_map_memory, "arch/arm64/mm/init.c");
int pfn_is_map_memory(unsigned long pfn)
{
	return pfn < max_mapnr;
}

/* Its programs are not the host's. */
const struct kvmsim_exec_ops *kshim_arch_exec(void)
{
	return NULL;
}

/* Like setup_new_exec() and arch_pick_mmap_layout() for a 64-bit program without randomization. */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste)
{
	struct rlimit stack = { .rlim_cur = 8UL << 20, .rlim_max = RLIM_INFINITY };

	mm->task_size = TASK_SIZE_MAX;
	arch_pick_mmap_layout(mm, &stack);
}

/* --- caches: arch/arm64/mm/cache.S --- */

#define LINE 64

static void by_line(const char *op, unsigned long start, unsigned long end)
{
	unsigned long at;

	for (at = ALIGN_DOWN(start, LINE); at < end; at += LINE)
		kshim_dc(op, at);
}

FAITHFUL(dcache_clean_inval_poc, "arch/arm64/mm/cache.S:__pi_dcache_clean_inval_poc");
void dcache_clean_inval_poc(unsigned long start, unsigned long end)
{
	by_line("civac", start, end);
	dsb(sy);
}

FAITHFUL(dcache_clean_pou, "arch/arm64/mm/cache.S");
void dcache_clean_pou(unsigned long start, unsigned long end)
{
	if (cpus_have_cap(ARM64_HAS_CACHE_IDC)) {
		dsb(ishst);
		return;
	}
	by_line("cvau", start, end);
	dsb(ish);
}

FAITHFUL(icache_inval_pou, "arch/arm64/mm/cache.S");
void icache_inval_pou(unsigned long start, unsigned long end)
{
	unsigned long at;

	if (!cpus_have_cap(ARM64_HAS_CACHE_DIC)) {
		for (at = ALIGN_DOWN(start, LINE); at < end; at += LINE)
			kshim_ic("ic ivau, x0", at);
		dsb(ish);
	}
	isb();
}

FAITHFUL(caches_clean_inval_pou, "arch/arm64/mm/cache.S");
void caches_clean_inval_pou(unsigned long start, unsigned long end)
{
	dcache_clean_pou(start, end);
	icache_inval_pou(start, end);
}

FAITHFUL(__icache_flags, "arch/arm64/kernel/cpuinfo.c");
unsigned long __icache_flags;

/* --- floating point: no simulated process uses it, so that the CPU has no task's registers --- */

INERT_VOID(fpsimd_save_and_flush_cpu_state, "arch/arm64/kernel/fpsimd.c", "no task has state in the CPU's registers");

/* --- mitigations, other modes --- */

FAITHFUL(arm64_get_meltdown_state, "arch/arm64/kernel/cpufeature.c");
enum mitigation_state arm64_get_meltdown_state(void)
{
	return SPECTRE_UNAFFECTED;
}

FAITHFUL(arm64_mismatched_32bit_el0, "arch/arm64/kernel/cpufeature.c");
DEFINE_STATIC_KEY_FALSE(arm64_mismatched_32bit_el0);

FAITHFUL(this_cpu_vector, "arch/arm64/kernel/cpufeature.c");
DEFINE_PER_CPU_READ_MOSTLY(const char *, this_cpu_vector) = vectors;

REDUCED(arch_smp_send_reschedule, "arch/arm64/kernel/smp.c",
	"the interrupt only ends guest mode");
void arch_smp_send_reschedule(int cpu)
{
	kshim_send_reschedule(cpu);
}
