/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM had no exit for a memory fault: KVM_RUN never gives this reason. */
#define KVM_EXIT_MEMORY_FAULT	39
