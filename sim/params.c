// SPDX-License-Identifier: GPL-2.0-only
/* Parameters that are set before KVM is loaded: takes the text of a job apart, "kvm.tdp_mmu=N,machine.cpus=2". */
#include "lua_env.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int params_set(const struct kvmsim_machine_ops *ops, const char *params)
{
	char *text = xstrdup(params), *save, *item;
	int rc = 0;

	for (item = strtok_r(text, ",", &save); item && !rc; item = strtok_r(NULL, ",", &save)) {
		char *value = strchr(item, '=');
		char why[240];

		*value++ = 0;
		rc = ops->module_param(item, value);
		if (!rc)
			continue;
		snprintf(why, sizeof(why), "the parameter %.60s cannot be %.40s: error %d%s", item, value, rc,
			 rc == -ENOENT ? ", there is none of that name" : "");
		child_fail(why);
	}
	free(text);
	return rc ? -1 : 0;
}

int params_add(char **params, const char *param)
{
	const char *value = strchr(param, '=');
	char *longer;

	if (!value || !value[1] || strchr(param, ',') || !memchr(param, '.', (size_t)(value - param)))
		return -1;
	longer = xasprintf("%s%s%s", *params ? *params : "", *params ? "," : "", param);
	free(*params);
	*params = longer;
	return 0;
}
