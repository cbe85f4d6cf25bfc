// SPDX-License-Identifier: GPL-2.0-only
/* Allocation that cannot fail, wall-clock time, and the pattern of --filter. */
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
