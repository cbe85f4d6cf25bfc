/* SPDX-License-Identifier: GPL-2.0-only */
/* The MMU notifiers were every KVM's that names KVM_ARCH_WANT_MMU_NOTIFIER, which x86 does. */
#define CONFIG_KVM_GENERIC_MMU_NOTIFIER 1
