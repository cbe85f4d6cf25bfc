/* SPDX-License-Identifier: GPL-2.0-only */
/* What many tests share: a machine of 4 CPUs, its reports, and native threads on its CPUs. */
#ifndef TEST_MACHINE_H
#define TEST_MACHINE_H

#include <pthread.h>
#include <kshim/machine.h>

#define FATAL 100	/* exit code of a fatal report: this plus the kind */

/* Since boot_machine(): the number of reports of each kind, and the text of all. */
extern int reports[KVMSIM_NR_REPORTS];
extern char texts[8192];
/* If not NULL, called at a fatal report before the process exits. */
extern void (*before_exit)(void);

/* For tcase_add_unchecked_fixture(); the second time it does nothing. */
void boot_machine(void);
/* Checks that there is no report and nothing left behind. */
void check_clean(void);

struct thread {
	void (*fn)(long arg);
	long arg;
	pthread_t native;
	unsigned int cpu;
	int pid;
};

/* Starts one native thread per entry, on CPUs 1.., as threads of one new process. They run when this returns. */
void start_threads(struct thread *t, unsigned int n);
/* Runs the same to their end, and that of the process. The main thread leaves its CPU meanwhile. */
void run_threads(struct thread *t, unsigned int n);

#endif
