/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of drivers, see enum kvmsim_driver_memory: core/world/driver.c. */
#ifndef KSHIM_DRIVER_H
#define KSHIM_DRIVER_H

#include <kshim/types.h>

/* enum kvmsim_driver_event, in the process that it is about. */
long kshim_driver_event(unsigned int ev, const uint64_t a[6]);
/* Returns whether a frame is a driver's, so that it is in use without a reference. */
bool kshim_driver_frame(unsigned long pfn);

#endif
