/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How true a shim's symbol is to the kernel's, and what it stands for; one mark per symbol that kernel code links
 * against, on its own line above the definition. The build checks that each such symbol has one;
 * docs/fidelity-<arch>.md and kernel-shim/originals are generated from them.
 *
 *   FAITHFUL(sym, "origin");			same contract as the kernel's definition
 *   REDUCED(sym, "origin", "difference");	works, but differs as said
 *   INERT(sym, "origin", "reason");		does nothing, and that is right here, because ...
 *   INERT_VOID(sym, "origin", "reason");	the same, and defines it: an empty function that returns nothing
 *   INERT_ZERO(sym, "origin", "reason");	the same, an empty function that returns the int 0
 *   OVERRIDES(sym, "origin");			in overrides.c of an architecture: the function that kcc replaces
 *
 * The origin is the file, in the tree of the reference kernel, that defines the kernel's function, variable or macro,
 * .c, .h or .S: "kernel/workqueue.c". One with another name follows a colon: "arch/x86/include/asm/bug.h:BUG". Several
 * are separated by spaces: those of each architecture, or a short function and the static one that does its work. "-"
 * is a symbol that only the linker script defines. A mark under #if, or in kernel-shim/compat, may name what only an
 * older supported kernel has.
 *
 * INERT_VOID and INERT_ZERO take the function's type from the header that declares it. So a kernel with other arguments
 * needs no other line, one with another result does not compile, and neither does one without the function. Arguments
 * that are promoted (bool, char, short, float) or variable need a body.
 */
#ifndef KSHIM_MARKS_H
#define KSHIM_MARKS_H

#define FAITHFUL(sym, origin) _Static_assert(1, #sym " " origin)
#define REDUCED(sym, origin, difference) _Static_assert(1, #sym " " origin)
#define INERT(sym, origin, reason) _Static_assert(1, #sym " " origin)
#define INERT_VOID(sym, origin, reason) KSHIM_EMPTY(void, sym, ) _Static_assert(1, #sym " " origin)
#define INERT_ZERO(sym, origin, reason) KSHIM_EMPTY(int, sym, return 0;) _Static_assert(1, #sym " " origin)
#define OVERRIDES(sym, origin) _Static_assert(1, #sym " " origin)

/* A function without a prototype has the type of any that returns the same. */
#define KSHIM_EMPTY(type, sym, body)									\
	_Pragma("GCC diagnostic push")									\
	_Pragma("GCC diagnostic ignored \"-Wstrict-prototypes\"")					\
	_Pragma("GCC diagnostic ignored \"-Wold-style-definition\"")					\
	_Static_assert(__builtin_types_compatible_p(typeof(sym), type ()), #sym " is no simple " #type " function"); \
	static type inert_##sym() { body }								\
	extern typeof(sym) sym __attribute__((alias("inert_" #sym)));					\
	_Pragma("GCC diagnostic pop")

#endif
