/* SPDX-License-Identifier: GPL-2.0-only */
/* The jobs that a scenario file makes: its scenarios times the architectures and personalities that they ask for. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "lua_env.h"

/* Appends the jobs of the file that L has loaded to plan. Of the options arch, timeout and params count. */
void plan_add_file(struct sim_plan *plan, lua_State *L, int file, const struct sim_flavours *fl,
		   const struct sim_options *o);
/* Makes to a copy of a job, to be freed by itself. */
void job_copy(struct sim_job *to, const struct sim_job *from);
void job_free(struct sim_job *job);
void plan_free(struct sim_plan *plan);
/* Returns the machine of a job that has a flavour as names and messages show it: "sie:idte=0". malloc'ed. */
char *job_machine(const struct sim_job *job);
/* Writes a plan as text to a stream, and reads it back: the worker tells the parent. Returns -1 if it is incomplete. */
int plan_write(const struct sim_plan *plan, FILE *f);
int plan_read(struct sim_plan *plan, FILE *f, int file);

/* --- failed.c: what failed when it last ran --- */
/*
 * Returns how records name a job, or with j == NULL its file as a whole, in one line: the file's real path, scenario,
 * architecture and machine. NULL if no record can hold it, as standard input. malloc'ed.
 */
char *job_key(const struct sim_file *f, const struct sim_job *j);
struct sim_failed;

struct sim_failed *failed_new(void);
/* Returns the record of earlier runs; empty if there is none. */
struct sim_failed *failed_load(void);
void failed_free(struct sim_failed *s);
/* Returns whether the job, or its file as a whole, is in the record. */
int failed_has(const struct sim_failed *s, const struct sim_file *f, const struct sim_job *j);
/*
 * Returns the readable files of the record, sorted, relative to the working directory if they are below it. One may
 * come several times. The caller frees the strings and the array.
 */
char **failed_paths(const struct sim_failed *s, int *n);
/* Notes a result. j without a scenario stands for a file that could not be loaded. */
void failed_note(struct sim_failed *s, const struct sim_file *f, const struct sim_job *j, int failed);
/* Merges the results into the record. */
void failed_store(struct sim_failed *s);

/* --- select.c --- */
/* Returns whether --filter and --exclude let a name through. */
int name_selected(const struct sim_options *o, const char *name);
/* Returns whether number i is of the shard that the options ask for. */
int of_shard(const struct sim_options *o, size_t i);
/*
 * Keeps the jobs that the options and the lines of the files ask for. failed: for o->failed, else NULL. Returns 0, or
 * -1 after a message if a file has no scenario at a line.
 */
int plan_select(struct sim_plan *plan, struct sim_file *files, size_t nfiles, const struct sim_options *o,
		const struct sim_failed *failed);

#endif
