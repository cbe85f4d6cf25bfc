// SPDX-License-Identifier: GPL-2.0-only
/* Pages of a guest that a vendor module maps for itself, outside of the guest's tables: kvm_vcpu_map(). */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <kshim/form/vcpu_map.h>
#include <kshim/host.h>
#include <kshim/process.h>

struct guest_map {
	struct list_head node;
	unsigned int number;
	bool writable;
	struct file *file;	/* keeps the vCPU */
	struct kvm_vcpu *vcpu;
	struct kvm_host_map map;
};

static struct host_lock maps_lock;	/* guards the lists of all processes, and last_number */
static unsigned int last_number;

/* Vendor modules map and unmap between vcpu_load() and vcpu_put(), with kvm->srcu held (vcpu_run()). */
static void vcpu_begin(struct kvm_vcpu *vcpu)
{
	mutex_lock(&vcpu->mutex);
	vcpu_load(vcpu);
	kvm_vcpu_srcu_read_lock(vcpu);
}

static void vcpu_end(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_srcu_read_unlock(vcpu);
	vcpu_put(vcpu);
	mutex_unlock(&vcpu->mutex);
}

static void drop(struct guest_map *m)
{
	if (m->file)
		fput(m->file);
	kfree(m);
}

static int64_t map_page(struct kshim_process *p, int fd, gpa_t gpa, bool writable)
{
	struct guest_map *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct file *file;
	int ret = -EBADF;

	if (!m)
		return -ENOMEM;
	m->file = fget(fd);
	m->vcpu = m->file ? kshim_fd_to_vcpu(fd, &file) : NULL;
	if (m->vcpu && file == m->file) {
		vcpu_begin(m->vcpu);
		ret = kshim_vcpu_map(m->vcpu, gpa_to_gfn(gpa), &m->map, writable);
		vcpu_end(m->vcpu);
	}
	if (ret) {
		drop(m);
		return ret;
	}
	m->writable = writable;
	host_lock(&maps_lock);
	m->number = ++last_number;
	list_add_tail(&m->node, &p->guest_maps);
	host_unlock(&maps_lock);
	return m->number;
}

static void unmap(struct guest_map *m)
{
	vcpu_begin(m->vcpu);
	kshim_vcpu_unmap(m->vcpu, &m->map, m->writable);
	vcpu_end(m->vcpu);
	drop(m);
}

/* Finds a mapping, or the first if the number is 0. take: it leaves the list. */
static struct guest_map *find(struct kshim_process *p, unsigned int number, bool take)
{
	struct guest_map *m, *found = NULL;

	host_lock(&maps_lock);
	list_for_each_entry(m, &p->guest_maps, node) {
		if (!number || m->number == number) {
			found = m;
			break;
		}
	}
	if (found && take)
		list_del(&found->node);
	host_unlock(&maps_lock);
	return found;
}

void kshim_release_guest_maps(struct kshim_process *p)
{
	struct guest_map *m;

	while ((m = find(p, 0, true)))
		unmap(m);
}

int64_t kshim_guest_map_event(struct kshim_process *p, enum kvmsim_event ev, const uint64_t a[6])
{
	struct guest_map *m;
	u32 *word;

	if (ev == KVMSIM_EV_GUEST_MAP)
		return map_page(p, a[0], a[1], a[2]);
	m = a[0] ? find(p, a[0], ev == KVMSIM_EV_GUEST_UNMAP) : NULL;
	if (!m)
		return -ENOENT;
	if (ev == KVMSIM_EV_GUEST_UNMAP) {
		unmap(m);
		return 0;
	}
	if (a[1] >= PAGE_SIZE || a[1] % sizeof(*word))
		return -EINVAL;
	word = m->map.hva + a[1];
	if (ev == KVMSIM_EV_GUEST_MAP_READ)
		return READ_ONCE(*word);
	if (!m->writable)
		return -EACCES;
	WRITE_ONCE(*word, a[2]);
	return 0;
}
