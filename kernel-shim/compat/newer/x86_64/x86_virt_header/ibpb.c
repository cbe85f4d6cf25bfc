// SPDX-License-Identifier: GPL-2.0-only
/* A mitigation that KVM asks about (arch/x86/kernel/cpu/bugs.c). */
#include <asm/nospec-branch.h>
#include <kshim/marks.h>

FAITHFUL(switch_vcpu_ibpb, "arch/x86/kernel/cpu/bugs.c");
DEFINE_STATIC_KEY_FALSE(switch_vcpu_ibpb);
