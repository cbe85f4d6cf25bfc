/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/static_call.h, where a call through NULL does nothing. The kernel patches such a call into a NOP; the variant
 * without patched code would jump to address 0.
 */
#ifndef KSHIM_LINUX_STATIC_CALL_H
#define KSHIM_LINUX_STATIC_CALL_H

#include_next <linux/static_call.h>

#undef DEFINE_STATIC_CALL_NULL
#define DEFINE_STATIC_CALL_NULL(name, _func) __DEFINE_STATIC_CALL(name, _func, (void *)__static_call_nop)

#undef static_call_update
#define static_call_update(name, func) ({						\
	typeof(&STATIC_CALL_TRAMP(name)) __f = (func);					\
											\
	__static_call_update(&STATIC_CALL_KEY(name), STATIC_CALL_TRAMP_ADDR(name),	\
			     __f ?: (void *)__static_call_nop);				\
})

#endif
