/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes of a run: a worker per file, a child per job. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "plan.h"

struct sim_world {
	const struct sim_flavours *flavours;
	const struct sim_options *options;
	struct sim_result *result;
	int booted;	/* flavour that the parent has booted, or -1: each child boots its own */
	int trace_fd;	/* or -1 */
	int keep_events; /* the result gets the last lines of the trace */
};

/* Reads one file in a process of its own. Its jobs are appended to plan, or file->error says why there are none. */
void world_plan_file(const struct sim_world *w, struct sim_file *file, int index, struct sim_plan *plan);
/*
 * Runs n jobs of one file; done() is called in this process after each, while w->result holds its result.
 * The callback returns 0 to go on.
 */
void world_run_jobs(const struct sim_world *w, const struct sim_file *file, const struct sim_job *jobs, size_t n,
		    int (*done)(void *arg, const struct sim_job *job), void *arg);
/* Boots if the parent did not, loads KVM and makes L ready to run scenario code in this process. 0 or -1. */
int world_enter(const struct sim_world *w, const struct sim_job *job);

#endif
