// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds out who changed what a failed scenario's reports are about, in a second run of the scenario.
 *
 * A report names words of simulated memory, such as the table entry that is wrong. Recording each change of any such
 * word would cost too much, and until the report nobody knows which word will matter. But runs are deterministic: the
 * second run has the same words at the same addresses, and watches only those. With threads it may come to other
 * reports, or miss a change.
 */
#include "sim.h"

#include <string.h>

#define MAX_RECORDED 256

/* Some reports end the scenario's process where a second run has nothing to add, so only subjects count. */
int who_wanted(const struct sim_result *r)
{
	if (r->state != SIM_FAILED || r->timed_out)
		return 0;
	for (unsigned int i = 0; i < r->nr_reports; i++)
		if (r->reports[i].who[0].bytes)
			return 1;
	return 0;
}

static int is_watched(const struct sim_who *const *watched, unsigned int n, uint64_t addr)
{
	for (unsigned int i = 0; i < n; i++)
		if (watched[i]->addr == addr)
			return 1;
	return 0;
}

/* The first reports are the causes; the others often follow from them. */
void who_watch(const struct sim_result *first, const struct kvmsim_machine_ops *ops)
{
	const struct sim_who *watched[KVMSIM_MAX_WATCHED];
	unsigned int n = 0;

	for (unsigned int i = 0; i < first->nr_reports; i++)
		for (unsigned int j = 0; j < KVMSIM_MAX_SUBJECTS; j++) {
			const struct sim_who *who = &first->reports[i].who[j];

			if (!who->bytes || n == KVMSIM_MAX_WATCHED || is_watched(watched, n, who->addr))
				continue;
			if (!ops->watch(who->addr, who->bytes))
				watched[n++] = who;
		}
}

/* The last two changes of an entry: what it became, and what it was before. */
static void choose_last(struct sim_who *who, const struct kvmsim_change *c, unsigned int n)
{
	unsigned int first = n > 2 ? n - 2 : 0;

	while (first < n)
		who->change[who->n++] = c[first++];
}

static int is_up(const struct kvmsim_change *c)
{
	return c->new > c->old;
}

/* Drops the pair at i and i + 1 of n changes. */
static void drop_pair(struct kvmsim_change *c, unsigned int i, unsigned int n)
{
	memmove(&c[i], &c[i + 2], (n - i - 2) * sizeof(*c));
}

static int is_pair(const struct kvmsim_change *a, const struct kvmsim_change *b)
{
	return a->call == b->call && a->new - a->old == b->old - b->new;
}

/*
 * Of a count of references, what is left when those are gone that one call took and dropped again. It begins where the
 * count was zero for the last time.
 */
static void choose_unpaired(struct sim_who *who, struct kvmsim_change *c, unsigned int n)
{
	unsigned int first = 0, i;

	for (i = 0; i < n; i++)
		if (!c[i].old)
			first = i;
	c += first;
	n -= first;
	for (i = 0; i + 1 < n;) {
		if (!is_up(&c[i]) || is_up(&c[i + 1]) || !is_pair(&c[i], &c[i + 1])) {
			i++;
			continue;
		}
		drop_pair(c, i, n);
		n -= 2;
		i = i ? i - 1 : 0;
	}
	for (i = 0; i < n && who->n < SIM_SHOWN_CHANGES; i++)
		who->change[who->n++] = c[i];
}

void who_note(struct sim_report *out, const struct kvmsim_report *k, const struct kvmsim_machine_ops *ops)
{
	static struct kvmsim_change changes[MAX_RECORDED];	/* under the lock of the caller */

	for (unsigned int i = 0; i < KVMSIM_MAX_SUBJECTS; i++) {
		const struct kvmsim_subject *s = &k->subjects[i];
		struct sim_who *who = &out->who[i];
		unsigned int n;

		who->addr = s->addr;
		who->bytes = s->bytes;
		who->count = s->count;
		who->n = 0;
		if (!s->bytes)
			continue;
		snprintf(who->what, sizeof(who->what), "%s", s->what);
		n = ops->watched(s->addr, changes, MAX_RECORDED);
		if (s->count)
			choose_unpaired(who, changes, n);
		else
			choose_last(who, changes, n);
	}
}

/* The changes of one word are shown with the first report that is about it. */
static int is_shown(const struct sim_result *r, unsigned int reports, uint64_t addr)
{
	for (unsigned int i = 0; i < reports; i++)
		for (unsigned int j = 0; j < KVMSIM_MAX_SUBJECTS; j++)
			if (r->reports[i].who[j].n && r->reports[i].who[j].addr == addr)
				return 1;
	return 0;
}

static int is_same(const struct sim_report *a, const struct sim_report *b)
{
	return a->kind == b->kind && !strcmp(a->check, b->check) && !strcmp(a->text, b->text);
}

void who_take(struct sim_result *first, const struct sim_result *second)
{
	for (unsigned int i = 0; i < first->nr_reports; i++) {
		struct sim_report *r = &first->reports[i];

		if (!r->who[0].bytes)
			continue;
		if (i >= second->nr_reports || !is_same(r, &second->reports[i])) {
			first->who_differs = 1;
			continue;
		}
		for (unsigned int j = 0; j < KVMSIM_MAX_SUBJECTS; j++)
			if (!is_shown(first, i, r->who[j].addr))
				r->who[j] = second->reports[i].who[j];
	}
}
