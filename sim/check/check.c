// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command check: finds the scenarios that reach a change of the kernel, runs them, and says which lines of the
 * change ran. With --changed, the command run is the first half of it.
 *
 * The record of an earlier run tells which functions a scenario reaches. What is missing in it is recorded first. Then
 * the chosen scenarios run with breakpoints at the changed lines only, as fast as without.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static bool is_changed(void *arg, size_t line)
{
	const struct check_flavour *fl = ((void **)arg)[1];
	const struct check *c = ((void **)arg)[0];
	const struct code_line *l = &fl->code.v[line];

	return fl->file[l->file] != RECORD_NONE && change_has(&c->change, fl->file[l->file], l->line);
}

static void set_breakpoints(struct check *c, struct sim_world *w)
{
	for (size_t i = 0; i < c->nflavours; i++) {
		void *arg[] = { c, &c->flavours[i] };

		code_points(&c->flavours[i].code, &c->reach.v[i], is_changed, arg);
		c->flavours[i].covered = xmalloc(c->reach.v[i].n);
		if (c->reach.v[i].n > c->reach.max)
			c->reach.max = c->reach.v[i].n;
	}
	w->reach = &c->reach;
}

int check_take_flavours(struct check *c, const struct sim_flavours *fl)
{
	c->nflavours = fl->n;
	c->flavours = xmalloc(fl->n * sizeof(*c->flavours));
	c->arch = xmalloc(fl->n * sizeof(*c->arch));
	c->reach = (struct sim_reach){ .v = xmalloc(fl->n * sizeof(*c->reach.v)), .n = fl->n };
	for (size_t i = 0; i < fl->n; i++) {
		c->arch[i] = fl->v[i].ops->arch;
		if (code_read(&fl->v[i], &c->flavours[i].code))
			return -1;
		record_load(&c->flavours[i].record, &fl->v[i]);
	}
	c->release = xstrdup(fl->v[0].ops->kernel_release);
	return 0;
}

static int choose(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	struct check *c = arg;

	if (check_take_flavours(c, w->flavours))
		return -1;
	check_find_functions(c);
	if (check_learn(c, w, files, plan) || check_find_selftests(c, w->flavours))
		return -1;
	if (!plan->n && !c->selftests.set.n && c->selftests.wanted) {
		fprintf(stderr, "kvmsim: nothing has a name that --filter and --exclude let through\n");
		return -1;
	}
	check_choose(c, plan, files);
	check_choose_selftests(c);
	return 0;
}

static int choose_and_watch(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	if (choose(arg, w, files, plan))
		return -1;
	set_breakpoints(arg, w);
	return 0;
}

/* Says what run has left out. */
static int choose_and_say(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	const struct check *c = arg;

	if (choose(arg, w, files, plan))
		return -1;
	fprintf(stderr, "kvmsim: %zu of %zu scenarios that reach the change\n", c->chosen, c->candidates);
	if (c->selftests.wanted)
		fprintf(stderr, "kvmsim: %zu of %zu runs of selftests that reach it\n", c->selftests.n,
			c->selftests.candidates);
	return 0;
}

static void on_result(void *arg, const struct sim_job *job, const struct sim_file *file, const struct sim_flavours *fl,
		      const struct sim_result *r)
{
	struct check *c = arg;

	(void)file;
	(void)fl;
	c->passed += r->state == SIM_PASSED;
	c->failed += r->state == SIM_FAILED;
	c->skipped += r->state == SIM_SKIPPED;
	for (size_t i = 0; job->flavour >= 0 && i < c->reach.v[job->flavour].n; i++)
		c->flavours[job->flavour].covered[i] |= r->hits[i];
}

void check_free(struct check *c)
{
	check_free_selftests(c);
	for (size_t i = 0; i < c->nflavours; i++) {
		code_free(&c->flavours[i].code);
		record_free(&c->flavours[i].record);
		free(c->flavours[i].file);
		for (size_t k = 0; c->flavours[i].functions && k < c->nfunctions; k++)
			free(c->flavours[i].functions[k]);
		free(c->flavours[i].functions);
		free(c->flavours[i].bytes);
		free(c->flavours[i].covered);
		reach_points_free(&c->reach.v[i]);
	}
	for (size_t i = 0; i < c->nfunctions; i++)
		free(c->functions[i].name);
	free(c->functions);
	free(c->flavours);
	free(c->arch);
	free(c->release);
	free(c->reach.v);
	change_free(&c->change);
}

static int read_change(const struct sim_options *o, const char *command, struct check *c)
{
	if (o->diff)
		return change_read(o->diff, &c->change);
	fprintf(stderr, "kvmsim: %s: which change? Give --diff FILE, or a kernel tree: --kernel DIR\n", command);
	return -1;
}

/* Makes the hooks those of the run, with the selftests if the arguments ask for them. */
static void add_selftests(struct check *c, struct sim_options *o, struct sim_hooks *hooks)
{
	hooks->no_files = check_take_selftests(c, o);
	if (c->selftests.wanted) {
		hooks->more = &c->selftests.n;
		hooks->run_more = check_run_selftests;
	}
	o->hooks = hooks;
}

int check_run(const struct sim_options *given)
{
	struct check c = { .options = given };
	struct sim_hooks hooks = {
		.arg = &c, .plan = choose_and_watch, .result = on_result, .reporter = &reporter_brief
	};
	struct sim_options o = *given;
	int rc;

	if (read_change(given, "check", &c))
		return SIM_EXIT_USAGE;
	add_selftests(&c, &o, &hooks);
	rc = engine_run(&o);
	if (rc != SIM_EXIT_USAGE) {
		for (size_t i = 0; i < c.nflavours; i++)
			for (size_t k = 0; k < c.reach.v[i].n; k++)
				c.flavours[i].covered[k] |= c.reach.v[i].loading[k];
		check_verdict(&c, stdout);
	}
	check_free(&c);
	return rc;
}

int check_run_changed(const struct sim_options *given)
{
	struct check c = { .options = given };
	struct sim_hooks hooks = { .arg = &c, .plan = choose_and_say };
	struct sim_options o = *given;
	int rc;

	if (read_change(given, "run --changed", &c))
		return SIM_EXIT_USAGE;
	add_selftests(&c, &o, &hooks);
	rc = engine_run(&o);
	check_free(&c);
	return rc;
}
