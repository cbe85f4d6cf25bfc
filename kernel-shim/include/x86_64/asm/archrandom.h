/* SPDX-License-Identifier: GPL-2.0-only */
/* x86's asm/archrandom.h for a CPU without RDRAND and RDSEED: all randomness comes from core/lib/random.c. */
#ifndef ASM_X86_ARCHRANDOM_H
#define ASM_X86_ARCHRANDOM_H

#include <asm/processor.h>
#include <asm/cpufeature.h>
#include <asm-generic/archrandom.h>

#endif
