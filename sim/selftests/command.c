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
	struct selftest_set set;
	size_t number;
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

static int matches(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->filters.n; i++)
		if (filter_match(run->filters.v[i], name))
			return 1;
	return !run->filters.n;
}

/* What is not started is a job only if the user names it. */
static int wanted(void *arg, const struct selftest_job *j)
{
	const struct run *run = arg;

	if (!j->mmu)
		return run->filters.n && matches(run, j->job.name);
	return (run->with_long || j->test->kind != SELFTEST_LONG) && run->mmus & selftest_parse_mmus(j->mmu) &&
	       matches(run, j->job.name);
}

static int report(void *arg, struct selftest_job *j)
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
	if (run->out[0].how->running && run->number < run->set.n)
		run->out[0].how->running(run->out[0].to, &j[1].job, run->number + 1, run->set.n);
	return 0;
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
			run->out[i].how->begin(run->out[i].to, run->set.n);
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

	run->totals.planned = run->set.n;
	run->totals.groups = groups;
	if (open_outputs(run))
		return SIM_EXIT_USAGE;
	run->totals.signal = selftests_run(run->set.jobs, run->set.n, run->at_once, &next, report, run);
	if (run->totals.signal)
		run->totals.interrupted = &run->set.jobs[next].job;
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

	for (size_t i = 0; i < run->set.tests.n; i++) {
		const struct selftest *t = &run->set.tests.v[i];
		const char *not = selftest_why_not(&run->set, t);

		if (!matches(run, t->program) || (not && t->kind != SELFTEST_REFUSED))
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

/* Returns the number of CPUs that this process may use. */
static size_t nr_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (size_t)CPU_COUNT(&set);
}

int selftests_main(int argc, char **argv)
{
	struct run run = { .mmus = (1u << SELFTEST_MMUS) - 1, .at_once = nr_cpus() };
	int rc = parse(&run, argc, argv);

	if (rc)
		return rc > 0 ? SIM_EXIT_OK : SIM_EXIT_USAGE;
	rc = SIM_EXIT_USAGE;
	if (!selftest_set_find(&run.set)) {
		selftest_set_jobs(&run.set, wanted, &run);
		if (run.list) {
			list(&run);
			rc = SIM_EXIT_OK;
		} else if (!run.set.n) {
			usage_error("no test%s", run.filters.n ? " matches --filter and --mmu" : "");
		} else if (!selftest_set_build(&run.set)) {
			rc = run_jobs(&run);
		}
	}
	selftest_set_free(&run.set);
	return rc;
}
