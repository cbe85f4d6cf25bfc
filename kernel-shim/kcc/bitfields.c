// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of bit-fields. A big-endian machine fills a storage unit from its most significant bit, the host from its
 * least significant one. To give `val` beside the bit-fields the same meaning, the field at bit p of the unit [lo, hi),
 * counted from the most significant end, goes to bit lo + hi - p - width of the host's.
 *
 * The unit is that of the declared type, as in both ABIs. If another member shares its bytes, the unit is the rest of
 * it. The result is laid out with the host's rules here and compared. So a case that these rules do not cover is an
 * error and not another layout.
 */
#include <stdlib.h>
#include <string.h>

#include "records.h"

static long round_up(long v, long to)
{
	return (v + to - 1) / to * to;
}

struct kcc_offset kcc_align(struct kcc_offset offset, unsigned int bytes)
{
	long bits = 8L * bytes;

	if (bits <= offset.mod)
		offset.bits = round_up(offset.bits, bits);
	else
		offset = (struct kcc_offset){0, bits};
	return offset;
}

/* Returns where both ABIs place a bit-field if the last one ended at p. */
static long allocate(long p, unsigned int unit, unsigned int width, bool packed)
{
	if (!width)
		return round_up(p, unit);
	if (!packed && p / unit != (p + width - 1) / unit)
		return round_up(p, unit);
	return p;
}

static const char *const unsigned_types[] = {"unsigned char", "unsigned short", "unsigned int", "unsigned long",
					     "unsigned __int128"};

/* The text of a run in the host's order, and where the host has laid out what was written so far. */
struct output {
	char *text;
	size_t len;
	long p;
	bool packed, bad;
};

static void emit(struct output *o, const char *type, const char *name, unsigned int unit, unsigned int width, long at)
{
	char *s = kcc_format("%s %s:%u; ", type, name, width);
	size_t len = strlen(s);

	o->bad |= allocate(o->p, unit, width, o->packed) != at;
	o->p = at + width;
	o->text = kcc_alloc(o->text, o->len + len + 1);
	memcpy(o->text + o->len, s, len + 1);
	o->len += len;
	free(s);
}

/* Fills the bits up to `at`. */
static void pad(struct output *o, long at)
{
	while (o->p < at) {
		int k = 0;
		long n = at - o->p;

		while (k < 4 && o->p / (8L << k) != (at - 1) / (8L << k))
			k++;
		if (o->p / (8L << k) != (at - 1) / (8L << k))
			n = round_up(o->p + 1, 8L << k) - o->p;
		emit(o, unsigned_types[k], "", 8U << k, n, o->p);
	}
}

/* The fields first..last (without last) lie in [lo, hi) and fill it in the other order. */
static void emit_group(struct kcc_tu *tu, struct output *o, const struct kcc_field *fields, size_t first, size_t last,
		       long lo, long hi)
{
	pad(o, lo);
	for (size_t i = last; i-- > first;) {
		const struct kcc_field *f = &fields[i];
		long at = lo + hi - f->at - f->width;
		char *type, *name;

		if (!f->name)
			continue;
		type = kcc_spell(tu, f->type, f->type_end);
		name = kcc_spell(tu, f->name, f->name + 1);
		pad(o, at);
		emit(o, type, name, f->unit, f->width, at);
		free(type);
		free(name);
	}
	pad(o, hi);
}

/* Replaces the run's tokens with the text. */
static void replace(struct kcc_tu *tu, struct kcc_run *run, const char *text)
{
	kcc_delete(tu, run->from, run->to);
	tu->tokens[run->from].edit = text;
}

void kcc_reverse(struct kcc_tu *tu, struct kcc_run *run, struct kcc_offset *offset, unsigned int next_align,
		 bool packed, unsigned int *align)
{
	struct output o = {.packed = packed};
	struct kcc_field *f = run->fields;
	long p = offset->bits, hi;
	size_t i, k;

	for (i = 0; i < run->n; i++) {
		if (f[i].unit > offset->mod) {
			kcc_error(tu, f[i].token,
				  "the offset of this bit-field is not known: a member before it has a type "
				  "that kcc does not know");
			return;
		}
		f[i].at = allocate(p, f[i].unit, f[i].width, packed);
		p = f[i].at + f[i].width;
		if (f[i].name && !packed && f[i].unit / 8 > *align)
			*align = f[i].unit / 8;
	}
	o.p = offset->bits;
	for (i = 0; i < run->n; i = k) {
		long unit = f[i].at / f[i].unit * f[i].unit, lo = unit > o.p ? unit : o.p;
		bool named = false;

		if (!f[i].width) {
			pad(&o, f[i].at);
			k = i + 1;
			continue;
		}
		hi = unit + f[i].unit;
		for (k = i; k < run->n && f[k].width && f[k].at < hi; k++) {
			unit = f[k].at / f[k].unit * f[k].unit;
			if (f[k].name && unit + f[k].unit > hi)
				hi = unit + f[k].unit;
			named |= f[k].name != 0;
		}
		if (k == run->n && !named)
			hi = p;
		if (k == run->n && hi > p) {
			/* The last unit is not full: it ends where the next member begins. */
			long next = next_align == KCC_EXACT ? (packed ? round_up(p, 8) : hi)
				    : packed		    ? round_up(p, 8)
							    : round_up(p, 8L * (next_align ? next_align : 1));

			if (!packed && !next_align && next < hi) {
				kcc_error(tu, f[k - 1].token,
					  "kcc does not know the alignment of the member behind this "
					  "bit-field, whose storage unit is not full");
				return;
			}
			hi = next < hi ? next : hi;
		}
		/* Is it mirrored in its own unit, as far as the unit is theirs, or in the larger one? */
		for (size_t j = i; j < k; j++) {
			long end = f[j].at / f[j].unit * f[j].unit + f[j].unit;

			o.bad |= f[j].name && end < hi;
		}
		emit_group(tu, &o, f, i, k, lo, hi);
		if (named)
			kcc_shape_unit(run->shape, lo / 8, hi / 8);
	}
	if (o.bad) {
		kcc_error(tu, f[0].token,
			  "kcc cannot reverse these bit-fields: their types differ, or one crosses the border "
			  "of its type");
		return;
	}
	offset->bits = o.p;
	replace(tu, run, o.text ? o.text : "");
}

void kcc_reverse_in_union(struct kcc_tu *tu, struct kcc_run *run, bool packed)
{
	char *all = kcc_format("%s", "");

	for (size_t i = 0; i < run->n; i++) {
		const struct kcc_field *f = &run->fields[i];
		struct output o = {0};
		char *more;

		if (!f->name)
			continue;
		if (packed && f->width < f->unit)
			kcc_error(tu, f->token, "kcc does not know where a bit-field of a packed union lies");
		emit_group(tu, &o, f, 0, 1, 0, f->unit);
		kcc_shape_unit(run->shape, 0, f->unit / 8);
		more = kcc_format("%sstruct { %s}; ", all, o.text);
		free(all);
		free(o.text);
		all = more;
	}
	replace(tu, run, all);
}
