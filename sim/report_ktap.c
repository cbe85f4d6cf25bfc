// SPDX-License-Identifier: GPL-2.0-only
/* KTAP version 1 (the kernel's Documentation/dev-tools/ktap.rst): diagnostics stand before the line they belong to. */
#include "report.h"

static void begin(FILE *out, size_t planned)
{
	fprintf(out, "KTAP version 1\n1..%zu\n", planned);
	fflush(out);
}

static void job(FILE *out, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r,
		const struct sim_flavours *fl, size_t number)
{
	report_details(out, "# ", job, file, r, fl);
	if (r->state == SIM_SKIPPED)
		fprintf(out, "ok %zu %s # SKIP %s\n", number, job->name, r->skip);
	else if (job->arch && job->personality && job->personality[0])
		fprintf(out, "%s %zu %s # arch=%s mmu=%s%s%s%s%s\n", r->state == SIM_PASSED ? "ok" : "not ok", number,
			job->name, job->arch, job->personality, job->facilities[0] ? " facilities=" : "",
			job->facilities, job->params[0] ? " params=" : "", job->params);
	else
		fprintf(out, "%s %zu %s%s%s\n", r->state == SIM_PASSED ? "ok" : "not ok", number, job->name,
			job->arch ? " # arch=" : "", job->arch ? job->arch : "");
	fflush(out);
}

static void end(FILE *out, const struct sim_totals *t)
{
	groups_print(out, "# ", t->groups);
	report_interrupted(out, "# ", t);
	fprintf(out, "# Totals: pass:%zu fail:%zu skip:%zu total:%zu\n", t->passed, t->failed, t->skipped,
		t->passed + t->failed + t->skipped);
	if (t->warned)
		fprintf(out, "# warning: %zu of those that passed judge%s nothing\n", t->warned,
			t->warned == 1 ? "s" : "");
}

const struct sim_reporter reporter_ktap = { .begin = begin, .job = job, .end = end };
