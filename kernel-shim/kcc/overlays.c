// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of a union that share bytes and have different widths: parts of a word. On a big-endian machine the first
 * part has the most significant bits, on the host the least significant ones. The list of overlays says for each such
 * union whether kcc mirrors the parts, so that the word keeps its value, or leaves them. A union that it does not name
 * is an error: whoever meets it must look at how the kernel uses it.
 */
#include <stdlib.h>
#include <string.h>

#include "records.h"

/* --- shapes --- */
static void grow(struct kcc_shape *shape, size_t n)
{
	if (n <= shape->n)
		return;
	shape->units = kcc_alloc(shape->units, n);
	memset(shape->units + shape->n, 0, n - shape->n);
	shape->n = n;
}

static struct kcc_shape *new_shape(bool unknown)
{
	struct kcc_shape *shape = kcc_alloc(NULL, sizeof(*shape));

	*shape = (struct kcc_shape){.unknown = unknown};
	return shape;
}

void kcc_shape_unit(struct kcc_shape *shape, size_t from, size_t to)
{
	grow(shape, to);
	memset(shape->units + from, to - from, to - from);
}

void kcc_shape_put(struct kcc_shape *shape, size_t at, const struct kcc_shape *member)
{
	if (member->unknown) {
		shape->unknown = true;
		return;
	}
	grow(shape, at + member->n);
	for (size_t i = 0; i < member->n; i++)
		if (!shape->units[at + i])
			shape->units[at + i] = member->units[i];
}

struct kcc_shape *kcc_shape_repeat(const struct kcc_shape *shape, long count)
{
	struct kcc_shape *all = new_shape(shape->unknown || count < 0);

	for (long i = 0; !all->unknown && i < count; i++)
		kcc_shape_put(all, i * shape->n, shape);
	return all;
}

struct kcc_shape *kcc_shape(struct kcc_layout layout)
{
	struct kcc_shape *shape;

	if (layout.shape)
		return layout.shape;
	shape = new_shape(layout.size < 0 || !layout.align);
	for (long i = 0; !shape->unknown && i < layout.size; i += layout.align)
		kcc_shape_unit(shape, i, i + layout.align);
	return shape;
}

static bool differ(const struct kcc_shape *a, const struct kcc_shape *b)
{
	if (a->unknown || b->unknown)
		return false;
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->units[i] && b->units[i] && a->units[i] != b->units[i])
			return true;
	return false;
}

/* --- the list --- */
/* Reads one line of three words, then the reason. Returns false if it is wrong. */
static bool read_line(struct kcc_tu *tu, char *line)
{
	static const char blank[] = " \t";
	struct kcc_overlay_line entry = {0};
	char *rest, *how = strtok_r(line, blank, &rest);

	if (!how || *how == '#')
		return true;
	entry.mirror = !strcmp(how, "mirror");
	entry.file = strtok_r(NULL, blank, &rest);
	entry.name = strtok_r(NULL, blank, &rest);
	if ((!entry.mirror && strcmp(how, "keep")) || !entry.name || !strtok_r(NULL, blank, &rest))
		return false;
	tu->overlays = kcc_alloc(tu->overlays, (tu->n_overlays + 1) * sizeof(*tu->overlays));
	tu->overlays[tu->n_overlays++] = entry;
	return true;
}

unsigned int kcc_overlays_read(struct kcc_tu *tu, const char *text)
{
	unsigned int n = 1;

	for (const char *end; *text; text = end + (*end == '\n'), n++) {
		end = strchrnul(text, '\n');
		if (!read_line(tu, kcc_format("%.*s", (int)(end - text), text)))
			return n;
	}
	return 0;
}

/* Returns the token of the union's tag, or of the name of its first member. */
static size_t name_of(const struct kcc_tu *tu, size_t keyword)
{
	size_t i = keyword + 1;

	if (tu->tokens[i].kind == KCC_WORD && kcc_is(tu, i + 1, "{"))
		return i;
	while (tu->tokens[i].kind != KCC_WORD || !(kcc_is(tu, i + 1, ";") || kcc_is(tu, i + 1, "[") ||
						   kcc_is(tu, i + 1, ",") || kcc_is(tu, i + 1, ":")))
		i++;
	return i;
}

static const struct kcc_overlay_line *find_line(const struct kcc_tu *tu, size_t keyword)
{
	size_t name = name_of(tu, keyword);

	for (size_t i = 0; i < tu->n_overlays; i++)
		if (kcc_is(tu, name, tu->overlays[i].name) && kcc_in(tu, keyword, tu->overlays[i].file))
			return &tu->overlays[i];
	return NULL;
}

/* --- unions --- */
void kcc_plain_add(struct kcc_plain *plain, struct kcc_plain_member member)
{
	plain->list = kcc_alloc(plain->list, (plain->n + 1) * sizeof(*plain->list));
	plain->list[plain->n++] = member;
}

void kcc_overlay_add(struct kcc_overlay *overlay, struct kcc_layout member)
{
	overlay->members = kcc_alloc(overlay->members, (overlay->n + 1) * sizeof(*overlay->members));
	overlay->members[overlay->n++] = member;
}

static bool mixed(const struct kcc_overlay *overlay)
{
	for (size_t i = 0; i < overlay->n; i++)
		for (size_t k = 0; k < i; k++)
			if (differ(overlay->members[i].shape, overlay->members[k].shape))
				return true;
	return false;
}

/* Returns whether all bytes of the member are those of one word, the whole union. */
static bool is_word(const struct kcc_shape *shape, long size)
{
	for (size_t i = 0; i < shape->n; i++)
		if (shape->units[i] && shape->units[i] != size)
			return false;
	return !shape->unknown;
}

/* Returns whether the members fill the structure without gaps. */
static bool fills(const struct kcc_plain *plain, long size)
{
	long at = 0;

	for (size_t i = 0; i < plain->n; i++) {
		if (plain->list[i].at != at)
			return false;
		at += plain->list[i].size;
	}
	return !plain->other && at == size;
}

/*
 * Declares the members in the other order. The elements of an array keep theirs, which is wrong: so an array gets
 * another name, and code that uses it does not compile.
 */
static void mirror(struct kcc_tu *tu, const struct kcc_plain *plain)
{
	char *text = kcc_format("%s", "");

	for (size_t i = plain->n; i-- > 0;) {
		const struct kcc_plain_member *m = &plain->list[i];
		char *type = kcc_spell(tu, m->type, m->type_end), *name = kcc_spell(tu, m->name, m->name + 1), *more;

		if (m->count > 1)
			more = kcc_format("%s%s kcc_mirrored_%s[%ld]; ", text, type, name, m->count);
		else
			more = kcc_format(m->count ? "%s%s %s[1]; " : "%s%s %s; ", text, type, name);
		free(text);
		free(type);
		free(name);
		text = more;
	}
	kcc_delete(tu, plain->open + 1, plain->close);
	tu->tokens[plain->open + 1].edit = text;
	tu->tokens[plain->close].edit = "} __attribute__((__designated_init__))";
}

static void mirror_members(struct kcc_tu *tu, const struct kcc_overlay *overlay, long size)
{
	for (size_t i = 0; i < overlay->n; i++) {
		const struct kcc_layout *m = &overlay->members[i];

		if (is_word(m->shape, size))
			continue;
		if (!m->plain || !fills(m->plain, size)) {
			kcc_error(tu, overlay->keyword,
				  "kcc cannot mirror the members of this union: each must be a word or a structure "
				  "of integers without gaps");
			return;
		}
		mirror(tu, m->plain);
	}
}

void kcc_overlay_end(struct kcc_tu *tu, const struct kcc_overlay *overlay, long size)
{
	const struct kcc_overlay_line *line;
	char *name;

	if (!mixed(overlay))
		return;
	line = find_line(tu, overlay->keyword);
	if (line && line->mirror)
		mirror_members(tu, overlay, size);
	if (line)
		return;
	name = kcc_spell(tu, name_of(tu, overlay->keyword), name_of(tu, overlay->keyword) + 1);
	kcc_error(tu, overlay->keyword,
		  "members of this union share bytes and have different widths, and the list of overlays does not "
		  "say what to do with it; its name there is %s", name);
	free(name);
}
