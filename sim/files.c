// SPDX-License-Identifier: GPL-2.0-only
/* Which scenario files the arguments of a command name. */
#include "sim.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct list {
	struct sim_file *v;
	size_t n;
};

static void add(struct list *l, const char *path)
{
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->v[l->n++] = (struct sim_file){ .path = xstrdup(path) };
}

static int unreadable(const char *path, const char *why)
{
	fprintf(stderr, "kvmsim: %s: %s\n", path, why);
	return -1;
}

static int is_lua(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && name[0] != '.' && !strcmp(name + n - 4, ".lua");
}

/*
 * A link below the directory is not followed into another directory: no loops. What is in a directory lib is for require()
 * of the scenarios beside it (lua/sandbox.lua).
 */
static int walk(struct list *l, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), rc = 0;

	if (n < 0)
		return unreadable(dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", names[i]->d_name);
		struct stat st;

		if (names[i]->d_name[0] != '.' && !lstat(path, &st)) {
			if (S_ISDIR(st.st_mode)) {
				if (strcmp(names[i]->d_name, "lib"))
					rc |= walk(l, path);
			} else if (is_lua(names[i]->d_name)) {
				if (access(path, R_OK))
					rc = unreadable(path, strerror(errno));
				else
					add(l, path);
			}
		}
		free(path);
		free(names[i]);
	}
	free(names);
	return rc;
}

int files_collect(char **paths, int npaths, struct sim_file **out, size_t *n)
{
	struct list l = { 0 };
	int rc = 0;

	for (int i = 0; i < npaths; i++) {
		struct stat st;

		if (stat(paths[i], &st))
			rc = unreadable(paths[i], strerror(errno));
		else if (S_ISDIR(st.st_mode))
			rc |= walk(&l, paths[i]);
		else if (!S_ISREG(st.st_mode))
			rc = unreadable(paths[i], "not a regular file or a directory");
		else if (access(paths[i], R_OK))
			rc = unreadable(paths[i], strerror(errno));
		else
			add(&l, paths[i]);
	}
	*out = l.v;
	*n = l.n;
	return rc;
}
