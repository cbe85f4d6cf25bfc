/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options of s390x that differ from the configured kernel's, because of the host's byte order and addresses, and
 * virtual time.
 */
#include_next <generated/autoconf.h>

/* The host is little-endian, and so is everything in simulated memory, both the kernel's and the guest's. */
#undef CONFIG_CPU_BIG_ENDIAN

/* The linear mapping lies where the host has room. Before Linux 7.3 nothing asked for the option. */
#define CONFIG_RANDOMIZE_IDENTITY_BASE 1

/* CPU time is virtual and not accounted to tasks. */
#undef CONFIG_VIRT_CPU_ACCOUNTING
#undef CONFIG_VIRT_CPU_ACCOUNTING_NATIVE
#define CONFIG_TICK_CPU_ACCOUNTING 1
