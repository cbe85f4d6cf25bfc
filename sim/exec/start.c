// SPDX-License-Identifier: GPL-2.0-only
/* Loads the flavour into the program and boots its machine, before the program's own code runs. */
#define _GNU_SOURCE
#include "exec.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_RAM (2UL << 30)	/* bytes */

const struct kvmsim_machine_ops *exec_ops;
const struct kvmsim_exec_ops *exec_program;
int exec_pid;

static uint64_t number(const char *name, uint64_t unset)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 10) : unset;
}

/* "module.name=value,..." */
static void set_params(const struct kvmsim_machine_ops *ops, const char *list)
{
	char *copy = list ? strdup(list) : NULL, *next = NULL, *value;
	int ret;

	for (char *p = copy ? strtok_r(copy, ",", &next) : NULL; p; p = strtok_r(NULL, ",", &next)) {
		value = strchr(p, '=');
		if (!value)
			exec_refuse("--param %s: expected MODULE.NAME=VALUE", p);
		*value++ = 0;
		ret = ops->module_param(p, value);
		if (ret)
			exec_refuse("--param %s=%s (errno %d)", p, value, -ret);
	}
	free(copy);
}

/* The program's limit of open files, on both sides. A vCPU is a file. */
static void set_limits(void)
{
	struct rlimit rl;

	getrlimit(RLIMIT_NOFILE, &rl);
	exec_sys(KVMSIM_SYS_SETRLIMIT, RLIMIT_NOFILE, rl.rlim_cur, 0, 0, 0, 0);
}

/* Like the kernel's parameter hugepages=. */
static void fill_pool(void)
{
	uint64_t n = number("KVMSIM_EXEC_HUGEPAGES", 0), args[6] = { 0, KVMSIM_HUGETLB_PAGES, n };
	int64_t got;

	exec_enter();
	exec_ops->event(exec_pid, KVMSIM_EV_HUGETLB_SET, args);
	got = exec_ops->event(exec_pid, KVMSIM_EV_HUGETLB_COUNT, args);
	exec_leave();
	if (got != (int64_t)n)
		exec_refuse("--hugepages %lu: RAM has room for %ld pages", (unsigned long)n, (long)got);
}

const char *exec_mmu(void)
{
	const char *mmu = getenv("KVMSIM_EXEC_MMU");

	return mmu && *mmu ? mmu : "ept";
}

static void boot(const char *flavour)
{
	struct kvmsim_config config = {
		.ram_bytes = number("KVMSIM_EXEC_RAM", DEFAULT_RAM),
		.nr_cpus = (unsigned int)number("KVMSIM_EXEC_CPUS", KVMSIM_MAX_CPUS),
		.window = 1,
	};
	const struct kvmsim_machine_ops *ops;
	/* Its own calls of mmap() and the like go to libc, not to this library. */
	void *dl = dlopen(flavour, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	int ret;

	ops = dl ? dlsym(dl, "kvmsim_machine") : NULL;
	if (!ops)
		exec_refuse("%s", dlerror());
	exec_program = ops->exec();
	if (!exec_program)
		exec_refuse("a program for %s", ops->arch);
	exec_keep_counts = dlsym(dl, "kvmsim_keep_counts");
	exec_faults_boot();
	ret = ops->boot(&config, &exec_host_ops);
	if (!ret)
		set_params(ops, getenv("KVMSIM_EXEC_PARAMS"));
	if (!ret)
		ret = ops->kvm_load(exec_mmu(), NULL);
	if (ret)
		exec_refuse("the machine does not boot (errno %d)", -ret);
	exec_reach_begin(ops);
	exec_pid = ops->process_create(0);
	if (exec_pid < 0)
		exec_refuse("the machine has no process (errno %d)", -exec_pid);
	/* Work of the kernel may sleep. forking() ends its threads, if the program forks. */
	ops->begin();
	exec_threads_begin(config.nr_cpus);
	exec_faults_begin();
	exec_ops = ops;
	set_limits();
	if (number("KVMSIM_EXEC_HUGEPAGES", 0))
		fill_pool();
	exec_cpuid_begin();
}

static __attribute__((constructor)) void start(void)
{
	const char *flavour = getenv("KVMSIM_EXEC_FLAVOUR");

	if (!flavour)
		return;
	exec_logging = getenv("KVMSIM_EXEC_LOG");
	boot(flavour);
}
