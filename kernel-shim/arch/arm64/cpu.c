// SPDX-License-Identifier: GPL-2.0-only
/* The simulated processors as the kernel knows them: number, features, the linear mapping, address-space switches. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/hardirq.h>
#include <asm/memory.h>
#include <asm/mmu_context.h>
#include <asm/virt.h>
#include <kshim/arch.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/marks.h>
#include "internal.h"

DEFINE_PER_CPU(unsigned int, kshim_cpu_number);
FAITHFUL(irq_stat, "kernel/softirq.c");
DEFINE_PER_CPU_ALIGNED(irq_cpustat_t, irq_stat);
/* Physical address 0 is where RAM begins. */
FAITHFUL(memstart_addr, "arch/arm64/mm/init.c");
s64 memstart_addr;
FAITHFUL(arm64_use_ng_mappings, "arch/arm64/kernel/cpufeature.c");
bool arm64_use_ng_mappings;
FAITHFUL(__boot_cpu_mode, "arch/arm64/mm/mmu.c");
u32 __boot_cpu_mode[2] = { BOOT_CPU_MODE_EL2, BOOT_CPU_MODE_EL2 };
FAITHFUL(kvm_protected_mode_initialized, "arch/arm64/kvm/pkvm.c");
DEFINE_STATIC_KEY_FALSE(kvm_protected_mode_initialized);
FAITHFUL(system_cpucaps, "arch/arm64/kernel/cpufeature.c");
DECLARE_BITMAP(system_cpucaps, ARM64_NCAPS);

void kshim_arch_boot_cpu(unsigned int cpu)
{
	per_cpu(kshim_cpu_number, cpu) = cpu;
	kshim_sysreg_boot_cpu(cpu);
}

/* The capabilities that every arm64 machine has once its CPUs are up, and that of a CPU with VHE. */
int kshim_arch_boot(void)
{
	__set_bit(ARM64_ALWAYS_BOOT, system_cpucaps);
	__set_bit(ARM64_ALWAYS_SYSTEM, system_cpucaps);
	__set_bit(ARM64_HAS_VIRT_HOST_EXTN, system_cpucaps);
	kshim_hw_register_counters();
	return 0;
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
