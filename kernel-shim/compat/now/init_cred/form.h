/* SPDX-License-Identifier: GPL-2.0-only */
/* The credentials of init are a variable. */
#ifndef KSHIM_FORM_INIT_CRED_H
#define KSHIM_FORM_INIT_CRED_H

#include <linux/cred.h>
#include <linux/init_task.h>

static inline const struct cred *kshim_init_cred(void)
{
	return &init_cred;
}

#endif
