// SPDX-License-Identifier: GPL-2.0-only
/* Finds the scenario files that the arguments of a command name. */
#include "sim.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct list {
	struct sim_file *v;
	char **real;	/* for each file: its directory without links, and its name */
	size_t n;
};

/* Resolves links in the directory's path. A link to a file is another file: another lib may be beside it. */
static char *real_path(const char *path)
{
	char *copy = xstrdup(path), *copy2 = xstrdup(path), *dir = realpath(dirname(copy), NULL);
	char *real = xasprintf("%s/%s", dir ? dir : "", basename(copy2));

	free(dir);
	free(copy);
	free(copy2);
	return real;
}

/* Returns NULL if the list has no such file. */
static struct sim_file *find(struct list *l, const char *path)
{
	char *real = real_path(path);
	struct sim_file *f = NULL;

	for (size_t i = 0; i < l->n && !f; i++)
		if (!strcmp(l->real[i], real))
			f = &l->v[i];
	free(real);
	return f;
}

/* Returns NULL if the list has the file already. */
static struct sim_file *add(struct list *l, const char *path)
{
	if (find(l, path))
		return NULL;
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->real = xrealloc(l->real, (l->n + 1) * sizeof(*l->real));
	l->real[l->n] = real_path(path);
	l->v[l->n] = (struct sim_file){ .path = xstrdup(path) };
	return &l->v[l->n++];
}

/* Adds a file, or one of its lines. line: 0 for all of it, whatever was added before. */
static void add_lines(struct list *l, const char *path, int line)
{
	struct sim_file *f = add(l, path);
	int old = !f;

	if (old)
		f = find(l, path);
	if (!line) {
		free(f->lines);
		f->lines = NULL;
		f->nlines = 0;
	} else if (!old || f->nlines) {
		f->lines = xrealloc(f->lines, (f->nlines + 1) * sizeof(*f->lines));
		f->lines[f->nlines++] = line;
	}
}

static int unreadable(const char *path, const char *why)
{
	fprintf(stderr, "kvmsim: %s: %s\n", path, why);
	return -1;
}

static void add_unreadable(struct list *l, const char *path, const char *why)
{
	struct sim_file *f = add(l, path);

	if (f)
		f->error = xasprintf("%s: %s", path, why);
}

static int is_lua(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && !strcmp(name + n - 4, ".lua");
}

/* Returns why it cannot be a scenario file, or NULL. */
static const char *objection(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	return access(path, R_OK) ? strerror(errno) : NULL;
}

/*
 * Links to directories below the argument are not followed, so there are no loops. A directory lib holds files for
 * require() of the scenarios beside it (lua/sandbox.lua). Returns -1 if the directory cannot be read.
 */
static int walk(struct list *l, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", names[i]->d_name);
		struct stat st;

		if (names[i]->d_name[0] != '.' && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode)) {
				if (strcmp(names[i]->d_name, "lib") && walk(l, path))
					add_unreadable(l, path, strerror(errno));
			} else if (is_lua(names[i]->d_name)) {
				const char *why = objection(path);

				if (why)
					add_unreadable(l, path, why);
				else
					add_lines(l, path, 0);
			}
		}
		free(path);
		free(names[i]);
	}
	free(names);
	return 0;
}

static int add_standard_input(struct list *l)
{
	struct sim_file *f = add(l, "-");
	char buf[65536];
	size_t n;

	if (!f)
		return 0;
	f->text = xmalloc(1);
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0 && f->bytes <= SIM_MAX_FILE) {
		f->text = xrealloc(f->text, f->bytes + n + 1);
		memcpy(f->text + f->bytes, buf, n);
		f->bytes += n;
	}
	if (ferror(stdin) || f->bytes > SIM_MAX_FILE)
		return unreadable("standard input", strerror(ferror(stdin) ? errno : EFBIG));
	return 0;
}

/* Splits FILE:LINE, unless a file has that name. Returns the line, or 0; *path, malloc'ed, is the rest. */
static int split_line(const char *argument, char **path)
{
	const char *colon = strrchr(argument, ':');
	char *end;
	long line = colon ? strtol(colon + 1, &end, 10) : 0;

	*path = xstrdup(argument);
	if (line < 1 || line > INT_MAX || *end || !access(argument, F_OK))
		return 0;	/* if there is no such file, the message names the argument as it is */
	(*path)[colon - argument] = 0;
	return (int)line;
}

static int add_file(struct list *l, const char *argument)
{
	char *path;
	int line = split_line(argument, &path);
	const char *why = objection(path);
	int rc = why ? unreadable(argument, why) : 0;

	if (!why)
		add_lines(l, path, line);
	free(path);
	return rc;
}

static int add_argument(struct list *l, const char *path)
{
	struct stat st;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdin"))
		return add_standard_input(l);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return walk(l, path) ? unreadable(path, strerror(errno)) : 0;
	return add_file(l, path);
}

int files_collect(char **paths, int npaths, struct sim_file **out, size_t *n)
{
	struct list l = { 0 };
	int rc = 0;

	for (int i = 0; i < npaths; i++)
		rc |= add_argument(&l, paths[i]);
	for (size_t i = 0; i < l.n; i++)
		free(l.real[i]);
	free(l.real);
	*out = l.v;
	*n = l.n;
	return rc;
}
