/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of kcc, the compiler launcher for kernel TUs of another architecture than the host's, and of own trees.
 *
 * A TU is the text that `gcc -E` wrote, as a list of tokens. The passes never move text: they give single tokens a
 * replacement (edit). Everything between tokens, including line markers and other directives, is written unchanged. So
 * every line of the result keeps its file and line.
 */
#ifndef KCC_H
#define KCC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum kcc_kind { KCC_WORD, KCC_NUMBER, KCC_STRING, KCC_PUNCT };

struct kcc_token {
	const char *text;
	const char *edit; /* written in its place; NULL: the token itself is written */
	unsigned int len;
	unsigned int line; /* the kernel's line, from the line markers */
	unsigned int match; /* for ( [ { and ) ] }: the index of the matching one */
	unsigned short file; /* index into kcc_tu.files */
	unsigned char kind;
};

/* `#pragma kcc in "FILE"`: the override that begins at the token replaces only that file's function. */
struct kcc_pragma {
	size_t token;
	char *file;
};

/* A line of the list of overlays: what to do with a union whose members share bytes. */
struct kcc_overlay_line {
	char *file; /* below the kernel tree */
	char *name; /* the union's tag, or the name of its first member */
	bool mirror; /* or left as it is */
};

/* Invariants: tokens are in text order and do not overlap; brackets are balanced (the lexer refuses others). */
struct kcc_tu {
	char *text;
	size_t len;
	size_t tail; /* offset in text of the overrides files' part; len if there are none */
	struct kcc_token *tokens;
	size_t n_tokens, max_tokens;
	char **files;
	size_t n_files;
	struct kcc_pragma *pragmas;
	size_t n_pragmas;
	struct kcc_overlay_line *overlays;
	size_t n_overlays;
	FILE *note; /* what was replaced and dropped, one line each, fields separated by tabs; NULL: not wanted */
	bool failed; /* kcc_error() was called */
};

struct kcc_options {
	const char *big_endian; /* a directory of the kernel ("arch/s390") whose bit-fields are reversed, or NULL */
	const char **overrides; /* the overrides files, as named in the line markers */
	size_t n_overrides;
	const char **instructions; /* "NAME=FUNCTION": the function that an asm with this instruction calls */
	size_t n_instructions;
	const char *
		*prefix_maps; /* "OLD=NEW", for places written into the program; the last one that matches */
	size_t n_prefix_maps;
};

/* kcc.c: runs all passes over tu->text (malloced; tu owns it). The result is malloced; NULL after an error. */
char *kcc_pass(struct kcc_tu *tu, const struct kcc_options *options, size_t *len);
void kcc_free(struct kcc_tu *tu);
/* Reports an error at a token, in the compiler's form, on stderr. */
void kcc_error(struct kcc_tu *tu, size_t token, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* lex.c */
void kcc_lex(struct kcc_tu *tu);
bool kcc_is(const struct kcc_tu *tu, size_t token, const char *text);
bool kcc_is_attribute(const struct kcc_tu *tu, size_t token);
void kcc_delete(struct kcc_tu *tu, size_t from, size_t to); /* to is not deleted */
char *kcc_output(struct kcc_tu *tu, size_t *len);
/* Returns the tokens from..to (without to) with single blanks between them; malloced. */
char *kcc_spell(const struct kcc_tu *tu, size_t from, size_t to);
/* Returns whether the token's file is below dir, or is dir, by whole path components. */
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
 * For a function: its item begins at `first`, then its name, its `(` and its body's `{`. Replaces the body if there is
 * an override. Returns whether the body is gone.
 */
bool kcc_override(struct kcc_tu *tu, struct kcc_overrides *overrides, size_t first, size_t name, size_t body);
/* Drops the definitions that are not used here, and writes the note. */
void kcc_overrides_finish(struct kcc_tu *tu, struct kcc_overrides *overrides);
/* Returns the name of the function whose body begins at token `body`, at file scope in the item from `first`; or 0. */
size_t kcc_function_name(const struct kcc_tu *tu, size_t first, size_t body);

/* asm.c: the `asm` at the token. first: where the item at file scope begins; file_scope: outside of any braces. */
bool kcc_asm(struct kcc_tu *tu, const struct kcc_options *options, size_t token, size_t first, bool file_scope);

/* overlays.c: reads the list. Returns the number of the first line that it cannot read; 0: all were read. */
unsigned int kcc_overlays_read(struct kcc_tu *tu, const char *text);

/* names.c: absolute names of directories */
struct kcc_names {
	const char *tree, *build; /* NULL: not given */
};
extern const char kcc_fixed_tree[], kcc_fixed_build[];
/* Symbolic links in the build directory, to the tree and to itself. */
#define KCC_TREE_LINK "kvmsim-tree"
#define KCC_BUILD_LINK "kvmsim-build"
/* Returns whether both names are there and can be replaced: they are not too long and have no special characters. */
bool kcc_names_fit(const struct kcc_names *names);
/* Returns the text with fixed names in its line markers, malloced. *len: of the text, then of the result. */
char *kcc_fix_names(const struct kcc_names *names, const char *text, size_t *len);
/* Returns the word of a command line with the names of the links, malloced; the same word if it has neither name. */
const char *kcc_link_names(const struct kcc_names *names, const char *word);
/* Puts the real names into a file of dependencies that has the links'. */
void kcc_unlink_names(const struct kcc_names *names, const char *path);
/* Puts the real names into the debug information of an ELF file. Returns what is wrong with the file, or NULL. */
const char *kcc_real_names(const struct kcc_names *names, const char *path);

/* records.c: the struct or union whose keyword is at the token. Returns the index behind its }; bodyless: token + 1. */
struct kcc_types;
struct kcc_types *kcc_types_new(void);
void kcc_types_free(struct kcc_types *types);
size_t kcc_record(struct kcc_tu *tu, struct kcc_types *types, size_t keyword);

#endif
