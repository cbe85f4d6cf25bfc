// SPDX-License-Identifier: GPL-2.0-only
/* Reads the list of a kernel's selftests: what each must do here, its arguments, its time limit. */
#include "selftests.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_LIMIT 300	/* seconds, for a program that no list has */
#define FIELDS 5

const char *const selftest_mmus[SELFTEST_MMUS] = { "ept", "npt", "shadow" };

static const char *const kinds[] = {
	[SELFTEST_RUN] = "run", [SELFTEST_LONG] = "long", [SELFTEST_SKIPS] = "skips", [SELFTEST_REFUSED] = "refused",
};

unsigned int selftest_parse_mmus(const char *s)
{
	char *copy = xstrdup(s), *next = NULL;
	unsigned int mmus = 0;

	for (char *name = strtok_r(copy, ",", &next); name; name = strtok_r(NULL, ",", &next)) {
		unsigned int bit = 0;

		for (unsigned int i = 0; i < SELFTEST_MMUS; i++)
			if (!strcmp(name, selftest_mmus[i]))
				bit = 1u << i;
		if (!bit) {
			mmus = 0;
			break;
		}
		mmus |= bit;
	}
	free(copy);
	return mmus;
}

static struct selftest *add(struct selftests *to)
{
	to->v = xrealloc(to->v, (to->n + 1) * sizeof(*to->v));
	to->v[to->n] = (struct selftest){ 0 };
	return &to->v[to->n++];
}

/* PROGRAM, KIND, MODES, SECONDS and ARGUMENTS or REASON, with a tab between. Returns -1 if it is not that. */
static int parse_line(struct selftests *to, char *line)
{
	char *field[FIELDS], *end;
	struct selftest t = { 0 };
	size_t n = 0;

	for (char *f; n < FIELDS && (f = strsep(&line, "\t")); n++)
		field[n] = f;
	if (n != FIELDS || line)
		return -1;
	for (t.kind = 0; t.kind <= SELFTEST_REFUSED && strcmp(field[1], kinds[t.kind]); t.kind++)
		;
	t.mmus = selftest_parse_mmus(field[2]);
	t.limit = strtod(field[3], &end);
	if (t.kind > SELFTEST_REFUSED || !t.mmus || *end || !(t.limit > 0))
		return -1;
	t.program = xstrdup(field[0]);
	t.args = xstrdup(t.kind < SELFTEST_SKIPS ? field[4] : "");
	t.reason = xstrdup(t.kind < SELFTEST_SKIPS ? "" : field[4]);
	*add(to) = t;
	return 0;
}

static int read_list(struct selftests *to, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	int number = 0, rc = 0;

	if (!f) {
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (!rc && getline(&line, &size, f) > 0) {
		number++;
		line[strcspn(line, "\n")] = 0;
		if (*line && *line != '#' && parse_line(to, line)) {
			fprintf(stderr, "kvmsim: %s:%d: not PROGRAM, KIND, MODES, SECONDS, TEXT\n", path, number);
			rc = -1;
		}
	}
	free(line);
	fclose(f);
	return rc;
}

int selftests_read(struct selftests *to, const char *release)
{
	DIR *dir = opendir(KVMSIM_SELFTESTS_DIR);
	char best[32] = "", *path;
	int rc;

	for (struct dirent *d; dir && (d = readdir(dir));)
		if (d->d_name[0] >= '0' && d->d_name[0] <= '9' && strlen(d->d_name) < sizeof(best) &&
		    !release_is_older(release, d->d_name) && (!*best || release_is_older(best, d->d_name)))
			strcpy(best, d->d_name);
	if (dir)
		closedir(dir);
	if (!*best) {
		fprintf(stderr, "kvmsim: no list of the selftests of Linux %s; 'kvmsim exec' runs a single one\n",
			release);
		return -1;
	}
	path = xasprintf("%s/%s/x86_64", KVMSIM_SELFTESTS_DIR, best);
	rc = read_list(to, path);
	free(path);
	return rc;
}

void selftests_add(struct selftests *to, const char *program)
{
	*add(to) = (struct selftest){
		.program = xstrdup(program), .kind = SELFTEST_RUN, .mmus = (1u << SELFTEST_MMUS) - 1,
		.limit = DEFAULT_LIMIT, .args = xstrdup(""), .reason = xstrdup(""),
	};
}

int selftests_have(const struct selftests *s, const char *program)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].program, program))
			return 1;
	return 0;
}

void selftests_free(struct selftests *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].program);
		free(s->v[i].args);
		free(s->v[i].reason);
	}
	free(s->v);
}
