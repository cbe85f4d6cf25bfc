// SPDX-License-Identifier: GPL-2.0-only
/* Files of /proc and /sys that are about the simulated machine. All others are the host's. */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define DEFAULT_HUGE_KIB 2048	/* x86_64's default size of hugetlb pages */

/* A file that holds this text. */
static int open_text(const char *name, const char *text, int len)
{
	int fd = (int)exec_host(SYS_memfd_create, name, MFD_CLOEXEC);

	if (fd >= 0) {
		exec_host(SYS_write, fd, text, len);
		exec_host(SYS_lseek, fd, 0, SEEK_SET);
	}
	return (int)exec_ret(fd);
}

/* The pool of huge pages of this size in KiB; 0: the default size. Pages or -errno. */
static long long hugetlb(enum kvmsim_hugetlb_count which, unsigned long kib)
{
	uint64_t args[6] = { kib << 10, which };
	int64_t n;

	exec_enter();
	n = exec_ops->event(exec_pid, KVMSIM_EV_HUGETLB_COUNT, args);
	exec_leave();
	return n;
}

static int open_hugetlb(enum kvmsim_hugetlb_count which, unsigned long kib)
{
	long long n = hugetlb(which, kib);
	char text[32];

	return n < 0 ? (int)exec_ret(n) : open_text("hugepages", text, snprintf(text, sizeof(text), "%lld\n", n));
}

/* Whether path is a file about a pool; then *which and *kib, 0 for the default size. */
static bool is_hugetlb(const char *path, enum kvmsim_hugetlb_count *which, unsigned long *kib)
{
	static const char *const names[] = {
		[KVMSIM_HUGETLB_PAGES] = "nr_hugepages", [KVMSIM_HUGETLB_FREE] = "free_hugepages",
		[KVMSIM_HUGETLB_RESERVED] = "resv_hugepages", [KVMSIM_HUGETLB_SURPLUS] = "surplus_hugepages",
		[KVMSIM_HUGETLB_OVERCOMMIT] = "nr_overcommit_hugepages",
	};
	char name[32];

	*kib = 0;
	if (sscanf(path, "/sys/kernel/mm/hugepages/hugepages-%lukB/%31s", kib, name) != 2 &&
	    sscanf(path, "/proc/sys/vm/%31s", name) != 1)
		return false;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name) && (*kib || name[0] == 'n')) {
			*which = i;
			return true;
		}
	}
	return false;
}

/* A file about the simulated machine, of which /proc/meminfo has the lines that programs size their memory by. */
static int open_meminfo(void)
{
	char text[256];
	int len;

	len = snprintf(text, sizeof(text),
		       "HugePages_Total: %7lld\nHugePages_Free:  %7lld\nHugePages_Rsvd:  %7lld\n"
		       "HugePages_Surp:  %7lld\nHugepagesize:    %7d kB\n",
		       hugetlb(KVMSIM_HUGETLB_PAGES, 0), hugetlb(KVMSIM_HUGETLB_FREE, 0),
		       hugetlb(KVMSIM_HUGETLB_RESERVED, 0), hugetlb(KVMSIM_HUGETLB_SURPLUS, 0), DEFAULT_HUGE_KIB);
	return open_text("meminfo", text, len);
}

/* A file with the value of a module parameter, as below /sys/module. */
static int open_param(const char *module, const char *name)
{
	char text[4096], full[256];
	int len;

	snprintf(full, sizeof(full), "%s.%s", module, name);
	exec_enter();
	len = exec_program->read_param(full, text, sizeof(text));
	exec_leave();
	/* What the modelled vendor modules have of these. */
	if (!strcmp(full, "kvm_intel.ept") || !strcmp(full, "kvm_amd.npt"))
		len = snprintf(text, sizeof(text), "%c\n", !strcmp(name, exec_mmu()) ? 'Y' : 'N');
	else if (!strcmp(full, "kvm_intel.enable_apicv") || !strcmp(full, "kvm_amd.avic"))
		len = snprintf(text, sizeof(text), "N\n");
	else if (len == -ENOENT && (!strcmp(module, "kvm_intel") || !strcmp(module, "kvm_amd")))
		exec_refuse("module parameter %s: the vendor module is a model", full);
	if (len < 0)
		return (int)exec_ret(len);
	return open_text(full, text, len);
}

/* Files that the simulated kernel has, and that are read and written there. Returns false if path is none. */
static bool open_simulated(const char *path, int *fd)
{
	enum kvmsim_proc which = KVMSIM_PROC_PAGEMAP;

	if (!strcmp(path, "/sys/kernel/mm/page_idle/bitmap"))
		which = KVMSIM_PROC_PAGE_IDLE;
	else if (strcmp(path, "/proc/self/pagemap"))
		return false;
	*fd = exec_new_fd(exec_sys(KVMSIM_SYS_OPEN_PROC, which, 0, 0, 0, 0, 0));
	return true;
}

bool exec_open_proc(const char *path, int flags, int *fd)
{
	enum kvmsim_hugetlb_count which;
	char module[32], name[64];
	unsigned long kib;

	/* The simulated machine has no such device; the host's knows nothing of the window. */
	if (!strcmp(path, "/dev/userfaultfd")) {
		*fd = (int)exec_ret(-ENOENT);
		return true;
	}
	if (open_simulated(path, fd))
		return true;
	if (sscanf(path, "/sys/module/%31[a-z_]/parameters/%63[a-z_0-9]", module, name) == 2 &&
	    !strncmp(module, "kvm", 3)) {
		if ((flags & O_ACCMODE) != O_RDONLY)
			exec_refuse("writing to %s", path);
		*fd = open_param(module, name);
		return true;
	}
	if (is_hugetlb(path, &which, &kib)) {
		if ((flags & O_ACCMODE) != O_RDONLY)
			exec_refuse("writing to %s", path);
		*fd = open_hugetlb(which, kib);
		return true;
	}
	if (!strcmp(path, "/proc/meminfo")) {
		*fd = open_meminfo();
		return true;
	}
	return false;
}
