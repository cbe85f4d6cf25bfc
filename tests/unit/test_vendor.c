// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the operations that the modelled vendor module lacks (models/x86_64/vendor_refused.c). */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ktest_vendor.h"
#include "machine.h"
#include "suite.h"

static void load(const char *personality)
{
	boot_machine();
	ck_assert_int_eq(kvmsim_machine.kvm_load(personality, NULL), 0);
}

START_TEST(no_operation_is_missing)
{
	load(kvmsim_machine.personalities[_i]);
	ck_assert_int_eq(ktest_vendor_missing(), 0);
}
END_TEST

static const char *const names[] = {
	"no kvm_x86_ops.check_intercept", "no kvm_x86_ops.cache_reg", "no kvm_x86_ops.sync_dirty_debug_regs",
	"no kvm_pmu_ops.get_msr", "no kvm_x86_ops.pi_update_irte",
};
#define NR_NAMES (int)(sizeof(names) / sizeof(*names))

static int wanted;

/* Only the right name gives the right exit code. */
static void compare(void)
{
	if (!strstr(texts, names[wanted]))
		_exit(EXIT_FAILURE);
}

START_TEST(an_operation_that_is_not_modelled_is_refused_by_name)
{
	load(NULL);
	wanted = _i;
	before_exit = compare;
	ck_assert_msg(0, "%s returned", ktest_vendor_call(_i));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vendor");
	TCase *c = tcase_create("vendor");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, no_operation_is_missing, 0, 3);
	tcase_add_loop_exit_test(c, an_operation_that_is_not_modelled_is_refused_by_name, FATAL + KVMSIM_REFUSED, 0,
				 NR_NAMES);
	suite_add_tcase(s, c);
	return run_suite(s);
}
