// SPDX-License-Identifier: GPL-2.0-only
/* The command line: sub-commands, options, help, version. */
#include "sim.h"

#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* bench/bench.c */
int bench_main(int argc, char **argv);
/* exec_command.c */
int exec_main(int argc, char **argv);
/* selftests/command.c */
int selftests_main(int argc, char **argv);

enum { OPT_ARCH = 256, OPT_KERNEL, OPT_TRACE, OPT_JUNIT, OPT_COUNTERS, OPT_ALLOW_IO, OPT_FILTER, OPT_TIMEOUT,
	OPT_JOBS,
	OPT_EXCLUDE, OPT_FAILED, OPT_FAIL_FAST, OPT_SHARD, OPT_CHANGED, OPT_DIFF, OPT_LIMIT, OPT_SVG, OPT_PARAM,
	OPT_HELP };

static const struct option all_options[] = {
	{ "arch", required_argument, NULL, OPT_ARCH },
	{ "kernel", required_argument, NULL, OPT_KERNEL },
	{ "trace", required_argument, NULL, OPT_TRACE },
	{ "junit", required_argument, NULL, OPT_JUNIT },
	{ "counters", no_argument, NULL, OPT_COUNTERS },
	{ "allow-io", no_argument, NULL, OPT_ALLOW_IO },
	{ "filter", required_argument, NULL, OPT_FILTER },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "jobs", required_argument, NULL, OPT_JOBS },
	{ "exclude", required_argument, NULL, OPT_EXCLUDE },
	{ "failed", no_argument, NULL, OPT_FAILED },
	{ "fail-fast", no_argument, NULL, OPT_FAIL_FAST },
	{ "shard", required_argument, NULL, OPT_SHARD },
	{ "changed", no_argument, NULL, OPT_CHANGED },
	{ "diff", required_argument, NULL, OPT_DIFF },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "param", required_argument, NULL, OPT_PARAM },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

#define OPTION(o) (1u << ((o) - OPT_ARCH))
#define SELECT (OPTION(OPT_FILTER) | OPTION(OPT_EXCLUDE) | OPTION(OPT_FAILED) | OPTION(OPT_SHARD))
#define COMMON (OPTION(OPT_ARCH) | OPTION(OPT_KERNEL) | OPTION(OPT_ALLOW_IO) | OPTION(OPT_HELP))

static const char general_help[] =
	"Usage: kvmsim COMMAND [OPTION...] [ARGUMENT...]\n"
	"\n"
	"Runs the Linux kernel's KVM and mm code in this process and tests it with scenarios.\n"
	"\n"
	"Commands:\n"
	"  run         run scenarios and report\n"
	"  check       run the scenarios that reach a change of the kernel, and say which of its lines ran\n"
	"  reach       say how many functions of the kernel each scenario file reaches\n"
	"  show        show the memory at a step of a scenario\n"
	"  list        list scenarios\n"
	"  repl        try the scenario language line by line\n"
	"  bench       measure\n"
	"  exec        run a program, such as one of the kernel's selftests, on the simulated machine\n"
	"  selftests   build the kernel's KVM selftests and run them on the simulated machine\n"
	"\n"
	"  kvmsim COMMAND --help   options of one command\n"
	"  kvmsim --version        kernel, patches and checksums of what is built in, and which kernels are tested\n"
	"\n"
	"Exit code: 0 all passed, 1 a scenario failed, 2 wrong usage or unreadable file.\n";

#define HELP_COMMON \
	"  --arch A         only architecture A; others than x86_64 are built when they are first asked for\n" \
	"  --kernel V       only a kernel whose release begins with V\n" \
	"  --allow-io       give scenarios Lua's io and os libraries: only for files that you trust\n"
#define HELP_PARAM \
	"  --param M.NAME=V load KVM with this module parameter, kvm.tdp_mmu=0; may come several times\n"
#define HELP_SELECT \
	"  --filter PATTERN only scenarios whose name has PATTERN in it; * stands for anything; of several, any\n" \
	"  --exclude PATTERN not those whose name has PATTERN in it; may come several times\n" \
	"  --failed         only scenarios that failed when they last ran; without FILE, from all files\n" \
	"  --shard K/N      the K-th of N parts of what the other options leave, for several machines\n"

static const char run_help[] =
	"Usage: kvmsim run [OPTION...] FILE|FILE:LINE|DIR...\n"
	"\n"
	"Runs the scenarios in the files, and in all *.lua below the directories; - is standard input. With a line, runs\n"
	"the scenario there. Prints KTAP, or a summary on a terminal.\n"
	"\n" HELP_COMMON HELP_SELECT
	"  --changed [BASE] with --kernel DIR: only scenarios that reach what differs from commit BASE, as check chooses\n"
	"                   them; without FILE, of all files, and selftests\n"
	"  --diff F         with --changed: the change, as for check\n"
	"  --limit N        with --changed: as for check (default: 200; 0: all)\n"
	HELP_PARAM
	"  --fail-fast      stop at the first failure\n"
	"  --timeout S      seconds of wall-clock time that one scenario may take (default: 30, or what it says)\n"
	"  -j, --jobs N     scenarios that run at once (default: one for each CPU; the output is the same)\n"
	"  --trace F        write the kernel log and every step to file F, in the layout of ftrace, or as JSON for Perfetto\n"
	"                   if F ends in .json; one scenario at a time\n"
	"  --junit F        write the results as JUnit XML to file F, at the end of the run\n"
	"  --counters       show what each scenario added to the machine's counters\n";

static const char check_help[] =
	"Usage: kvmsim check [BASE] --kernel DIR [OPTION...] [FILE|DIR|selftests...]\n"
	"       kvmsim check --diff FILE [OPTION...] [FILE|DIR|selftests...]\n"
	"\n"
	"Finds the scenarios that reach a change of the kernel, runs them, and says which lines of the change ran. Prints a\n"
	"text for the cover letter. The change is what 'git diff BASE' says in the tree DIR, which is built first. BASE is\n"
	"HEAD if something there is not committed, else HEAD~1. \"selftests\" stands for the KVM selftests of x86_64.\n"
	"Default: the scenarios that come with kvmsim, and the selftests.\n"
	"\n"
	"Which functions a scenario or selftest reaches is recorded when check first runs for an architecture. That runs all\n"
	"of them. Exit code: as for run, and 125 if the tree does not build, for git bisect run.\n"
	"\n" HELP_COMMON HELP_SELECT
	"  --diff F         the change, a unified diff that the kernel has already; - is standard input\n"
	"  --limit N        run the N scenarios that are nearest to the change, and a tenth as many selftests (default: 200;\n"
	"                   0: all)\n"
	"  --fail-fast      stop at the first failure\n"
	"  --timeout S      seconds of wall-clock time that one scenario may take (default: 30, or what it says)\n"
	"  -j, --jobs N     scenarios that run at once (default: one for each CPU; the output is the same)\n"
	"  --junit F        write the results as JUnit XML to file F, at the end of the run\n";

static const char reach_help[] =
	"Usage: kvmsim reach [OPTION...] [FILE|DIR...]\n"
	"\n"
	"Says how many functions of the kernel each scenario file reaches, and how many of them no other of these files\n"
	"does. Loading KVM does not count. Default: the scenarios that come with kvmsim. What scenarios reach is recorded\n"
	"once, as for check.\n"
	"\n" HELP_COMMON HELP_SELECT
	"  -j, --jobs N     scenarios that run at once (default: one for each CPU; the output is the same)\n";

static const char show_help[] =
	"Usage: kvmsim show [OPTION...] FILE:LINE\n"
	"\n"
	"Runs the scenario at the line, and draws the memory when it comes to the line for the first time, before the line\n"
	"runs: for each slot its pages, with what the page tables of the VMM's process, the tables of KVM and the TLB of\n"
	"each vCPU have there. KVM's tables are those of the first vCPU. Pages that are alike stand together.\n"
	"\n" HELP_COMMON HELP_SELECT
	HELP_PARAM
	"  --svg F          also draw the picture as SVG to file F; only one scenario may run\n"
	"  --timeout S      seconds of wall-clock time that the scenario may take (default: 30, or what it says)\n";

static const char list_help[] =
	"Usage: kvmsim list [OPTION...] [FILE|FILE:LINE|DIR...]\n"
	"\n"
	"Shows file, line and name of each scenario, what it tests, and the architecture, kernels and capabilities that it\n"
	"needs. Default: the scenarios that come with kvmsim.\n"
	"\n" HELP_COMMON HELP_SELECT;

static const char repl_help[] =
	"Usage: kvmsim repl [OPTION...]\n"
	"\n"
	"Reads Lua from standard input, a line at a time, and runs it in one world. sim and expect are there. On a terminal\n"
	"lines can be edited and completed, and Ctrl-C gives up a line or ends what runs.\n"
	"\n" HELP_COMMON
	"  --timeout S      seconds of wall-clock time that the Lua code of a line may take (default: 30)\n";

struct command {
	const char *name, *help;
	unsigned int options;
	int paths;	/* 1: takes files */
	int (*run)(const struct sim_options *o);
};

static const struct command commands[] = {
	{ "run", run_help,
	  COMMON | OPTION(OPT_PARAM) | OPTION(OPT_TRACE) | OPTION(OPT_JUNIT) | OPTION(OPT_COUNTERS) | SELECT |
		OPTION(OPT_FAIL_FAST) | OPTION(OPT_TIMEOUT) | OPTION(OPT_JOBS) | OPTION(OPT_CHANGED) |
		OPTION(OPT_DIFF) | OPTION(OPT_LIMIT),
	  1, engine_run },
	{ "check", check_help,
	  COMMON | OPTION(OPT_JUNIT) | SELECT | OPTION(OPT_FAIL_FAST) | OPTION(OPT_TIMEOUT) | OPTION(OPT_JOBS) |
		OPTION(OPT_DIFF) | OPTION(OPT_LIMIT),
	  1, check_run },
	{ "reach", reach_help, COMMON | SELECT | OPTION(OPT_JOBS), 1, check_reached },
	{ "show", show_help, COMMON | SELECT | OPTION(OPT_SVG) | OPTION(OPT_PARAM) | OPTION(OPT_TIMEOUT), 1, show_run },
	{ "list", list_help, COMMON | SELECT, 1, engine_list },
	{ "repl", repl_help, COMMON | OPTION(OPT_TIMEOUT), 0, engine_repl },
};

static int usage_error(const char *command, const char *what)
{
	fprintf(stderr, "kvmsim: %s\nTry 'kvmsim %s%s--help'.\n", what, command, *command ? " " : "");
	return SIM_EXIT_USAGE;
}

#define MAX_JOBS 1024
#define DEFAULT_LIMIT 200	/* scenarios that check runs */

/* Returns the number of CPUs that this process may use. */
static size_t nr_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (size_t)CPU_COUNT(&set);
}

static int parse_jobs(const char *s, size_t *out)
{
	char *end;
	long n = strtol(s, &end, 10);

	*out = (size_t)n;
	return *end || end == s || n < 1 || n > MAX_JOBS ? -1 : 0;
}

static int parse_limit(const char *s, size_t *out)
{
	char *end;

	*out = strtoul(s, &end, 10);
	return *end || end == s || *s == '-' ? -1 : 0;
}

static int parse_seconds(const char *s, double *out)
{
	char *end;

	*out = strtod(s, &end);
	return *end || end == s || !(*out > 0 && *out <= 86400) ? -1 : 0;
}

/* K/N, with K from 1 to N. */
static int parse_shard(const char *s, struct sim_options *o)
{
	unsigned int k, n;
	char rest;

	if (sscanf(s, "%u/%u%c", &k, &n, &rest) != 2 || !k || k > n || strspn(s, "0123456789/") != strlen(s))
		return -1;
	o->shard = k;
	o->shards = n;
	return 0;
}

static int add_pattern(const struct command *c, struct sim_patterns *p)
{
	if (p->n == SIM_MAX_PATTERNS) {
		usage_error(c->name, "too many patterns");
		return -1;
	}
	p->v[p->n++] = optarg;
	return 0;
}

/* Takes one option with its argument, optarg. Returns 0, or -1 after a message. */
static int take_option(const struct command *c, int opt, struct sim_options *o)
{
	switch (opt) {
	case OPT_ARCH:
		o->arch = optarg;
		return 0;
	case OPT_KERNEL:
		o->kernel = optarg;
		return 0;
	case OPT_TRACE:
		o->trace = optarg;
		return 0;
	case OPT_JUNIT:
		o->junit = optarg;
		return 0;
	case OPT_FILTER:
		return add_pattern(c, &o->filters);
	case OPT_EXCLUDE:
		return add_pattern(c, &o->excludes);
	case OPT_FAILED:
		o->failed = 1;
		return 0;
	case OPT_FAIL_FAST:
		o->fail_fast = 1;
		return 0;
	case OPT_SHARD:
		if (!parse_shard(optarg, o))
			return 0;
		usage_error(c->name, "--shard: expected K/N, with K from 1 to N");
		return -1;
	case OPT_SVG:
		o->svg = optarg;
		return 0;
	case OPT_PARAM:
		if (!params_add(&o->params, optarg))
			return 0;
		usage_error(c->name, "--param: expected MODULE.NAME=VALUE, without commas");
		return -1;
	case OPT_CHANGED:
		o->changed = 1;
		return 0;
	case OPT_DIFF:
		o->diff = optarg;
		return 0;
	case OPT_LIMIT:
		if (!parse_limit(optarg, &o->limit))
			return 0;
		usage_error(c->name, "--limit: expected a number");
		return -1;
	case OPT_COUNTERS:
		o->counters = 1;
		return 0;
	case OPT_ALLOW_IO:
		o->allow_io = 1;
		return 0;
	case OPT_JOBS:
		if (!parse_jobs(optarg, &o->jobs))
			return 0;
		usage_error(c->name, "--jobs: expected a number from 1 to 1024");
		return -1;
	default:
		if (!parse_seconds(optarg, &o->timeout))
			return 0;
		usage_error(c->name, "--timeout: expected seconds, more than 0 and at most 86400");
		return -1;
	}
}

/* The option of a command that was probably meant, or NULL. given: an argument such as "--fliter=x". */
static const char *meant_option(const struct command *c, const char *given)
{
	char name[80];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(given + strspn(given, "-"), "="), given + strspn(given, "-"));
	for (const struct option *o = all_options; o->name; o++)
		if (c->options & OPTION(o->val) && is_like(name, o->name))
			return o->name;
	return NULL;
}

static int no_option(const struct command *c, const char *given)
{
	const char *meant = meant_option(c, given);
	char text[240];

	snprintf(text, sizeof(text), "kvmsim %s has no option %.80s%s%s%s", c->name, given,
		 meant ? " (did you mean '--" : "", meant ? meant : "", meant ? "'?)" : "");
	return usage_error(c->name, text);
}

/* Returns 0 to continue, 1 for help, -1 after an error message. */
static int parse(const struct command *c, int argc, char **argv, struct sim_options *o)
{
	int opt, at, which = -1;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":hj:", all_options, &which)) != -1) {
		if (opt == 'h' || opt == OPT_HELP)
			return 1;
		if (opt == 'j') {
			opt = OPT_JOBS;
			which = OPT_JOBS - OPT_ARCH;
		}
		at = optind - 1;
		if (opt == ':' || opt == '?' || !(c->options & OPTION(opt))) {
			char text[200];

			if (opt == ':') {
				snprintf(text, sizeof(text), "option %.80s needs a value", argv[at]);
				usage_error(c->name, text);
			} else if (opt == '?') {
				no_option(c, argv[at]);
			} else {
				snprintf(text, sizeof(text), "--%s", all_options[which].name);
				no_option(c, text);
			}
			return -1;
		}
		if (take_option(c, opt, o))
			return -1;
	}
	o->paths = argv + optind;
	o->npaths = argc - optind;
	return 0;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	static char *default_paths[] = { (char *)KVMSIM_SCENARIO_DIR };
	struct sim_options o = { .limit = DEFAULT_LIMIT };
	int rc = parse(c, argc, argv, &o);

	if (rc > 0)
		return fputs(c->help, stdout) < 0 ? SIM_EXIT_USAGE : SIM_EXIT_OK;
	if (rc < 0)
		return SIM_EXIT_USAGE;
	if (!c->paths && o.npaths)
		return usage_error(c->name, "no arguments expected");
	if (o.trace && o.jobs > 1)
		return usage_error(c->name, "--trace: one scenario at a time: only --jobs 1 goes with it");
	if (c->run == show_run)
		o.jobs = 1;
	if (!o.jobs)
		o.jobs = o.trace ? 1 : nr_cpus();
	if (c->run == engine_run && !o.changed && (o.diff || o.limit != DEFAULT_LIMIT))
		return usage_error(c->name, "--diff and --limit go with --changed");
	if (c->paths && !o.npaths && !o.failed) {
		if ((c->run == engine_run && !o.changed) || c->run == show_run)
			return usage_error(c->name, "which scenarios? Give a file or a directory");
		o.all = 1;
		o.paths = default_paths;
		o.npaths = 1;
	}
	o.ktap = !isatty(1);
	o.color = isatty(1) && !getenv("NO_COLOR");
	return o.changed ? check_run_changed(&o) : c->run(&o);
}

static int version(void)
{
	struct sim_flavours fl;

	printf("kvmsim %s\n", KVMSIM_VERSION);
	if (flavours_load(&fl, NULL, NULL))
		return SIM_EXIT_USAGE;
	for (size_t i = 0; i < fl.n; i++)
		printf("%s: kernel %s, patches: %s, build-id %s\n", fl.v[i].ops->arch, fl.v[i].ops->kernel_release,
		       KVMSIM_PATCHES, fl.v[i].checksum);
	flavours_free(&fl);
	printf("tested: %s\n", KVMSIM_TESTED);
	return SIM_EXIT_OK;
}

int cli_main(int argc, char **argv)
{
	const char *meant = NULL;
	char text[200];

	if (argc < 2)
		return usage_error("", "no command");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return fputs(general_help, stdout) < 0 ? SIM_EXIT_USAGE : SIM_EXIT_OK;
	if (!strcmp(argv[1], "--version"))
		return argc > 2 ? usage_error("", "--version: no arguments expected") : version();
	if (!strcmp(argv[1], "bench"))
		return bench_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "exec"))
		return exec_main(argc - 1, argv + 1);
	if (!strcmp(argv[1], "selftests"))
		return selftests_main(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
		if (is_like(argv[1], commands[i].name))
			meant = commands[i].name;
	}
	snprintf(text, sizeof(text), "no command '%.80s'%s%s%s", argv[1], meant ? " (did you mean '" : "",
		 meant ? meant : "", meant ? "'?)" : "");
	return usage_error("", text);
}
