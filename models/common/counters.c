// SPDX-License-Identifier: GPL-2.0-only
/* Registers the model's counters; see counters.h. */
#include "counters.h"
#include <kshim/hw.h>
#include <kshim/task.h>

struct model_counters model_counters;

void kshim_hw_register_counters(void)
{
#define COUNTER(name) kshim_counter_register(#name, (uint64_t *)&model_counters.name);
#include "counters.def"
#undef COUNTER
}
