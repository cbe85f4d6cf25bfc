/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * linux/init.h with two changes. An initcall becomes a global pointer __kshim_initcall_<function>: boot code calls it
 * by name, or the linker drops it. Init code lies in sections of its own, like all code, so that the linker can drop
 * it.
 */
#include_next <linux/init.h>

#if !defined(KSHIM_LINUX_INIT_H) && !defined(__ASSEMBLY__)
#define KSHIM_LINUX_INIT_H

#undef __define_initcall
#define __define_initcall(fn, id) initcall_t __kshim_initcall_##fn = fn;

#undef __init
#define __init __cold
#undef __initdata
#define __initdata
#undef __initconst
#define __initconst
#undef __exit
#define __exit __maybe_unused __cold
#undef __exitdata
#define __exitdata __maybe_unused
#undef __ref
#define __ref noinline
#undef __refdata
#define __refdata

/* A static pointer that nothing refers to: module and file exit functions are never called. */
#undef __exitcall
#define __exitcall(fn) static exitcall_t __exitcall_##fn __maybe_unused = fn;

#endif
