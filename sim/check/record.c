// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes the record as text: a line for the kernel's release, one for each function, for what loading
 * reaches, and for each job. Sets of functions are in hexadecimal, function 0 first.
 */
#include "record.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct record_name {
	const char *name;
	size_t number;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct record_name *)a)->name, ((const struct record_name *)b)->name);
}

static char *record_path(const struct sim_flavour *f)
{
	char *dir = flavour_dir(), *path = xasprintf("%s/kvmsim-reach-%s", dir ? dir : ".", f->ops->arch);

	free(dir);
	return path;
}

size_t record_function(struct record *r, const char *name)
{
	struct record_name key = { name, 0 }, **found = tfind(&key, &r->names, by_name), *n;

	if (found)
		return (*found)->number;
	r->functions = xrealloc(r->functions, (r->nfunctions + 1) * sizeof(*r->functions));
	r->functions[r->nfunctions] = xstrdup(name);
	n = xmalloc(sizeof(*n));
	*n = (struct record_name){ r->functions[r->nfunctions], r->nfunctions };
	tsearch(n, &r->names, by_name);
	return r->nfunctions++;
}

int record_common(const unsigned char *a, size_t a_bytes, const unsigned char *b, size_t b_bytes)
{
	for (size_t i = 0; i < a_bytes && i < b_bytes; i++)
		if (a[i] & b[i])
			return 1;
	return 0;
}

void record_set(unsigned char **set, size_t *bytes, size_t function)
{
	size_t need = function / 8 + 1;

	if (need > *bytes) {
		*set = xrealloc(*set, need);
		memset(*set + *bytes, 0, need - *bytes);
		*bytes = need;
	}
	(*set)[function / 8] |= (unsigned char)(1 << function % 8);
}

/* FNV-1a of the file's text; 0 if it cannot be read. */
static unsigned long long stamp_of(const struct sim_file *f)
{
	unsigned long long hash = 0xcbf29ce484222325;
	FILE *file = fopen(f->path, "re");
	int c;

	if (!file)
		return 0;
	while ((c = getc_unlocked(file)) != EOF)
		hash = (hash ^ (unsigned char)c) * 0x100000001b3;
	fclose(file);
	return hash;
}

/* The plan has the jobs of a file one after the other, so a stamp is used many times. */
static unsigned long long stamp(const struct sim_file *f)
{
	static unsigned long long value;
	static char *path;

	if (!path || strcmp(path, f->path)) {
		free(path);
		path = xstrdup(f->path);
		value = stamp_of(f);
	}
	return value;
}

/* Jobs are mostly asked for in the order of the record: the search begins behind the last one that was found. */
static struct record_job *find(const struct record *r, const char *key)
{
	static size_t next;

	for (size_t i = 0; i < r->njobs; i++) {
		size_t at = (next + i) % r->njobs;

		if (!strcmp(r->jobs[at].key, key)) {
			next = at + 1;
			return &r->jobs[at];
		}
	}
	return NULL;
}

const struct record_job *record_find(const struct record *r, const struct sim_file *f, const struct sim_job *j)
{
	char *key = job_key(f, j);
	struct record_job *found = key ? find(r, key) : NULL;

	free(key);
	return found && found->stamp == stamp(f) ? found : NULL;
}

static struct record_job *add_job(struct record *r, char *key)
{
	r->jobs = xrealloc(r->jobs, (r->njobs + 1) * sizeof(*r->jobs));
	r->jobs[r->njobs] = (struct record_job){ .key = key };
	return &r->jobs[r->njobs++];
}

struct record_job *record_job(struct record *r, const struct sim_file *f, const struct sim_job *j)
{
	char *key = job_key(f, j);
	struct record_job *job = key ? find(r, key) : NULL;

	if (!key)
		return NULL;
	if (job)
		free(key);
	else
		job = add_job(r, key);
	job->stamp = stamp(f);
	free(job->set);
	job->set = NULL;
	job->bytes = 0;
	return job;
}

static void write_set(FILE *f, const unsigned char *set, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		fprintf(f, "%02x", set[i]);
}

static void read_set(const char *hex, unsigned char **set, size_t *bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = strspn(hex, digits) / 2;

	free(*set);
	*set = xmalloc(n);
	*bytes = n;
	for (size_t i = 0; i < n; i++)
		(*set)[i] = (unsigned char)((strchr(digits, hex[2 * i]) - digits) << 4 |
					    (strchr(digits, hex[2 * i + 1]) - digits));
}

/* "j STAMP SET KEY" */
static void read_job(struct record *r, char *line)
{
	char *rest = line, *number = strsep(&rest, " "), *set = strsep(&rest, " ");
	struct record_job *j;

	if (!rest)
		return;
	j = add_job(r, xstrdup(rest));
	j->stamp = strtoull(number, NULL, 16);
	read_set(set, &j->set, &j->bytes);
}

static void read_line(struct record *r, char *line)
{
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "f ", 2))
		record_function(r, line + 2);
	else if (!strncmp(line, "l ", 2))
		read_set(line + 2, &r->loading, &r->loading_bytes);
	else if (!strncmp(line, "j ", 2))
		read_job(r, line + 2);
}

void record_load(struct record *r, const struct sim_flavour *flavour)
{
	char *path = record_path(flavour), *line = NULL;
	FILE *f = fopen(path, "re");
	size_t room = 0;

	*r = (struct record){ .release = xstrdup(flavour->ops->kernel_release) };
	if (f && getline(&line, &room, f) > 2) {
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line + 2, r->release))
			while (getline(&line, &room, f) > 0)
				read_line(r, line);
	}
	if (f)
		fclose(f);
	free(line);
	free(path);
}

int record_store(const struct record *r, const struct sim_flavour *flavour)
{
	char *path = record_path(flavour), *new = xasprintf("%s.new", path);
	FILE *f = fopen(new, "we");
	int rc = f ? 0 : -1;

	if (f) {
		fprintf(f, "r %s\n", r->release);
		for (size_t i = 0; i < r->nfunctions; i++)
			fprintf(f, "f %s\n", r->functions[i]);
		fputs("l ", f);
		write_set(f, r->loading, r->loading_bytes);
		for (size_t i = 0; i < r->njobs; i++) {
			fprintf(f, "\nj %llx ", r->jobs[i].stamp);
			write_set(f, r->jobs[i].set, r->jobs[i].bytes);
			fprintf(f, " %s", r->jobs[i].key);
		}
		fputs("\n", f);
		rc = ferror(f) ? -1 : 0;
		rc |= fclose(f) ? -1 : 0;
	}
	if (rc || rename(new, path)) {
		fprintf(stderr, "kvmsim: %s: %s\n", new, strerror(errno));
		rc = -1;
	}
	free(new);
	free(path);
	return rc;
}

void record_free(struct record *r)
{
	for (size_t i = 0; i < r->njobs; i++) {
		free(r->jobs[i].key);
		free(r->jobs[i].set);
	}
	free(r->jobs);
	tdestroy(r->names, free);
	for (size_t i = 0; i < r->nfunctions; i++)
		free(r->functions[i]);
	free(r->functions);
	free(r->loading);
	free(r->release);
	*r = (struct record){ 0 };
}
