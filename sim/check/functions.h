/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the functions of a C file begin and end, by the kernel's coding style. */
#ifndef SIM_CHECK_FUNCTIONS_H
#define SIM_CHECK_FUNCTIONS_H

#include <stddef.h>

struct c_function {
	char *name;			/* "SYSCALL_DEFINE2(munmap)" if a macro makes it */
	unsigned int first, last;	/* lines, from 1: from the declaration to the closing brace */
};

struct c_functions {
	struct c_function *v;		/* in the order of the file */
	size_t n;
};

/* Reads a file. Returns 0, or -errno. */
int functions_read(const char *path, struct c_functions *out);
/* The same for a text, which is changed. */
void functions_scan(char *text, struct c_functions *out);
/* Returns the function that has a line, or NULL. */
const struct c_function *functions_at(const struct c_functions *f, unsigned int line);
void functions_free(struct c_functions *f);

#endif
