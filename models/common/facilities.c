// SPDX-License-Identifier: GPL-2.0-only
/* Takes apart the text that changes what a machine has. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <kshim/host.h>
#include "facilities.h"

int model_refuse_machine(const char *what)
{
	host_check("facilities", "facilities: %s", what);
	return -EINVAL;
}

int model_change_facilities(const char *changes, bool (*change)(const char *name, bool on))
{
	char text[256], *rest = text, *item, *value;

	if (strscpy(text, changes, sizeof(text)) < 0)
		return model_refuse_machine("more than 255 characters");
	while ((item = strsep(&rest, ","))) {
		value = strchr(item, '=');
		if (!value || (strcmp(value, "=0") && strcmp(value, "=1")))
			return model_refuse_machine("not a list of name=0 and name=1");
		*value = 0;
		if (!change(item, value[1] == '1'))
			return model_refuse_machine(item);
	}
	return 0;
}

bool model_set_facility(const struct model_facility *named, unsigned int n, const char *name, bool on)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!strcmp(named[i].name, name)) {
			*named[i].has = on;
			return true;
		}
	}
	return false;
}
