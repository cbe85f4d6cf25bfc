/* SPDX-License-Identifier: GPL-2.0-only */
/* What the virtual interrupt controller of a guest does besides interrupts. */
#ifndef KSHIM_GIC_H
#define KSHIM_GIC_H

#include <linux/types.h>

struct kvm;

/*
 * Writes value to guest memory without a vCPU, as KVM does when the VMM has it save tables of the interrupt controller
 * (vgic_write_guest_lock()). 0, or -EFAULT; -ENOSYS on an architecture without such a controller.
 */
long kshim_gic_write(struct kvm *kvm, u64 gpa, u64 value);

#endif
