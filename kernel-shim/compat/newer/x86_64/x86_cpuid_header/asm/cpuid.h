/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/cpuid.h moved. */
#include <asm/cpuid/api.h>
