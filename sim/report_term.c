// SPDX-License-Identifier: GPL-2.0-only
/* The summary for a terminal: a line per scenario, details of failures, and a progress line during the run. */
#include "report.h"

#include <unistd.h>

#define NAME_MAX_SHOWN 100

int reporter_color;

static const char *paint(const char *code)
{
	return reporter_color ? code : "";
}

#define RED paint("\033[31m")
#define GREEN paint("\033[32m")
#define YELLOW paint("\033[33m")
#define BOLD paint("\033[1m")
#define RESET paint("\033[0m")

static void running(FILE *out, const struct sim_job *job, size_t number, size_t planned)
{
	if (!isatty(fileno(out)))
		return;
	fprintf(out, "\r\033[K[%zu/%zu] %.*s", number, planned, NAME_MAX_SHOWN, job->name);
	fflush(out);
}

static void job(FILE *out, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r,
		const struct sim_flavours *fl, size_t number)
{
	(void)number;
	if (isatty(fileno(out)))
		fputs("\r\033[K", out);
	if (r->state == SIM_SKIPPED)
		fprintf(out, "%sskip%s  %s (%s)\n", YELLOW, RESET, job->name, r->skip);
	else if (r->state == SIM_PASSED)
		fprintf(out, "%spass%s  %s\n", GREEN, RESET, job->name);
	else
		fprintf(out, "%sFAIL%s  %s%s%s\n", RED, RESET, BOLD, job->name, RESET);
	report_details(out, "      ", job, file, r, fl);
	fflush(out);
}

static void end(FILE *out, const struct sim_totals *t)
{
	if (t->interrupted && isatty(fileno(out)))
		fputs("\r\033[K", out);
	groups_print(out, "", t->groups);
	report_interrupted(out, "", t);
	fprintf(out, "%s%s%zu passed, %zu failed, %zu skipped%s (%.1f s)\n", BOLD, t->failed ? RED : GREEN, t->passed,
		t->failed, t->skipped, RESET, t->seconds);
	if (t->warned)
		fprintf(out, "%swarning: %zu of those that passed judge%s nothing%s\n", YELLOW, t->warned,
			t->warned == 1 ? "s" : "", RESET);
}

static void job_brief(FILE *out, const struct sim_job *j, const struct sim_file *file, const struct sim_result *r,
		      const struct sim_flavours *fl, size_t number)
{
	if (r->state == SIM_FAILED)
		job(out, j, file, r, fl, number);
}

const struct sim_reporter reporter_brief = { .running = running, .job = job_brief, .end = end };
const struct sim_reporter reporter_failures = { .job = job_brief };
const struct sim_reporter reporter_term = { .running = running, .job = job, .end = end };
