// SPDX-License-Identifier: GPL-2.0-only
/* The simulated processors as the kernel knows them: number, features, the linear mapping, address-space switches. */
#include <linux/bitfield.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/hardirq.h>
#include <asm/memory.h>
#include <asm/mte.h>
#include <asm/mmu_context.h>
#include <asm/virt.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/marks.h>
#include <arm64/model.h>
#include <arm64/tags.h>
#include "internal.h"

DEFINE_PER_CPU(unsigned int, kshim_cpu_number);
FAITHFUL(irq_stat, "kernel/softirq.c");
DEFINE_PER_CPU_ALIGNED(irq_cpustat_t, irq_stat);
/* Physical address 0 is where RAM begins. */
FAITHFUL(memstart_addr, "arch/arm64/mm/init.c");
s64 memstart_addr;
FAITHFUL(arm64_use_ng_mappings, "arch/arm64/kernel/cpufeature.c");
bool arm64_use_ng_mappings;
FAITHFUL(system_cpucaps, "arch/arm64/kernel/cpufeature.c");
DECLARE_BITMAP(system_cpucaps, ARM64_NCAPS);

/* early_initcall() and arch_initcall() of arch/arm64/mm/context.c. */
extern initcall_t __kshim_initcall_asids_init, __kshim_initcall_asids_update_limit;

/* The size of the kernel's pages: TCR_TG_FLAGS of arch/arm64/mm/proc.S. */
#if defined(CONFIG_ARM64_64K_PAGES)
#define GRANULES (TCR_TG0_64K | TCR_TG1_64K)
#elif defined(CONFIG_ARM64_16K_PAGES)
#define GRANULES (TCR_TG0_16K | TCR_TG1_16K)
#else
#define GRANULES (TCR_TG0_4K | TCR_TG1_4K)
#endif
/* How TTBR0's tables are read; the fields for TTBR1's are 16 bits further. */
#define WALKS_WBWA (TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER)

/* Like __cpu_setup of arch/arm64/mm/proc.S, and cpu_enable_hw_dbm() and _mte() of arch/arm64/kernel/cpufeature.c. */
static void set_up_translation(struct arm64_cpu *c)
{
	const struct arm64_sysregs *ids = &arm64_sysregs[0];

	c->el2.mair = MAIR_ATTRIDX(MAIR_ATTR_DEVICE_nGnRnE, MT_DEVICE_nGnRnE) |
		      MAIR_ATTRIDX(MAIR_ATTR_DEVICE_nGnRE, MT_DEVICE_nGnRE) |
		      MAIR_ATTRIDX(MAIR_ATTR_NORMAL_NC, MT_NORMAL_NC) | MAIR_ATTRIDX(MAIR_ATTR_NORMAL, MT_NORMAL) |
		      MAIR_ATTRIDX(cpus_have_cap(ARM64_MTE) ? MAIR_ATTR_NORMAL_TAGGED : MAIR_ATTR_NORMAL,
				   MT_NORMAL_TAGGED);
	c->el2.tcr = TCR_T0SZ(VA_BITS) | TCR_T1SZ(VA_BITS) | WALKS_WBWA | WALKS_WBWA << 16 | GRANULES |
		     TCR_ASID16 | TCR_TBI0 | TCR_A1 |
		     FIELD_PREP(TCR_IPS_MASK, SYS_FIELD_GET(ID_AA64MMFR0_EL1, PARANGE, ids->id_aa64mmfr0_el1));
	if (cpu_has_hw_af())
		c->el2.tcr |= TCR_HA;
	if (cpus_have_cap(ARM64_HW_DBM))
		c->el2.tcr |= TCR_HD;
	c->el2.sctlr = SCTLR_ELx_M | SCTLR_ELx_C | SCTLR_ELx_I;
	if (cpus_have_cap(ARM64_MTE))
		c->el2.sctlr |= SCTLR_ELx_ATA | SCTLR_EL1_ATA0;
	c->el2.ttbr[0] = phys_to_ttbr(__pa_symbol(reserved_pg_dir));
	c->el2.ttbr[1] = phys_to_ttbr(__pa_symbol(swapper_pg_dir));
}

static __always_inline void set_cap(unsigned int cap, bool has)
{
	__assign_bit(cap, system_cpucaps, has && cpucap_is_possible(cap));
}

/*
 * The capabilities that every arm64 machine has once its CPUs are up, that of a CPU with VHE, and those that this
 * machine has of its own.
 */
void kshim_detect_machine(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		arm64_set_ids(&arm64_sysregs[cpu]);
	set_cap(ARM64_ALWAYS_BOOT, true);
	set_cap(ARM64_ALWAYS_SYSTEM, true);
	set_cap(ARM64_HAS_VIRT_HOST_EXTN, true);
	set_cap(ARM64_HAS_FPSIMD, true);
	set_cap(ARM64_HAS_STAGE2_FWB, arm64_have.fwb);
	set_cap(ARM64_HAS_ARMv8_4_TTL, arm64_have.ttl);
	set_cap(ARM64_HAS_TLB_RANGE, arm64_have.range);
	set_cap(ARM64_HAS_CACHE_DIC, arm64_have.dic);
	set_cap(ARM64_HAS_CACHE_IDC, arm64_have.idc);
	set_cap(ARM64_HW_DBM, arm64_have.dbm);
	set_cap(ARM64_MTE, arm64_have.mte);
	/* With kvm-arm.mode=nested, which load.c adds. ARM64_HAS_HCR_NV1 stays off: HCR_EL2.E2H of guests is 1. */
	set_cap(ARM64_HAS_NESTED_VIRT, arm64_have.nv2);
	for_each_possible_cpu(cpu)
		set_up_translation(&arm64_cpus[cpu]);
	/* As cpu_enable_mte() does: no mapping of the zero page would. */
	if (arm64_have.mte)
		mte_clear_page_tags(page_address(ZERO_PAGE(0)));
}

void kshim_arch_boot_cpu(unsigned int cpu)
{
	per_cpu(kshim_cpu_number, cpu) = cpu;
	arm64_sysregs_reset(cpu);
}

int kshim_arch_boot(void)
{
	/* set_cpu_boot_mode_flag of arch/arm64/kernel/head.S, on CPUs that all come up in EL2. */
	__boot_cpu_mode[0] = __boot_cpu_mode[1] = BOOT_CPU_MODE_EL2;
	kshim_detect_machine();
	kshim_fault_boot();
	arm64_caches_boot();
	arm64_tags_boot();
	kshim_hw_register_counters();
	pgtable_cache_init();
	return __kshim_initcall_asids_init() ?: __kshim_initcall_asids_update_limit();
}

FAITHFUL(read_sanitised_ftr_reg, "arch/arm64/kernel/cpufeature.c");
u64 read_sanitised_ftr_reg(u32 id)
{
	return arm64_sysreg_read_id(id);
}

FAITHFUL(this_cpu_has_cap, "arch/arm64/kernel/cpufeature.c");
bool this_cpu_has_cap(unsigned int n)
{
	return cpus_have_cap(n);
}

void kshim_arch_switch_mm(struct mm_struct *prev, struct mm_struct *next)
{
	if (prev != next)
		switch_mm(prev ?: &init_mm, next ?: &init_mm, current);
}

/* Called where kcc found an asm statement without an override. */
void kshim_refused_asm(const char *func, const char *place, const char *text)
{
	host_fatal(KVMSIM_REFUSED, NULL, 0, "arm64 instruction in %s() (%s), which is not modelled: %s", func, place,
		   text);
}
