// SPDX-License-Identifier: GPL-2.0-only
/* JUnit XML as CI systems read it: one suite, a test case per job, the details of a failure as its text. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* XML has no way to write most control characters: they become question marks, as does what is not UTF-8. */
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

/* The first line that says why: what the scenario expected, or else what the machine reported. */
static void put_message(FILE *out, const struct sim_result *r)
{
	const char *why = r->failures.len ? r->failures.s : r->nr_reports ? r->reports[0].text : "failed";
	char *line = strndup(why, strcspn(why, "\n"));

	put_escaped(out, line ? line : "failed");
	free(line);
}

static void begin(FILE *out, size_t planned)
{
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	fprintf(out, "<testsuite name=\"kvmsim\" tests=\"%zu\">\n", planned);
}

static void job(FILE *out, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r,
		const struct sim_flavours *fl, size_t number)
{
	char *text = NULL;
	size_t n = 0;
	FILE *m;

	(void)number;
	fputs("<testcase classname=\"", out);
	put_escaped(out, file->path);
	fputs("\" name=\"", out);
	put_escaped(out, job->name);
	fprintf(out, "\" time=\"%.3f\">", r->seconds);
	if (r->state == SIM_SKIPPED) {
		fputs("<skipped message=\"", out);
		put_escaped(out, r->skip);
		fputs("\"/>", out);
	} else {
		m = open_memstream(&text, &n);
		if (m) {
			report_details(m, "", job, file, r, fl);
			fclose(m);
		}
		if (n) {
			if (r->state == SIM_FAILED) {
				fputs("<failure message=\"", out);
				put_message(out, r);
				fputs("\">", out);
			} else {
				fputs("<system-out>", out);
			}
			put_escaped(out, text);
			fputs(r->state == SIM_FAILED ? "</failure>" : "</system-out>", out);
		}
		free(text);
	}
	fputs("</testcase>\n", out);
}

static void end(FILE *out, const struct sim_totals *t)
{
	(void)t;
	fputs("</testsuite>\n</testsuites>\n", out);
}

const struct sim_reporter reporter_junit = { .begin = begin, .job = job, .end = end };
