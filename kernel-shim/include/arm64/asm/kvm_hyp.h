/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's asm/kvm_hyp.h with the registers of the simulated CPU. The kernel patches the same choice into its code. */
#include_next <asm/kvm_hyp.h>

#ifndef KSHIM_ARM64_KVM_HYP_H
#define KSHIM_ARM64_KVM_HYP_H

#undef read_sysreg_elx
#define read_sysreg_elx(r, nvh, vh)	read_sysreg_s(r##vh)
#undef write_sysreg_elx
#define write_sysreg_elx(v, r, nvh, vh)	write_sysreg_s(v, r##vh)

#endif
