/* SPDX-License-Identifier: GPL-2.0-only */
/* Turns program addresses into function, file and line, using the debug information of all loaded objects. */
#ifndef KSHIM_HOST_SYMBOLIZE_H
#define KSHIM_HOST_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * pc is a return address, so the line is that of the call before it. func and file are cut to their sizes; the file is
 * relative to the kernel tree or to the project. Unknown parts become "?" and 0. Returns 0, or -1 if pc is in no loaded
 * object. Thread-safe. Slow the first time.
 */
int host_symbolize(void *pc, char *func, size_t func_size, char *file, size_t file_size, int *line);

/* Calls fn for each level of inlining at pc, innermost first; inlined is false for the last, the real function. */
int host_symbolize_each(void *pc, void (*fn)(void *arg, const char *func, const char *file, int line, bool inlined),
			void *arg);

/*
 * Cuts the directory of the kernel tree or of this project off a source path: ".../mm/memory.c" becomes "mm/memory.c".
 * The result points into path. Other paths are returned whole.
 */
const char *host_short_path(const char *path);

/* Returns whether pc is inside the object that contains addr. */
bool host_same_object(const void *pc, const void *addr);

#endif
