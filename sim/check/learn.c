// SPDX-License-Identifier: GPL-2.0-only
/* Runs scenarios with a breakpoint at every line of the kernel, to record which functions they reach. */
#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct learner {
	struct check *c;
	struct sim_world world;
	const struct sim_file *files;
	size_t **function;	/* for each flavour and line of its code: a number of its record, or RECORD_NONE */
	size_t done, all;
};

static bool every_line(void *arg, size_t line)
{
	(void)arg;
	(void)line;
	return true;
}

size_t *check_number_lines(struct check_flavour *fl)
{
	size_t *numbers = xmalloc((fl->code.n + 1) * sizeof(*numbers));

	for (size_t i = 0; i < fl->code.n; i++) {
		const struct code_line *l = &fl->code.v[i];
		const struct c_function *f = code_function(&fl->code, l->file, l->line);
		char *name = f ? xasprintf("%s:%s", fl->code.files[l->file].name, f->name) : NULL;

		numbers[i] = f ? record_function(&fl->record, name) : RECORD_NONE;
		free(name);
	}
	return numbers;
}

/* Points and lines are in the same order. */
void check_add_hits(const struct check_flavour *fl, const struct reach_points *p, const size_t *function,
		    const unsigned char *hits, unsigned char **set, size_t *bytes)
{
	size_t line = 0;

	for (size_t i = 0; i < p->n; i++) {
		while (line < fl->code.n && fl->code.v[line].addr < p->addr[i])
			line++;
		for (; line < fl->code.n && fl->code.v[line].addr == p->addr[i]; line++)
			if (hits[i] && function[line] != RECORD_NONE)
				record_set(set, bytes, function[line]);
	}
}

static int learnt(void *arg, const struct sim_job *job, const struct sim_result *r)
{
	struct learner *l = arg;
	struct check_flavour *fl = &l->c->flavours[job->flavour];
	struct record_job *record = record_job(&fl->record, &l->files[job->file], job);

	if (record)
		check_add_hits(fl, &l->c->reach.v[job->flavour], l->function[job->flavour], r->hits, &record->set,
			       &record->bytes);
	/* What is recorded stays if the rest is interrupted. */
	if (++l->done % 500 == 0)
		record_store(&fl->record, &l->world.flavours->v[job->flavour]);
	if (l->done % 50 == 0 || l->done == l->all)
		fprintf(stderr, isatty(2) ? "\rkvmsim: recorded %zu of %zu%s" : "kvmsim: recorded %zu of %zu%s",
			l->done, l->all, isatty(2) && l->done < l->all ? "" : "\n");
	return 0;
}

static int learn(struct learner *l, const struct sim_plan *missing)
{
	struct check *c = l->c;
	int rc = 0;

	for (size_t i = 0; i < c->nflavours; i++) {
		l->function[i] = check_number_lines(&c->flavours[i]);
		code_points(&c->flavours[i].code, &c->reach.v[i], every_line, NULL);
		if (c->reach.v[i].n > c->reach.max)
			c->reach.max = c->reach.v[i].n;
	}
	l->world.reach = &c->reach;
	if (c->nflavours == 1) {
		reach_set(&c->reach, 0);
		if (flavour_boot(&l->world.flavours->v[0]))
			return -1;
		l->world.booted = 0;
	}
	if (runner_run(&l->world, l->files, missing, learnt, l))
		rc = -1;
	for (size_t i = 0; i < c->nflavours; i++) {
		struct record *r = &c->flavours[i].record;

		check_add_hits(&c->flavours[i], &c->reach.v[i], l->function[i], c->reach.v[i].loading, &r->loading,
			       &r->loading_bytes);
		rc |= record_store(r, &l->world.flavours->v[i]);
	}
	return rc;
}

static void find_missing(const struct check *c, const struct sim_file *files, const struct sim_plan *plan,
			 struct sim_plan *missing)
{
	missing->jobs = xmalloc((plan->n + 1) * sizeof(*missing->jobs));
	for (size_t i = 0; i < plan->n; i++) {
		const struct sim_job *j = &plan->jobs[i];

		if (!j->skip && !record_find(&c->flavours[j->flavour].record, &files[j->file], j))
			missing->jobs[missing->n++] = *j;
	}
}

/* In a process of its own: the world boots with these breakpoints, and the next run needs others. */
int check_learn(struct check *c, struct sim_world *w, const struct sim_file *files, const struct sim_plan *plan)
{
	struct sim_plan missing = { 0 };
	int status = 0;
	pid_t pid;

	find_missing(c, files, plan, &missing);
	if (missing.n) {
		fprintf(stderr, "kvmsim: recording which functions %zu scenarios reach (once)\n", missing.n);
		pid = world_fork();
		if (!pid) {
			struct learner l = {
				.c = c, .world = *w, .files = files, .all = missing.n,
				.function = xmalloc(c->nflavours * sizeof(*l.function)),
			};

			child_exit(learn(&l, &missing) ? 1 : 0);
		}
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		for (size_t i = 0; i < c->nflavours; i++) {
			record_free(&c->flavours[i].record);
			record_load(&c->flavours[i].record, &w->flavours->v[i]);
		}
	}
	free(missing.jobs);
	if (status)
		fprintf(stderr, "kvmsim: the recording did not end\n");
	return status ? -1 : 0;
}
