// SPDX-License-Identifier: GPL-2.0-only
/* Counts the instructions of a case with Valgrind's callgrind, by whose code they are. */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <kshim/symbolize.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names of files are written once with a number: "fl=(3) mm/gup.c", later "fl=(3)". */
struct profile {
	enum bench_part *parts;	/* by the file's number */
	size_t n;
	enum bench_part now;
	int skip;		/* the next line of costs is what a call costs, and the callee has that, too */
	double sums[BENCH_PARTS];
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

	if (i >= p->n) {
		p->parts = xrealloc(p->parts, (i + 1) * sizeof(*p->parts));
		while (p->n <= i)
			p->parts[p->n++] = BENCH_REST;
	}
	if (!strncmp(end, ") ", 2)) {
		end[strcspn(end, "\n")] = 0;
		p->parts[i] = part_of(end + 2);
	}
	return p->parts[i];
}

static void read_line(struct profile *p, char *line)
{
	unsigned long long cost;

	if (!strncmp(line, "fl=", 3) || !strncmp(line, "fi=", 3) || !strncmp(line, "fe=", 3)) {
		p->now = file_of(p, line + 3);
	} else if (!strncmp(line, "cfl=", 4) || !strncmp(line, "cfi=", 4)) {
		file_of(p, line + 4);
	} else if (!strncmp(line, "calls=", 6)) {
		p->skip = 1;
	} else if (strchr("0123456789+-*", *line) && sscanf(line, "%*s %llu", &cost) == 1) {
		if (!p->skip)
			p->sums[p->now] += (double)cost;
		p->skip = 0;
	}
}

static void read_profile(const char *path, double *sums)
{
	struct profile p = { .now = BENCH_REST };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return;
	while (getline(&line, &room, f) > 0)
		read_line(&p, line);
	for (int i = 0; i < BENCH_PARTS; i++)
		sums[i] += p.sums[i];
	free(line);
	free(p.parts);
	fclose(f);
}

/* Adds up what the processes left, of which one has run the case, and removes it. */
static void read_profiles(const char *dir, double *sums)
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

static void exec_valgrind(const struct bench_case *c, const char *dir)
{
	char exe[4096], *out = xasprintf("--callgrind-out-file=%s/%%p", dir);
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		exe[n] = 0;
		execlp("valgrind", "valgrind", "-q", "--tool=callgrind", "--collect-atstart=no", out, exe, "bench",
		       "--arch", c->arch, "--once", c->key, c->path, (char *)NULL);
	}
	fprintf(stderr, "kvmsim bench: valgrind: %s\n", strerror(errno));
	_exit(127);
}

int bench_count_instructions(struct bench_case *c)
{
	char dir[] = "/tmp/kvmsim-callgrind-XXXXXX";
	double total = 0;
	int status = -1;
	pid_t pid;

	if (!mkdtemp(dir)) {
		fprintf(stderr, "kvmsim bench: %s: %s\n", dir, strerror(errno));
		return -1;
	}
	fflush(NULL);
	pid = fork();
	if (!pid)
		exec_valgrind(c, dir);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	read_profiles(dir, c->instructions);
	for (int i = 0; i < BENCH_PARTS; i++) {
		c->instructions[i] /= (double)c->ops;
		total += c->instructions[i];
	}
	c->has_instructions = !status && total > 0;
	if (c->has_instructions)
		return 0;
	fprintf(stderr, "kvmsim bench: %s: no instructions: valgrind failed\n", c->name);
	return -1;
}
