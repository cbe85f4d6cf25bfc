// SPDX-License-Identifier: GPL-2.0-only
/* What the virtual interrupt controller writes to guest memory without a vCPU. */
#include <linux/kvm_host.h>
#include <kshim/gic.h>
#include "vgic/vgic.h"

long kshim_gic_write(struct kvm *kvm, gpa_t gpa, u64 value)
{
	return vgic_write_guest_lock(kvm, gpa, &value, sizeof(value));
}
