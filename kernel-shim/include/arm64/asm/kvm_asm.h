/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/kvm_asm.h with the AT instruction of the simulated CPU, which never faults in EL2. */
#include_next <asm/kvm_asm.h>

#if !defined(KSHIM_ARM64_KVM_ASM_H) && !defined(__ASSEMBLY__)
#define KSHIM_ARM64_KVM_ASM_H

#include <kshim/insn.h>

#undef __kvm_at
#define __kvm_at(at_op, addr) ({	\
	kshim_at((at_op), (addr));	\
	0;				\
})

#endif
