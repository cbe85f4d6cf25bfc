// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replaces the kernel's functions with the functions of the same names in an overrides file.
 *
 * The overrides file is preprocessed at the end of each TU, with its macros. The kernel's body becomes a `;`, so its
 * declaration stays with all attributes. The override's definition stays at the end, without linkage and attributes of
 * its own. Invariant: after kcc_overrides_finish() each override either has a declaration above or is gone.
 *
 * If an override named F uses kcc_kernel_F, the kernel's body is kept, as a static function of that name.
 */
#include <stdlib.h>
#include <string.h>

#include "kcc.h"

struct kcc_override {
	size_t first, name, open, body; /* tokens: start of the definition, name, ( and { */
	const char *in; /* replaces only the function of this file; NULL: of any file */
	bool used;
	size_t replaced; /* name of the function that it replaces, if used */
};

static bool is_overrides_file(const struct kcc_tu *tu, const struct kcc_options *options, size_t token)
{
	for (size_t i = 0; i < options->n_overrides; i++)
		if (!strcmp(tu->files[tu->tokens[token].file], options->overrides[i]))
			return true;
	return false;
}

size_t kcc_function_name(const struct kcc_tu *tu, size_t first, size_t body)
{
	size_t name = 0;

	/* The last thing before the { is the parameters' ), and there is no = before. */
	if (body == first || !kcc_is(tu, body - 1, ")"))
		return 0;
	for (size_t i = first; i < body; i++) {
		if (kcc_is(tu, i, "="))
			return 0;
		if (kcc_is_attribute(tu, i) || kcc_is(tu, i, "__typeof__") || kcc_is(tu, i, "typeof") ||
		    kcc_is(tu, i, "_Alignas")) {
			if (kcc_is(tu, i + 1, "("))
				i = tu->tokens[i + 1].match;
			if (i == body - 1)
				return 0;
			continue;
		}
		if (!name && tu->tokens[i].kind == KCC_WORD && kcc_is(tu, i + 1, "("))
			name = i;
		if (kcc_is(tu, i, "(") || kcc_is(tu, i, "["))
			i = tu->tokens[i].match;
	}
	return name;
}

static size_t skip_storage(const struct kcc_tu *tu, size_t i)
{
	static const char *const words[] = {"static",	  "extern",    "inline",       "__inline",
					    "__inline__", "_Noreturn", "__extension__"};

	if (kcc_is_attribute(tu, i) && kcc_is(tu, i + 1, "("))
		return tu->tokens[i + 1].match + 1;
	for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
		if (kcc_is(tu, i, words[w]))
			return i + 1;
	return i;
}

/* The next token of a signature, skipping storage classes and attributes. */
static size_t significant(const struct kcc_tu *tu, size_t i)
{
	for (size_t next; (next = skip_storage(tu, i)) != i;)
		i = next;
	return i;
}

/* Compares the tokens from a to a_end with those from b to b_end. */
static bool same_signature(const struct kcc_tu *tu, size_t a, size_t a_end, size_t b, size_t b_end)
{
	for (;;) {
		a = significant(tu, a);
		b = significant(tu, b);
		if (a >= a_end || b >= b_end)
			return a >= a_end && b >= b_end;
		if (tu->tokens[a].len != tu->tokens[b].len ||
		    memcmp(tu->tokens[a].text, tu->tokens[b].text, tu->tokens[a].len))
			return false;
		a++;
		b++;
	}
}

static bool same_name(const struct kcc_tu *tu, size_t a, size_t b)
{
	return tu->tokens[a].len == tu->tokens[b].len &&
	       !memcmp(tu->tokens[a].text, tu->tokens[b].text, tu->tokens[a].len);
}

static bool same_override(const struct kcc_tu *tu, const struct kcc_override *a, const struct kcc_override *b)
{
	return same_name(tu, a->name, b->name) && (!a->in || !b->in || !strcmp(a->in, b->in));
}

void kcc_overrides_collect(struct kcc_tu *tu, struct kcc_overrides *overrides, const struct kcc_options *options)
{
	size_t i, first, pragma = 0;

	overrides->options = options;
	for (i = 0; i < tu->n_tokens && tu->tokens[i].text < tu->text + tu->tail; i++)
		;
	for (first = i; i < tu->n_tokens; i++) {
		struct kcc_override *o;
		size_t name;

		if (kcc_is(tu, i, ";"))
			first = i + 1;
		if (kcc_is(tu, i, "(") || kcc_is(tu, i, "["))
			i = tu->tokens[i].match;
		if (!kcc_is(tu, i, "{"))
			continue;
		name = kcc_function_name(tu, first, i);
		if (name && is_overrides_file(tu, options, name)) {
			overrides->list = kcc_alloc(overrides->list, (overrides->n + 1) * sizeof(*overrides->list));
			o = &overrides->list[overrides->n++];
			*o = (struct kcc_override){.first = first, .name = name, .open = name + 1, .body = i};
			while (pragma < tu->n_pragmas && tu->pragmas[pragma].token < first)
				pragma++;
			if (pragma < tu->n_pragmas && tu->pragmas[pragma].token == first)
				o->in = tu->pragmas[pragma].file;
		}
		i = tu->tokens[i].match;
		if (name)
			first = i + 1;
	}
	for (size_t a = 0; a < overrides->n; a++)
		for (size_t b = 0; b < a; b++)
			if (same_override(tu, &overrides->list[a], &overrides->list[b]))
				kcc_error(tu, overrides->list[a].name,
					  "a second override of this name: each needs its own `#pragma kcc in \"FILE\"`");
}

static const char kept_prefix[] = "kcc_kernel_";

/* Returns whether the override calls the function that it replaces. */
static bool keeps_kernel(const struct kcc_tu *tu, const struct kcc_override *o)
{
	const struct kcc_token *name = &tu->tokens[o->name];
	size_t prefix = sizeof(kept_prefix) - 1;

	for (size_t i = o->body; i < tu->tokens[o->body].match; i++) {
		const struct kcc_token *t = &tu->tokens[i];

		if (t->len == prefix + name->len && !memcmp(t->text, kept_prefix, prefix) &&
		    !memcmp(t->text + prefix, name->text, name->len))
			return true;
	}
	return false;
}

/* Turns the kernel's definition into its declaration, then a static one under the other name, on the line of {. */
static void keep_kernel(struct kcc_tu *tu, size_t first, size_t name, size_t body)
{
	char *function = kcc_spell(tu, name, body), *type = kcc_format("%s", "");

	for (size_t i = first; i < name;) {
		size_t next = skip_storage(tu, i);
		char *word;

		if (next == i) {
			word = kcc_spell(tu, i, i + 1);
			type = kcc_format("%s%s ", type, word);
			free(word);
			next = i + 1;
		}
		i = next;
	}
	tu->tokens[body].edit = kcc_format("; static %s%s%s {", type, kept_prefix, function);
	free(function);
}

bool kcc_override(struct kcc_tu *tu, struct kcc_overrides *overrides, size_t first, size_t name, size_t body)
{
	const struct kcc_options *options = overrides->options;
	struct kcc_override *o;
	char *ours, *theirs;
	bool is_extern = false, is_inline = false;

	for (o = overrides->list; o < overrides->list + overrides->n; o++)
		if (same_name(tu, o->name, name) && (!o->in || kcc_in(tu, name, o->in)))
			break;
	if (o == overrides->list + overrides->n || is_overrides_file(tu, options, name))
		return false;
	if (!same_signature(tu, first, body, o->first, o->body)) {
		ours = kcc_spell(tu, o->first, o->body);
		theirs = kcc_spell(tu, first, body);
		kcc_error(tu, o->name,
			  "the override's signature is not the kernel's:\n  override: %s\n  kernel:   %s\n"
			  "  kernel's at %s:%u",
			  ours, theirs, tu->files[tu->tokens[name].file], tu->tokens[name].line);
		free(ours);
		free(theirs);
		return false;
	}
	for (size_t i = first; i < name; i++) {
		is_extern |= kcc_is(tu, i, "extern");
		is_inline |= kcc_is(tu, i, "inline") || kcc_is(tu, i, "__inline") || kcc_is(tu, i, "__inline__");
	}
	if (o->used || (is_extern && is_inline)) {
		kcc_error(tu, name,
			  o->used ? "overridden a second time in this TU"
				  : "cannot override an extern inline function");
		return false;
	}
	o->used = true;
	o->replaced = name;
	if (keeps_kernel(tu, o)) {
		keep_kernel(tu, first, name, body);
		return false;
	}
	kcc_delete(tu, body + 1, tu->tokens[body].match + 1);
	tu->tokens[body].edit = ";";
	return true;
}

void kcc_overrides_finish(struct kcc_tu *tu, struct kcc_overrides *overrides)
{
	bool any = false;

	for (struct kcc_override *o = overrides->list; o < overrides->list + overrides->n; o++) {
		struct kcc_token *t = &tu->tokens[o->replaced];

		if (tu->note) {
			fprintf(tu->note, "%s\t%.*s", o->used ? "used" : "unused", (int)tu->tokens[o->name].len,
				tu->tokens[o->name].text);
			fprintf(tu->note, "%s%s", o->in ? "@" : "", o->in ? o->in : "");
			if (o->used)
				fprintf(tu->note, "\t%s:%u", tu->files[t->file], t->line);
			fputc('\n', tu->note);
		}
		any |= o->used;
		if (!o->used) {
			kcc_delete(tu, o->first, tu->tokens[o->body].match + 1);
			continue;
		}
		for (size_t i = o->first; i < o->name;) {
			size_t next = skip_storage(tu, i);

			kcc_delete(tu, i, next);
			i = next == i ? i + 1 : next;
		}
	}
	/* Nothing matched: what the overrides file includes is not wanted either. */
	for (size_t i = tu->n_tokens; !any && i-- > 0 && tu->tokens[i].text >= tu->text + tu->tail;)
		tu->tokens[i].edit = "";
}
