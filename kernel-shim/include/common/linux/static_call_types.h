/* SPDX-License-Identifier: GPL-2.0-only */
/* linux/static_call_types.h, plus static_call_mod(), which the kernel defines only with CONFIG_HAVE_STATIC_CALL. */
#include_next <linux/static_call_types.h>

#ifndef static_call_mod
#define static_call_mod(name) static_call(name)
#endif
