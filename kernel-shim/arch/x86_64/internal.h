/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/x86_64: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_X86_64_INTERNAL_H
#define KSHIM_ARCH_X86_64_INTERNAL_H

#include <linux/percpu.h>
#include <linux/types.h>

struct mm_struct;

/* cpu.c: makes boot_cpu_data, and the record of each CPU, what CPUID says now. */
void kshim_identify_cpus(void);
/* extable.c: call it once, before any code with a table entry runs. */
void kshim_extable_boot(void);
/* exec.c: with a program in this process, kernel code may take pointers to all of its memory. */
void kshim_exec_boot(void);
/* How many of the kernel's instructions on user memory would be refused. */
int kshim_user_insns_unknown(void);

/* hosttlb.c: each CPU's, for the check of it. */
struct x86_host_tlb;
DECLARE_PER_CPU(struct x86_host_tlb, kshim_host_tlb);
/*
 * hosttlb.c: the TLB behind accesses to user addresses. Call these with interrupts off. lookup returns the kernel
 * address behind addr for an access of the mm, or NULL. fill enters what a walk found.
 */
void *kshim_host_tlb_lookup(struct mm_struct *mm, unsigned long addr, bool write);
void kshim_host_tlb_fill(struct mm_struct *mm, unsigned long addr, unsigned long size, unsigned long pfn, bool write);
void kshim_host_tlb_drop(struct mm_struct *mm, unsigned long addr);
void kshim_host_tlb_register_counters(void);
/* Of trace.c: they count when kshim_trace_count() has been called. */
void kshim_trace_register_counters(void);

#endif
