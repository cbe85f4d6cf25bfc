// SPDX-License-Identifier: GPL-2.0-only
/* The commands run and list: from files to jobs, from jobs to results, from results to an exit code. */
#include "lua_env.h"
#include "reach.h"
#include "report.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct output {
	const struct sim_reporter *how;
	FILE *to;
};

struct run {
	struct sim_world world;
	struct sim_flavours flavours;
	struct sim_file *files;
	size_t nfiles, reported_files;
	struct sim_plan plan;
	struct output out[2];
	size_t nout, number;
	size_t next;	/* the next job of the plan to report */
	FILE *trace_json;	/* or NULL: the trace is text */
	int trace_error;	/* errno of writing the trace, or 0 */
	struct sim_totals totals;
	struct sim_groups *groups;
	struct sim_failed *failed;	/* the results of this run */
};

/* A file that could not be loaded counts as one failed scenario. */
static size_t count_planned(const struct run *run)
{
	size_t n = run->plan.n;

	for (size_t i = 0; i < run->nfiles; i++)
		n += run->files[i].error != NULL;
	return n;
}

/* Any flavour will do for the plan. The one that most scenarios run on saves a Lua state. */
static int plan_flavour(const struct sim_flavours *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].ops->arch, KVMSIM_FIRST_ARCH))
			return (int)i;
	return 0;
}

/* Makes the Lua of a flavour unless it is there. Returns 0, or -1 after a message. */
static int need_lua(struct run *run, int flavour)
{
	struct lua_State **L = &run->world.L[flavour];

	if (!*L)
		*L = lua_env_new(run->world.options->allow_io, run->flavours.v[flavour].ops,
				 run->world.L[run->world.planner]);
	return *L ? 0 : -1;
}

/* Finds the files: the arguments or, without them, those where something failed. Returns 0, or -1 after a message. */
static int find_files(struct run *run, const struct sim_options *o, const struct sim_failed *failed)
{
	char **paths = o->paths;
	int n = o->npaths, rc;

	if (o->hooks && o->hooks->no_files)
		return 0;
	if (o->failed && !n)
		paths = failed_paths(failed, &n);
	rc = files_collect(paths, n, &run->files, &run->nfiles);
	if (paths != o->paths) {
		while (n)
			free(paths[--n]);
		free(paths);
	}
	return rc;
}

/* Keeps what the options ask for. Returns 0, or -1 after a message. */
static int select_jobs(struct run *run, const struct sim_options *o, const struct sim_failed *failed)
{
	int had = count_planned(run) > 0;

	if (plan_select(&run->plan, run->files, run->nfiles, o, failed))
		return -1;
	if (o->failed && !count_planned(run))
		fprintf(stderr, "kvmsim: no scenario here failed when it last ran\n");
	if (count_planned(run) || o->failed || (had && o->shards) || (o->hooks && o->hooks->run_more))
		return 0;
	fprintf(stderr, "kvmsim: no scenario%s%s", o->arch ? " for " : "", o->arch ? o->arch : "");
	if (o->filters.n == 1 && !o->excludes.n)
		fprintf(stderr, " matches '%s'", o->filters.v[0]);
	else if (had)
		fputs(" has a name that --filter and --exclude let through", stderr);
	fputs(" here\n", stderr);
	return -1;
}

static int make_plan(struct run *run, const struct sim_options *o, const struct sim_failed *failed)
{
	if (find_files(run, o, failed) || flavours_load(&run->flavours, o->arch, o->kernel))
		return -1;
	run->world = (struct sim_world){
		.flavours = &run->flavours, .options = o, .result = result_new(), .booted = -1, .trace_fd = -1,
		.L = xmalloc(run->flavours.n * sizeof(*run->world.L)), .planner = plan_flavour(&run->flavours),
	};
	memset(run->world.L, 0, run->flavours.n * sizeof(*run->world.L));
	if (need_lua(run, run->world.planner))
		return -1;
	for (size_t i = 0; i < run->nfiles; i++)
		if (!run->files[i].error)
			world_plan_file(&run->world, &run->files[i], (int)i, &run->plan);
	return select_jobs(run, o, failed);
}

/* Makes the plan. Returns 0, or -1 after a message. */
static int begin(struct run *run, const struct sim_options *o)
{
	struct sim_failed *failed = o->failed ? failed_load() : NULL;
	int rc;

	run->groups = groups_new();
	run->failed = failed_new();
	rc = make_plan(run, o, failed);
	failed_free(failed);
	return rc;
}

static void free_run(struct run *run)
{
	for (size_t i = 0; run->world.L && i < run->flavours.n; i++)
		if (run->world.L[i])
			lua_close(run->world.L[i]);
	free(run->world.L);
	plan_free(&run->plan);
	for (size_t i = 0; i < run->nfiles; i++) {
		free(run->files[i].path);
		free(run->files[i].text);
		free(run->files[i].error);
		free(run->files[i].lines);
	}
	free(run->files);
	groups_free(run->groups);
	failed_free(run->failed);
	flavours_free(&run->flavours);
}

static void report_one(struct run *run, const struct sim_job *job, const struct sim_file *file,
		       const struct sim_result *r)
{
	run->number++;
	run->totals.passed += r->state == SIM_PASSED;
	run->totals.failed += r->state == SIM_FAILED;
	run->totals.skipped += r->state == SIM_SKIPPED;
	if (r->trace_error)
		run->trace_error = r->trace_error;
	run->totals.warned += result_warning(r) != NULL;
	run->totals.stopped = r->state == SIM_FAILED && run->world.options->fail_fast;
	if (r->state == SIM_FAILED)
		groups_add(run->groups, job, r);
	if (run->world.options->hooks && run->world.options->hooks->result && job->scenario)
		run->world.options->hooks->result(run->world.options->hooks->arg, job, file, &run->flavours, r);
	for (size_t i = 0; i < run->nout; i++)
		run->out[i].how->job(run->out[i].to, job, file, r, &run->flavours, run->number);
	if (!run->totals.stopped && job + 1 < run->plan.jobs + run->plan.n && job >= run->plan.jobs &&
	    run->out[0].how->running)
		run->out[0].how->running(run->out[0].to, job + 1, run->number + 1, run->totals.planned);
}

/* Reports files that could not be loaded in the place of their scenarios: those before the given one. */
static void report_unloadable(struct run *run, size_t before)
{
	for (; run->reported_files < before && !run->totals.stopped; run->reported_files++) {
		struct sim_file *f = &run->files[run->reported_files];
		struct sim_job job = { .name = f->path, .file = (int)run->reported_files, .flavour = -1 };

		if (!f->error)
			continue;
		result_reset(run->world.result);
		run->world.result->state = SIM_FAILED;
		text_add(&run->world.result->failures, "%s\n", f->error);
		report_one(run, &job, f, run->world.result);
		failed_note(run->failed, f, &job, 1);
	}
}

/* Returns whether the run shall end. */
static int report_job(void *arg, const struct sim_job *job, const struct sim_result *r)
{
	struct run *run = arg;

	report_unloadable(run, (size_t)job->file);
	if (!run->totals.stopped) {
		report_one(run, job, &run->files[job->file], r);
		failed_note(run->failed, &run->files[job->file], job, r->state == SIM_FAILED);
	}
	run->next++;
	return run->totals.stopped;
}

/* Takes a result of what the command itself runs. */
static int report_more(void *to, const struct sim_job *job, const struct sim_file *file, const struct sim_result *r)
{
	struct run *run = to;

	report_one(run, job, file, r);
	return run->totals.stopped;
}

static int need_all_lua(struct run *run)
{
	for (size_t i = 0; i < run->plan.n; i++)
		if (!run->plan.jobs[i].skip && need_lua(run, run->plan.jobs[i].flavour))
			return -1;
	return 0;
}

static void run_all(struct run *run)
{
	const struct sim_hooks *hooks = run->world.options->hooks;

	if (run->plan.n)
		run->totals.signal = runner_run(&run->world, run->files, &run->plan, report_job, run);
	if (run->totals.signal)
		run->totals.interrupted = &run->plan.jobs[run->next];
	else
		report_unloadable(run, run->nfiles);
	if (hooks && hooks->run_more && !run->totals.signal && !run->totals.stopped)
		run->totals.signal = hooks->run_more(hooks->arg, report_more, run, &run->totals.interrupted);
}

static int is_json(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcmp(path + n - 5, ".json");
}

static int open_outputs(struct run *run, const struct sim_options *o)
{
	const struct sim_reporter *how = o->ktap ? &reporter_ktap : &reporter_term;

	run->out[run->nout++] = (struct output){ o->hooks && o->hooks->reporter ? o->hooks->reporter : how, stdout };
	reporter_color = o->color;
	if (o->junit) {
		FILE *f = fopen(o->junit, "we");

		if (!f) {
			fprintf(stderr, "kvmsim: %s: %s\n", o->junit, strerror(errno));
			return -1;
		}
		run->out[run->nout++] = (struct output){ &reporter_junit, f };
	}
	if (o->trace) {
		if (is_json(o->trace)) {
			run->trace_json = fopen(o->trace, "we");
			run->world.trace_fd = run->trace_json ? memfd_create("kvmsim-trace", MFD_CLOEXEC) : -1;
		} else {
			run->world.trace_fd = open(o->trace, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
		}
		if (run->world.trace_fd < 0) {
			fprintf(stderr, "kvmsim: %s: %s\n", o->trace, strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int not_written(const char *what, int err)
{
	fprintf(stderr, "kvmsim: writing %s: %s\n", what, strerror(err));
	return -1;
}

/* Prints the totals. Returns 0, or -1 after a message if a file is incomplete. */
static int close_outputs(struct run *run)
{
	const struct sim_options *o = run->world.options;
	int rc = 0;

	for (size_t i = 0; i < run->nout; i++) {
		FILE *to = run->out[i].to;
		int failed;

		if (run->out[i].how->end)
			run->out[i].how->end(to, &run->totals);
		errno = EIO;	/* of an error before now */
		failed = ferror(to) | fflush(to);
		if ((i && fclose(to)) || failed)
			rc = not_written(i ? o->junit : "results", errno);
	}
	if (run->trace_json) {
		if (!run->trace_error)
			run->trace_error = trace_to_json(run->world.trace_fd, run->trace_json);
		if (fclose(run->trace_json) && !run->trace_error)
			run->trace_error = errno;
	}
	if (run->world.trace_fd >= 0 && close(run->world.trace_fd) && !run->trace_error)
		run->trace_error = errno;
	if (run->trace_error)
		rc = not_written(o->trace, run->trace_error);
	return rc;
}

/* Returns 0, 1 if nothing is to run, or -1 after a message. */
static int change_plan(struct run *run, const struct sim_options *o)
{
	return o->hooks ? o->hooks->plan(o->hooks->arg, &run->world, run->files, &run->plan) : 0;
}

int engine_run(const struct sim_options *o)
{
	struct run run = { 0 };
	double start = wall_seconds();
	int rc = SIM_EXIT_OK, ends = begin(&run, o) || need_all_lua(&run) ? -1 : change_plan(&run, o);

	if (ends || open_outputs(&run, o)) {
		free_run(&run);
		return ends > 0 ? SIM_EXIT_OK : SIM_EXIT_USAGE;
	}
	run.totals.planned = count_planned(&run) + (o->hooks && o->hooks->more ? *o->hooks->more : 0);
	run.totals.groups = run.groups;
	/* One flavour: boot its world once and fork scenarios from it. Two flavours would need the same addresses. */
	if (run.flavours.n == 1) {
		if (run.world.reach)
			reach_set(run.world.reach, 0);
		if (flavour_boot(&run.flavours.v[0])) {
			free_run(&run);
			return SIM_EXIT_FAILED;
		}
		run.world.booted = 0;
	}
	for (size_t i = 0; i < run.nout; i++)
		if (run.out[i].how->begin)
			run.out[i].how->begin(run.out[i].to, run.totals.planned);
	run_all(&run);
	run.totals.seconds = wall_seconds() - start;
	failed_store(run.failed);
	if (close_outputs(&run) || run.totals.failed)
		rc = SIM_EXIT_FAILED;
	if (run.totals.signal) {
		fflush(NULL);
		raise(run.totals.signal);
	}
	free_run(&run);
	return rc;
}

int engine_list(const struct sim_options *o)
{
	struct run run = { 0 };
	int rc = SIM_EXIT_OK;

	if (begin(&run, o)) {
		free_run(&run);
		return SIM_EXIT_USAGE;
	}
	for (size_t i = 0; i < run.nfiles; i++)
		if (run.files[i].error) {
			fprintf(stderr, "%s\n", run.files[i].error);
			rc = SIM_EXIT_FAILED;
		}
	for (size_t i = 0; i < run.plan.n; i++) {
		const struct sim_job *j = &run.plan.jobs[i];

		printf("%s:%d: %s%s%s%s%s%s%s%s\n", run.files[j->file].path, j->line, j->name, j->covers ? " (" : "",
		       j->covers ? j->covers : "", j->covers ? ")" : "", j->where ? " - " : "",
		       j->where ? j->where : "", j->skip ? " - skipped: " : "", j->skip ? j->skip : "");
	}
	free_run(&run);
	return rc;
}
