/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/arm64: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_ARM64_INTERNAL_H
#define KSHIM_ARCH_ARM64_INTERNAL_H

#include <linux/types.h>

/* cpu.c: makes ID registers, the kernel's capabilities and the registers of translation from arm64_have. */
void kshim_detect_machine(void);

/* fault.c */
void kshim_fault_boot(void);
/* An abort of a user access: its instruction specific syndrome. Returns true to try the access again. */
bool kshim_user_fault(unsigned int iss, u64 addr, bool write, bool user);

#endif
