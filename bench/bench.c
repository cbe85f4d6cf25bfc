// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kvmsim bench`: what operations of the memory code cost.
 *
 * A case is a scenario that measures: sim:measure(). Each round is a process of its own, forked from the same world,
 * so all rounds start alike. Exact counts come first: the machine's counters and, with --instructions, callgrind's.
 * They do not depend on the host. Times come last: the median of the rounds with the median absolute deviation.
 */
#include "bench.h"
#include "report.h"
#include "world.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROUNDS 101
#define TIMEOUT 600	/* seconds that a case may take; under callgrind it is 50 times slower */

struct bench {
	struct sim_options o;
	const char *once;	/* internal: one round of the case with this key, for callgrind */
	const char *json, *html, *compare;
	double threshold;
	size_t rounds;
	int instructions, list;
	struct bench_results results;
	size_t failed;
};

static const char usage[] =
	"Usage: kvmsim bench [OPTION...] [FILE|DIR...]\n"
	"\n"
	"Measures operations of the memory code: the scenarios in FILE that call sim:measure(), by default those that come\n"
	"with kvmsim. Prints counts per operation first, which are exact, then nanoseconds per operation: median of the\n"
	"rounds and median absolute deviation.\n"
	"\n"
	"  --arch A         only architecture A\n"
	"  --kernel V       only a kernel whose release begins with V\n"
	"  --filter PATTERN only cases whose name has PATTERN in it; * stands for anything; of several, any\n"
	"  --exclude PATTERN not those whose name has PATTERN in it; may come several times\n"
	"  --rounds N       rounds for each case, 1 to 101 (default: 11)\n"
	"  --instructions   also count with callgrind, which is slow: instructions, by whose they are; those while\n"
	"                   mmu_lock is held; calls of GUP and of KVM's MMU notifiers; needs valgrind\n"
	"  --json F         write all figures to file F\n"
	"  --html F         write all figures to file F as HTML, with plots by gnuplot of how costs grow\n"
	"  --compare F      show what differs from an earlier --json F; exit code 1 if a count, instructions or\n"
	"                   how they grow are worse\n"
	"  --threshold P    percent that --compare lets pass (default: 1)\n"
	"  --list           print the names of the cases\n";

static int compare_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts v. */
static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare_double);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static char *key_of(const struct sim_job *j)
{
	return xasprintf("%s %s", j->arch, j->name);
}

/* --- the run ------------------------------------------------------------------------------------------------- */

static int is_wanted(const struct bench *b, const struct sim_job *j)
{
	char *key = key_of(j);
	int wanted = !j->skip && (!b->once || !strcmp(b->once, key));

	free(key);
	return wanted;
}

/* Leaves what is to run, each job as often as there are rounds. */
static int on_plan(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	struct bench *b = arg;
	struct sim_plan new = { .jobs = xmalloc((plan->n * b->rounds + 1) * sizeof(*new.jobs)) };

	(void)files;
	b->results.kernel = w->flavours->v[0].ops->kernel_release;
	for (size_t i = 0; i < plan->n; i++)
		for (size_t k = 0; is_wanted(b, &plan->jobs[i]) && k < b->rounds; k++)
			job_copy(&new.jobs[new.n++], &plan->jobs[i]);
	plan_free(plan);
	*plan = new;
	return 0;
}

static struct bench_case *case_of(struct bench *b, const struct sim_job *job, const struct sim_result *r)
{
	struct bench_results *all = &b->results;
	char *key = key_of(job);
	struct bench_case *c;

	if (all->n && !strcmp(all->v[all->n - 1].key, key)) {
		free(key);
		return &all->v[all->n - 1];
	}
	all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
	c = &all->v[all->n++];
	*c = (struct bench_case){
		.key = key, .name = xstrdup(job->name), .arch = xstrdup(job->arch), .unit = xstrdup(r->measure.unit),
		.ops = r->measure.ops, .ns = xmalloc(b->rounds * sizeof(*c->ns)),
	};
	return c;
}

static void print_case(const struct bench_case *c)
{
	printf("%s # arch=%s: %llu x %s\n", c->name, c->arch, (unsigned long long)c->ops, c->unit);
	for (size_t i = 0; i < c->ncounts; i++)
		printf("    %-32s %12.3f\n", c->count_names[i], c->counts[i]);
	for (int i = 0; c->has_instructions && i < BENCH_PARTS; i++)
		printf("    instructions, %-18s %12.1f\n", bench_part_names[i], c->instructions[i]);
	printf("    %-32s %12.1f  +- %.1f\n", "ns (median, MAD)", c->median, c->mad);
	fflush(stdout);
}

/* All rounds are done. */
static void finish_case(struct bench *b, struct bench_case *c)
{
	double *deviation = xmalloc(c->rounds * sizeof(*deviation));

	c->median = median(c->ns, c->rounds);
	for (size_t i = 0; i < c->rounds; i++)
		deviation[i] = c->ns[i] > c->median ? c->ns[i] - c->median : c->median - c->ns[i];
	c->mad = median(deviation, c->rounds);
	free(deviation);
	if (!b->instructions && !b->once)
		print_case(c);
}

static void on_result(void *arg, const struct sim_job *job, const struct sim_file *file, const struct sim_flavours *fl,
		      const struct sim_result *r)
{
	struct bench *b = arg;
	const struct sim_measure *m = &r->measure;
	struct bench_case *c;

	if (r->state == SIM_SKIPPED)
		return;
	if (r->state != SIM_PASSED || !m->ops) {
		if (r->state == SIM_PASSED)
			fprintf(stderr, "kvmsim bench: %s:%d: %s measures nothing\n", file->path, job->line, job->name);
		b->failed++;
		return;
	}
	c = case_of(b, job, r);
	if (!c->path)
		c->path = xstrdup(file->path);
	c->ns[c->rounds++] = m->ns / (double)m->ops;
	/* They are the same in each round, but for what threads do. */
	c->ncounts = 0;
	for (unsigned int i = 0; i < SIM_MAX_COUNTERS && fl->v[job->flavour].ops->counter_name(i); i++)
		if (m->counters[i]) {
			c->count_names[c->ncounts] = fl->v[job->flavour].ops->counter_name(i);
			c->counts[c->ncounts++] = (double)m->counters[i] / (double)m->ops;
		}
	if (c->rounds == b->rounds)
		finish_case(b, c);
}

/* --- the command line ------------------------------------------------------------------------------------------ */

enum {
	ARCH = 256, KERNEL, FILTER, EXCLUDE, ROUNDS, INSTRUCTIONS, JSON, HTML, COMPARE, THRESHOLD, LIST, ONCE,
	ONCE_HELD, HELP
};

static int refuse(const char *what)
{
	fprintf(stderr, "kvmsim bench: %s\nTry 'kvmsim bench --help'.\n", what);
	return SIM_EXIT_USAGE;
}

static int add_pattern(struct sim_patterns *p)
{
	if (p->n == SIM_MAX_PATTERNS)
		return refuse("too many patterns");
	p->v[p->n++] = optarg;
	return 0;
}

/* Takes one option. Returns 0, or an exit code after a message. */
static int take_option(struct bench *b, int option)
{
	char *end;

	switch (option) {
	case ARCH:
		b->o.arch = optarg;
		return 0;
	case KERNEL:
		b->o.kernel = optarg;
		return 0;
	case FILTER:
		return add_pattern(&b->o.filters);
	case EXCLUDE:
		return add_pattern(&b->o.excludes);
	case ROUNDS:
		b->rounds = strtoul(optarg, &end, 10);
		return *end || b->rounds < 1 || b->rounds > MAX_ROUNDS ? refuse("--rounds: expected 1 to 101") : 0;
	case INSTRUCTIONS:
		b->instructions = 1;
		return 0;
	case JSON:
		b->json = optarg;
		return 0;
	case HTML:
		b->html = optarg;
		return 0;
	case COMPARE:
		b->compare = optarg;
		return 0;
	case THRESHOLD:
		b->threshold = strtod(optarg, &end);
		return *end || end == optarg || !(b->threshold >= 0) ? refuse("--threshold: expected percent") : 0;
	case LIST:
		b->list = 1;
		return 0;
	default:
		b->o.measure = option == ONCE_HELD ? SIM_MEASURE_HELD : SIM_MEASURE_ALL;
		b->once = optarg;
		b->rounds = 1;
		return 0;
	}
}

/* Returns -1 to go on, or an exit code. */
static int parse(struct bench *b, int argc, char **argv)
{
	static const struct option options[] = {
		{ "arch", required_argument, NULL, ARCH }, { "kernel", required_argument, NULL, KERNEL },
		{ "filter", required_argument, NULL, FILTER }, { "exclude", required_argument, NULL, EXCLUDE },
		{ "rounds", required_argument, NULL, ROUNDS }, { "instructions", no_argument, NULL, INSTRUCTIONS },
		{ "json", required_argument, NULL, JSON }, { "html", required_argument, NULL, HTML },
		{ "compare", required_argument, NULL, COMPARE },
		{ "threshold", required_argument, NULL, THRESHOLD }, { "list", no_argument, NULL, LIST },
		{ "once", required_argument, NULL, ONCE }, { "once-held", required_argument, NULL, ONCE_HELD },
		{ "help", no_argument, NULL, HELP }, { NULL, 0, NULL, 0 },
	};
	static char *default_paths[] = { (char *)KVMSIM_BENCH_DIR };
	int option, rc;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h' || option == HELP)
			return fputs(usage, stdout) < 0 ? SIM_EXIT_USAGE : SIM_EXIT_OK;
		if (option == ':' || option == '?') {
			char text[120];

			snprintf(text, sizeof(text), option == ':' ? "option %.80s needs a value" : "no option %.80s",
				 argv[optind - 1]);
			return refuse(text);
		}
		rc = take_option(b, option);
		if (rc)
			return rc;
	}
	b->o.paths = optind < argc ? argv + optind : default_paths;
	b->o.npaths = optind < argc ? argc - optind : 1;
	return -1;
}

static void free_results(struct bench_results *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].key);
		free(r->v[i].name);
		free(r->v[i].arch);
		free(r->v[i].path);
		free(r->v[i].unit);
		free(r->v[i].ns);
	}
	free(r->v);
}

/* What comes after the rounds. Returns an exit code. */
static int after_run(struct bench *b)
{
	int rc = b->failed ? SIM_EXIT_FAILED : SIM_EXIT_OK, worse = 0;

	for (size_t i = 0; b->instructions && i < b->results.n; i++) {
		fprintf(stderr, "kvmsim bench: counting instructions, %zu of %zu\n", i + 1, b->results.n);
		if (bench_count_instructions(&b->results.v[i]))
			rc = SIM_EXIT_FAILED;
		print_case(&b->results.v[i]);
	}
	bench_print_scaling(&b->results, stdout);
	if (b->html && bench_write_html(&b->results, b->html))
		return SIM_EXIT_USAGE;
	if (b->json && bench_write_json(&b->results, b->json))
		return SIM_EXIT_USAGE;
	if (b->compare)
		worse = bench_compare(&b->results, b->compare, b->threshold);
	if (worse < 0)
		return SIM_EXIT_USAGE;
	return worse ? SIM_EXIT_FAILED : rc;
}

int bench_main(int argc, char **argv)
{
	struct bench b = {
		.rounds = 11, .threshold = 1, .o = { .jobs = 1, .timeout = TIMEOUT, .measure = SIM_MEASURE_ALL },
	};
	struct sim_hooks hooks = {
		.arg = &b, .plan = on_plan, .result = on_result, .reporter = &reporter_failures,
	};
	int rc = parse(&b, argc, argv);

	if (rc >= 0)
		return rc;
	if (b.list)
		return engine_list(&b.o);
	b.o.hooks = &hooks;
	rc = engine_run(&b.o);
	if (rc != SIM_EXIT_USAGE && !b.once)
		rc = after_run(&b);
	free_results(&b.results);
	return rc;
}
