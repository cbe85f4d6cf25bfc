// SPDX-License-Identifier: GPL-2.0-only
/* The interactive mode: each line is Lua, run in one world that lasts until the end of input. */
#include "report.h"
#include "world.h"

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

/* Returns 1 if the text is not yet a whole statement. */
static int evaluate(const struct sim_world *w, lua_State *L, const struct sim_job *job, const char *text)
{
	int more;

	lua_env_push(L, "repl");
	lua_pushstring(L, text);
	lua_pushstring(L, job->arch);
	lua_pushstring(L, job->personality);
	lua_pushstring(L, job->facilities);
	if (lua_pcall(L, 4, 1, 0))
		printf("%s\n", lua_tostring(L, -1) ? lua_tostring(L, -1) : "error");
	more = lua_type(L, -1) == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "more");
	if (!more && lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1))
		printf("%s\n", lua_tostring(L, -1));
	lua_pop(L, 1);
	if (!more)
		show_result(w, job);
	return more;
}

/* The world's process: reads and runs lines until the end of input. */
static int serve(const struct sim_world *w, lua_State *L, const struct sim_job *job, int prompt)
{
	char *line = NULL, *pending = NULL;
	size_t room = 0;
	ssize_t n;

	for (;;) {
		if (prompt)
			fputs(pending ? ">> " : "> ", stdout);
		fflush(stdout);
		n = getline(&line, &room, stdin);
		if (n < 0)
			break;
		if (n && line[n - 1] == '\n')
			line[n - 1] = 0;
		pending = join_lines(pending, line);
		if (!evaluate(w, L, job, pending)) {
			free(pending);
			pending = NULL;
		}
	}
	free(pending);
	free(line);
	if (prompt)
		putchar('\n');
	fflush(stdout);
	return 0;
}

int engine_repl(const struct sim_options *o)
{
	struct sim_flavours fl;
	struct sim_world w = { .flavours = &fl, .options = o, .booted = -1, .trace_fd = -1 };
	struct sim_job job = { .name = (char *)"repl", .facilities = (char *)"" };
	int prompt = isatty(0) && isatty(1), status = 0;
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
	if (prompt)
		printf("kvmsim, kernel %s, %s %s. sim and expect are there; end with Ctrl-D.\n",
		       fl.v[0].ops->kernel_release, job.arch, job.personality);
	fflush(NULL);
	pid = fork();
	if (!pid)
		child_exit(world_enter(&w, &job) ? SIM_EXIT_FAILED : serve(&w, L, &job, prompt));
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
