/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/uaccess.h with __copy_from_user_flushcache(): the caches in front of simulated RAM need no flushing. */
#include_next <asm/uaccess.h>

#define __copy_from_user_flushcache(to, from, size)	copy_from_user_flushcache(to, from, size)
