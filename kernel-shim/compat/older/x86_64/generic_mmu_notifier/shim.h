/* SPDX-License-Identifier: GPL-2.0-only */
/* MMU notifiers were for every KVM that defines KVM_ARCH_WANT_MMU_NOTIFIER, which x86 does. */
#define CONFIG_KVM_GENERIC_MMU_NOTIFIER 1
