/* SPDX-License-Identifier: GPL-2.0-only */
/* The text that changes what a machine has: "name=1,name=0", as scenarios give it (option facilities). */
#ifndef MODEL_COMMON_FACILITIES_H
#define MODEL_COMMON_FACILITIES_H

#include <kshim/types.h>

/* Reports what is wrong with a machine, under the id "facilities". Returns -EINVAL. */
int model_refuse_machine(const char *what);
/*
 * Calls change() for each item of the text. change() returns false if there is no such name. Returns 0, or -EINVAL
 * after a report; what came before the wrong item is changed then.
 */
int model_change_facilities(const char *changes, bool (*change)(const char *name, bool on));

/* What a machine has or not, by its name. */
struct model_facility {
	const char *name;
	bool *has;
};

/* Sets the one of n that has the name. Returns false if none has. */
bool model_set_facility(const struct model_facility *named, unsigned int n, const char *name, bool on);

#endif
