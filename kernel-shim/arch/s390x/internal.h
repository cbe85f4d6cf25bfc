/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/s390x: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_S390X_INTERNAL_H
#define KSHIM_ARCH_S390X_INTERNAL_H

#include <linux/types.h>

/* TOD clock at boot, so that no time stamp is 0; 4096 units are a microsecond. */
#define KSHIM_TOD_BOOT (1UL << 44)

/* facilities.c: gives one CPU the flags of the default machine; for CPU 0 also gives the machine its facilities. */
void kshim_detect_machine(unsigned int cpu);

/* Tells the kernel what the machine has, for one CPU (compat/<form>/s390x/s390_machine_flags). */
void kshim_set_machine_flags(unsigned int cpu);

/* Changes the machine's facilities, and the kernel's flags with them: see s390_change_facilities(). */
int kshim_change_facilities(const char *changes);

/* uaccess.c: COMPARE AND SWAP of 1, 2, 4, 8 or 16 aligned bytes. *prev is what was there. */
void kshim_compare_and_swap(void *mem, void *prev, __uint128_t old, __uint128_t new, int size);

/* fault.c: call it once, when the boot CPU has its facilities. 0 or -errno. */
int kshim_fault_boot(void);
/*
 * A program interruption with this code (PGM_CODE_*) for addr in the current process's space. user: the process made
 * the access, not the kernel for it. Returns false if the access has failed; the process then has a signal for it.
 */
bool kshim_user_fault(int code, u64 addr, bool write, bool user);
struct pt_regs;
/*
 * Passes such an interruption to the kernel; as: the address space in the PSW (PSW_BITS_AS_*). Returns false if the
 * access has failed and a fixup was used for it.
 */
bool kshim_handle_fault(struct pt_regs *regs, int code, u64 addr, bool write, unsigned int as);
/*
 * The CPUs' handler of host faults during SIE: see s390_host_fault_fn. What it does depends on the kernel's form
 * (compat/<form>/s390x/s390_guest_teid).
 */
int kshim_guest_fault(int code, u64 addr, bool write);

#endif
