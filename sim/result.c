// SPDX-License-Identifier: GPL-2.0-only
/* The shared mapping in which a scenario's process leaves its result, and the names of the report kinds. */
#include "sim.h"

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
};

static void print_step(void *arg, enum sim_ring_kind kind, const void *data, size_t bytes)
{
	struct step_printer *p = arg;
	char *line = p->r->steps[p->r->nr_steps++];

	if (kind == SIM_RING_EVENT)
		p->ops->trace_print(data, line, SIM_LOG_WIDTH);
	else
		snprintf(line, SIM_LOG_WIDTH, "%.*s", (int)bytes, (const char *)data);
}

void result_print_steps(struct sim_result *r, const struct kvmsim_machine_ops *ops)
{
	struct step_printer p = { r, ops };

	r->nr_steps = 0;
	ring_last(&r->ring, SIM_STEP_LINES, print_step, &p);
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
