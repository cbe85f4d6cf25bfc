/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's trace events as text, for `kvmsim run --trace`; included once per flavour, by arch/<arch>/trace.c, which
 * reads its event headers before and once more after this.
 *
 * TRACE_EVENT() becomes one function: it fills the event's structure, as the kernel's does, and prints it with the
 * event's own format. The layout is that of ftrace's "trace" file, so that trace-cmd's users and Perfetto feel at
 * home; the time is virtual.
 */
#include <linux/seq_buf.h>
#include <linux/trace_seq.h>
#include <linux/tracepoint.h>
#include <kshim/host.h>
#include <kshim/trace.h>

struct trace_event_entry {
	struct tracepoint *tp;
	void *probe;
};

extern const struct trace_event_entry __start_kshim_trace_events[] __weak, __stop_kshim_trace_events[] __weak;

int kshim_trace_enable(void)
{
	const struct trace_event_entry *e;
	int ret;

	for (e = __start_kshim_trace_events; e < __stop_kshim_trace_events; e++) {
		ret = tracepoint_probe_register(e->tp, e->probe, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Per native thread: a line being made, and what print_symbolic() and its like make for it. Mapped at the first event,
 * because a shared object has little room for thread-local data.
 */
struct trace_buffers {
	struct trace_seq line, scratch;
};

static __thread struct trace_buffers *buffers;

static struct trace_buffers *get_buffers(void)
{
	if (!buffers)
		buffers = host_map(0, PAGE_ALIGN(sizeof(*buffers)));
	return buffers;
}

static struct trace_seq *begin_line(const char *event)
{
	struct trace_seq *line = &get_buffers()->line;
	u64 us = div_u64(ktime_get_ns(), 1000);

	trace_seq_init(line);
	trace_seq_printf(line, "%16s-%-7d [%03d] ..... %5llu.%06llu: %s: ", current->comm, current->pid,
			 raw_smp_processor_id(), div_u64(us, 1000000), us % 1000000, event);
	return line;
}

static void end_line(void)
{
	struct trace_seq *line = &buffers->line;

	line->buffer[min(line->seq.len, sizeof(line->buffer) - 1)] = '\0';
	host_trace(line->buffer);
}

/* As trace_print_symbols_seq() of kernel/trace/trace_output.c. */
static const char *print_symbolic(struct trace_seq *p, unsigned long long value, const struct trace_print_flags *s)
{
	const char *start = trace_seq_buffer_ptr(p);

	for (; s->name; s++) {
		if (s->mask == value) {
			trace_seq_puts(p, s->name);
			break;
		}
	}
	if (!s->name)
		trace_seq_printf(p, "0x%llx", value);
	trace_seq_putc(p, 0);
	return start;
}

/* As trace_print_flags_seq(). */
static const char *print_flags(struct trace_seq *p, const char *delim, unsigned long flags,
			       const struct trace_print_flags *s)
{
	const char *start = trace_seq_buffer_ptr(p);
	bool first = true;

	for (; s->name && flags; s++) {
		if ((flags & s->mask) != s->mask)
			continue;
		if (!first)
			trace_seq_puts(p, delim);
		trace_seq_puts(p, s->name);
		flags &= ~s->mask;
		first = false;
	}
	if (flags) {
		if (!first)
			trace_seq_puts(p, delim);
		trace_seq_printf(p, "0x%lx", flags);
	}
	trace_seq_putc(p, 0);
	return start;
}

/* As trace_print_hex_seq(), with a space between bytes. */
static const char *print_hex(struct trace_seq *p, const u8 *buf, int len)
{
	const char *start = trace_seq_buffer_ptr(p);
	int i;

	for (i = 0; i < len; i++)
		trace_seq_printf(p, "%s%02x", i ? " " : "", buf[i]);
	trace_seq_putc(p, 0);
	return start;
}

#define TRACE_HEADER_MULTI_READ

#undef __field
#undef __field_ext
#undef __field_struct
#undef __array
#undef __string
#undef __dynamic_array
#define __field(type, item) type item;
#define __field_struct(type, item) type item;
#define __array(type, item, len) type item[len];
#define __string(item, src) const char *item;

#undef __assign_str
#undef __get_str
#define __assign_str(item, ...) __entry->item = #item
#define __get_str(item) __entry->item

#undef __print_symbolic
#undef __print_flags
#undef __print_hex
#define __print_symbolic(value, ...) \
	print_symbolic(p, value, (const struct trace_print_flags[]){ __VA_ARGS__, { -1, NULL } })
#define __print_flags(flags, delim, ...) \
	print_flags(p, delim, flags, (const struct trace_print_flags[]){ __VA_ARGS__, { -1, NULL } })
#define __print_hex(buf, len) print_hex(p, buf, len)

#undef TP_STRUCT__entry
#undef TP_fast_assign
#undef TP_printk
#define TP_STRUCT__entry(args...) args
#define TP_fast_assign(args...) args
#define TP_printk(fmt, args...) fmt, ##args

/* The text is made in a second buffer because print_symbolic() and its like put their strings into the line. */
#undef DECLARE_EVENT_CLASS
#define DECLARE_EVENT_CLASS(call, proto, args, tstruct, assign, print) \
	static void __maybe_unused trace_class_##call(const char *event, proto) \
	{ \
		struct { tstruct } entry = {}, *__entry = &entry; \
		struct trace_seq *p = &get_buffers()->scratch; \
		\
		trace_seq_init(p); \
		{ assign; } \
		trace_seq_printf(begin_line(event), print); \
		end_line(); \
	}

#undef DEFINE_EVENT
#define DEFINE_EVENT(class, call, proto, args) \
	static void trace_probe_##call(void *unused, proto) \
	{ \
		trace_class_##class(#call, args); \
	} \
	static const struct trace_event_entry trace_entry_##call __used __section("kshim_trace_events") = { \
		&__tracepoint_##call, trace_probe_##call \
	};

#undef DEFINE_EVENT_PRINT
#undef DEFINE_EVENT_FN
#undef TRACE_EVENT
#undef TRACE_EVENT_FN
#define TRACE_EVENT(call, proto, args, tstruct, assign, print) \
	DECLARE_EVENT_CLASS(call, PARAMS(proto), PARAMS(args), PARAMS(tstruct), PARAMS(assign), PARAMS(print)) \
	DEFINE_EVENT(call, call, PARAMS(proto), PARAMS(args))
