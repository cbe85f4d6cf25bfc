// SPDX-License-Identifier: GPL-2.0-only
/* The rest of the platform: the debug feature, layout of a process, machine checks. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <asm/debug.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <kshim/arch.h>
#include <kshim/form/s390_gmap.h>
#include <kshim/marks.h>

/* Its programs are not the host's. */
const struct kvmsim_exec_ops *kshim_arch_exec(void)
{
	return NULL;
}

/*
 * The layout of the address space that arch_pick_mmap_layout() wants. A program with a PT_S390_PGSTE header, like QEMU,
 * is executed a second time with TIF_PGSTE (arch_elf_pt_proc()), for init_new_context().
 */
void kshim_arch_init_mm(struct mm_struct *mm, bool pgste)
{
	struct rlimit stack = { .rlim_cur = 8UL << 20, .rlim_max = RLIM_INFINITY };

	mm->task_size = TASK_SIZE_MAX;
	if (pgste)
		kshim_allow_guests(mm);
	arch_pick_mmap_layout(mm, &stack);
}

/* --- arch/s390/kernel/debug.c: nothing is recorded, and nobody is asked to: the level is off --- */

FAITHFUL(debug_sprintf_view, "arch/s390/kernel/debug.c");
struct debug_view debug_sprintf_view = { .name = "sprintf" };

REDUCED(debug_register, "arch/s390/kernel/debug.c", "a log that records nothing");
debug_info_t *debug_register(const char *name, int pages, int areas, int buf_size)
{
	debug_info_t *id = kzalloc(sizeof(*id), GFP_KERNEL);

	if (!id)
		return NULL;
	id->level = DEBUG_OFF_LEVEL;
	strscpy(id->name, name, sizeof(id->name));
	return id;
}

FAITHFUL(debug_unregister, "arch/s390/kernel/debug.c");
void debug_unregister(debug_info_t *id)
{
	kfree(id);
}

INERT_ZERO(debug_register_view, "arch/s390/kernel/debug.c", "nobody looks at a log");

/* --- others --- */

FAITHFUL(s390_epoch_delta_notifier, "arch/s390/kernel/time.c");
ATOMIC_NOTIFIER_HEAD(s390_epoch_delta_notifier);

REDUCED(vdso_size, "arch/s390/kernel/vdso.c", "two pages: there is no vDSO, only the space below the address limit");
unsigned long vdso_size(void)
{
	return 2 * PAGE_SIZE;
}

/* A simulated CPU runs whenever its thread does. */
FAITHFUL(arch_vcpu_is_preempted, "arch/s390/kernel/smp.c");
bool arch_vcpu_is_preempted(int cpu)
{
	return false;
}
