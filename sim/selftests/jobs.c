// SPDX-License-Identifier: GPL-2.0-only
/* Which selftests a kernel has, and the jobs that its list makes of them. */
#include "selftests.h"

#include <stdlib.h>
#include <string.h>

/* Returns whether the kernel's Makefile has the program. */
static int kernel_has(const struct selftest_set *s, const char *program)
{
	size_t n = strlen(program);

	for (const char *p = s->programs; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!strncmp(p, program, n) && p[n] == '\n')
			return 1;
	return 0;
}

int selftest_set_find(struct selftest_set *s)
{
	char *release = selftest_release(), *copy, *next = NULL;
	int rc;

	*s = (struct selftest_set){ .tree.lock = -1 };
	rc = release ? selftests_read(&s->tests, release) : -1;
	free(release);
	if (rc || selftest_prepare(&s->tree))
		return -1;
	s->programs = selftest_programs(&s->tree);
	if (!s->programs)
		return -1;
	copy = xstrdup(s->programs);
	for (char *name = strtok_r(copy, "\n", &next); name; name = strtok_r(NULL, "\n", &next))
		if (!selftests_have(&s->tests, name))
			selftests_add(&s->tests, name);
	free(copy);
	return 0;
}

const char *selftest_why_not(const struct selftest_set *s, const struct selftest *t)
{
	if (!kernel_has(s, t->program))
		return "this kernel has no such test";
	return t->kind == SELFTEST_REFUSED ? t->reason : NULL;
}

/* mmu: NULL for a test that is not started. */
static void add_job(struct selftest_set *s, const struct selftest *t, const char *mmu,
		    int (*wanted)(void *arg, const struct selftest_job *j), void *arg)
{
	char *name = xasprintf("%s%s%s [x86_64%s%s]", t->program, *t->args ? " " : "", t->args, mmu ? " " : "",
			       mmu ? mmu : "");
	struct selftest_job *j;

	s->jobs = xrealloc(s->jobs, (s->n + 1) * sizeof(*s->jobs));
	j = &s->jobs[s->n];
	*j = (struct selftest_job){
		.test = t, .mmu = mmu,
		.job = { .name = name, .arch = "x86_64", .personality = (char *)mmu, .facilities = "",
			 .params = "", .flavour = -1 },
	};
	if (!wanted(arg, j)) {
		free(name);
		return;
	}
	s->n++;
	j->result = result_new();
	j->program = xasprintf("%s/%s", s->tree.objects, t->program);
	j->file.path = xasprintf("selftests/kvm/%s", t->program);
	if (mmu) {
		j->job.replay = xasprintf("selftests %s--filter '%s'", t->kind == SELFTEST_LONG ? "--long " : "", name);
		return;
	}
	j->result->state = SIM_SKIPPED;
	snprintf(j->result->skip, sizeof(j->result->skip), "%s", selftest_why_not(s, t));
}

void selftest_set_jobs(struct selftest_set *s, int (*wanted)(void *arg, const struct selftest_job *j), void *arg)
{
	for (size_t i = 0; i < s->tests.n; i++) {
		const struct selftest *t = &s->tests.v[i];

		if (selftest_why_not(s, t)) {
			add_job(s, t, NULL, wanted, arg);
			continue;
		}
		for (unsigned int m = 0; m < SELFTEST_MMUS; m++)
			if (t->mmus & 1u << m)
				add_job(s, t, selftest_mmus[m], wanted, arg);
	}
}

int selftest_set_build(struct selftest_set *s)
{
	char **programs = xmalloc((s->n + 1) * sizeof(*programs));
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < s->n; i++) {
		char *program = s->jobs[i].test->program;

		if (s->jobs[i].mmu && (!n || strcmp(programs[n - 1], program)))
			programs[n++] = program;
	}
	rc = n ? selftest_build(&s->tree, programs, n) : 0;
	free(programs);
	return rc;
}

void selftest_set_free(struct selftest_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct selftest_job *j = &s->jobs[i];

		result_free(j->result);
		free(j->job.name);
		free(j->job.replay);
		free(j->file.path);
		free(j->program);
	}
	free(s->jobs);
	free(s->programs);
	selftests_free(&s->tests);
	selftest_tree_free(&s->tree);
}
