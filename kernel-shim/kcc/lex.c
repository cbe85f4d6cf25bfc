// SPDX-License-Identifier: GPL-2.0-only
/* Splits the preprocessor's output into tokens with the kernel's file and line, and writes it out with the edits. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kcc.h"

void *kcc_alloc(void *old, size_t bytes)
{
	void *p = realloc(old, bytes ? bytes : 1);

	if (!p) {
		fprintf(stderr, "kcc: out of memory\n");
		exit(1);
	}
	return p;
}

char *kcc_format(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	if (vasprintf(&s, format, args) < 0) {
		fprintf(stderr, "kcc: out of memory\n");
		exit(1);
	}
	va_end(args);
	return s;
}

void kcc_error(struct kcc_tu *tu, size_t token, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (token < tu->n_tokens)
		fprintf(stderr, "%s:%u: ", tu->files[tu->tokens[token].file], tu->tokens[token].line);
	fprintf(stderr, "error: kcc: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	tu->failed = true;
}

bool kcc_is(const struct kcc_tu *tu, size_t token, const char *text)
{
	const struct kcc_token *t = &tu->tokens[token];
	size_t len = strlen(text);

	return token < tu->n_tokens && t->len == len && !memcmp(t->text, text, len);
}

bool kcc_is_attribute(const struct kcc_tu *tu, size_t token)
{
	return kcc_is(tu, token, "__attribute__") || kcc_is(tu, token, "__attribute");
}

void kcc_delete(struct kcc_tu *tu, size_t from, size_t to)
{
	for (; from < to; from++)
		tu->tokens[from].edit = "";
}

bool kcc_in(const struct kcc_tu *tu, size_t token, const char *dir)
{
	const char *file = tu->files[tu->tokens[token].file];
	size_t len = strlen(dir);

	for (const char *p = file; (p = strstr(p, dir)); p++)
		if ((p == file || p[-1] == '/') && (p[len] == '/' || !p[len]))
			return true;
	return false;
}

char *kcc_spell(const struct kcc_tu *tu, size_t from, size_t to)
{
	size_t len = 1;
	char *s, *p;

	for (size_t i = from; i < to; i++)
		len += tu->tokens[i].len + 1;
	p = s = kcc_alloc(NULL, len);
	for (size_t i = from; i < to; i++) {
		if (i > from)
			*p++ = ' ';
		memcpy(p, tu->tokens[i].text, tu->tokens[i].len);
		p += tu->tokens[i].len;
	}
	*p = 0;
	return s;
}

/* --- lexing --- */
static unsigned short file_index(struct kcc_tu *tu, const char *name, size_t len)
{
	/* The file was most likely seen lately. */
	for (size_t i = tu->n_files; i-- > 0;)
		if (!strncmp(tu->files[i], name, len) && !tu->files[i][len])
			return i;
	if (tu->n_files == 0xffff) {
		fprintf(stderr, "kcc: too many files\n");
		exit(1);
	}
	tu->files = kcc_alloc(tu->files, (tu->n_files + 1) * sizeof(*tu->files));
	tu->files[tu->n_files] = kcc_format("%.*s", (int)len, name);
	return tu->n_files++;
}

/* Handles a line that begins with #, at p. Line markers set *line (to the next line's number) and *file. */
static void directive(struct kcc_tu *tu, char *p, const char *end, unsigned int *line, unsigned short *file)
{
	static const char in[] = "#pragma kcc in \"";
	const char *q, *close;

	if ((size_t)(end - p) > sizeof(in) - 1 && !memcmp(p, in, sizeof(in) - 1)) {
		q = p + sizeof(in) - 1;
		close = memchr(q, '"', end - q);
		tu->pragmas = kcc_alloc(tu->pragmas, (tu->n_pragmas + 1) * sizeof(*tu->pragmas));
		tu->pragmas[tu->n_pragmas].token = tu->n_tokens;
		tu->pragmas[tu->n_pragmas++].file = kcc_format("%.*s", (int)((close ? close : end) - q), q);
		memset(p, ' ', end - p);
	}
	if (p[0] != '#' || p[1] != ' ' || !isdigit((unsigned char)p[2])) {
		++*line;
		return;
	}
	*line = strtoul(p + 2, (char **)&q, 10);
	if (q[0] != ' ' || q[1] != '"')
		return;
	q += 2;
	close = memchr(q, '"', end - q);
	if (close)
		*file = file_index(tu, q, close - q);
}

static const char *skip_quoted(const char *p, const char *end)
{
	char quote = *p++;

	while (p < end && *p != quote && *p != '\n')
		p += *p == '\\' ? 2 : 1;
	return p < end && *p == quote ? p + 1 : end;
}

static void add_token(struct kcc_tu *tu, enum kcc_kind kind, const char *text, const char *end, unsigned int line,
		      unsigned short file)
{
	if (tu->n_tokens == tu->max_tokens) {
		tu->max_tokens = tu->max_tokens ? 2 * tu->max_tokens : tu->len / 6 + 64;
		tu->tokens = kcc_alloc(tu->tokens, tu->max_tokens * sizeof(*tu->tokens));
	}
	tu->tokens[tu->n_tokens++] = (struct kcc_token){
		.text = text,
		.len = end - text,
		.line = line,
		.file = file,
		.kind = kind,
	};
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static void match_brackets(struct kcc_tu *tu)
{
	static const char pairs[] = "()[]{}";
	unsigned int *stack = kcc_alloc(NULL, (tu->n_tokens + 1) * sizeof(*stack));
	size_t depth = 0;

	for (size_t i = 0; i < tu->n_tokens && !tu->failed; i++) {
		const char *p = tu->tokens[i].kind == KCC_PUNCT ? strchr(pairs, *tu->tokens[i].text) : NULL;

		if (!p) {
			continue;
		} else if ((p - pairs) % 2 == 0) {
			stack[depth++] = i;
		} else if (!depth || *tu->tokens[stack[depth - 1]].text != p[-1]) {
			kcc_error(tu, i, "unbalanced '%c'", *p);
		} else {
			tu->tokens[i].match = stack[--depth];
			tu->tokens[stack[depth]].match = i;
		}
	}
	if (depth && !tu->failed)
		kcc_error(tu, stack[depth - 1], "'%c' is not closed", *tu->tokens[stack[depth - 1]].text);
	free(stack);
}

void kcc_lex(struct kcc_tu *tu)
{
	const char *p = tu->text, *end = tu->text + tu->len;
	unsigned int line = 1;
	unsigned short file = file_index(tu, "<input>", 7);
	bool bol = true; /* only blanks so far on this line */

	while (p < end) {
		const char *start = p;

		if (*p == '\n') {
			line++;
			bol = true;
			p++;
			continue;
		}
		if (*p == ' ' || *p == '\t' || *p == '\f' || *p == '\v' || *p == '\r') {
			p++;
			continue;
		}
		if (*p == '#' && bol) {
			p = memchr(p, '\n', end - p);
			p = p ? p : end;
			directive(tu, (char *)start, p, &line, &file);
			p += p < end;
			continue;
		}
		bol = false;
		if (*p == '"' || *p == '\'') {
			p = skip_quoted(p, end);
			add_token(tu, KCC_STRING, start, p, line, file);
		} else if (isdigit((unsigned char)*p) || (*p == '.' && p + 1 < end && isdigit((unsigned char)p[1]))) {
			while (p < end && (is_word(*p) || *p == '.' ||
					   ((*p == '+' || *p == '-') && strchr("eEpP", p[-1]) &&
					    !(start[0] == '0' && (start[1] | 32) == 'x' && (p[-1] | 32) == 'e'))))
				p++;
			add_token(tu, KCC_NUMBER, start, p, line, file);
		} else if (is_word(*p)) {
			while (p < end && is_word(*p))
				p++;
			add_token(tu, KCC_WORD, start, p, line, file);
		} else {
			p++;
			add_token(tu, KCC_PUNCT, start, p, line, file);
		}
	}
	match_brackets(tu);
}

char *kcc_output(struct kcc_tu *tu, size_t *len)
{
	size_t max = tu->len + 1;
	const char *from = tu->text;
	char *out, *p;

	for (size_t i = 0; i < tu->n_tokens; i++)
		if (tu->tokens[i].edit)
			max += strlen(tu->tokens[i].edit);
	p = out = kcc_alloc(NULL, max);
	for (size_t i = 0; i < tu->n_tokens; i++) {
		const struct kcc_token *t = &tu->tokens[i];

		if (!t->edit)
			continue;
		p = mempcpy(p, from, t->text - from);
		p = stpcpy(p, t->edit);
		from = t->text + t->len;
	}
	p = mempcpy(p, from, tu->text + tu->len - from);
	*p = 0;
	*len = p - out;
	return out;
}
