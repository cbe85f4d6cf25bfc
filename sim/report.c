// SPDX-License-Identifier: GPL-2.0-only
/* The readable part of a result, common to all formats. */
#include "report.h"

#include <kshim/symbolize.h>

#include <stdlib.h>
#include <string.h>

#define LOG_TAIL 20	/* kernel log lines shown with a failure */
#define CAPTURED_MAX 16000

/* Prints a text of several lines, each after prefix and indent. Control characters become blanks. */
static void put_lines(FILE *out, const char *prefix, const char *indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fprintf(out, "%s%s", prefix, indent);
		for (size_t i = 0; i < n; i++)
			fputc((unsigned char)text[i] < ' ' && text[i] != '\t' ? ' ' : text[i], out);
		fputc('\n', out);
		text += n + (text[n] == '\n');
	}
}

struct frame_out {
	FILE *out;
	const char *prefix;
};

static void put_frame(void *arg, const char *func, const char *file, int line, bool inlined)
{
	const struct frame_out *f = arg;

	fprintf(f->out, "%s    %s at %s:%d%s\n", f->prefix, func, file, line, inlined ? " (inlined)" : "");
}

static void put_report(FILE *out, const char *prefix, const struct sim_report *k, const void *inside)
{
	struct frame_out f = { out, prefix };
	unsigned int shown = 0;
	char title[64];

	report_title(title, sizeof(title), k->kind, k->check);
	fprintf(out, "%s%s:\n", prefix, title);
	put_lines(out, prefix, "  ", k->text);
	if (k->file[0])
		fprintf(out, "%s  at %s:%d\n", prefix, k->file, k->line);
	for (unsigned int i = 0; i < k->nr_frames; i++)
		if (!inside || host_same_object(k->frames[i], inside)) {
			if (!shown++)
				fprintf(out, "%s  call trace:\n", prefix);
			if (host_symbolize_each(k->frames[i], put_frame, &f))
				fprintf(out, "%s    ?\n", prefix);
		}
}

static void put_steps(FILE *out, const char *prefix, const struct sim_result *r)
{
	if (!r->nr_steps)
		return;
	fprintf(out, "%ssteps and kernel events, last %u of %llu (all of them: --trace FILE):\n", prefix, r->nr_steps,
		(unsigned long long)ring_count(&r->ring));
	for (unsigned int i = 0; i < r->nr_steps; i++)
		put_lines(out, prefix, "  ", r->steps[i] + strspn(r->steps[i], " "));
}

static void put_log(FILE *out, const char *prefix, const struct sim_result *r)
{
	unsigned int n = r->nr_log < LOG_TAIL ? r->nr_log : LOG_TAIL;

	if (!n)
		return;
	fprintf(out, "%skernel log, last %u of %u lines:\n", prefix, n, r->nr_log);
	for (unsigned int i = r->nr_log - n; i < r->nr_log; i++)
		put_lines(out, prefix, "  ", r->log[i % SIM_LOG_LINES]);
}

/* Prints s in single quotes for a shell. */
static void put_quoted(FILE *out, const char *s)
{
	fputc('\'', out);
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", out);
		else
			fputc(*s, out);
	}
	fputc('\'', out);
}

static void put_replay(FILE *out, const char *prefix, const struct sim_job *job, const struct sim_file *file)
{
	const char *command = getenv("KVMSIM_COMMAND");	/* the launcher tells how it was called */

	if (!job->scenario)
		return;
	fprintf(out, "%sscenario: %s:%d\n", prefix, file->path, job->line);
	fprintf(out, "%sreplay:   %s run --filter ", prefix, command ? command : "kvmsim");
	put_quoted(out, job->name);
	fprintf(out, " %s\n", file->path);
}

void report_interrupted(FILE *out, const char *prefix, const struct sim_totals *t)
{
	if (t->interrupted)
		fprintf(out, "%sinterrupted by signal %d (%s) in: %s; %zu of %zu are done\n", prefix, t->signal,
			strsignal(t->signal), t->interrupted->name, t->passed + t->failed + t->skipped, t->planned);
	else if (t->stopped)
		fprintf(out, "%sstopped at the first failure; %zu of %zu are done\n", prefix,
			t->passed + t->failed + t->skipped, t->planned);
}

void report_details(FILE *out, const char *prefix, const struct sim_job *job, const struct sim_file *file,
		    const struct sim_result *r, const struct sim_flavours *fl)
{
	const void *inside = job->flavour >= 0 && fl ? fl->v[job->flavour].ops : NULL;

	put_lines(out, prefix, "", r->notes.s);
	put_lines(out, prefix, "counter ", r->counters.s);
	if (result_warning(r))
		fprintf(out, "%swarning: %s\n", prefix, result_warning(r));
	if (r->state != SIM_FAILED)
		return;
	put_lines(out, prefix, "", r->failures.s);
	for (unsigned int i = 0; i < r->nr_reports; i++)
		put_report(out, prefix, &r->reports[i], inside);
	if (r->captured.len) {
		char *text = xstrdup(r->captured.s);

		if (r->captured.len > CAPTURED_MAX)
			text[CAPTURED_MAX] = 0;
		fprintf(out, "%soutput of the process:\n", prefix);
		put_lines(out, prefix, "  ", text);
		free(text);
	}
	put_log(out, prefix, r);
	put_steps(out, prefix, r);
	put_replay(out, prefix, job, file);
}
