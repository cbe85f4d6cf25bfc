// SPDX-License-Identifier: GPL-2.0-only
/* The check that KVM knows whether the DMA of a VM's devices ignores caches: virt/kvm/vfio.c says so once in a VM. */
#include <linux/kvm_host.h>
#include <kshim/host.h>
#include <kshim/vfio.h>
#include "checkers.h"

int kshim_check_noncoherent_dma(struct kvm *kvm)
{
	int count = atomic_read(&kvm->arch.noncoherent_dma_count), want = kshim_vfio_noncoherent(kvm);

	if (count == want)
		return 0;
	host_check("noncoherent-dma", "the VM counts %d for DMA that ignores caches, %d is right", count, want);
	return 1;
}
