/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of s390x that differ from the configured kernel's: those that the host's byte order and virtual time
 * decide.
 */
#include_next <generated/autoconf.h>

/* The host is little-endian, and so is everything that kernel and guest keep in simulated memory. */
#undef CONFIG_CPU_BIG_ENDIAN

/* CPU time is virtual, and nobody accounts it to tasks. */
#undef CONFIG_VIRT_CPU_ACCOUNTING
#undef CONFIG_VIRT_CPU_ACCOUNTING_NATIVE
#define CONFIG_TICK_CPU_ACCOUNTING 1
