/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of VFIO devices: core/world/vfio.c. */
#ifndef KSHIM_VFIO_H
#define KSHIM_VFIO_H

#include <kshim/types.h>

struct kvm;

/* The events KVMSIM_EV_VFIO_* of enum kvmsim_driver_event, in the process that they are about; -ENOSYS for others. */
long kshim_vfio_event(unsigned int ev, const uint64_t a[6]);
/* The check "vfio": no other thread may be in kernel code. Returns the number of findings. */
int kshim_vfio_validate(void);
/* Returns whether a file whose device's DMA ignores caches knows this VM. */
bool kshim_vfio_noncoherent(const struct kvm *kvm);

#endif
