/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's trace events: recorded as they happen, printed when somebody wants to read them. Each flavour includes
 * this once, in arch/<arch>/trace.c, which includes its event headers before it and once more after it.
 *
 * TRACE_EVENT() becomes two functions, as in the kernel: one fills the event's structure and hands it to the host, the
 * other prints such a structure with the event's own format. Recording takes nothing from the simulated machine, so a
 * traced run is the same run. The layout is that of ftrace's "trace" file, which users of trace-cmd and Perfetto know;
 * the time is virtual.
 */
#include <linux/build_bug.h>
#include <linux/seq_buf.h>
#include <linux/trace_seq.h>
#include <linux/tracepoint.h>
#include <kshim/host.h>
#include <kshim/machine.h>
#include <kshim/trace.h>

struct trace_event_entry {
	struct tracepoint *tp;
	void *probe;
	const char *name;
	void (*print)(struct trace_seq *line, const void *entry);
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

/* Fills what all events have and hands the event to the host. bytes: size of the event's own structure. */
static void record(struct kvmsim_trace_event *e, const struct trace_event_entry *event, unsigned int bytes)
{
	e->ns = ktime_get_ns();
	e->pid = current->pid;
	e->cpu = raw_smp_processor_id();
	e->id = event - __start_kshim_trace_events;
	BUILD_BUG_ON(sizeof(e->comm) != sizeof(current->comm));
	memcpy(e->comm, current->comm, sizeof(e->comm));
	host_trace(e, offsetof(struct kvmsim_trace_event, entry) + bytes);
}

/*
 * Per native thread: a line in progress, and what print_symbolic() and its relatives make for it. Mapped when the first
 * event is printed, because a shared object has little room for thread-local data.
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

void kshim_trace_print(const struct kvmsim_trace_event *e, char *text, unsigned int bytes)
{
	const struct trace_event_entry *event = __start_kshim_trace_events + e->id;
	struct trace_seq *line = &get_buffers()->line;
	u64 us = div_u64(e->ns, 1000);

	if (event >= __stop_kshim_trace_events) {
		scnprintf(text, bytes, "(no event %u)", e->id);
		return;
	}
	trace_seq_init(line);
	trace_seq_init(&get_buffers()->scratch);
	trace_seq_printf(line, "%16.16s-%-7d [%03d] ..... %5llu.%06llu: %s: ", e->comm, e->pid, e->cpu,
			 div_u64(us, 1000000), us % 1000000, event->name);
	event->print(line, e->entry);
	scnprintf(text, bytes, "%.*s", (int)line->seq.len, line->buffer);
}

/* Like trace_print_symbols_seq() of kernel/trace/trace_output.c. */
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

/* Like trace_print_flags_seq(). */
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

/* Like trace_print_hex_seq(), with a space between bytes. */
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
	print_symbolic(p, value, (const struct trace_print_flags[]){ __VA_OPT__(__VA_ARGS__,) { -1, NULL } })
#define __print_flags(flags, delim, ...) \
	print_flags(p, delim, flags, (const struct trace_print_flags[]){ __VA_OPT__(__VA_ARGS__,) { -1, NULL } })
#define __print_hex(buf, len) print_hex(p, buf, len)
/* struct trace_print_flags has a mask of 64 bits. */
#undef __print_symbolic_u64
#undef __print_flags_u64
#define __print_symbolic_u64 __print_symbolic
#define __print_flags_u64 __print_flags

#undef TP_STRUCT__entry
#undef TP_fast_assign
#undef TP_printk
#define TP_STRUCT__entry(args...) args
#define TP_fast_assign(args...) args
#define TP_printk(fmt, args...) fmt, ##args

/* Strings that print_symbolic() and its relatives make are in a second buffer while the line is made. */
#undef DECLARE_EVENT_CLASS
#define DECLARE_EVENT_CLASS(call, proto, args, tstruct, assign, print) \
	struct trace_entry_##call { tstruct }; \
	static void __maybe_unused trace_record_##call(const struct trace_event_entry *__event, proto) \
	{ \
		struct kvmsim_trace_event __recorded; \
		struct trace_entry_##call *__entry = (void *)__recorded.entry; \
		\
		BUILD_BUG_ON(sizeof(*__entry) > sizeof(__recorded.entry)); \
		memset(__entry, 0, sizeof(*__entry)); \
		{ assign; } \
		record(&__recorded, __event, sizeof(*__entry)); \
	} \
	static void __maybe_unused trace_print_##call(struct trace_seq *line, const void *entry) \
	{ \
		const struct trace_entry_##call *__entry = entry; \
		struct trace_seq *p __maybe_unused = &buffers->scratch; \
		\
		trace_seq_printf(line, print); \
	}

#undef DEFINE_EVENT
#define DEFINE_EVENT(class, call, proto, args) \
	static const struct trace_event_entry trace_entry_of_##call; \
	static void trace_probe_##call(void *unused, proto) \
	{ \
		trace_record_##class(&trace_entry_of_##call, args); \
	} \
	static const struct trace_event_entry trace_entry_of_##call __used __section("kshim_trace_events") = { \
		&__tracepoint_##call, trace_probe_##call, #call, trace_print_##class \
	};

#undef DEFINE_EVENT_PRINT
#undef DEFINE_EVENT_FN
#undef TRACE_EVENT
#undef TRACE_EVENT_FN
#define TRACE_EVENT(call, proto, args, tstruct, assign, print) \
	DECLARE_EVENT_CLASS(call, PARAMS(proto), PARAMS(args), PARAMS(tstruct), PARAMS(assign), PARAMS(print)) \
	DEFINE_EVENT(call, call, PARAMS(proto), PARAMS(args))
