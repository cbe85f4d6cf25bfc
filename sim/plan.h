/* SPDX-License-Identifier: GPL-2.0-only */
/* Which jobs a scenario file makes: its scenarios times the architectures and personalities they ask for. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "lua_env.h"

/* The jobs of the file that L has loaded, appended to plan. arch: only this one, or NULL. timeout: 0 or an override. */
void plan_add_file(struct sim_plan *plan, lua_State *L, int file, const struct sim_flavours *fl, const char *arch,
		   double timeout);
/* Keeps the jobs whose name the pattern matches. */
void plan_filter(struct sim_plan *plan, const char *pattern);
void plan_free(struct sim_plan *plan);
/* A plan as text on a stream, and back: the worker tells the parent. -1: broken off. */
int plan_write(const struct sim_plan *plan, FILE *f);
int plan_read(struct sim_plan *plan, FILE *f, int file);

#endif
