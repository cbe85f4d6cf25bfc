/* SPDX-License-Identifier: GPL-2.0-only */
/* Uncorrected errors of memory: what finds them, and who meets them. */
#ifndef KSHIM_MEMORY_ERROR_H
#define KSHIM_MEMORY_ERROR_H

#include <linux/types.h>

struct page;

/*
 * Tells the mm that the hardware has found an uncorrected error in a frame that nobody reads meanwhile. Takes over the
 * caller's reference. Returns what memory_failure() returns, -ENOENT for NULL, -ENOSYS without CONFIG_MEMORY_FAILURE.
 */
long kshim_memory_error(struct page *page);
/* Whether the mm knows of an error in this frame. */
bool kshim_frame_has_error(unsigned long pfn);
/*
 * The current task has read such a frame, or written to it, or its guest has: the machine check of that. Returns
 * whether the task has a signal now. If not, nobody has the frame any more.
 */
bool kshim_machine_check(unsigned long pfn);

#endif
