// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of sim/check/change.c and functions.c: which lines a diff brings, and which function a line is in. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../sim/check/change.h"
#include "../../sim/check/functions.h"
#include "suite.h"

static struct change change;

static int read_diff(const char *text)
{
	char path[] = "/tmp/kvmsim-change-XXXXXX";
	int fd = mkstemp(path), rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
	rc = change_read(path, &change);
	unlink(path);
	return rc;
}

static void has(size_t i, const char *file, unsigned int first, unsigned int last, int new)
{
	ck_assert_uint_lt(i, change.n);
	ck_assert_str_eq(change.files[change.v[i].file], file);
	ck_assert_uint_eq(change.v[i].first, first);
	ck_assert_uint_eq(change.v[i].last, last);
	ck_assert_int_eq(change.v[i].new, new);
}

static void teardown(void)
{
	change_free(&change);
}

START_TEST(reads_hunks_without_context)
{
	ck_assert_int_eq(read_diff("diff --git a/mm/gup.c b/mm/gup.c\n"
				   "--- a/mm/gup.c\n+++ b/mm/gup.c\n"
				   "@@ -10,2 +10,3 @@ static int f(void)\n-a\n-b\n+c\n+d\n+e\n"
				   "@@ -40 +41 @@\n-a\n+b\n"
				   "@@ -50,2 +50,0 @@\n-a\n-b\n"
				   "@@ -0,0 +1 @@\n+first\n"), 0);
	ck_assert_uint_eq(change.n, 4);
	has(0, "mm/gup.c", 10, 12, 1);
	has(1, "mm/gup.c", 41, 41, 1);
	has(2, "mm/gup.c", 50, 51, 0);
	has(3, "mm/gup.c", 1, 1, 1);
	ck_assert(change_has(&change, 0, 12));
	ck_assert(!change_has(&change, 0, 13));
	ck_assert(!change_has(&change, 0, 50));
}
END_TEST

START_TEST(reads_context)
{
	ck_assert_int_eq(read_diff("--- a/a.c\t2026-01-01\n+++ b/a.c\t2026-01-02\n"
				   "@@ -1,6 +1,6 @@\n one\n-two\n+TWO\n three\n+new\n four\n-five\n six\n"
				   "--- /dev/null\n+++ b/include/b.h\n@@ -0,0 +1,2 @@\n++++ x\n+--- y\n"
				   "\\ No newline at end of file\n"), 0);
	ck_assert_uint_eq(change.n, 4);
	has(0, "a.c", 2, 2, 1);
	has(1, "a.c", 4, 4, 1);
	has(2, "a.c", 5, 6, 0);
	has(3, "include/b.h", 1, 2, 1);
}
END_TEST

START_TEST(reads_a_mail_and_a_deleted_file)
{
	ck_assert_int_eq(read_diff("From: A\nSubject: [PATCH] x\n\nText\n---\n mm/a.c | 1 -\n\n"
				   "--- a/mm/a.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"
				   "--- a/mm/b.c\n+++ b/mm/b.c\n@@ -3,0 +4 @@\n+new\n-- \n2.39\n"), 0);
	ck_assert_uint_eq(change.nfiles, 1);
	ck_assert_uint_eq(change.n, 1);
	has(0, "mm/b.c", 4, 4, 1);
}
END_TEST

START_TEST(refuses_what_is_no_diff)
{
	ck_assert_int_eq(read_diff("int main(void) { return 0; }\n"), -1);
}
END_TEST

static struct c_functions functions;

static void scan(const char *text)
{
	char *copy = strdup(text);

	functions_free(&functions);
	functions_scan(copy, &functions);
	free(copy);
}

static void is(size_t i, const char *name, unsigned int first, unsigned int last)
{
	ck_assert_uint_lt(i, functions.n);
	ck_assert_str_eq(functions.v[i].name, name);
	ck_assert_uint_eq(functions.v[i].first, first);
	ck_assert_uint_eq(functions.v[i].last, last);
}

START_TEST(finds_functions)
{
	scan("#include <a.h>\n"
	     "static int a(int x)\n{\n\tif (x) {\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n"
	     "\n"
	     "static struct b *\n"
	     "make_b(struct c *c,\n       int d)\n{\nout:\n\treturn NULL;\n}\n"
	     "static inline void e(void) { }\n"
	     "SYSCALL_DEFINE2(munmap, unsigned long, addr, size_t, len)\n{\n}\n"
	     "__printf(1, 2) void f(const char *x, ...)\n{\n}\n");
	ck_assert_uint_eq(functions.n, 5);
	is(0, "a", 2, 8);
	is(1, "make_b", 10, 16);
	is(2, "e", 17, 17);
	is(3, "SYSCALL_DEFINE2(munmap)", 18, 20);
	is(4, "f", 21, 23);
	ck_assert_ptr_null(functions_at(&functions, 1));
	ck_assert_str_eq(functions_at(&functions, 2)->name, "a");
	ck_assert_str_eq(functions_at(&functions, 8)->name, "a");
	ck_assert_ptr_null(functions_at(&functions, 9));
	ck_assert_str_eq(functions_at(&functions, 15)->name, "make_b");
	ck_assert_ptr_null(functions_at(&functions, 24));
}
END_TEST

START_TEST(passes_over_what_is_none)
{
	scan("struct a {\n\tint (*f)(void);\n};\n"
	     "static const struct ops ops = {\n\t.open = my_open,\n};\n"
	     "int prototype(int a,\n\t      int b);\n"
	     "/* a comment\nint f(void)\n{\n}\n*/\n"
	     "#define M(x) do {\t\\\n} while (0)\n"
	     "module_init(start);\n"
	     "enum { A, B };\n"
	     "static int table[] = { f(1), 2 };\n"
	     "int real(void)\n{\n}\n");
	ck_assert_uint_eq(functions.n, 1);
	is(0, "real", 19, 21);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("change");
	TCase *t = tcase_create("diff");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, reads_hunks_without_context);
	tcase_add_test(t, reads_context);
	tcase_add_test(t, reads_a_mail_and_a_deleted_file);
	tcase_add_test(t, refuses_what_is_no_diff);
	suite_add_tcase(s, t);
	t = tcase_create("functions");
	tcase_add_test(t, finds_functions);
	tcase_add_test(t, passes_over_what_is_none);
	suite_add_tcase(s, t);
	return run_suite(s);
}
