// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts with Valgrind's callgrind: the instructions of a case, by whose code they are, its calls of some functions,
 * and in a second run what it executes while KVM's mmu_lock is held.
 */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <kshim/symbolize.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum called { CALLED_GUP, CALLED_NOTIFIER, CALLED, CALLED_OTHER = CALLED };

static const char *const called_names[CALLED] = { "gup_calls", "notifier_calls" };

/* The functions' names begin with these. What they call in mm/gup.c and in KVM has other names. */
static const struct {
	const char *prefix;
	enum called what;
} prefixes[] = {
	{ "get_user_pages", CALLED_GUP }, { "pin_user_pages", CALLED_GUP },
	{ "fixup_user_fault", CALLED_GUP }, { "kvm_mmu_notifier_", CALLED_NOTIFIER },
};

struct profile_sums {
	double parts[BENCH_PARTS], calls[CALLED];
};

/* Names are written once with a number: "fl=(3) mm/gup.c", later "fl=(3)"; "cfn=(5) get_user_pages_unlocked". */
struct profile {
	enum bench_part *parts;	/* by the file's number */
	enum called *functions;	/* by the function's number */
	size_t nfiles, nfunctions;
	enum bench_part now;
	enum called callee;	/* of the next call */
	int skip;		/* the next line of costs is what a call costs, and the callee has that, too */
	struct profile_sums sums;
};

const char *const bench_part_names[BENCH_PARTS] = { "kernel", "shim", "model", "rest" };

static enum bench_part part_of(const char *path)
{
	const char *name = host_short_path(path);

	if (!strncmp(name, "kernel-shim/", 12))
		return BENCH_SHIM;
	if (!strncmp(name, "models/", 7))
		return BENCH_MODEL;
	if (*name == '/' || *name == '?' || !strncmp(name, "sim/", 4) || !strncmp(name, "bench/", 6) ||
	    !strchr(name, '/'))
		return BENCH_REST;
	return BENCH_KERNEL;
}

/* "(3) name" or "(3)" */
static enum bench_part file_of(struct profile *p, char *text)
{
	char *end;
	size_t i = strtoul(text + 1, &end, 10);

	if (i >= p->nfiles) {
		p->parts = xrealloc(p->parts, (i + 1) * sizeof(*p->parts));
		while (p->nfiles <= i)
			p->parts[p->nfiles++] = BENCH_REST;
	}
	if (!strncmp(end, ") ", 2)) {
		end[strcspn(end, "\n")] = 0;
		p->parts[i] = part_of(end + 2);
	}
	return p->parts[i];
}

static enum called called_of(const char *name)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i].prefix, strlen(prefixes[i].prefix)))
			return prefixes[i].what;
	return CALLED_OTHER;
}

/* The same for a function. */
static enum called function_of(struct profile *p, const char *text)
{
	char *end;
	size_t i = strtoul(text + 1, &end, 10);

	if (i >= p->nfunctions) {
		p->functions = xrealloc(p->functions, (i + 1) * sizeof(*p->functions));
		while (p->nfunctions <= i)
			p->functions[p->nfunctions++] = CALLED_OTHER;
	}
	if (!strncmp(end, ") ", 2))
		p->functions[i] = called_of(end + 2);
	return p->functions[i];
}

static void read_line(struct profile *p, char *line)
{
	unsigned long long cost;

	if (!strncmp(line, "fl=", 3) || !strncmp(line, "fi=", 3) || !strncmp(line, "fe=", 3)) {
		p->now = file_of(p, line + 3);
	} else if (!strncmp(line, "cfl=", 4) || !strncmp(line, "cfi=", 4)) {
		file_of(p, line + 4);
	} else if (!strncmp(line, "fn=", 3)) {
		function_of(p, line + 3);
	} else if (!strncmp(line, "cfn=", 4)) {
		p->callee = function_of(p, line + 4);
	} else if (!strncmp(line, "calls=", 6)) {
		if (p->callee != CALLED_OTHER)
			p->sums.calls[p->callee] += strtod(line + 6, NULL);
		p->skip = 1;
	} else if (strchr("0123456789+-*", *line) && sscanf(line, "%*s %llu", &cost) == 1) {
		if (!p->skip)
			p->sums.parts[p->now] += (double)cost;
		p->skip = 0;
	}
}

static void read_profile(const char *path, struct profile_sums *sums)
{
	struct profile p = { .now = BENCH_REST, .callee = CALLED_OTHER };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return;
	while (getline(&line, &room, f) > 0)
		read_line(&p, line);
	for (int i = 0; i < BENCH_PARTS; i++)
		sums->parts[i] += p.sums.parts[i];
	for (int i = 0; i < CALLED; i++)
		sums->calls[i] += p.sums.calls[i];
	free(line);
	free(p.parts);
	free(p.functions);
	fclose(f);
}

/* Adds up what the processes left, of which one has run the case, and removes it. */
static void read_profiles(const char *dir, struct profile_sums *sums)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char *path = xasprintf("%s/%s", dir, e->d_name);

		if (e->d_name[0] != '.') {
			read_profile(path, sums);
			unlink(path);
		}
		free(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

/* Nothing is instrumented before sim:measure(). There each thread collects at once, or with held what it does then. */
static void exec_valgrind(const struct bench_case *c, const char *dir, int held)
{
	char exe[4096], *out = xasprintf("--callgrind-out-file=%s/%%p", dir);
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		exe[n] = 0;
		execlp("valgrind", "valgrind", "-q", "--tool=callgrind", "--instr-atstart=no",
		       held ? "--collect-atstart=no" : "--collect-atstart=yes", out, exe, "bench", "--arch", c->arch,
		       held ? "--once-held" : "--once", c->key, c->path, (char *)NULL);
	}
	fprintf(stderr, "kvmsim bench: valgrind: %s\n", strerror(errno));
	_exit(127);
}

/* Runs the case once. Returns 0, or -1. */
static int profile(const struct bench_case *c, int held, struct profile_sums *sums)
{
	char dir[] = "/tmp/kvmsim-callgrind-XXXXXX";
	int status = -1;
	pid_t pid;

	if (!mkdtemp(dir)) {
		fprintf(stderr, "kvmsim bench: %s: %s\n", dir, strerror(errno));
		return -1;
	}
	fflush(NULL);
	pid = fork();
	if (!pid)
		exec_valgrind(c, dir, held);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	read_profiles(dir, sums);
	return status ? -1 : 0;
}

static void add_count(struct bench_case *c, const char *name, double value)
{
	if (!value || c->ncounts == BENCH_COUNTS)
		return;
	c->count_names[c->ncounts] = name;
	c->counts[c->ncounts++] = value / (double)c->ops;
}

int bench_count_instructions(struct bench_case *c)
{
	struct profile_sums all = { 0 }, held = { 0 };
	double total = 0, total_held = 0;
	int rc = profile(c, 0, &all);

	for (int i = 0; i < BENCH_PARTS; i++) {
		c->instructions[i] = all.parts[i] / (double)c->ops;
		total += all.parts[i];
	}
	c->has_instructions = !rc && total > 0;
	if (c->has_instructions)
		rc = profile(c, 1, &held);
	for (int i = 0; i < BENCH_REST; i++)
		total_held += held.parts[i];
	add_count(c, "mmu_lock_held_instructions", total_held);
	for (int i = 0; i < CALLED; i++)
		add_count(c, called_names[i], all.calls[i]);
	if (c->has_instructions && !rc)
		return 0;
	fprintf(stderr, "kvmsim bench: %s: no instructions: valgrind failed\n", c->name);
	return -1;
}
