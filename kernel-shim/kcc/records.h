/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How records (structs and unions) lie in memory, as far as kcc must know it to place bit-fields.
 *
 * An offset is known modulo a power of two: behind a member of unknown type only that type's alignment is known.
 */
#ifndef KCC_RECORDS_H
#define KCC_RECORDS_H

#include "kcc.h"

enum { KCC_EXACT = 1 << 30 };

/* For each byte of a type: the size of the scalar, or of the unit of bit-fields, that it belongs to; 0: of none. */
struct kcc_shape {
	unsigned char *units;
	size_t n;
	bool unknown; /* units say nothing */
};

/* One member of a structure without bit-fields, structures and pointers. */
struct kcc_plain_member {
	size_t type, type_end; /* tokens from the type to this one */
	size_t name;
	long at, size; /* bytes */
	long count; /* of an array's elements; 0: no array */
};

/* All such members of a structure, and the tokens of its { and }. */
struct kcc_plain {
	struct kcc_plain_member *list;
	size_t n;
	size_t open, close;
	bool other; /* it has members of other kinds */
};

/* Size and alignment in bytes; 0: unknown. An empty array has size 0 and is known. */
struct kcc_layout {
	unsigned int align;
	long size; /* -1: not known */
	struct kcc_shape *shape; /* NULL: scalars of `align` bytes, or unknown */
	const struct kcc_plain *plain; /* of a structure whose body stands here; NULL: another type */
};

/* Where the next member may begin, in bits from the start of the record: bits modulo mod. KCC_EXACT: exactly there. */
struct kcc_offset {
	long bits;
	long mod;
};

struct kcc_field {
	size_t token; /* its first one, for errors */
	size_t type_end; /* the type is the tokens from type to this one */
	size_t type;
	size_t name; /* 0: unnamed */
	unsigned int width; /* bits; 0: `:0` */
	unsigned int unit; /* bits of the declared type */
	long at; /* its place on the big-endian machine */
};

/* Adjacent bit-fields of one struct, with the tokens of their declarations. */
struct kcc_run {
	struct kcc_field *fields;
	size_t n;
	size_t from, to;
	struct kcc_shape *shape; /* of the record, where the units are entered */
};

/* The members of a union, for what they share. */
struct kcc_overlay {
	struct kcc_layout *members;
	size_t n;
	size_t keyword;
};

/* overlays.c */
/* Returns the shape of a layout; malloced, never freed (the process ends soon). */
struct kcc_shape *kcc_shape(struct kcc_layout layout);
/* Puts a member's shape at the byte. */
void kcc_shape_put(struct kcc_shape *shape, size_t at, const struct kcc_shape *member);
/* Puts a unit of bit-fields at the bytes from..to (without to). */
void kcc_shape_unit(struct kcc_shape *shape, size_t from, size_t to);
/* Returns the shape of an array; count: below 0 if not known. */
struct kcc_shape *kcc_shape_repeat(const struct kcc_shape *shape, long count);
void kcc_plain_add(struct kcc_plain *plain, struct kcc_plain_member member);
/* Adds a member, which begins where the union does. */
void kcc_overlay_add(struct kcc_overlay *overlay, struct kcc_layout member);
/*
 * To be called behind the last member of a union of `size` bytes. If its members share bytes and have different
 * widths, it does what the list of overlays says, and is an error if that does not name the union.
 */
void kcc_overlay_end(struct kcc_tu *tu, const struct kcc_overlay *overlay, long size);

/* types.c */
void kcc_types_add(struct kcc_types *types, char *name, struct kcc_layout layout);
struct kcc_layout kcc_type_find(const struct kcc_types *types, const char *name);
/*
 * The type at tokens from..to (without its own body). Sets *end behind its specifiers. *is_integer: a bit-field can
 * have this type. Attributes raise *align.
 */
struct kcc_layout kcc_type(struct kcc_tu *tu, const struct kcc_types *types, size_t from, size_t to, size_t *end,
			   bool *is_integer);
/* The value of the constant expression at tokens from..to. Returns false if it cannot be computed here. */
bool kcc_constant(const struct kcc_tu *tu, size_t from, size_t to, long *value);
/* The attributes at token i and after it: sets *packed, raises *align. Returns the index behind them. */
size_t kcc_attributes(const struct kcc_tu *tu, size_t i, bool *packed, unsigned int *align);

/* bitfields.c */
struct kcc_offset kcc_align(struct kcc_offset offset, unsigned int bytes);
/*
 * Reverses a run that begins at *offset and moves *offset behind it. next_align: alignment of the member behind the
 * run, 0 if unknown, KCC_EXACT if there is none. Raises *align.
 */
void kcc_reverse(struct kcc_tu *tu, struct kcc_run *run, struct kcc_offset *offset, unsigned int next_align,
		 bool packed, unsigned int *align);
/* The same for a bit-field that is itself a member of a union. */
void kcc_reverse_in_union(struct kcc_tu *tu, struct kcc_run *run, bool packed);

#endif
