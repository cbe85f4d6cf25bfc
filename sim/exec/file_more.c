// SPDX-License-Identifier: GPL-2.0-only
/* The rest of the calls on files: sizes, copies of descriptors, vectors, and libc's own buffers. */
#define _GNU_SOURCE
#include "exec.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "file.h"

EXPORT int ftruncate(int fd, off_t len)
{
	if (exec_is_simulated(fd))
		return (int)exec_ret(exec_sys(KVMSIM_SYS_FTRUNCATE, (uint64_t)fd, (uint64_t)len, 0, 0, 0, 0));
	return (int)exec_ret(exec_host(SYS_ftruncate, fd, len));
}

EXPORT int ftruncate64(int fd, off64_t len)
{
	return ftruncate(fd, len);
}

EXPORT int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (exec_is_simulated(fd))
		return (int)exec_ret(exec_sys(KVMSIM_SYS_FALLOCATE, (uint64_t)fd, (uint64_t)mode, (uint64_t)offset,
					      (uint64_t)len, 0, 0));
	return (int)exec_ret(exec_host(SYS_fallocate, fd, mode, offset, len));
}

EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
	return fallocate(fd, mode, offset, len);
}

/* libc's own would call itself. It gives the error as its result. */
EXPORT int posix_fallocate(int fd, off_t offset, off_t len)
{
	long ret = exec_is_simulated(fd) ?
			exec_sys(KVMSIM_SYS_FALLOCATE, (uint64_t)fd, 0, (uint64_t)offset, (uint64_t)len, 0, 0) :
			exec_host(SYS_fallocate, fd, 0, offset, len);

	return (int)-ret;
}

EXPORT int fstat(int fd, struct stat *st)
{
	if (exec_is_simulated(fd))
		return (int)exec_ret(exec_sys(KVMSIM_SYS_FSTAT, (uint64_t)fd, (uint64_t)st, 0, 0, 0, 0));
	return (int)TOUCHING(st, sizeof(*st), true, exec_host(SYS_fstat, fd, st));
}

EXPORT int fstat64(int fd, struct stat64 *st)
{
	return fstat(fd, (struct stat *)st);
}

/* --- copies of descriptors --- */

EXPORT int dup(int fd)
{
	if (exec_is_simulated(fd))
		return exec_new_fd(exec_sys(KVMSIM_SYS_FCNTL, (uint64_t)fd, F_DUPFD, 0, 0, 0, 0));
	return (int)exec_ret(exec_host(SYS_dup, fd));
}

EXPORT int dup2(int fd, int to)
{
	if (exec_is_simulated(fd) || exec_is_simulated(to))
		exec_refuse("dup2() with a descriptor of the simulator");
	return (int)exec_ret(exec_host(SYS_dup2, fd, to));
}

EXPORT int dup3(int fd, int to, int flags)
{
	if (exec_is_simulated(fd) || exec_is_simulated(to))
		exec_refuse("dup3() with a descriptor of the simulator");
	return (int)exec_ret(exec_host(SYS_dup3, fd, to, flags));
}

static int control(int fd, int cmd, unsigned long arg)
{
	int64_t ret;

	if (!exec_is_simulated(fd))
		return (int)exec_ret(exec_host(SYS_fcntl, fd, cmd, arg));
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		ret = exec_sys(KVMSIM_SYS_FCNTL, (uint64_t)fd, (uint64_t)cmd, arg, 0, 0, 0);
		return exec_new_fd_from(ret, (int)arg);
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
		return (int)exec_ret(exec_sys(KVMSIM_SYS_FCNTL, (uint64_t)fd, (uint64_t)cmd, arg, 0, 0, 0));
	default:
		exec_refuse("fcntl() with command %d and a descriptor of the simulator", cmd);
	}
}

EXPORT int fcntl(int fd, int cmd, ...)
{
	unsigned long arg;
	va_list args;

	va_start(args, cmd);
	arg = va_arg(args, unsigned long);
	va_end(args);
	return control(fd, cmd, arg);
}

EXPORT int fcntl64(int fd, int cmd, ...)
{
	unsigned long arg;
	va_list args;

	va_start(args, cmd);
	arg = va_arg(args, unsigned long);
	va_end(args);
	return control(fd, cmd, arg);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	for (unsigned int fd = first; exec_active() && fd <= last && fd < 65536; fd++)
		if (exec_is_simulated((int)fd))
			exec_refuse("close_range() with a descriptor of the simulator");
	return (int)exec_ret(exec_host(SYS_close_range, first, last, flags));
}

/* --- vectors and messages --- */

static void touch_vector(const struct iovec *v, int n, bool write)
{
	for (int i = 0; i < n; i++)
		exec_touch(v[i].iov_base, v[i].iov_len, write);
}

/* One system call in the simulator for each element; ends at the first that is not done in full. */
static ssize_t each(int fd, const struct iovec *v, int n, ssize_t (*one)(int fd, void *p, size_t len))
{
	ssize_t done = 0, ret;

	for (int i = 0; i < n; i++) {
		ret = one(fd, v[i].iov_base, v[i].iov_len);
		if (ret < 0)
			return done ? done : ret;
		done += ret;
		if ((size_t)ret < v[i].iov_len)
			break;
	}
	return done;
}

static ssize_t write_one(int fd, void *p, size_t len)
{
	return write(fd, p, len);
}

EXPORT ssize_t readv(int fd, const struct iovec *v, int n)
{
	if (exec_is_simulated(fd))
		return each(fd, v, n, read);
	touch_vector(v, n, true);
	return exec_ret(exec_host(SYS_readv, fd, v, n));
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (exec_is_simulated(fd))
		return each(fd, v, n, write_one);
	touch_vector(v, n, false);
	return exec_ret(exec_host(SYS_writev, fd, v, n));
}

EXPORT ssize_t recv(int fd, void *p, size_t n, int flags)
{
	return TOUCHING(p, n, true, exec_host(SYS_recvfrom, fd, p, n, flags, NULL, NULL));
}

EXPORT ssize_t send(int fd, const void *p, size_t n, int flags)
{
	return TOUCHING(p, n, false, exec_host(SYS_sendto, fd, p, n, flags, NULL, 0));
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	touch_vector(m->msg_iov, (int)m->msg_iovlen, true);
	return exec_ret(exec_host(SYS_recvmsg, fd, m, flags));
}

static void check_control(const struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		const int *fd = (const int *)CMSG_DATA(c);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(*fd); i++)
			if (exec_is_simulated(fd[i]))
				exec_refuse("sendmsg() of a descriptor of the simulator");
	}
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	check_control(m);
	touch_vector(m->msg_iov, (int)m->msg_iovlen, false);
	return exec_ret(exec_host(SYS_sendmsg, fd, m, flags));
}

EXPORT ssize_t getrandom(void *p, size_t n, unsigned int flags)
{
	return TOUCHING(p, n, true, exec_host(SYS_getrandom, p, n, flags));
}

/* --- libc reads and writes large pieces without its buffer, by calls that do not pass here --- */

EXPORT size_t fread(void *p, size_t size, size_t n, FILE *f)
{
	static typeof(&fread) next;

	if (!next)
		next = exec_next("fread");
	exec_touch(p, size * n, true);
	return next(p, size, n, f);
}

EXPORT size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
	static typeof(&fwrite) next;

	if (!next)
		next = exec_next("fwrite");
	exec_touch(p, size * n, false);
	return next(p, size, n, f);
}
