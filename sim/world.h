/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes of a run: runners (runner.c); for a job, a worker per file, a base per personality, a child. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "plan.h"

#include <sys/types.h>

struct sim_world {
	const struct sim_flavours *flavours;
	const struct sim_options *options;
	/*
	 * For each flavour that is needed the scenario language with its constants, before any file: each process that
	 * reads one forks from here.
	 */
	struct lua_State **L;
	int planner;	/* flavour with whose constants files are read for the plan */
	struct sim_result *result;	/* of this process's job */
	int booted;	/* flavour that the parent booted, or -1: each base boots its own */
	int trace_fd;	/* or -1 */
	const struct sim_reach *reach;	/* breakpoints that note what runs, or NULL */
};

typedef int sim_more_done(void *to, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r);

/* What a command adds to a run. */
struct sim_hooks {
	void *arg;
	/*
	 * Changes the plan before anything boots: may drop jobs and reorder files, and set w->reach. Returns 0, 1 if
	 * nothing is to run, or -1 after a message.
	 */
	int (*plan)(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan);
	/* Takes a result, in the order of the plan; or NULL. */
	void (*result)(void *arg, const struct sim_job *job, const struct sim_file *file, const struct sim_flavours *fl,
		       const struct sim_result *r);
	const struct sim_reporter *reporter;	/* for standard output; NULL: that of run */
	int no_files;	/* the plan is empty */
	/*
	 * What runs after the jobs of the plan, or NULL: how many, after plan(). done() returns whether the run shall
	 * end. Returns 0, or the signal that ended it; *interrupted is then the first job without a result.
	 */
	const size_t *more;
	int (*run_more)(void *arg, sim_more_done *done, void *to, const struct sim_job **interrupted);
};

/* Reads one file in a process of its own. Appends its jobs to plan, or sets file->error to why it has none. */
void world_plan_file(const struct sim_world *w, struct sim_file *file, int index, struct sim_plan *plan);
/* Boots if the parent did not, loads KVM and prepares L to run scenario code in this process. Returns 0 or -1. */
int world_enter(const struct sim_world *w, const struct sim_job *job);

/* params.c: sets a job's parameters, before KVM is loaded. Returns 0, or -1 after the job's failure. */
int params_set(const struct kvmsim_machine_ops *ops, const char *params);

/* Forks; the child dies with its parent. Ends the program if no process can be created. */
pid_t world_fork(void);

struct world_worker {
	const struct sim_world *world;
	const struct sim_file *file;
	const char **read;	/* for each flavour NULL until its Lua has read the file; then "", or the error */
	struct world_base *bases;
};

/* Makes this process the worker of a file. It reads the file once for each flavour, before the first job there. */
void world_worker_begin(struct world_worker *k, const struct sim_world *w, const struct sim_file *file);
/* Runs one job of the file. Afterwards r, in shared memory, is its result. */
void world_job(struct world_worker *k, const struct sim_job *job, struct sim_result *r);
void world_worker_end(struct world_worker *k) __attribute__((noreturn));

/*
 * runner.c: runs all jobs of the plan, o->jobs at a time. Calls done() in this process for each, in the order of the
 * plan, until it returns non-zero. Returns the signal that ended this early, or 0.
 */
int runner_run(const struct sim_world *w, const struct sim_file *files, const struct sim_plan *plan,
	       int (*done)(void *arg, const struct sim_job *job, const struct sim_result *r), void *arg);

#endif
