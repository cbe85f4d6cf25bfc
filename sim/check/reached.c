// SPDX-License-Identifier: GPL-2.0-only
/* The command reach: how many functions of the kernel each scenario file reaches, and how many only it does. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

/* What the scenarios of a file reach on one flavour. */
struct reached {
	unsigned char *set;	/* of the record's functions */
	size_t bytes;
	int runs;		/* a scenario of the file runs on the flavour */
};

static void add_set(struct reached *r, const struct record_job *j)
{
	for (size_t n = 0; n < j->bytes * 8; n++)
		if (j->set[n / 8] & 1 << n % 8)
			record_set(&r->set, &r->bytes, n);
}

static int has(const struct reached *r, size_t function)
{
	return function / 8 < r->bytes && r->set[function / 8] & 1 << function % 8;
}

/* Returns for each function how many files reach it. */
static size_t *count_files(const struct record *r, const struct reached *v, size_t nfiles)
{
	size_t *files = xmalloc((r->nfunctions + 1) * sizeof(*files));

	for (size_t n = 0; n < r->nfunctions; n++)
		for (size_t i = 0; i < nfiles; i++)
			files[n] += has(&v[i], n) != 0;
	return files;
}

static void print_file(const struct record *r, const struct reached *v, const size_t *files, const char *path)
{
	size_t all = 0, only = 0;

	for (size_t n = 0; n < r->nfunctions; n++)
		if (has(v, n)) {
			all++;
			only += files[n] == 1;
		}
	printf("%9zu %9zu   %s\n", all, only, path);
}

static void print_flavour(const struct check *c, size_t flavour, const struct reached *v,
			  const struct sim_file *files, size_t nfiles)
{
	const struct record *r = &c->flavours[flavour].record;
	size_t *by = count_files(r, v, nfiles), some = 0;

	for (size_t n = 0; n < r->nfunctions; n++)
		some += by[n] > 0;
	printf("%s, Linux %s: these files reach %zu functions of the kernel, of %zu that have code\n\n%9s %9s   %s\n",
	       c->arch[flavour], r->release, some, r->nfunctions, "functions", "only here", "file");
	for (size_t i = 0; i < nfiles; i++)
		if (v[i].runs)
			print_file(r, &v[i], by, files[i].path);
	putchar('\n');
	free(by);
}

static int on_plan(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	struct check *c = arg;
	struct reached **v;
	size_t nfiles = 0;

	if (check_take_flavours(c, w->flavours) || check_learn(c, w, files, plan))
		return -1;
	for (size_t i = 0; i < plan->n; i++)
		if ((size_t)plan->jobs[i].file >= nfiles)
			nfiles = (size_t)plan->jobs[i].file + 1;
	v = xmalloc((c->nflavours + 1) * sizeof(*v));
	for (size_t i = 0; i < c->nflavours; i++)
		v[i] = xmalloc((nfiles + 1) * sizeof(*v[i]));
	for (size_t i = 0; i < plan->n; i++) {
		const struct sim_job *j = &plan->jobs[i];
		const struct record_job *r =
			j->skip ? NULL : record_find(&c->flavours[j->flavour].record, &files[j->file], j);

		if (r) {
			v[j->flavour][j->file].runs = 1;
			add_set(&v[j->flavour][j->file], r);
		}
	}
	for (size_t i = 0; i < c->nflavours; i++) {
		print_flavour(c, i, v[i], files, nfiles);
		for (size_t k = 0; k < nfiles; k++)
			free(v[i][k].set);
		free(v[i]);
	}
	free(v);
	return 1;
}

int check_reached(const struct sim_options *given)
{
	struct check c = { .options = given };
	struct sim_hooks hooks = { .arg = &c, .plan = on_plan };
	struct sim_options o = *given;
	int rc;

	o.hooks = &hooks;
	rc = engine_run(&o);
	check_free(&c);
	return rc;
}
