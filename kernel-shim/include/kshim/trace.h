/* SPDX-License-Identifier: GPL-2.0-only */
/* KVM's trace events: recorded, and printed as text. */
#ifndef KSHIM_TRACE_H
#define KSHIM_TRACE_H

struct kvmsim_trace_event;

/* Sends every KVM trace event from now on to kvmsim_host_ops.trace. Once per world. 0 or -errno. */
int kshim_trace_enable(void);

/* Prints the event as one line of ftrace's "trace" file, without newline, cut to `bytes` with its NUL. */
void kshim_trace_print(const struct kvmsim_trace_event *e, char *text, unsigned int bytes);

/* Begins to count changed table entries; each change then costs a call. Once per world. 0 or -errno. */
int kshim_trace_count(void);

#endif
