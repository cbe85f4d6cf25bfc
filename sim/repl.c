// SPDX-License-Identifier: GPL-2.0-only
/* The interactive mode: each line is Lua, run in one world that lasts until the end of input. */
#include "report.h"
#include "world.h"

#include "repl_line.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *join_lines(char *pending, const char *line)
{
	char *s = pending ? xasprintf("%s\n%s", pending, line) : xstrdup(line);

	free(pending);
	return s;
}

/* Prints what the last line left in the result, and forgets it. */
static void show_result(const struct sim_world *w, const struct sim_job *job)
{
	static const struct sim_file file = { .path = (char *)"repl" };

	report_details(stdout, "", job, &file, w->result, w->flavours);
	fflush(stdout);
	result_reset(w->result);
	child_forget_reports();
}

/* Pushes the arguments of M.repl() and M.complete(). Returns how many. */
static int push_line(lua_State *L, const struct sim_job *job, const char *text)
{
	lua_pushstring(L, text);
	lua_pushstring(L, job->arch);
	lua_pushstring(L, job->personality);
	lua_pushstring(L, job->facilities);
	lua_pushstring(L, job->params);
	return 5;
}

/* Returns 1 if the text is not yet a whole statement. */
static int evaluate(const struct sim_world *w, lua_State *L, const struct sim_job *job, const char *text)
{
	int more, nargs;

	lua_env_push(L, "repl");
	nargs = push_line(L, job, text);
	lua_env_deadline(L, w->options->timeout > 0 ? w->options->timeout : SIM_DEFAULT_TIMEOUT);
	if (lua_pcall(L, nargs, 1, 0))
		printf("%s\n", lua_tostring(L, -1) ? lua_tostring(L, -1) : "error");
	lua_env_deadline(L, 0);
	more = lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "more");
	if (!more && lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1))
		printf("%s\n", lua_tostring(L, -1));
	lua_pop(L, 1);
	if (!more)
		show_result(w, job);
	return more;
}

struct session {
	lua_State *L;
	const struct sim_job *job;
};

static char *complete(void *arg, const char *text)
{
	const struct session *s = arg;
	char *ends;

	lua_env_push(s->L, "complete");
	if (lua_pcall(s->L, push_line(s->L, s->job, text), 1, 0))
		lua_pushliteral(s->L, "");
	ends = xstrdup(lua_tostring(s->L, -1));
	lua_settop(s->L, 0);
	return ends;
}

/* The first Ctrl-C ends the Lua code that runs. If that is in a call into the machine, the next one ends the world. */
static void on_interrupt(int sig)
{
	if (lua_env_interrupt()) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

/* The world's process: reads and runs lines until the end of input. */
static int serve(const struct sim_world *w, lua_State *L, const struct sim_job *job, int terminal)
{
	struct session s = { L, job };
	char *line, *pending = NULL;
	int gave_up;

	if (terminal)
		signal(SIGINT, on_interrupt);
	repl_line_begin(terminal, complete, &s);
	while ((line = repl_line_read(pending ? ">> " : "> ", &gave_up))) {
		if (gave_up) {
			free(pending);
			pending = NULL;
		} else {
			pending = join_lines(pending, line);
			if (!evaluate(w, L, job, pending)) {
				repl_line_keep(pending);
				free(pending);
				pending = NULL;
			}
		}
		free(line);
		fflush(stdout);
	}
	free(pending);
	repl_line_end();
	fflush(stdout);
	return 0;
}

int engine_repl(const struct sim_options *o)
{
	struct sim_flavours fl;
	struct sim_world w = { .flavours = &fl, .options = o, .booted = -1, .trace_fd = -1 };
	struct sim_job job = { .name = (char *)"repl", .facilities = (char *)"", .params = (char *)"" };
	int terminal = isatty(0) && isatty(1), status = 0;
	lua_State *L;
	pid_t pid;

	if (flavours_load(&fl, o->arch, o->kernel))
		return SIM_EXIT_USAGE;
	job.arch = (char *)fl.v[0].ops->arch;
	job.personality = (char *)(fl.v[0].ops->personalities ? fl.v[0].ops->personalities[0] : "");
	w.result = result_new();
	result_reset(w.result);
	L = lua_env_new(o->allow_io, fl.v[0].ops, NULL);
	if (!L)
		return SIM_EXIT_FAILED;
	if (terminal) {
		signal(SIGINT, SIG_IGN);	/* is for the world's process */
		printf("kvmsim, kernel %s, %s %s. sim and expect are there; help() says more; end with Ctrl-D.\n",
		       fl.v[0].ops->kernel_release, job.arch, job.personality);
	}
	fflush(NULL);
	pid = fork();
	if (!pid)
		child_exit(world_enter(&w, &job) ? SIM_EXIT_FAILED : serve(&w, L, &job, terminal));
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("kvmsim");
		return SIM_EXIT_FAILED;
	}
	lua_close(L);
	/* Says what ended the world, if anything did. */
	if (WIFSIGNALED(status))
		printf("the world's process died by signal %d\n", WTERMSIG(status));
	if (w.result->state == SIM_FAILED) {
		show_result(&w, &job);
		status = SIM_EXIT_FAILED;
	}
	flavours_free(&fl);
	return status ? SIM_EXIT_FAILED : SIM_EXIT_OK;
}
