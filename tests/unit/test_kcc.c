// SPDX-License-Identifier: GPL-2.0-only
/*
 * kcc on small inputs. The host's compiler compiles the output, which is run if a value in memory can show the result.
 * For errors, lines and dropped code the text itself is compared.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kcc.h"
#include "suite.h"

#define BE "# 1 \"/src/arch/s390/include/asm/x.h\"\n"
#define OVERRIDES "# 1 \"overrides.c\" 1\n"

/* The output of the passes, or what they print on stderr. */
struct result {
	char *text;
	char *error;
	char *note;
};

/* What the kernel's list is for s390x. */
static const char overlays[] = "# a comment\n\nmirror\tarch/s390/include/asm/x.h\tx\ta reason\n"
			       "mirror arch/s390/include/asm b in a directory\nkeep arch/s390/include/asm\ty a reason";

static struct result pass(const char *text, const char *overrides)
{
	const char *names[] = {"overrides.c"}, *instructions[] = {"tlbi=do_tlbi", "nop=do_nop"};
	struct kcc_options options = {
		.big_endian = "arch/s390", .overrides = names, .n_overrides = 1,
		.instructions = instructions, .n_instructions = 2,
	};
	struct kcc_tu tu = {0};
	struct result r = {0};
	size_t len, error_len, note_len;
	FILE *saved = stderr;

	tu.text = kcc_format("%s%s%s", text, overrides ? OVERRIDES : "", overrides ? overrides : "");
	tu.len = strlen(tu.text);
	tu.tail = strlen(text);
	tu.note = open_memstream(&r.note, &note_len);
	ck_assert_uint_eq(kcc_overlays_read(&tu, overlays), 0);
	stderr = open_memstream(&r.error, &error_len);
	r.text = kcc_pass(&tu, &options, &len);
	fclose(stderr);
	stderr = saved;
	fclose(tu.note);
	kcc_free(&tu);
	return r;
}

static char *passed(const char *text, const char *overrides)
{
	struct result r = pass(text, overrides);

	ck_assert_msg(r.text, "%s", r.error);
	ck_assert_str_eq(r.error, "");
	return r.text;
}

static void refuses(const char *text, const char *overrides, const char *error)
{
	struct result r = pass(text, overrides);

	ck_assert_msg(!r.text, "not refused: %s", r.text);
	ck_assert_msg(strstr(r.error, error), "%s\nnot in: %s", error, r.error);
}

/* Returns the number of lines above `what`. */
static int line_of(const char *text, const char *what)
{
	const char *end = strstr(text, what);
	int n = 0;

	ck_assert_msg(end, "%s is not in: %s", what, text);
	while (text < end)
		n += *text++ == '\n';
	return n;
}

static bool contains(const char *text, const char *part)
{
	return strstr(text, part);
}

/* Compiles the text, followed by main(), and runs it. */
static void runs(const char *text, const char *body)
{
	char dir[] = "/tmp/test-kcc-XXXXXX";
	char *file, *command;
	FILE *f;
	int rc;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	file = kcc_format("%s/x.i", dir);
	f = fopen(file, "w");
	fprintf(f, "%s\n# 1 \"main.c\"\nint main(void) { %s; return 0; }\n", text, body);
	fclose(f);
	command = kcc_format("gcc -Wall -Werror -Wno-unused -o %s/x %s && %s/x", dir, file, dir);
	rc = system(command);
	ck_assert_msg(!rc, "%s", text);
	free(command);
	command = kcc_format("rm -r %s", dir);
	rc = system(command);
	free(command);
	free(file);
}

/* --- bit-fields: the record x, what is stored into its member f, and where the bits must be --- */
static const struct {
	const char *name, *text, *check;
} layouts[] = {
	{"full unit", "union x { u64 val; struct { u64 a : 52; u64 : 8; u64 b : 4; }; };",
	 "union x x = {}; x.a = 1; x.b = 9; if (x.val != 0x1009) return 1"},
	{"several declarators, both units",
	 "union x { u32 val[2]; struct { u32 a : 8, b : 24; u32 c : 31, d : 1; }; };",
	 "union x x = {}; x.a = 0x12; x.b = 0x3456; x.c = 5; x.d = 1;"
	 "if (x.val[0] != 0x12003456 || x.val[1] != 0xb) return 1"},
	{"unit that is not full", "union x { u32 val; struct { u32 a : 4; u32 b : 3; }; };",
	 "union x x = {}; x.a = 0xf; x.b = 1; if (x.val != 0xf2000000 || sizeof(x) != 4) return 1"},
	{"field that does not fit starts a unit", "union x { u32 val[2]; struct { u32 a : 20; u32 b : 20; }; };",
	 "union x x = {}; x.a = 1; x.b = 1; if (x.val[0] != 1 << 12 || x.val[1] != 1 << 12) return 1"},
	{"zero width", "union x { u16 val[2]; struct { u16 a : 3; u16 : 0; u16 b : 3; }; };",
	 "union x x = {}; x.a = 1; x.b = 2; if (x.val[0] != 0x2000 || x.val[1] != 0x4000) return 1"},
	{"128 bits",
	 "union x { __uint128_t val; struct { __uint128_t a : 8; unsigned __int128 b : 64; __uint128_t c : 56; }; };",
	 "union x x = {}; x.a = 2; x.b = 3; x.c = 4;"
	 "if ((u64)(x.val >> 120) != 2 || (u64)(x.val >> 56) != 0x200000000000003 - 0x200000000000000 + (2UL << 56 << 8)"
	 " || ((u64)x.val & 0xffffffffffffffUL) != 4) return 1"},
	{"directly in a union", "union x { u64 val; u64 a : 33; u64 b : 44; u64 : 3; };",
	 "union x x = {}; x.a = 1; if (x.val != 1UL << 31) return 1; x.val = 0; x.b = 1;"
	 "if (x.val != 1UL << 20 || sizeof(x) != 8) return 1"},
	{"nested",
	 "struct x { struct in { union { u8 val; struct { u8 hi : 4; u8 lo : 4; }; }; } i[4]; u32 e : 1; u32 f : 31; };",
	 "struct x x = {}; x.i[1].hi = 1; x.i[1].lo = 2; x.e = 1;"
	 "if (x.i[1].val != 0x12 || ((u32 *)&x)[1] != 1u << 31) return 1"},
	{"between members", "struct x { u16 h; u32 a : 4; u32 b : 12; u32 c; };",
	 "struct x x = {}; x.a = 1; x.b = 2; if (((u16 *)&x)[1] != 0x1002 || sizeof(x) != 8) return 1"},
	{"unit shared with bytes before", "struct x { u8 cmd; u32 cda : 24; u8 flags; };",
	 "struct x x = {}; x.cda = 0x123456; if (*(u32 *)&x != 0x12345600 || sizeof(x) != 8) return 1"},
	{"unit shared with bytes behind", "struct x { u32 a : 3; u32 b : 5; u8 c; u16 d; };",
	 "struct x x = {}; x.a = 7; x.c = 1; if (*(u32 *)&x != 0x1e0 || sizeof(x) != 4) return 1"},
	{"types that differ, in one byte", "struct x { u32 a : 1; u32 b : 3; u8 c : 4; u8 d; u16 e; };",
	 "struct x x = {}; x.a = 1; x.c = 2; x.d = 3; if (*(u32 *)&x != 0x382 || sizeof(x) != 4) return 1"},
	{"padding to an aligned member", "struct x { u8 a : 1; u64 c; u16 d : 1; };",
	 "struct x x = {}; x.a = 1; x.d = 1; "
	 "if (*(u8 *)&x != 0x80 || ((u16 *)&x)[8] != 0x8000 || sizeof(x) != 24) return 1"},
	{"unnamed only", "struct x { u32 a; u32 : 32; u32 b; };",
	 "if (sizeof(struct x) != 12 || __builtin_offsetof(struct x, b) != 8) return 1"},
	{"arrays", "struct x { u8 v[4]; u32 *p[2]; void (*f)(int, int); u16 a : 1; u16 b : 15; };",
	 "struct x x = {}; x.a = 1; if (((u16 *)&x)[16] != 0x8000 || sizeof(x) != 40) return 1"},
	{"packed", "struct x { u8 k; u16 a : 4; u16 b : 4; u16 c; } __attribute__((packed));",
	 "struct x x = {}; x.a = 1; x.b = 2; if (((u8 *)&x)[1] != 0x12 || sizeof(x) != 4) return 1"},
	{"packed to the end", "struct x { u32 a : 3; u32 b : 5; } __attribute__((packed));",
	 "struct x x = {}; x.a = 1; if (*(u8 *)&x != 0x20 || sizeof(x) != 1) return 1"},
	{"behind a union of them", "struct x { u8 k; union { u32 a : 3; } u; u16 c : 4; u16 d : 12; };",
	 "struct x x = {}; x.c = 1; if (((u16 *)&x)[4] != 0x1000 || sizeof(x) != 12) return 1"},
	{"signed, bool and enum",
	 "enum e { E = 3 }; union x { u32 val; struct { int a : 4; enum e b : 4; u32 c : 24; }; };"
	 " union y { u8 val; struct { _Bool t : 1; u8 u : 7; }; };",
	 "union x x = {}; union y y = {}; x.a = -2; x.b = E; y.t = 1;"
	 "if (x.val != 0xe3000000 || x.a != -2 || y.val != 0x80) return 1"},
	{"constant expressions", "union x { u64 val; struct { u64 a : (1 << 4) - 4; u64 b : 64 - 12; }; };",
	 "union x x = {}; x.a = 1; x.b = 1; if (x.val != (1UL << 52) + 1) return 1"},
	{"across line markers",
	 "union x { u32 val; struct { u32\n# 7 \"/src/arch/s390/include/asm/y.h\"\n a : 8;\n"
	 "# 30 \"/src/arch/s390/include/asm/x.h\"\n u32 b\n\n : 24; }; };",
	 "union x x = {}; x.a = 1; x.b = 1; if (x.val != 0x1000001) return 1"},
	{"typedef before", "typedef struct { u32 l; } l_t; struct x { l_t l; u32 a : 1; u32 b : 31; };",
	 "struct x x = {}; x.a = 1; if (((u32 *)&x)[1] != 1u << 31) return 1"},
	{"local",
	 "static int f(void) { union { u8 val; struct { u8 a : 1; u8 b : 7; }; } x = {}; x.a = 1; return x.val; }",
	 "if (f() != 0x80) return 1"},
};

static const char types[] = "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; "
			    "typedef unsigned long u64;\n";

START_TEST(bit_fields)
{
	char *in = kcc_format("%s" BE "%s\n", types, layouts[_i].text), *out = passed(in, NULL);

	runs(out, layouts[_i].check);
}
END_TEST

START_TEST(bit_fields_of_other_files)
{
	static const char text[] = "# 1 \"/src/include/linux/x.h\"\nstruct x { unsigned a : 4; unsigned b : 28; };\n"
				   "# 1 \"/src/arch/s390x/y.h\"\nstruct y { unsigned a : 4; };\n";

	ck_assert_str_eq(passed(text, NULL), text);
}
END_TEST

START_TEST(bit_fields_refused)
{
	refuses(BE "\nstruct x { foo_t f; u32 a : 1; };\n", NULL,
		"/src/arch/s390/include/asm/x.h:2: error: kcc: the offset of this bit-field");
	refuses(BE "struct x { u32 a : 8; foo_t f; };\n", NULL, "x.h:1: error: kcc: kcc does not know the alignment");
	refuses(BE "struct x { foo_t a : 8; };\n", NULL, "x.h:1: error: kcc: kcc cannot read this bit-field");
	refuses(BE "struct x { u32 a : FOO; };\n", NULL, "kcc cannot read this bit-field");
	refuses(BE "struct x { u8 a : 9; };\n", NULL, "a bit-field of 9 bits in a type of 8");
	refuses(BE "struct x { u32 a : 8, b; };\n", NULL, "bit-fields and other members in one declaration");
	refuses(BE "union x { u32 a : 8; } __attribute__((packed));\n", NULL, "packed union");
	refuses(BE "struct x { u8 a : 4; u32 b : 12; };\n", NULL, "cannot reverse these bit-fields");
	refuses(BE "struct x { u32 a : 8;\n", NULL, "x.h:1: error: kcc: '{' is not closed");
}
END_TEST

/* --- members that share a word: as above --- */
static const struct {
	const char *name, *text, *check;
} shared[] = {
	{"last byte", "union x { u64 val; struct { u64 a : 8; u64 : 48; u64 b : 8; } s; struct { u8 h[7]; u8 l; }; };",
	 "union x x = {}; x.s.b = 0x12; if (x.l != 0x12) return 1; x.l = 0x34;"
	 "if (x.val != 0x34 || x.s.b != 0x34 || x.s.a || sizeof(x) != 8) return 1"},
	{"parts of all widths",
	 "union x { u64 val; struct { u16 a; u16 b; u16 c; u8 d; u8 e; } __attribute__((packed)); };",
	 "union x x = {}; x.a = 1; x.b = 2; x.c = 3; x.d = 4; x.e = 5; if (x.val != 0x0001000200030405) return 1"},
	{"the word last, a structure with a name", "union x { struct { u32 hi, lo; } p; u64 val; };",
	 "union x x = {}; x.p.hi = 1; x.p.lo = 2; if (x.val != 0x100000002) return 1"},
	{"a shorter word", "union x { struct { u8 a; u8 b[1]; u16 c; }; u32 val; };",
	 "union x x = {}; x.a = 1; x.b[0] = 2; x.c = 3; if (x.val != 0x01020003) return 1"},
	{"inside of a structure", "struct o { u8 k; union { struct { u8 b; u8 c[7]; }; u64 val; }; u8 l; };",
	 "struct o o = {}; o.b = 1; o.l = 7; if (o.val != 1UL << 56 || sizeof(o) != 24) return 1"},
	{"kept", "union y { u64 val; struct { u8 a[7]; u8 b; }; };",
	 "union y y = {}; y.b = 1; y.a[0] = 2; if (y.val != (1UL << 56) + 2) return 1"},
	{"same widths need no line", "union z { u64 val; u64 v[1]; struct { u64 a : 8; u64 b : 56; }; void *p; };"
				     "union w { struct { u8 a[4]; u32 b; } s; struct { u8 a, b, c, d; u32 e; }; };",
	 "union z z = {}; union w w = {}; z.a = 1; w.a = 1;"
	 "if (z.val != 1UL << 56 || z.v[0] != z.val || w.s.a[0] != 1) return 1"},
};

START_TEST(shared_words)
{
	char *in = kcc_format("%s" BE "%s\n", types, shared[_i].text), *out = passed(in, NULL);

	runs(out, shared[_i].check);
}
END_TEST

START_TEST(shared_words_refused)
{
	static const char unknown[] = "members of this union share bytes and have different widths";
	static const char cannot[] = "kcc cannot mirror the members of this union";

	refuses(BE "\nunion z { u64 val; struct { u8 a[7]; u8 b; }; };\n", NULL, "x.h:2: error: kcc: members of");
	refuses(BE "union { struct { u8 c[7]; u8 d; }; u64 val; } v;\n", NULL, "its name there is c\n");
	refuses(BE "union z { u64 val; u8 a; };\n", NULL, unknown);
	refuses(BE "union z { u64 val; struct { u32 a : 8; u32 b : 24; u32 c; }; };\n", NULL, unknown);
	refuses(BE "union z { u64 a : 8; u8 b; };\n", NULL, unknown);
	refuses(BE "struct s { u32 a, b; }; union z { u64 val; struct s s[1]; };\n", NULL, unknown);
	refuses("# 1 \"/src/arch/s390/kvm/x.h\"\nunion x { u64 val; struct { u32 a, b; }; };\n", NULL, unknown);
	refuses(BE "union x { u64 val; u8 a; };\n", NULL, cannot);
	refuses(BE "union x { u64 val; struct { u8 a; u32 c; }; };\n", NULL, cannot);
	refuses(BE "union x { u64 val; struct { u8 a; u8 c; }; };\n", NULL, cannot);
	refuses(BE "union x { u64 val; struct { u32 a; u32 c : 32; }; };\n", NULL, cannot);
	/* An array whose elements would be in the wrong order, and values without names. */
	ck_assert(contains(passed(BE "union x { u64 val; struct { u8 a[7]; u8 c; }; };\n", NULL),
			   " kcc_mirrored_a[7];"));
	ck_assert(contains(passed(BE "union x { u64 val; struct { u32 a, c; }; };\n", NULL), "__designated_init__"));
}
END_TEST

START_TEST(list_of_overlays)
{
	struct kcc_tu tu = {0};

	ck_assert_uint_eq(kcc_overlays_read(&tu, "mirror f x reason\n\n#\nkeep f x\n"), 4);
	ck_assert_uint_eq(kcc_overlays_read(&tu, "mirror f\n"), 1);
	ck_assert_uint_eq(kcc_overlays_read(&tu, "keep f x r\nleave f x reason\n"), 2);
}
END_TEST

/* --- asm --- */
START_TEST(asm_statements)
{
	static const char text[] =
		"# 10 \"/src/arch/s390/include/asm/x.h\"\n"
		"static int f(int *p, int v)\n{\n\tint cc = 5;\n\tif (v)\n"
		"\t\tasm volatile(\"\tlctl %[v],%0\\n\"\n\t\t\t\"ipm %1\" : \"=Q\" (*p), \"=d\" (cc)\n"
		"\t\t\t: [v] \"d\" (v ? 1 : 2), \"a\" (({ asm(\"inner\"); v; })) : \"cc\", \"memory\");\n"
		"\telse\n\t\tasm goto(\"j %l0\" : : \"d\" (v) : : out);\n"
		"\tasm volatile(\"\" : : : \"memory\");\n\t__asm__ volatile(\"nop\");\nout: __attribute__((unused));\n\treturn cc;\n}\n"
		"int extra(void) asm(\"other_name\");\n";
	char *out = passed(text, NULL);

	ck_assert_int_eq(line_of(out, "else"), line_of(text, "else"));
	ck_assert_int_eq(line_of(out, "return cc"), line_of(text, "return cc"));
	ck_assert(contains(out, "__asm__ volatile(\"nop\")"));
	ck_assert(contains(out, "asm volatile(\"\" : : : \"memory\")"));
	ck_assert(contains(out, "asm(\"other_name\")"));
	ck_assert(!contains(out, "memory\");\n\telse"));
	runs(kcc_format("int strcmp(const char *, const char *); void exit(int);\n%s\n"
			"void kshim_refused_asm(const char *f, const char *place, const char *text) {"
			"if (strcmp(f, \"f\") || strcmp(place, \"/src/arch/s390/include/asm/x.h:14\") ||"
			"strcmp(text, \"\\tlctl %%[v],%%0\\nipm %%1\")) exit(2); exit(0); }\n",
			out),
	     "int i; f(&i, 1); return 3");
}
END_TEST

START_TEST(asm_instructions)
{
	char *out = passed("void do_tlbi(const char *insn, unsigned long arg);\n"
			   "void do_nop(const char *insn, unsigned long arg);\n"
			   "static void f(int v)\n{\n\tasm(\".arch armv8.5-a\\n\" \"tlbi \" \"vae1is\" \", %x0\\n\" : : \"rZ\" ((v) + 1));\n"
			   "\tif (v)\n\t\tasm volatile(\"\" \"nop\" : : : \"memory\");\n\telse\n\t\tasm(\"tlbi x\");\n"
			   "\tasm(\"nop\");\n}\n"
			   "static void output(int v) { asm(\"tlbi %0\" : \"=r\" (v)); }\n"
			   "static void two(int v) { asm(\"tlbi %0\" : : \"r\" (v), \"r\" (v)); }\n"
			   "static void later(void) { asm(\"isb\\ntlbi x\"); }\n"
			   "static void longer(void) { asm(\"tlbix y\"); }\n",
			   NULL);

	ck_assert(contains(out, "output(int v) { do { kshim_refused_asm("));
	ck_assert(contains(out, "two(int v) { do { kshim_refused_asm("));
	ck_assert(contains(out, "later(void) { do { kshim_refused_asm("));
	ck_assert(contains(out, "longer(void) { do { kshim_refused_asm("));
	runs(kcc_format("int strcmp(const char *, const char *);\n%s\nstatic int seen;\n"
			"void kshim_refused_asm(const char *f, const char *place, const char *text) { for (;;); }\n"
			"void do_tlbi(const char *insn, unsigned long arg) {"
			"seen = 10 * seen + (strcmp(insn, \"tlbi vae1is, %%x0\\n\") ? 9 : arg); }\n"
			"void do_nop(const char *insn, unsigned long arg) { seen = 10 * seen + (strcmp(insn, \"nop\") || arg ? 9 : 1); }\n",
			out),
	     "f(7); return seen != 811");
}
END_TEST

START_TEST(asm_dropped)
{
	struct result r = pass(BE "asm(\".macro x\\n\"\n\".endm\");\nint a;\nregister unsigned long sp asm(\"15\");\n"
				  "int f(void)\n{\n\tregister int r asm(\"2\") = 1;\n\treturn r;\n}\n",
			       NULL);

	ck_assert_msg(r.text, "%s", r.error);
	ck_assert(!contains(r.text, "asm("));
	ck_assert(contains(r.text, "extern unsigned long sp"));
	ck_assert(contains(r.note, "asm\t/src/arch/s390/include/asm/x.h:1\t\".macro x\\n\" \".endm\"\n"));
	ck_assert(contains(r.note, "register\t/src/arch/s390/include/asm/x.h:4\tunsigned long sp asm ( \"15\" )\n"));
	ck_assert(contains(r.note, "register\t/src/arch/s390/include/asm/x.h:7\tint r asm ( \"2\" )\n"));
	runs(r.text, "return f() != 1");
	refuses(BE "int f(void) { return asm; }\n", NULL, "x.h:1: error: kcc: an asm that kcc cannot read");
}
END_TEST

/* --- overrides --- */
START_TEST(override_replaces)
{
	static const char kernel[] = "# 5 \"/src/arch/s390/mm/a.c\"\n"
				     "static inline __attribute__((always_inline)) int one(int *p,\n\t\t\tint v)\n"
				     "{\n\tstruct s { int q; } s = { *p };\n\treturn s.q + v;\n}\n"
				     "int two(void)\n{\n\tint a = 1;\n\treturn one(&a, 2);\n}\n";
	struct result r = pass(kernel, "static int one(int *p, int v)\n{\n\treturn 40 + *p;\n}\n"
				       "static int helper_of_nothing(void)\n{\n\treturn missing;\n}\n");

	ck_assert_msg(r.text, "%s", r.error);
	ck_assert(!contains(r.text, "struct s"));
	ck_assert(!contains(r.text, "missing"));
	ck_assert_str_eq(r.note, "used\tone\t/src/arch/s390/mm/a.c:5\nunused\thelper_of_nothing\n");
	/* The kernel's two() is on its line, and the override on its own. */
	ck_assert_int_eq(line_of(r.text, "int two"), line_of(kernel, "int two"));
	ck_assert(contains(r.text, "# 1 \"overrides.c\" 1\n int one(int *p, int v)\n"));
	runs(r.text, "return two() != 41");
}
END_TEST

START_TEST(override_nothing)
{
	static const char kernel[] = "# 5 \"/src/a.c\"\nint three(void)\n{\n\treturn 3;\n}\n";
	char *out = passed(kernel, "int from_a_header;\nint one(void)\n{\n\treturn 1;\n}\n");

	ck_assert(!contains(out, "from_a_header"));
	runs(out, "return three() != 3");
}
END_TEST

START_TEST(override_of_one_file)
{
	static const char overrides[] = "#pragma kcc in \"mm/a.c\"\nstatic int one(void)\n{\n\treturn 1;\n}\n"
					"#pragma kcc in \"mm/b.c\"\nstatic int one(void)\n{\n\treturn 2;\n}\n";
	static const char kernel[] = "# 1 \"/src/mm/%s.c\"\nstatic int one(void)\n{\n\treturn 0;\n}\n";

	runs(passed(kcc_format(kernel, "a"), overrides), "return one() != 1");
	runs(passed(kcc_format(kernel, "b"), overrides), "return one() != 2");
	runs(passed(kcc_format(kernel, "xb"), overrides), "return one() != 0");
	refuses(kernel, "int one(void) { return 1; }\nint one(void) { return 2; }\n",
		"overrides.c:2: error: kcc: a second override");
}
END_TEST

START_TEST(override_around)
{
	static const char overrides[] = "static inline long *one(int *p)\n{\n\treturn kcc_kernel_one(p) + 1;\n}\n";
	static const char kernel[] = "static long a[3] = {3, 5, 7};\n"
				     "static __attribute__((unused)) long *one(int *p)\n{\n\treturn a + *p;\n}\n"
				     "static long two(int n)\n{\n\treturn *one(&n);\n}\n";

	runs(passed(kernel, overrides), "return two(0) != 5 || two(1) != 7");
	/* The kernel's body is still walked: its asm is refused. */
	ck_assert_ptr_nonnull(strstr(passed("int one(int *p)\n{\n\tasm(\"brasl\" : \"=d\" (*p));\n\treturn 0;\n}\n",
					    "int one(int *p)\n{\n\treturn kcc_kernel_one(p);\n}\n"),
				     "kshim_refused_asm"));
}
END_TEST

START_TEST(override_signature)
{
	static const char kernel[] = "# 7 \"/src/a.c\"\nstatic inline long one(const int *p, int v) { return 1; }\n";

	passed(kernel, "long one(const int *p,\n int v __attribute__((unused))) { return 2; }\n");
	refuses(kernel, "long one(int *p, int v) { return 2; }\n",
		"overrides.c:1: error: kcc: the override's signature is not the kernel's:\n"
		"  override: long one ( int * p , int v )\n"
		"  kernel:   static inline long one ( const int * p , int v )\n  kernel's at /src/a.c:7\n");
	refuses(kernel, "int one(const int *p, int v) { return 2; }\n", "signature");
	refuses(kernel, "long one(const int *q, int v) { return 2; }\n", "signature");
	refuses("extern inline int one(void) { return 1; }\n", "int one(void) { return 2; }\n", "extern inline");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kcc");
	TCase *t = tcase_create("kcc");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, bit_fields, 0, sizeof(layouts) / sizeof(*layouts));
	tcase_add_test(t, bit_fields_of_other_files);
	tcase_add_test(t, bit_fields_refused);
	tcase_add_loop_test(t, shared_words, 0, sizeof(shared) / sizeof(*shared));
	tcase_add_test(t, shared_words_refused);
	tcase_add_test(t, list_of_overlays);
	tcase_add_test(t, asm_statements);
	tcase_add_test(t, asm_instructions);
	tcase_add_test(t, asm_dropped);
	tcase_add_test(t, override_replaces);
	tcase_add_test(t, override_nothing);
	tcase_add_test(t, override_of_one_file);
	tcase_add_test(t, override_around);
	tcase_add_test(t, override_signature);
	suite_add_tcase(s, t);
	return run_suite(s);
}
