/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What arm64's asm/barrier.h adds to the common one. A barrier is at least as strong as the instruction that it stands
 * for. DSB and ISB also go to the model: a DSB completes maintenance of TLBs and caches. Instructions that wait for
 * events, and those of profiling and tracing, are left to kcc, which refuses them by name.
 */
#ifndef KSHIM_ARM64_BARRIER_H
#define KSHIM_ARM64_BARRIER_H

#include_next <asm/barrier.h>

#ifndef __ASSEMBLY__

#include <linux/kasan-checks.h>
#include <asm/alternative-macros.h>
#include <kshim/insn.h>

#define isb()		kshim_isb()
#define dmb(opt)	__mb()
#define dsb(opt)	kshim_dsb(#opt)

/* The counter is read by a function, and NOP does nothing. */
#define arch_counter_enforce_ordering(val)	do { (void)(val); } while (0)
#define nops(n)		barrier()

/* Speculation is not simulated. */
#define csdb()		barrier()
#define spec_bar()	barrier()

#define sev()		asm volatile("sev" : : : "memory")
#define wfe()		asm volatile("wfe" : : : "memory")
#define wfet(val)	asm volatile("wfet %0" : : "r" (val) : "memory")
#define wfi()		asm volatile("wfi" : : : "memory")
#define wfit(val)	asm volatile("wfit %0" : : "r" (val) : "memory")
#define psb_csync()	asm volatile("psb csync" : : : "memory")
#define __tsb_csync()	asm volatile("tsb csync" : : : "memory")
#define tsb_csync()	__tsb_csync()
#define dgh()		asm volatile("dgh" : : : "memory")

/* Interrupts are masked by kshim_irq_disable(), not by the GIC's priority mask. */
#define pmr_sync()	do { } while (0)

#endif
#endif
