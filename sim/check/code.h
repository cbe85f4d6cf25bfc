/* SPDX-License-Identifier: GPL-2.0-only */
/* Which source lines of the kernel a flavour has code for, and at which addresses. */
#ifndef SIM_CHECK_CODE_H
#define SIM_CHECK_CODE_H

#include "functions.h"

#include "../reach.h"

/* A row of the debug information's line table: here the code of a line begins. */
struct code_line {
	uintptr_t addr;
	unsigned int file, line;	/* file: index */
};

struct code_file {
	char *path;
	const char *name;		/* below the kernel tree: "virt/kvm/kvm_main.c" */
	struct c_functions functions;	/* after code_functions() */
	int has_functions;
};

struct code {
	struct code_line *v;		/* sorted by address; several lines may begin at one */
	size_t n;
	struct code_file *files;	/* sorted by path */
	size_t nfiles;
};

/* Reads the line table of a flavour that is loaded. Returns 0, or -1 after a message. */
int code_read(const struct sim_flavour *f, struct code *out);
/* Returns the function of a line, or NULL. Reads the source when it is first asked. */
const struct c_function *code_function(struct code *c, unsigned int file, unsigned int line);
/* Makes breakpoints at the lines for which wanted says so. */
void code_points(const struct code *c, struct reach_points *p, bool (*wanted)(void *arg, size_t line), void *arg);
void code_free(struct code *c);

#endif
