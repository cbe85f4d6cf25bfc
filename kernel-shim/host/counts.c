// SPDX-License-Identifier: GPL-2.0-only
/* In a build with gcov: writes out what was counted, for a process that ends without the destructors of libraries. */
#ifdef KVMSIM_COVERAGE

/* libgcov */
void __gcov_dump(void);

/* Besides kvmsim_machine the only symbol that a flavour exports, for sim/exec. Nothing is counted afterwards. */
void kvmsim_keep_counts(void);

void kvmsim_keep_counts(void)
{
	__gcov_dump();
}

#endif
