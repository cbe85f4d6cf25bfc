// SPDX-License-Identifier: GPL-2.0-only
/*
 * File descriptors of the simulator: /dev/kvm and what comes of it, shared memory, eventfds, userfaultfds.
 *
 * A descriptor has the same number on both sides. On the host an eventfd keeps the number taken, and is readable while
 * the simulator's file is, so that poll(2), select(2) and epoll(2) see it beside the host's files.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/memfd.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "file.h"

#define MAX_FDS 65536

/* Newer than the headers of some systems; it begins like KVM_SET_USER_MEMORY_REGION's argument. */
#ifndef KVM_SET_USER_MEMORY_REGION2
#define KVM_SET_USER_MEMORY_REGION2 _IOC(_IOC_WRITE, KVMIO, 0x49, 160)
#endif

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* one new descriptor at a time */
static unsigned char simulated[MAX_FDS];

/*
 * KVM_SET_SIGNAL_MASK of each vCPU, as the host's kernel has signal sets; HAS_MASK, for a signal that nobody can block,
 * says that there is one. The host's mask is what holds signals back, so the simulated kernel gets none.
 */
static uint64_t masks[MAX_FDS];
#define HAS_MASK (1UL << (SIGKILL - 1))

bool exec_is_simulated(int fd)
{
	return exec_active() && fd >= 0 && fd < MAX_FDS && __atomic_load_n(&simulated[fd], __ATOMIC_RELAXED);
}

/* Runs inside the simulated kernel. */
static void changed(void *arg, int events)
{
	const uint64_t one = 1;

	if (events & EPOLLIN)
		exec_host(SYS_write, (int)(intptr_t)arg, &one, sizeof(one));
}

/* The host's eventfd becomes what the simulator's file is now: first not readable, so that no change is lost. */
static void file_used(int fd)
{
	uint64_t count;
	int events;

	exec_host(SYS_read, fd, &count, sizeof(count));
	exec_enter();
	events = exec_program->poll(exec_pid, fd);
	exec_leave();
	if (events > 0)
		changed((void *)(intptr_t)fd, events);
}

/* A file of the host that holds the lowest free number from least on. */
static long placeholder(int least)
{
	long host = exec_host(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC), ret = host;

	if (host >= 0 && host < least) {
		ret = exec_host(SYS_fcntl, host, F_DUPFD_CLOEXEC, least);
		exec_host(SYS_close, host);
	}
	return ret;
}

/*
 * Returns fd, the simulator's, or instead of it the lowest number from least on that is free on both sides. The host
 * has it, too.
 */
static int same_number(int fd, int least)
{
	long host = placeholder(least), again;

	while (host != fd) {
		again = host < 0 ? host : exec_sys(KVMSIM_SYS_FCNTL, (uint64_t)fd, F_DUPFD, (uint64_t)host, 0, 0, 0);
		if (again < 0)
			exec_refuse("a descriptor that is free on both sides (errno %ld)", -again);
		exec_sys(KVMSIM_SYS_CLOSE, (uint64_t)fd, 0, 0, 0, 0, 0);
		fd = (int)again;
		if (host == fd)
			break;
		again = exec_host(SYS_fcntl, host, F_DUPFD_CLOEXEC, fd);
		exec_host(SYS_close, host);
		host = again;
	}
	return fd;
}

int exec_new_fd_from(int64_t ret, int least)
{
	int fd, events, state;

	if (ret < 0)
		return (int)exec_ret(ret);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&lock);
	fd = same_number((int)ret, least);
	if (fd >= MAX_FDS)
		exec_refuse("descriptor %d", fd);
	exec_enter();
	events = exec_program->watch(exec_pid, fd, changed, (void *)(intptr_t)fd);
	exec_leave();
	if (events > 0)
		changed((void *)(intptr_t)fd, events);
	__atomic_store_n(&simulated[fd], 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(state, NULL);
	return fd;
}

int exec_new_fd(int64_t ret)
{
	return exec_new_fd_from(ret, 0);
}

void exec_files_end(void)
{
	for (int fd = 0; fd < MAX_FDS; fd++)
		if (simulated[fd])
			exec_program->unwatch(exec_pid, fd);
}

void exec_files_forked(void)
{
	long event;

	pthread_mutex_init(&lock, NULL);
	for (int fd = 0; fd < MAX_FDS; fd++) {
		if (!simulated[fd])
			continue;
		event = exec_host(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (event < 0 || exec_host(SYS_dup3, event, fd, O_CLOEXEC) < 0)
			exec_refuse("fork() without a descriptor of the host");
		exec_host(SYS_close, event);
		file_used(fd);
	}
}

EXPORT int close(int fd)
{
	int64_t ret;

	if (!exec_is_simulated(fd))
		return (int)exec_ret(exec_host(SYS_close, fd));
	exec_enter();
	exec_program->unwatch(exec_pid, fd);
	exec_leave();
	masks[fd] = 0;
	__atomic_store_n(&simulated[fd], 0, __ATOMIC_RELAXED);
	ret = exec_sys(KVMSIM_SYS_CLOSE, (uint64_t)fd, 0, 0, 0, 0, 0);
	exec_host(SYS_close, fd);
	return (int)exec_ret(ret);
}

/* --- opening --- */

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	if (exec_active() && path && !strcmp(path, "/dev/kvm"))
		return exec_new_fd(exec_sys(KVMSIM_SYS_OPEN_KVM, 0, 0, 0, 0, 0, 0));
	if (exec_active() && path && exec_open_proc(path, flags, &fd))
		return fd;
	return (int)exec_ret(exec_host(SYS_openat, dir, path, flags, mode));
}

#define MODE(flags) ({						\
	mode_t mode_ = 0;					\
	va_list args_;						\
								\
	if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {	\
		va_start(args_, flags);				\
		mode_ = va_arg(args_, mode_t);			\
		va_end(args_);					\
	}							\
	mode_;							\
})

EXPORT int open(const char *path, int flags, ...)
{
	return open_at(AT_FDCWD, path, flags, MODE(flags));
}

EXPORT int open64(const char *path, int flags, ...)
{
	return open_at(AT_FDCWD, path, flags, MODE(flags));
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	return open_at(dir, path, flags, MODE(flags));
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	return open_at(dir, path, flags, MODE(flags));
}

/* libc's own opens its file without passing here. */
static FILE *open_stream(const char *path, const char *mode, FILE *(*next)(const char *path, const char *mode))
{
	int fd, flags = mode[0] == 'r' && !strchr(mode, '+') ? O_RDONLY : O_RDWR;

	if (!exec_active() || !path || !exec_open_proc(path, flags, &fd))
		return next(path, mode);
	return fd < 0 ? NULL : fdopen(fd, mode);
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	return open_stream(path, mode, exec_next("fopen"));
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	return open_stream(path, mode, exec_next("fopen64"));
}

/* What programs call that were built with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

EXPORT int memfd_create(const char *name, unsigned int flags)
{
	if (!exec_active())
		return (int)exec_ret(exec_host(SYS_memfd_create, name, flags));
	if (flags & ~(MFD_CLOEXEC | MFD_HUGETLB | (unsigned int)MFD_HUGE_MASK << MFD_HUGE_SHIFT))
		exec_refuse("memfd_create() with flags %#x", flags);
	return exec_new_fd(exec_sys(KVMSIM_SYS_SHMEM, 0, flags & ~MFD_CLOEXEC, 0, 0, 0, 0));
}

EXPORT int eventfd(unsigned int count, int flags)
{
	if (!exec_active())
		return (int)exec_ret(exec_host(SYS_eventfd2, count, flags));
	return exec_new_fd(exec_sys(KVMSIM_SYS_EVENTFD, count, (uint64_t)flags, 0, 0, 0, 0));
}

/* --- ioctl(2) --- */

/* Copies an argument that may be a bad pointer. Returns false then: the simulated kernel finds that out, too. */
static bool look_at(void *to, const void *from, size_t n)
{
	const struct iovec ours = { to, n }, theirs = { (void *)from, n };
	int ret;

	if (!exec_in_window(from))
		return exec_host(SYS_process_vm_readv, getpid(), &ours, 1, &theirs, 1, 0) == (long)n;
	exec_enter();
	ret = exec_ops->user_read(exec_pid, (uint64_t)from, to, n, NULL);
	if (ret)
		exec_ops->take_signal(exec_pid, &(struct kvmsim_signal){ 0 });
	exec_leave();
	return !ret;
}

/*
 * Slots and registered ranges have to be the simulated process's memory: the simulated kernel maps no other. Where the
 * host has nothing either, both kernels agree.
 */
static void check_memory(const char *what, uint64_t addr, uint64_t len)
{
	char byte;

	if (!len || exec_in_window((void *)addr))
		return;
	if (look_at(&byte, (void *)addr, 1) || look_at(&byte, (void *)(addr + len - 1), 1))
		exec_refuse("%s with memory at %#lx that is not from mmap(): malloc()'s, a variable, a host file",
			    what, (unsigned long)addr);
}

static void check_ioctl(unsigned long cmd, const void *arg)
{
	struct kvm_userspace_memory_region slot;
	struct uffdio_register reg;

	switch (cmd) {
	case KVM_SET_USER_MEMORY_REGION:
	case KVM_SET_USER_MEMORY_REGION2:
		if (!look_at(&slot, arg, sizeof(slot)))
			break;
		check_memory("a memory slot", slot.userspace_addr, slot.memory_size);
		if (!slot.memory_size)
			exec_check();
		break;
	case UFFDIO_REGISTER:
		if (look_at(&reg, arg, sizeof(reg)))
			check_memory("a userfaultfd", reg.range.start, reg.range.len);
		break;
	}
}

static int64_t set_signal_mask(int fd, const struct kvm_signal_mask *arg)
{
	int64_t ret = exec_sys(KVMSIM_SYS_IOCTL, (uint64_t)fd, KVM_SET_SIGNAL_MASK, 0, 0, 0, 0);
	struct kvm_signal_mask head;
	uint64_t set = 0;

	if (!ret && arg) {
		if (!look_at(&head, arg, sizeof(head)))
			return -EFAULT;
		if (head.len != sizeof(set))
			return -EINVAL;
		if (!look_at(&set, arg->sigset, sizeof(set)))
			return -EFAULT;
		set = exec_signals_catch(set) | HAS_MASK;
	}
	if (!ret)
		masks[fd] = set;
	return ret;
}

/* A signal that the mask lets through ends KVM_RUN. Then it is blocked again, and waits for the program. */
static int64_t run_with_mask(int fd, uint64_t arg)
{
	const uint64_t args[6] = { (uint64_t)fd, KVM_RUN, arg };
	uint64_t old;
	int64_t ret;

	do {
		exec_enter();
		exec_host(SYS_rt_sigprocmask, SIG_SETMASK, &masks[fd], &old, sizeof(old));
		ret = exec_ops->syscall(exec_pid, KVMSIM_SYS_IOCTL, args);
		exec_host(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
		exec_leave();
	} while (ret == -EINTR && exec_signals_only_ousted());
	return ret;
}

static bool makes_fd(unsigned long cmd)
{
	unsigned int nr = cmd & 0xff;

	/* KVM_CREATE_VM, KVM_CREATE_VCPU, KVM_GET_STATS_FD, KVM_CREATE_GUEST_MEMFD */
	return (cmd >> 8 & 0xff) == KVMIO && (nr == 0x01 || nr == 0x41 || nr == 0xce || nr == 0xd4);
}

EXPORT int ioctl(int fd, unsigned long cmd, ...)
{
	unsigned long arg;
	va_list args;
	int64_t ret;

	va_start(args, cmd);
	arg = va_arg(args, unsigned long);
	va_end(args);
	if (!exec_is_simulated(fd))
		return (int)exec_ret(exec_host(SYS_ioctl, fd, cmd, arg));
	check_ioctl(cmd, (const void *)arg);
	if (cmd == KVM_SET_SIGNAL_MASK)
		return (int)exec_ret(set_signal_mask(fd, (const void *)arg));
	if (cmd == KVM_RUN && masks[fd])
		return (int)exec_ret(run_with_mask(fd, arg));
	ret = exec_sys(KVMSIM_SYS_IOCTL, (uint64_t)fd, cmd, arg, 0, 0, 0);
	if (makes_fd(cmd))
		return exec_new_fd(ret);
	if (!ret && cmd == KVM_CREATE_DEVICE && !(((struct kvm_create_device *)arg)->flags & KVM_CREATE_DEVICE_TEST))
		((struct kvm_create_device *)arg)->fd = (uint32_t)exec_new_fd(((struct kvm_create_device *)arg)->fd);
	if ((cmd >> 8 & 0xff) != KVMIO)
		file_used(fd);
	return (int)exec_ret(ret);
}

/* --- reading and writing --- */

static ssize_t used(int fd, int64_t ret)
{
	file_used(fd);
	return exec_ret(ret);
}

EXPORT ssize_t read(int fd, void *p, size_t n)
{
	if (exec_is_simulated(fd))
		return used(fd, exec_sys(KVMSIM_SYS_READ, (uint64_t)fd, (uint64_t)p, n, 0, 0, 0));
	return TOUCHING(p, n, true, exec_host(SYS_read, fd, p, n));
}

EXPORT ssize_t write(int fd, const void *p, size_t n)
{
	if (exec_is_simulated(fd))
		return used(fd, exec_sys(KVMSIM_SYS_WRITE, (uint64_t)fd, (uint64_t)p, n, 0, 0, 0));
	return TOUCHING(p, n, false, exec_host(SYS_write, fd, p, n));
}

EXPORT ssize_t pread(int fd, void *p, size_t n, off_t offset)
{
	if (exec_is_simulated(fd))
		return exec_ret(exec_sys(KVMSIM_SYS_PREAD, (uint64_t)fd, (uint64_t)p, n, (uint64_t)offset, 0, 0));
	return TOUCHING(p, n, true, exec_host(SYS_pread64, fd, p, n, offset));
}

EXPORT ssize_t pread64(int fd, void *p, size_t n, off64_t offset)
{
	return pread(fd, p, n, offset);
}

EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t offset)
{
	if (exec_is_simulated(fd))
		return exec_ret(exec_sys(KVMSIM_SYS_PWRITE, (uint64_t)fd, (uint64_t)p, n, (uint64_t)offset, 0, 0));
	return TOUCHING(p, n, false, exec_host(SYS_pwrite64, fd, p, n, offset));
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off64_t offset)
{
	return pwrite(fd, p, n, offset);
}

EXPORT int eventfd_read(int fd, eventfd_t *value)
{
	return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

EXPORT int eventfd_write(int fd, eventfd_t value)
{
	return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	if (exec_is_simulated(fd))
		return exec_ret(exec_sys(KVMSIM_SYS_LSEEK, (uint64_t)fd, (uint64_t)offset, (uint64_t)whence, 0, 0, 0));
	return exec_ret(exec_host(SYS_lseek, fd, offset, whence));
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	return lseek(fd, offset, whence);
}
