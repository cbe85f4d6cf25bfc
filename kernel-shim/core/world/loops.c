// SPDX-License-Identifier: GPL-2.0-only
/* Loops over single kernel functions, for `kvmsim bench`: no scenario code inside the measured part. */
#include <linux/kvm_host.h>
#include <kshim/form/gfn_to_pfn.h>
#include <kshim/measure.h>
#include <kshim/process.h>

static int64_t loop_gfn_to_memslot(struct kvm *kvm, gfn_t first, gfn_t stride, gfn_t range, uint64_t count)
{
	uint64_t i, hits = 0;
	gfn_t off = 0;
	int idx = srcu_read_lock(&kvm->srcu);

	for (i = 0; i < count; i++) {
		hits += !!gfn_to_memslot(kvm, first + off);
		off += stride;
		if (off >= range)
			off -= range;
	}
	srcu_read_unlock(&kvm->srcu, idx);
	return hits;
}

static int64_t loop_gfn_to_pfn(struct kvm *kvm, gfn_t first, gfn_t stride, gfn_t range, uint64_t count)
{
	uint64_t i, hits = 0;
	gfn_t off = 0;
	int idx = srcu_read_lock(&kvm->srcu);

	for (i = 0; i < count; i++) {
		struct kshim_pfn_ref ref;
		kvm_pfn_t pfn = kshim_gfn_to_pfn(kvm, first + off, &ref);

		if (!is_error_noslot_pfn(pfn)) {
			kshim_release_pfn(pfn, &ref);
			hits++;
		}
		off += stride;
		if (off >= range)
			off -= range;
	}
	srcu_read_unlock(&kvm->srcu, idx);
	return hits;
}

int64_t kshim_bench(enum kvmsim_bench what, int pid, int vm_fd, uint64_t gfn, uint64_t stride, uint64_t range,
		    uint64_t count)
{
	struct kvm *kvm;
	int64_t ret = -EBADF;

	if (what == KVMSIM_BENCH_MMU_LOCK)
		return kshim_watch_mmu_lock((enum kvmsim_watch)gfn);
	if (!range || !stride || stride > range)
		return -EINVAL;
	if (!kshim_process_enter(pid))
		return -ESRCH;
	kvm = kshim_fd_to_vm(vm_fd);
	if (kvm && what == KVMSIM_BENCH_GFN_TO_MEMSLOT)
		ret = loop_gfn_to_memslot(kvm, gfn, stride, range, count);
	else if (kvm && what == KVMSIM_BENCH_GFN_TO_PFN)
		ret = loop_gfn_to_pfn(kvm, gfn, stride, range, count);
	kshim_process_leave();
	return ret;
}
