/* SPDX-License-Identifier: GPL-2.0-only */
/* The formats of results: KTAP for programs, coloured text for people, JUnit XML for CI. */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "sim.h"

struct sim_totals {
	size_t planned, passed, failed, skipped;
	size_t warned;	/* of those that passed */
	double seconds;
	const struct sim_job *interrupted;	/* the first job without a result when a signal came, or NULL */
	int signal;
	int stopped;	/* at the first failure, as the user wanted */
	const struct sim_groups *groups;
};

/* --- groups.c --- */
struct sim_groups *groups_new(void);
void groups_free(struct sim_groups *g);
/* Adds a failed scenario. */
void groups_add(struct sim_groups *g, const struct sim_job *job, const struct sim_result *r);
/* Prints a line, after prefix, for each failure that several scenarios have in common; the most frequent first. */
void groups_print(FILE *out, const char *prefix, const struct sim_groups *g);

/* One format. All functions may be NULL. number counts from 1. */
struct sim_reporter {
	void (*begin)(FILE *out, size_t planned);
	void (*running)(FILE *out, const struct sim_job *job, size_t number, size_t planned);
	void (*job)(FILE *out, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r,
		    const struct sim_flavours *fl, size_t number);
	void (*end)(FILE *out, const struct sim_totals *t);
};

/* reporter_brief is reporter_term without the scenarios that passed; reporter_failures has no totals, either. */
extern const struct sim_reporter reporter_ktap, reporter_term, reporter_brief, reporter_failures, reporter_junit;
/* For reporter_term: whether to print colours. */
extern int reporter_color;

/* Says why the run ended before all jobs were done: at which job a signal came, or at the first failure. */
void report_interrupted(FILE *out, const char *prefix, const struct sim_totals *t);
/*
 * Prints everything about a result that a person wants to read, each line after prefix: why it failed, the machine's
 * reports with back traces, its last log lines, how to replay. Prints nothing for a scenario that passed without a
 * note.
 */
void report_details(FILE *out, const char *prefix, const struct sim_job *job, const struct sim_file *file,
		    const struct sim_result *r, const struct sim_flavours *fl);

#endif
