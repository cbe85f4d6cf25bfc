// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command show: the memory picture before a line of a scenario runs for the first time.
 *
 * The child of the scenario draws the picture (lua/show.lua) and appends it to files that the parent reads at the end.
 */
#include "lua_env.h"
#include "report.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sim_show {
	char *path;	/* of the scenario file, as its Lua code knows it */
	int line;
	int text, svg;	/* files for the pictures */
};

/* In the child. */
static struct {
	const struct sim_show *show;
	const char *name;	/* of the scenario */
} armed;

static void append(int fd, const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		s += done;
		n -= (size_t)done;
	}
}

static void draw(lua_State *L, lua_Debug *ar)
{
	const struct sim_show *show = armed.show;
	const char *s;
	size_t n;

	if (!show || ar->currentline != show->line || !lua_getinfo(L, "S", ar) || *ar->source != '@' ||
	    strcmp(ar->source + 1, show->path))
		return;
	armed.show = NULL;
	lua_env_push(L, "show");
	lua_pushfstring(L, "%s, before %s:%d", armed.name, show->path, show->line);
	lua_call(L, 1, 2);
	s = lua_tolstring(L, -2, &n);
	append(show->text, s, n);
	append(show->text, "\n", 1);
	s = lua_tolstring(L, -1, &n);
	append(show->svg, s, n);
	lua_pop(L, 2);
}

void show_arm(lua_State *L, const struct sim_show *show, const struct sim_job *job)
{
	armed.show = show;
	armed.name = job->name;
	lua_env_on_line(L, draw);
}

/* Takes FILE:LINE. Returns 0 or -1. */
static int parse_place(const char *place, struct sim_show *show)
{
	const char *colon = strrchr(place, ':');
	char *end;

	show->line = colon ? (int)strtol(colon + 1, &end, 10) : 0;
	if (!colon || *end || show->line < 1)
		return -1;
	show->path = xasprintf("%.*s", (int)(colon - place), place);
	return 0;
}

/* One picture fits into one file. */
static int on_plan(void *arg, struct sim_world *w, const struct sim_file *files, struct sim_plan *plan)
{
	const struct sim_options *o = arg;

	(void)w;
	(void)files;
	if (!o->svg || plan->n == 1)
		return 0;
	fprintf(stderr, "kvmsim: show: --svg: %zu scenarios run there; choose one with --filter:\n", plan->n);
	for (size_t i = 0; i < plan->n; i++)
		fprintf(stderr, "  %s\n", plan->jobs[i].name);
	return -1;
}

/* Copies a file from its beginning. Returns the bytes, or -1. */
static ssize_t copy(int fd, FILE *to)
{
	char buf[65536];
	ssize_t n, all = 0;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (fwrite(buf, 1, (size_t)n, to) != (size_t)n)
			return -1;
		all += n;
	}
	return n < 0 || fflush(to) ? -1 : all;
}

static int write_svg(int fd, const char *path)
{
	FILE *f = fopen(path, "we");
	ssize_t n = f ? copy(fd, f) : -1;

	if ((f && fclose(f)) || n < 0) {
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
		return SIM_EXIT_USAGE;
	}
	return SIM_EXIT_OK;
}

int show_run(const struct sim_options *given)
{
	struct sim_options o = *given;
	struct sim_show show = { .text = -1, .svg = -1 };
	struct sim_hooks hooks = { .arg = &o, .plan = on_plan, .reporter = &reporter_failures };
	int rc;

	if (o.npaths != 1 || parse_place(o.paths[0], &show)) {
		fprintf(stderr, "kvmsim: show: which step? FILE:LINE\n");
		return SIM_EXIT_USAGE;
	}
	show.text = memfd_create("kvmsim-text", MFD_CLOEXEC);
	show.svg = memfd_create("kvmsim-svg", MFD_CLOEXEC);
	o.show = &show;
	o.hooks = &hooks;
	rc = show.text < 0 || show.svg < 0 ? SIM_EXIT_USAGE : engine_run(&o);
	if (rc != SIM_EXIT_USAGE && copy(show.text, stdout) <= 0) {
		fprintf(stderr, "kvmsim: show: no scenario came to line %d\n", show.line);
		rc = SIM_EXIT_FAILED;
	} else if (rc != SIM_EXIT_USAGE && o.svg && write_svg(show.svg, o.svg)) {
		rc = SIM_EXIT_USAGE;
	}
	close(show.text);
	close(show.svg);
	free(show.path);
	return rc;
}
