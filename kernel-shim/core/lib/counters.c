// SPDX-License-Identifier: GPL-2.0-only
/* The registry of counters: what --counters and benches show. */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <kshim/task.h>

#define MAX_COUNTERS 96

static struct counter {
	const char *name;
	const uint64_t *value;
	uint64_t (*read)(void);		/* instead of value, or NULL */
} counters[MAX_COUNTERS];
static unsigned int nr_counters;

static void add(struct counter c)
{
	BUG_ON(nr_counters == MAX_COUNTERS);
	counters[nr_counters++] = c;
}

void kshim_counter_register(const char *name, uint64_t *value)
{
	add((struct counter){ .name = name, .value = value });
}

void kshim_counter_register_read(const char *name, uint64_t (*read)(void))
{
	add((struct counter){ .name = name, .read = read });
}

const char *kshim_counter_name(unsigned int i)
{
	return i < nr_counters ? counters[i].name : NULL;
}

uint64_t kshim_counter(unsigned int i)
{
	if (i >= nr_counters)
		return 0;
	return counters[i].read ? counters[i].read() : __atomic_load_n(counters[i].value, __ATOMIC_RELAXED);
}
