// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which scenarios to run for a change.
 *
 * Candidates reach a function that the change touches; if it touches none, a function of the changed files. If loading
 * KVM reaches it, all are candidates. The nearest ones reach most of these functions, and of those the ones that reach
 * least else. If there are too many, each file sends its nearest one first, then its second one, and so on: scenarios
 * of one file are alike.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

static void add_function(struct check *c, const struct change_lines *l, const struct c_function *f)
{
	struct check_function *new;

	for (size_t i = 0; i < c->nfunctions; i++) {
		struct check_function *old = &c->functions[i];

		if (old->file != l->file || (f ? !old->name || strcmp(old->name, f->name) : !!old->name))
			continue;
		if (!f && l->last > old->last)
			old->last = l->last;
		return;
	}
	c->functions = xrealloc(c->functions, (c->nfunctions + 1) * sizeof(*c->functions));
	new = &c->functions[c->nfunctions++];
	*new = (struct check_function){
		.file = l->file, .name = f ? xstrdup(f->name) : NULL, .first = f ? f->first : l->first,
		.last = f ? f->last : l->last,
	};
}

/* Adds the functions that some changed lines are in; without one, the lines. */
static void add_lines(struct check *c, const struct change_lines *l, const struct c_functions *functions)
{
	int found = 0;

	for (size_t i = 0; i < functions->n; i++)
		if (functions->v[i].first <= l->last && l->first <= functions->v[i].last) {
			add_function(c, l, &functions->v[i]);
			found = 1;
		}
	if (!found)
		add_function(c, l, NULL);
}

/* Returns the path of a changed file, if a flavour has code from it. */
static const char *path_of(const struct check *c, size_t file)
{
	for (size_t i = 0; i < c->nflavours; i++)
		for (size_t f = 0; f < c->flavours[i].code.nfiles; f++)
			if (c->flavours[i].file[f] == file)
				return c->flavours[i].code.files[f].path;
	return NULL;
}

static void link_files(struct check *c, struct check_flavour *fl)
{
	fl->file = xmalloc((fl->code.nfiles + 1) * sizeof(*fl->file));
	for (size_t f = 0; f < fl->code.nfiles; f++) {
		fl->file[f] = RECORD_NONE;
		for (size_t i = 0; i < c->change.nfiles; i++)
			if (!strcmp(c->change.files[i], fl->code.files[f].name))
				fl->file[f] = i;
	}
}

static void mark_compiled(struct check *c, const struct check_flavour *fl)
{
	for (size_t i = 0; i < fl->code.n; i++) {
		const struct code_line *l = &fl->code.v[i];

		for (size_t k = 0; fl->file[l->file] != RECORD_NONE && k < c->nfunctions; k++) {
			struct check_function *f = &c->functions[k];

			if (f->file == fl->file[l->file] && f->first <= l->line && l->line <= f->last)
				f->compiled = 1;
		}
	}
}

void check_find_functions(struct check *c)
{
	for (size_t i = 0; i < c->nflavours; i++)
		link_files(c, &c->flavours[i]);
	for (size_t file = 0; file < c->change.nfiles; file++) {
		struct c_functions functions = { 0 };
		const char *path = path_of(c, file);

		if (path)
			functions_read(path, &functions);
		for (size_t i = 0; i < c->change.n; i++)
			if (c->change.v[i].file == file)
				add_lines(c, &c->change.v[i], &functions);
		functions_free(&functions);
	}
	for (size_t i = 0; i < c->nflavours; i++)
		mark_compiled(c, &c->flavours[i]);
}

/* Returns whether a function of the record is f, or stands for it. */
static int is_meant(const struct check *c, const struct check_function *f, const char *recorded)
{
	const char *file = c->change.files[f->file];
	size_t n = strlen(file);

	return !strncmp(recorded, file, n) && recorded[n] == ':' && (!f->name || !strcmp(recorded + n + 1, f->name));
}

/* Finds the changed functions in the records. */
static void find_recorded(struct check *c)
{
	for (size_t i = 0; i < c->nflavours; i++) {
		struct check_flavour *fl = &c->flavours[i];
		const struct record *r = &fl->record;

		fl->functions = xmalloc((c->nfunctions + 1) * sizeof(*fl->functions));
		fl->bytes = xmalloc((c->nfunctions + 1) * sizeof(*fl->bytes));
		for (size_t k = 0; k < c->nfunctions; k++) {
			for (size_t n = 0; n < r->nfunctions; n++)
				if (is_meant(c, &c->functions[k], r->functions[n]))
					record_set(&fl->functions[k], &fl->bytes[k], n);
			c->functions[k].loading |= record_common(r->loading, r->loading_bytes, fl->functions[k],
								 fl->bytes[k]);
		}
	}
}

static int nearer(const void *a, const void *b)
{
	const struct check_candidate *x = a, *y = b;

	if (x->changed != y->changed)
		return x->changed > y->changed ? -1 : 1;
	if (x->all != y->all)
		return x->all < y->all ? -1 : 1;
	return (x->job > y->job) - (x->job < y->job);
}

static int by_turn(const void *a, const void *b)
{
	const struct check_candidate *x = a, *y = b;

	if (x->turn != y->turn)
		return x->turn < y->turn ? -1 : 1;
	return nearer(a, b);
}

static size_t count(const struct record_job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->bytes; i++)
		n += (size_t)__builtin_popcount(j->set[i]);
	return n;
}

/* Returns whether the change touches a function that is compiled. */
static int has_names(const struct check *c)
{
	for (size_t k = 0; k < c->nfunctions; k++)
		if (c->functions[k].name && c->functions[k].compiled)
			return 1;
	return 0;
}

/* Returns whether loading KVM reaches the change. What it did then holds in each scenario of the flavour. */
static int loading_reaches(const struct check *c, const struct check_flavour *fl, int names)
{
	for (size_t k = 0; k < c->nfunctions; k++)
		if ((!names || c->functions[k].name) &&
		    record_common(fl->record.loading, fl->record.loading_bytes, fl->functions[k], fl->bytes[k]))
			return 1;
	return 0;
}

int check_weigh(struct check *c, size_t flavour, const struct record_job *r, int selftest, struct check_candidate *out)
{
	const struct check_flavour *fl = &c->flavours[flavour];
	int names = has_names(c);

	*out = (struct check_candidate){ .all = count(r) };
	for (size_t k = 0; k < c->nfunctions; k++) {
		struct check_function *f = &c->functions[k];

		if (!record_common(r->set, r->bytes, fl->functions[k], fl->bytes[k]))
			continue;
		*(selftest ? &f->selftests : &f->reach) += 1;
		out->changed += !names || f->name;
	}
	return out->changed || loading_reaches(c, fl, names);
}

/* Returns the number of candidates. */
static size_t find_candidates(struct check *c, const struct sim_plan *plan, const struct sim_file *files,
			      struct check_candidate *v)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct sim_job *j = &plan->jobs[i];
		const struct record_job *r =
			j->skip ? NULL : record_find(&c->flavours[j->flavour].record, &files[j->file], j);

		if (!r || !check_weigh(c, (size_t)j->flavour, r, 0, &v[n]))
			continue;
		v[n].job = i;
		v[n++].file = j->file;
	}
	return n;
}

void check_take_turns(struct check_candidate *v, size_t n, size_t nfiles)
{
	size_t *seen = xmalloc((nfiles + 1) * sizeof(*seen));

	qsort(v, n, sizeof(*v), nearer);
	for (size_t i = 0; i < n; i++)
		v[i].turn = seen[v[i].file]++;
	qsort(v, n, sizeof(*v), by_turn);
	free(seen);
}

/* Replaces the plan by the chosen jobs: the file with the nearest one first, each file's jobs in its order. */
static void replace_plan(struct sim_plan *plan, const struct check_candidate *v, size_t n)
{
	struct sim_job *jobs = xmalloc((n + 1) * sizeof(*jobs));
	char *chosen = xmalloc(plan->n + 1);
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		chosen[v[i].job] = 1;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < plan->n; j++)
			if (chosen[j] == 1 && plan->jobs[j].file == v[i].file) {
				jobs[done++] = plan->jobs[j];
				chosen[j] = 2;
			}
	for (size_t j = 0; j < plan->n; j++)
		if (!chosen[j])
			job_free(&plan->jobs[j]);
	free(chosen);
	free(plan->jobs);
	*plan = (struct sim_plan){ jobs, done };
}

void check_choose(struct check *c, struct sim_plan *plan, const struct sim_file *files)
{
	struct check_candidate *v = xmalloc((plan->n + 1) * sizeof(*v));
	size_t nfiles = 0;

	find_recorded(c);
	c->candidates = find_candidates(c, plan, files, v);
	for (size_t i = 0; i < plan->n; i++)
		if ((size_t)plan->jobs[i].file >= nfiles)
			nfiles = (size_t)plan->jobs[i].file + 1;
	check_take_turns(v, c->candidates, nfiles);
	c->chosen = c->candidates;
	if (c->options->limit && c->chosen > c->options->limit)
		c->chosen = c->options->limit;
	replace_plan(plan, v, c->chosen);
	free(v);
}
