// SPDX-License-Identifier: GPL-2.0-only
/* One walk over a TU that finds what the passes work on: function bodies, asm, structs and unions. */
#include <stdlib.h>
#include <string.h>

#include "kcc.h"

static const char declaration[] = "extern __attribute__((__noreturn__, __cold__)) "
				  "void kshim_refused_asm(const char *, const char *, const char *); ";

/*
 * `{ { 0 } }` at the token, in a file of dir, becomes `{ { } }`. For a structure that is the same, but it gives no
 * values without names, which are not allowed in reversed structures.
 */
static void drop_zero(struct kcc_tu *tu, size_t i, const char *dir)
{
	if (kcc_is(tu, i, "{") && kcc_is(tu, i + 1, "{") && kcc_is(tu, i + 2, "0") && kcc_is(tu, i + 3, "}") &&
	    kcc_is(tu, i + 4, "}") && kcc_in(tu, i, dir))
		tu->tokens[i + 2].edit = "";
}

static void walk(struct kcc_tu *tu, const struct kcc_options *options, struct kcc_overrides *overrides,
		 struct kcc_types *types)
{
	size_t first = 0; /* where the item at file scope begins */
	size_t end = 0; /* after the } of the current braces at file scope */
	bool asm_seen = false;

	for (size_t i = 0; i < tu->n_tokens && !tu->failed; i++) {
		const struct kcc_token *t = &tu->tokens[i];
		size_t name;

		if (t->kind == KCC_PUNCT) {
			if (i >= end && *t->text == ';')
				first = i + 1;
			if (options->big_endian && *t->text == '{')
				drop_zero(tu, i, options->big_endian);
			if (i < end || *t->text != '{')
				continue;
			name = kcc_function_name(tu, first, i);
			if (name && kcc_override(tu, overrides, first, name, i)) {
				i = t->match;
				first = i + 1;
			} else {
				end = t->match + 1;
			}
			if (name)
				first = t->match + 1;
		} else if (t->kind == KCC_WORD && kcc_is(tu, i, "asm")) {
			asm_seen |= kcc_asm(tu, options, i, first, i >= end);
		} else if (t->kind == KCC_WORD && options->big_endian &&
			   (kcc_is(tu, i, "struct") || kcc_is(tu, i, "union")) && kcc_in(tu, i, options->big_endian)) {
			i = kcc_record(tu, types, i) - 1;
		}
	}
	if (asm_seen) {
		const char *edit = tu->tokens[0].edit;

		tu->tokens[0].edit =
			kcc_format("%s%.*s", declaration, edit ? (int)strlen(edit) : (int)tu->tokens[0].len,
				   edit ? edit : tu->tokens[0].text);
	}
}

char *kcc_pass(struct kcc_tu *tu, const struct kcc_options *options, size_t *len)
{
	struct kcc_overrides overrides = {0};
	struct kcc_types *types = kcc_types_new();
	char *out = NULL;

	kcc_lex(tu);
	if (!tu->failed)
		kcc_overrides_collect(tu, &overrides, options);
	if (!tu->failed)
		walk(tu, options, &overrides, types);
	if (!tu->failed)
		kcc_overrides_finish(tu, &overrides);
	if (!tu->failed)
		out = kcc_output(tu, len);
	free(overrides.list);
	kcc_types_free(types);
	return out;
}

/* The edits are not freed: some are constants, and the process ends here. */
void kcc_free(struct kcc_tu *tu)
{
	for (size_t i = 0; i < tu->n_files; i++)
		free(tu->files[i]);
	for (size_t i = 0; i < tu->n_pragmas; i++)
		free(tu->pragmas[i].file);
	free(tu->files);
	free(tu->pragmas);
	free(tu->tokens);
	free(tu->text);
}
