/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How true a shim's symbol is to the kernel's, and what it stands for; one mark per symbol that kernel code links
 * against, on its own line above the definition. The build checks that each such symbol has one;
 * docs/fidelity-<arch>.md and kernel-shim/originals are generated from them.
 *
 *   FAITHFUL(sym, "origin");			same contract as the kernel's definition
 *   REDUCED(sym, "origin", "difference");	works, but differs as said
 *   INERT(sym, "origin", "reason");		does nothing, and that is right here, because ...
 *   OVERRIDES(sym, "origin");			in overrides.c of an architecture: the function that kcc replaces
 *
 * The origin is the file, in the tree of the reference kernel, that defines the kernel's function, variable or macro,
 * .c, .h or .S: "kernel/workqueue.c". One with another name follows a colon: "arch/x86/include/asm/bug.h:BUG". Several
 * are separated by spaces: those of each architecture, or a short function and the static one that does its work. "-"
 * is a symbol that only the linker script defines. A mark under #if, or in kernel-shim/compat, may name what only an
 * older supported kernel has.
 */
#ifndef KSHIM_MARKS_H
#define KSHIM_MARKS_H

#define FAITHFUL(sym, origin) _Static_assert(1, #sym " " origin)
#define REDUCED(sym, origin, difference) _Static_assert(1, #sym " " origin)
#define INERT(sym, origin, reason) _Static_assert(1, #sym " " origin)
#define OVERRIDES(sym, origin) _Static_assert(1, #sym " " origin)

#endif
