/* SPDX-License-Identifier: GPL-2.0-only */
/* The boot parameter kvm-arm.mode (kernel-shim/wrap/arm64/arm.c). */
#ifndef KSHIM_KVM_MODE_H
#define KSHIM_KVM_MODE_H

/* Sets it before KVM is loaded; mode: "nested" and so on, at most 15 characters. 0, or -EINVAL. */
int kshim_set_kvm_mode(const char *mode);

#endif
