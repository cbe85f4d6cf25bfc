/* SPDX-License-Identifier: GPL-2.0-only */
/* __kvm_vcpu_map() pins the page, and kvm_vcpu_unmap() knows how it was mapped. */
#ifndef KSHIM_FORM_VCPU_MAP_H
#define KSHIM_FORM_VCPU_MAP_H

#include <linux/kvm_host.h>

static inline int kshim_vcpu_map(struct kvm_vcpu *vcpu, gfn_t gfn, struct kvm_host_map *map, bool writable)
{
	return __kvm_vcpu_map(vcpu, gfn, map, writable);
}

static inline void kshim_vcpu_unmap(struct kvm_vcpu *vcpu, struct kvm_host_map *map, bool written)
{
	kvm_vcpu_unmap(vcpu, map);
}

#endif
