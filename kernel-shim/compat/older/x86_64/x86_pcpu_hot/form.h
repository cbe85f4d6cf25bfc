/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of a CPU was a variable of its own. */
#ifndef KSHIM_FORM_X86_PCPU_HOT_H
#define KSHIM_FORM_X86_PCPU_HOT_H

void kshim_set_cpu_number(unsigned int cpu);

#endif
