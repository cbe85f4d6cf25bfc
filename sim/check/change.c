// SPDX-License-Identifier: GPL-2.0-only
/* Reads a unified diff, as git diff, git format-patch and diff -u write it. */
#include "change.h"

#include "../sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the reader is in a hunk. */
struct hunk {
	unsigned int line;		/* number of the next line of the new file */
	unsigned int old_left, new_left;
	unsigned int first;		/* of the new lines just read, or 0 */
	int gap;			/* lines were taken away just now */
};

static void add_lines(struct change *c, unsigned int first, unsigned int last, int new)
{
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n++] = (struct change_lines){ c->nfiles - 1, first, last, new };
}

/* Ends a run of new lines, or a gap that nothing new fills. */
static void end_run(struct change *c, struct hunk *h)
{
	if (h->first)
		add_lines(c, h->first, h->line - 1, 1);
	else if (h->gap)
		add_lines(c, h->line > 1 ? h->line - 1 : 1, h->line, 0);
	h->first = 0;
	h->gap = 0;
}

/* "--- a/mm/gup.c", "+++ b/mm/gup.c\t2026-..."; the first component is the diff's. */
static void take_name(struct change *c, const char *name)
{
	const char *slash = strchr(name, '/');
	size_t n = strcspn(name, "\t\n");

	if (!strncmp(name, "/dev/null", n) || !slash || slash >= name + n)
		return;
	c->files = xrealloc(c->files, (c->nfiles + 1) * sizeof(*c->files));
	c->files[c->nfiles++] = xasprintf("%.*s", (int)(name + n - slash - 1), slash + 1);
}

/* Returns 0 if it is none. With no lines on the new side, the number is that of the line before. */
static int take_hunk(struct hunk *h, const char *line)
{
	unsigned int old, old_n = 1, new, new_n = 1;
	const char *plus = strchr(line, '+');

	if (!plus || sscanf(line, "@@ -%u,%u", &old, &old_n) < 1 || sscanf(plus, "+%u,%u", &new, &new_n) < 1)
		return 0;
	*h = (struct hunk){ .line = new + !new_n, .old_left = old_n, .new_left = new_n };
	return 1;
}

static void take_line(struct change *c, struct hunk *h, char kind)
{
	if (kind == '\\')	/* "No newline at end of file" */
		return;
	if (kind == '+') {
		if (!h->first)
			h->first = h->line;
	} else if (kind == '-') {
		h->gap = 1;
	} else {
		end_run(c, h);
	}
	if (kind != '-' && h->new_left) {
		h->new_left--;
		h->line++;
	}
	if (kind != '+' && h->old_left)
		h->old_left--;
	if (!h->old_left && !h->new_left)
		end_run(c, h);
}

int change_read(const char *path, struct change *out)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct hunk h = { 0 };
	size_t room = 0, lines = 0;
	char *line = NULL;

	*out = (struct change){ 0 };
	if (!f) {
		fprintf(stderr, "kvmsim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (getline(&line, &room, f) > 0) {
		lines++;
		if (h.old_left || h.new_left)
			take_line(out, &h, *line);
		else if (!strncmp(line, "+++ ", 4))
			take_name(out, line + 4);
		else if (!strncmp(line, "@@ ", 3) && out->nfiles)
			take_hunk(&h, line);
	}
	free(line);
	if (f != stdin)
		fclose(f);
	if (lines && !out->nfiles) {
		fprintf(stderr, "kvmsim: %s is no unified diff: it has no line that begins with +++\n", path);
		return -1;
	}
	return 0;
}

int change_has(const struct change *c, size_t file, unsigned int line)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].new && c->v[i].file == file && c->v[i].first <= line && line <= c->v[i].last)
			return 1;
	return 0;
}

void change_free(struct change *c)
{
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i]);
	free(c->files);
	free(c->v);
	*c = (struct change){ 0 };
}
