/* SPDX-License-Identifier: GPL-2.0-only */
/* Trace events as text. */
#ifndef KSHIM_TRACE_H
#define KSHIM_TRACE_H

/* From now on each KVM trace event becomes a line for kvmsim_host_ops.trace. 0 or -errno. */
int kshim_trace_enable(void);

/* Adds counters of changed table entries, which cost a call each. Once per world. 0 or -errno. */
int kshim_trace_count(void);

#endif
