/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm64's asm/kvm_mmu.h. With VHE hyp code has the kernel's own addresses: the kernel patches the instructions of
 * kern_hyp_va() away.
 */
#include_next <asm/kvm_mmu.h>

#ifndef __ASSEMBLY__
#undef kern_hyp_va
#define kern_hyp_va(v) (v)
#endif
