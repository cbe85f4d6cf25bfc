// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenario's own process: what the machine reports and logs, and what the process prints, goes to the shared
 * result.
 *
 * Any attached thread may call in here; one lock covers everything below.
 */
#include "sim.h"
#include <kshim/symbolize.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_EXPECTED 32
#define MAX_TRACE_BYTES (256ul << 20)	/* of one scenario */

static struct {
	pthread_mutex_t lock;
	struct sim_result *r;	/* NULL while booting in the parent */
	const struct kvmsim_machine_ops *ops;
	int trace_fd;
	size_t trace_bytes;
	int measure;
	unsigned int unexpected;
	unsigned int nr_expected;
	struct {
		int kind, seen, optional;
		char check[24], match[256];
	} expected[MAX_EXPECTED];
} child = { .lock = PTHREAD_MUTEX_INITIALIZER, .trace_fd = -1 };

void child_begin(struct sim_result *r, const struct kvmsim_machine_ops *ops, int trace_fd)
{
	child.r = r;
	child.ops = ops;
	child.trace_fd = trace_fd;
}

void child_measure(int measure)
{
	child.measure = measure;
}

int child_measures(void)
{
	return child.measure;
}

int child_measured(const struct sim_measure *m)
{
	int first;

	pthread_mutex_lock(&child.lock);
	first = child.r && !child.r->measure.ops;
	if (first) {
		child.r->measure = *m;
		child.r->expectations++;
	}
	pthread_mutex_unlock(&child.lock);
	return first;
}

static int write_all(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			s += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

/* If a trace cannot be written, the trace ends, not the scenario. The program says so at its end. */
static void trace_locked(const char *s, size_t n)
{
	static const char cut[] = "[cut here: the trace of one scenario is at most 256 MiB]\n";

	if (child.trace_fd < 0 || child.trace_bytes > MAX_TRACE_BYTES)
		return;
	child.trace_bytes += n;
	if (child.trace_bytes > MAX_TRACE_BYTES) {
		s = cut;
		n = sizeof(cut) - 1;
	}
	if (write_all(child.trace_fd, s, n)) {
		child.r->trace_error = errno;
		child.trace_fd = -1;
	}
}

void child_trace(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	if (child.trace_fd < 0)
		return;
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	pthread_mutex_lock(&child.lock);
	trace_locked(text, (size_t)n);
	pthread_mutex_unlock(&child.lock);
	free(text);
}

void child_step(const char *text)
{
	if (!child.r)
		return;
	ring_add(&child.r->ring, SIM_RING_TEXT, text, strlen(text));
	child_trace("%s\n", text);
}

/* Like child_step(), with the lock held. */
static void step_locked(const char *text, int n)
{
	ring_add(&child.r->ring, SIM_RING_TEXT, text, (size_t)n);
	if (child.trace_fd >= 0) {
		trace_locked(text, (size_t)n);
		trace_locked("\n", 1);
	}
}

static void on_log(int level, const char *line)
{
	struct sim_result *r = child.r;
	char buf[1100];
	int n;

	if (!r) {
		if (level <= 3)
			fprintf(stderr, "kvmsim: boot: %s\n", line);
		return;
	}
	pthread_mutex_lock(&child.lock);
	snprintf(r->log[r->nr_log++ % SIM_LOG_LINES], SIM_LOG_WIDTH, "%s", line);
	n = snprintf(buf, sizeof(buf), "<%d> %.1024s", level, line);
	step_locked(buf, n);
	pthread_mutex_unlock(&child.lock);
}

static void on_trace(const struct kvmsim_trace_event *e, unsigned int bytes)
{
	char line[1024];

	if (!child.r)
		return;
	ring_add(&child.r->ring, SIM_RING_EVENT, e, bytes);
	if (child.trace_fd < 0)
		return;
	child.ops->trace_print(e, line, sizeof(line));
	child_trace("%s\n", line);
}

/* Other threads look at the state without the lock. */
static void set_failed(struct sim_result *r)
{
	__atomic_store_n(&r->state, SIM_FAILED, __ATOMIC_RELAXED);
}

static int is_expected(const struct kvmsim_report *k, unsigned int i)
{
	const char *match = child.expected[i].match, *check = child.expected[i].check;

	return !child.expected[i].seen && child.expected[i].kind == (int)k->kind &&
	       (!check[0] || (k->check && !strcmp(k->check, check))) &&
	       (strstr(k->text, match) || (k->file && strstr(k->file, match)));
}

static int take_expected(const struct kvmsim_report *k)
{
	for (unsigned int i = 0; i < child.nr_expected; i++)
		if (is_expected(k, i)) {
			child.expected[i].seen = 1;
			return 1;
		}
	return 0;
}

static void keep_report(struct sim_result *r, const struct kvmsim_report *k)
{
	struct sim_report *out;

	if (r->nr_reports >= SIM_MAX_REPORTS)
		return;
	out = &r->reports[r->nr_reports];
	out->kind = (int)k->kind;
	out->line = k->line;
	snprintf(out->text, sizeof(out->text), "%s", k->text ? k->text : "");
	snprintf(out->file, sizeof(out->file), "%s", k->file ? k->file : "");
	snprintf(out->check, sizeof(out->check), "%s", k->check ? k->check : "");
	out->nr_frames = k->nr_frames < KVMSIM_MAX_FRAMES ? k->nr_frames : KVMSIM_MAX_FRAMES;
	memcpy(out->frames, k->frames, out->nr_frames * sizeof(out->frames[0]));
	who_note(out, k, child.ops);
	r->nr_reports++;
}

static void step_report(const struct kvmsim_report *k, int expected)
{
	char place[200] = "", title[64], buf[2300];
	int n;

	if (k->file)
		snprintf(place, sizeof(place), " (%.160s:%d)", k->file, k->line);
	report_title(title, sizeof(title), (int)k->kind, k->check);
	n = snprintf(buf, sizeof(buf), "[%s] %.2048s%s%s", title, k->text, place,
		     expected ? " expected" : "");
	step_locked(buf, n);
}

static void on_report(const struct kvmsim_report *k)
{
	struct sim_result *r = child.r;
	int fatal = k->kind <= KVMSIM_LAST_FATAL, expected;

	if (!r) {
		char title[64];

		report_title(title, sizeof(title), (int)k->kind, k->check);
		fprintf(stderr, "kvmsim: boot: %s: %s (%s:%d)\n", title, k->text, k->file ? k->file : "?", k->line);
		for (unsigned int i = 0; i < k->nr_frames; i++) {
			char func[128], file[160];
			int line;

			if (!host_symbolize(k->frames[i], func, sizeof(func), file, sizeof(file), &line))
				fprintf(stderr, "    %s at %s:%d\n", func, file, line);
		}
		if (fatal)
			_exit(SIM_EXIT_FAILED);
		return;
	}
	pthread_mutex_lock(&child.lock);
	expected = take_expected(k);
	if (!expected) {
		__atomic_fetch_add(&child.unexpected, 1, __ATOMIC_RELAXED);
		keep_report(r, k);
		set_failed(r);
	}
	step_report(k, expected);
	pthread_mutex_unlock(&child.lock);
	if (!fatal)
		return;
	child_expect_end();
	expectations_end();
	if (!child_failed())
		r->state = SIM_PASSED;	/* the scenario was meant to end like this */
	child_exit(0);
}

const struct kvmsim_host_ops child_host_ops = { .report = on_report, .log = on_log, .trace = on_trace };

void child_fail(const char *text)
{
	pthread_mutex_lock(&child.lock);
	if (child.r) {
		text_add(&child.r->failures, "%s\n", text);
		set_failed(child.r);
	}
	pthread_mutex_unlock(&child.lock);
	child_trace("FAILED %s\n", text);
}

int child_failed(void)
{
	return child.r && __atomic_load_n(&child.r->state, __ATOMIC_RELAXED) == SIM_FAILED;
}

void child_skip(const char *reason)
{
	pthread_mutex_lock(&child.lock);
	if (child.r && child.r->state == SIM_RUNNING) {
		child.r->state = SIM_SKIPPED;
		snprintf(child.r->skip, sizeof(child.r->skip), "%s", reason);
	}
	pthread_mutex_unlock(&child.lock);
}

unsigned int child_unexpected_reports(void)
{
	return __atomic_load_n(&child.unexpected, __ATOMIC_RELAXED);
}

void child_forget_reports(void)
{
	__atomic_store_n(&child.unexpected, 0, __ATOMIC_RELAXED);
}

int child_expect_report(int kind, const char *check, const char *match, int optional)
{
	int rc = -1;

	pthread_mutex_lock(&child.lock);
	if (child.nr_expected < MAX_EXPECTED) {
		child.expected[child.nr_expected].kind = kind;
		child.expected[child.nr_expected].optional = optional;
		snprintf(child.expected[child.nr_expected].check, sizeof(child.expected[0].check), "%s", check);
		snprintf(child.expected[child.nr_expected].match, sizeof(child.expected[0].match), "%s", match);
		child.nr_expected++;
		rc = 0;
	}
	pthread_mutex_unlock(&child.lock);
	return rc;
}

void child_time_limit(void)
{
	if (child.r)
		child.r->timed_out = 1;
}

void child_count_expectation(void)
{
	pthread_mutex_lock(&child.lock);
	if (child.r)
		child.r->expectations++;
	pthread_mutex_unlock(&child.lock);
}

void child_expect_end(void)
{
	for (unsigned int i = 0; i < child.nr_expected; i++)
		if (!child.expected[i].seen && !child.expected[i].optional) {
			char title[64], line[400];

			report_title(title, sizeof(title), child.expected[i].kind, child.expected[i].check);
			snprintf(line, sizeof(line), "expected report did not come: %s \"%s\"", title,
				 child.expected[i].match);
			child_fail(line);
		}
	child.nr_expected = 0;
}

void child_where(unsigned int cpu, const char *where)
{
	if (child.r && cpu < KVMSIM_MAX_CPUS)
		snprintf(child.r->where[cpu], SIM_LOG_WIDTH, "%s", where);
}

void child_note(const char *text)
{
	char buf[SIM_RING_BYTES + 1];

	pthread_mutex_lock(&child.lock);
	if (child.r) {
		text_add(&child.r->notes, "%s\n", text);
		snprintf(buf, sizeof(buf), "# %s", text);
		ring_add(&child.r->ring, SIM_RING_TEXT, buf, strlen(buf));
	} else {
		puts(text);
	}
	pthread_mutex_unlock(&child.lock);
	child_trace("# %s\n", text);
}

void child_exit(int status)
{
#ifdef KVMSIM_COVERAGE
	exit(status);
#else
	_exit(status);
#endif
}
