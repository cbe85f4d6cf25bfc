/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/x86_64: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_X86_64_INTERNAL_H
#define KSHIM_ARCH_X86_64_INTERNAL_H

#include <linux/types.h>

struct mm_struct;

#define KSHIM_TSC_KHZ 1000000	/* one tick per nanosecond of virtual time */

/* cpu.c: makes CPUID and boot_cpu_data of all CPUs those of an Intel or an AMD processor. */
void kshim_set_intel(bool intel);
/* extable.c: call it once, before any code with a table entry runs. */
void kshim_extable_boot(void);
/* How many of the kernel's instructions on user memory would be refused. */
int kshim_user_insns_unknown(void);

/*
 * hosttlb.c: the TLB behind accesses to user addresses. Call these with interrupts off. lookup returns the kernel
 * address behind addr for an access of the mm, or NULL. fill enters what a walk found.
 */
void *kshim_host_tlb_lookup(struct mm_struct *mm, unsigned long addr, bool write);
void kshim_host_tlb_fill(struct mm_struct *mm, unsigned long addr, unsigned long size, unsigned long pfn, bool write);
void kshim_host_tlb_drop(struct mm_struct *mm, unsigned long addr);
void kshim_host_tlb_register_counters(void);

#endif
