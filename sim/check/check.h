/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the commands check and reach share: the change, the code, what is recorded, what a run covered. */
#ifndef SIM_CHECK_CHECK_H
#define SIM_CHECK_CHECK_H

#include "change.h"
#include "code.h"
#include "record.h"

#include "../reach.h"
#include "../report.h"
#include "../selftests/selftests.h"
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
	size_t reach, selftests;	/* how many scenarios, and runs of selftests, reach it */
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

/* A scenario or a selftest that reaches the change. */
struct check_candidate {
	size_t job;		/* of the plan, or of the selftests */
	int file;		/* or program */
	size_t changed, all;	/* functions that it reaches */
	size_t turn;		/* how many of its file are nearer */
};

/* The kernel's selftests, in the ways that its list runs them. */
struct check_selftests {
	int wanted;
	const char *missing;		/* why there are none although they are wanted, or NULL */
	struct selftest_set set;
	size_t seen;			/* by name, of all shards */
	size_t flavour;			/* that they run on */
	const struct sim_flavour *machine;	/* the same */
	struct selftest_job *jobs;	/* those that run, nearest first: copies */
	size_t n, candidates, passed, failed;
	double seconds;			/* that they took, one after the other */
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
	struct check_selftests selftests;
};

/* check.c: reads the code and the records of the flavours. Returns 0, or -1 after a message. */
int check_take_flavours(struct check *c, const struct sim_flavours *fl);
void check_free(struct check *c);

/* choose.c: finds the functions that the change touches; needs c->flavours[].code. */
void check_find_functions(struct check *c);
/* choose.c: keeps the jobs that reach the change, nearest first. */
void check_choose(struct check *c, struct sim_plan *plan, const struct sim_file *files);
/* choose.c: fills out but for its job and file, and counts for each function. Returns 0 if r is no candidate. */
int check_weigh(struct check *c, size_t flavour, const struct record_job *r, int selftest, struct check_candidate *out);
/* choose.c: sorts so that the first ones, as many as wanted, are to run. Files are numbered from 0. */
void check_take_turns(struct check_candidate *v, size_t n, size_t nfiles);
/* learn.c: returns for each line of the code a function's number in the record, or RECORD_NONE. malloc'ed. */
size_t *check_number_lines(struct check_flavour *fl);
/* learn.c: adds the functions of the points that were hit to a set. */
void check_add_hits(const struct check_flavour *fl, const struct reach_points *p, const size_t *function,
		    const unsigned char *hits, unsigned char **set, size_t *bytes);
/* learn.c: records the jobs of the plan that have no record. Returns 0, or -1 after a message. */
int check_learn(struct check *c, struct sim_world *w, const struct sim_file *files, const struct sim_plan *plan);
/* selftests.c: takes "selftests" out of the arguments. Returns whether nothing else was named. */
int check_take_selftests(struct check *c, struct sim_options *o);
/* selftests.c: builds those that are wanted, and records what they reach. Returns 0, or -1 if that was interrupted. */
int check_find_selftests(struct check *c, const struct sim_flavours *fl);
/* selftests.c: keeps those that reach the change, nearest first; needs what check_choose() finds. */
void check_choose_selftests(struct check *c);
/* selftests.c: hooks->run_more. */
int check_run_selftests(void *arg, sim_more_done *done, void *to, const struct sim_job **interrupted);
void check_free_selftests(struct check *c);
/* verdict.c: prints what the run says about the change. */
void check_verdict(const struct check *c, FILE *out);

#endif
