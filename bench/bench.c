// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kvmsim bench`: what single operations of the memory code cost.
 *
 * Exact counts come first (the machine's counters and, with --instructions, callgrind's), because they do not depend on
 * the host. Times come last: the median of the rounds with the median absolute deviation. Each round is a forked child
 * of the booted world, so all start from the same state.
 */
#include "bench.h"
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_COUNTERS 96
#define MAX_ROUNDS 101

struct bench_round {
	int ok;
	uint64_t ops;
	double ns;
	uint64_t counters[MAX_COUNTERS];
	const char *names[MAX_COUNTERS];	/* static texts, at the same address in parent and child */
};

struct bench_options {
	const char *filter;
	const char *once;	/* internal: one round of this case, for callgrind */
	int rounds;
	int instructions, list;
};

static const char usage[] =
	"Usage: kvmsim bench [--filter PATTERN] [--rounds N] [--instructions] [--list]\n"
	"\n"
	"Measures single operations of the memory code. Prints counts per operation first (exact), then\n"
	"nanoseconds per operation: median of the rounds and median absolute deviation.\n"
	"\n"
	"  --filter PATTERN  only cases whose name contains PATTERN\n"
	"  --rounds N        rounds per case, 1 to 101 (default 11)\n"
	"  --instructions    also count instructions with callgrind (needs valgrind; about 50 times slower)\n"
	"  --list            print the names of the cases\n"
	"  --help            this text\n";

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), compare_double);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void read_counters(const struct kvmsim_machine_ops *m, uint64_t *out)
{
	for (unsigned int i = 0; i < MAX_COUNTERS && m->counter_name(i); i++)
		out[i] = m->counter(i);
}

/* The child's half: builds the world of the case, runs the case once, leaves the figures in *r. */
static void run_round(const struct kvmsim_machine_ops *m, const struct bench_case *c, struct bench_round *r,
		      int under_callgrind)
{
	uint64_t before[MAX_COUNTERS] = { 0 };
	struct bench_world w = { .m = m, .arg = c->arg };
	double t;

	bench_check(m->kvm_load(c->mmu, NULL), "kvm_load");
	m->begin();
	bench_check(m->count_enable(), "count_enable");
	c->setup(&w);
	m->step_end();
	read_counters(m, before);
	if (under_callgrind)
		bench_callgrind_toggle();
	t = bench_now_ns();
	r->ops = c->run(&w);
	r->ns = bench_now_ns() - t;
	if (under_callgrind)
		bench_callgrind_toggle();
	read_counters(m, r->counters);
	for (unsigned int i = 0; i < MAX_COUNTERS && m->counter_name(i); i++) {
		r->names[i] = m->counter_name(i);
		r->counters[i] -= before[i];
	}
	r->ok = r->ops > 0;
}

static int fork_round(const struct kvmsim_machine_ops *m, const struct bench_case *c, struct bench_round *r)
{
	int status;
	pid_t pid;

	fflush(NULL);
	r->ok = 0;
	pid = fork();
	if (pid == 0) {
		run_round(m, c, r, 0);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return r->ok ? 0 : -1;
}

static int run_case(const struct kvmsim_machine_ops *m, const struct bench_case *c, const struct bench_options *o,
		    struct bench_round *r)
{
	double ns[MAX_ROUNDS], deviation[MAX_ROUNDS], mid;

	for (int i = 0; i < o->rounds; i++) {
		if (fork_round(m, c, r)) {
			printf("%-28s FAILED\n", c->name);
			return -1;
		}
		ns[i] = r->ns / r->ops;
	}
	printf("%-28s %llu x %s\n", c->name, (unsigned long long)r->ops, c->unit);
	for (unsigned int i = 0; i < MAX_COUNTERS && r->names[i]; i++) {
		if (r->counters[i])
			printf("    %-32s %12.3f\n", r->names[i], (double)r->counters[i] / r->ops);
	}
	if (o->instructions)
		bench_print_instructions(c->name, r->ops);
	mid = median(ns, o->rounds);
	for (int i = 0; i < o->rounds; i++)
		deviation[i] = ns[i] > mid ? ns[i] - mid : mid - ns[i];
	printf("    %-32s %12.1f  +- %.1f\n", "ns (median, MAD)", mid, median(deviation, o->rounds));
	fflush(stdout);
	return 0;
}

static int parse(int argc, char **argv, struct bench_options *o)
{
	static const struct option longopts[] = {
		{ "filter", required_argument, NULL, 'f' },	{ "rounds", required_argument, NULL, 'r' },
		{ "instructions", no_argument, NULL, 'i' },	{ "list", no_argument, NULL, 'l' },
		{ "once", required_argument, NULL, 'o' },	{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'f':
			o->filter = optarg;
			break;
		case 'r':
			o->rounds = (int)strtol(optarg, &end, 10);
			if (*end || o->rounds < 1 || o->rounds > MAX_ROUNDS) {
				fprintf(stderr, "kvmsim bench: --rounds: 1 to %d, not '%s'\n", MAX_ROUNDS, optarg);
				return 2;
			}
			break;
		case 'i':
			o->instructions = 1;
			break;
		case 'o':
			o->once = optarg;
			break;
		case 'l':
			o->list = 1;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "kvmsim bench: '%s': no such argument\n%s", argv[optind], usage);
		return 2;
	}
	return -1;
}

/* Prints the names of the cases that match the filter. Returns how many. */
static int list_cases(const struct bench_options *o)
{
	int n = 0;

	for (const struct bench_case *c = bench_cases; c->name; c++)
		if (!o->filter || strstr(c->name, o->filter)) {
			puts(c->name);
			n++;
		}
	return n;
}

static int no_case(const struct bench_options *o)
{
	fprintf(stderr, "kvmsim bench: no case matches '%s'; --list names them\n", o->filter);
	return SIM_EXIT_USAGE;
}

int bench_main(int argc, char **argv)
{
	struct bench_options o = { .rounds = 11 };
	const struct kvmsim_machine_ops *m;
	struct sim_flavours flavours;
	struct bench_round *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc = parse(argc, argv, &o), failed = 0, matched = 0;

	if (rc >= 0)
		return rc;
	if (o.list)
		return list_cases(&o) ? SIM_EXIT_OK : no_case(&o);
	if (flavours_load(&flavours, "x86_64", NULL))
		return SIM_EXIT_USAGE;
	m = flavours.v[0].ops;
	if (r == MAP_FAILED || bench_boot(m))
		return SIM_EXIT_FAILED;
	for (const struct bench_case *c = bench_cases; c->name; c++) {
		if (o.once) {
			if (!strcmp(c->name, o.once))
				run_round(m, c, r, 1);
			continue;
		}
		if (o.filter && !strstr(c->name, o.filter))
			continue;
		matched++;
		failed |= run_case(m, c, &o, r) != 0;
	}
	if (!o.once && !matched)
		return no_case(&o);
	return failed;
}
