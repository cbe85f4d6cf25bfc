// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processes that a job runs in: worker, base, child.
 *
 * A worker reads one scenario file, for each flavour with that flavour's constants. For each personality it forks a
 * base, which loads KVM and forks a child for each job. A child's end shows as end-of-file on a pipe that only it
 * has. Its result is in a shared mapping. A child that exceeds its time reports where its threads are, and is killed.
 * Worker and base take turns over a socket pair.
 */
#include "reach.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds that Lua code has, after its timeout interrupted it, to say where it was. */
#define LUA_GRACE 0.5
/* Seconds that a child then has to report where its threads are; after that it is killed. */
#define KILL_GRACE 5

pid_t world_fork(void)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("kvmsim: fork");
		exit(SIM_EXIT_USAGE);
	}
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static int wait_status(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Waits until fd can be read. Returns 0 after the given seconds. */
static int wait_readable(int fd, double seconds)
{
	double end = wall_seconds() + seconds;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		double left = end - wall_seconds();
		int n = poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0);

		if (n > 0)
			return 1;
		if ((n == 0 && left <= 0) || (n < 0 && errno != EINTR))
			return 0;
	}
}

/* --- the child --------------------------------------------------------------------------------------------- */

static void no_core_files(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

static void redirect_output(int to)
{
	int null = open("/dev/null", O_RDWR);

	fflush(NULL);
	dup2(null, 0);
	dup2(to >= 0 ? to : null, 1);
	dup2(to >= 0 ? to : null, 2);
	close(null);
}

static uint64_t *read_counters(const struct kvmsim_machine_ops *ops, unsigned int *n)
{
	uint64_t *v;

	for (*n = 0; ops->counter_name(*n); (*n)++)
		;
	v = xmalloc((*n + 1) * sizeof(*v));
	for (unsigned int i = 0; i < *n; i++)
		v[i] = ops->counter(i);
	return v;
}

static void write_counters(struct sim_result *r, const struct kvmsim_machine_ops *ops, const uint64_t *before,
			   unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (ops->counter(i) != before[i])
			text_add(&r->counters, "%s %llu\n", ops->counter_name(i),
				 (unsigned long long)(ops->counter(i) - before[i]));
}

/* Loads KVM. What the machine reports meanwhile goes to the job's result. Returns 0 or -1. */
static int load_kvm(const struct sim_world *w, const struct sim_job *job)
{
	const struct sim_flavour *f = &w->flavours->v[job->flavour];
	int rc;

	child_begin(w->result, f->ops, w->trace_fd);
	if (w->reach)
		reach_set(w->reach, job->flavour);
	if (w->booted != job->flavour && flavour_boot(f))
		return -1;
	if (job->ram && f->ops->grow_ram(job->ram)) {
		child_fail("there is not so much RAM");
		return -1;
	}
	if (*job->params && params_set(f->ops, job->params))
		return -1;
	rc = f->ops->kvm_load(job->personality, *job->facilities ? job->facilities : NULL);
	if (rc) {
		char *machine = job_machine(job), line[120];

		snprintf(line, sizeof(line), "KVM does not load with %.80s: error %d", machine, rc);
		free(machine);
		child_fail(line);
		return -1;
	}
	return 0;
}

static void make_ready(const struct sim_world *w, const struct sim_job *job)
{
	const struct kvmsim_machine_ops *ops = w->flavours->v[job->flavour].ops;

	child_begin(w->result, ops, w->trace_fd);
	child_measure(w->options->measure);
	/* An architecture may have no such events. */
	if (w->options->measure && ops->count_enable() == -ENOMEM)
		child_fail("no memory for counting kernel events");
	lua_core_machine(ops, job->check_end || w->options->measure);
	ops->begin();
	sim_gil_lock();
}

int world_enter(const struct sim_world *w, const struct sim_job *job)
{
	if (load_kvm(w, job))
		return -1;
	make_ready(w, job);
	return 0;
}

static const struct kvmsim_machine_ops *child_ops;

static void on_timeout(int sig)
{
	(void)sig;
	child_ops->timed_out();
	_exit(SIM_EXIT_FAILED);
}

/* first: NULL, or this is the second run of a scenario, and the result of the first. */
static void child_main(const struct sim_world *w, const struct sim_job *job, const struct sim_result *first)
{
	lua_State *L = w->L[job->flavour];
	const struct kvmsim_machine_ops *ops = w->flavours->v[job->flavour].ops;
	struct sim_result *r = w->result;
	uint64_t *before;
	unsigned int n;

	make_ready(w, job);
	if (first)
		who_watch(first, ops);
	child_ops = ops;
	signal(SIGUSR1, on_timeout);
	before = read_counters(ops, &n);
	lua_env_deadline(L, job->timeout);
	if (w->options->show && !first)
		show_arm(L, w->options->show, job);
	lua_env_push(L, "run");
	lua_pushstring(L, job->scenario);
	lua_pushstring(L, job->arch);
	lua_pushstring(L, job->personality);
	lua_pushstring(L, job->facilities);
	lua_pushstring(L, job->params);
	if (lua_pcall(L, 5, 0, 0))
		child_fail(lua_tostring(L, -1) ? lua_tostring(L, -1) : "an error value that is not a string");
	if (w->options->counters)
		write_counters(r, ops, before, n);
	if (r->state == SIM_RUNNING)
		r->state = SIM_PASSED;
	child_exit(0);
}

/* --- the worker -------------------------------------------------------------------------------------------- */

/* A sanitizer's output makes a scenario fail, however the process ended. */
static void judge_captured(struct sim_result *r)
{
	static const char *const marks[] = {
		"ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "ERROR: LeakSanitizer", "runtime error:",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(r->captured.s, marks[i])) {
			r->state = SIM_FAILED;
			text_add(&r->failures, "a sanitizer reported an error, see the output below\n");
			return;
		}
}

/* CPU 0 is the scenario itself, the others are its threads. */
static void add_last_calls(struct sim_result *r)
{
	for (unsigned int i = 0; i < KVMSIM_MAX_CPUS; i++)
		if (r->where[i][0])
			text_add(&r->failures, "CPU %u's last call into the machine: %s\n", i, r->where[i]);
}

static void finish_result(struct sim_result *r, int status, int timed_out, double timeout, int captured)
{
	ssize_t n;

	r->timed_out |= timed_out;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	if (captured >= 0 && lseek(captured, 0, SEEK_SET) == 0) {
		n = read(captured, r->captured.s, sizeof(r->captured.s) - 1);
		r->captured.len = n > 0 ? (unsigned int)n : 0;
		r->captured.s[r->captured.len] = 0;
	}
	if (timed_out)
		text_add(&r->failures, "killed after %g s\n", timeout);
	else if (r->signal)
		text_add(&r->failures, "the process died by signal %d (%s)\n", r->signal, strsignal(r->signal));
	else if (r->status)
		text_add(&r->failures, "the process ended with status %d\n", r->status);
	else if (r->state == SIM_RUNNING)
		text_add(&r->failures, "the process ended early\n");
	if (timed_out || r->signal || r->status || r->state == SIM_RUNNING) {
		add_last_calls(r);
		r->state = SIM_FAILED;
	}
	judge_captured(r);
}

static int new_captured(void)
{
	int fd = memfd_create("kvmsim-output", MFD_CLOEXEC);

	if (fd < 0) {
		perror("kvmsim: memfd_create");
		exit(SIM_EXIT_USAGE);
	}
	return fd;
}

/* Forks the child of one job and waits for its end. first: as in child_main(). */
static void run_child(const struct sim_world *w, const struct sim_job *job, const struct sim_result *first)
{
	int captured = new_captured(), alive[2], timed_out, status;
	pid_t pid;

	if (pipe(alive)) {
		perror("kvmsim: pipe");
		exit(SIM_EXIT_USAGE);
	}
	if (w->reach)
		reach_set(w->reach, job->flavour);
	pid = world_fork();
	if (!pid) {
		close(alive[0]);
		redirect_output(captured);
		if (w->reach && !first)
			reach_job(w->reach, job->flavour, w->result->hits);
		else if (w->reach)
			reach_clear(w->reach, job->flavour);
		child_main(w, job, first);
	}
	close(alive[1]);
	timed_out = !wait_readable(alive[0], job->timeout + LUA_GRACE);
	if (timed_out) {
		kill(pid, SIGUSR1);
		if (!wait_readable(alive[0], KILL_GRACE))
			kill(pid, SIGKILL);
	}
	status = wait_status(pid);
	close(alive[0]);
	finish_result(w->result, status, timed_out, job->timeout, captured);
	close(captured);
}

/* Runs the job, and if it failed and that can tell more, a second time. Both begin with the same memory. */
static void run_job(const struct sim_world *w, const struct sim_job *job)
{
	struct sim_world again = *w;

	run_child(w, job, NULL);
	if (!who_wanted(w->result))
		return;
	again.result = result_new();
	again.trace_fd = -1;
	run_child(&again, job, w->result);
	who_take(w->result, again.result);
	result_free(again.result);
}

/* What worker and base tell each other: a job, and whether the base can take another one. */
struct request {
	const struct sim_job *job;
	struct sim_result *result;
};

enum answer { BASE_STAYS, BASE_ENDS };

/*
 * KVM is loaded once and shared by all jobs. If loading produces a report, the base ends and each job loads KVM itself,
 * so that the report appears in every job. The same is done with a trace, so that each job's has the loading.
 */
static int load_once(const struct sim_world *w, const struct sim_job *job, char *answer)
{
	const struct kvmsim_machine_ops *ops = w->flavours->v[job->flavour].ops;
	int rc;

	child_begin(w->result, ops, w->trace_fd);
	child_trace("=== %s\n", job->name);
	rc = load_kvm(w, job);
	if (rc || child_unexpected_reports() || w->trace_fd >= 0)
		*answer = BASE_ENDS;
	/* Otherwise only the job that happens to be first would have the log of loading. */
	if (!rc && !child_unexpected_reports())
		result_forget_log(w->result);
	return rc;
}

static void base_main(const struct sim_world *shared, int sock)
{
	struct sim_world w = *shared;
	struct request q;
	int loaded = 0;
	char answer = BASE_STAYS;

	while (answer == BASE_STAYS && read(sock, &q, sizeof(q)) == sizeof(q)) {
		w.result = q.result;
		if (loaded++ || !load_once(&w, q.job, &answer))
			run_job(&w, q.job);
		if (w.result->state == SIM_FAILED)
			result_print_steps(w.result, w.flavours->v[q.job->flavour].ops);
		if (write(sock, &answer, 1) != 1)
			break;
	}
	child_exit(0);
}

struct world_base {
	struct world_base *next;
	int flavour, sock, captured;
	unsigned long long ram;
	const char *personality, *facilities, *params;
	pid_t pid;
};

static struct world_base *start_base(struct world_worker *k, const struct sim_job *job)
{
	struct world_base *b = xmalloc(sizeof(*b));
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock)) {
		perror("kvmsim: socketpair");
		exit(SIM_EXIT_USAGE);
	}
	*b = (struct world_base){
		.next = k->bases, .flavour = job->flavour, .personality = job->personality,
		.facilities = job->facilities, .params = job->params, .ram = job->ram, .sock = sock[0],
		.captured = new_captured(),
	};
	b->pid = world_fork();
	if (!b->pid) {
		close(sock[0]);
		redirect_output(b->captured);
		base_main(k->world, sock[1]);
	}
	close(sock[1]);
	k->bases = b;
	return b;
}

static struct world_base *find_base(struct world_worker *k, const struct sim_job *job)
{
	for (struct world_base *b = k->bases; b; b = b->next)
		if (b->flavour == job->flavour && b->ram == job->ram && !strcmp(b->personality, job->personality) &&
		    !strcmp(b->facilities, job->facilities) && !strcmp(b->params, job->params))
			return b;
	return start_base(k, job);
}

static int end_base(struct world_worker *k, struct world_base *b)
{
	struct world_base **at = &k->bases;
	int status;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	close(b->sock);
	status = wait_status(b->pid);
	close(b->captured);
	free(b);
	return status;
}

/* Reads the worker's file with a flavour's constants, once. Returns 0, or -1 with the reason in r. */
static int load_file(struct world_worker *k, int flavour, struct sim_result *r)
{
	const char **read = &k->read[flavour];

	if (!*read) {
		char *err = lua_env_load_file(k->world->L[flavour], k->file);

		*read = err ? err : "";
	}
	if (!**read)
		return 0;
	r->state = SIM_FAILED;
	text_add(&r->failures, "%s\n", *read);
	return -1;
}

void world_job(struct world_worker *k, const struct sim_job *job, struct sim_result *r)
{
	struct request q = { job, r };
	double start = wall_seconds();
	struct world_base *b;
	int in_time, captured;
	char answer;

	result_reset(r);
	if (job->skip) {
		r->state = SIM_SKIPPED;
		snprintf(r->skip, sizeof(r->skip), "%s", job->skip);
		return;
	}
	if (load_file(k, job->flavour, r))
		return;
	b = find_base(k, job);
	/* The base watches its children; loading KVM may take as long again. */
	in_time = write(b->sock, &q, sizeof(q)) != sizeof(q) ||
		  wait_readable(b->sock, 3 * (job->timeout + LUA_GRACE + KILL_GRACE));
	if (in_time && read(b->sock, &answer, 1) == 1) {
		if (answer == BASE_ENDS)
			end_base(k, b);
	} else {
		/* A fatal report ended the base while it loaded KVM, or it hangs, or it crashed. */
		captured = dup(b->captured);
		kill(b->pid, SIGKILL);
		finish_result(r, end_base(k, b), !in_time, 3 * job->timeout, captured);
		close(captured);
	}
	r->seconds = wall_seconds() - start;
}

void world_worker_begin(struct world_worker *k, const struct sim_world *w, const struct sim_file *file)
{
	no_core_files();
	*k = (struct world_worker){ .world = w, .file = file, .read = xmalloc(w->flavours->n * sizeof(*k->read)) };
	memset(k->read, 0, w->flavours->n * sizeof(*k->read));
}

void world_worker_end(struct world_worker *k)
{
	while (k->bases)
		end_base(k, k->bases);
	child_exit(0);
}

/* --- the parent's side ------------------------------------------------------------------------------------- */

static void worker_plan(const struct sim_world *w, const struct sim_file *file, int index, int out)
{
	struct sim_plan plan = { 0 };
	FILE *f = fdopen(out, "w");
	char *err;

	if (!f)
		_exit(SIM_EXIT_USAGE);
	redirect_output(-1);
	err = lua_env_load_file(w->L[w->planner], file);
	if (err) {
		fprintf(f, "error\n%s", err);
	} else {
		plan_add_file(&plan, w->L[w->planner], index, w->flavours, w->options);
		fprintf(f, "plan\n");
		plan_write(&plan, f);
	}
	fclose(f);
	child_exit(0);
}

/* Reads everything that the worker writes until it ends or its time is over. */
static char *read_all(int fd, double seconds, size_t *n)
{
	double end = wall_seconds() + seconds;
	char *s = xmalloc(1);

	*n = 0;
	while (wait_readable(fd, end - wall_seconds())) {
		char buf[65536];
		ssize_t got = read(fd, buf, sizeof(buf));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return s;
		s = xrealloc(s, *n + (size_t)got + 1);
		memcpy(s + *n, buf, (size_t)got);
		*n += (size_t)got;
		s[*n] = 0;
	}
	free(s);
	return NULL;
}

void world_plan_file(const struct sim_world *w, struct sim_file *file, int index, struct sim_plan *plan)
{
	int fds[2], status;
	char *text;
	size_t n;
	pid_t pid;

	if (pipe(fds)) {
		perror("kvmsim: pipe");
		exit(SIM_EXIT_USAGE);
	}
	pid = world_fork();
	if (!pid) {
		no_core_files();
		close(fds[0]);
		worker_plan(w, file, index, fds[1]);
	}
	close(fds[1]);
	text = read_all(fds[0], SIM_LOAD_TIMEOUT, &n);
	close(fds[0]);
	if (!text)
		kill(pid, SIGKILL);
	status = wait_status(pid);
	if (!text) {
		file->error = xasprintf("%s: not read after %d s: it runs for too long", file->path, SIM_LOAD_TIMEOUT);
	} else if (!strncmp(text, "error\n", 6)) {
		file->error = xstrdup(text + 6);
	} else if (!strncmp(text, "plan\n", 5) && !status) {
		FILE *f = fmemopen(text + 5, n - 5, "r");

		if (!f || plan_read(plan, f, index))
			file->error = xasprintf("%s: its list of scenarios broke off", file->path);
		if (f)
			fclose(f);
	} else {
		file->error = xasprintf("%s: reading it ended the process (status 0x%x)", file->path,
					(unsigned int)status);
	}
	free(text);
}
