/* SPDX-License-Identifier: GPL-2.0-only */
/* The model's counters. models/<arch>/counters.def lists them under the names that scenarios and benches print. */
#ifndef MODEL_COMMON_COUNTERS_H
#define MODEL_COMMON_COUNTERS_H

#include <linux/types.h>

struct model_counters {
#define COUNTER(name) u64 name;
#include "counters.def"
#undef COUNTER
};
extern struct model_counters model_counters;
#define model_count(name, n) ((void)__atomic_fetch_add(&model_counters.name, (n), __ATOMIC_RELAXED))

#endif
