// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remembers which scenarios failed when they last ran, beside the flavours: run --failed runs those again.
 *
 * The record has a line for each: the file's real path, the scenario, the architecture and the machine, with tabs
 * between them. The line of a file that could not be loaded has the path alone. What does not run keeps its line.
 * Programs that run at the same time, as under ctest, lock the record. Without the right to write there is no record.
 */
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct entry {
	char *key;
	int failed;	/* the newest result */
	int recorded;	/* in the record as failed */
};

struct sim_failed {
	struct entry *v;
	size_t n;
};

char *job_key(const struct sim_file *f, const struct sim_job *j)
{
	char *path = realpath(f->path, NULL), *machine, *key;

	if (f->text || !path || strpbrk(path, "\t\n")) {
		free(path);
		return NULL;
	}
	if (!j || !j->scenario)
		return path;
	machine = j->personality ? job_machine(j) : xstrdup("");
	key = xasprintf("%s\t%s\t%s\t%s", path, j->scenario, j->arch ? j->arch : "", machine);
	free(machine);
	free(path);
	return key;
}

static struct entry *find(const struct sim_failed *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].key, key))
			return &s->v[i];
	return NULL;
}

/* Takes over key. */
static struct entry *set(struct sim_failed *s, char *key, int failed)
{
	struct entry *e = find(s, key);

	if (e) {
		free(key);
	} else {
		s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
		e = &s->v[s->n++];
		*e = (struct entry){ .key = key };
	}
	e->failed = failed;
	return e;
}

static char *record_path(void)
{
	char *dir = flavour_dir(), *path = dir ? xasprintf("%s/kvmsim-failed", dir) : NULL;

	free(dir);
	return path;
}

/* Adds what only the record has. */
static void read_record(struct sim_failed *s, FILE *f)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, f)) > 0) {
		struct entry *e;

		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		e = find(s, line);
		if (!e)
			e = set(s, xstrdup(line), 1);
		e->recorded = 1;
	}
	free(line);
}

struct sim_failed *failed_new(void)
{
	struct sim_failed *s = xmalloc(sizeof(*s));

	*s = (struct sim_failed){ 0 };
	return s;
}

struct sim_failed *failed_load(void)
{
	struct sim_failed *s = failed_new();
	char *path = record_path();
	FILE *f = path ? fopen(path, "re") : NULL;

	if (f) {
		flock(fileno(f), LOCK_SH);
		read_record(s, f);
		fclose(f);
	}
	free(path);
	return s;
}

void failed_free(struct sim_failed *s)
{
	for (size_t i = 0; s && i < s->n; i++)
		free(s->v[i].key);
	free(s ? s->v : NULL);
	free(s);
}

int failed_has(const struct sim_failed *s, const struct sim_file *f, const struct sim_job *j)
{
	char *job = job_key(f, j), *file = job_key(f, NULL);
	int has = (job && find(s, job)) || (file && find(s, file));

	free(job);
	free(file);
	return has;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **failed_paths(const struct sim_failed *s, int *n)
{
	char **paths = xmalloc((s->n + 1) * sizeof(*paths)), *here = realpath(".", NULL);
	size_t skip = here ? strlen(here) : 0;

	*n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const char *key = s->v[i].key;
		char *path;

		if (skip && !strncmp(key, here, skip) && key[skip] == '/')
			key += skip + 1;
		path = xasprintf("%.*s", (int)strcspn(key, "\t"), key);
		if (!access(path, R_OK))
			paths[(*n)++] = path;
		else
			free(path);
	}
	free(here);
	qsort(paths, (size_t)*n, sizeof(*paths), by_name);
	return paths;
}

void failed_note(struct sim_failed *s, const struct sim_file *f, const struct sim_job *j, int failed)
{
	char *key = job_key(f, j), *file = job_key(f, NULL);

	if (key)
		set(s, key, failed);
	if (file && j->scenario)
		set(s, file, 0);	/* it could be loaded */
	else
		free(file);
}

static int any_failed(const struct sim_failed *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].failed)
			return 1;
	return 0;
}

static int is_news(const struct sim_failed *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].failed != s->v[i].recorded)
			return 1;
	return 0;
}

static void write_record(const struct sim_failed *s, FILE *f)
{
	rewind(f);
	if (ftruncate(fileno(f), 0))
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].failed)
			fprintf(f, "%s\n", s->v[i].key);
}

void failed_store(struct sim_failed *s)
{
	char *path = record_path();
	int fd = path ? open(path, O_RDWR | O_CLOEXEC | (any_failed(s) ? O_CREAT : 0), 0666) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "r+") : NULL;

	if (f) {
		flock(fd, LOCK_EX);
		read_record(s, f);
		if (is_news(s))
			write_record(s, f);
		fclose(f);
	} else if (path && errno != ENOENT && errno != EACCES && errno != EROFS) {
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
	}
	free(path);
}
