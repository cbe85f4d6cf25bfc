// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine is told, as parameters of a module "machine". Before KVM is loaded: its CPUs, and the values at which
 * counters of its VMs begin. At any time: which allocation fails, and the sizes of folios.
 */
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/kvm_host.h>
#include <linux/moduleparam.h>
#include <linux/stat.h>
#include <kshim/boot.h>
#include <kshim/form/anon_orders.h>
#include <kshim/form/generic_mmu_notifier.h>
#include <kshim/mem.h>
#include <kshim/process.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "machine."

/* Where a VM's and a vCPU's counters begin. In a fresh kernel that is 0. */
static unsigned long first_invalidation;
static unsigned long long first_generation;
static unsigned int first_index;

/* The first CPUs are online; the others never are. */
static int set_cpus(const char *value, const struct kernel_param *p)
{
	unsigned int n;
	int ret = kstrtouint(value, 0, &n);

	if (ret)
		return ret;
	if (n < 1 || n > num_online_cpus())
		return -EINVAL;
	kshim_percpu_limit(n);
	kshim_sched_limit(n);
	return 0;
}

/* Address spaces share the generations between them, and a bit says that an update is in progress. */
static int set_generation(const char *value, const struct kernel_param *p)
{
	unsigned long long n;
	int ret = kstrtoull(value, 0, &n);

	if (ret)
		return ret;
	if (n & KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS || n % ARRAY_SIZE(((struct kvm *)0)->__memslots))
		return -EINVAL;
	first_generation = n;
	return 0;
}

/* 0 takes back the failure that was wanted last, or is -ENOENT if it has happened. */
static int set_fail_allocation(const char *value, const struct kernel_param *p)
{
	int n, ret = kstrtoint(value, 0, &n);

	if (ret)
		return ret;
	return __atomic_exchange_n(&kshim_fail_alloc, (long)n, __ATOMIC_RELAXED) || n ? 0 : -ENOENT;
}

/* A bit for each order of anonymous folios that there are beside single pages and huge pages. */
static int set_anon_orders(const char *value, const struct kernel_param *p)
{
	unsigned long orders;
	int ret = kstrtoul(value, 0, &orders);

	return ret ? ret : kshim_thp_always(orders);
}

static const struct kernel_param_ops fail_allocation_ops = { .set = set_fail_allocation };
static const struct kernel_param_ops anon_orders_ops = { .set = set_anon_orders };
static const struct kernel_param_ops cpus_ops = { .set = set_cpus };
static const struct kernel_param_ops generation_ops = { .set = set_generation };

module_param_cb(cpus, &cpus_ops, NULL, 0);
module_param_named(invalidations, first_invalidation, ulong, 0);
module_param_cb(generation, &generation_ops, NULL, 0);
module_param_named(ring, first_index, uint, 0);
module_param_cb(fail_allocation, &fail_allocation_ops, NULL, S_IWUSR);
module_param_cb(anon_orders, &anon_orders_ops, NULL, S_IWUSR);

/* Like kvm_create_vm(), where these begin at 0 and at the number of the address space. */
static void start_vm(struct kvm *kvm)
{
	unsigned int i;

	kshim_begin_invalidations(kvm, first_invalidation);
	for (i = 0; i < ARRAY_SIZE(kvm->__memslots); i++) {
		kvm->__memslots[i][0].generation += first_generation;
		kvm->__memslots[i][1].generation += first_generation;
	}
}

/* Both sides take an index modulo the size of the ring, a power of two, and begin at its first entry. */
static void start_vcpu(struct kvm_dirty_ring *ring)
{
	if (ring->size)
		ring->dirty_index = ring->reset_index = first_index & ~(ring->size - 1);
}

void kshim_start_counters(unsigned int cmd, int fd)
{
	struct kvm_vcpu *vcpu;
	struct file *file;

	if (cmd == KVM_CREATE_VCPU) {
		vcpu = kshim_fd_to_vcpu(fd, &file);
		if (vcpu)
			start_vcpu(&vcpu->dirty_ring);
	} else if (cmd == KVM_CREATE_VM) {
		file = fget(fd);
		if (!file)
			return;
		if (file_is_kvm(file))
			start_vm(file->private_data);
		fput(file);
	}
}
