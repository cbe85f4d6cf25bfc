// SPDX-License-Identifier: GPL-2.0-only
/* Programs that run in this process: the processor and its pages are the host's. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/cpuid.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/exec.h>
#include <kshim/host.h>
#include <kshim/task.h>
#include <x86_64/executor.h>
#include "internal.h"

/* What a 64-bit kernel lets a program have (arch/x86/include/asm/page_64.h: task_size_max()). */
#define HOST_TASK_SIZE ((1UL << 47) - PAGE_SIZE)

/* Programs that are not position-independent, and their heap, are below the window. */
#define WINDOW_START (1UL << 40)

unsigned long kshim_access_limit = TASK_SIZE_MAX;

void kshim_exec_boot(void)
{
	if (!host_window.end)
		return;
	kshim_access_limit = HOST_TASK_SIZE;
	x86_code_by_default = true;
}

/* The entry that the last translation used is in the TLB, and allows writing only if it is dirty. */
static bool may_write(uint64_t addr)
{
	return kshim_host_tlb_lookup(current->mm, addr, true);
}

static int fault(int pid, uint64_t addr, int write)
{
	return kshim_exec_fault(pid, addr, write, may_write);
}

static void program_cpuid(uint32_t r[4])
{
	kshim_cpuid(&r[0], &r[1], &r[2], &r[3]);
}

const struct kvmsim_exec_ops *kshim_arch_exec(void)
{
	static const struct kvmsim_exec_ops ops = {
		.start = WINDOW_START,
		.end = TASK_SIZE_MAX,
		.fault = fault,
		.threads = kshim_exec_threads,
		.forking = kshim_exec_forking,
		.forked = kshim_exec_forked,
		.watch = kshim_exec_watch,
		.unwatch = kshim_exec_unwatch,
		.poll = kshim_exec_poll,
		.interrupt = kshim_host_signal,
		.read_param = kshim_read_param,
		.cpuid = program_cpuid,
	};

	return &ops;
}
