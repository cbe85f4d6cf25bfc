/* SPDX-License-Identifier: GPL-2.0-only */
/* The number of possible CPUs is a variable. */
#ifndef KSHIM_FORM_POSSIBLE_CPUS_H
#define KSHIM_FORM_POSSIBLE_CPUS_H

/* After cpu_possible_mask is complete. */
void kshim_possible_cpus_are(unsigned int n);

#endif
