// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the cost of an operation grows: cases that differ only in a number, such as "512 slots" and "4096 slots", are a
 * series. Its exponent is the slope of the straight line through the logarithms of number and cost.
 */
#include "bench.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_POINTS 3

/* Splits "TITLE: 64K [ept]" into what comes before the number, and the number. Returns 0 if there is none. */
static double number_of(const char *name, size_t *title, const char **rest)
{
	const char *p = name, *colon = NULL;
	double x;
	char *end;

	while ((p = strstr(p, ": ")))
		colon = p++;
	if (!colon || !isdigit((unsigned char)colon[2]))
		return 0;
	x = strtod(colon + 2, &end);
	if (*end && strchr("KMG", *end))
		x *= *end == 'K' ? 1024. : *end == 'M' ? 1048576. : 1073741824., end++;
	*title = (size_t)(colon - name);
	*rest = end;
	return x;
}

/* " slots [ept]" and " slot [ept]" are the same unit. */
static int same_unit(const char *a, const char *b)
{
	size_t n = strcspn(a, "["), m = strcspn(b, "[");

	while (n && isspace((unsigned char)a[n - 1]))
		n--;
	while (m && isspace((unsigned char)b[m - 1]))
		m--;
	n -= n && a[n - 1] == 's';
	m -= m && b[m - 1] == 's';
	return n == m && !strncmp(a, b, n) && !strcmp(a + strcspn(a, "["), b + strcspn(b, "["));
}

static int same_series(const struct bench_case *a, const struct bench_case *b)
{
	const char *rest_a, *rest_b;
	size_t n, m;

	return number_of(a->name, &n, &rest_a) > 0 && number_of(b->name, &m, &rest_b) > 0 && n == m &&
	       !strncmp(a->name, b->name, n) && same_unit(rest_a, rest_b) && !strcmp(a->arch, b->arch);
}

double bench_cost(const struct bench_case *c)
{
	return c->has_instructions ? c->instructions[BENCH_KERNEL] : c->median;
}

/* Slope of the least squares; NAN if all numbers are the same. */
static double slope(const struct bench_series *s)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0, n = (double)s->n, below;

	for (size_t i = 0; i < s->n; i++) {
		double x = log(s->x[i]), y = log(s->y[i]);

		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	below = n * sxx - sx * sx;
	return below > 1e-9 * n * sxx ? (n * sxy - sx * sy) / below : NAN;
}

static void add_point(struct bench_series *s, const struct bench_case *c, double x)
{
	if (s->n == BENCH_POINTS || bench_cost(c) <= 0)
		return;
	s->x[s->n] = x;
	s->y[s->n++] = bench_cost(c);
}

/* The series that begins with case first. */
static void collect(const struct bench_results *r, size_t first, struct bench_series *s)
{
	const struct bench_case *c = &r->v[first];
	const char *rest = "";
	size_t title = 0;

	number_of(c->name, &title, &rest);
	snprintf(s->title, sizeof(s->title), "%s %.*s%s%s", c->arch, (int)title, c->name, strchr(rest, '[') ? " " : "",
		 strchr(rest, '[') ? strchr(rest, '[') : "");
	s->unit = c->unit;
	s->what = c->has_instructions ? "instructions of the kernel" : "ns";
	for (size_t i = first; i < r->n; i++)
		if (i == first || same_series(c, &r->v[i]))
			add_point(s, &r->v[i], number_of(r->v[i].name, &title, &rest));
	s->exponent = s->n >= LEAST_POINTS ? slope(s) : NAN;
}

size_t bench_find_series(const struct bench_results *r, struct bench_series **out)
{
	char *seen = xmalloc(r->n + 1);
	size_t n = 0;

	*out = xmalloc((r->n + 1) * sizeof(**out));
	for (size_t i = 0; i < r->n; i++) {
		const char *rest;
		size_t title;

		if (seen[i] || number_of(r->v[i].name, &title, &rest) <= 0)
			continue;
		for (size_t k = i; k < r->n; k++)
			seen[k] |= k == i || same_series(&r->v[i], &r->v[k]);
		memset(&(*out)[n], 0, sizeof(**out));
		collect(r, i, &(*out)[n]);
		n += !isnan((*out)[n].exponent);
	}
	free(seen);
	return n;
}

void bench_print_scaling(const struct bench_results *r, FILE *out)
{
	struct bench_series *v;
	size_t n = bench_find_series(r, &v);

	if (n)
		fputs("\nScaling: the cost of one operation grows with the power (0: not at all, 1: in proportion)\n",
		      out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%6.2f  %s, from %.0f to %.0f, in %s\n", v[i].exponent, v[i].title, v[i].x[0],
			v[i].x[v[i].n - 1], v[i].what);
	free(v);
}
