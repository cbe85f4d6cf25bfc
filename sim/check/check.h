/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the commands check and reach share: the change, the code, what is recorded, what a run covered. */
#ifndef SIM_CHECK_CHECK_H
#define SIM_CHECK_CHECK_H

#include "change.h"
#include "code.h"
#include "record.h"

#include "../reach.h"
#include "../report.h"
#include "../world.h"

/*
 * A function that the change touches. Without a name it stands for the changed lines of a file that are in no function:
 * macros, structures, declarations. What reaches any function of the file reaches it.
 */
struct check_function {
	size_t file;			/* of the change */
	char *name;
	unsigned int first, last;	/* the function's lines; without a name, of the first and the last one */
	int compiled;			/* some flavour has code of it */
	size_t reach;			/* how many scenarios reach it */
	int loading;			/* it is reached before a scenario begins */
};

enum check_line { LINE_WITHOUT_CODE, LINE_DID_NOT_RUN, LINE_RAN };

/* What belongs to one flavour. */
struct check_flavour {
	struct code code;
	struct record record;
	size_t *file;			/* for each file of the code the change's, or RECORD_NONE */
	unsigned char **functions;	/* for each function of the check a set of functions of the record */
	size_t *bytes;			/* of each set */
	unsigned char *covered;		/* for each breakpoint of the run: a scenario has reached it */
};

struct check {
	const struct sim_options *options;
	struct change change;
	struct check_function *functions;	/* in the order of the change */
	size_t nfunctions;
	struct check_flavour *flavours;
	size_t nflavours;
	const char **arch;		/* of each flavour */
	char *release;			/* of the kernel */
	struct sim_reach reach;		/* the breakpoints of the run */
	size_t chosen, candidates;	/* how many scenarios run, and how many reach the change */
	size_t passed, failed, skipped;
};

/* check.c: reads the code and the records of the flavours. Returns 0, or -1 after a message. */
int check_take_flavours(struct check *c, const struct sim_flavours *fl);
void check_free(struct check *c);

/* choose.c: finds the functions that the change touches; needs c->flavours[].code. */
void check_find_functions(struct check *c);
/* choose.c: keeps the jobs that reach the change, nearest first. */
void check_choose(struct check *c, struct sim_plan *plan, const struct sim_file *files);
/* learn.c: records the jobs of the plan that have no record. Returns 0, or -1 after a message. */
int check_learn(struct check *c, struct sim_world *w, const struct sim_file *files, const struct sim_plan *plan);
/* verdict.c: prints what the run says about the change. */
void check_verdict(const struct check *c, FILE *out);

#endif
