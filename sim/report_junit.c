// SPDX-License-Identifier: GPL-2.0-only
/*
 * JUnit XML as CI systems read it: one suite, a test case per job, the details of a failure as its text.
 *
 * The suite's first line counts the test cases below it, so they are kept until the end. There is no timestamp and no
 * host name: two runs differ only in the times.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

static struct {
	FILE *to;	/* the test cases so far, in memory */
	char *text;
	size_t bytes;
	size_t tests, failures, errors, skipped;
} suite;

/* XML cannot represent most control characters. They become question marks, and so does what is not UTF-8. */
static void put_escaped(FILE *out, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if ((c < ' ' && c != '\n' && c != '\t') || c >= 127)
			fputc('?', out);
		else
			fputc(c, out);
	}
}

/* Prints the first line of the reason: what the scenario expected, or else what the machine reported. */
static void put_message(FILE *out, const struct sim_result *r)
{
	const char *why = r->failures.len ? r->failures.s : r->nr_reports ? r->reports[0].text : "failed";
	char *line = strndup(why, strcspn(why, "\n"));

	put_escaped(out, line ? line : "failed");
	free(line);
}

/*
 * Readers make a tree of the names between the dots: the architecture, the directories, the file.
 * "x86_64.sim.scenarios.memslots.first-fault"
 */
static void put_classname(FILE *out, const struct sim_job *job, const char *path)
{
	size_t n = strlen(path);
	char *name = xstrdup(path), *from = name;

	if (n > 4 && !strcmp(name + n - 4, ".lua"))
		name[n - 4] = 0;
	from += strspn(from, "./");
	for (char *p = from; *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '_' : *p;
	if (job->arch) {
		put_escaped(out, job->arch);
		fputc('.', out);
	}
	put_escaped(out, *from ? from : path);
	free(name);
}

/* A scenario that was judged wrong is a failure; one that did not end properly is an error. */
static int is_error(const struct sim_job *job, const struct sim_result *r)
{
	return (!job->scenario && !job->replay) || r->timed_out || r->signal || r->status;
}

static void begin(FILE *out, size_t planned)
{
	(void)out;
	(void)planned;
	suite.to = open_memstream(&suite.text, &suite.bytes);
	if (!suite.to) {
		perror("kvmsim: open_memstream");
		exit(SIM_EXIT_USAGE);
	}
}

static void put_failed(FILE *out, const struct sim_job *job, const struct sim_result *r, const char *text)
{
	const char *element = is_error(job, r) ? "error" : "failure";

	if (is_error(job, r))
		suite.errors++;
	else
		suite.failures++;
	fprintf(out, "<%s message=\"", element);
	put_message(out, r);
	fputs("\">", out);
	put_escaped(out, text);
	fprintf(out, "</%s>", element);
}

static void put_skipped(FILE *out, const struct sim_result *r)
{
	suite.skipped++;
	fputs("<skipped message=\"", out);
	put_escaped(out, r->skip);
	fputs("\"/>", out);
}

static void job(FILE *out, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r,
		const struct sim_flavours *fl, size_t number)
{
	char *text = NULL;
	size_t n = 0;
	FILE *m = open_memstream(&text, &n);

	(void)number;
	out = suite.to;
	suite.tests++;
	fputs("<testcase classname=\"", out);
	put_classname(out, job, file->path);
	fputs("\" name=\"", out);
	put_escaped(out, job->name);
	fprintf(out, "\" time=\"%.3f\">", r->seconds);
	if (m) {
		report_details(m, "", job, file, r, fl);
		fclose(m);
	}
	if (r->state == SIM_SKIPPED) {
		put_skipped(out, r);
	} else if (r->state == SIM_FAILED) {
		put_failed(out, job, r, text ? text : "");
	} else if (n) {
		fputs("<system-out>", out);
		put_escaped(out, text);
		fputs("</system-out>", out);
	}
	fputs("</testcase>\n", out);
	free(text);
}

static void end(FILE *out, const struct sim_totals *t)
{
	if (t->interrupted) {
		suite.tests++;
		suite.errors++;
		fputs("<testcase classname=\"kvmsim\" name=\"", suite.to);
		put_escaped(suite.to, t->interrupted->name);
		fprintf(suite.to, "\" time=\"0\"><error message=\"interrupted by signal %d (%s)\"/></testcase>\n",
			t->signal, strsignal(t->signal));
	}
	if (fclose(suite.to))
		perror("kvmsim: JUnit results");
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", out);
	fprintf(out, "<testsuite name=\"kvmsim\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
		suite.tests, suite.failures, suite.errors, suite.skipped);
	fprintf(out, " time=\"%.3f\">\n", t->seconds);
	fwrite(suite.text, 1, suite.bytes, out);
	fputs("</testsuite>\n</testsuites>\n", out);
	free(suite.text);
}

const struct sim_reporter reporter_junit = { .begin = begin, .job = job, .end = end };
