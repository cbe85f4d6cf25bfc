// SPDX-License-Identifier: GPL-2.0-only
/* Allocation that cannot fail, wall-clock time, the pattern of --filter, versions, names that look alike. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p) {
		fprintf(stderr, "kvmsim: out of memory\n");
		exit(SIM_EXIT_USAGE);
	}
	return p;
}

void *xmalloc(size_t n)
{
	return memset(xrealloc(NULL, n), 0, n);
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xrealloc(NULL, n), s, n);
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		return xrealloc(NULL, (size_t)-1 / 2);	/* ends the program */
	return s;
}

double wall_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int release_is_older(const char *release, const char *version)
{
	unsigned int have[2] = { 0 }, want[2] = { 0 };

	sscanf(release, "%u.%u", &have[0], &have[1]);
	sscanf(version, "%u.%u", &want[0], &want[1]);
	return have[0] != want[0] ? have[0] < want[0] : have[1] < want[1];
}

int filter_match(const char *pattern, const char *s)
{
	while (*pattern) {
		const char *star = strchr(pattern, '*');
		size_t n = star ? (size_t)(star - pattern) : strlen(pattern);
		char *part = strndup(pattern, n);
		const char *hit = part ? strstr(s, part) : NULL;

		free(part);
		if (!hit)
			return 0;
		s = hit + n;
		pattern += n + (star != NULL);
	}
	return 1;
}

#define LONGEST 32	/* of the names that are compared */

static size_t smallest(size_t a, size_t b, size_t c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

int is_like(const char *a, const char *b)
{
	size_t row[LONGEST + 1], na = strlen(a), nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return 0;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t up = row[j];

			row[j] = smallest(diagonal + (a[i - 1] != b[j - 1]), up + 1, row[j - 1] + 1);
			diagonal = up;
		}
	}
	return row[nb] <= 1 + na / 4;
}
