/* SPDX-License-Identifier: GPL-2.0-only */
/* A change of a kernel tree: which lines of which files are new, as a unified diff says it. */
#ifndef SIM_CHECK_CHANGE_H
#define SIM_CHECK_CHANGE_H

#include <stddef.h>

/* New lines of a file, from 1. Where lines were only taken away, the two around the gap, with new = 0. */
struct change_lines {
	size_t file;
	unsigned int first, last;
	int new;
};

struct change {
	char **files;			/* below the tree */
	size_t nfiles;
	struct change_lines *v;		/* in the order of the diff */
	size_t n;
};

/* Reads a diff, with or without context; "-" is standard input. Returns 0, or -1 after a message. */
int change_read(const char *path, struct change *out);
/* Returns whether a line is new. */
int change_has(const struct change *c, size_t file, unsigned int line);
void change_free(struct change *c);

#endif
