// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of VFIO devices, as far as virt/kvm/vfio.c sees them, and the module's symbols, by which it finds VFIO.
 *
 * Stands for drivers/vfio, whose module is loaded when the first file is opened. No device is behind a file, and nobody
 * opens one, so that no file takes a reference of the VM. Invariant: a file knows only a VM whose VFIO device of KVM is
 * there, and none when it goes.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <kshim/driver_events.h>
#include <kshim/host.h>
#include <kshim/marks.h>
#include <kshim/process.h>
#include <kshim/vfio.h>

struct vfio_device_file {
	struct list_head node;
	struct kvm *kvm;	/* what vfio_file_set_kvm() said last */
	bool coherent;
};

static LIST_HEAD(files);
static DEFINE_SPINLOCK(files_lock);	/* guards the list and the VMs of files */
static bool loaded;

static int vfio_release(struct inode *inode, struct file *file)
{
	struct vfio_device_file *v = file->private_data;

	if (v->kvm)
		host_check("vfio", "a VFIO device's file goes, and still knows a VM");
	spin_lock(&files_lock);
	list_del(&v->node);
	spin_unlock(&files_lock);
	kfree(v);
	return 0;
}

static const struct file_operations vfio_fops = { .release = vfio_release };

static struct vfio_device_file *vfio_of(struct file *file)
{
	return file->f_op == &vfio_fops ? file->private_data : NULL;
}

static bool file_is_valid(struct file *file)
{
	return vfio_of(file);
}

static bool file_enforced_coherent(struct file *file)
{
	struct vfio_device_file *v = vfio_of(file);

	return !v || v->coherent;
}

static void file_set_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_device_file *v = vfio_of(file);

	if (!v)
		return;
	spin_lock(&files_lock);
	v->kvm = kvm;
	spin_unlock(&files_lock);
}

/* What virt/kvm/vfio.c asks for. Before 6.12 only files of groups counted; a file here stands for either. */
static const struct {
	const char *name;
	void *function;
} symbols[] = {
	{ "vfio_file_is_valid", file_is_valid },
	{ "vfio_file_is_group", file_is_valid },
	{ "vfio_file_enforced_coherent", file_enforced_coherent },
	{ "vfio_file_set_kvm", file_set_kvm },
};

REDUCED(__symbol_get, "kernel/module/main.c", "finds what KVM asks of VFIO; no other module is there, none goes");
void *__symbol_get(const char *symbol)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (READ_ONCE(loaded) && !strcmp(symbols[i].name, symbol))
			return symbols[i].function;
	}
	return NULL;
}

static bool has_vfio_device(struct kvm *kvm)
{
	struct kvm_device *device;

	list_for_each_entry(device, &kvm->devices, vm_node) {
		if (!strcmp(device->ops->name, "kvm-vfio"))
			return true;
	}
	return false;
}

/* Looks for the VM by its address: it may be gone. */
static bool may_know(const struct kvm *known)
{
	struct kvm *kvm;
	bool ret = false;

	mutex_lock(&kvm_lock);
	list_for_each_entry(kvm, &vm_list, vm_list)
		ret |= kvm == known && has_vfio_device(kvm);
	mutex_unlock(&kvm_lock);
	return ret;
}

int kshim_vfio_validate(void)
{
	struct vfio_device_file *v;
	int findings = 0;

	list_for_each_entry(v, &files, node) {
		if (v->kvm && !may_know(v->kvm)) {
			host_check("vfio", "a VFIO device's file still knows a VM whose VFIO device of KVM is gone");
			findings++;
		}
	}
	return findings;
}

bool kshim_vfio_noncoherent(const struct kvm *kvm)
{
	struct vfio_device_file *v;
	bool ret = false;

	spin_lock(&files_lock);
	list_for_each_entry(v, &files, node)
		ret |= v->kvm == kvm && !v->coherent;
	spin_unlock(&files_lock);
	return ret;
}

static long vfio_open(bool coherent)
{
	struct vfio_device_file *v = kzalloc(sizeof(*v), GFP_KERNEL);
	int fd;

	if (!v)
		return -ENOMEM;
	v->coherent = coherent;
	WRITE_ONCE(loaded, true);
	spin_lock(&files_lock);
	list_add_tail(&v->node, &files);
	spin_unlock(&files_lock);
	fd = anon_inode_getfd("[vfio-device]", &vfio_fops, v, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	spin_lock(&files_lock);
	list_del(&v->node);
	spin_unlock(&files_lock);
	kfree(v);
	return fd;
}

static long vfio_knows_vm(unsigned int fd)
{
	struct file *file = fget(fd);
	struct vfio_device_file *v = file ? vfio_of(file) : NULL;
	long ret = v ? !!READ_ONCE(v->kvm) : -EBADF;

	if (file)
		fput(file);
	return ret;
}

long kshim_vfio_event(unsigned int ev, const uint64_t a[6])
{
	switch (ev) {
	case KVMSIM_EV_VFIO_OPEN:
		return vfio_open(a[0]);
	case KVMSIM_EV_VFIO_KNOWS_VM:
		return vfio_knows_vm(a[0]);
	}
	return -ENOSYS;
}
