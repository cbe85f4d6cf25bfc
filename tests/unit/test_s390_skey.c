// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of models/s390x/skey.c: the key instructions and key-controlled protection. */
#include <check.h>
#include <string.h>
#include "../../models/s390x/skey.h"
#include "suite.h"

#define BLOCKS 4
static uint8_t keys[BLOCKS];
static struct skeys s = { .key = keys, .blocks = BLOCKS };

static void setup(void)
{
	memset(keys, 0, sizeof(keys));
}

START_TEST(set_and_insert)
{
	uint8_t old;

	ck_assert_int_eq(skey_set(&s, 1, 0x3f, false, false, &old), 0);
	ck_assert_uint_eq(old, 0);
	ck_assert_uint_eq(skey_insert(&s, 1), 0x3e);
	ck_assert_uint_eq(skey_insert(&s, 0) | skey_insert(&s, 2), 0);
	ck_assert_ptr_null(skeys_validate(&s));
}
END_TEST

/* Conditional SSKE: the key before, the new one, the controls; the condition code and the key after. */
static const struct {
	uint8_t old, new;
	bool mr, mc;
	int cc;
	uint8_t after;
} conditional[] = {
	{ 0x30, 0x30, true, true, 0, 0x30 },
	{ 0x36, 0x30, true, true, 0, 0x36 },	/* neither reference nor change is compared */
	{ 0x34, 0x30, true, false, 0, 0x34 },
	{ 0x32, 0x30, true, false, 1, 0x30 },
	{ 0x32, 0x30, false, true, 0, 0x32 },
	{ 0x34, 0x30, false, true, 1, 0x30 },
	{ 0x30, 0x40, true, true, 1, 0x40 },
	{ 0x30, 0x38, true, true, 1, 0x38 },
	{ 0x36, 0x30, false, false, 0, 0x30 },
};

START_TEST(conditional_set)
{
	uint8_t old;

	keys[2] = conditional[_i].old;
	ck_assert_int_eq(skey_set(&s, 2, conditional[_i].new, conditional[_i].mr, conditional[_i].mc, &old),
			 conditional[_i].cc);
	ck_assert_uint_eq(keys[2], conditional[_i].after);
	ck_assert_uint_eq(old, conditional[_i].old);
}
END_TEST

START_TEST(reset_reference)
{
	static const uint8_t key[] = { 0x50, 0x52, 0x54, 0x56 };

	keys[0] = key[_i];
	ck_assert_int_eq(skey_reset_reference(&s, 0), _i);
	ck_assert_uint_eq(keys[0], key[_i] & ~SKEY_R);
}
END_TEST

START_TEST(marks)
{
	skey_mark(&s, 3, false);
	ck_assert_uint_eq(keys[3], SKEY_R);
	skey_mark(&s, 3, true);
	ck_assert_uint_eq(keys[3], SKEY_R | SKEY_C);
	keys[3] = 0x98;
	skey_mark(&s, 3, true);
	ck_assert_uint_eq(keys[3], 0x98 | SKEY_R | SKEY_C);
}
END_TEST

static const struct {
	unsigned int access_key;
	uint8_t key;
	bool store, fetch_override, storage_override, allowed;
} rules[] = {
	{ 0, 0xf8, true, false, false, true },
	{ 5, 0x58, true, false, false, true },
	{ 5, 0x60, false, false, false, true },
	{ 5, 0x60, true, false, false, false },
	{ 5, 0x68, false, false, false, false },
	{ 5, 0x68, false, true, false, true },
	{ 5, 0x60, true, true, false, false },
	{ 5, 0x98, true, false, true, true },
	{ 5, 0x98, false, false, true, true },
	{ 5, 0x88, true, false, true, false },
	{ 5, 0x98, true, false, false, false },
};

START_TEST(protection)
{
	struct skey_overrides o = { .fetch = rules[_i].fetch_override, .storage = rules[_i].storage_override };

	ck_assert(skey_allows(rules[_i].access_key, rules[_i].key, rules[_i].store, o) == rules[_i].allowed);
}
END_TEST

START_TEST(validate_sees_damage)
{
	keys[BLOCKS - 1] = 1;
	ck_assert_ptr_nonnull(skeys_validate(&s));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("s390 storage keys");
	TCase *t = tcase_create("keys");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, set_and_insert);
	tcase_add_loop_test(t, conditional_set, 0, sizeof(conditional) / sizeof(conditional[0]));
	tcase_add_loop_test(t, reset_reference, 0, 4);
	tcase_add_test(t, marks);
	tcase_add_loop_test(t, protection, 0, sizeof(rules) / sizeof(rules[0]));
	tcase_add_test(t, validate_sees_damage);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
