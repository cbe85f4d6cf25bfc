/* SPDX-License-Identifier: GPL-2.0-only */
/* How a system call of the host gets at memory in the window, where its kernel finds no rights but asks nobody. */
#ifndef KVMEXEC_FILE_H
#define KVMEXEC_FILE_H

#include <errno.h>
#include "exec.h"

#define TOUCHES 100	/* a flush may come between the touch and the call */

/* The result, as libc gives it, of a call (-errno) that reads or writes n bytes at p. */
#define TOUCHING(p, n, write, call) ({					\
	long ret_ = -EFAULT;						\
									\
	if (!exec_active() || !exec_in_window(p))			\
		ret_ = (call);						\
	else								\
		for (int i_ = 0; i_ < TOUCHES && ret_ == -EFAULT; i_++) {	\
			exec_touch(p, n, write);			\
			ret_ = (call);					\
		}							\
	exec_ret(ret_);							\
})

#endif
