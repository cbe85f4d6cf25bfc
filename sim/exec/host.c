// SPDX-License-Identifier: GPL-2.0-only
/* System calls of the host, past the functions that this library puts in front of libc's. */
#define _GNU_SOURCE
#include "exec.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

long exec_host(long nr, ...)
{
	unsigned long a[6];
	va_list args;
	long ret;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	register unsigned long r10 __asm__("r10") = a[3];
	register unsigned long r8 __asm__("r8") = a[4];
	register unsigned long r9 __asm__("r9") = a[5];

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

long exec_ret(long value)
{
	if (value >= 0 || value < -4095)
		return value;
	errno = (int)-value;
	return -1;
}

void *exec_next(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name);

	if (!fn)
		exec_refuse("libc has no %s()", name);
	return fn;
}
