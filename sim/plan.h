/* SPDX-License-Identifier: GPL-2.0-only */
/* The jobs that a scenario file makes: its scenarios times the architectures and personalities that they ask for. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "lua_env.h"

/* Appends the jobs of the file that L has loaded to plan. arch: only this one, or NULL. timeout: 0, or an override. */
void plan_add_file(struct sim_plan *plan, lua_State *L, int file, const struct sim_flavours *fl, const char *arch,
		   double timeout);
/* Keeps the jobs whose name the pattern matches. */
void plan_filter(struct sim_plan *plan, const char *pattern);
void plan_free(struct sim_plan *plan);
/* Returns the machine of a job that has a flavour as names and messages show it: "sie:idte=0". malloc'ed. */
char *job_machine(const struct sim_job *job);
/* Writes a plan as text to a stream, and reads it back: the worker tells the parent. Returns -1 if it is incomplete. */
int plan_write(const struct sim_plan *plan, FILE *f);
int plan_read(struct sim_plan *plan, FILE *f, int file);

#endif
