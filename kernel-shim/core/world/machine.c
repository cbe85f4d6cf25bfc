// SPDX-License-Identifier: GPL-2.0-only
/* The flavour's one exported symbol: the table of operations that sim/ calls; and the boot order. */
#include <linux/file.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <generated/utsrelease.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/checks.h>
#include <kshim/exec.h>
#include <kshim/form/swap_slots.h>
#include <kshim/host.h>
#include <kshim/hw.h>
#include <kshim/machine.h>
#include <kshim/mem.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include <kshim/trace.h>
#include <kshim/uapi.h>
#include <kshim/vfs.h>
#include "../../wrap/wrap.h"

static struct kshim_mem_snapshot empty_world;

static int machine_boot(const struct kvmsim_config *c, const struct kvmsim_host_ops *h)
{
	unsigned int nr_cpus = c->nr_cpus ?: 4;
	uint64_t ram = c->ram_bytes ?: 1UL << 30;
	int ret;

	if (c->window && !kshim_arch_exec())
		return -EINVAL;
	if (nr_cpus > KVMSIM_MAX_CPUS || ram < 64UL << 20 || ram > 32UL << 30 || ram % (4UL << 20))
		return -EINVAL;
	host_set_ops(h);
	host_catch_oops();
	if (c->window && !kshim_exec_begin())
		return -EBUSY;
	kshim_checks_boot();
	ret = kshim_boot(ram, nr_cpus);
	return ret || !host_wants_trace() ? ret : kshim_trace_enable();
}

/* Returns the personality's index, or -EINVAL. */
static int personality_of(const char *name)
{
	int i;

	for (i = 0; kshim_arch_personalities[i]; i++) {
		if (!strcmp(kshim_arch_personalities[i], name))
			return i;
	}
	return -EINVAL;
}

#define CHANGES_MAX 16	/* checks of changes before one of everything */

static unsigned int steps;	/* since the last check; of all threads, so atomic */
static unsigned int changes;	/* checks of changes since the last one of everything */
static bool whole_checks;	/* no checks of changes */

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "machine."
module_param(whole_checks, bool, 0);

static int check(bool whole)
{
	int findings;

	__atomic_store_n(&steps, 0, __ATOMIC_RELAXED);
	changes = whole ? 0 : changes + 1;
	host_report_without_trace(true);
	findings = kshim_check_all(whole);
	host_report_without_trace(false);
	return findings;
}

static int machine_kvm_load(const char *personality, const char *facilities)
{
	int ret = personality ? personality_of(personality) : 0;

	if (ret >= 0)
		ret = kshim_arch_kvm_load(ret, facilities);
	kshim_module_params_loaded();
	if (!ret) {
		kshim_step_end();
		/* What a check touches first, it touches now, once, and not in the process of each scenario. */
		check(true);
		kshim_mem_take_snapshot(&empty_world);
	}
	return ret;
}

static void machine_begin(void)
{
	kshim_vmalloc_share();
	kshim_workers_begin();
}

static int machine_user_read(int pid, uint64_t addr, void *buf, uint64_t len, uint64_t *done)
{
	uint64_t n = 0;
	int ret;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	ret = kshim_user_read(addr, buf, len, &n);
	kshim_process_leave();
	if (done)
		*done = n;
	return ret;
}

static int machine_user_write(int pid, uint64_t addr, const void *buf, uint64_t len, uint64_t *done)
{
	uint64_t n = 0;
	int ret;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	ret = kshim_user_write(addr, buf, len, &n);
	kshim_process_leave();
	if (done)
		*done = n;
	return ret;
}

static int machine_vcpu_access(int pid, int fd, struct kvmsim_access *a, struct kvmsim_access_result *r)
{
	struct kvm_vcpu *vcpu;
	struct file *file;
	int ret = -EBADF;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	vcpu = kshim_fd_to_vcpu(fd, &file);
	if (vcpu)
		ret = kshim_hw_vcpu_access(vcpu, file, a, r);
	kshim_process_leave();
	return ret;
}

static int machine_vcpu_abandon(int pid, int fd)
{
	struct kvm_vcpu *vcpu;
	struct file *file;
	int ret = -EBADF;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	vcpu = kshim_fd_to_vcpu(fd, &file);
	if (vcpu)
		ret = kshim_hw_vcpu_abandon(vcpu);
	kshim_process_leave();
	return ret;
}

static int machine_vcpu_workload(int pid, int fd, enum kvmsim_access_op op, uint64_t addr, uint64_t len,
				 uint64_t stride, uint64_t count, uint64_t *done, struct kvmsim_access_result *r)
{
	struct kvm_vcpu *vcpu;
	struct file *file;
	int ret = -EBADF;

	*done = 0;
	if (!len || !stride || stride > len)
		return -EINVAL;
	if (!kshim_process_enter(pid))
		return -ESRCH;
	vcpu = kshim_fd_to_vcpu(fd, &file);
	if (vcpu)
		ret = kshim_hw_vcpu_workload(vcpu, file, op, addr, len, stride, count, done, r);
	kshim_process_leave();
	return ret;
}

static int inspect_vcpu(int pid, int fd, uint64_t addr, struct kvmsim_mapping *out,
			int (*inspect)(struct kvm_vcpu *vcpu, uint64_t addr, struct kvmsim_mapping *out))
{
	struct kvm_vcpu *vcpu;
	struct file *file;
	int ret = -EBADF;

	if (!kshim_process_enter(pid))
		return -ESRCH;
	vcpu = kshim_fd_to_vcpu(fd, &file);
	if (vcpu)
		ret = inspect(vcpu, addr, out);
	kshim_process_leave();
	return ret;
}

static int machine_inspect_mapping(int pid, int fd, uint64_t gpa, struct kvmsim_mapping *out)
{
	return inspect_vcpu(pid, fd, gpa, out, kshim_hw_inspect_mapping);
}

static int machine_inspect_tlb(int pid, int fd, uint64_t addr, struct kvmsim_mapping *out)
{
	return inspect_vcpu(pid, fd, addr, out, kshim_hw_inspect_tlb);
}

/* A check that follows a single step is one of a series, and looks at what it has changed; others at everything. */
static int machine_check(void)
{
	return check(whole_checks || __atomic_load_n(&steps, __ATOMIC_RELAXED) != 1 || changes == CHANGES_MAX);
}

static int machine_leak_check(void)
{
	int left;

	if (kshim_process_count())
		return -EBUSY;
	/* Files whose last reference a work item dropped wait for a jiffy. */
	flush_delayed_fput();
	kshim_step_end();
	/* ksmd's list refers to an exited process's mm until ksmd passes by. */
	kshim_ksm_reap();
	/* Drops what the kernel keeps until memory is short, such as the huge zero page. */
	drop_slab();
	kshim_swap_cache_reap();
	kshim_hugetlb_drop_pools();
	kshim_drop_swap_slots();
	kshim_drop_cpu_caches();
	kshim_step_end();
	check(true);
	/* The files first: most of the memory that is left is theirs. */
	left = kshim_vfs_leaks();
	return left + kshim_mem_leaks(&empty_world);
}

static void machine_step_end(void)
{
	kshim_step_end();
	__atomic_fetch_add(&steps, 1, __ATOMIC_RELAXED);
	host_watch_next_call();
}

const struct kvmsim_machine_ops kvmsim_machine = {
	.arch = KSHIM_ARCH_NAME,
	.kernel_release = UTS_RELEASE,
	.page_size = PAGE_SIZE,
	.checks = kshim_check_ids,
	.personalities = kshim_arch_personalities,
	.facility_name = kshim_arch_facility_name,
	.constants = kshim_constants,
	.layouts = kshim_layouts,
	.exec = kshim_arch_exec,
	.boot = machine_boot,
	.grow_ram = kshim_grow_ram,
	.kvm_load = machine_kvm_load,
	.begin = machine_begin,
	.thread_attach = kshim_thread_attach,
	.thread_detach = kshim_thread_detach,
	.module_param = kshim_module_param,
	.process_create = kshim_process_create,
	.process_fork = kshim_process_fork,
	.process_exit = kshim_process_exit,
	.syscall = kshim_syscall,
	.user_read = machine_user_read,
	.user_write = machine_user_write,
	.take_signal = kshim_process_take_signal,
	.event = kshim_event,
	.vcpu_access = machine_vcpu_access,
	.vcpu_abandon = machine_vcpu_abandon,
	.vcpu_workload = machine_vcpu_workload,
	.inspect_page = kshim_inspect_page,
	.inspect_mapping = machine_inspect_mapping,
	.inspect_tlb = machine_inspect_tlb,
	.inspect_slots = kshim_inspect_slots,
	.inspect_generation = kshim_inspect_generation,
	.inspect_gfn_to_hva = kshim_inspect_gfn_to_hva,
	.inspect_gfn_to_pfn = kshim_inspect_gfn_to_pfn,
	.bench = kshim_bench,
	.counter_name = kshim_counter_name,
	.counter = kshim_counter,
	.step_end = machine_step_end,
	.check = machine_check,
	.watch = host_watch,
	.watched = host_watched,
	.leak_check = machine_leak_check,
	.trace_print = kshim_trace_print,
	.count_enable = kshim_trace_count,
	.advance_time = kshim_advance_time,
	.preempt_every = kshim_preempt_every,
	.timed_out = kshim_timed_out,
};
