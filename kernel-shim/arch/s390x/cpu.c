// SPDX-License-Identifier: GPL-2.0-only
/*
 * The simulated processors as the kernel knows them: lowcore, facilities, what SCLP reports, control and access
 * registers, the TOD clock. About a z14 without cryptography, vector registers, guarded storage and transactions.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <asm/css_chars.h>
#include <asm/ctlreg.h>
#include <asm/debug.h>
#include <asm/facility.h>
#include <asm/irq.h>
#include <asm/lowcore.h>
#include <asm/mmu_context.h>
#include <asm/sclp.h>
#include <asm/setup.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/insn.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <s390x/model.h>
#include "internal.h"

DEFINE_PER_CPU(struct lowcore, kshim_lowcore);
static DEFINE_PER_CPU(struct ctlreg[16], control_registers);
static DEFINE_PER_CPU(unsigned int[NUM_ACRS], access_registers);
FAITHFUL(pcpu_devices);
DEFINE_PER_CPU(struct pcpu, pcpu_devices);
FAITHFUL(irq_stat);
DEFINE_PER_CPU_SHARED_ALIGNED(struct irq_stat, irq_stat);
FAITHFUL(lowcore_ptr);
struct lowcore *lowcore_ptr[NR_CPUS];
FAITHFUL(stfle_fac_list);
u64 stfle_fac_list[16];
FAITHFUL(sclp);
struct sclp_info sclp;
FAITHFUL(css_general_characteristics);
struct css_general_char css_general_characteristics;
FAITHFUL(s390_invalid_asce);
struct ctlreg s390_invalid_asce = { .val = 0x3 };	/* a region table of length 0: arch/s390/kernel/setup.c */
/* RAM is the linear mapping; the kernel image is no memory that has a physical address. */
FAITHFUL(vm_layout);
struct vm_layout vm_layout = { .kaslr_offset = ~0UL, .identity_base = KSHIM_RAM_BASE, .identity_size = KSHIM_RAM_MAX };
FAITHFUL(empty_zero_page);
unsigned long empty_zero_page;
FAITHFUL(zero_page_mask);
unsigned long zero_page_mask;
FAITHFUL(VMALLOC_START);
unsigned long VMALLOC_START = KSHIM_VMALLOC_BASE;
FAITHFUL(VMALLOC_END);
unsigned long VMALLOC_END = KSHIM_VMALLOC_END;
FAITHFUL(swapper_pg_dir);
pgd_t swapper_pg_dir[PTRS_PER_PGD] __aligned(PAGE_SIZE);
FAITHFUL(mio_wb_bit_mask);
unsigned long mio_wb_bit_mask;

/*
 * Facilities beside those that the kernel's own architecture level needs: DAT enhancement (3), enhanced DAT (8),
 * local TLB clearing (51), store/fetch indication in the TEID (75), enhanced DAT 2 (78, for guests),
 * instruction-execution protection (130).
 */
static const u8 facilities[] = { 0, 1, 2, 3, 7, 8, 10, 14, 16, 18, 19, 20, 21, 25, 27, 30, 32, 33, 34, 35, 37, 40, 41, 44,
				 45, 47, 49, 51, 52, 53, 54, 75, 78, 130, 131 };

#define MACHINE_FLAGS (MACHINE_FLAG_LPAR | MACHINE_FLAG_ESOP | MACHINE_FLAG_IDTE | MACHINE_FLAG_EDAT1 | \
		       MACHINE_FLAG_TLB_LC | MACHINE_FLAG_NX)

void kshim_arch_boot_cpu(unsigned int cpu)
{
	struct lowcore *lc = per_cpu_ptr(&kshim_lowcore, cpu);
	unsigned int i;

	lowcore_ptr[cpu] = lc;
	lc->cpu_nr = cpu;
	lc->percpu_offset = per_cpu_offset(cpu);
	lc->spinlock_lockval = cpu + 1;
	lc->machine_flags = MACHINE_FLAGS;
	lc->pcpu = (unsigned long)per_cpu_ptr(&pcpu_devices, cpu);
	lc->user_asce = lc->kernel_asce = s390_invalid_asce;
	per_cpu(pcpu_devices, cpu).address = cpu;
	if (cpu)
		return;
	for (i = 0; i < ARRAY_SIZE(facilities); i++)
		__set_facility(facilities[i], stfle_fac_list);
	sclp.has_sief2 = sclp.has_64bscao = sclp.has_esca = 1;
	sclp.has_cmma = sclp.has_ib = sclp.has_cei = sclp.has_kss = 1;
	sclp.hamax = (1UL << 44) - 1;
}

int kshim_arch_boot(void)
{
	model_dat_boot();
	empty_zero_page = (unsigned long)__va(PFN_PHYS(KSHIM_ZERO_PFN));
	kshim_arch_register_counters();
	return 0;
}

/* arch/s390/kernel/entry.S does it with the task's user ASCE on the way to and from user mode; see kshim/arch.h. */
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

/* Called where kcc found an asm statement that no override takes the place of. */
void kshim_refused_asm(const char *func, const char *place, const char *text)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "s390 instruction in %s() (%s), which nobody models: %s", func, place,
		   text);
}
