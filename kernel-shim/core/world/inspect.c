// SPDX-License-Identifier: GPL-2.0-only
/* Inspection for scenarios: pages, slots, generations, translations. It changes nothing. */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/swap.h>
#include <kshim/form/gfn_to_pfn.h>
#include <kshim/arch.h>
#include <kshim/process.h>

/* Finds the VM in kvm->vm_list that is the file's private data. */
struct kvm *kshim_fd_to_vm(int fd)
{
	struct file *file = fget(fd);
	struct kvm *kvm, *found = NULL;

	if (!file)
		return NULL;
	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list) {
		if (file->private_data == kvm && file_is_kvm(file))
			found = kvm;
	}
	mutex_unlock(&kvm_lock);
	fput(file);
	return found;
}

/*
 * kvm_vcpu_fops is static in kvm_main.c. The first scan of all vCPUs that finds a file learns it from there. Later
 * look-ups compare with it, because every guest access comes by here.
 */
static const struct file_operations *vcpu_fops;

static struct kvm_vcpu *scan_for_vcpu(const void *private_data)
{
	struct kvm_vcpu *vcpu, *found = NULL;
	struct kvm *kvm;
	unsigned long i;

	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list) {
		kvm_for_each_vcpu(i, vcpu, kvm) {
			if (private_data == vcpu)
				found = vcpu;
		}
	}
	mutex_unlock(&kvm_lock);
	return found;
}

struct kvm_vcpu *kshim_fd_to_vcpu(int fd, struct file **out)
{
	struct file *file = fget(fd);
	struct kvm_vcpu *vcpu = NULL;

	if (!file)
		return NULL;
	if (READ_ONCE(vcpu_fops) && file->f_op == READ_ONCE(vcpu_fops)) {
		vcpu = file->private_data;
	} else if (file->f_op->unlocked_ioctl) {	/* the file of its statistics has the vCPU too, but no ioctl */
		vcpu = scan_for_vcpu(file->private_data);
		if (vcpu)
			WRITE_ONCE(vcpu_fops, file->f_op);
	}
	*out = file;
	fput(file);
	return vcpu;
}

int kshim_inspect_page(int pid, uint64_t addr, struct kvmsim_page *out)
{
	struct kshim_process *p = kshim_process_enter(pid);
	struct vm_area_struct *vma;
	struct kshim_host_pte e;
	int ret = 0;

	if (!p)
		return -ESRCH;
	memset(out, 0, sizeof(*out));
	mmap_read_lock(p->mm);
	vma = vma_lookup(p->mm, addr);
	if (!vma) {
		ret = -EFAULT;
		goto out;
	}
	out->pfnmap = !!(vma->vm_flags & VM_PFNMAP);
	if (!kshim_arch_host_walk(p->mm, addr, &e))
		goto out;
	out->mapped = e.present;
	out->writable = e.writable;
	out->dirty = e.dirty;
	out->young = e.young;
	out->swapped = e.swapped;
	out->hint = e.no_access && vma_is_accessible(vma);
	out->huge = e.huge;
	out->contiguous = e.contiguous;
	if (!e.present)
		goto out;
	out->pfn = e.pfn;
	out->zero = is_zero_pfn(e.pfn) || (e.huge && is_huge_zero_folio(page_folio(pfn_to_page(e.pfn))));
	if (pfn_valid(e.pfn)) {
		struct page *page = pfn_to_page(e.pfn);
		struct folio *folio = page_folio(page);
		bool whole;

		out->anon = folio_test_anon(folio);
		out->ksm = folio_test_ksm(folio);
		whole = e.huge || folio_test_hugetlb(folio);
		out->exclusive = out->anon && !out->ksm && PageAnonExclusive(whole ? &folio->page : page);
		out->node = page_to_nid(page);
		out->refcount = folio_ref_count(folio);
		out->mapcount = folio_mapcount(folio);
		out->pincount = folio_maybe_dma_pinned(folio);
	}
out:
	mmap_read_unlock(p->mm);
	kshim_process_leave();
	return ret;
}

int kshim_inspect_slots(int pid, int vm_fd, unsigned int as_id, struct kvmsim_slot *out, unsigned int max)
{
	struct kvm_memory_slot *slot;
	struct kvm *kvm;
	unsigned int n = 0;
	int ret = -EBADF, bkt;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	kvm = kshim_fd_to_vm(vm_fd);
	if (!kvm)
		goto out;
	ret = -EINVAL;
	if (as_id >= kvm_arch_nr_memslot_as_ids(kvm))
		goto out;
	mutex_lock(&kvm->slots_lock);
	kvm_for_each_memslot(slot, bkt, __kvm_memslots(kvm, as_id)) {
		if (n < max)
			out[n] = (struct kvmsim_slot){
				.base_gfn = slot->base_gfn, .npages = slot->npages,
				.userspace_addr = slot->userspace_addr, .flags = slot->flags,
				.id = slot->id, .as_id = slot->as_id,
			};
		n++;
	}
	mutex_unlock(&kvm->slots_lock);
	ret = n;
out:
	kshim_process_leave();
	return ret;
}

int kshim_inspect_generation(int pid, int vm_fd, unsigned int as_id, uint64_t *out)
{
	struct kvm *kvm;
	int ret = -EBADF;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	kvm = kshim_fd_to_vm(vm_fd);
	if (kvm) {
		ret = -EINVAL;
		if (as_id < kvm_arch_nr_memslot_as_ids(kvm)) {
			mutex_lock(&kvm->slots_lock);
			*out = __kvm_memslots(kvm, as_id)->generation;
			mutex_unlock(&kvm->slots_lock);
			ret = 0;
		}
	}
	kshim_process_leave();
	return ret;
}

int kshim_inspect_gfn_to_hva(int pid, int vm_fd, uint64_t gfn, uint64_t *out)
{
	struct kvm *kvm;
	unsigned long hva;
	int ret = -EBADF, idx;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	kvm = kshim_fd_to_vm(vm_fd);
	if (kvm) {
		idx = srcu_read_lock(&kvm->srcu);
		hva = gfn_to_hva(kvm, gfn);
		srcu_read_unlock(&kvm->srcu, idx);
		ret = kvm_is_error_hva(hva) ? -EFAULT : 0;
		*out = hva;
	}
	kshim_process_leave();
	return ret;
}

int kshim_inspect_gfn_to_pfn(int pid, int vm_fd, uint64_t gfn, uint64_t *out)
{
	struct kshim_pfn_ref ref;
	struct kvm *kvm;
	kvm_pfn_t pfn;
	int ret = -EBADF, idx;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	kvm = kshim_fd_to_vm(vm_fd);
	if (kvm) {
		idx = srcu_read_lock(&kvm->srcu);
		pfn = kshim_gfn_to_pfn(kvm, gfn, &ref);
		srcu_read_unlock(&kvm->srcu, idx);
		ret = -EFAULT;
		if (!is_error_noslot_pfn(pfn)) {
			*out = pfn;
			kshim_release_pfn(pfn, &ref);
			ret = 0;
		}
	}
	kshim_process_leave();
	return ret;
}
