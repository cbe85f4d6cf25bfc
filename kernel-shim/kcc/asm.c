// SPDX-License-Identifier: GPL-2.0-only
/*
 * No instruction of the foreign architecture reaches the assembler. An `asm` statement becomes
 *
 *	do { kshim_refused_asm(__func__, "FILE:LINE", "template"); (void)(operand); ... } while (0)
 *
 * The call does not return, so nothing behind it runs with operands that nobody set. An instruction of --instruction
 * becomes a call of its function instead, FUNCTION("template", (unsigned long)(operand)). `asm` at file scope and the
 * register of `register T x asm("2")` are dropped and written into the note. These stay: asm labels of functions and
 * objects, an asm with an empty template (it emits nothing), and __asm__, which the generic headers use for barriers.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kcc.h"

/* Returns the index of the ( of the asm at the token, or 0. */
static size_t open_paren(const struct kcc_tu *tu, size_t token)
{
	size_t i = token + 1;

	while (kcc_is(tu, i, "volatile") || kcc_is(tu, i, "__volatile__") || kcc_is(tu, i, "goto") ||
	       kcc_is(tu, i, "inline") || kcc_is(tu, i, "__inline") || kcc_is(tu, i, "__inline__"))
		i++;
	return kcc_is(tu, i, "(") ? i : 0;
}

static bool template_is_empty(const struct kcc_tu *tu, size_t open)
{
	size_t i;

	for (i = open + 1; kcc_is(tu, i, "\"\""); i++)
		;
	return i > open + 1 && (kcc_is(tu, i, ":") || i == tu->tokens[open].match);
}

static size_t template_end(const struct kcc_tu *tu, size_t open)
{
	size_t i = open + 1;

	while (i < tu->tokens[open].match && !kcc_is(tu, i, ":"))
		i++;
	return i;
}

/* Returns where `register` is in the declaration that ends before the token, or 0. */
static size_t find_register(const struct kcc_tu *tu, size_t token)
{
	for (size_t i = token; i-- > 0;) {
		if (kcc_is(tu, i, "register"))
			return i + 1;
		if (kcc_is(tu, i, ";") || kcc_is(tu, i, "{") || kcc_is(tu, i, "}"))
			break;
	}
	return 0;
}

static void note(struct kcc_tu *tu, const char *what, size_t token, size_t from, size_t to)
{
	char *text;

	if (!tu->note)
		return;
	text = kcc_spell(tu, from, to);
	fprintf(tu->note, "%s\t%s:%u\t%s\n", what, tu->files[tu->tokens[token].file], tu->tokens[token].line, text);
	free(text);
}

/* Returns the token's file in the form of __FILE__. */
static char *mapped_file(const struct kcc_tu *tu, const struct kcc_options *options, size_t token)
{
	const char *file = tu->files[tu->tokens[token].file];

	for (size_t i = options->n_prefix_maps; i-- > 0;) {
		const char *equal = strchr(options->prefix_maps[i], '=');
		size_t len = equal ? equal - options->prefix_maps[i] : 0;

		if (equal && !strncmp(file, options->prefix_maps[i], len))
			return kcc_format("%s%s", equal + 1, file + len);
	}
	return kcc_format("%s", file);
}

static void rewrite_statement(struct kcc_tu *tu, const struct kcc_options *options, size_t token, size_t open)
{
	struct kcc_token *t = tu->tokens;
	size_t close = t[open].match, end = template_end(tu, open);
	int section = 1; /* 1 outputs, 2 inputs, then clobbers and labels */
	char *file = mapped_file(tu, options, token);

	t[token].edit = kcc_format("do { kshim_refused_asm(__func__, \"%s:%u\", ", file, t[token].line);
	free(file);
	kcc_delete(tu, token + 1, open + 1);
	t[close].edit = end == close ? "); } while (0)" : "} while (0)";
	if (end == close)
		return;
	t[end].edit = ");";
	for (size_t i = end + 1; i < close; i++) {
		if (kcc_is(tu, i, ":"))
			section++;
		if (section <= 2 && kcc_is(tu, i, "(")) {
			t[i].edit = "(void)(";
			i = t[i].match;
			t[i].edit = ");";
		} else {
			t[i].edit = "";
		}
	}
}

/*
 * Returns the token of the template's string that has the first instruction, or 0. Strings of directives, like
 * ".arch armv8.5-a", come before it.
 */
static size_t first_instruction(const struct kcc_tu *tu, size_t open, size_t end)
{
	size_t i = open + 1;

	while (i < end && (kcc_is(tu, i, "\"\"") || tu->tokens[i].text[1] == '.'))
		i++;
	return i < end && tu->tokens[i].kind == KCC_STRING ? i : 0;
}

/* Returns the function for the instruction at the beginning of a string token, or NULL. */
static const char *instruction_function(const struct kcc_tu *tu, const struct kcc_options *options, size_t string)
{
	const struct kcc_token *t = &tu->tokens[string];

	for (size_t i = 0; i < options->n_instructions; i++) {
		const char *equal = strchr(options->instructions[i], '=');
		size_t len = equal ? equal - options->instructions[i] : 0;

		if (len && t->len > len + 1 && !strncmp(t->text + 1, options->instructions[i], len) &&
		    !isalnum((unsigned char)t->text[len + 1]))
			return equal + 1;
	}
	return NULL;
}

/* Rewrites an asm with one instruction of --instruction, without outputs and with one input at most. */
static bool rewrite_instruction(struct kcc_tu *tu, const struct kcc_options *options, size_t token, size_t open)
{
	struct kcc_token *t = tu->tokens;
	size_t close = t[open].match, end = template_end(tu, open), string = first_instruction(tu, open, end);
	const char *function = string ? instruction_function(tu, options, string) : NULL;
	size_t operand = 0, i = end + 1;

	if (!function || (end < close && i < close && !kcc_is(tu, i, ":")))
		return false;
	for (i++; i < close && !kcc_is(tu, i, ":"); i++) {
		if (!kcc_is(tu, i, "("))
			continue;
		if (operand)
			return false;
		operand = i;
		i = t[i].match;
	}
	t[token].edit = kcc_format("%s(", function);
	kcc_delete(tu, token + 1, string);
	if (operand) {
		t[end].edit = ", (unsigned long)";
		kcc_delete(tu, end + 1, operand);
		kcc_delete(tu, t[operand].match + 1, close);
	} else {
		kcc_delete(tu, end, close);
		t[close].edit = ", 0)";
	}
	return true;
}

bool kcc_asm(struct kcc_tu *tu, const struct kcc_options *options, size_t token, size_t first, bool file_scope)
{
	size_t open = open_paren(tu, token), close, reg;

	if (!open) {
		kcc_error(tu, token, "an asm that kcc cannot read");
		return false;
	}
	close = tu->tokens[open].match;
	if (file_scope && token == first) {
		note(tu, "asm", token, open + 1, close);
		kcc_delete(tu, token, close + 1);
		return false;
	}
	if (file_scope || (tu->tokens[token - 1].kind == KCC_WORD && !kcc_is(tu, token - 1, "else") &&
			   !kcc_is(tu, token - 1, "do"))) {
		reg = find_register(tu, token);
		if (!reg)
			return false; /* an asm label */
		note(tu, "register", token, reg, close + 1);
		kcc_delete(tu, token, close + 1);
		/* At file scope nobody defines it: the linker names it where it is used. */
		if (file_scope)
			tu->tokens[reg - 1].edit = "extern";
		return false;
	}
	if (!strchr(";{}):eo", tu->tokens[token - 1].text[tu->tokens[token - 1].len - 1])) {
		kcc_error(tu, token, "an asm in a place that kcc does not know");
		return false;
	}
	if (template_is_empty(tu, open))
		return false;
	if (rewrite_instruction(tu, options, token, open))
		return false;
	rewrite_statement(tu, options, token, open);
	return true;
}
