// SPDX-License-Identifier: GPL-2.0-only
/* The types that kcc knows: the integers under all their names, and the records that it has read. */
#include <stdlib.h>
#include <string.h>

#include "records.h"

struct kcc_type_entry {
	char *name;
	struct kcc_layout layout;
};

struct kcc_types {
	struct kcc_type_entry *list;
	size_t n;
};

static const struct {
	const char *name;
	unsigned char size;
} integers[] = {
	{"u8", 1},	{"__u8", 1},	     {"s8", 1},		 {"__s8", 1},	   {"uint8_t", 1},   {"_Bool", 1},
	{"bool", 1},	{"u16", 2},	     {"__u16", 2},	 {"s16", 2},	   {"__s16", 2},     {"uint16_t", 2},
	{"__be16", 2},	{"u32", 4},	     {"__u32", 4},	 {"s32", 4},	   {"__s32", 4},     {"uint32_t", 4},
	{"__be32", 4},	{"__le16", 2},	     {"__le32", 4},	 {"__le64", 8},	   {"u64", 8},	     {"__u64", 8},
	{"s64", 8},	{"__s64", 8},	     {"uint64_t", 8},	 {"__be64", 8},	   {"size_t", 8},    {"uint", 4},
	{"ulong", 8},	{"dma_addr_t", 8},   {"phys_addr_t", 8}, {"dma64_u64", 8}, {"dma32_u32", 4}, {"dma64_t", 8},
	{"dma32_t", 4}, {"__uint128_t", 16},
};

/* Types of the common headers that precede bit-fields in the foreign headers. */
static const struct {
	const char *name;
	struct kcc_layout layout;
} common_types[] = {
	{"atomic_t", {.align = 4, .size = 4}},
	{"refcount_t", {.align = 4, .size = 4}},
	{"atomic64_t", {.align = 8, .size = 8}},
	{"atomic_long_t", {.align = 8, .size = 8}},
	{"gfp_t", {.align = 4, .size = 4}},
	{"struct list_head", {.align = 8, .size = 16}},
	{"struct hlist_head", {.align = 8, .size = 8}},
	{"struct rb_node", {.align = 8, .size = 24}},
	{"struct rb_root", {.align = 8, .size = 8}},
};

struct kcc_types *kcc_types_new(void)
{
	struct kcc_types *types = kcc_alloc(NULL, sizeof(*types));

	*types = (struct kcc_types){0};
	for (size_t i = 0; i < sizeof(common_types) / sizeof(*common_types); i++)
		kcc_types_add(types, kcc_format("%s", common_types[i].name), common_types[i].layout);
	return types;
}

void kcc_types_free(struct kcc_types *types)
{
	for (size_t i = 0; i < types->n; i++)
		free(types->list[i].name);
	free(types->list);
	free(types);
}

void kcc_types_add(struct kcc_types *types, char *name, struct kcc_layout layout)
{
	types->list = kcc_alloc(types->list, (types->n + 1) * sizeof(*types->list));
	types->list[types->n++] = (struct kcc_type_entry){name, layout};
}

struct kcc_layout kcc_type_find(const struct kcc_types *types, const char *name)
{
	for (size_t i = types->n; i-- > 0;)
		if (!strcmp(types->list[i].name, name))
			return types->list[i].layout;
	return (struct kcc_layout){.size = -1};
}

static unsigned int integer_size(const struct kcc_tu *tu, size_t i)
{
	for (size_t k = 0; k < sizeof(integers) / sizeof(*integers); k++)
		if (kcc_is(tu, i, integers[k].name))
			return integers[k].size;
	return 0;
}

struct kcc_layout kcc_type(struct kcc_tu *tu, const struct kcc_types *types, size_t from, size_t to, size_t *end,
			   bool *is_integer)
{
	int longs = 0, shorts = 0, chars = 0, words = 0, wide = 0;
	struct kcc_layout layout = {.size = -1};
	bool known = false;
	unsigned int size;
	size_t i;

	*is_integer = false;
	for (i = from; i < to && tu->tokens[i].kind == KCC_WORD; i++) {
		if (kcc_is_attribute(tu, i)) {
			i = tu->tokens[i + 1].match;
		} else if (kcc_is(tu, i, "const") || kcc_is(tu, i, "volatile") || kcc_is(tu, i, "__extension__")) {
			continue;
		} else if (kcc_is(tu, i, "unsigned") || kcc_is(tu, i, "signed") || kcc_is(tu, i, "__signed__") ||
			   kcc_is(tu, i, "int")) {
			words++;
		} else if (kcc_is(tu, i, "long")) {
			longs++;
		} else if (kcc_is(tu, i, "short")) {
			shorts++;
		} else if (kcc_is(tu, i, "char")) {
			chars++;
		} else if (kcc_is(tu, i, "__int128")) {
			wide++;
		} else if (known || words || longs || shorts || chars || wide) {
			break; /* the declarator */
		} else if (kcc_is(tu, i, "struct") || kcc_is(tu, i, "union")) {
			char *name = kcc_spell(tu, i, i + 2);

			layout = kcc_type_find(types, name);
			free(name);
			known = true;
			i++;
		} else if (kcc_is(tu, i, "enum")) {
			layout = (struct kcc_layout){.align = 4, .size = 4};
			*is_integer = known = true;
			if (tu->tokens[i + 1].kind == KCC_WORD)
				i++;
			if (kcc_is(tu, i + 1, "{"))
				i = tu->tokens[i + 1].match;
		} else if (kcc_is(tu, i, "typeof") || kcc_is(tu, i, "__typeof__")) {
			known = true;
			i = tu->tokens[i + 1].match;
		} else if (integer_size(tu, i)) {
			size = integer_size(tu, i);
			layout = (struct kcc_layout){.align = size, .size = size};
			*is_integer = known = true;
		} else {
			char *name = kcc_spell(tu, i, i + 1);

			layout = kcc_type_find(types, name);
			free(name);
			known = true;
		}
	}
	*end = i;
	if (words || longs || shorts || chars || wide) {
		size = wide ? 16 : chars ? 1 : shorts ? 2 : longs ? 8 : 4;
		layout = (struct kcc_layout){.align = size, .size = size};
		*is_integer = true;
	}
	return layout;
}

/* --- constant expressions --- */
struct expression {
	const struct kcc_tu *tu;
	size_t i, to;
	bool bad;
};

static long sum(struct expression *e, int level);

static long primary(struct expression *e)
{
	const struct kcc_token *t = &e->tu->tokens[e->i];
	char *end;
	long v;

	if (e->i >= e->to) {
		e->bad = true;
		return 0;
	}
	e->i++;
	if (t->kind == KCC_PUNCT && *t->text == '(') {
		v = sum(e, 0);
		if (e->i >= e->to || !kcc_is(e->tu, e->i++, ")"))
			e->bad = true;
		return v;
	}
	if (t->kind == KCC_PUNCT && *t->text == '-')
		return -primary(e);
	if (t->kind != KCC_NUMBER) {
		e->bad = true;
		return 0;
	}
	v = strtol(t->text, &end, 0);
	while (end < t->text + t->len && strchr("uUlL", *end))
		end++;
	e->bad |= end != t->text + t->len;
	return v;
}

/* Level 0: shifts, 1: + and -, 2: * and /. */
static long sum(struct expression *e, int level)
{
	long v = level == 2 ? primary(e) : sum(e, level + 1);

	while (!e->bad && e->i < e->to) {
		char op = *e->tu->tokens[e->i].text;
		long w;

		if (!strchr(level == 0 ? "<>" : level == 1 ? "+-" : "*/", op))
			break;
		e->i += level ? 1 : 2;
		w = level == 2 ? primary(e) : sum(e, level + 1);
		if ((op == '/' && !w) || ((op == '<' || op == '>') && (w < 0 || w > 62)))
			e->bad = true;
		else
			v = op == '<'	? v << w
			    : op == '>' ? v >> w
			    : op == '+' ? v + w
			    : op == '-' ? v - w
			    : op == '*' ? v * w
					: v / w;
	}
	return v;
}

bool kcc_constant(const struct kcc_tu *tu, size_t from, size_t to, long *value)
{
	struct expression e = {.tu = tu, .i = from, .to = to};

	*value = sum(&e, 0);
	return !e.bad && e.i == to;
}

/* --- attributes --- */
size_t kcc_attributes(const struct kcc_tu *tu, size_t i, bool *packed, unsigned int *align)
{
	for (; kcc_is_attribute(tu, i) && kcc_is(tu, i + 1, "("); i = tu->tokens[i + 1].match + 1) {
		for (size_t k = i + 2; k < tu->tokens[i + 1].match; k++) {
			long value = 16; /* the value of a bare `aligned` on the host; s390 has 8 */

			if (kcc_is(tu, k, "packed") || kcc_is(tu, k, "__packed__"))
				*packed = true;
			if (!kcc_is(tu, k, "aligned") && !kcc_is(tu, k, "__aligned__"))
				continue;
			if (kcc_is(tu, k + 1, "("))
				kcc_constant(tu, k + 2, tu->tokens[k + 1].match, &value);
			if (value > *align)
				*align = value;
		}
	}
	return i;
}
