// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the members of structs and unions, and has runs of bit-fields reversed. Nested records are read first, because
 * what follows them needs their size and alignment.
 */
#include <stdlib.h>
#include <string.h>

#include "records.h"

struct record {
	bool is_union, packed, reversed;
	unsigned int align;
	struct kcc_offset offset;
	long size; /* of a union's largest member; -1: unknown */
	struct kcc_run run;
	struct kcc_shape shape;
	struct kcc_plain plain;
	struct kcc_overlay overlay;
};

static struct kcc_layout read_record(struct kcc_tu *tu, struct kcc_types *types, size_t keyword, size_t *end);

static size_t find_body(const struct kcc_tu *tu, size_t keyword)
{
	bool packed;
	unsigned int align;
	size_t i = kcc_attributes(tu, keyword + 1, &packed, &align);

	if (i < tu->n_tokens && tu->tokens[i].kind == KCC_WORD)
		i = kcc_attributes(tu, i + 1, &packed, &align);
	return kcc_is(tu, i, "{") ? i : 0;
}

static void end_run(struct kcc_tu *tu, struct record *r, unsigned int next_align)
{
	r->run.shape = &r->shape;
	if (r->run.n && r->is_union)
		kcc_reverse_in_union(tu, &r->run, r->packed);
	else if (r->run.n)
		kcc_reverse(tu, &r->run, &r->offset, next_align, r->packed, &r->align);
	r->reversed |= r->run.n && !r->is_union;
	r->plain.other |= r->run.n;
	free(r->run.fields);
	r->run = (struct kcc_run){0};
}

/* Adds a member that is not a bit-field. */
static void add_member(struct kcc_tu *tu, struct record *r, struct kcc_layout layout)
{
	layout.shape = kcc_shape(layout);
	if (r->packed)
		layout.align = 1;
	end_run(tu, r, layout.align);
	if (layout.align > r->align)
		r->align = layout.align;
	if (r->is_union) {
		r->size = layout.size < 0 || r->size < 0 ? -1 : layout.size > r->size ? layout.size : r->size;
		kcc_overlay_add(&r->overlay, layout);
		kcc_shape_put(&r->shape, 0, layout.shape);
		return;
	}
	if (layout.align)
		r->offset = kcc_align(r->offset, layout.align);
	else if (r->offset.mod > 8)
		r->offset = (struct kcc_offset){0, 8};
	if (r->offset.mod == KCC_EXACT)
		kcc_shape_put(&r->shape, r->offset.bits / 8, layout.shape);
	r->shape.unknown |= r->offset.mod != KCC_EXACT;
	if (layout.size >= 0)
		r->offset.bits += 8 * layout.size;
	else
		r->offset = (struct kcc_offset){0, layout.align ? 8L * layout.align : 8};
}

static void add_field(struct kcc_tu *tu, struct record *r, struct kcc_field field, struct kcc_layout type)
{
	if (!type.size || field.width > field.unit) {
		kcc_error(tu, field.token, "a bit-field of %u bits in a type of %u", field.width, field.unit);
		return;
	}
	if (r->is_union) {
		if (field.name && !r->packed && type.align > r->align)
			r->align = type.align;
		if (field.name && r->size >= 0 && type.size > r->size)
			r->size = type.size;
		if (field.name)
			kcc_overlay_add(&r->overlay, type);
	}
	r->run.fields = kcc_alloc(r->run.fields, (r->run.n + 1) * sizeof(*r->run.fields));
	r->run.fields[r->run.n++] = field;
}

static struct kcc_layout pointer_layout(long size)
{
	struct kcc_layout layout = {.align = 8, .size = size};

	layout.shape = kcc_shape(layout);
	return layout;
}

/* One declarator at tokens i..to of the type at tokens type..type_end. Returns whether it is a bit-field. */
static bool read_declarator(struct kcc_tu *tu, struct record *r, size_t i, size_t to, struct kcc_layout layout,
			    struct kcc_field field)
{
	bool pointer = false, packed = false;
	struct kcc_plain_member plain = {.type = field.type, .type_end = field.type_end};
	unsigned int align = 0;
	long value;

	layout.shape = kcc_shape(layout);
	field.token = i < to ? i : field.type;
	for (; i < to; i++) {
		i = kcc_attributes(tu, i, &packed, &align);
		if (i >= to)
			break;
		if (kcc_is(tu, i, ":")) {
			size_t end = i + 1;

			while (end < to && !kcc_is_attribute(tu, end))
				end++;
			if (!field.unit || pointer || end < to || !kcc_constant(tu, i + 1, end, &value) || value < 0) {
				kcc_error(tu, field.token, "kcc cannot read this bit-field");
				return true;
			}
			field.width = value;
			add_field(tu, r, field, layout);
			return true;
		}
		if (kcc_is(tu, i, "*")) {
			pointer = true;
			layout = pointer_layout(8);
		} else if (kcc_is(tu, i, "(")) {
			/* (*name)(...), also in arrays: a pointer, unless said otherwise. */
			layout = pointer_layout(kcc_is(tu, tu->tokens[i].match - 1, "]") ? -1 : 8);
			pointer = true;
			break;
		} else if (kcc_is(tu, i, "[")) {
			size_t close = tu->tokens[i].match;

			if (close == i + 1)
				value = 0;
			else if (!kcc_constant(tu, i + 1, close, &value))
				value = -1;
			layout.size = value < 0 || layout.size < 0 ? -1 : layout.size * value;
			layout.shape = kcc_shape_repeat(layout.shape, value);
			layout.plain = NULL;
			plain.count = plain.count ? -1 : value;
			i = close;
		} else if (tu->tokens[i].kind == KCC_WORD) {
			field.name = i;
		} else {
			kcc_error(tu, i, "kcc cannot read this member");
			return true;
		}
	}
	plain.name = field.name;
	r->plain.other |= pointer || packed || align || !field.unit || plain.count < 0 || layout.size <= 0;
	if (packed && !align)
		layout.align = 1;
	if (align > layout.align || (packed && align))
		layout.align = align;
	add_member(tu, r, layout);
	plain.size = layout.size;
	plain.at = r->offset.bits / 8 - layout.size;
	if (!r->plain.other)
		kcc_plain_add(&r->plain, plain);
	return false;
}

/* The declaration at tokens from..to; to is its semicolon. */
static void read_member(struct kcc_tu *tu, struct kcc_types *types, struct record *r, size_t from, size_t to)
{
	struct kcc_layout layout;
	struct kcc_field field = {0};
	bool is_integer = false, fields = false, others = false, any = false;
	size_t i = from, begin, record = 0;

	while (i < to && (kcc_is(tu, i, "__extension__") || kcc_is(tu, i, "const") || kcc_is(tu, i, "volatile")))
		i++;
	if (i == to || kcc_is(tu, i, "_Static_assert"))
		return;
	if (kcc_is(tu, i, "struct") || kcc_is(tu, i, "union"))
		record = find_body(tu, i);
	if (record) {
		struct kcc_layout inner;

		/* A run before it ends here, and needs this record's alignment: read it first. */
		inner = read_record(tu, types, i, &begin);
		layout = inner;
		r->plain.other = true;
		if (begin == to) {
			add_member(tu, r, layout);
			return;
		}
	} else {
		layout = kcc_type(tu, types, i, to, &begin, &is_integer);
	}
	field.type = i;
	field.type_end = begin;
	field.unit = is_integer ? 8 * layout.size : 0;
	for (size_t end = begin; end <= to && !tu->failed; end++) {
		if (end < to && (kcc_is(tu, end, "(") || kcc_is(tu, end, "["))) {
			end = tu->tokens[end].match;
			continue;
		}
		if (end < to && !kcc_is(tu, end, ","))
			continue;
		any = read_declarator(tu, r, begin, end, layout, field);
		fields |= any;
		others |= !any;
		begin = end + 1;
	}
	if (fields && others)
		kcc_error(tu, from, "bit-fields and other members in one declaration");
	if (fields && r->run.n) {
		if (!r->run.to)
			r->run.from = from;
		r->run.to = to + 1;
	}
}

static struct kcc_layout read_record(struct kcc_tu *tu, struct kcc_types *types, size_t keyword, size_t *end)
{
	size_t open = find_body(tu, keyword), close = tu->tokens[open].match, tag, from = open + 1;
	struct record r = {.is_union = kcc_is(tu, keyword, "union"), .align = 1, .offset.mod = KCC_EXACT};
	struct kcc_layout layout = {.size = -1};

	tag = kcc_attributes(tu, keyword + 1, &r.packed, &r.align);
	if (tag < open)
		kcc_attributes(tu, tag + 1, &r.packed, &r.align);
	*end = kcc_attributes(tu, close + 1, &r.packed, &r.align);
	for (size_t i = open + 1; i < close && !tu->failed; i++) {
		if (kcc_is(tu, i, "{") || kcc_is(tu, i, "(") || kcc_is(tu, i, "[")) {
			i = tu->tokens[i].match;
		} else if (kcc_is(tu, i, ";")) {
			read_member(tu, types, &r, from, i);
			from = i + 1;
		}
	}
	end_run(tu, &r, KCC_EXACT);
	r.plain.open = open;
	r.plain.close = close;
	r.overlay.keyword = keyword;
	/* Values without names would now go to other members: main.c makes that an error. */
	if (r.reversed)
		tu->tokens[close].edit = "} __attribute__((__designated_init__))";
	layout.align = r.align;
	if (r.is_union)
		layout.size = r.size < 0 ? -1 : (r.size + r.align - 1) / r.align * r.align;
	else if (r.offset.mod == KCC_EXACT)
		layout.size = kcc_align(r.offset, r.align).bits / 8;
	if (r.is_union)
		kcc_overlay_end(tu, &r.overlay, layout.size);
	r.shape.unknown |= layout.size < 0;
	layout.shape = kcc_alloc(NULL, sizeof(r.shape));
	*layout.shape = r.shape;
	if (tag < open)
		kcc_types_add(types,
			      kcc_format("%s %.*s", r.is_union ? "union" : "struct", (int)tu->tokens[tag].len,
					 tu->tokens[tag].text),
			      layout);
	if (!r.is_union && !r.plain.other) {
		struct kcc_plain *plain = kcc_alloc(NULL, sizeof(*plain));

		*plain = r.plain;
		layout.plain = plain;
	}
	return layout;
}

size_t kcc_record(struct kcc_tu *tu, struct kcc_types *types, size_t keyword)
{
	struct kcc_layout layout;
	size_t end;

	if (!find_body(tu, keyword))
		return keyword + 1;
	/* BUILD_BUG_ON_ZERO(): the size is the same, and the width need not be a number. */
	if (keyword > 1 && kcc_is(tu, keyword - 1, "(") && kcc_is(tu, keyword - 2, "sizeof"))
		return keyword + 1;
	layout = read_record(tu, types, keyword, &end);
	/* typedef struct { ... } name; */
	if (keyword && kcc_is(tu, keyword - 1, "typedef") && tu->tokens[end].kind == KCC_WORD &&
	    kcc_is(tu, end + 1, ";"))
		kcc_types_add(types, kcc_spell(tu, end, end + 1), layout);
	return tu->tokens[find_body(tu, keyword)].match + 1;
}
