// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the functions of a C file without compiling it.
 *
 * The kernel's coding style is enough: the declaration begins in column 0, the braces of the body are in column 0, or
 * the whole function is in one line. What the compiler removed or inlined is found like everything else.
 */
#include "functions.h"

#include "../sim.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Attributes that look like the name of a function. */
static const char *const attributes[] = {
	"__attribute__", "__printf", "__scanf", "__aligned", "__section", "__alloc_size", "__no_sanitize", "__cold",
};

struct scan {
	struct c_functions *out;
	char *declaration;	/* what has been read of one, in one line; empty outside of one */
	unsigned int first;	/* its first line */
	unsigned int body;	/* the declaration's first line while a body is read, else 0 */
	int comment;		/* within one that began in column 0 */
};

static int is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static int is_attribute(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (strlen(attributes[i]) == n && !strncmp(attributes[i], name, n))
			return 1;
	return 0;
}

/* Returns what is behind the parenthesis that ( opens. */
static const char *behind(const char *open)
{
	int depth = 0;

	for (; *open; open++) {
		depth += (*open == '(') - (*open == ')');
		if (!depth)
			return open + 1;
	}
	return open;
}

/* A name without small letters is a macro's; what it makes has the name of its first argument. */
static char *macro_name(const char *name, size_t n, const char *open)
{
	for (size_t i = 0; i < n; i++)
		if (islower((unsigned char)name[i]))
			return NULL;
	return xasprintf("%.*s(%.*s)", (int)n, name, (int)strcspn(open + 1, ",)"), open + 1);
}

/* Returns the name that a declaration gives, or NULL if it is not a function's. malloc'ed. */
static char *name_of(const char *declaration)
{
	const char *open = declaration;

	while ((open = strchr(open, '('))) {
		const char *end = open, *name;
		char *macro;

		while (end > declaration && isspace((unsigned char)end[-1]))
			end--;
		name = end;
		while (name > declaration && is_word(name[-1]))
			name--;
		if (name == end || strchr("=.", *declaration) || memchr(declaration, '=', (size_t)(name - declaration)))
			return NULL;
		if (is_attribute(name, (size_t)(end - name))) {
			open = behind(open);
			continue;
		}
		macro = macro_name(name, (size_t)(end - name), open);
		return macro ? macro : xasprintf("%.*s", (int)(end - name), name);
	}
	return NULL;
}

static void forget(struct scan *s)
{
	s->declaration[0] = 0;
}

static void add_function(struct scan *s, unsigned int first, unsigned int last)
{
	char *name = name_of(s->declaration);

	if (name) {
		s->out->v = xrealloc(s->out->v, (s->out->n + 1) * sizeof(*s->out->v));
		s->out->v[s->out->n++] = (struct c_function){ name, first, last };
	}
	forget(s);
}

static int ends_with(const char *line, char c)
{
	size_t n = strlen(line);

	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	return n && line[n - 1] == c;
}

static void take_declaration(struct scan *s, const char *line, unsigned int number)
{
	char *longer;

	if (!*s->declaration)
		s->first = number;
	longer = xasprintf("%s%s ", s->declaration, line);
	free(s->declaration);
	s->declaration = longer;
}

static void scan_line(struct scan *s, const char *line, unsigned int number)
{
	if (s->comment) {
		s->comment = !strstr(line, "*/");
	} else if (s->body) {
		if (*line == '}') {
			add_function(s, s->body, number);
			s->body = 0;
		}
	} else if (!strncmp(line, "/*", 2)) {
		s->comment = !strstr(line, "*/");
	} else if (*line == '{') {
		s->body = *s->declaration ? s->first : number;
	} else if (strchr("#/}\n", *line)) {	/* or the end of the line */
		forget(s);
	} else if (*s->declaration || !isspace((unsigned char)*line)) {
		take_declaration(s, line, number);
		if (ends_with(line, '{'))
			s->body = s->first;
		else if (ends_with(line, '}') && strchr(line, '{'))
			add_function(s, s->first, number);
		else if (ends_with(line, ';'))
			forget(s);
	}
}

void functions_scan(char *text, struct c_functions *out)
{
	struct scan s = { .out = out, .declaration = xstrdup("") };
	unsigned int number = 0;
	char *line;

	*out = (struct c_functions){ 0 };
	while ((line = strsep(&text, "\n")))
		scan_line(&s, line, ++number);
	free(s.declaration);
}

int functions_read(const char *path, struct c_functions *out)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	*out = (struct c_functions){ 0 };
	if (!f)
		return -errno;
	if (getdelim(&text, &room, 0, f) > 0)
		functions_scan(text, out);
	free(text);
	fclose(f);
	return 0;
}

const struct c_function *functions_at(const struct c_functions *f, unsigned int line)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (f->v[middle].last < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->n && f->v[low].first <= line ? &f->v[low] : NULL;
}

void functions_free(struct c_functions *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].name);
	free(f->v);
	*f = (struct c_functions){ 0 };
}
