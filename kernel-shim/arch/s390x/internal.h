/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/s390x: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_S390X_INTERNAL_H
#define KSHIM_ARCH_S390X_INTERNAL_H

/* TOD clock at boot, so that no time stamp is 0; 4096 units are a microsecond. */
#define KSHIM_TOD_BOOT (1UL << 44)

/* facilities.c: gives one CPU the flags of the default machine; for CPU 0 also gives the machine its facilities. */
void kshim_detect_machine(unsigned int cpu);

/* fault.c: call it once, when the boot CPU has its facilities. 0 or -errno. */
int kshim_fault_boot(void);
/*
 * A program interruption with this code (PGM_CODE_*) for addr in the current process's space. user: the process made
 * the access, not the kernel for it. Returns false if the access has failed; the process then has a signal for it.
 */
bool kshim_user_fault(int code, u64 addr, bool write, bool user);

#endif
