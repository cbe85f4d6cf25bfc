/* SPDX-License-Identifier: GPL-2.0-only */
/* System management mode could not be left out of KVM. */
#define CONFIG_KVM_SMM 1
