// SPDX-License-Identifier: GPL-2.0-only
/* Clock, callgrind and error handling of `kvmsim bench`. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

static void bench_report(const struct kvmsim_report *r)
{
	fprintf(stderr, "kvmsim bench: %s\n", r->text);
	_exit(1);
}

static void bench_log(int level, const char *line)
{
	if (level < 4)
		fprintf(stderr, "kvmsim bench: %s\n", line);
}

int bench_boot(const struct kvmsim_machine_ops *m)
{
	static const struct kvmsim_host_ops ops = { .report = bench_report, .log = bench_log };
	static const struct kvmsim_config config = { .ram_bytes = 2ull << 30, .nr_cpus = 4 };
	int rc = m->boot(&config, &ops);

	if (rc)
		fprintf(stderr, "kvmsim bench: the world does not boot: error %d\n", rc);
	return rc ? -1 : 0;
}

int64_t bench_check(int64_t v, const char *what)
{
	if (v < 0) {
		fprintf(stderr, "kvmsim bench: %s: %s\n", what, strerror(-(int)v));
		_exit(1);
	}
	return v;
}

double bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

void bench_callgrind_toggle(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static uint64_t read_totals(const char *path)
{
	unsigned long long totals = 0;
	char line[4096];
	FILE *f = fopen(path, "r");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "totals: %llu", &totals) == 1)
			break;
	fclose(f);
	return totals;
}

void bench_print_instructions(const char *name, uint64_t ops)
{
	char out[] = "/tmp/kvmsim-callgrind-XXXXXX", option[64], exe[4096];
	int fd = mkstemp(out), status;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	uint64_t totals;
	pid_t pid;

	if (fd < 0 || n < 0)
		return;
	close(fd);
	exe[n] = 0;
	snprintf(option, sizeof(option), "--callgrind-out-file=%s", out);
	pid = fork();
	if (pid == 0) {
		execlp("valgrind", "valgrind", "-q", "--tool=callgrind", "--collect-atstart=no", option, exe, "bench",
		       "--once", name, (char *)NULL);
		perror("kvmsim bench: valgrind");
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	totals = status ? 0 : read_totals(out);
	unlink(out);
	if (totals)
		printf("    %-32s %12.1f\n", "instructions", (double)totals / ops);
	else
		printf("    %-32s %12s\n", "instructions", "not measured: valgrind failed");
}
