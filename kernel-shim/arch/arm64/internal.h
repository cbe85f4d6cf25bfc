/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to arch/arm64: what the parts of the simulated processor share. */
#ifndef KSHIM_ARCH_ARM64_INTERNAL_H
#define KSHIM_ARCH_ARM64_INTERNAL_H

/* cpu.c: makes ID registers, the kernel's capabilities and the registers of translation from arm64_have. */
void kshim_detect_machine(void);

#endif
