// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds places in the functions of a kernel file where one small change makes a wrong program, and makes the change.
 *
 *   mutants FILE          lists them: key, line, kind, and what changes, with tabs between
 *   mutants FILE KEY      writes the file with that change
 *
 * A key is a checksum of the function's name and of what is changed, so it stays when other functions change. Passes
 * over what only reports or measures: assertions, lockdep, trace events, messages, statistics.
 */
#include "../../sim/check/functions.h"
#include "../../sim/sim.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const passed_over[] = {
	"WARN", "BUG_ON", "lockdep_", "trace_", "pr_", "printk", "kvm_err", "vcpu_unimpl", "->stat.", "might_",
	"prefetch", "cond_resched", "EXPORT_SYMBOL", "KVM_BUG",
};

static const struct {
	const char *kind, *from, *to;
} operators[] = {	/* longer ones first; without to: passed over */
	{ NULL, "<<=", NULL }, { NULL, ">>=", NULL }, { NULL, "<<", NULL }, { NULL, ">>", NULL }, { NULL, "->", NULL },
	{ "relation", "<=", "<" }, { "relation", ">=", ">" }, { "relation", "==", "!=" }, { "relation", "!=", "==" },
	{ "logic", "&&", "||" }, { "logic", "||", "&&" },
	{ "relation", "<", "<=" }, { "relation", ">", ">=" },
};

struct mutator {
	char **lines;
	size_t n;
	struct c_functions functions;
	unsigned long long wanted;	/* the key to make, or 0: list */
	int made;
};

static unsigned long long hash(unsigned long long h, const char *s)
{
	while (*s)
		h = (h ^ (unsigned char)*s++) * 0x100000001b3;
	return h;
}

/* A change of line number (from 0): bytes from..to become text. */
static void mutant(struct mutator *m, size_t number, const char *kind, size_t from, size_t to, const char *text)
{
	const struct c_function *f = functions_at(&m->functions, (unsigned int)number + 1);
	const char *line = m->lines[number];
	char *new = xasprintf("%.*s%s%s", (int)from, line, text, line + to);
	char *offset = xasprintf("%u", (unsigned int)number + 1 - f->first);
	unsigned long long key = hash(hash(hash(hash(0xcbf29ce484222325, f->name), offset), line), new);

	if (!m->wanted) {
		printf("%016llx\t%zu\t%s\t%s: %.*s => %s\n", key, number + 1, kind, f->name, (int)(to - from),
		       line + from, *text ? text : "nothing");
	} else if (key == m->wanted && !m->made) {
		m->made = 1;
		free(m->lines[number]);
		m->lines[number] = new;
		new = NULL;
	}
	free(new);
	free(offset);
}

static int is_passed_over(const char *line)
{
	for (size_t i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++)
		if (strstr(line, passed_over[i]))
			return 1;
	return 0;
}

/* Returns what is behind a string or character constant that begins at i. */
static size_t behind_constant(const char *line, size_t i)
{
	char quote = line[i++];

	while (line[i] && line[i] != quote)
		i += line[i] == '\\' && line[i + 1] ? 2 : 1;
	return line[i] ? i + 1 : i;
}

static void change_operators(struct mutator *m, size_t number)
{
	size_t i = 0;

	while (m->lines[number][i]) {
		const char *line = m->lines[number];
		size_t k, n = sizeof(operators) / sizeof(operators[0]);

		if (line[i] == '"' || line[i] == '\'') {
			i = behind_constant(line, i);
			continue;
		}
		for (k = 0; k < n; k++)
			if (!strncmp(line + i, operators[k].from, strlen(operators[k].from)))
				break;
		if (k == n) {
			i++;
			continue;
		}
		if (operators[k].to)
			mutant(m, number, operators[k].kind, i, i + strlen(operators[k].from), operators[k].to);
		i += strlen(operators[k].from);
	}
}

/* Returns where the parenthesis that opens at i closes in this line, or 0. */
static size_t closing(const char *line, size_t i)
{
	int depth = 0;

	for (; line[i]; i++) {
		if (line[i] == '"' || line[i] == '\'') {
			i = behind_constant(line, i) - 1;
			continue;
		}
		depth += (line[i] == '(') - (line[i] == ')');
		if (!depth)
			return i;
	}
	return 0;
}

static void negate_condition(struct mutator *m, size_t number)
{
	const char *line = m->lines[number], *at = strstr(line, "if (");
	size_t open, close;
	char *text;

	if (!at || (at > line && (isalnum((unsigned char)at[-1]) || at[-1] == '_')))
		return;
	open = (size_t)(at - line) + 3;
	close = closing(line, open);
	if (!close)
		return;
	text = xasprintf("(!%.*s)", (int)(close + 1 - open), line + open);
	mutant(m, number, "condition", open, close + 1, text);
	free(text);
}

static size_t skip_space(const char *line)
{
	size_t i = 0;

	while (isspace((unsigned char)line[i]))
		i++;
	return i;
}

/* Returns whether the line before ends a statement, a block or a condition. */
static int begins_statement(const struct mutator *m, size_t number)
{
	while (number-- > 0) {
		const char *line = m->lines[number];
		size_t n = strlen(line);

		while (n && isspace((unsigned char)line[n - 1]))
			n--;
		if (n)
			return strchr(";{}:)/", line[n - 1]) || (n >= 4 && !strncmp(line + n - 4, "else", 4));
	}
	return 0;
}

static void delete_statement(struct mutator *m, size_t number)
{
	static const char *const kept[] = {
		"return", "break", "continue", "goto", "case", "default", "if", "for", "while",
	};
	const char *line = m->lines[number];
	size_t start = skip_space(line), end = strlen(line), word = start;

	while (line[word] && (isalnum((unsigned char)line[word]) || line[word] == '_'))
		word++;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strlen(kept[i]) == word - start && !strncmp(line + start, kept[i], word - start))
			return;
	if (!start || word == start || end < 2 || line[end - 1] != ';' || !strpbrk(line, "(=+-") ||
	    !begins_statement(m, number))
		return;
	/* Balanced, or it is the end of a longer statement. */
	for (size_t i = start, depth = 0; i < end; i++) {
		if (line[i] == ')' && !depth)
			return;
		depth += (line[i] == '(') - (line[i] == ')');
		if (i == end - 1 && depth)
			return;
	}
	mutant(m, number, "statement", start, end - 1, "");
}

static void change_file(struct mutator *m)
{
	int comment = 0;

	for (size_t i = 0; i < m->n; i++) {
		const char *line = m->lines[i];
		const struct c_function *f = functions_at(&m->functions, (unsigned int)i + 1);
		int was_comment = comment;

		if (strstr(line, "/*"))
			comment = 1;
		if (strstr(line, "*/"))
			comment = 0;
		if (was_comment || comment || strstr(line, "/*") || !f || *line == '#' ||
		    !isspace((unsigned char)*line) || is_passed_over(line))
			continue;
		change_operators(m, i);
		negate_condition(m, i);
		delete_statement(m, i);
	}
}

static int read_lines(struct mutator *m, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!f)
		return -errno;
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		m->lines = xrealloc(m->lines, (m->n + 1) * sizeof(*m->lines));
		m->lines[m->n++] = xstrdup(line);
	}
	free(line);
	fclose(f);
	return functions_read(path, &m->functions);
}

int main(int argc, char **argv)
{
	struct mutator m = { 0 };
	int rc;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "Usage: mutants FILE [KEY]\n");
		return 2;
	}
	rc = read_lines(&m, argv[1]);
	if (rc) {
		fprintf(stderr, "mutants: %s: %s\n", argv[1], strerror(-rc));
		return 2;
	}
	m.wanted = argc == 3 ? strtoull(argv[2], NULL, 16) : 0;
	change_file(&m);
	for (size_t i = 0; m.wanted && i < m.n; i++)
		puts(m.lines[i]);
	if (m.wanted && !m.made) {
		fprintf(stderr, "mutants: %s has no mutant %s\n", argv[1], argv[2]);
		return 1;
	}
	return 0;
}
