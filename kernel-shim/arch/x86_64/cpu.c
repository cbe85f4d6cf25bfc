// SPDX-License-Identifier: GPL-2.0-only
/* The simulated processors as the kernel knows them: identification, features, per-CPU basics. */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/cpuid.h>
#include <asm/hardirq.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <kshim/arch.h>
#include <kshim/form/x86_pcpu_hot.h>
#include <kshim/hw.h>
#include <kshim/marks.h>
#include <kshim/mem.h>
#include <x86_64/cpu.h>
#include "internal.h"

FAITHFUL(boot_cpu_data, "arch/x86/kernel/setup.c");
struct cpuinfo_x86 boot_cpu_data;
FAITHFUL(cpu_info, "arch/x86/kernel/cpu/common.c");
DEFINE_PER_CPU_READ_MOSTLY(struct cpuinfo_x86, cpu_info);
FAITHFUL(irq_stat, "arch/x86/kernel/irq.c");
DEFINE_PER_CPU_SHARED_ALIGNED(irq_cpustat_t, irq_stat);
FAITHFUL(this_cpu_off, "arch/x86/kernel/setup_percpu.c");
DEFINE_PER_CPU_READ_MOSTLY(unsigned long, this_cpu_off);

/* Reads the feature words from CPUID, like get_cpu_cap() of arch/x86/kernel/cpu/common.c. */
static void read_features(struct cpuinfo_x86 *c)
{
	unsigned int eax, ebx, ecx, edx;

	memset(c->x86_capability, 0, sizeof(c->x86_capability));
	cpuid(1, &eax, &ebx, &ecx, &edx);
	c->x86_capability[CPUID_1_EDX] = edx;
	c->x86_capability[CPUID_1_ECX] = ecx;
	cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
	c->x86_capability[CPUID_7_0_EBX] = ebx;
	c->x86_capability[CPUID_7_ECX] = ecx;
	c->x86_capability[CPUID_7_EDX] = edx;
	cpuid(0x80000001, &eax, &ebx, &ecx, &edx);
	c->x86_capability[CPUID_8000_0001_EDX] = edx;
	c->x86_capability[CPUID_8000_0001_ECX] = ecx;
	/* The host has four levels, as with "no5lvl"; KVM asks CPUID what guests may have. */
	c->x86_capability[CPUID_7_ECX] &= ~BIT(X86_FEATURE_LA57 & 31);
	/* Flags that Linux makes up: a TSC that neither stops nor changes its rate. */
	set_cpu_cap(c, X86_FEATURE_CONSTANT_TSC);
	set_cpu_cap(c, X86_FEATURE_NONSTOP_TSC);
	set_cpu_cap(c, X86_FEATURE_TSC_RELIABLE);
	set_cpu_cap(c, X86_FEATURE_ALWAYS);
	set_cpu_cap(c, X86_FEATURE_CPUID);
}

static void identify(struct cpuinfo_x86 *c)
{
	bool intel = x86_cpu_is_intel();

	memset(c, 0, sizeof(*c));
	c->x86_vendor = intel ? X86_VENDOR_INTEL : X86_VENDOR_AMD;
	strscpy(c->x86_vendor_id, intel ? "GenuineIntel" : "AuthenticAMD", sizeof(c->x86_vendor_id));
	strscpy(c->x86_model_id, "kvmsim", sizeof(c->x86_model_id));
	c->x86 = intel ? 6 : 0x17;
	c->x86_model = intel ? 0x55 : 1;
	c->x86_stepping = intel ? 4 : 2;
	c->cpuid_level = cpuid_eax(0);
	c->extended_cpuid_level = cpuid_eax(0x80000000);
	c->x86_phys_bits = c->x86_cache_bits = model_maxphyaddr();
	c->x86_virt_bits = model_virt_bits();
	c->x86_clflush_size = c->x86_cache_alignment = 64;
	c->loops_per_jiffy = 1000000;
	read_features(c);
}

void kshim_identify_cpus(void)
{
	unsigned int cpu;

	identify(&boot_cpu_data);
	for_each_possible_cpu(cpu) {
		per_cpu(cpu_info, cpu) = boot_cpu_data;
		per_cpu(cpu_info, cpu).cpu_index = cpu;
	}
}

void kshim_arch_boot_cpu(unsigned int cpu)
{
	if (!boot_cpu_data.x86)
		identify(&boot_cpu_data);
	kshim_set_cpu_number(cpu);
	per_cpu(this_cpu_off, cpu) = per_cpu_offset(cpu);
	per_cpu(cpu_info, cpu) = boot_cpu_data;
	per_cpu(cpu_info, cpu).cpu_index = cpu;
	x86_cpu_boot(cpu);
}

int kshim_arch_boot(void)
{
	kshim_hw_register_counters();
	kshim_host_tlb_register_counters();
	kshim_trace_register_counters();
	kshim_extable_boot();
	kshim_exec_boot();
	return 0;
}
