// SPDX-License-Identifier: GPL-2.0-only
/* Keeps the jobs of a plan that the command line asks for: by name, by line, by what failed last, by shard. */
#include "plan.h"

#include <stdlib.h>

static int any_matches(const struct sim_patterns *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++)
		if (filter_match(p->v[i], name))
			return 1;
	return 0;
}

/* Returns the line where the last scenario of the file that does not begin behind line begins, or 0. */
static int begin_of(const struct sim_plan *plan, int file, int line)
{
	int begin = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct sim_job *j = &plan->jobs[i];

		if (j->file == file && j->line <= line && j->line > begin)
			begin = j->line;
	}
	return begin;
}

/*
 * Replaces the lines that the user gave by those where their scenarios begin. Returns 0, or -1 after a message. A file
 * that could not be loaded is reported as such.
 */
static int find_lines(const struct sim_plan *plan, struct sim_file *files, size_t nfiles)
{
	for (size_t f = 0; f < nfiles; f++)
		for (size_t i = 0; i < files[f].nlines && !files[f].error; i++) {
			int begin = begin_of(plan, (int)f, files[f].lines[i]);

			if (!begin) {
				fprintf(stderr, "kvmsim: %s:%d: no scenario begins here or above\n", files[f].path,
					files[f].lines[i]);
				return -1;
			}
			files[f].lines[i] = begin;
		}
	return 0;
}

static int has_line(const struct sim_file *f, int line)
{
	for (size_t i = 0; i < f->nlines; i++)
		if (f->lines[i] == line)
			return 1;
	return !f->nlines;
}

int name_selected(const struct sim_options *o, const char *name)
{
	return (!o->filters.n || any_matches(&o->filters, name)) && !any_matches(&o->excludes, name);
}

static int selected(const struct sim_job *j, const struct sim_file *f, const struct sim_options *o,
		    const struct sim_failed *failed)
{
	return name_selected(o, j->name) && has_line(f, j->line) && (!o->failed || failed_has(failed, f, j));
}

int of_shard(const struct sim_options *o, size_t i)
{
	return !o->shards || i % o->shards == o->shard - 1;
}

int plan_select(struct sim_plan *plan, struct sim_file *files, size_t nfiles, const struct sim_options *o,
		const struct sim_failed *failed)
{
	size_t kept = 0, seen = 0;

	if (find_lines(plan, files, nfiles))
		return -1;
	for (size_t i = 0; i < plan->n; i++) {
		struct sim_job *j = &plan->jobs[i];

		if (selected(j, &files[j->file], o, failed) && of_shard(o, seen++))
			plan->jobs[kept++] = *j;
		else
			job_free(j);
	}
	plan->n = kept;
	/* Each file that could not be loaded is in one shard, too. */
	for (size_t f = 0; f < nfiles; f++)
		if (files[f].error && !of_shard(o, f)) {
			free(files[f].error);
			files[f].error = NULL;
		}
	return 0;
}
