// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares the layout of the s390 structures in two objects' debug information: the cross compiler's and kcc's.
 *
 *	compare_layout DIFFERENCES DIR CROSS.o KCC.o [CROSS.o KCC.o]...
 *
 * In every struct and union declared in a file below DIR (of the kernel), size and byte offsets of members must be
 * equal, and each bit-field must be mirrored in the storage unit of its declared type. A line of DIFFERENCES,
 * `TYPE<tab>MEMBER<tab>HERE<tab>REASON`, is an exception: the kcc object must have HERE instead (bit offset of a
 * bit-field, byte offset of a member, bytes for the MEMBER "sizeof"). Lines that match no difference are failures too.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct member {
	char *path; /* from the outermost type: "a.b" */
	long at; /* bit-fields: bits; others: bytes */
	long bits; /* width of a bit-field; 0: another member */
	long unit; /* bits of its declared type */
};

struct type {
	char *name;
	char *file;
	long size;
	struct member *members;
	size_t n;
};

struct types {
	struct type *list;
	size_t n;
};

struct difference {
	char *type, *member;
	long here;
	bool used;
};

static struct difference *differences;
static size_t n_differences;
static size_t compared_types, compared_fields, compared_members, failures;

static void *grow(void *p, size_t n, size_t size)
{
	/* To the next power of two, if n is one. */
	if (!(n & (n - 1)))
		p = realloc(p, (n ? 2 * n : 1) * size);
	if (!p) {
		perror("compare_layout");
		exit(2);
	}
	return p;
}

static char *format(const char *a, const char *b, const char *c)
{
	char *s;

	if (asprintf(&s, "%s%s%s", a, b, c) < 0)
		exit(2);
	return s;
}

static long number(Dwarf_Die *die, unsigned int name, long otherwise)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr_integrate(die, name, &attr) || dwarf_formudata(&attr, &value))
		return otherwise;
	return value;
}

/* Finds the type of a die without typedefs, qualifiers and arrays. Returns false if there is none. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	if (!dwarf_attr_integrate(die, DW_AT_type, &attr) || !dwarf_formref_die(&attr, type))
		return false;
	for (;;) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_array_type: {
			Dwarf_Die inner;

			if (!dwarf_attr_integrate(type, DW_AT_type, &attr) || !dwarf_formref_die(&attr, &inner))
				return false;
			*type = inner;
			break;
		}
		default:
			return true;
		}
	}
}

static bool is_record(Dwarf_Die *die)
{
	return dwarf_tag(die) == DW_TAG_structure_type || dwarf_tag(die) == DW_TAG_union_type;
}

static void walk(struct type *type, Dwarf_Die *record, const char *prefix, long base)
{
	Dwarf_Die child, inner;

	if (dwarf_child(record, &child))
		return;
	do {
		const char *name = dwarf_diename(&child);
		char *path = format(prefix, name ? name : "", "");
		long at = number(&child, DW_AT_data_member_location, 0);
		long bits = number(&child, DW_AT_bit_size, 0);
		bool has_type;

		if (dwarf_tag(&child) != DW_TAG_member)
			continue;
		has_type = type_of(&child, &inner);
		if (name) {
			type->members = grow(type->members, type->n, sizeof(*type->members));
			type->members[type->n++] = (struct member){
				.path = path,
				.at = bits ? 8 * base + number(&child, DW_AT_data_bit_offset, 0) : base + at,
				.bits = bits,
				.unit = bits && has_type ? 8 * number(&inner, DW_AT_byte_size, 0) : 0,
			};
		}
		/* A record with a name is compared by itself. */
		if (has_type && is_record(&inner) && !dwarf_diename(&inner))
			walk(type, &inner, name ? format(path, ".", "") : prefix, base + at);
	} while (!dwarf_siblingof(&child, &child));
}

/* The debug information, relocated; it stays open until the end. */
static Dwarf *open_object(const char *object)
{
	static char *no_debuginfo_path;
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
		.debuginfo_path = &no_debuginfo_path,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);
	Dwfl_Module *module = dwfl_report_offline(dwfl, "", object, -1);
	Dwarf_Addr bias;

	dwfl_report_end(dwfl, NULL, NULL);
	return module ? dwfl_module_getdwarf(module, &bias) : NULL;
}

/* The object's records with a name of their own or of a typedef; only those declared below dir. */
static struct types read_types(const char *object, const char *dir)
{
	struct types types = {0};
	Dwarf_CU *cu = NULL;
	Dwarf_Die cu_die, die, record;
	Dwarf *dwarf = open_object(object);

	if (!dwarf) {
		fprintf(stderr, "%s: no debug information: %s\n", object, dwfl_errmsg(-1));
		exit(2);
	}
	while (!dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &cu_die, NULL)) {
		if (dwarf_child(&cu_die, &die))
			continue;
		do {
			const char *name = dwarf_diename(&die), *file = dwarf_decl_file(&die);
			const char *kind = dwarf_tag(&die) == DW_TAG_union_type ? "union " : "struct ";
			struct type *type;

			record = die;
			if (dwarf_tag(&die) == DW_TAG_typedef) {
				if (!type_of(&die, &record) || dwarf_diename(&record))
					continue;
				kind = "";
			}
			if (!name || !file || !is_record(&record) || !strstr(file, dir) ||
			    number(&record, DW_AT_declaration, 0))
				continue;
			types.list = grow(types.list, types.n, sizeof(*types.list));
			type = &types.list[types.n++];
			*type = (struct type){.name = format(kind, name, ""), .file = format(file, "", "")};
			type->size = number(&record, DW_AT_byte_size, -1);
			walk(type, &record, "", 0);
		} while (!dwarf_siblingof(&die, &die));
	}
	return types;
}

static void read_differences(const char *name)
{
	char line[1024];
	FILE *f = fopen(name, "r");

	if (!f) {
		perror(name);
		exit(2);
	}
	while (fgets(line, sizeof(line), f)) {
		char *type = strtok(line, "\t"), *member = strtok(NULL, "\t"), *here = strtok(NULL, "\t");
		char *reason = strtok(NULL, "\n");

		if (*line == '#' || *line == '\n')
			continue;
		if (!reason) {
			fprintf(stderr, "%s: a line without TYPE, MEMBER, HERE and REASON: %s\n", name, line);
			exit(2);
		}
		differences = grow(differences, n_differences, sizeof(*differences));
		differences[n_differences++] = (struct difference){
			.type = format(type, "", ""),
			.member = format(member, "", ""),
			.here = atol(here),
		};
	}
	fclose(f);
}

static void check(const struct type *type, const char *member, long want, long have, const char *what)
{
	for (size_t i = 0; i < n_differences; i++) {
		struct difference *d = &differences[i];

		if (strcmp(d->type, type->name) || strcmp(d->member, member))
			continue;
		if (want != have)
			d->used = true;
		want = d->here;
	}
	if (want == have)
		return;
	failures++;
	printf("%s\t%s\t%ld\twant %ld (%s)\t%s\n", type->name, member, have, want, what, type->file);
}

static const struct member *find_member(const struct type *type, const char *path)
{
	for (size_t i = 0; i < type->n; i++)
		if (!strcmp(type->members[i].path, path))
			return &type->members[i];
	return NULL;
}

/* Returns the member, also if kcc gave an array another name; NULL if there is none. */
static const struct member *find_here(const struct type *type, const char *path)
{
	const struct member *member = find_member(type, path);
	const char *name = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
	char other[512];

	snprintf(other, sizeof(other), "%.*skcc_mirrored_%s", (int)(name - path), path, name);
	return member ? member : find_member(type, other);
}

static void compare_type(const struct type *cross, const struct type *here)
{
	compared_types++;
	check(cross, "sizeof", cross->size, here->size, "bytes");
	for (size_t i = 0; i < cross->n; i++) {
		const struct member *c = &cross->members[i], *h = find_here(here, c->path);

		if (!h || h->bits != c->bits || (c->bits && !c->unit)) {
			failures++;
			printf("%s\t%s: not the same member in both\n", cross->name, c->path);
		} else if (c->bits) {
			long unit = c->at / c->unit * c->unit;

			compared_fields++;
			check(cross, c->path, unit + c->unit - (c->at - unit) - c->bits, h->at, "bits");
		} else {
			compared_members++;
			check(cross, c->path, c->at, h->at, "bytes");
		}
	}
}

/* The same type is often in many objects; compare it once. */
static bool seen_before(const char *name)
{
	static char **seen;
	static size_t n;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(seen[i], name))
			return true;
	seen = grow(seen, n, sizeof(*seen));
	seen[n++] = format(name, "", "");
	return false;
}

static void compare_objects(const char *cross_object, const char *here_object, const char *dir)
{
	struct types cross = read_types(cross_object, dir), here = read_types(here_object, dir);

	for (size_t i = 0; i < cross.n; i++) {
		size_t k = 0;

		if (seen_before(cross.list[i].name))
			continue;
		while (k < here.n && strcmp(here.list[k].name, cross.list[i].name))
			k++;
		if (k == here.n) {
			failures++;
			printf("%s: not in %s\n", cross.list[i].name, here_object);
			continue;
		}
		compare_type(&cross.list[i], &here.list[k]);
	}
}

int main(int argc, char **argv)
{
	if (argc < 5 || argc % 2 == 0) {
		fprintf(stderr, "usage: compare_layout DIFFERENCES DIR CROSS.o KCC.o [CROSS.o KCC.o]...\n");
		return 2;
	}
	read_differences(argv[1]);
	for (int i = 3; i < argc; i += 2)
		compare_objects(argv[i], argv[i + 1], argv[2]);
	for (size_t i = 0; i < n_differences; i++)
		if (!differences[i].used) {
			failures++;
			printf("%s: excepts nothing: %s %s\n", argv[1], differences[i].type, differences[i].member);
		}
	printf("%zu structures: %zu bit-fields, %zu other members; %zu excepted by name, %zu wrong\n", compared_types,
	       compared_fields, compared_members, n_differences, failures);
	return failures || !compared_fields;
}
