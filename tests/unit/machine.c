// SPDX-License-Identifier: GPL-2.0-only
/* A machine for unit tests, its reports, and native threads on its CPUs; see machine.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ktest_sched.h"
#include "machine.h"

int reports[KVMSIM_NR_REPORTS];
char texts[8192];
void (*before_exit)(void);

static void on_report(const struct kvmsim_report *r)
{
	size_t used = strlen(texts);

	__atomic_fetch_add(&reports[r->kind], 1, __ATOMIC_SEQ_CST);
	snprintf(texts + used, sizeof(texts) - used, "%s\n", r->text);
	if (getenv("VERBOSE"))
		fprintf(stderr, "%s\n", r->text);
	if (r->kind > KVMSIM_LAST_FATAL)
		return;
	if (before_exit)
		before_exit();
	_exit(FATAL + r->kind);
}

static void on_log(int level, const char *line)
{
}

void boot_machine(void)
{
	static const struct kvmsim_host_ops ops = { .report = on_report, .log = on_log };
	struct kvmsim_config config = { .ram_bytes = 128 << 20, .nr_cpus = 4 };
	static int booted;

	if (booted++)
		return;
	ck_assert_int_eq(kvmsim_machine.boot(&config, &ops), 0);
	memset(reports, 0, sizeof(reports));
	texts[0] = 0;
}

void check_clean(void)
{
	kvmsim_machine.step_end();
	ck_assert_int_eq(ktest_sched_validate(), 0);
	ck_assert_msg(!reports[KVMSIM_WARN] && !reports[KVMSIM_LEAK] && !reports[KVMSIM_CHECK], "%s", texts);
}

static pthread_barrier_t attached;

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	if (kvmsim_machine.thread_attach(t->cpu))
		abort();
	pthread_barrier_wait(&attached);
	if (ktest_enter(t->pid))
		abort();
	t->fn(t->arg);
	ktest_leave();
	kvmsim_machine.thread_detach();
	return NULL;
}

void start_threads(struct thread *t, unsigned int n)
{
	int pid = kvmsim_machine.process_create(1);

	ck_assert_int_gt(pid, 0);
	pthread_barrier_init(&attached, NULL, n + 1);
	for (unsigned int i = 0; i < n; i++) {
		t[i].cpu = i + 1;
		t[i].pid = pid;
		ck_assert_int_eq(pthread_create(&t[i].native, NULL, thread_main, &t[i]), 0);
	}
	pthread_barrier_wait(&attached);
}

void run_threads(struct thread *t, unsigned int n)
{
	start_threads(t, n);
	kvmsim_machine.thread_detach();
	for (unsigned int i = 0; i < n; i++)
		pthread_join(t[i].native, NULL);
	ck_assert_int_eq(kvmsim_machine.thread_attach(0), 0);
	ck_assert_int_eq(kvmsim_machine.process_exit(t[0].pid), 0);
}
