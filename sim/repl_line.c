// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads lines with libedit.
 *
 * While a line is edited Ctrl-C is a character; while a statement runs it is a signal (repl.c). The history is the file
 * kvmsim/history in the user's state directory. Without that there is none.
 */
#include "sim.h"
#include "repl_line.h"

#include <histedit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HISTORY_LINES 1000

static struct {
	EditLine *el;		/* NULL without a terminal */
	History *history;
	char *path;		/* of the history, or NULL */
	const char *prompt;
	int gave_up;
	repl_complete_fn complete;
	void *arg;
} in;

static char *prompt_of(EditLine *el)
{
	(void)el;
	return (char *)in.prompt;
}

static size_t common_length(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i;
}

/* Shows all ends, each with the part of the word that is there. */
static void show(const char *ends, const char *word, size_t n)
{
	putchar('\n');
	while (*ends) {
		size_t len = strcspn(ends, "\n");

		printf("%.*s%.*s%s", (int)n, word, (int)len, ends, ends[len] ? "  " : "\n");
		ends += len + (ends[len] == '\n');
	}
	fflush(stdout);
}

static unsigned char complete(EditLine *el, int c)
{
	const LineInfo *line = el_line(el);
	char *before = xasprintf("%.*s", (int)(line->cursor - line->buffer), line->buffer), *ends, *end;
	size_t common, word = strlen(before);
	unsigned char result = CC_ERROR;

	(void)c;
	ends = in.complete(in.arg, before);
	common = strcspn(ends, "\n");
	for (end = ends; *end; end += strcspn(end, "\n") + (strchr(end, '\n') != NULL))
		common = common_length(ends, end, common);
	while (word && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", before[word - 1]))
		word--;
	if (common) {
		char *text = xasprintf("%.*s", (int)common, ends);

		result = el_insertstr(el, text) ? CC_ERROR : CC_REFRESH;
		free(text);
	} else if (*ends) {
		show(ends, before + word, strlen(before + word));
		result = CC_REDISPLAY;
	}
	free(ends);
	free(before);
	return result;
}

static unsigned char give_up(EditLine *el, int c)
{
	(void)el;
	(void)c;
	in.gave_up = 1;
	fputs("^C\n", stdout);
	fflush(stdout);
	return CC_NEWLINE;
}

/* Returns the history's path and makes its directories; NULL if that is impossible. */
static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *dir, *path, *slash;

	if (!(state && *state) && !home)
		return NULL;
	dir = state && *state ? xasprintf("%s/kvmsim", state) : xasprintf("%s/.local/state/kvmsim", home);
	for (slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(dir, 0700);
		*slash = '/';
	}
	mkdir(dir, 0700);
	path = xasprintf("%s/history", dir);
	free(dir);
	return path;
}

void repl_line_begin(int terminal, repl_complete_fn fn, void *arg)
{
	HistEvent event;

	in.complete = fn;
	in.arg = arg;
	in.el = terminal ? el_init("kvmsim", stdin, stdout, stderr) : NULL;
	if (!in.el)
		return;
	in.history = history_init();
	in.path = history_path();
	history(in.history, &event, H_SETSIZE, HISTORY_LINES);
	history(in.history, &event, H_SETUNIQUE, 1);
	if (in.path)
		history(in.history, &event, H_LOAD, in.path);
	el_set(in.el, EL_EDITOR, "emacs");
	el_set(in.el, EL_HIST, history, in.history);
	el_set(in.el, EL_PROMPT, prompt_of);
	el_set(in.el, EL_SETTY, "-d", "-isig", NULL);
	el_set(in.el, EL_ADDFN, "kvmsim-complete", "complete a name", complete);
	el_set(in.el, EL_ADDFN, "kvmsim-give-up", "forget the line", give_up);
	el_set(in.el, EL_BIND, "^I", "kvmsim-complete", NULL);
	el_set(in.el, EL_BIND, "^C", "kvmsim-give-up", NULL);
	el_set(in.el, EL_BIND, "^R", "em-inc-search-prev", NULL);
	el_source(in.el, NULL);	/* ~/.editrc */
}

char *repl_line_read(const char *prompt, int *gave_up)
{
	char *line = NULL;
	size_t room = 0;
	int n = 0;

	*gave_up = 0;
	if (!in.el) {
		if (getline(&line, &room, stdin) < 0) {
			free(line);
			return NULL;
		}
	} else {
		const char *read;

		in.prompt = prompt;
		in.gave_up = 0;
		read = el_gets(in.el, &n);
		if (!read || n <= 0)
			return NULL;
		*gave_up = in.gave_up;
		line = xstrdup(read);
	}
	line[strcspn(line, "\n")] = 0;
	return line;
}

void repl_line_keep(const char *text)
{
	HistEvent event;

	if (in.el && *text)
		history(in.history, &event, H_ENTER, text);
}

void repl_line_end(void)
{
	HistEvent event;

	if (!in.el)
		return;
	if (in.path)
		history(in.history, &event, H_SAVE, in.path);
	history_end(in.history);
	el_end(in.el);
	free(in.path);
	putchar('\n');
}
