/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's trace events: recorded, and printed as text. */
#ifndef KSHIM_TRACE_H
#define KSHIM_TRACE_H

struct kvmsim_trace_event;

/* From now on each KVM trace event goes to kvmsim_host_ops.trace. Once per world. 0 or -errno. */
int kshim_trace_enable(void);

/* The event as one line of ftrace's "trace" file, without newline, cut to bytes with its NUL. */
void kshim_trace_print(const struct kvmsim_trace_event *e, char *text, unsigned int bytes);

/* Adds counters of changed table entries, which cost a call each. Once per world. 0 or -errno. */
int kshim_trace_count(void);

#endif
