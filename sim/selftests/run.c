// SPDX-License-Identifier: GPL-2.0-only
/* Runs selftests, several at once, each in a process group of its own, and judges how each ended. */
#define _GNU_SOURCE
#include "selftests.h"
#include "../exec/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KSFT_SKIP 4	/* tools/testing/selftests/kselftest.h */
#define OUTPUT_SHOWN 15000	/* bytes; of a longer output the end */

/* exec_command.c */
int exec_main(int argc, char **argv);

struct place {
	struct selftest_job *job;	/* or NULL */
	pid_t pid;
	FILE *output;
	int points;	/* file with what it reaches, or -1 */
	double start;
};

/* Adds the words of text, which it changes. Returns the new number of arguments. */
static int add_words(char **argv, int argc, char *text)
{
	char *next = NULL;

	for (char *word = strtok_r(text, " ", &next); word; word = strtok_r(NULL, " ", &next))
		argv[argc++] = word;
	return argc;
}

/* Arguments before " -- " are those of kvmsim exec. */
static void start_program(const struct selftest_job *j, FILE *output)
{
	char *options = xstrdup(j->test->args), *args = strstr(options, " -- ");
	char **argv = xmalloc((strlen(options) / 2 + 8) * sizeof(*argv));
	int argc = 0, null = open("/dev/null", O_RDONLY);

	argv[argc++] = "exec";
	argv[argc++] = "--mmu";
	argv[argc++] = (char *)j->mmu;
	if (args) {
		*args = 0;
		argc = add_words(argv, argc, options);
		args += strlen(" -- ");
	} else {
		args = options;
	}
	argv[argc++] = "--";
	argv[argc++] = j->program;
	argc = add_words(argv, argc, args);
	argv[argc] = NULL;
	setpgid(0, 0);
	dup2(null, 0);
	dup2(fileno(output), 1);
	dup2(fileno(output), 2);
	_exit(exec_main(argc, argv));
}

static void fail(const char *what)
{
	fprintf(stderr, "kvmsim: %s: %s\n", what, strerror(errno));
	exit(SIM_EXIT_USAGE);
}

/* Writes the points to a file without a name. Returns its name for the program, which is good as long as it is open. */
static char *share_points(struct selftest_job *j, int *fd)
{
	uint64_t bytes = exec_points_bytes(j->npoints);
	struct exec_points *p = MAP_FAILED;

	*fd = memfd_create("kvmsim-reach", MFD_CLOEXEC);
	if (*fd >= 0 && !ftruncate(*fd, (off_t)bytes))
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (p == MAP_FAILED)
		fail("memfd_create");
	p->n = j->npoints;
	memcpy(p->at, j->points, j->npoints * sizeof(*p->at));
	j->hits = exec_points_hits(p);
	return xasprintf("/proc/%d/fd/%d", getpid(), *fd);
}

void selftest_forget_hits(struct selftest_job *j)
{
	if (j->hits)
		munmap(j->hits - sizeof(struct exec_points) - j->npoints * sizeof(uint64_t),
		       exec_points_bytes(j->npoints));
	j->hits = NULL;
}

/* Takes a free place. mask: the signals that the program may get as usual. */
static void start(struct place *p, struct selftest_job *j, const sigset_t *mask)
{
	char *points = NULL;

	p->output = tmpfile();
	if (!p->output)
		fail("tmpfile");
	p->points = -1;
	if (j->npoints)
		points = share_points(j, &p->points);
	p->job = j;
	p->start = wall_seconds();
	p->pid = fork();
	if (p->pid < 0)
		fail("fork");
	if (!p->pid) {
		if (points)
			setenv(EXEC_REACH, points, 1);
		sigprocmask(SIG_SETMASK, mask, NULL);
		start_program(j, p->output);
	}
	setpgid(p->pid, p->pid);	/* whoever comes first */
	free(points);
}

/* Keeps the end of the output; what came before is only counted. */
static void take_output(struct sim_result *r, FILE *f)
{
	static char text[OUTPUT_SHOWN + 1];
	long size = fseek(f, 0, SEEK_END) ? 0 : ftell(f), from = size > OUTPUT_SHOWN ? size - OUTPUT_SHOWN : 0;
	size_t n;
	char *s = text;

	fseek(f, from, SEEK_SET);
	n = fread(text, 1, OUTPUT_SHOWN, f);
	text[n] = 0;
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = '?';
	if (from && strchr(s, '\n')) {
		s = strchr(s, '\n') + 1;
		text_add(&r->captured, "(%ld bytes before this are left out)\n", from + (s - text));
	}
	text_add(&r->captured, "%s", s);
	fclose(f);
}

static void fail_skip(struct sim_result *r, const struct selftest *t)
{
	if (t->kind == SELFTEST_SKIPS)
		text_add(&r->failures, "it did not skip itself, as the list of tests says: %s\n", t->reason);
	else
		text_add(&r->failures, "it skipped itself, which the list of tests does not say\n");
}

/* Judges an exit code, or a signal that ended the program. */
static void judge(struct sim_result *r, const struct selftest *t, int status)
{
	int skipped = WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP, passed = !status;

	r->state = SIM_FAILED;
	if (r->timed_out) {
		text_add(&r->failures, "it did not end within %.0f s\n", t->limit);
	} else if (WIFSIGNALED(status)) {
		r->signal = WTERMSIG(status);
		text_add(&r->failures, "ended by signal %d (%s)\n", r->signal, strsignal(r->signal));
	} else if (skipped && t->kind == SELFTEST_SKIPS) {
		r->state = SIM_SKIPPED;
		snprintf(r->skip, sizeof(r->skip), "%s", t->reason);
	} else if (skipped || (passed && t->kind == SELFTEST_SKIPS)) {
		fail_skip(r, t);
	} else if (passed) {
		r->state = SIM_PASSED;
	} else {
		text_add(&r->failures, "exit code %d\n", WEXITSTATUS(status));
	}
}

/* What a program has left in its group ends with it. The group's number is taken as long as its zombie is there. */
static void finish(struct place *p)
{
	struct sim_result *r = p->job->result;
	int status;

	kill(-p->pid, SIGKILL);
	waitpid(p->pid, &status, 0);
	r->seconds = wall_seconds() - p->start;
	judge(r, p->job->test, status);
	take_output(r, p->output);
	if (p->points >= 0)
		close(p->points);
	p->job = NULL;
}

/* Ends what has run for too long. Returns the seconds until the next one has. */
static double end_late(struct place *places, size_t n)
{
	double now = wall_seconds(), left = 3600;

	for (size_t i = 0; i < n; i++) {
		struct place *p = &places[i];
		double l = p->job ? p->start + p->job->test->limit - now : left;

		if (p->job && !p->job->result->timed_out && l <= 0) {
			p->job->result->timed_out = 1;
			kill(-p->pid, SIGKILL);
		} else if (l > 0 && l < left) {
			left = l;
		}
	}
	return left;
}

static void collect(struct place *places, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		siginfo_t info = { .si_pid = 0 };

		if (places[i].job && !waitid(P_PID, (id_t)places[i].pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
		    info.si_pid)
			finish(&places[i]);
	}
}

/* Starts jobs as long as there are free places. Jobs that have a result already are left out. */
static size_t start_some(struct place *places, size_t nplaces, struct selftest_job *jobs, size_t n, size_t from,
			 const sigset_t *mask)
{
	for (size_t i = 0; i < nplaces; i++) {
		while (from < n && jobs[from].result->state != SIM_RUNNING)
			from++;
		if (!places[i].job && from < n)
			start(&places[i], &jobs[from++], mask);
	}
	return from;
}

static void end_all(struct place *places, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (places[i].job) {
			kill(-places[i].pid, SIGKILL);
			waitpid(places[i].pid, NULL, 0);
		}
}

int selftests_run(struct selftest_job *jobs, size_t n, size_t at_once, size_t *next,
		  int (*done)(void *arg, struct selftest_job *j), void *arg)
{
	struct place *places = xmalloc(at_once * sizeof(*places));
	size_t started = 0, reported = 0;
	sigset_t wanted, mask;
	int sig = 0, stop = 0;

	sigemptyset(&wanted);
	for (const int *s = (const int[]){ SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, 0 }; *s; s++)
		sigaddset(&wanted, *s);
	sigprocmask(SIG_BLOCK, &wanted, &mask);
	while (reported < n && !sig && !stop) {
		struct timespec t;
		double left;

		started = start_some(places, at_once, jobs, n, started, &mask);
		for (; reported < n && jobs[reported].result->state != SIM_RUNNING && !stop; reported++)
			stop = done(arg, &jobs[reported]);
		if (reported == n || stop)
			break;
		left = end_late(places, at_once);
		t = (struct timespec){ .tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9) };
		sig = sigtimedwait(&wanted, NULL, &t);
		sig = sig == SIGCHLD || sig < 0 ? 0 : sig;
		collect(places, at_once);
	}
	end_all(places, at_once);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	free(places);
	*next = reported;
	return sig;
}
