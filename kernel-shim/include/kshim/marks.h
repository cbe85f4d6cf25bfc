/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How true a shim's symbol is to the kernel's; one mark per symbol that kernel code links against, on its own line
 * above the definition. The build checks that each such symbol has one; docs/fidelity.md is generated from them.
 *
 *   FAITHFUL(sym);			same contract as the kernel's definition
 *   REDUCED(sym, "difference");	works, but differs as said
 *   INERT(sym, "reason");		does nothing, and that is right here, because ...
 */
#ifndef KSHIM_MARKS_H
#define KSHIM_MARKS_H

#define FAITHFUL(sym) _Static_assert(1, #sym)
#define REDUCED(sym, difference) _Static_assert(1, #sym)
#define INERT(sym, reason) _Static_assert(1, #sym)

#endif
