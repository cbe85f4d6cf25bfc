// SPDX-License-Identifier: GPL-2.0-only
/* kvmsim selftests: builds a kernel's KVM selftests, runs those of its list on the simulated machine, and reports. */
#include "selftests.h"
#include "../report.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: kvmsim selftests [OPTION...]\n"
	"\n"
	"Builds the KVM selftests of the kernel with their own Makefile, and runs them on the simulated machine, each\n"
	"with the arguments of kvmsim's list (docs/selftests.md). What has not changed is not built again. A test that\n"
	"the list does not have is run without arguments. Prints KTAP, or a summary on a terminal.\n"
	"\n"
	"  --mmu M,...      only ept, npt or shadow (default: all three)\n"
	"  --filter PATTERN only tests whose name has PATTERN in it; * stands for anything; of several, any\n"
	"  --long           also runs that take over ten seconds of CPU time\n"
	"  --list           say of each test of the kernel whether it is run, how, and if not, why; run nothing\n"
	"  -j, --jobs N     tests that run at once (default: one for each CPU; the output is the same)\n"
	"  --coverage       build with gcov, and say which lines of the kernel the tests have run (kvmsim coverage --help)\n"
	"  --junit F        write the results as JUnit XML to file F, at the end of the run\n"
	"\n"
	"Exit code: 0 all passed, 1 a test failed or the simulator has a report, 2 wrong usage or does not build.\n";

static const struct option options[] = {
	{ "mmu", required_argument, NULL, 'm' },  { "filter", required_argument, NULL, 'f' },
	{ "long", no_argument, NULL, 'l' },	  { "list", no_argument, NULL, 'L' },
	{ "jobs", required_argument, NULL, 'j' }, { "junit", required_argument, NULL, 'u' },
	{ "help", no_argument, NULL, 'h' },	  { NULL, 0, NULL, 0 },
};

struct output {
	const struct sim_reporter *how;
	FILE *to;
};

struct run {
	struct sim_patterns filters;
	unsigned int mmus;
	int with_long, list;
	size_t at_once;
	const char *junit;
	struct selftest_tree tree;
	struct selftests tests;
	char *programs;		/* of this kernel, a line each */
	struct selftest_job *jobs;
	size_t n, number;
	struct output out[2];
	size_t nout;
	struct sim_totals totals;
};

static int usage_error(const char *fmt, const char *what)
{
	fputs("kvmsim: selftests: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\nTry 'kvmsim selftests --help'.\n", stderr);
	return -1;
}

/* Returns whether the kernel's Makefile has the program. */
static int kernel_has(const struct run *run, const char *program)
{
	size_t n = strlen(program);

	for (const char *s = run->programs; *s; s += strcspn(s, "\n"), s += *s == '\n')
		if (!strncmp(s, program, n) && s[n] == '\n')
			return 1;
	return 0;
}

/* Reads the list, and adds what only the kernel has. Returns 0, or -1 after a message. */
static int find_tests(struct run *run)
{
	char *release = selftest_release(), *copy, *next = NULL;
	int rc = release ? selftests_read(&run->tests, release) : -1;

	free(release);
	if (rc || selftest_prepare(&run->tree))
		return -1;
	run->programs = selftest_programs(&run->tree);
	if (!run->programs)
		return -1;
	copy = xstrdup(run->programs);
	for (char *name = strtok_r(copy, "\n", &next); name; name = strtok_r(NULL, "\n", &next))
		if (!selftests_have(&run->tests, name))
			selftests_add(&run->tests, name);
	free(copy);
	return 0;
}

static int wanted(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->filters.n; i++)
		if (filter_match(run->filters.v[i], name))
			return 1;
	return !run->filters.n;
}

/* Why a test is not started, or NULL. */
static const char *why_not(const struct run *run, const struct selftest *t)
{
	if (!kernel_has(run, t->program))
		return "this kernel has no such test";
	return t->kind == SELFTEST_REFUSED ? t->reason : NULL;
}

/* mmu: NULL for a test that is not started. */
static void add_job(struct run *run, const struct selftest *t, const char *mmu)
{
	char *name = xasprintf("%s%s%s [x86_64%s%s]", t->program, *t->args ? " " : "", t->args, mmu ? " " : "",
			       mmu ? mmu : "");
	struct selftest_job *j;

	if (!wanted(run, name)) {
		free(name);
		return;
	}
	run->jobs = xrealloc(run->jobs, (run->n + 1) * sizeof(*run->jobs));
	j = &run->jobs[run->n++];
	*j = (struct selftest_job){
		.test = t, .mmu = mmu, .result = result_new(),
		.program = xasprintf("%s/%s", run->tree.objects, t->program),
		.file.path = xasprintf("selftests/kvm/%s", t->program),
		.job = { .name = name, .arch = "x86_64", .personality = (char *)mmu, .facilities = "",
			 .params = "", .flavour = -1 },
	};
	if (mmu) {
		j->job.replay = xasprintf("selftests %s--filter '%s'", t->kind == SELFTEST_LONG ? "--long " : "", name);
		return;
	}
	j->result->state = SIM_SKIPPED;
	snprintf(j->result->skip, sizeof(j->result->skip), "%s", why_not(run, t));
}

/* What is not started is a job only if the user names it. */
static void make_jobs(struct run *run)
{
	for (size_t i = 0; i < run->tests.n; i++) {
		const struct selftest *t = &run->tests.v[i];

		if (why_not(run, t)) {
			if (run->filters.n)
				add_job(run, t, NULL);
			continue;
		}
		if (t->kind == SELFTEST_LONG && !run->with_long)
			continue;
		for (unsigned int m = 0; m < SELFTEST_MMUS; m++)
			if (t->mmus & run->mmus & 1u << m)
				add_job(run, t, selftest_mmus[m]);
	}
}

/* Builds the programs of the jobs. */
static int build(struct run *run)
{
	char **programs = xmalloc((run->n + 1) * sizeof(*programs));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < run->n; i++) {
		char *program = run->jobs[i].test->program;

		if (run->jobs[i].mmu && (!n || strcmp(programs[n - 1], program)))
			programs[n++] = program;
	}
	rc = n ? selftest_build(&run->tree, programs, n) : 0;
	free(programs);
	return rc;
}

static void report(void *arg, struct selftest_job *j)
{
	struct run *run = arg;
	struct sim_result *r = j->result;

	run->number++;
	run->totals.passed += r->state == SIM_PASSED;
	run->totals.failed += r->state == SIM_FAILED;
	run->totals.skipped += r->state == SIM_SKIPPED;
	r->expectations = 1;	/* those of the program */
	for (size_t i = 0; i < run->nout; i++)
		run->out[i].how->job(run->out[i].to, &j->job, &j->file, r, NULL, run->number);
	if (run->out[0].how->running && run->number < run->n)
		run->out[0].how->running(run->out[0].to, &j[1].job, run->number + 1, run->n);
}

static int open_outputs(struct run *run)
{
	run->out[run->nout++] = (struct output){ isatty(1) ? &reporter_term : &reporter_ktap, stdout };
	reporter_color = isatty(1) && !getenv("NO_COLOR");
	if (run->junit) {
		FILE *f = fopen(run->junit, "we");

		if (!f) {
			fprintf(stderr, "kvmsim: %s: %s\n", run->junit, strerror(errno));
			return -1;
		}
		run->out[run->nout++] = (struct output){ &reporter_junit, f };
	}
	for (size_t i = 0; i < run->nout; i++)
		if (run->out[i].how->begin)
			run->out[i].how->begin(run->out[i].to, run->n);
	return 0;
}

/* Prints the totals. Returns 0, or -1 after a message if a file is incomplete. */
static int close_outputs(struct run *run)
{
	int rc = 0;

	for (size_t i = 0; i < run->nout; i++) {
		FILE *to = run->out[i].to;
		int failed;

		run->out[i].how->end(to, &run->totals);
		failed = ferror(to) | fflush(to);
		if ((i && fclose(to)) || failed) {
			fprintf(stderr, "kvmsim: writing %s failed\n", i ? run->junit : "results");
			rc = -1;
		}
	}
	return rc;
}

static int run_jobs(struct run *run)
{
	double start = wall_seconds();
	struct sim_groups *groups = groups_new();
	size_t next = 0;
	int failed;

	run->totals.planned = run->n;
	run->totals.groups = groups;
	if (open_outputs(run))
		return SIM_EXIT_USAGE;
	run->totals.signal = selftests_run(run->jobs, run->n, run->at_once, &next, report, run);
	if (run->totals.signal)
		run->totals.interrupted = &run->jobs[next].job;
	run->totals.seconds = wall_seconds() - start;
	failed = close_outputs(run) || run->totals.failed;
	groups_free(groups);
	if (run->totals.signal) {
		fflush(NULL);
		raise(run->totals.signal);
	}
	return failed ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}

/* For each test in each way that it is run. */
static void list(const struct run *run)
{
	static const char *const kinds[] = { "passes", "passes, with --long", "skipped because ", "refused because " };

	for (size_t i = 0; i < run->tests.n; i++) {
		const struct selftest *t = &run->tests.v[i];
		const char *not = why_not(run, t);

		if (!wanted(run, t->program) || (not && t->kind != SELFTEST_REFUSED))
			continue;
		printf("%s%s%s", t->program, *t->args ? " " : "", t->args);
		for (unsigned int m = 0, first = 1; !not && m < SELFTEST_MMUS; m++)
			if (t->mmus & 1u << m) {
				printf("%s%s", first ? " [" : " ", selftest_mmus[m]);
				first = 0;
			}
		printf("%s: %s%s\n", not ? "" : "]", kinds[t->kind], t->reason);
	}
}

static int parse_jobs(const char *s, size_t *out)
{
	char *end;

	*out = strtoul(s, &end, 10);
	return *end || *s == '-' || !*out || *out > 1024 ? -1 : 0;
}

/* Returns 0, 1 if the help has been printed, or -1 after a message. */
static int parse(struct run *run, int argc, char **argv)
{
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "+:hj:", options, NULL)) != -1) {
		switch (opt) {
		case 'm':
			run->mmus = selftest_parse_mmus(optarg);
			if (!run->mmus)
				return usage_error("--mmu: expected some of ept,npt,shadow, got %s", optarg);
			break;
		case 'f':
			if (run->filters.n == SIM_MAX_PATTERNS)
				return usage_error("%s", "too many patterns");
			run->filters.v[run->filters.n++] = optarg;
			break;
		case 'l':
			run->with_long = 1;
			break;
		case 'L':
			run->list = 1;
			break;
		case 'j':
			if (parse_jobs(optarg, &run->at_once))
				return usage_error("--jobs: expected a number from 1 to 1024, got %s", optarg);
			break;
		case 'u':
			run->junit = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 1;
		case ':':
			return usage_error("option %s needs a value", argv[optind - 1]);
		default:
			return usage_error("there is no option %s", argv[optind - 1]);
		}
	}
	return optind == argc ? 0 : usage_error("no argument expected: %s", argv[optind]);
}

static void free_run(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		struct selftest_job *j = &run->jobs[i];

		result_free(j->result);
		free(j->job.name);
		free(j->job.replay);
		free(j->file.path);
		free(j->program);
	}
	free(run->jobs);
	free(run->programs);
	selftests_free(&run->tests);
	selftest_tree_free(&run->tree);
}

/* Returns the number of CPUs that this process may use. */
static size_t nr_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (size_t)CPU_COUNT(&set);
}

int selftests_main(int argc, char **argv)
{
	struct run run = { .mmus = (1u << SELFTEST_MMUS) - 1, .at_once = nr_cpus(), .tree.lock = -1 };
	int rc = parse(&run, argc, argv);

	if (rc)
		return rc > 0 ? SIM_EXIT_OK : SIM_EXIT_USAGE;
	rc = SIM_EXIT_USAGE;
	if (!find_tests(&run)) {
		make_jobs(&run);
		if (run.list) {
			list(&run);
			rc = SIM_EXIT_OK;
		} else if (!run.n) {
			usage_error("no test%s", run.filters.n ? " matches --filter and --mmu" : "");
		} else if (!build(&run)) {
			rc = run_jobs(&run);
		}
	}
	free_run(&run);
	return rc;
}
