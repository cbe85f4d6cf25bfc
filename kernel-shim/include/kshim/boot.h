/* SPDX-License-Identifier: GPL-2.0-only */
/* Boot of the simulated machine, and its settings that can change while it runs. */
#ifndef KSHIM_BOOT_H
#define KSHIM_BOOT_H

#include <kshim/types.h>

/* ram_bytes: a multiple of 4 MiB; nr_cpus: 1..KVMSIM_MAX_CPUS. 0 or -errno. */
int kshim_boot(uint64_t ram_bytes, unsigned int nr_cpus);
/* Declares that this process will not fork: vmalloc_to_page() then works for areas made from now on. */
void kshim_vmalloc_share(void);
/* After an ioctl of a process gave fd: counters of a new VM or vCPU begin where set_up() said. */
void kshim_start_counters(unsigned int cmd, int fd);
/* Before any other thread: only the first CPUs, at least one, stay online. The others never have threads. */
void kshim_percpu_limit(unsigned int nr_online);
void kshim_sched_limit(unsigned int nr_online);
/* In a child of fork(2) with a copy of RAM: areas whose pages are frames show the frames of that copy. */
void kshim_vmalloc_forked(void);
/* See module_param() of kshim/machine.h. */
int kshim_module_param(const char *name, const char *value);
/* From now on only parameters that can change at run time do. */
void kshim_module_params_loaded(void);
/* See read_param() of kshim/machine.h. */
int kshim_read_param(const char *name, char *text, unsigned int bytes);

#endif
