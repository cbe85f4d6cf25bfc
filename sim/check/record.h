/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of which kernel functions each scenario reaches, one file for each flavour, beside it.
 *
 * Functions are known by file and name, so the record stays useful while the kernel is edited. A scenario file that has
 * changed is recorded again; so is everything when the kernel's release changes.
 */
#ifndef SIM_CHECK_RECORD_H
#define SIM_CHECK_RECORD_H

#include "../plan.h"

struct record_job {
	char *key;			/* job_key() */
	unsigned long long stamp;	/* of the scenario file's text */
	unsigned char *set;		/* a bit for each function */
	size_t bytes;			/* of set */
};

struct record {
	char *release;
	char **functions;		/* "virt/kvm/kvm_main.c:gfn_to_memslot"; in the order of their numbers */
	size_t nfunctions;
	void *names;			/* the same, as a tree for look-ups by name */
	struct record_job *jobs;
	size_t njobs;
	unsigned char *loading;		/* a bit for each: reached before any scenario begins */
	size_t loading_bytes;
};

#define RECORD_NONE ((size_t)-1)

/* Reads the record of a flavour; an empty one if there is none that fits. */
void record_load(struct record *r, const struct sim_flavour *f);
/* Returns 0, or -1 after a message. */
int record_store(const struct record *r, const struct sim_flavour *f);
void record_free(struct record *r);

/* Returns a function's number. Adds it if it is not in the record. */
size_t record_function(struct record *r, const char *name);
/* Returns what is recorded of a job, or NULL if there is nothing or its file has changed. */
const struct record_job *record_find(const struct record *r, const struct sim_file *f, const struct sim_job *j);
/* Makes room for a job's set of functions, which is empty. NULL for what has no key. */
struct record_job *record_job(struct record *r, const struct sim_file *f, const struct sim_job *j);

/* Adds a function to a set of bytes bytes, which may grow. */
void record_set(unsigned char **set, size_t *bytes, size_t function);
/* Returns whether two sets have a function in common. */
int record_common(const unsigned char *a, size_t a_bytes, const unsigned char *b, size_t b_bytes);

#endif
