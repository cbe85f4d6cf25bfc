// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the program maps: anonymous memory and the simulator's files are in the window and belong to the simulated
 * process; the host's files, stacks of threads and what libc maps for itself stay the host's.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096UL

bool exec_in_window(const void *p)
{
	return exec_program && (uintptr_t)p >= exec_program->start && (uintptr_t)p < exec_program->end;
}

void exec_touch(const void *p, size_t len, bool write)
{
	uintptr_t a = (uintptr_t)p, end = a + len;
	struct kvmsim_signal s;

	if (!exec_active() || !len || !exec_in_window(p))
		return;
	exec_enter();
	for (; a < end; a = (a & -PAGE) + PAGE) {
		if (exec_program->fault(exec_pid, a, write)) {
			/* The host's kernel finds that out, too, and then gives -EFAULT instead of a signal. */
			exec_ops->take_signal(exec_pid, &s);
			break;
		}
	}
	exec_leave();
}

static void *address(int64_t ret)
{
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		return MAP_FAILED;
	}
	return (void *)ret;
}

EXPORT void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE), anonymous = flags & MAP_ANONYMOUS;
	bool simulated = !anonymous && exec_is_simulated(fd);

	if (!exec_active() || (!simulated && (!anonymous || flags & (MAP_STACK | MAP_GROWSDOWN)))) {
		if (exec_active() && fixed && exec_in_window(addr))
			exec_refuse("mmap() of a file of the host over the simulated process's memory at %p", addr);
		return address(exec_host(SYS_mmap, addr, len, prot, flags, fd, offset));
	}
	if (fixed && !exec_in_window(addr)) {
		if (simulated)
			exec_refuse("mmap() of a simulated file at %p, outside of %#lx to %#lx", addr,
				    (unsigned long)exec_program->start, (unsigned long)exec_program->end);
		return address(exec_host(SYS_mmap, addr, len, prot, flags, fd, offset));
	}
	if (!exec_in_window(addr))
		addr = NULL;	/* only a wish */
	return address(exec_sys(KVMSIM_SYS_MMAP, (uint64_t)addr, len, (uint64_t)prot, (uint64_t)flags,
				(uint64_t)(int64_t)(anonymous ? -1 : fd), (uint64_t)offset));
}

EXPORT void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	return mmap(addr, len, prot, flags, fd, offset);
}

/* Whether a call about this memory is the simulator's. */
static bool ours(const void *p)
{
	return exec_active() && exec_in_window(p);
}

EXPORT int munmap(void *p, size_t len)
{
	return (int)exec_ret(ours(p) ? exec_sys(KVMSIM_SYS_MUNMAP, (uint64_t)p, len, 0, 0, 0, 0) :
			     exec_host(SYS_munmap, p, len));
}

EXPORT int mprotect(void *p, size_t len, int prot)
{
	return (int)exec_ret(ours(p) ? exec_sys(KVMSIM_SYS_MPROTECT, (uint64_t)p, len, (uint64_t)prot, 0, 0, 0) :
			     exec_host(SYS_mprotect, p, len, prot));
}

EXPORT int madvise(void *p, size_t len, int advice)
{
	return (int)exec_ret(ours(p) ? exec_sys(KVMSIM_SYS_MADVISE, (uint64_t)p, len, (uint64_t)advice, 0, 0, 0) :
			     exec_host(SYS_madvise, p, len, advice));
}

EXPORT int mlock(const void *p, size_t len)
{
	return (int)exec_ret(ours(p) ? exec_sys(KVMSIM_SYS_MLOCK, (uint64_t)p, len, 0, 0, 0, 0) :
			     exec_host(SYS_mlock, p, len));
}

EXPORT int munlock(const void *p, size_t len)
{
	return (int)exec_ret(ours(p) ? exec_sys(KVMSIM_SYS_MUNLOCK, (uint64_t)p, len, 0, 0, 0, 0) :
			     exec_host(SYS_munlock, p, len));
}

EXPORT void *mremap(void *p, size_t old_len, size_t new_len, int flags, ...)
{
	void *to = NULL;
	va_list args;

	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
		va_start(args, flags);
		to = va_arg(args, void *);
		va_end(args);
	}
	if (!ours(p))
		return address(exec_host(SYS_mremap, p, old_len, new_len, flags, to));
	if (flags & MREMAP_FIXED && !exec_in_window(to))
		exec_refuse("mremap() of the simulated process's memory to %p, which is the host's", to);
	return address(exec_sys(KVMSIM_SYS_MREMAP, (uint64_t)p, old_len, new_len, (uint64_t)flags, (uint64_t)to, 0));
}

/* What the simulator has no call for; on the host it would do nothing to the simulated process's memory. */
static int only_host(const char *name, const void *p, long ret)
{
	if (ours(p))
		exec_refuse("%s() of the simulated process's memory", name);
	return (int)exec_ret(ret);
}

EXPORT int msync(void *p, size_t len, int flags)
{
	return only_host("msync", p, exec_host(SYS_msync, p, len, flags));
}

EXPORT int mincore(void *p, size_t len, unsigned char *vec)
{
	return only_host("mincore", p, exec_host(SYS_mincore, p, len, vec));
}

EXPORT int mlock2(const void *p, size_t len, unsigned int flags)
{
	return only_host("mlock2", p, exec_host(SYS_mlock2, p, len, flags));
}

EXPORT int mlockall(int flags)
{
	if (exec_active())
		exec_refuse("mlockall()");
	return (int)exec_ret(exec_host(SYS_mlockall, flags));
}

EXPORT int pkey_mprotect(void *p, size_t len, int prot, int key)
{
	return only_host("pkey_mprotect", p, exec_host(SYS_pkey_mprotect, p, len, prot, key));
}
