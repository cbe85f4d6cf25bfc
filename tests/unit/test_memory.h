/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of test_memory share: reports, accesses that no memory checker notices, expectations. */
#ifndef TEST_MEMORY_H
#define TEST_MEMORY_H

#include <check.h>
#include <kshim/machine.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_DISABLE_ERROR_REPORTING
#define VALGRIND_ENABLE_ERROR_REPORTING
#define VALGRIND_GET_VBITS(p, bits, n) ((void)(bits), 1)
#define RUNNING_ON_VALGRIND 0
#endif

#define PAGE 4096UL
#define RAM (128UL << 20)

/* Since the last expect_one(): the number of reports of each kind, and the length of the last back trace. */
extern int reports[KVMSIM_NR_REPORTS];
extern unsigned int last_frames;

/* A write and a read that no build of the tests checks by itself. */
void poke(void *p, long offset, unsigned char value);
unsigned char peek(const void *p, long offset);
/* Returns 1 if this build's memory checker allows access to the byte; without a checker, returns `otherwise`. */
int is_open(void *p, int otherwise);

/* Expects exactly one report, of this kind, whose text contains all of `what`. */
void expect_one(enum kvmsim_report_kind kind, const char *what);
void expect_none(void);

void add_slab_tests(TCase *tc);
void add_page_tests(TCase *tc);

#endif
