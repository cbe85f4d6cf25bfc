/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the program share: flavours, jobs, the result area, and who calls whom.
 *
 * Processes. The parent parses the command line, loads the flavours, boots and prints. It forks as many runners as jobs
 * may run at once. A runner forks a worker for a file. The worker reads the file's Lua (untrusted: nothing of it runs
 * in the parent) and forks a base for each personality. The base loads KVM and forks one child per job, which is the
 * simulated machine for one scenario. They report through shared mappings (struct sim_result), which outlive a crash of
 * any of them.
 */
#ifndef SIM_H
#define SIM_H

#define _GNU_SOURCE	/* every file of the program includes this header first */

#include "ring.h"

#include <stdio.h>

#define SIM_DEFAULT_TIMEOUT 30	/* seconds of wall-clock time for one scenario */
#define SIM_LOAD_TIMEOUT 10	/* seconds for reading one scenario file */
#define SIM_LUA_MEMORY (256ul << 20)	/* maximum bytes of the Lua states of a process */
#define SIM_MAX_FILE (16ul << 20)	/* bytes of a scenario file */
#define SIM_MAX_IO (64ul << 20)	/* bytes in one read or write of a scenario */

/* Exit codes of the program. */
enum { SIM_EXIT_OK = 0, SIM_EXIT_FAILED = 1, SIM_EXIT_USAGE = 2 };

/* --- flavour.c --- */
struct sim_flavour {
	char *path;
	char *checksum;	/* build-id of the shared object, or "none" */
	const struct kvmsim_machine_ops *ops;
};

struct sim_flavours {
	struct sim_flavour *v;
	size_t n;
};

/*
 * Loads libkvm-*.so. arch, kernel: NULL or what the user asked for (kernel: a release or its beginning, "6.12").
 * Returns 0, or -1 after a message on stderr.
 */
int flavours_load(struct sim_flavours *out, const char *arch, const char *kernel);
/* The shared objects stay loaded. */
void flavours_free(struct sim_flavours *f);
/* The directory of the flavours: the environment's or the program's. NULL if there is none; else malloc'ed. */
char *flavour_dir(void);
/* Returns 0, or -errno after a message. */
int flavour_boot(const struct sim_flavour *f);

/* --- what a scenario file holds: plan.c --- */
struct sim_job {
	char *name;		/* as printed: "read-only slot [x86_64 npt]" */
	char *scenario;		/* as written in the file */
	char *replay;		/* of what is no scenario: kvmsim's arguments that run it again; else NULL */
	char *covers;		/* or NULL */
	char *where;		/* what it runs on: "s390x, Linux 6.12 and later, needs KVM_CAP_NAME" */
	char *skip;		/* reason for not starting it, or NULL */
	char *arch;		/* also set if there is no flavour for it */
	char *personality;	/* of the flavour; without one empty or NULL */
	char *params;		/* of modules, the machine: "kvm.tdp_mmu=N,machine.cpus=2"; empty or NULL if none is */
	char *facilities;	/* what differs from the usual machine, "idte=0,rdp=1"; empty or NULL if nothing does */
	int file;		/* index into sim_files */
	int flavour;		/* index, or -1 when skipped */
	int line;
	int check_end;		/* 1: checker only at the end */
	double timeout;		/* seconds */
	unsigned long long ram;	/* bytes of RAM, or 0: the usual machine's */
};

struct sim_plan {
	struct sim_job *jobs;
	size_t n;
};

struct sim_file {
	char *path;		/* "-": standard input */
	char *text;		/* of standard input, which has been read to its end; or NULL */
	size_t bytes;
	char *error;		/* why it could not be loaded, or NULL */
	int *lines;		/* only the scenarios at these lines, or all if there are none */
	size_t nlines;
};

/* --- result.c --- */
#define SIM_LOG_LINES 64
#define SIM_LOG_WIDTH 240
#define SIM_STEP_LINES 24	/* shown with a failure */
#define SIM_MAX_REPORTS 16
#define SIM_TEXT_BYTES 65536

enum sim_state { SIM_RUNNING, SIM_PASSED, SIM_FAILED, SIM_SKIPPED };

#define SIM_SHOWN_CHANGES 6

/* Who changed a word that a report is about: who.c. */
struct sim_who {
	char what[64];
	uint64_t addr;
	unsigned int bytes, count;	/* as in struct kvmsim_subject */
	unsigned int n;		/* changes that are shown, oldest first */
	struct kvmsim_change change[SIM_SHOWN_CHANGES];
};

struct sim_report {
	int kind;
	int line;
	unsigned int nr_frames;
	char check[24];		/* of kind KVMSIM_CHECK: which; else empty */
	char text[2048];
	char file[160];
	void *frames[KVMSIM_MAX_FRAMES];
	struct sim_who who[KVMSIM_MAX_SUBJECTS];
};

/* A text that only grows. If it does not fit it is cut, and says so. */
struct sim_text {
	unsigned int len;
	char s[SIM_TEXT_BYTES];
};

#define SIM_MAX_COUNTERS 96

/* What a scenario has measured: the part inside sim:measure(). */
struct sim_measure {
	uint64_t ops;		/* operations in it; 0: nothing has been measured */
	double ns;
	char unit[40];		/* what an operation is */
	uint64_t counters[SIM_MAX_COUNTERS];	/* what it added to the machine's counters, in their order */
};

/* One scenario's result: a shared mapping written by the child while it runs, finished by the worker. */
struct sim_result {
	enum sim_state state;
	int timed_out, signal, status;
	double seconds;
	unsigned int expectations;	/* made so far: expectations of values and of reports */
	char skip[256];			/* why it was skipped: from the plan, or what the scenario needs */
	struct sim_text failures;	/* why it failed, one or more lines */
	struct sim_text notes;		/* print() and sim:log() */
	struct sim_text captured;	/* what the child itself wrote to stdout and stderr */
	struct sim_text counters;
	unsigned int nr_log;		/* all kernel log lines; the ring keeps the last SIM_LOG_LINES */
	char log[SIM_LOG_LINES][SIM_LOG_WIDTH];
	struct sim_ring ring;		/* steps of the scenario and kernel events */
	unsigned int nr_steps;		/* of a failed scenario: the ring's last records as text */
	char steps[SIM_STEP_LINES][SIM_LOG_WIDTH];
	int steps_of_gfn;		/* kernel events of other guest frames than gfn were left out */
	unsigned long long gfn;
	int trace_error;		/* errno of writing the trace, or 0 */
	unsigned int nr_reports;
	struct sim_report reports[SIM_MAX_REPORTS];
	int who_differs;		/* the second run did not meet a report of the first one: who.c */
	struct sim_measure measure;
	unsigned char *hits;	/* shared memory: a byte for each breakpoint of w->reach, or NULL */
	size_t nr_hits;
	char where[KVMSIM_MAX_CPUS][SIM_LOG_WIDTH];	/* file:line of each CPU's last call into the machine */
};

struct sim_result *result_new(void);
/* Returns what is suspicious about a result that is not a failure, or NULL. */
const char *result_warning(const struct sim_result *r);
void result_free(struct sim_result *r);
void result_reset(struct sim_result *r);
/* Forgets the kernel log and the steps. */
void result_forget_log(struct sim_result *r);
/* Turns the last steps into text. ops: the machine that recorded the kernel events, booted in this process. */
void result_print_steps(struct sim_result *r, const struct kvmsim_machine_ops *ops);
void text_add(struct sim_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- who.c: who changed what the reports are about, found out in a second run of a failed scenario --- */
/* Whether a second run can tell more about the reports of r. */
int who_wanted(const struct sim_result *r);
/* In the second run: has the words of the first run's reports watched. */
void who_watch(const struct sim_result *first, const struct kvmsim_machine_ops *ops);
/* Fills out->who for a report that is made now. */
void who_note(struct sim_report *out, const struct kvmsim_report *k, const struct kvmsim_machine_ops *ops);
/* Copies what the second run found out to the reports of the first. */
void who_take(struct sim_result *first, const struct sim_result *second);

/* --- child side of a result: child.c --- */
/*
 * Makes r the result of this process; its ring gets the steps and the kernel events. ops: the machine that records
 * them. trace_fd: -1, or a file that gets all of them as text; r->trace_error says if that failed.
 */
void child_begin(struct sim_result *r, const struct kvmsim_machine_ops *ops, int trace_fd);
/* What a run measures. */
enum { SIM_MEASURE_NOTHING, SIM_MEASURE_ALL, SIM_MEASURE_HELD /* callgrind: what runs while mmu_lock is held */ };
/* Says that the run measures, and what. */
void child_measure(int measure);
extern const struct kvmsim_host_ops child_host_ops;
void child_fail(const char *text);
int child_failed(void);
/* Says that the scenario cannot run here; reason: what is missing. Its process continues to its end. */
void child_skip(const char *reason);
/* Returns the number of unexpected reports so far. */
unsigned int child_unexpected_reports(void);
/* For the interactive mode, which has shown them and continues. */
void child_forget_reports(void);
/*
 * Expects one more report of kind whose text contains match. check: the id of the check that it must come from, empty
 * for any. optional: it need not come. Returns 0, or -1 if there are too many.
 */
int child_expect_report(int kind, const char *check, const char *match, int optional);
/* Turns expected reports that did not come into failures. */
void child_expect_end(void);
/* Records that the scenario's Lua code is interrupted. */
void child_time_limit(void);
/* Returns what the run measures. */
int child_measures(void);
/* Keeps what the scenario has measured, and counts as an expectation. Returns false if it has measured before. */
int child_measured(const struct sim_measure *m);
/* Counts one expectation of the scenario. */
void child_count_expectation(void);
/* lua_expect.c: turns expectations that no rule has judged into failures. */
void expectations_end(void);
/* Records one step of the scenario, without newline, in the ring and the trace. */
void child_step(const char *text);
/* Lines for the trace alone. */
void child_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void child_where(unsigned int cpu, const char *where);
void child_note(const char *text);
/* Ends a scenario's process. In a coverage build its counts are kept. */
void child_exit(int status) __attribute__((noreturn));

/* Prints "warn", "check:host-tlb". check: the id of the check, or NULL or empty. */
void report_title(char *buf, size_t size, int kind, const char *check);
/* Returns -1 if there is no such kind. */
int report_kind_of(const char *name);

/* --- engine.c --- */
#define SIM_MAX_PATTERNS 64

struct sim_patterns {
	const char *v[SIM_MAX_PATTERNS];
	size_t n;
};

struct sim_hooks;
struct sim_show;

struct sim_options {
	const char *arch, *kernel, *trace, *junit, *diff, *svg;
	struct sim_patterns filters, excludes;
	char *params;		/* malloc'ed: for every job, beside its own; or NULL */
	int counters, allow_io, color, ktap, failed, fail_fast, measure, changed;
	int all;		/* no file is named: paths has those that come with kvmsim */
	size_t shard, shards;	/* shard 1 to shards; shards 0: all */
	size_t jobs;		/* how many scenarios run at once */
	size_t limit;		/* of check and run --changed: how many scenarios to run; 0: all */
	const struct sim_hooks *hooks;	/* of a command that is built on engine_run(), or NULL */
	const struct sim_show *show;	/* of the command show, or NULL */
	double timeout;		/* 0: the default */
	char **paths;
	int npaths;
};

int engine_run(const struct sim_options *o);
int engine_list(const struct sim_options *o);
int engine_repl(const struct sim_options *o);

/* --- check/check.c, check/reached.c --- */
int check_run(const struct sim_options *o);
int check_run_changed(const struct sim_options *o);
int check_reached(const struct sim_options *o);

/* --- show.c --- */
int show_run(const struct sim_options *o);

/* --- trace_json.c --- */
/* Writes the text of a trace, all that fd has, as JSON. Returns 0 or an errno. */
int trace_to_json(int fd, FILE *out);

/* --- files.c --- */
/*
 * Expands files, FILE:LINE, directories (all *.lua below, sorted) and "-", standard input; no file twice. A file that
 * is named with and without a line has all its lines. An entry below a directory that cannot be read gets an error.
 * Returns 0, or -1 after a message if an argument cannot be read.
 */
int files_collect(char **paths, int npaths, struct sim_file **out, size_t *n);

/* --- params.c --- */
/* Appends "MODULE.NAME=VALUE" to params, which is malloc'ed or NULL. Returns -1 if it is no such text. */
int params_add(char **params, const char *param);

/* --- cli.c --- */
int cli_main(int argc, char **argv);

/* --- small things: util.c --- */
void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
double wall_seconds(void);
/* Returns whether a release is older than a version, by their first two numbers: "6.1.192" is older than "6.12". */
int release_is_older(const char *release, const char *version);
/* "*" matches anything; the pattern may match anywhere in s. */
int filter_match(const char *pattern, const char *s);
/* Returns whether a is probably a misspelt b: their edit distance is at most 1, or a quarter of the length of a. */
int is_like(const char *a, const char *b);

#endif
