// SPDX-License-Identifier: GPL-2.0-only
/* The simulated processors as the kernel knows them: lowcore, control and access registers, the TOD clock. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <asm/css_chars.h>
#include <asm/ctlreg.h>
#include <asm/debug.h>
#include <asm/irq.h>
#include <asm/lowcore.h>
#include <asm/mmu_context.h>
#include <asm/setup.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/insn.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <kshim/form/s390_cmma_flag.h>
#include <kshim/form/s390_lowcore_pcpu.h>
#include <s390x/model.h>
#include "internal.h"

DEFINE_PER_CPU(struct lowcore, kshim_lowcore);
static DEFINE_PER_CPU(struct ctlreg[16], control_registers);
static DEFINE_PER_CPU(unsigned int[NUM_ACRS], access_registers);
FAITHFUL(irq_stat, "arch/s390/kernel/irq.c");
DEFINE_PER_CPU_SHARED_ALIGNED(struct irq_stat, irq_stat);
FAITHFUL(lowcore_ptr, "arch/s390/kernel/setup.c");
struct lowcore *lowcore_ptr[NR_CPUS];
FAITHFUL(css_general_characteristics, "drivers/s390/cio/chsc.c");
struct css_general_char css_general_characteristics;
/* A region table of length 0: arch/s390/kernel/setup.c. Its definition: compat/<form>/s390x/s390_ctlreg. */
FAITHFUL(s390_invalid_asce, "arch/s390/mm/init.c");
FAITHFUL(empty_zero_page, "arch/s390/mm/init.c");
unsigned long empty_zero_page;
FAITHFUL(zero_page_mask, "arch/s390/mm/init.c");
unsigned long zero_page_mask;
FAITHFUL(VMALLOC_START, "arch/s390/kernel/setup.c");
unsigned long VMALLOC_START = KSHIM_VMALLOC_BASE;
FAITHFUL(VMALLOC_END, "arch/s390/kernel/setup.c");
unsigned long VMALLOC_END = KSHIM_VMALLOC_END;
FAITHFUL(swapper_pg_dir, "arch/s390/mm/init.c");
pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);
FAITHFUL(mio_wb_bit_mask, "arch/s390/kernel/setup.c");
unsigned long mio_wb_bit_mask;

void kshim_arch_boot_cpu(unsigned int cpu)
{
	struct lowcore *lc = per_cpu_ptr(&kshim_lowcore, cpu);

	lowcore_ptr[cpu] = lc;
	lc->cpu_nr = cpu;
	lc->percpu_offset = per_cpu_offset(cpu);
	lc->spinlock_lockval = cpu + 1;
	lc->user_asce = lc->kernel_asce = s390_invalid_asce;
	kshim_boot_pcpu(lc, cpu);
	kshim_detect_machine(cpu);
}

int kshim_arch_boot(void)
{
	s390_dat_boot(kshim_guest_fault);
	empty_zero_page = (unsigned long)KSHIM_RAM_BASE + PFN_PHYS(KSHIM_ZERO_PFN);
	kshim_hw_register_counters();
	kshim_boot_cmma();
	return kshim_fault_boot();
}

/* In the kernel entry.S does it with the task's user ASCE, to and from user mode; see kshim/arch.h. */
void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
	if (prev == next)
		return;
	switch_mm(prev ?: &init_mm, next ?: &init_mm, current);
	if (next)
		finish_arch_post_lock_switch();
}

void kshim_lctl(unsigned int cr, unsigned long val)
{
	raw_cpu_ptr(&control_registers[0])[cr].val = val;
}

unsigned long kshim_stctl(unsigned int cr)
{
	return raw_cpu_ptr(&control_registers[0])[cr].val;
}

void kshim_lam(const unsigned int *acrs)
{
	memcpy(raw_cpu_ptr(&access_registers[0]), acrs, NUM_ACRS * sizeof(*acrs));
}

void kshim_stam(unsigned int *acrs)
{
	memcpy(acrs, raw_cpu_ptr(&access_registers[0]), NUM_ACRS * sizeof(*acrs));
}

unsigned long kshim_stckf(void)
{
	return KSHIM_TOD_BOOT + mul_u64_u32_div(ktime_get_ns(), 512, 125);
}

/* Called where kcc found an asm statement without an override. */
void kshim_refused_asm(const char *func, const char *place, const char *text)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "s390 instruction in %s() (%s), which is not modelled: %s", func, place,
		   text);
}
