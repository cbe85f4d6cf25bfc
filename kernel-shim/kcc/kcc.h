/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of kcc, the compiler launcher for kernel TUs of an architecture that the host is not.
 *
 * A TU is the text that `gcc -E` wrote, as a list of tokens. The passes never move text: they give single tokens a
 * replacement (edit), and everything between tokens, line markers and other directives included, is written as it came.
 * So every line of the result has the file and line that it had.
 */
#ifndef KCC_H
#define KCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum kcc_kind { KCC_WORD, KCC_NUMBER, KCC_STRING, KCC_PUNCT };

struct kcc_token {
	const char *text;
	const char *edit; /* written in its place; NULL: written as it is */
	unsigned int len;
	unsigned int line; /* the kernel's line, by the line markers */
	unsigned int match; /* for ( [ { and ) ] }: the index of the other one */
	unsigned short file; /* index into kcc_tu.files */
	unsigned char kind;
};

/* `#pragma kcc in "FILE"`: the override that begins at the token is for the function of that file only. */
struct kcc_pragma {
	size_t token;
	char *file;
};

/* Invariants: tokens are in the order of the text and do not overlap; brackets are balanced (the lexer refuses others). */
struct kcc_tu {
	char *text;
	size_t len;
	size_t tail; /* offset in text of what the overrides files became; len if there are none */
	struct kcc_token *tokens;
	size_t n_tokens, max_tokens;
	char **files;
	size_t n_files;
	struct kcc_pragma *pragmas;
	size_t n_pragmas;
	FILE *note; /* what was replaced and dropped, one line each, fields separated by tabs; NULL: not wanted */
	bool failed; /* kcc_error() was called */
};

struct kcc_options {
	const char *big_endian; /* a directory of the kernel ("arch/s390") whose bit-fields are reversed, or NULL */
	const char **overrides; /* the overrides files, as named in the line markers */
	size_t n_overrides;
	const char *
		*prefix_maps; /* "OLD=NEW", for the places that are written into the program; the last one that fits */
	size_t n_prefix_maps;
};

/* kcc.c: all passes over tu->text (malloced, of tu->len bytes; tu owns it). The result is malloced, NULL after an error. */
char *kcc_pass(struct kcc_tu *tu, const struct kcc_options *options, size_t *len);
void kcc_free(struct kcc_tu *tu);
/* An error at a token, in the compiler's form, on stderr. */
void kcc_error(struct kcc_tu *tu, size_t token, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* lex.c */
void kcc_lex(struct kcc_tu *tu);
bool kcc_is(const struct kcc_tu *tu, size_t token, const char *text);
bool kcc_is_attribute(const struct kcc_tu *tu, size_t token);
void kcc_delete(struct kcc_tu *tu, size_t from, size_t to); /* to is not deleted */
char *kcc_output(struct kcc_tu *tu, size_t *len);
/* The tokens from..to (to excluded) with single blanks between them; malloced. */
char *kcc_spell(const struct kcc_tu *tu, size_t from, size_t to);
/* True if the file of the token lies below dir, or is dir, as a sequence of whole path components. */
bool kcc_in(const struct kcc_tu *tu, size_t token, const char *dir);
void *kcc_alloc(void *old, size_t bytes);
char *kcc_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* overrides.c */
struct kcc_override;
struct kcc_overrides {
	struct kcc_override *list;
	size_t n;
	const struct kcc_options *options;
};
void kcc_overrides_collect(struct kcc_tu *tu, struct kcc_overrides *overrides, const struct kcc_options *options);
/*
 * The function with its item from `first`, its name, its `(` and its body's `{`: replaces the body if it is overridden. True:
 * the body is gone.
 */
bool kcc_override(struct kcc_tu *tu, struct kcc_overrides *overrides, size_t first, size_t name, size_t body);
/* Drops the definitions that are not used here, and writes the note. */
void kcc_overrides_finish(struct kcc_tu *tu, struct kcc_overrides *overrides);
/* If a function's body begins at token `body`, at file scope in the item from `first`: its name, else 0. */
size_t kcc_function_name(const struct kcc_tu *tu, size_t first, size_t body);

/* asm.c: the `asm` at the token; first: where the item at file scope begins, file_scope: outside of any braces. */
bool kcc_asm(struct kcc_tu *tu, const struct kcc_options *options, size_t token, size_t first, bool file_scope);

/* records.c: the struct or union whose keyword is at the token; the index behind its }, or token + 1 if it has no body. */
struct kcc_types;
struct kcc_types *kcc_types_new(void);
void kcc_types_free(struct kcc_types *types);
size_t kcc_record(struct kcc_tu *tu, struct kcc_types *types, size_t keyword);

#endif
