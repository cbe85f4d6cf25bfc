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
	const void *inside;	/* NULL, or only frames of this object are shown */
	unsigned int left;	/* frames to show; those that the compiler has put into others do not count */
	int brief;		/* leave those out */
};

static void put_frame(void *arg, const char *func, const char *file, int line, bool inlined)
{
	struct frame_out *f = arg;

	if (!f->left || (f->brief && inlined))
		return;
	fprintf(f->out, "%s    %s at %s:%d%s\n", f->prefix, func, file, line, inlined ? " (inlined)" : "");
	if (!inlined)
		f->left--;
}

static void put_frames(struct frame_out *f, void *const *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if ((!f->inside || host_same_object(frames[i], f->inside)) &&
		    host_symbolize_each(frames[i], put_frame, f))
			fprintf(f->out, "%s    ?\n", f->prefix);
}

#define BRIEF_FRAMES 8	/* shown of a change that is not the last one */

/* Of an entry the last change in full, and briefly the one before. Of a count all, oldest first, briefly. */
static void put_change(const struct frame_out *all, const struct sim_who *who, unsigned int i)
{
	const struct kvmsim_change *c = &who->change[i];
	int last = i == who->n - 1;
	struct frame_out f = *all;
	const char *title = who->count ? "changed by" : last ? "last changed by" : "and before by";

	f.brief = who->count || !last;
	if (f.brief)
		f.left = BRIEF_FRAMES;
	fprintf(f.out, who->count ? "%s  %s, %llu -> %llu, %s:\n" : "%s  %s, %llx -> %llx, %s:\n", f.prefix,
		who->what, (unsigned long long)c->old, (unsigned long long)c->new, title);
	put_frames(&f, c->frames, c->nr_frames);
}

static void put_who(const struct frame_out *f, const struct sim_report *k)
{
	for (unsigned int i = 0; i < KVMSIM_MAX_SUBJECTS; i++) {
		const struct sim_who *who = &k->who[i];

		for (unsigned int j = 0; j < who->n; j++)
			put_change(f, who, who->count ? j : who->n - 1 - j);
	}
}

static void put_report(FILE *out, const char *prefix, const struct sim_report *k, const void *inside)
{
	struct frame_out f = { out, prefix, .inside = inside, .left = -1u };
	char title[64];

	report_title(title, sizeof(title), k->kind, k->check);
	fprintf(out, "%s%s:\n", prefix, title);
	put_lines(out, prefix, "  ", k->text);
	if (k->file[0])
		fprintf(out, "%s  at %s:%d\n", prefix, k->file, k->line);
	for (unsigned int i = 0; i < k->nr_frames; i++)
		if (!inside || host_same_object(k->frames[i], inside)) {
			fprintf(out, "%s  call trace:\n", prefix);
			break;
		}
	put_frames(&f, k->frames, k->nr_frames);
	put_who(&f, k);
}

static void put_steps(FILE *out, const char *prefix, const struct sim_result *r)
{
	if (!r->nr_steps)
		return;
	fprintf(out, "%ssteps and kernel events, last %u of %llu", prefix, r->nr_steps,
		(unsigned long long)ring_count(&r->ring));
	if (r->steps_of_gfn)
		fprintf(out, ", without those of other frames than gfn %llx", r->gfn);
	fprintf(out, " (all of them: --trace FILE):\n");
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

	if (job->replay)
		fprintf(out, "%sreplay:   %s %s\n", prefix, command ? command : "kvmsim", job->replay);
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
	if (r->who_differs)
		fprintf(out, "%sa second run, to find out who changed what, came to other reports\n", prefix);
	put_log(out, prefix, r);
	put_steps(out, prefix, r);
	put_replay(out, prefix, job, file);
}
