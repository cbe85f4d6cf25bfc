// SPDX-License-Identifier: GPL-2.0-only
/* kvmsim exec: starts a program with libkvmexec.so (exec/), which makes it the simulated machine's process. */
#define _GNU_SOURCE
#include "sim.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: kvmsim exec [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	"\n"
	"Runs an unmodified, dynamically linked program, such as one of the kernel's selftests. Its /dev/kvm, the\n"
	"memory that it maps, its memfds, eventfds and userfaultfds are the simulated machine's (docs/exec.md).\n"
	"\n"
	"  --arch A         only x86_64 can do this\n"
	"  --mmu M          ept (default), npt or shadow\n"
	"  --ram SIZE       RAM of the machine, 64M to 32G (default: 2G)\n"
	"  --cpus N         simulated CPUs, 1 to 8 (default: 8); the program may have more threads\n"
	"  --hugepages N    pages of 2M in the pool of hugetlb, from RAM, like the kernel's hugepages=N (default: 0)\n"
	"  --param M.N=V    loads the module with a parameter, like kvm.tdp_mmu=N; may come several times\n"
	"  --log            print the simulated kernel's log\n"
	"\n"
	"Exit code: the program's. If that is 0 and the simulator has something to report: 1. If kvmsim cannot do\n"
	"something right that the program asks for, it says so and ends with 1; 2 wrong usage.\n";

static const struct option options[] = {
	{ "arch", required_argument, NULL, 'a' }, { "mmu", required_argument, NULL, 'm' },
	{ "ram", required_argument, NULL, 'r' },  { "cpus", required_argument, NULL, 'c' },
	{ "hugepages", required_argument, NULL, 'g' },
	{ "param", required_argument, NULL, 'p' }, { "log", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },	  { NULL, 0, NULL, 0 },
};

static int usage_error(const char *fmt, const char *what)
{
	fputs("kvmsim: ", stderr);
	fprintf(stderr, fmt, what);
	fputs("\nTry 'kvmsim exec --help'.\n", stderr);
	return SIM_EXIT_USAGE;
}

/* "512M", "2G"; 0: not a size of RAM that a machine can have. */
static unsigned long long parse_ram(const char *s)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 10);

	if (end == s || n > 1ULL << 40)
		return 0;
	if (!strcmp(end, "M"))
		n <<= 20;
	else if (!strcmp(end, "G"))
		n <<= 30;
	else if (*end)
		return 0;
	return n >= 64ULL << 20 && n <= 32ULL << 30 && n % (4ULL << 20) == 0 ? n : 0;
}

/* Returns a sentence that says why the file cannot be run here, or NULL. What is not an ELF file is a script. */
static const char *unfit(const char *path)
{
	const char *why = "it is statically linked, so that nothing can be preloaded";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr e;
	Elf64_Phdr p;

	if (fd < 0)
		return strerror(errno);
	if (read(fd, &e, sizeof(e)) != sizeof(e) || memcmp(e.e_ident, ELFMAG, SELFMAG)) {
		why = NULL;
	} else if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_machine != EM_X86_64) {
		why = "it is not a 64-bit program for x86";
	} else {
		for (int i = 0; i < e.e_phnum; i++)
			if (pread(fd, &p, sizeof(p), (off_t)(e.e_phoff + (Elf64_Off)i * sizeof(p))) == sizeof(p) &&
			    p.p_type == PT_INTERP)
				why = NULL;
	}
	close(fd);
	return why;
}

/* Like execvp(3) looks for it; malloc'ed. */
static char *find_program(const char *name)
{
	char *path = getenv("PATH"), *list = xstrdup(path ? path : ""), *next = NULL, *found = NULL;

	if (!strchr(name, '/')) {
		for (char *dir = strtok_r(list, ":", &next); dir && !found; dir = strtok_r(NULL, ":", &next)) {
			found = xasprintf("%s/%s", dir, name);
			if (access(found, X_OK)) {
				free(found);
				found = NULL;
			}
		}
	}
	free(list);
	return found ? found : xstrdup(name);
}

static int start(const char *arch, char **argv)
{
	char *dir = flavour_dir(), *library = xasprintf("%s/libkvmexec.so", dir ? dir : ".");
	char *flavour = xasprintf("%s/libkvm-%s.so", dir ? dir : ".", arch);
	char *program = find_program(argv[0]), *preload = getenv("LD_PRELOAD");
	const char *why = unfit(program);

	if (why) {
		fprintf(stderr, "kvmsim: %s: %s\n", program, why);
		return SIM_EXIT_USAGE;
	}
	if (access(library, R_OK) || access(flavour, R_OK)) {
		fprintf(stderr, "kvmsim: no %s: builds with sanitizers have no kvmsim exec\n",
			access(library, R_OK) ? library : flavour);
		return SIM_EXIT_USAGE;
	}
	setenv("KVMSIM_EXEC_FLAVOUR", flavour, 1);
	setenv("LD_PRELOAD", preload && *preload ? xasprintf("%s:%s", library, preload) : library, 1);
	execv(program, argv);
	fprintf(stderr, "kvmsim: %s: %s\n", program, strerror(errno));
	return SIM_EXIT_USAGE;
}

static int add_param(const char *param)
{
	char *old = getenv("KVMSIM_EXEC_PARAMS");

	if (!strchr(param, '=') || strchr(param, ','))
		return -1;
	setenv("KVMSIM_EXEC_PARAMS", old && *old ? xasprintf("%s,%s", old, param) : param, 1);
	return 0;
}

int exec_main(int argc, char **argv)
{
	const char *arch = "x86_64";
	char number[32];
	int opt;

	unsetenv("KVMSIM_EXEC_MMU");
	unsetenv("KVMSIM_EXEC_RAM");
	unsetenv("KVMSIM_EXEC_CPUS");
	unsetenv("KVMSIM_EXEC_PARAMS");
	unsetenv("KVMSIM_EXEC_HUGEPAGES");
	unsetenv("KVMSIM_EXEC_LOG");
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			arch = optarg;
			if (strcmp(arch, "x86_64"))
				return usage_error("exec --arch %s: a program for it does not run on this processor",
						   arch);
			break;
		case 'm':
			if (strcmp(optarg, "ept") && strcmp(optarg, "npt") && strcmp(optarg, "shadow"))
				return usage_error("exec --mmu: expected ept, npt or shadow, got %s", optarg);
			setenv("KVMSIM_EXEC_MMU", optarg, 1);
			break;
		case 'r':
			if (!parse_ram(optarg))
				return usage_error("exec --ram: expected 64M to 32G, in steps of 4M, got %s", optarg);
			snprintf(number, sizeof(number), "%llu", parse_ram(optarg));
			setenv("KVMSIM_EXEC_RAM", number, 1);
			break;
		case 'c':
			if (strlen(optarg) != 1 || *optarg < '1' || *optarg > '0' + KVMSIM_MAX_CPUS)
				return usage_error("exec --cpus: expected 1 to 8, got %s", optarg);
			setenv("KVMSIM_EXEC_CPUS", optarg, 1);
			break;
		case 'g':
			if (!*optarg || strspn(optarg, "0123456789") != strlen(optarg) || strlen(optarg) > 5)
				return usage_error("exec --hugepages: expected a number of pages, got %s", optarg);
			setenv("KVMSIM_EXEC_HUGEPAGES", optarg, 1);
			break;
		case 'p':
			if (add_param(optarg))
				return usage_error("exec --param: expected MODULE.NAME=VALUE, got %s", optarg);
			break;
		case 'l':
			setenv("KVMSIM_EXEC_LOG", "1", 1);
			break;
		case 'h':
			return fputs(help, stdout) < 0 ? SIM_EXIT_USAGE : SIM_EXIT_OK;
		case ':':
			return usage_error("option %s needs a value", argv[optind - 1]);
		default:
			return usage_error("kvmsim exec has no option %s", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("exec: %s?", "which program");
	return start(arch, argv + optind);
}
