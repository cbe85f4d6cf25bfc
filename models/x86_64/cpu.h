/* SPDX-License-Identifier: GPL-2.0-only */
/* The modelled processor's fixed properties and its registers: cpuid.c, msr.c. */
#ifndef MODEL_X86_64_CPU_H
#define MODEL_X86_64_CPU_H

#include <linux/types.h>

#define MODEL_TSC_KHZ 1000000	/* one tick per nanosecond of virtual time */

/*
 * Which processor this is: an Intel one with EPT, an AMD one with NPT, or an AMD one with shadow paging. Set it before
 * KVM is loaded; until then it is the first.
 */
enum model_personality { MODEL_EPT, MODEL_NPT, MODEL_SHADOW };
extern enum model_personality model_personality;
/* With MODEL_EPT: whether the processor has a page-modification log, which KVM then uses. Set like the above. */
extern bool model_pml;

/* With MODEL_EPT: whether its tables have accessed and dirty bits; a page-modification log needs them. */
extern bool model_ept_ad;

/* Whether the processor has 5 levels of tables (LA57, 5-level EPT): the facility la57. Set like the above. */
extern bool model_la57;

/* The width that a scenario wants, 36 to 52 bits, or 0. Set like the above. */
extern unsigned int model_wanted_maxphyaddr;

/* Width of physical addresses of the machine, host and guest. */
static inline unsigned int model_maxphyaddr(void)
{
	return model_wanted_maxphyaddr ?: model_la57 ? 52 : 46;
}

/* Width of linear addresses. */
static inline unsigned int model_virt_bits(void)
{
	return model_la57 ? 57 : 48;
}

static inline bool model_nested_paging(void)
{
	return model_personality != MODEL_SHADOW;
}

static inline bool x86_cpu_is_intel(void)
{
	return model_personality == MODEL_EPT;
}

/* facilities.c: the name of the i-th thing that a scenario can add, or NULL; changes: see common/facilities.h. */
const char *x86_facility_name(unsigned int i);
int x86_change_facilities(const char *changes);

/* Sets the registers of one CPU to what a booted Linux leaves in them. Its per-cpu area must exist. */
void x86_cpu_boot(unsigned int cpu);

#endif
