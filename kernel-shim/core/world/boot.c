// SPDX-License-Identifier: GPL-2.0-only
/* The order in which the world boots. Everything here runs once, on the main thread, before the first fork. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/wait_bit.h>
#include <kshim/arch.h>
#include <kshim/boot.h>
#include <kshim/mem.h>
#include <kshim/process.h>
#include <kshim/task.h>
#include <kshim/vfs.h>
#include "../../wrap/wrap.h"

#define SWAP_PAGES 16384UL	/* 64 MiB */

int kshim_boot(uint64_t ram_bytes, unsigned int nr_cpus)
{
	int ret;

	ret = kshim_mem_boot(ram_bytes, nr_cpus);
	if (!ret)
		ret = kshim_sched_boot(nr_cpus);
	if (!ret)
		ret = kshim_arch_boot();
	if (ret)
		return ret;
	wait_bit_init();
	ptlock_cache_init();
	ret = kshim_vfs_boot();
	if (ret)
		return ret;
	kshim_fork_init();
	ret = kshim_mm_boot();
	if (!ret)
		ret = kshim_device_memory_boot();
	if (!ret)
		ret = kshim_swapon(SWAP_PAGES);
	return ret;
}
