/* SPDX-License-Identifier: GPL-2.0-only */
/* What the shim's own code prints to the kernel's log. */
#ifndef KSHIM_LOG_H
#define KSHIM_LOG_H

#include <linux/printk.h>

/* printk() of a message that the caller reports, so that it is no report of its own. Returns the message's length. */
__printf(1, 2) int kshim_log(const char *fmt, ...);

#endif
