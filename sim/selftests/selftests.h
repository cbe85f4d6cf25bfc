/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of kvmsim selftests share: the list of a kernel's KVM selftests, and how they are built and run. */
#ifndef SIM_SELFTESTS_H
#define SIM_SELFTESTS_H

#include "../sim.h"

enum selftest_kind {
	SELFTEST_RUN,		/* must pass */
	SELFTEST_LONG,		/* the same, only with --long */
	SELFTEST_SKIPS,		/* must skip itself: exit code 4 */
	SELFTEST_REFUSED,	/* is not started */
};

/* Paging modes of x86_64; bits of struct selftest.mmus. */
#define SELFTEST_MMUS 3
extern const char *const selftest_mmus[SELFTEST_MMUS];

/* One line of a list: one way to run a program. */
struct selftest {
	char *program;		/* as the kernel's Makefile names it: "x86_64/sync_regs_test" */
	enum selftest_kind kind;
	unsigned int mmus;
	double limit;		/* seconds of wall-clock time */
	char *args;		/* separated by blanks; may be empty */
	char *reason;		/* of the last two kinds */
};

struct selftests {
	struct selftest *v;
	size_t n;
};

/* --- list.c --- */
/* Parses "ept,npt". Returns 0 if there is another name in it, or none. */
unsigned int selftest_parse_mmus(const char *s);
/*
 * Reads the list for a kernel: that of the newest version which is not newer than the kernel. Returns 0, or -1 after a
 * message if there is none or it has an error.
 */
int selftests_read(struct selftests *to, const char *release);
/* Adds a program that no list has: it must pass without arguments in all modes. */
void selftests_add(struct selftests *to, const char *program);
/* Returns whether a list has the program. */
int selftests_have(const struct selftests *s, const char *program);
void selftests_free(struct selftests *s);

/* --- build.c --- */
struct selftest_tree {
	char *dir;	/* tools/testing/selftests/kvm */
	char *objects;	/* where the programs are */
	char *headers;	/* the kernel's headers for user space */
	int lock;	/* held during builds: other runs use the same directory */
};

/* The release of the kernel in the build: "6.12.117". malloc'ed; NULL after a message. */
char *selftest_release(void);
/* Unpacks the tests and makes the headers unless they are there. Returns 0, or -1 after a message. */
int selftest_prepare(struct selftest_tree *to);
/* Returns the programs and scripts that the tests' Makefile names, a line each. NULL after a message. */
char *selftest_programs(const struct selftest_tree *t);
/*
 * Builds what is not up to date of n programs, and lets others build. Returns 0, or -1 after the compiler's messages
 * and one of its own.
 */
int selftest_build(struct selftest_tree *t, char *const *programs, size_t n);
void selftest_tree_free(struct selftest_tree *t);

/* --- jobs.c --- */
struct selftest_job {
	const struct selftest *test;
	struct sim_job job;
	struct sim_file file;
	struct sim_result *result;
	const char *mmu;
	char *program;	/* path */
	/* To note which places of the flavour the program reaches: their distances from its beginning, sorted. */
	const uint64_t *points;
	size_t npoints;		/* 0: nothing is noted */
	unsigned char *hits;	/* a byte for each, from its start until selftest_forget_hits() */
};

struct selftest_set {
	struct selftest_tree tree;
	struct selftests tests;
	char *programs;		/* of this kernel, a line each */
	struct selftest_job *jobs;
	size_t n;
};

/* Finds out which tests the kernel has, and what its list says of them. Returns 0, or -1 after a message. */
int selftest_set_find(struct selftest_set *s);
/* Why a test is not started, or NULL. */
const char *selftest_why_not(const struct selftest_set *s, const struct selftest *t);
/* Makes the jobs that are wanted: for each test one for each mode, without an mmu if it is not started. */
void selftest_set_jobs(struct selftest_set *s, int (*wanted)(void *arg, const struct selftest_job *j), void *arg);
/* Builds the programs of the jobs. Returns 0, or -1 after messages. */
int selftest_set_build(struct selftest_set *s);
void selftest_set_free(struct selftest_set *s);

/* --- run.c --- */
/*
 * Runs the jobs, several at once, and calls done for each in their order, until it returns non-zero. Returns 0, or the
 * signal that ended the run; *next is then the first job that has no result.
 */
int selftests_run(struct selftest_job *jobs, size_t n, size_t at_once, size_t *next,
		  int (*done)(void *arg, struct selftest_job *j), void *arg);
void selftest_forget_hits(struct selftest_job *j);

#endif
