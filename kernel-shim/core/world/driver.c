// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a driver: files whose mappings the kernel asks the driver for, or that the driver fills at once. And what
 * KVM's own devices write to memory.
 *
 * The area is always VM_PFNMAP, so that the host's mm takes no references and counts no mappings, even of frames that
 * have a struct page. The frames are the file's until its last reference is gone. Invariant: nobody but the driver
 * changes their references; that is checked when the file goes.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <kshim/driver.h>
#include <kshim/driver_events.h>
#include <kshim/gic.h>
#include <kshim/host.h>
#include <kshim/process.h>
#include <kshim/vfio.h>
#include <kshim/vfs.h>
#include "../../wrap/wrap.h"

struct driver_file {
	struct list_head node;
	enum kvmsim_driver_memory memory;
	unsigned int flags;
	unsigned long pages;
	unsigned int order;	/* of a single allocation, KVMSIM_DRIVER_TAILS */
	uint64_t asked[2];	/* calls of fault and pfn_mkwrite */
	unsigned long pfn[];
};

static LIST_HEAD(drivers);
static struct host_lock drivers_lock;

/* Device memory is never given back: another file gets other frames. */
static int take_device_memory(struct driver_file *d)
{
	unsigned long i, first = kshim_take_device_frames(d->pages);

	if (!first)
		return -ENOSPC;
	for (i = 0; i < d->pages; i++)
		d->pfn[i] = first + i;
	return 0;
}

static int usual_count(const struct driver_file *d, unsigned long i)
{
	return d->memory == KVMSIM_DRIVER_PAGES || (d->memory == KVMSIM_DRIVER_TAILS && !i);
}

static void free_pages_of(struct driver_file *d)
{
	unsigned long i;

	if (d->memory == KVMSIM_DRIVER_TAILS) {
		if (d->pfn[0])
			__free_pages(pfn_to_page(d->pfn[0]), d->order);
		return;
	}
	for (i = 0; i < d->pages && d->pfn[i]; i++) {
		set_page_count(pfn_to_page(d->pfn[i]), 1);
		__free_page(pfn_to_page(d->pfn[i]));
	}
}

static int take_pages(struct driver_file *d)
{
	bool single = d->memory == KVMSIM_DRIVER_TAILS;
	struct page *page;
	unsigned long i;

	for (i = 0; i < d->pages; i++) {
		if (single && i)
			page = pfn_to_page(d->pfn[0]) + i;
		else
			page = alloc_pages(GFP_KERNEL | __GFP_ZERO, d->order);
		if (!page)
			return -ENOMEM;
		d->pfn[i] = page_to_pfn(page);
		if (d->memory == KVMSIM_DRIVER_FROZEN)
			set_page_count(page, 0);
	}
	return 0;
}

static int take_memory(struct driver_file *d)
{
	int ret;

	if (d->memory == KVMSIM_DRIVER_DEVICE)
		return take_device_memory(d);
	ret = take_pages(d);
	if (ret)
		free_pages_of(d);
	return ret;
}

/* Whoever used a reference of these frames gave one back that it did not have, or kept one. */
static void check_counts(const struct driver_file *d)
{
	unsigned long i;

	for (i = 0; i < d->pages; i++) {
		int count = page_ref_count(pfn_to_page(d->pfn[i]));

		if (count != usual_count(d, i))
			host_check("driver-memory",
				   "page %lu of a driver's memory, frame %lx: reference count %d, not %d",
				   i, d->pfn[i], count, usual_count(d, i));
	}
}

static void drop(struct driver_file *d)
{
	host_lock(&drivers_lock);
	list_del(&d->node);
	host_unlock(&drivers_lock);
	if (d->memory != KVMSIM_DRIVER_DEVICE)
		free_pages_of(d);
	kvfree(d);
}

static int driver_release(struct inode *inode, struct file *file)
{
	struct driver_file *d = file->private_data;

	if (d->memory != KVMSIM_DRIVER_DEVICE)
		check_counts(d);
	drop(d);
	return 0;
}

static vm_fault_t driver_fault(struct vm_fault *vmf)
{
	struct driver_file *d = vmf->vma->vm_file->private_data;

	__atomic_fetch_add(&d->asked[0], 1, __ATOMIC_RELAXED);
	if (vmf->pgoff >= d->pages)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, d->pfn[vmf->pgoff]);
}

static vm_fault_t driver_pfn_mkwrite(struct vm_fault *vmf)
{
	struct driver_file *d = vmf->vma->vm_file->private_data;

	__atomic_fetch_add(&d->asked[1], 1, __ATOMIC_RELAXED);
	return 0;
}

static const struct vm_operations_struct usual_ops = { .fault = driver_fault };
static const struct vm_operations_struct asked_ops = { .fault = driver_fault, .pfn_mkwrite = driver_pfn_mkwrite };

/* In one call if the frames follow each other: that is all that a private area may have. */
static int fill(struct driver_file *d, struct vm_area_struct *vma, unsigned long first, unsigned long n)
{
	unsigned long i, run = 1;
	int ret = 0;

	for (i = 0; i < n && !ret; i += run) {
		for (run = 1; i + run < n && d->pfn[first + i + run] == d->pfn[first + i] + run; run++)
			;
		ret = remap_pfn_range(vma, vma->vm_start + (i << PAGE_SHIFT), d->pfn[first + i], run << PAGE_SHIFT,
				      vma->vm_page_prot);
	}
	return ret;
}

static int driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct driver_file *d = file->private_data;
	unsigned long n = vma_pages(vma), first = vma->vm_pgoff;

	if (first > d->pages || n > d->pages - first)
		return -ENXIO;
	/* A private area that may be written has its frames from the beginning, or vmf_insert_pfn() is a bug. */
	if (!(d->flags & KVMSIM_DRIVER_AT_ONCE) && (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	vma->vm_ops = d->flags & KVMSIM_DRIVER_MKWRITE ? &asked_ops : &usual_ops;
	if (d->flags & KVMSIM_DRIVER_AT_ONCE)
		return fill(d, vma, first, n);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static const struct file_operations driver_fops = { .mmap = driver_mmap, .release = driver_release };

static struct file *new_file(enum kvmsim_driver_memory memory, unsigned long pages, unsigned int flags)
{
	struct driver_file *d;
	struct inode *inode;
	struct file *file;
	int ret;

	if (memory > KVMSIM_DRIVER_TAILS || flags & ~(KVMSIM_DRIVER_AT_ONCE | KVMSIM_DRIVER_MKWRITE) || !pages ||
	    (memory != KVMSIM_DRIVER_DEVICE && pages > 1UL << MAX_PAGE_ORDER))
		return ERR_PTR(-EINVAL);
	d = kvzalloc(struct_size(d, pfn, pages), GFP_KERNEL);
	if (!d)
		return ERR_PTR(-ENOMEM);
	d->memory = memory;
	d->flags = flags;
	d->pages = pages;
	d->order = memory == KVMSIM_DRIVER_TAILS ? get_order(pages << PAGE_SHIFT) : 0;
	ret = take_memory(d);
	if (ret) {
		kvfree(d);
		return ERR_PTR(ret);
	}
	host_lock(&drivers_lock);
	list_add_tail(&d->node, &drivers);
	host_unlock(&drivers_lock);
	inode = kshim_new_inode(S_IFCHR | 0600);
	file = inode ? kshim_alloc_file(inode, "driver", O_RDWR, &driver_fops) : ERR_PTR(-ENOMEM);
	if (IS_ERR(file))
		drop(d);
	else
		file->private_data = d;
	return file;
}

static struct driver_file *driver_of(struct file *file)
{
	return file && file->f_op == &driver_fops ? file->private_data : NULL;
}

bool kshim_driver_frame(unsigned long pfn)
{
	struct driver_file *d;
	bool found = false;
	unsigned long i;

	host_lock(&drivers_lock);
	list_for_each_entry(d, &drivers, node) {
		for (i = 0; i < d->pages && !found; i++)
			found = d->pfn[i] == pfn;
	}
	host_unlock(&drivers_lock);
	return found;
}

static long driver_open(unsigned int memory, unsigned long pages, unsigned int flags)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = new_file(memory, pages, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long driver_revoke(unsigned int fd, unsigned long offset, unsigned long len)
{
	struct file *file = fget(fd);
	long ret = -EBADF;

	if (driver_of(file)) {
		unmap_mapping_range(file->f_mapping, offset, len, 1);
		ret = 0;
	}
	if (file)
		fput(file);
	return ret;
}

static long driver_asked(unsigned int fd, unsigned int which)
{
	struct file *file = fget(fd);
	struct driver_file *d = driver_of(file);
	long ret = d && which < ARRAY_SIZE(d->asked) ? READ_ONCE(d->asked[which]) : -EBADF;

	if (file)
		fput(file);
	return ret;
}

/* Only arm64 has one. */
__weak long kshim_gic_write(struct kvm *kvm, u64 gpa, u64 value)
{
	return -ENOSYS;
}

static long gic_write(unsigned int fd, u64 gpa, u64 value)
{
	struct kvm *kvm = kshim_fd_to_vm(fd);

	return kvm ? kshim_gic_write(kvm, gpa, value) : -EBADF;
}

long kshim_driver_event(unsigned int ev, const uint64_t a[6])
{
	switch (ev) {
	case KVMSIM_EV_DRIVER_OPEN:
		return driver_open(a[0], a[1], a[2]);
	case KVMSIM_EV_DRIVER_REVOKE:
		return driver_revoke(a[0], a[1], a[2]);
	case KVMSIM_EV_DRIVER_ASKED:
		return driver_asked(a[0], a[1]);
	case KVMSIM_EV_GIC_WRITE:
		return gic_write(a[0], a[1], a[2]);
	}
	return kshim_vfio_event(ev, a);
}
