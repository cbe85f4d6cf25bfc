/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the host TUs that make reports: which addresses are deterministic, and how file names are shortened. */
#ifndef KSHIM_HOST_REPORT_H
#define KSHIM_HOST_REPORT_H

#include <stdbool.h>

/* Lies addr in a range that host_map() placed at a fixed address? */
bool host_is_fixed(unsigned long addr);

/*
 * Cuts the directory of the kernel tree or of this project off a source path: ".../mm/memory.c" becomes
 * "mm/memory.c". The result points into path. A path of neither comes back whole.
 */
const char *host_short_path(const char *path);

#endif
