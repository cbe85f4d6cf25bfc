// SPDX-License-Identifier: GPL-2.0-only
/* Finds the scenario files that the arguments of a command name. */
#include "sim.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
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

/* Returns NULL if the list has the file already. */
static struct sim_file *add(struct list *l, const char *path)
{
	char *real = real_path(path);

	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->real[i], real)) {
			free(real);
			return NULL;
		}
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	l->real = xrealloc(l->real, (l->n + 1) * sizeof(*l->real));
	l->real[l->n] = real;
	l->v[l->n] = (struct sim_file){ .path = xstrdup(path) };
	return &l->v[l->n++];
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
					add(l, path);
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

static int add_argument(struct list *l, const char *path)
{
	const char *why;
	struct stat st;

	if (!strcmp(path, "-") || !strcmp(path, "/dev/stdin"))
		return add_standard_input(l);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return walk(l, path) ? unreadable(path, strerror(errno)) : 0;
	why = objection(path);
	if (why)
		return unreadable(path, why);
	add(l, path);
	return 0;
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
