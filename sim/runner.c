// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the jobs of a plan in several processes at once and passes their results on in the order of the plan.
 *
 * Each runner goes through the files, with a worker for each file that still has jobs. A worker claims the next job of
 * its file, so jobs begin in the order of the plan. The pool has one place for each claimed job, which is free again
 * when the job is reported. So the job that the parent waits for always has a place and a process, and memory stays
 * small.
 */
#include "reach.h"
#include "world.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACES_PER_RUNNER 4
#define NO_JOB ((size_t)-1)
#define LOST_RUNNER_MS 500	/* how often the parent looks for killed runners */

struct runner {
	pid_t pid;
	_Atomic size_t job;	/* claimed and not done, or NO_JOB */
};

struct pool {
	sem_t places;
	_Atomic size_t next;	/* first job that nobody has claimed */
	size_t nplaces, nrunners;
	struct sim_result *results;
	struct runner runner[];
};

struct context {
	const struct sim_world *world;
	const struct sim_file *files;
	const struct sim_plan *plan;
	struct pool *pool;
	int done;		/* pipe: indices of jobs that are done */
};

static const int ending_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
static volatile sig_atomic_t ending;	/* the signal that came, or 0 */

static void on_ending_signal(int sig)
{
	ending = sig;
}

/* The first signal makes the program show the results that it has. The next one ends it as usual. */
static void handle_signals(void (*handler)(int))
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = (int)SA_RESETHAND }, old;

	for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
		if (!sigaction(ending_signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &a, NULL);
}

static void *shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("kvmsim: mmap");
		exit(SIM_EXIT_USAGE);
	}
	return p;
}

/* hits: bytes of each result for what its job reaches. */
static struct pool *pool_new(size_t nrunners, size_t hits)
{
	struct pool *p = shared(sizeof(*p) + nrunners * sizeof(p->runner[0]));

	p->nrunners = nrunners;
	p->nplaces = nrunners * PLACES_PER_RUNNER;
	p->results = shared(p->nplaces * sizeof(*p->results));
	for (size_t i = 0; hits && i < p->nplaces; i++) {
		p->results[i].hits = shared(hits);
		p->results[i].nr_hits = hits;
	}
	sem_init(&p->places, 1, (unsigned int)p->nplaces);
	return p;
}

static struct sim_result *place(const struct pool *p, size_t job)
{
	return &p->results[job % p->nplaces];
}

/* Takes the next job if it comes before end. Returns false if there is none. */
static int claim(struct pool *p, struct runner *r, size_t end)
{
	size_t i;

	while (sem_wait(&p->places) && errno == EINTR)
		;
	i = atomic_load(&p->next);
	while (i < end && !atomic_compare_exchange_weak(&p->next, &i, i + 1))
		;
	atomic_store(&r->job, i < end ? i : NO_JOB);
	if (i >= end)
		sem_post(&p->places);
	return i < end;
}

static void finish(const struct context *c, struct runner *r)
{
	size_t i = atomic_exchange(&r->job, NO_JOB);

	if (write(c->done, &i, sizeof(i)) != sizeof(i))
		_exit(SIM_EXIT_FAILED);
}

static void fail_lost(const struct context *c, size_t job)
{
	struct sim_result *r = place(c->pool, job);

	result_reset(r);
	r->state = SIM_FAILED;
	r->status = SIM_EXIT_FAILED;
	text_add(&r->failures, "the process that runs %s died\n", c->files[c->plan->jobs[job].file].path);
}

static void worker_main(const struct context *c, struct runner *r, size_t end)
{
	const struct sim_job *jobs = c->plan->jobs;
	struct world_worker k;

	world_worker_begin(&k, c->world, &c->files[jobs[end - 1].file]);
	while (claim(c->pool, r, end)) {
		size_t i = atomic_load(&r->job);

		world_job(&k, &jobs[i], place(c->pool, i));
		finish(c, r);
	}
	world_worker_end(&k);
}

static void run_file(const struct context *c, struct runner *r, size_t end)
{
	while (atomic_load(&c->pool->next) < end) {
		pid_t pid = world_fork();
		int status = 0;

		if (!pid)
			worker_main(c, r, end);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (!status)
			continue;
		/* Fail the job it was running, or, if it never started, the next unclaimed job. */
		if (atomic_load(&r->job) == NO_JOB && !claim(c->pool, r, end))
			continue;
		fail_lost(c, atomic_load(&r->job));
		finish(c, r);
	}
}

static void runner_main(const struct context *c, struct runner *r)
{
	const struct sim_plan *plan = c->plan;
	size_t end = 0;

	handle_signals(SIG_DFL);
	while (end < plan->n) {
		int file = plan->jobs[end].file;

		while (end < plan->n && plan->jobs[end].file == file)
			end++;
		run_file(c, r, end);
	}
	_exit(0);
}

/* Finds the runner that had the job that the parent waits for, and was killed with it. */
static int job_is_lost(struct context *c, size_t job)
{
	struct pool *p = c->pool;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < p->nrunners; i++)
			if (p->runner[i].pid == pid)
				p->runner[i].pid = 0;
	for (size_t i = 0; i < p->nrunners; i++)
		if (!p->runner[i].pid && atomic_load(&p->runner[i].job) == job)
			return 1;
	return 0;
}

/* Waits until the job is done; is_done remembers others that are done. Returns -1 if a signal ends the run. */
static int wait_for(struct context *c, int from, char *is_done, size_t job)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	size_t i;

	/* The signal may have gone to all processes of the terminal: what is done since then need not be a result. */
	while (!ending && !is_done[job]) {
		if (poll(&p, 1, LOST_RUNNER_MS) > 0 && read(from, &i, sizeof(i)) == sizeof(i)) {
			is_done[i] = 1;
		} else if (!ending && (job_is_lost(c, job) || (p.revents & POLLHUP))) {
			fail_lost(c, job);
			is_done[job] = 1;
		}
	}
	return ending ? -1 : 0;
}

/* What the runners started dies with them. */
static void end_runners(struct pool *p)
{
	for (size_t i = 0; i < p->nrunners; i++)
		if (p->runner[i].pid)
			kill(p->runner[i].pid, SIGKILL);
}

int runner_run(const struct sim_world *w, const struct sim_file *files, const struct sim_plan *plan,
	       int (*done)(void *arg, const struct sim_job *job, const struct sim_result *r), void *arg)
{
	/* One trace file, in the order of the plan. */
	size_t n = w->trace_fd >= 0 ? 1 : w->options->jobs;
	struct context c = {
		.world = w, .files = files, .plan = plan,
		.pool = pool_new(n < plan->n ? n : plan->n, w->reach ? w->reach->max : 0),
	};
	char *is_done = xmalloc(plan->n);
	int fds[2];

	if (pipe(fds)) {
		perror("kvmsim: pipe");
		exit(SIM_EXIT_USAGE);
	}
	c.done = fds[1];
	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* adopts processes whose own parent has died */
	handle_signals(on_ending_signal);
	for (size_t i = 0; i < c.pool->nrunners; i++) {
		struct runner *r = &c.pool->runner[i];

		pid_t pid;

		r->job = NO_JOB;
		pid = world_fork();
		if (!pid) {
			close(fds[0]);
			runner_main(&c, r);
		}
		r->pid = pid;
	}
	close(fds[1]);
	for (size_t i = 0; i < plan->n; i++)
		is_done[i] = 0;
	for (size_t i = 0; i < plan->n; i++) {
		if (wait_for(&c, fds[0], is_done, i) || done(arg, &plan->jobs[i], place(c.pool, i))) {
			end_runners(c.pool);
			break;
		}
		sem_post(&c.pool->places);
	}
	close(fds[0]);
	while (wait(NULL) > 0)
		;
	handle_signals(SIG_DFL);
	free(is_done);
	return ending;
}
