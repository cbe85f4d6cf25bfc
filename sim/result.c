// SPDX-License-Identifier: GPL-2.0-only
/* The shared mapping in which a scenario's process leaves its result, and the names of the report kinds. */
#include "sim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct sim_result *result_new(void)
{
	struct sim_result *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED) {
		perror("kvmsim: mmap");
		exit(SIM_EXIT_USAGE);
	}
	return r;
}

void result_free(struct sim_result *r)
{
	munmap(r, sizeof(*r));
}

/* Leaves the big arrays as they are: their lengths say what is valid. */
void result_reset(struct sim_result *r)
{
	r->state = SIM_RUNNING;
	r->timed_out = r->signal = r->status = 0;
	r->seconds = 0;
	r->expectations = 0;
	r->skip[0] = 0;
	r->failures.len = r->notes.len = r->captured.len = r->counters.len = 0;
	r->failures.s[0] = r->notes.s[0] = r->captured.s[0] = r->counters.s[0] = 0;
	r->nr_log = r->nr_steps = r->nr_reports = 0;
	r->trace_error = r->who_differs = 0;
	r->measure.ops = 0;
	ring_reset(&r->ring);
	if (r->nr_hits)
		memset(r->hits, 0, r->nr_hits);
	for (int i = 0; i < KVMSIM_MAX_CPUS; i++)
		r->where[i][0] = 0;
}

void result_forget_log(struct sim_result *r)
{
	r->nr_log = 0;
	ring_reset(&r->ring);
}

struct step_printer {
	struct sim_result *r;
	const struct kvmsim_machine_ops *ops;
	unsigned int n;	/* lines so far; r->steps is a ring */
};

/* Finds the guest frame that a text is about: "gfn 1ff". Returns where the number ends, or NULL if there is none. */
static const char *find_gfn(const char *text, unsigned long long *gfn)
{
	const char *at = strstr(text, "gfn ");
	char *end;

	if (!at || !isxdigit((unsigned char)at[4]))
		return NULL;
	*gfn = strtoull(at + 4, &end, 16);
	return end;
}

/*
 * Returns whether a kernel event, as text, is about other guest frames than gfn. " level 2" behind its gfn says how
 * large an entry is, " l2" how large a table.
 */
static int is_of_others(const char *line, unsigned long long gfn)
{
	unsigned long long from;
	const char *rest = find_gfn(line, &from), *level, *table;
	unsigned int bits = 0;

	if (!rest)
		return 0;
	level = strstr(rest, " level ");
	table = strstr(rest, " l");
	if (level)
		bits = 9 * (unsigned int)(level[7] - '1');
	else if (table && isdigit((unsigned char)table[2]))
		bits = 9 * (unsigned int)(table[2] - '0');
	return bits < 64 && from >> bits != gfn >> bits;
}

static void print_step(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes)
{
	struct step_printer *p = arg;
	char line[SIM_LOG_WIDTH];

	if (kind == SIM_RING_EVENT)
		p->ops->trace_print(data, line, sizeof(line));
	else
		snprintf(line, sizeof(line), "%.*s", (int)bytes, (const char *)data);
	if (kind == SIM_RING_TEXT || !p->r->steps_of_gfn || !is_of_others(line, p->r->gfn))
		memcpy(p->r->steps[p->n++ % SIM_STEP_LINES], line, sizeof(line));
}

/* Makes the oldest line of the ring the first one. */
static void unroll(struct sim_result *r, unsigned int first)
{
	char line[SIM_LOG_WIDTH];

	for (; first; first--) {
		memcpy(line, r->steps[0], sizeof(line));
		memmove(r->steps[0], r->steps[1], (SIM_STEP_LINES - 1) * sizeof(line));
		memcpy(r->steps[SIM_STEP_LINES - 1], line, sizeof(line));
	}
}

void result_print_steps(struct sim_result *r, const struct kvmsim_machine_ops *ops)
{
	struct step_printer p = { .r = r, .ops = ops };

	r->steps_of_gfn = r->nr_reports && find_gfn(r->reports[0].text, &r->gfn);
	ring_last(&r->ring, SIM_RING_SLOTS, print_step, &p);
	r->nr_steps = p.n;
	if (p.n > SIM_STEP_LINES) {
		unroll(r, p.n % SIM_STEP_LINES);
		r->nr_steps = SIM_STEP_LINES;
	}
}

const char *result_warning(const struct sim_result *r)
{
	if (r->state != SIM_PASSED || r->expectations)
		return NULL;
	return "it judges nothing: without expect() or sim:expect_report() only a report of the machine can fail it";
}

void text_add(struct sim_text *t, const char *fmt, ...)
{
	static const char cut[] = "\n[cut here]\n";
	size_t room = sizeof(t->s) - sizeof(cut);
	va_list ap;
	int n;

	if (t->len >= room)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, room - t->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < room - t->len) {
		t->len += (unsigned int)n;
	} else {
		memcpy(t->s + room - 1, cut, sizeof(cut));
		t->len = (unsigned int)(room - 1 + sizeof(cut) - 1);
	}
}

static const char *const kinds[KVMSIM_NR_REPORTS] = {
	[KVMSIM_BUG] = "bug", [KVMSIM_OOPS] = "oops", [KVMSIM_REFUSED] = "refused", [KVMSIM_DEADLOCK] = "deadlock",
	[KVMSIM_OOM] = "oom", [KVMSIM_WARN] = "warn", [KVMSIM_CHECK] = "check", [KVMSIM_LEAK] = "leak",
	[KVMSIM_TIMEOUT] = "timeout",
};

void report_title(char *buf, size_t size, int kind, const char *check)
{
	const char *name = kind >= 0 && kind < KVMSIM_NR_REPORTS && kinds[kind] ? kinds[kind] : "report";

	snprintf(buf, size, check && check[0] ? "%s:%s" : "%s", name, check);
}

int report_kind_of(const char *name)
{
	for (int i = 0; i < KVMSIM_NR_REPORTS; i++)
		if (kinds[i] && !strcmp(kinds[i], name))
			return i;
	return -1;
}
