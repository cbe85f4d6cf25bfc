/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `kvmsim bench` share: the figures of a case. */
#ifndef BENCH_H
#define BENCH_H

#include "plan.h"

/* Whose code executes an instruction. The rest is the program itself, Lua and libc. */
enum bench_part { BENCH_KERNEL, BENCH_SHIM, BENCH_MODEL, BENCH_REST, BENCH_PARTS };

extern const char *const bench_part_names[BENCH_PARTS];

/* The machine's counters, and what callgrind counts besides instructions. */
#define BENCH_COUNTS (SIM_MAX_COUNTERS + 3)

/* All figures are per operation, except ops. */
struct bench_case {
	char *key;		/* "x86_64 fault: 4K [ept]"; what a comparison goes by */
	char *name, *arch, *path, *unit;
	uint64_t ops;
	double counts[BENCH_COUNTS];
	const char *count_names[BENCH_COUNTS];
	size_t ncounts;
	double *ns;		/* of each round */
	size_t rounds;
	double median, mad;	/* of ns */
	double instructions[BENCH_PARTS];
	int has_instructions;
};

struct bench_results {
	struct bench_case *v;
	size_t n;
	const char *kernel;	/* release */
};

/*
 * callgrind.c: runs the case twice under callgrind. Fills in its instructions, and adds to its counts calls of GUP and
 * of MMU notifiers, and the instructions while mmu_lock is held. Returns 0, or -1 after a message.
 */
int bench_count_instructions(struct bench_case *c);

/* results.c */
/* Writes all figures to a file. Returns 0, or -1 after a message. */
int bench_write_json(const struct bench_results *r, const char *path);
/*
 * Prints what differs from an earlier file by more than threshold percent, and exponents that differ by 0.1. Returns
 * the number of counts, sums of instructions and exponents that are worse, or -1 after a message. Times are printed but
 * not counted: they depend on the host.
 */
int bench_compare(const struct bench_results *r, const char *path, double threshold);

#define BENCH_POINTS 32

/* Cases that differ only in a number: cost y of one operation at number x. */
struct bench_series {
	char title[200];
	const char *unit, *what;	/* of an operation; what y counts */
	double x[BENCH_POINTS], y[BENCH_POINTS], exponent;
	size_t n;
};

/* scaling.c */
/* The kernel's instructions for one operation if they were counted, else the time. */
double bench_cost(const struct bench_case *c);
/* Finds the series of at least three cases. *out is malloc'ed. Returns how many. */
size_t bench_find_series(const struct bench_results *r, struct bench_series **out);
void bench_print_scaling(const struct bench_results *r, FILE *out);

/* html.c: writes all figures with plots, which need gnuplot, to a file. Returns 0, or -1 after a message. */
int bench_write_html(const struct bench_results *r, const char *path);

/* `kvmsim bench`; argv[0] is "bench". Exit code: 0, 1 a case failed or is worse, 2 wrong usage. */
int bench_main(int argc, char **argv);

#endif
