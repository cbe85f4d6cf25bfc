// SPDX-License-Identifier: GPL-2.0-only
/*
 * Idle sources: what may run when no thread of a scenario does. Work items, timers, RCU and SRCU callbacks register
 * here at boot; the end of a step and the search for a way out of a deadlock know only this table.
 *
 * Invariant: the sources run in the order of the table, so a scenario's output depends on it.
 */
#include <linux/kernel.h>
#include "internal.h"

#define MAX_SOURCES 8

static const struct kshim_idle_source *sources[MAX_SOURCES];
static unsigned int nr_sources;

void kshim_idle_register(const struct kshim_idle_source *source)
{
	BUG_ON(nr_sources == MAX_SOURCES);
	sources[nr_sources++] = source;
}

bool kshim_idle_run_each(void)
{
	bool found = false;
	unsigned int i;

	for (i = 0; i < nr_sources; i++)
		found |= sources[i]->run();
	return found;
}

bool kshim_idle_run_one(void)
{
	unsigned int i;

	for (i = 0; i < nr_sources; i++)
		if (sources[i]->run())
			return true;
	return false;
}

bool kshim_idle_pending(void)
{
	unsigned int i;

	for (i = 0; i < nr_sources; i++)
		if (sources[i]->pending())
			return true;
	return false;
}

int kshim_idle_validate(void)
{
	unsigned int i;
	int bad = 0;

	for (i = 0; i < nr_sources; i++)
		bad += sources[i]->validate ? sources[i]->validate() : 0;
	return bad;
}
