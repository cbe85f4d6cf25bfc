/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a test program's main(). */
#ifndef TEST_SUITE_H
#define TEST_SUITE_H

#include <check.h>

/* Runs the tests that the environment selects (CK_RUN_CASE and others). Returns main()'s result. */
static inline int run_suite(Suite *s)
{
	SRunner *runner = srunner_create(s);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
