/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/s390x: the simulated processor's parts as they see each other. */
#ifndef KSHIM_ARCH_S390X_INTERNAL_H
#define KSHIM_ARCH_S390X_INTERNAL_H

/* TOD clock at boot, so that no time stamp is 0; 4096 units are a microsecond. */
#define KSHIM_TOD_BOOT (1UL << 44)

/* facilities.c: gives one CPU the flags of the default machine, and with CPU 0 the machine its facilities. */
void kshim_detect_machine(unsigned int cpu);

/* fault.c: once, when the boot CPU has its facilities. 0 or -errno. */
int kshim_fault_boot(void);
/*
 * A program interruption with this code (PGM_CODE_*) of an access to addr in the current process's space, which the
 * process did itself (user) or the kernel for it. False: the access has failed; the process has a signal for it.
 */
bool kshim_user_fault(int code, u64 addr, bool write, bool user);

#endif
