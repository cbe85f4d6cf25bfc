// SPDX-License-Identifier: GPL-2.0-only
/* What scenarios can add to a processor, by names; before KVM is loaded. */
#include <linux/kernel.h>
#include "common/facilities.h"
#include "cpu.h"

static const struct model_facility named[] = {
	{ "la57", &model_la57 },
};

const char *x86_facility_name(unsigned int i)
{
	return i < ARRAY_SIZE(named) ? named[i].name : NULL;
}

static bool change(const char *name, bool on)
{
	return model_set_facility(named, ARRAY_SIZE(named), name, on);
}

int x86_change_facilities(const char *changes)
{
	return model_change_facilities(changes, change);
}
