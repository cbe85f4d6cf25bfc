// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's selftests as a part of check: which of them reach a change is recorded like that of scenarios, the
 * nearest ones run after the scenarios, with breakpoints at the changed lines.
 *
 * A selftest is a process of its own with a flavour in it (exec/reach.c), so points are distances from the flavour's
 * beginning. What loading KVM reaches there is not noted: it is the same for scenarios.
 */
#include "check.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARCH "x86_64"
#define NAME "selftests"

int check_take_selftests(struct check *c, struct sim_options *o)
{
	char **paths = xmalloc((size_t)(o->npaths + 1) * sizeof(*paths));
	int n = 0, named = 0;

	for (int i = 0; i < o->npaths; i++) {
		if (strcmp(o->paths[i], NAME))
			paths[n++] = o->paths[i];
		else
			named = 1;
	}
	o->paths = paths;
	o->npaths = n;
	c->selftests.wanted = (o->all || named) && !o->failed;
	return !n && named;
}

static int wanted(void *arg, const struct selftest_job *j)
{
	struct check *c = arg;

	return j->mmu && j->test->kind == SELFTEST_RUN && name_selected(c->options, j->job.name) &&
	       of_shard(c->options, c->selftests.seen++);
}

/* Returns how the record names a run: by the program's text, so that one that is built again has another stamp. */
static void name_job(const struct selftest_job *j, struct sim_file *file, struct sim_job *job)
{
	*file = (struct sim_file){ .path = j->program };
	*job = j->job;
	job->scenario = j->job.name;
	job->personality = NULL;
}

static const struct record_job *recorded(const struct check_flavour *fl, const struct selftest_job *j)
{
	struct sim_file file;
	struct sim_job job;

	name_job(j, &file, &job);
	return record_find(&fl->record, &file, &job);
}

/* Returns the points of the flavour as distances from its beginning. */
static uint64_t *distances(const struct sim_flavour *f, const struct reach_points *p)
{
	uint64_t *at = xmalloc((p->n + 1) * sizeof(*at));
	Dl_info where;

	if (dladdr(f->ops, &where))
		for (size_t i = 0; i < p->n; i++)
			at[i] = p->addr[i] - (uintptr_t)where.dli_fbase;
	return at;
}

struct learner {
	struct check_flavour *fl;
	struct reach_points points;
	size_t *function;	/* of each line */
};

static int learnt(void *arg, struct selftest_job *j)
{
	struct learner *l = arg;
	struct record_job *r;
	struct sim_file file;
	struct sim_job job;

	name_job(j, &file, &job);
	r = record_job(&l->fl->record, &file, &job);
	if (r)
		check_add_hits(l->fl, &l->points, l->function, j->hits, &r->set, &r->bytes);
	selftest_forget_hits(j);
	j->npoints = 0;
	result_reset(j->result);
	return 0;
}

static bool every_line(void *arg, size_t line)
{
	(void)arg;
	(void)line;
	return true;
}

/* Runs those that have no record. Returns 0, or the signal that ended it. */
static int learn(struct check *c, const struct sim_flavour *f, struct check_flavour *fl)
{
	struct selftest_set *set = &c->selftests.set;
	struct selftest_job *missing = xmalloc((set->n + 1) * sizeof(*missing));
	struct learner l = { .fl = fl };
	size_t n = 0, next;
	uint64_t *at;
	int sig;

	for (size_t i = 0; i < set->n; i++)
		if (!recorded(fl, &set->jobs[i]))
			missing[n++] = set->jobs[i];
	if (!n) {
		free(missing);
		return 0;
	}
	fprintf(stderr, "kvmsim: recording which functions %zu selftests reach (once)\n", n);
	code_points(&fl->code, &l.points, every_line, NULL);
	l.function = check_number_lines(fl);
	at = distances(f, &l.points);
	for (size_t i = 0; i < n; i++) {
		missing[i].points = at;
		missing[i].npoints = l.points.n;
	}
	sig = selftests_run(missing, n, c->options->jobs, &next, learnt, &l);
	record_store(&fl->record, f);
	reach_points_free(&l.points);
	free(l.function);
	free(at);
	free(missing);
	return sig;
}

static int have_library(void)
{
	char *dir = flavour_dir(), *path = xasprintf("%s/libkvmexec.so", dir ? dir : ".");
	int have = !access(path, R_OK);

	free(path);
	free(dir);
	return have;
}

int check_find_selftests(struct check *c, const struct sim_flavours *fl)
{
	struct check_selftests *s = &c->selftests;

	for (s->flavour = 0; s->flavour < fl->n && strcmp(fl->v[s->flavour].ops->arch, ARCH); s->flavour++)
		;
	s->wanted &= s->flavour < fl->n;
	if (!s->wanted)
		return 0;
	s->machine = &fl->v[s->flavour];
	if (!have_library()) {
		s->missing = "builds with sanitizers have no kvmsim exec";
		return 0;
	}
	if (selftest_set_find(&s->set)) {
		s->missing = "there is no list of them, or they are not there";
		return 0;
	}
	selftest_set_jobs(&s->set, wanted, c);
	if (selftest_set_build(&s->set)) {
		s->missing = "they cannot be built";
		s->set.n = 0;
		return 0;
	}
	return learn(c, s->machine, &c->flavours[s->flavour]) ? -1 : 0;
}

/* Which program of the list a job runs. */
static size_t program_of(const struct selftest_set *s, const struct selftest_job *j)
{
	size_t i = 0;

	while (strcmp(s->tests.v[i].program, j->test->program))
		i++;
	return i;
}

void check_choose_selftests(struct check *c)
{
	struct check_selftests *s = &c->selftests;
	struct check_candidate *v = xmalloc((s->set.n + 1) * sizeof(*v));
	size_t limit = c->options->limit;

	for (size_t i = 0; i < s->set.n; i++) {
		const struct record_job *r = recorded(&c->flavours[s->flavour], &s->set.jobs[i]);
		struct check_candidate *new = &v[s->candidates];

		if (!r || !check_weigh(c, s->flavour, r, 1, new))
			continue;
		new->job = i;
		new->file = (int)program_of(&s->set, &s->set.jobs[i]);
		s->candidates++;
	}
	check_take_turns(v, s->candidates, s->set.tests.n);
	s->n = s->candidates;
	if (limit && s->n > (limit + 9) / 10)
		s->n = (limit + 9) / 10;
	s->jobs = xmalloc((s->n + 1) * sizeof(*s->jobs));
	for (size_t i = 0; i < s->n; i++)
		s->jobs[i] = s->set.jobs[v[i].job];
	free(v);
}

struct reporting {
	struct check *c;
	sim_more_done *done;
	void *to;
};

static int ran(void *arg, struct selftest_job *j)
{
	struct reporting *r = arg;
	struct check_selftests *s = &r->c->selftests;

	for (size_t i = 0; i < j->npoints; i++)
		r->c->flavours[s->flavour].covered[i] |= j->hits[i];
	selftest_forget_hits(j);
	j->result->expectations = 1;	/* those of the program */
	s->passed += j->result->state == SIM_PASSED;
	s->failed += j->result->state == SIM_FAILED;
	s->seconds += j->result->seconds;
	return r->done(r->to, &j->job, &j->file, j->result);
}

int check_run_selftests(void *arg, sim_more_done *done, void *to, const struct sim_job **interrupted)
{
	struct check *c = arg;
	struct check_selftests *s = &c->selftests;
	struct reporting r = { c, done, to };
	const struct reach_points *p;
	uint64_t *at = NULL;
	size_t next = 0;
	int sig;

	if (!s->n)
		return 0;
	p = &c->reach.v[s->flavour];
	if (p->n)
		at = distances(s->machine, p);
	for (size_t i = 0; i < s->n; i++) {
		s->jobs[i].points = at;
		s->jobs[i].npoints = p->n;
	}
	sig = selftests_run(s->jobs, s->n, c->options->jobs, &next, ran, &r);
	if (sig)
		*interrupted = &s->jobs[next].job;
	free(at);
	return sig;
}

void check_free_selftests(struct check *c)
{
	free(c->selftests.jobs);
	if (c->selftests.machine)
		selftest_set_free(&c->selftests.set);
}
