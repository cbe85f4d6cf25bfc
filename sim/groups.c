// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups equal failures of different scenarios, so that the end of a run names each cause once.
 *
 * Two reports are equal if kind, check and place are the same and their texts differ only in numbers. A scenario that
 * failed without a report counts with the first line of its failures, which names file and line.
 */
#include "report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SHOWN 10

struct group {
	char *key, *title, *first;
	size_t scenarios;
};

struct sim_groups {
	struct group *v;
	size_t n;
};

struct sim_groups *groups_new(void)
{
	struct sim_groups *g = xmalloc(sizeof(*g));

	*g = (struct sim_groups){ 0 };
	return g;
}

void groups_free(struct sim_groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->v[i].key);
		free(g->v[i].title);
		free(g->v[i].first);
	}
	free(g->v);
	free(g);
}

/* Replaces each number, decimal or hexadecimal, by a number sign. Returns s. */
static char *forget_numbers(char *s)
{
	char *begin = s, *to = s;

	while (*s) {
		if (!isdigit((unsigned char)*s)) {
			*to++ = *s++;
			continue;
		}
		s += s[0] == '0' && s[1] == 'x' ? 2 : 1;
		while (isxdigit((unsigned char)*s))
			s++;
		*to++ = '#';
	}
	*to = 0;
	return begin;
}

/* title: one line; taken over, as is key. */
static void add(struct sim_groups *g, char *key, char *title, const struct sim_job *job)
{
	struct group *e = NULL;

	for (size_t i = 0; i < g->n && !e; i++)
		if (!strcmp(g->v[i].key, key))
			e = &g->v[i];
	if (e) {
		free(key);
		free(title);
	} else {
		g->v = xrealloc(g->v, (g->n + 1) * sizeof(*g->v));
		e = &g->v[g->n++];
		*e = (struct group){ .key = key, .title = title, .first = xstrdup(job->name) };
	}
	e->scenarios++;
}

/* Of several reports the first is the cause; the others often follow from it. */
void groups_add(struct sim_groups *g, const struct sim_job *job, const struct sim_result *r)
{
	const struct sim_report *k = r->reports;
	const char *text = r->nr_reports ? k->text : r->failures.s;
	char *line = xasprintf("%.*s", (int)strcspn(text, "\n"), text), *place, *key;
	char kind[64];

	if (!r->nr_reports) {
		add(g, xstrdup(line), line, job);
		return;
	}
	report_title(kind, sizeof(kind), k->kind, k->check);
	place = k->file[0] ? xasprintf(" at %s:%d", k->file, k->line) : xstrdup("");
	key = forget_numbers(xstrdup(line));
	add(g, xasprintf("%s%s: %s", kind, place, key), xasprintf("%s%s: %s", kind, place, line), job);
	free(key);
	free(place);
	free(line);
}

static int more_first(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;

	if (x->scenarios != y->scenarios)
		return x->scenarios > y->scenarios ? -1 : 1;
	return x < y ? -1 : x > y;	/* in the order in which they came */
}

void groups_print(FILE *out, const char *prefix, const struct sim_groups *g)
{
	const struct group **v = xmalloc((g->n + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		if (g->v[i].scenarios > 1)
			v[n++] = &g->v[i];
	qsort(v, n, sizeof(*v), more_first);
	for (size_t i = 0; i < n && i < MAX_SHOWN; i++)
		fprintf(out, "%s%zu failed alike, first '%s': %s\n", prefix, v[i]->scenarios, v[i]->first, v[i]->title);
	if (n > MAX_SHOWN)
		fprintf(out, "%s%zu more such groups\n", prefix, n - MAX_SHOWN);
	free(v);
}
