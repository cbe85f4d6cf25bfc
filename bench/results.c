// SPDX-License-Identifier: GPL-2.0-only
/* Writes the figures as JSON, and compares them with an earlier file. */
#include "bench.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_MADS 3	/* a time is different if the medians are so many deviations apart, */
#define NOISE_PERCENT 10	/* and by so much */
#define EXPONENT_STEP 0.1	/* costs grow differently if their exponents are so far apart */

static cJSON *case_json(const struct bench_case *c)
{
	cJSON *o = cJSON_CreateObject(), *counts = cJSON_AddObjectToObject(o, "counts"), *part;

	cJSON_AddStringToObject(o, "file", c->path);
	cJSON_AddStringToObject(o, "unit", c->unit);
	cJSON_AddNumberToObject(o, "operations", (double)c->ops);
	for (size_t i = 0; i < c->ncounts; i++)
		cJSON_AddNumberToObject(counts, c->count_names[i], c->counts[i]);
	if (c->has_instructions) {
		part = cJSON_AddObjectToObject(o, "instructions");
		for (int i = 0; i < BENCH_PARTS; i++)
			cJSON_AddNumberToObject(part, bench_part_names[i], c->instructions[i]);
	}
	part = cJSON_AddObjectToObject(o, "ns");
	cJSON_AddNumberToObject(part, "median", c->median);
	cJSON_AddNumberToObject(part, "mad", c->mad);
	cJSON_AddNumberToObject(part, "rounds", (double)c->rounds);
	return o;
}

static void add_scaling(cJSON *all, const struct bench_results *r)
{
	cJSON *list = cJSON_AddArrayToObject(all, "scaling");
	struct bench_series *v;
	size_t n = bench_find_series(r, &v);

	for (size_t i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "series", v[i].title);
		cJSON_AddStringToObject(o, "of", v[i].what);
		cJSON_AddNumberToObject(o, "exponent", v[i].exponent);
		cJSON_AddItemToArray(list, o);
	}
	free(v);
}

int bench_write_json(const struct bench_results *r, const char *path)
{
	cJSON *all = cJSON_CreateObject(), *cases;
	char *text;
	FILE *f = fopen(path, "we");
	int rc = -1;

	cJSON_AddStringToObject(all, "kernel", r->kernel);
	cases = cJSON_AddObjectToObject(all, "cases");
	for (size_t i = 0; i < r->n; i++)
		cJSON_AddItemToObject(cases, r->v[i].key, case_json(&r->v[i]));
	add_scaling(all, r);
	text = cJSON_Print(all);
	if (f) {
		rc = fprintf(f, "%s\n", text) < 0 ? -1 : 0;
		rc |= fclose(f) ? -1 : 0;
	}
	if (rc)
		fprintf(stderr, "kvmsim bench: %s: %s\n", path, strerror(errno));
	cJSON_free(text);
	cJSON_Delete(all);
	return rc;
}

static cJSON *read_json(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	cJSON *all = NULL;

	if (!f) {
		fprintf(stderr, "kvmsim bench: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	if (getdelim(&text, &room, 0, f) > 0)
		all = cJSON_Parse(text);
	free(text);
	fclose(f);
	if (cJSON_GetObjectItemCaseSensitive(all, "cases"))
		return all;
	fprintf(stderr, "kvmsim bench: %s is no file of bench --json\n", path);
	cJSON_Delete(all);
	return NULL;
}

static double number(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

static double percent(double old, double new)
{
	return old ? (new - old) * 100 / old : 100;
}

/* Prints a count that differs. Returns 1 if it is worse. */
static int compare_number(const struct bench_case *c, const char *name, double old, double new, double threshold)
{
	if (isnan(old) || fabs(new - old) < 0.001 || fabs(percent(old, new)) <= threshold)
		return 0;
	printf("%s: %s: %.3f -> %.3f (%+.1f %%)%s\n", c->name, name, old, new, percent(old, new),
	       new > old ? ", worse" : "");
	return new > old;
}

static int compare_case(const struct bench_case *c, const cJSON *old, double threshold)
{
	const cJSON *counts = cJSON_GetObjectItemCaseSensitive(old, "counts"), *v;
	const cJSON *ns = cJSON_GetObjectItemCaseSensitive(old, "ns");
	double median = number(ns, "median"), mad = number(ns, "mad");
	int worse = 0;

	for (size_t i = 0; i < c->ncounts; i++) {
		v = cJSON_GetObjectItemCaseSensitive(counts, c->count_names[i]);
		worse += compare_number(c, c->count_names[i], v ? v->valuedouble : 0, c->counts[i], threshold);
	}
	cJSON_ArrayForEach(v, counts) {
		size_t i = 0;

		while (i < c->ncounts && strcmp(c->count_names[i], v->string))
			i++;
		if (i == c->ncounts)
			compare_number(c, v->string, v->valuedouble, 0, threshold);
	}
	v = cJSON_GetObjectItemCaseSensitive(old, "instructions");
	for (int i = 0; v && c->has_instructions && i < BENCH_REST; i++) {
		char name[40];

		snprintf(name, sizeof(name), "instructions of the %s", bench_part_names[i]);
		worse += compare_number(c, name, number(v, bench_part_names[i]), c->instructions[i], threshold);
	}
	if (fabs(c->median - median) > NOISE_MADS * (c->mad + mad) && fabs(percent(median, c->median)) > NOISE_PERCENT)
		printf("%s: ns: %.1f -> %.1f (%+.1f %%)\n", c->name, median, c->median, percent(median, c->median));
	return worse;
}

/* The exponent of the same series in an earlier file; NAN if it is not there, or of another kind of cost. */
static double old_exponent(const cJSON *list, const struct bench_series *s)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, list) {
		const char *title = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "series"));
		const char *what = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "of"));

		if (title && what && !strcmp(title, s->title) && !strcmp(what, s->what))
			return number(o, "exponent");
	}
	return NAN;
}

/* Prints the exponents that differ. Returns how many of those that do not depend on the host are worse. */
static int compare_scaling(const struct bench_results *r, const cJSON *list)
{
	struct bench_series *v;
	size_t n = bench_find_series(r, &v);
	int worse = 0;

	for (size_t i = 0; i < n; i++) {
		double old = old_exponent(list, &v[i]);
		int is_worse = v[i].exponent > old && strcmp(v[i].what, "ns") != 0;

		if (isnan(old) || fabs(v[i].exponent - old) < EXPONENT_STEP)
			continue;
		printf("%s: exponent of the %s: %.2f -> %.2f%s\n", v[i].title, v[i].what, old, v[i].exponent,
		       is_worse ? ", worse" : "");
		worse += is_worse;
	}
	free(v);
	return worse;
}

int bench_compare(const struct bench_results *r, const char *path, double threshold)
{
	cJSON *all = read_json(path), *cases = cJSON_GetObjectItemCaseSensitive(all, "cases");
	const char *kernel = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, "kernel"));
	int worse = 0;

	if (!all)
		return -1;
	printf("\nAgainst %s (Linux %s), what differs by more than %g %%:\n", path, kernel ? kernel : "?", threshold);
	for (size_t i = 0; i < r->n; i++) {
		const cJSON *old = cJSON_GetObjectItemCaseSensitive(cases, r->v[i].key);

		if (old)
			worse += compare_case(&r->v[i], old, threshold);
		else
			printf("%s: is new\n", r->v[i].name);
	}
	worse += compare_scaling(r, cJSON_GetObjectItemCaseSensitive(all, "scaling"));
	printf("%d figure%s worse\n", worse, worse == 1 ? " is" : "s are");
	cJSON_Delete(all);
	return worse;
}
